CREATE OR REPLACE FUNCTION api.list_seller_orders(
    p_user uuid, p_role text, p_owner uuid, p_status text, p_page int4,
    p_limit int4, p_sort_by text, p_sort_order text, p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM check_owner(p_user, p_role, p_owner);

    RETURN NEXT reply_orders('seller', p_owner, p_status, p_page, p_limit,
                             p_sort_by, p_sort_order, p_cursor, 'order');
END
$$;

COMMENT ON FUNCTION api.list_seller_orders(uuid, text, uuid, text, int4, int4,
                                        text, text, text) IS
    'The orders that a user sells, in the order of createdAt, status or '
    'totalAmount. Source: S4, GET /api/orders/seller/:sellerId. Errors: OM002 '
    'another user''s, OM004 cursor, OM013 status in no workflow.';
