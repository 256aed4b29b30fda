BEGIN;

SET LOCAL ROLE order_owner;

CREATE TABLE shop.carts (
    id          uuid        PRIMARY KEY DEFAULT shop.uuid7(),
    user_id     uuid        NOT NULL UNIQUE
                            REFERENCES shop.users ON DELETE CASCADE,
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- another size or color of a product is another line

CREATE TABLE shop.cart_items (
    id          uuid        PRIMARY KEY DEFAULT shop.uuid7(),
    cart_id     uuid        NOT NULL REFERENCES shop.carts ON DELETE CASCADE,
    product_id  uuid        NOT NULL REFERENCES shop.products ON DELETE CASCADE,
    quantity    integer     NOT NULL CHECK (quantity BETWEEN 1 AND 1000000),
    size        text,
    color       text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT cart_items_line
        UNIQUE NULLS NOT DISTINCT (cart_id, product_id, size, color)
);

CREATE INDEX cart_items_product ON shop.cart_items (product_id);

COMMIT;
