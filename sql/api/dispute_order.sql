CREATE OR REPLACE FUNCTION api.dispute_order(
    p_user uuid, p_role text, p_key text, p_fingerprint text, p_order text,
    p_reason text, p_description text, p_dispute_id text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_answer  api.answer;
    v_order   orders;
BEGIN
    IF p_key IS NOT NULL THEN
        v_answer := idempotency_begin(p_user, 'dispute_order', p_key,
                                      p_fingerprint);
        IF v_answer.http_status IS NOT NULL THEN
            RETURN NEXT v_answer;
            RETURN;
        END IF;
    END IF;

    v_order := lock_order(p_user, p_role, NULL, p_order, ARRAY['customer']);

    PERFORM note(p_reason, p_description,
                 jsonb_build_object('disputeId', p_dispute_id));

    v_order := move_order(p_user, p_role, v_order,
                          coalesce(next_status(v_order, 'disputed'),
                                   'disputed'));

    v_answer := reply_order(201, (
        SELECT row_to_json(b)::text
          FROM (SELECT true AS success,
                       (SELECT row_to_json(x) FROM (
                            SELECT v_order.id,
                                   v_order.order_number AS "orderNumber",
                                   v_order.status,
                                   iso(v_order.status_updated_at)
                                       AS "statusUpdatedAt",
                                   v_order.version) x) AS order) b),
        v_order);

    IF p_key IS NOT NULL THEN
        PERFORM idempotency_end(p_user, 'dispute_order', p_key,
                                p_fingerprint, v_answer);
    END IF;

    RETURN NEXT v_answer;
END
$$;

COMMENT ON FUNCTION api.dispute_order(uuid, text, text, text, text, text,
                                      text, text) IS
    'The buyer complains: the order is disputed until an admin settles it. '
    'Source: S4, POST /api/orders/:orderId/dispute. Errors: OM001 no such '
    'order, OM002 not its buyer, OM003 not from here, or not in this '
    'workflow, OM010 and OM011 Idempotency-Key.';
