BEGIN;

SELECT after FROM shop.workflow_transitions WHERE false;
SELECT order_id, kind, due_at FROM shop.order_timers WHERE false;

ROLLBACK;
