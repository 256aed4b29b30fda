BEGIN;

DELETE FROM shop.change_log WHERE stuck_since IS NOT NULL;
ALTER TABLE shop.change_log DROP stuck_since;
DROP INDEX shop.change_log_order;

-- sql/load brings it back

DELETE FROM shop.loaded;

COMMIT;
