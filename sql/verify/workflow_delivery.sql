BEGIN;

SELECT 1 / (count(*) >= 5)::int
  FROM shop.workflow_transitions
 WHERE workflow = 'delivery';
SELECT 1 / count(*)
  FROM shop.workflow_initial_statuses
 WHERE workflow = 'delivery' AND payment_method = '';

ROLLBACK;
