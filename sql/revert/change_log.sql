BEGIN;

DROP TABLE shop.change_log_floor;
DROP TABLE shop.change_log;

COMMIT;
