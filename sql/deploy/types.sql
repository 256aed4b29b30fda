BEGIN;

SET LOCAL ROLE order_owner;

CREATE TYPE api.record AS (
    order_id      uuid,
    epoch         int4,
    version       int4,
    status        int2,
    final         bool,
    deleted       bool,
    buyer         uuid,
    seller        uuid,
    driver        uuid,
    order_number  text,
    updated_at    timestamptz
);

COMMENT ON TYPE api.record IS
    'One version of an order, in the form every copy of it has.';

CREATE TYPE api.answer AS (
    http_status   int2,
    body          text,
    replayed      bool,
    order_id      uuid,
    epoch         int4,
    version       int4,
    status        int2,
    final         bool,
    deleted       bool,
    buyer         uuid,
    seller        uuid,
    driver        uuid,
    order_number  text,
    updated_at    timestamptz,
    next_cursor   text
);

COMMENT ON TYPE api.answer IS
    'An answer to a request: status and JSON body, and the record of the '
    'order that it read or changed; a further row for each further order, '
    'with neither status nor body.';

-- a line of an order that is being placed

CREATE TYPE shop.order_line AS (
    line         int2,
    product_id   uuid,
    quantity     int4,
    size         text,
    color        text,
    store_id     uuid,
    name         text,
    description  text,
    price        numeric,
    active       bool,
    stock        int4
);

COMMIT;
