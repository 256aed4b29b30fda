BEGIN;

DROP TABLE shop.notifications CASCADE;
DROP TABLE shop.order_tracking_events CASCADE;
DROP TABLE shop.order_status_history CASCADE;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
