CREATE OR REPLACE FUNCTION shop.order_side(p_role text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_role
            WHEN 'customer' THEN 'buyer'
            WHEN 'manager' THEN 'seller'
            WHEN 'driver' THEN 'driver'
            WHEN 'admin' THEN 'all'
            WHEN 'system' THEN 'all'
       END;

COMMENT ON FUNCTION shop.order_side(text) IS
    'Which orders are a caller''s in this role, as order_page() has it.';
