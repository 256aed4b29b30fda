BEGIN;

SELECT source, in_previous FROM shop.order_status_history WHERE false;
SELECT id, order_number, "order", created_at, deleted_by, deleted_at
  FROM shop.deleted_orders
 WHERE false;

ROLLBACK;
