-- An unknown e-mail address costs as much as a wrong password: its hash is
-- one that nothing has, made as password_hash() makes them.

CREATE OR REPLACE FUNCTION api.login(
    p_user uuid, p_role text, p_email text, p_password text)
RETURNS TABLE (user_id uuid, role text, body text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_user  users;
    v_hash  text;
BEGIN
    SELECT * INTO v_user FROM users u WHERE lower(u.email) = lower(p_email);

    v_hash := coalesce(v_user.password_hash,
        '$2a$08$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234');

    IF crypt(p_password, v_hash) IS DISTINCT FROM v_user.password_hash
       OR v_user.password_hash IS NULL
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM012',
            MESSAGE = 'The e-mail address or the password is wrong.';
    END IF;

    RETURN QUERY
    SELECT v_user.id, v_user.role, row_to_json(b)::text
      FROM (SELECT v_user.id, v_user.email,
                   user_name(v_user.first_name, v_user.last_name) AS name,
                   v_user.role) b;
END
$$;

COMMENT ON FUNCTION api.login(uuid, text, text, text) IS
    'Who has this e-mail address and password. Source: design, '
    'POST /api/auth/login. Errors: OM012 either is wrong.';
