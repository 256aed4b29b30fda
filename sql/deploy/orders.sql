BEGIN;

SET LOCAL ROLE order_owner;

CREATE SEQUENCE shop.order_number_seq;

-- ORD-2026-000123; more digits when the numbers need them

CREATE FUNCTION shop.next_order_number() RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_digits text := nextval('shop.order_number_seq');
BEGIN
    RETURN 'ORD-' || extract(year FROM now() AT TIME ZONE 'UTC') || '-'
           || lpad(v_digits, greatest(6, length(v_digits)), '0');
END
$$;

COMMENT ON FUNCTION shop.next_order_number() IS 'A new order number.';

-- version, status_id, final, the times of transitions and stock_taken are
-- kept by triggers; what a writer says of them is not believed.

CREATE TABLE shop.orders (
    id                    uuid          PRIMARY KEY DEFAULT shop.uuid7(),
    order_number          varchar(20)   NOT NULL
                              DEFAULT shop.next_order_number()
                              CONSTRAINT orders_number UNIQUE
                              CHECK (order_number ~ '^[A-Z][A-Z0-9-]*$'),
    version               integer       NOT NULL,
    buyer_id              uuid          NOT NULL REFERENCES shop.users,
    seller_id             uuid          NOT NULL,
    store_id              uuid          NOT NULL REFERENCES shop.stores,
    driver_id             uuid          REFERENCES shop.users,
    workflow              text          NOT NULL,
    status                text          NOT NULL,
    status_id             smallint      NOT NULL,
    final                 boolean       NOT NULL,
    status_updated_at     timestamptz   NOT NULL,

    listing_id            uuid          REFERENCES shop.products,
    quantity              integer       NOT NULL DEFAULT 1
                              CHECK (quantity > 0),
    unit_price            numeric(18,8),
    total_amount          numeric(18,8) NOT NULL
                              CHECK (total_amount >= 0),
    total_discount        numeric(18,8) NOT NULL DEFAULT 0
                              CHECK (total_discount BETWEEN 0
                                     AND total_amount),
    final_total           numeric(18,8) NOT NULL
                              GENERATED ALWAYS AS (total_amount
                                  - total_discount) STORED,
    currency              varchar(10)   NOT NULL,

    payment_method        varchar(50)   NOT NULL,
    payment_status        text          NOT NULL DEFAULT 'pending'
                              CHECK (payment_status IN ('pending', 'paid',
                                  'confirmed', 'locked', 'released',
                                  'refunded', 'failed')),
    payment_intent_id     varchar(255),
    transaction_hash      varchar(66),
    escrow_id             varchar(255),
    processing_fees       numeric(18,8),
    gas_fees              numeric(18,8),

    shipping_address      jsonb,
    shipping_method       varchar(50),
    tracking_number       varchar(100),
    estimated_delivery    date,
    actual_delivery_date  timestamptz,

    order_notes           text,
    special_instructions  text,
    metadata              jsonb,

    stock_taken           boolean       NOT NULL DEFAULT false,
    created_at            timestamptz   NOT NULL DEFAULT now(),
    updated_at            timestamptz   NOT NULL,
    shipped_at            timestamptz,
    completed_at          timestamptz,
    cancelled_at          timestamptz
) WITH (fillfactor = 80);

COMMENT ON COLUMN shop.orders.seller_id IS
    'Always the manager of the store: triggers see to it, a foreign key '
    'would cost every order.';
COMMENT ON COLUMN shop.orders.status_id IS
    'workflow_statuses.id of workflow and status.';
COMMENT ON COLUMN shop.orders.listing_id IS
    'The product, where the order has one line; quantity is of all lines.';
COMMENT ON COLUMN shop.orders.stock_taken IS
    'The items were taken out of stock, and did not go back.';

-- No index holds the status: so a change of status stays on its page (HOT).

CREATE INDEX orders_open ON shop.orders (id) WHERE NOT final;
CREATE INDEX orders_buyer ON shop.orders (buyer_id, id);
CREATE INDEX orders_seller ON shop.orders (seller_id, id);
CREATE INDEX orders_driver ON shop.orders (driver_id, id)
    WHERE driver_id IS NOT NULL;

CREATE TABLE shop.order_items (
    id                   uuid          PRIMARY KEY DEFAULT shop.uuid7(),
    order_id             uuid          NOT NULL
                                       REFERENCES shop.orders ON DELETE CASCADE,
    line                 smallint      NOT NULL CHECK (line > 0),
    product_id           uuid          NOT NULL REFERENCES shop.products,
    product_name         text          NOT NULL,
    product_description  text,
    quantity             integer       NOT NULL
                                       CHECK (quantity BETWEEN 1 AND 1000000),
    unit_price           numeric(18,8) NOT NULL CHECK (unit_price >= 0),
    total_price          numeric(18,8) NOT NULL CHECK (total_price >= 0),
    size                 text,
    color                text,
    product_snapshot     jsonb,
    created_at           timestamptz   NOT NULL DEFAULT now(),
    UNIQUE (order_id, line)
);

CREATE TABLE shop.shipments (
    id                  uuid        PRIMARY KEY DEFAULT shop.uuid7(),
    order_id            uuid        NOT NULL UNIQUE
                                    REFERENCES shop.orders ON DELETE CASCADE,
    method              text        NOT NULL DEFAULT 'standard',
    carrier             text,
    tracking_number     text,
    estimated_delivery  date,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now()
);

-- An open task is "assigned" and has no driver, as in the document.

CREATE TABLE shop.deliveries (
    id               uuid        PRIMARY KEY DEFAULT shop.uuid7(),
    order_id         uuid        NOT NULL UNIQUE
                                 REFERENCES shop.orders ON DELETE CASCADE,
    driver_id        uuid        REFERENCES shop.users,
    delivery_status  text        NOT NULL DEFAULT 'assigned'
                                 CHECK (delivery_status IN ('assigned',
                                     'in_transit', 'delivered', 'closed')),
    delivery_time    timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX deliveries_open ON shop.deliveries (id)
    WHERE delivery_status = 'assigned' AND driver_id IS NULL;
CREATE INDEX deliveries_driver ON shop.deliveries (driver_id, id);

-- a task that a driver rejected is hidden from that driver

CREATE TABLE shop.delivery_rejections (
    delivery_id  uuid        NOT NULL
                             REFERENCES shop.deliveries ON DELETE CASCADE,
    driver_id    uuid        NOT NULL REFERENCES shop.users,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (delivery_id, driver_id)
);

COMMIT;
