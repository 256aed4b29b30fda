BEGIN;

SET LOCAL ROLE order_owner;

-- What was not finished when rows were removed from the change log has lost
-- none: its rows would have held up the removal.

ALTER TABLE shop.change_log_floor ADD removed pg_snapshot;

COMMENT ON COLUMN shop.change_log_floor.removed IS
    'Taken when rows were removed the last time; NULL: before that was '
    'written down.';

COMMIT;
