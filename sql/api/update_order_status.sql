CREATE OR REPLACE FUNCTION api.update_order_status(
    p_user uuid, p_role text, p_if_match int4, p_order text, p_status text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders;
BEGIN
    PERFORM check_status(p_status, 'new_status');

    v_order := lock_order(p_user, p_role, p_if_match, p_order,
                          ARRAY['manager']);
    v_order := move_order(p_user, p_role, v_order, p_status);

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
