-- One statement for all of it: this runs for every order that is placed.

CREATE OR REPLACE FUNCTION shop.orders_after_insert() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    WITH history AS (
        INSERT INTO order_status_history
               (order_id, new_status, changed_by, notes, created_at)
        SELECT id, status, actor_id(), NULL, updated_at
          FROM new_rows
    ), event AS (
        INSERT INTO order_tracking_events
               (order_id, event_type, event_data, event_source, occurred_at)
        SELECT id, 'status_change', jsonb_build_object('status', status),
               actor_source(), updated_at
          FROM new_rows
    ), notification AS (
        INSERT INTO notifications
               (user_id, order_id, type, title, message, data)
        SELECT v.user_id, n.id, v.type, v.title, v.message,
               jsonb_build_object('orderId', n.id,
                                  'orderNumber', n.order_number,
                                  'status', n.status)
          FROM new_rows n,
               LATERAL (VALUES
                   (n.buyer_id, 'order_created', 'Order Confirmed',
                    'Your order ' || n.order_number || ' has been confirmed'),
                   (n.seller_id, 'new_order', 'New Order Received',
                    'You have a new order ' || n.order_number)
               ) AS v (user_id, type, title, message)
    )
    INSERT INTO change_log
           (order_id, version, status, final, deleted, buyer, seller, driver,
            actor, order_number, updated_at)
    SELECT id, version, status_id, final, false, buyer_id, seller_id,
           driver_id, actor_id(), order_number, updated_at
      FROM new_rows;

    PERFORM ring();

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shop.orders_after_insert() IS
    'Writes history, tracking event, notifications and change log of new '
    'orders (S4).';

CREATE OR REPLACE TRIGGER after_insert
    AFTER INSERT ON shop.orders
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION shop.orders_after_insert();
