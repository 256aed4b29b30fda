BEGIN;

DROP TABLE shop.order_tallies CASCADE;

DROP INDEX shop.orders_created;
DROP INDEX shop.orders_status;
DROP INDEX shop.orders_buyer;
DROP INDEX shop.orders_buyer_status;
DROP INDEX shop.orders_buyer_total;
DROP INDEX shop.orders_buyer_status_total;
DROP INDEX shop.orders_seller;
DROP INDEX shop.orders_seller_status;
DROP INDEX shop.orders_seller_total;
DROP INDEX shop.orders_seller_status_total;
DROP INDEX shop.orders_driver;
DROP INDEX shop.orders_driver_status;

CREATE INDEX orders_buyer ON shop.orders (buyer_id, id);
CREATE INDEX orders_seller ON shop.orders (seller_id, id);
CREATE INDEX orders_driver ON shop.orders (driver_id, id)
    WHERE driver_id IS NOT NULL;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
