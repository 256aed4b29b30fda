BEGIN;

SET LOCAL ROLE order_owner;

-- what a subscriber missed of one order (api.order_changes())

CREATE INDEX change_log_order ON shop.change_log (order_id, version);

COMMIT;
