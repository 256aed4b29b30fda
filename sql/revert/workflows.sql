BEGIN;

DROP TABLE shop.revision CASCADE;
DROP TABLE shop.workflow_initial_statuses CASCADE;
DROP TABLE shop.workflow_transitions CASCADE;
DROP TABLE shop.workflow_statuses CASCADE;
DROP TABLE shop.workflows CASCADE;

-- functions may have gone too: sql/load brings them back

DELETE FROM shop.loaded;

COMMIT;
