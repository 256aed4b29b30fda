BEGIN;

SET LOCAL ROLE order_owner;

CREATE TABLE shop.users (
    id             uuid        PRIMARY KEY DEFAULT shop.uuid7(),
    email          text        NOT NULL CHECK (length(email) <= 254),
    first_name     text        NOT NULL DEFAULT '',
    last_name      text        NOT NULL DEFAULT '',
    role           text        NOT NULL DEFAULT 'customer'
                               CHECK (role IN ('customer', 'manager',
                                   'driver', 'admin', 'system')),
    password_hash  text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX users_email ON shop.users (lower(email));
CREATE INDEX users_admin ON shop.users (id) WHERE role = 'admin';

COMMENT ON COLUMN shop.users.password_hash IS
    'bcrypt, as shop.password_hash() makes it; NULL: no login with a password.';

COMMIT;
