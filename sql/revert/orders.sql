BEGIN;

DROP TABLE shop.delivery_rejections;
DROP TABLE shop.deliveries;
DROP TABLE shop.shipments;
DROP TABLE shop.order_items;
DROP TABLE shop.orders;
DROP FUNCTION shop.next_order_number();
DROP SEQUENCE shop.order_number_seq;

COMMIT;
