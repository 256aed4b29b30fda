BEGIN;

SELECT order_id, previous_status, new_status, changed_by
  FROM shop.order_status_history
 WHERE false;
SELECT order_id, event_type, event_source, occurred_at
  FROM shop.order_tracking_events
 WHERE false;
SELECT user_id, order_id, type, title, message
  FROM shop.notifications
 WHERE false;

ROLLBACK;
