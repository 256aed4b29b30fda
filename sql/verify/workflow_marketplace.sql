BEGIN;

SELECT 1 / (count(*) >= 26)::int
  FROM shop.workflow_transitions
 WHERE workflow = 'marketplace';
SELECT 1 / count(*)
  FROM shop.workflow_initial_statuses
 WHERE workflow = 'marketplace' AND payment_method = '';

ROLLBACK;
