BEGIN;

SET LOCAL ROLE order_owner;

-- Who a change came from, and how long the status before had lasted: the
-- timeline and the analytics read it here.

ALTER TABLE shop.order_status_history
    ADD source       text     NOT NULL DEFAULT 'system',
    ADD in_previous  interval;

COMMENT ON COLUMN shop.order_status_history.source IS
    'Of S4: system, buyer, seller, driver, admin, shipping_provider, '
    'payment_processor.';
COMMENT ON COLUMN shop.order_status_history.in_previous IS
    'For how long the order had been in previous_status.';

CREATE INDEX order_status_history_changes
    ON shop.order_status_history (new_status, created_at);
CREATE INDEX order_tracking_events_type
    ON shop.order_tracking_events (event_type, occurred_at);

-- what is left of an order that was deleted

CREATE TABLE shop.deleted_orders (
    id            uuid        PRIMARY KEY,
    order_number  text        NOT NULL,
    buyer_id      uuid        NOT NULL,
    seller_id     uuid        NOT NULL,
    "order"       json        NOT NULL,
    created_at    timestamptz NOT NULL,
    deleted_by    uuid,
    deleted_at    timestamptz NOT NULL
);

COMMENT ON COLUMN shop.deleted_orders."order" IS
    'All of it, as GET /api/orders/:id answered at last.';

COMMIT;
