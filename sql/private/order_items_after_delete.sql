CREATE OR REPLACE FUNCTION shop.order_items_after_delete() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM index_orders(ARRAY(SELECT DISTINCT order_id FROM old_rows));

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.order_items_after_delete() IS
    'Makes the search documents of orders that lost items anew.';

CREATE OR REPLACE TRIGGER after_delete
    AFTER DELETE ON shop.order_items
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION shop.order_items_after_delete();
