CREATE OR REPLACE FUNCTION api.list_user_orders(
    p_user uuid, p_role text, p_user_id uuid, p_status text, p_page int4,
    p_limit int4, p_cursor text, p_shape text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM check_owner(p_user, p_role, p_user_id);

    RETURN NEXT reply_orders('buyer', p_user_id, p_status, p_page, p_limit,
                             'createdAt', 'desc', p_cursor, p_shape);
END
$$;

COMMENT ON FUNCTION api.list_user_orders(uuid, text, uuid, text, int4, int4,
                                         text, text) IS
    'The orders that a user bought, the newest first. Source: S1, '
    'GET /orders/user/:userId. Errors: OM002 another user''s, OM004 cursor, '
    'OM013 status in no workflow.';
