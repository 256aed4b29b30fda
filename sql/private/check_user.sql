CREATE OR REPLACE FUNCTION shop.check_user(p_user uuid) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM users WHERE id = p_user) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such user.';
    END IF;
END
$$;

COMMENT ON FUNCTION shop.check_user(uuid) IS
    'Raises OM001 for a user who is not there.';
