CREATE OR REPLACE FUNCTION shop.order_items_after_update() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_orders  uuid[];
BEGIN
    v_orders := ARRAY(
        SELECT order_id FROM (SELECT order_id, line, product_name
                                FROM old_rows
                              EXCEPT
                              SELECT order_id, line, product_name
                                FROM new_rows) gone
        UNION
        SELECT order_id FROM (SELECT order_id, line, product_name
                                FROM new_rows
                              EXCEPT
                              SELECT order_id, line, product_name
                                FROM old_rows) come);

    IF v_orders <> '{}' THEN
        PERFORM index_orders(v_orders);
    END IF;

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.order_items_after_update() IS
    'Makes the search documents of orders anew whose items got other names.';

CREATE OR REPLACE TRIGGER after_update
    AFTER UPDATE ON shop.order_items
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION shop.order_items_after_update();
