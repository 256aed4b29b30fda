BEGIN;

DROP TABLE shop.change_log_floor CASCADE;
DROP TABLE shop.change_log CASCADE;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
