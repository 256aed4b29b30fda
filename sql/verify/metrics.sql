BEGIN;

SELECT family, labels, total FROM shop.metric_totals WHERE false;
SELECT snapshot FROM shop.metric_mark WHERE false;
SELECT method FROM shop.payment_methods WHERE false;
SELECT 'shop.orders_waiting'::regclass;
SELECT created_at, status_since, amount, currency, payment_method,
       payment_status, old_payment_status
  FROM shop.change_log WHERE false;

ROLLBACK;
