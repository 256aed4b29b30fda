BEGIN;

SELECT 1 / count(*) FROM pg_roles WHERE rolname = 'order_owner';
SELECT 1 / count(*) FROM pg_roles WHERE rolname = 'order_api' AND rolcanlogin;

ROLLBACK;
