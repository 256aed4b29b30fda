CREATE OR REPLACE FUNCTION api.update_manager_order(
    p_user uuid, p_role text, p_if_match int4, p_order text, p_status text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order   orders;
    v_before  uuid;
    v_task    uuid;
BEGIN
    PERFORM check_status(p_status, 'status');

    -- the document does not tell an unknown order from a foreign one

    IF NOT EXISTS (SELECT FROM orders o
                    WHERE o.id = order_id(p_order)
                      AND acts_for(p_user, p_role, o))
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002',
            MESSAGE = 'Forbidden: You cannot manage this order.';
    END IF;

    v_order := lock_order(p_user, p_role, p_if_match, p_order,
                          ARRAY['manager']);
    v_before := (SELECT id FROM deliveries WHERE order_id = v_order.id);
    v_order := move_order(p_user, p_role, v_order, p_status);
    v_task := (SELECT id FROM deliveries WHERE order_id = v_order.id);

    RETURN NEXT reply_order(200, (
        SELECT row_to_json(b)::text
          FROM (SELECT format('Order %s status updated to %s.', v_order.id,
                              v_order.status)
                       || CASE WHEN v_task IS DISTINCT FROM v_before
                               THEN ' Delivery task created.'
                               ELSE '' END AS message,
                       v_order.id AS order_id, v_order.order_number,
                       v_order.status, v_order.version,
                       v_task AS delivery_id) b), v_order);
END
$$;

COMMENT ON FUNCTION api.update_manager_order(uuid, text, int4, text, text) IS
    'Moves an order on, by the manager of its store; a status that opens a '
    'delivery task does. Source: S0, PUT /api/manager/orders/:id. Errors, in '
    'this order: OM013 status in no workflow, OM002 no order of the '
    'caller''s stores, OM009 If-Match, OM003 not from here or not by this '
    'role (also to the status that it has).';
