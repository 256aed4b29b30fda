CREATE OR REPLACE FUNCTION api.update_order_status(
    p_user uuid, p_role text, p_if_match int4, p_order text, p_status text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders;
BEGIN
    IF NOT EXISTS (SELECT FROM workflow_statuses WHERE code = p_status) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM013',
            MESSAGE = 'There is no such status.',
            DETAIL = '{"errors":[{"field":"new_status","message":'
                     '"is in no workflow"}]}';
    END IF;

    SELECT * INTO v_order FROM orders WHERE id = order_id(p_order)
       FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such order.';
    END IF;

    IF p_role NOT IN ('admin', 'system')
       AND (p_role, p_user) IS DISTINCT FROM ('manager', v_order.seller_id)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002',
            MESSAGE = 'This is not an order of your store.';
    END IF;

    IF p_if_match <> v_order.version THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM009',
            MESSAGE = 'The order was changed in the meantime.',
            DETAIL = json_build_object('version', v_order.version,
                                       'current_status', v_order.status);
    END IF;

    IF v_order.status = p_status THEN
        PERFORM refuse_transition(v_order.workflow, v_order.status, p_status,
                                  p_role);
    END IF;

    PERFORM act(p_user, p_role);

    UPDATE orders SET status = p_status WHERE id = v_order.id
    RETURNING * INTO v_order;

    RETURN NEXT reply_order(200, (
        SELECT row_to_json(b)::text
          FROM (SELECT true AS success, v_order.id AS order_id,
                       v_order.order_number, v_order.status,
                       s.label AS status_label, v_order.version
                  FROM workflow_statuses s
                 WHERE s.id = v_order.status_id) b), v_order);
END
$$;

COMMENT ON FUNCTION api.update_order_status(uuid, text, int4, text, text) IS
    'Moves an order on, by its seller. Source: S2, '
    'POST /seller/update-order-status and Security Flow. Errors, in this '
    'order: OM013 status in no workflow, OM001 no such order, OM002 not of '
    'the caller''s store, OM009 If-Match, OM003 not from here or not by this '
    'role (also to the status that it has).';
