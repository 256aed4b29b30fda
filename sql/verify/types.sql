BEGIN;

SELECT 1 / (to_regtype('api.record') IS NOT NULL)::int;
SELECT 1 / (to_regtype('api.answer') IS NOT NULL)::int;
SELECT 1 / (to_regtype('shop.order_line') IS NOT NULL)::int;

ROLLBACK;
