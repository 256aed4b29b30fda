BEGIN;

DROP TABLE shop.delivery_rejections CASCADE;
DROP TABLE shop.deliveries CASCADE;
DROP TABLE shop.shipments CASCADE;
DROP TABLE shop.order_items CASCADE;
DROP TABLE shop.orders CASCADE;
DROP FUNCTION shop.next_order_number() CASCADE;
DROP SEQUENCE shop.order_number_seq CASCADE;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
