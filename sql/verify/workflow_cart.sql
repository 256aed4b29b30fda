BEGIN;

SELECT 1 / (count(*) >= 6)::int
  FROM shop.workflow_transitions
 WHERE workflow = 'cart';
SELECT 1 / count(*)
  FROM shop.workflow_initial_statuses
 WHERE workflow = 'cart' AND payment_method = '';

ROLLBACK;
