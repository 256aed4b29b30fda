CREATE OR REPLACE FUNCTION api.list_user_orders_detailed(
    p_user uuid, p_role text, p_limit int4, p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN NEXT reply_orders('buyer', p_user, NULL, NULL, p_limit,
                             'createdAt', 'desc', p_cursor, 'detailed');
END
$$;

COMMENT ON FUNCTION api.list_user_orders_detailed(uuid, text, int4, text) IS
    'The caller''s orders, the newest first, a bare array of order, items '
    'and timeline; the next cursor is a column of the answer. Source: S2, '
    'GET /api/user-orders-detailed and Data Structures. '
    'Errors: OM004 cursor.';
