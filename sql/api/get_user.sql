CREATE OR REPLACE FUNCTION api.get_user(p_user uuid, p_role text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM check_user(p_user);

    RETURN NEXT reply(200, (
        SELECT row_to_json(b)::text
          FROM (SELECT row_to_json(j) AS user
                  FROM (SELECT u.id, u.email,
                               user_name(u.first_name, u.last_name) AS name,
                               u.role
                          FROM users u
                         WHERE u.id = p_user) j) b));
END
$$;

COMMENT ON FUNCTION api.get_user(uuid, text) IS
    'Who the caller is. Source: design, GET /api/auth/me. Errors: OM001 a '
    'user of somebody else''s identity service whom we do not know.';
