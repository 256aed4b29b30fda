BEGIN;

ALTER TABLE shop.change_log_floor DROP removed;

-- sql/load brings it back

DELETE FROM shop.loaded;

COMMIT;
