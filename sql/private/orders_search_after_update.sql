CREATE OR REPLACE FUNCTION shop.orders_search_after_update() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM index_orders(ARRAY[NEW.id]);

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.orders_search_after_update() IS
    'Makes the search document of an order anew that got another tracking '
    'number or other notes.';

CREATE OR REPLACE TRIGGER search_after_update
    AFTER UPDATE OF tracking_number, order_notes ON shop.orders
    FOR EACH ROW
    WHEN (NEW.tracking_number IS DISTINCT FROM OLD.tracking_number
          OR NEW.order_notes IS DISTINCT FROM OLD.order_notes)
    EXECUTE FUNCTION shop.orders_search_after_update();
