BEGIN;

DROP TABLE shop.notifications;
DROP TABLE shop.order_tracking_events;
DROP TABLE shop.order_status_history;

COMMIT;
