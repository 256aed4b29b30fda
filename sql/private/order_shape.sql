CREATE OR REPLACE FUNCTION shop.order_shape(
    p_order shop.orders, p_shape text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF p_shape = 'bare' THEN
        RETURN order_bare_json(p_order);
    END IF;

    RETURN (SELECT row_to_json(b)::text
              FROM (SELECT order_json(p_order) AS order) b);
END
$$;

COMMENT ON FUNCTION shop.order_shape(shop.orders, text) IS
    'The body of an answer with one order: "bare" as under /orders (S1), '
    '"order" as under /api/orders (S4).';
