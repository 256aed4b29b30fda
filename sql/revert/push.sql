BEGIN;

DROP INDEX shop.change_log_order;

-- sql/load brings it back

DELETE FROM shop.loaded;

COMMIT;
