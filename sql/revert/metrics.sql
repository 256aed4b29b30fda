BEGIN;

ALTER TABLE shop.change_log
    DROP created_at,
    DROP status_since,
    DROP amount,
    DROP currency,
    DROP payment_method,
    DROP payment_status,
    DROP old_payment_status;
DROP INDEX shop.orders_waiting;
DROP TABLE shop.payment_methods;
DROP TABLE shop.metric_mark;
DROP TABLE shop.metric_totals;

-- sql/load brings the functions back

DELETE FROM shop.loaded;

COMMIT;
