BEGIN;

DROP TABLE shop.webhook_events CASCADE;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
