BEGIN;

SELECT order_id, document FROM shop.order_search WHERE false;
SELECT user_id, read_until, read_at FROM shop.notification_marks WHERE false;

ROLLBACK;
