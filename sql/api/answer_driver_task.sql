-- Many drivers want the same task.  Who sees that it is taken is told without
-- waiting for anybody; the others wait for its order, which is locked before
-- the task, as by every change of its status.

CREATE OR REPLACE FUNCTION api.answer_driver_task(
    p_user uuid, p_role text, p_id uuid, p_action text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_task   deliveries := open_task(p_id);
    v_order  orders;
    v_out    text;
BEGIN
    PERFORM check_user(p_user);

    IF p_action = 'reject' THEN
        INSERT INTO delivery_rejections (delivery_id, driver_id)
        VALUES (p_id, p_user)
        ON CONFLICT DO NOTHING;

        RETURN NEXT reply(200, task_answer_json('Delivery rejected.', p_id));
        RETURN;
    END IF;

    SELECT * INTO v_order FROM orders WHERE id = v_task.order_id
       FOR NO KEY UPDATE;
    PERFORM FROM deliveries WHERE id = p_id FOR NO KEY UPDATE;
    PERFORM open_task(p_id);

    v_out := next_status(v_order, 'shipped');

    IF v_out IS NULL OR v_order.status = v_out THEN
        PERFORM refuse_transition(v_order.workflow, v_order.status,
                                  'out_for_delivery', p_role);
    END IF;

    PERFORM act(p_user, p_role);

    UPDATE orders SET status = v_out, driver_id = p_user
     WHERE id = v_order.id
    RETURNING * INTO v_order;

    RETURN NEXT reply_order(200, task_answer_json(
        'Delivery accepted. Order is now out for delivery.', p_id), v_order);
END
$$;

COMMENT ON FUNCTION api.answer_driver_task(uuid, text, uuid, text) IS
    'A driver takes a delivery task ("accept"), and its order is out for '
    'delivery; or does not want to see it again ("reject"). Source: S0, '
    'PUT /api/driver/tasks/:id. Errors: OM001 the caller is no user, OM003 '
    'the order''s status does not allow it, OM015 taken, over or unknown.';
