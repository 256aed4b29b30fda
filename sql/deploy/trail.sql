BEGIN;

SET LOCAL ROLE order_owner;

-- All three are written by the triggers of orders, whoever the writer is.
-- changed_by names who a token said was calling: it may be nobody we know.
-- A notification stays when its order is gone.

CREATE TABLE shop.order_status_history (
    id               uuid        PRIMARY KEY DEFAULT shop.uuid7(),
    order_id         uuid        NOT NULL
                                 REFERENCES shop.orders ON DELETE CASCADE,
    previous_status  text,
    new_status       text        NOT NULL,
    changed_by       uuid,
    change_reason    text,
    metadata         jsonb,
    notes            text,
    created_at       timestamptz NOT NULL
);

CREATE INDEX order_status_history_order
    ON shop.order_status_history (order_id, created_at);

CREATE TABLE shop.order_tracking_events (
    id            uuid        PRIMARY KEY DEFAULT shop.uuid7(),
    order_id      uuid        NOT NULL REFERENCES shop.orders ON DELETE CASCADE,
    event_type    text        NOT NULL,
    event_data    jsonb,
    event_source  text        NOT NULL,
    location      text,
    occurred_at   timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX order_tracking_events_order
    ON shop.order_tracking_events (order_id, occurred_at);

CREATE TABLE shop.notifications (
    id          uuid        PRIMARY KEY DEFAULT shop.uuid7(),
    user_id     uuid        NOT NULL,
    order_id    uuid,
    type        text        NOT NULL,
    title       text        NOT NULL,
    message     text        NOT NULL,
    priority    text        NOT NULL DEFAULT 'medium'
                            CHECK (priority IN ('low', 'medium', 'high',
                                'urgent')),
    data        jsonb,
    read_at     timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX notifications_user ON shop.notifications (user_id, id);

COMMIT;
