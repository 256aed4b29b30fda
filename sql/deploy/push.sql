BEGIN;

SET LOCAL ROLE order_owner;

-- what a subscriber missed of one order (api.order_changes())

CREATE INDEX change_log_order ON shop.change_log (order_id, version);

-- an order that is stuck has no new version, but its seller is told

ALTER TABLE shop.change_log ADD stuck_since timestamptz;

COMMENT ON COLUMN shop.change_log.stuck_since IS
    'Not a version, but a notice: that version, as it stands, is stuck, and '
    'the seller was told at updated_at.';

COMMIT;
