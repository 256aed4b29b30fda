CREATE OR REPLACE FUNCTION shop.order_items_after_insert() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    PERFORM index_orders(ARRAY(SELECT DISTINCT order_id FROM new_rows));

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.order_items_after_insert() IS
    'Makes the search documents of orders that got items.';

CREATE OR REPLACE TRIGGER after_insert
    AFTER INSERT ON shop.order_items
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION shop.order_items_after_insert();
