BEGIN;

SELECT id, manager_id, workflow, delivery_days, currency
  FROM shop.stores
 WHERE false;
SELECT id, store_id, price, stock, status FROM shop.products WHERE false;

ROLLBACK;
