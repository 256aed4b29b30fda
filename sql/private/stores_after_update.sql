CREATE OR REPLACE FUNCTION shop.stores_after_update() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    UPDATE orders
       SET seller_id = NEW.manager_id
     WHERE seller_id = OLD.manager_id AND store_id = NEW.id;

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.stores_after_update() IS
    'A new manager becomes the seller of the store''s orders.';

CREATE OR REPLACE TRIGGER after_update
    AFTER UPDATE OF manager_id ON shop.stores
    FOR EACH ROW WHEN (OLD.manager_id <> NEW.manager_id)
    EXECUTE FUNCTION shop.stores_after_update();
