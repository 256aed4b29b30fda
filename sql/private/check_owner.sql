CREATE OR REPLACE FUNCTION shop.check_owner(
    p_user uuid, p_role text, p_owner uuid)
RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF p_user IS DISTINCT FROM p_owner AND NOT may(p_role, '{}') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002',
            MESSAGE = 'You may not do this for another user.';
    END IF;
END
$$;

COMMENT ON FUNCTION shop.check_owner(uuid, text, uuid) IS
    'Raises OM002 for who asks for another user''s, and is not admin or '
    'system.';
