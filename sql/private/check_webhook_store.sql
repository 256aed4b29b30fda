CREATE OR REPLACE FUNCTION shop.check_webhook_store(
    p_user uuid, p_role text, p_store uuid)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_manager  uuid;
BEGIN
    IF p_store IS NULL THEN
        IF p_role <> 'admin' THEN
            PERFORM refuse_field('store_id', 'is required');
        END IF;

        RETURN;
    END IF;

    SELECT manager_id INTO v_manager FROM stores WHERE id = p_store;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such store.';
    END IF;

    IF v_manager IS DISTINCT FROM p_user AND p_role <> 'admin' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002', MESSAGE = 'This is not your store.';
    END IF;
END
$$;

COMMENT ON FUNCTION shop.check_webhook_store(uuid, text, uuid) IS
    'Whose orders a caller may have sent to an endpoint: those of an own '
    'store; an admin those of any, and of all, NULL. Raises OM001, OM002, '
    'OM004.';
