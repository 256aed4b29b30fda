BEGIN;

SELECT source, event_id, type, order_id, outcome, repeats, received_at
  FROM shop.webhook_events
 WHERE false;

ROLLBACK;
