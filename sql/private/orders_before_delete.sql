CREATE OR REPLACE FUNCTION shop.orders_before_delete() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    INSERT INTO deleted_orders
           (id, order_number, buyer_id, seller_id, "order", created_at,
            deleted_by, deleted_at)
    VALUES (OLD.id, OLD.order_number, OLD.buyer_id, OLD.seller_id,
            order_json(OLD), OLD.created_at, actor_id(), clock_timestamp())
    ON CONFLICT (id) DO UPDATE
       SET "order" = excluded."order", created_at = excluded.created_at,
           deleted_by = excluded.deleted_by,
           deleted_at = excluded.deleted_at;

    IF OLD.stock_taken AND OLD.shipped_at IS NULL THEN
        PERFORM return_stock(ARRAY[OLD.id]);
    END IF;

    RETURN OLD;
END
$$;

COMMENT ON FUNCTION shop.orders_before_delete() IS
    'Keeps what an order was (S1: deleted_orders), and puts back what it took '
    'out of stock and did not ship.';

CREATE OR REPLACE TRIGGER before_delete
    BEFORE DELETE ON shop.orders
    FOR EACH ROW EXECUTE FUNCTION shop.orders_before_delete();
