BEGIN;

SELECT id, order_number, version, buyer_id, seller_id,
       status, status_id, final, updated_at
  FROM shop.orders
 WHERE false;
SELECT id, order_id, product_id, quantity, unit_price
  FROM shop.order_items
 WHERE false;
SELECT id, order_id, tracking_number FROM shop.shipments WHERE false;
SELECT id, order_id, driver_id, delivery_status
  FROM shop.deliveries
 WHERE false;
SELECT delivery_id, driver_id FROM shop.delivery_rejections WHERE false;

ROLLBACK;
