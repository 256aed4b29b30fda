BEGIN;

SELECT name, progress_total FROM shop.workflows WHERE false;
SELECT id, workflow, code, final FROM shop.workflow_statuses WHERE false;
SELECT workflow, from_status, to_status, roles
  FROM shop.workflow_transitions
 WHERE false;
SELECT workflow, payment_method, status
  FROM shop.workflow_initial_statuses
 WHERE false;
SELECT 1 / count(*) FROM shop.revision;

ROLLBACK;
