BEGIN;

DROP TABLE shop.order_search CASCADE;
DROP TABLE shop.notification_marks CASCADE;
DROP INDEX shop.notifications_unread;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
