BEGIN;

SELECT 1 / (count(*) >= 9)::int
  FROM shop.workflow_transitions
 WHERE workflow = 'shop';
SELECT 1 / count(*)
  FROM shop.workflow_initial_statuses
 WHERE workflow = 'shop' AND payment_method = '';

ROLLBACK;
