CREATE OR REPLACE FUNCTION shop.orders_before_delete() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM return_stock(ARRAY[OLD.id]);
    RETURN OLD;
END
$$;

COMMENT ON FUNCTION shop.orders_before_delete() IS
    'Puts back what an order took out of stock and did not ship.';

CREATE OR REPLACE TRIGGER before_delete
    BEFORE DELETE ON shop.orders
    FOR EACH ROW WHEN (OLD.stock_taken AND OLD.shipped_at IS NULL)
    EXECUTE FUNCTION shop.orders_before_delete();
