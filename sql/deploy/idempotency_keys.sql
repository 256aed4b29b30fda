BEGIN;

SET LOCAL ROLE order_owner;

CREATE TABLE shop.idempotency_keys (
    user_id      uuid        NOT NULL,
    route        text        NOT NULL,
    key          text        NOT NULL,
    fingerprint  text        NOT NULL,
    http_status  smallint    NOT NULL,
    body         text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, route, key)
);

CREATE INDEX idempotency_keys_age ON shop.idempotency_keys (created_at);

COMMIT;
