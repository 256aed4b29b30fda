CREATE OR REPLACE FUNCTION shop.cart_item_json(p_item uuid) RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT row_to_json(j)
              FROM (SELECT i.id, c.user_id, i.product_id, i.quantity,
                           i.size, i.color,
                           iso(i.created_at) AS created_at,
                           iso(i.updated_at) AS updated_at,
                           row_to_json(u) AS user,
                           product_json(p, s) AS product
                      FROM cart_items i
                      JOIN carts c ON c.id = i.cart_id
                      JOIN products p ON p.id = i.product_id
                      JOIN stores s ON s.id = p.store_id
                      JOIN LATERAL (SELECT x.id, x.email,
                                           user_name(x.first_name,
                                                     x.last_name) AS name
                                      FROM users x
                                     WHERE x.id = c.user_id) u ON true
                     WHERE i.id = p_item) j);
END
$$;

COMMENT ON FUNCTION shop.cart_item_json(uuid) IS
    'A line of a cart as JSON, with its user and product (S1).';
