CREATE OR REPLACE FUNCTION api.list_orders(
    p_user uuid, p_role text, p_status text, p_page int4, p_limit int4,
    p_sort_order text, p_cursor text, p_shape text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN NEXT reply_orders(order_side(p_role), p_user, p_status, p_page,
                             p_limit, 'createdAt', p_sort_order, p_cursor,
                             p_shape);
END
$$;

COMMENT ON FUNCTION api.list_orders(uuid, text, text, int4, int4, text, text,
                                    text) IS
    'The orders that the caller bought, sells or delivers, by role; all of '
    'them for admin and system. Source: S1, GET /orders. Errors: OM004 '
    'cursor, OM013 status in no workflow.';
