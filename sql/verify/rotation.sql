BEGIN;

SELECT removed FROM shop.change_log_floor WHERE false;

ROLLBACK;
