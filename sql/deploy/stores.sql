BEGIN;

SET LOCAL ROLE order_owner;

CREATE TABLE shop.stores (
    id             uuid         PRIMARY KEY DEFAULT shop.uuid7(),
    name           text         NOT NULL,
    manager_id     uuid         NOT NULL REFERENCES shop.users,
    workflow       text         NOT NULL REFERENCES shop.workflows,
    rating         numeric(3,2) CHECK (rating BETWEEN 0 AND 5),
    status         text         NOT NULL DEFAULT 'active'
                                CHECK (status IN ('active', 'inactive')),
    delivery_days  integer      NOT NULL DEFAULT 5
                                CHECK (delivery_days BETWEEN 0 AND 365),
    currency       text         NOT NULL DEFAULT 'USD'
                                CHECK (currency ~ '^[A-Z]{3,10}$'),
    notify_admins  boolean      NOT NULL DEFAULT false,
    created_at     timestamptz  NOT NULL DEFAULT now(),
    updated_at     timestamptz  NOT NULL DEFAULT now()
);

CREATE INDEX stores_manager ON shop.stores (manager_id);

CREATE TABLE shop.products (
    id           uuid          PRIMARY KEY DEFAULT shop.uuid7(),
    store_id     uuid          NOT NULL REFERENCES shop.stores,
    name         text          NOT NULL,
    description  text          NOT NULL DEFAULT '',
    price        numeric(18,8) NOT NULL CHECK (price >= 0),
    stock        integer       NOT NULL DEFAULT 0 CHECK (stock >= 0),
    status       text          NOT NULL DEFAULT 'active'
                               CHECK (status IN ('active', 'inactive')),
    created_at   timestamptz   NOT NULL DEFAULT now(),
    updated_at   timestamptz   NOT NULL DEFAULT now()
) WITH (fillfactor = 80);

CREATE INDEX products_store ON shop.products (store_id, id);

COMMIT;
