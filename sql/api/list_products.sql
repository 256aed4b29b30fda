CREATE OR REPLACE FUNCTION api.list_products(
    p_user uuid, p_role text, p_store uuid, p_limit int4, p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_limit  int4 := page_limit(p_limit);
    v_after  uuid := page_cursor(p_cursor);
BEGIN
    RETURN NEXT (
        WITH page AS (
            SELECT row_number() OVER (ORDER BY p.id) AS n,
                   product_json(p, s) AS product, p.id
              FROM products p
              JOIN stores s ON s.id = p.store_id
             WHERE p.status = 'active' AND s.status = 'active'
               AND (p_store IS NULL OR p.store_id = p_store)
               AND (v_after IS NULL OR p.id > v_after)
             ORDER BY p.id
             LIMIT v_limit + 1
        )
        SELECT reply(200, row_to_json(b)::text, b.next_cursor::text)
          FROM (SELECT (SELECT coalesce(json_agg(p.product ORDER BY p.n),
                                        '[]')
                          FROM page p WHERE p.n <= v_limit) AS products,
                       (SELECT p.id FROM page p
                         WHERE p.n = v_limit
                           AND EXISTS (SELECT FROM page m
                                        WHERE m.n > v_limit))
                           AS next_cursor) b);
END
$$;

COMMENT ON FUNCTION api.list_products(uuid, text, uuid, int4, text) IS
    'Active products, of one store or of all, the oldest first. '
    'Source: S2, GET /api/products. Errors: OM004 cursor.';
