CREATE OR REPLACE FUNCTION shop.lock_order(
    p_user uuid, p_role text, p_if_match int4, p_order text,
    p_roles text[] DEFAULT ARRAY['customer', 'manager', 'driver'])
RETURNS shop.orders
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders;
BEGIN
    SELECT * INTO v_order FROM orders WHERE id = order_id(p_order)
       FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such order.';
    END IF;

    IF NOT may(p_role, p_roles) OR NOT acts_for(p_user, p_role, v_order) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002',
            MESSAGE = CASE p_role WHEN 'manager'
                      THEN 'This is not an order of your store.'
                      ELSE 'You may not change this order.' END;
    END IF;

    IF p_if_match <> v_order.version THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM009',
            MESSAGE = 'The order was changed in the meantime.',
            DETAIL = json_build_object('version', v_order.version,
                                       'current_status', v_order.status);
    END IF;

    RETURN v_order;
END
$$;

COMMENT ON FUNCTION shop.lock_order(uuid, text, int4, text, text[]) IS
    'Locks an order, by id or number, that the caller may change: in one of '
    'the roles, or as admin or system. Raises OM001, OM002, and OM009 where '
    'p_if_match is another version.';
