BEGIN;

SELECT 'shop.change_log_order'::regclass;
SELECT stuck_since FROM shop.change_log WHERE false;

ROLLBACK;
