BEGIN;

SELECT slot, xid, order_id, version, status, old_status
  FROM shop.change_log
 WHERE false;
SELECT 1 / count(*) FROM shop.change_log_floor;

ROLLBACK;
