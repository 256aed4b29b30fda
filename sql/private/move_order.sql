CREATE OR REPLACE FUNCTION shop.move_order(
    p_user uuid, p_role text, p_order shop.orders, p_status text)
RETURNS shop.orders
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders;
BEGIN
    IF p_order.status = p_status THEN
        PERFORM refuse_transition(p_order.workflow, p_order.status, p_status,
                                  p_role);
    END IF;

    PERFORM act(p_user, p_role);

    UPDATE orders SET status = p_status WHERE id = p_order.id
    RETURNING * INTO v_order;

    RETURN v_order;
END
$$;

COMMENT ON FUNCTION shop.move_order(uuid, text, shop.orders, text) IS
    'Moves a locked order on, by this caller; raises OM003, also for the '
    'status that it has.';
