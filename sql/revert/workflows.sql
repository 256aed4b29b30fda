BEGIN;

DROP TABLE shop.revision;
DROP TABLE shop.workflow_initial_statuses;
DROP TABLE shop.workflow_transitions;
DROP TABLE shop.workflow_statuses;
DROP TABLE shop.workflows;

COMMIT;
