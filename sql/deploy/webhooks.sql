BEGIN;

SET LOCAL ROLE order_owner;

-- Each event that a provider sent, once.  What an order held before it was
-- there says nothing, so an event is kept for 30 days: much longer than any
-- provider repeats.

CREATE TABLE shop.webhook_events (
    source       text        NOT NULL CHECK (source IN ('payment', 'escrow',
                                 'shipping')),
    event_id     text        NOT NULL,
    type         text        NOT NULL,
    order_id     uuid        NOT NULL,
    outcome      text        NOT NULL CHECK (outcome IN ('applied', 'late',
                                 'ignored')),
    repeats      integer     NOT NULL DEFAULT 0,
    received_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, event_id)
);

COMMENT ON COLUMN shop.webhook_events.outcome IS
    'applied: the order changed; late: it was further already; ignored: '
    'nothing follows from this type in the order''s workflow.';
COMMENT ON COLUMN shop.webhook_events.repeats IS
    'How often the event came again.';

CREATE INDEX webhook_events_age ON shop.webhook_events (received_at);

COMMIT;
