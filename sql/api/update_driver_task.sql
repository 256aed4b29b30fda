CREATE OR REPLACE FUNCTION api.update_driver_task(
    p_user uuid, p_role text, p_id uuid, p_status text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_task   deliveries;
    v_order  orders;
BEGIN
    SELECT o.* INTO v_order
      FROM orders o
     WHERE o.id = (SELECT d.order_id FROM deliveries d
                    WHERE d.id = p_id AND d.driver_id = p_user)
       FOR NO KEY UPDATE;

    SELECT * INTO v_task
      FROM deliveries
     WHERE id = p_id AND order_id = v_order.id AND driver_id = p_user;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002',
            MESSAGE = 'Cannot update this delivery. It may not be assigned '
                      'to you.';
    END IF;

    IF p_status = 'in_transit' AND v_task.delivery_status = 'in_transit' THEN
        RETURN NEXT reply_order(200, task_answer_json(
            'Delivery is in transit.', p_id), v_order);
        RETURN;
    END IF;

    v_order := move_order(p_user, p_role, v_order, next_status(v_order,
                   CASE p_status WHEN 'in_transit' THEN 'shipped'
                                 ELSE 'delivered' END));

    RETURN NEXT reply_order(200, task_answer_json(
        'Order has been successfully delivered!', p_id), v_order);
END
$$;

COMMENT ON FUNCTION api.update_driver_task(uuid, text, uuid, text) IS
    'A driver says how far a delivery is: "in_transit", which accepting it '
    'made it, or "delivered". Source: S0, PUT /api/driver/tasks/:id/status. '
    'Errors: OM002 not the caller''s task or unknown, OM003 it is over.';
