CREATE OR REPLACE FUNCTION api.get_product(
    p_user uuid, p_role text, p_id uuid)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT (reply(200, row_to_json(b)::text)).*
      FROM (SELECT product_json(p, s) AS product
              FROM products p
              JOIN stores s ON s.id = p.store_id
             WHERE p.id = p_id) b;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such product.';
    END IF;
END
$$;

COMMENT ON FUNCTION api.get_product(uuid, text, uuid) IS
    'One product, also one that is not sold any more. '
    'Source: S2, GET /api/products/:id. Errors: OM001 no such product.';
