CREATE OR REPLACE FUNCTION api.list_cart_items(p_user uuid, p_role text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT (reply(200, coalesce(json_agg(cart_item_json(i.id)
                                         ORDER BY i.id), '[]')::text)).*
      FROM carts c
      JOIN cart_items i ON i.cart_id = c.id
     WHERE c.user_id = p_user;
END
$$;

COMMENT ON FUNCTION api.list_cart_items(uuid, text) IS
    'The caller''s cart, a bare array. Source: S1, GET /cart-items. '
    'Errors: none.';
