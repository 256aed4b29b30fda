BEGIN;

SELECT owner, side, status, currency, orders, amount, folded
  FROM shop.order_tallies
 WHERE false;
SELECT 'shop.orders_seller_status'::regclass;

ROLLBACK;
