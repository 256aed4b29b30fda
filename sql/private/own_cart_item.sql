CREATE OR REPLACE FUNCTION shop.own_cart_item(
    p_user uuid, p_role text, p_id uuid)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_owner  uuid;
BEGIN
    SELECT c.user_id INTO v_owner
      FROM cart_items i
      JOIN carts c ON c.id = i.cart_id
     WHERE i.id = p_id
       FOR UPDATE OF i;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such cart item.';
    END IF;

    IF v_owner IS DISTINCT FROM p_user AND p_role NOT IN ('admin', 'system')
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002', MESSAGE = 'This is somebody else''s cart.';
    END IF;
END
$$;

COMMENT ON FUNCTION shop.own_cart_item(uuid, text, uuid) IS
    'Locks a line of a cart that the caller may change; raises OM001, OM002.';
