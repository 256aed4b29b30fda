BEGIN;

DROP TABLE shop.order_timers CASCADE;
ALTER TABLE shop.workflow_transitions DROP after CASCADE;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
