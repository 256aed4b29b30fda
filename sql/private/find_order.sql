CREATE OR REPLACE FUNCTION shop.find_order(
    p_user uuid, p_role text, p_order text)
RETURNS shop.orders
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders;
BEGIN
    SELECT * INTO v_order FROM orders WHERE id = order_id(p_order);

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such order.';
    END IF;

    IF NOT may_see(p_user, p_role, v_order) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002', MESSAGE = 'This is somebody else''s order.';
    END IF;

    RETURN v_order;
END
$$;

COMMENT ON FUNCTION shop.find_order(uuid, text, text) IS
    'The order of this id or number, for a caller who may see it; raises '
    'OM001, OM002.';
