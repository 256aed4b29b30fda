BEGIN;

SELECT 'shop.change_log_order'::regclass;

ROLLBACK;
