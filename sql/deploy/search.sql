BEGIN;

SET LOCAL ROLE order_owner;

-- What an order is found by.  Not a column of orders: each change of status
-- would write it again.

CREATE TABLE shop.order_search (
    order_id  uuid     PRIMARY KEY
                       REFERENCES shop.orders ON DELETE CASCADE,
    document  tsvector NOT NULL
);

CREATE INDEX order_search_document
    ON shop.order_search USING gin (document);

-- a notification is read when its read_at says so, or when it is not newer
-- than what its user has read up to

CREATE TABLE shop.notification_marks (
    user_id     uuid        PRIMARY KEY,
    read_until  uuid        NOT NULL,
    read_at     timestamptz NOT NULL
);

CREATE INDEX notifications_unread ON shop.notifications (user_id, id)
    WHERE read_at IS NULL;

COMMIT;
