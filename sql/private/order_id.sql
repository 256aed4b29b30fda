CREATE OR REPLACE FUNCTION shop.order_id(p_order text) RETURNS uuid
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF p_order ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' THEN
        RETURN p_order::uuid;
    END IF;

    RETURN (SELECT id FROM orders WHERE order_number = p_order);
END
$$;

COMMENT ON FUNCTION shop.order_id(text) IS
    'The id that a UUID or an order number stands for, NULL for none.';
