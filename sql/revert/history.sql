BEGIN;

DROP TABLE shop.deleted_orders CASCADE;
DROP INDEX shop.order_tracking_events_type;
DROP INDEX shop.order_status_history_changes;

ALTER TABLE shop.order_status_history
    DROP source,
    DROP in_previous;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
