BEGIN;

CREATE SCHEMA shop AUTHORIZATION order_owner;
CREATE SCHEMA api AUTHORIZATION order_owner;

COMMENT ON SCHEMA shop IS
    'Tables, triggers and helpers; nobody but the owner enters.';

-- in a schema of ours, so that nobody else gets its functions with it

CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA shop;

ALTER DEFAULT PRIVILEGES FOR ROLE order_owner
    REVOKE ALL ON TABLES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE order_owner
    REVOKE ALL ON SEQUENCES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE order_owner
    REVOKE ALL ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE order_owner
    REVOKE ALL ON TYPES FROM PUBLIC;

SET LOCAL ROLE order_owner;

-- the files that are loaded, so that loading them again costs nothing

CREATE TABLE shop.loaded (
    one          boolean     PRIMARY KEY DEFAULT true CHECK (one),
    fingerprint  text        NOT NULL,
    loaded_at    timestamptz NOT NULL DEFAULT now()
);

-- what the operator decides for the whole shop

CREATE TABLE shop.settings (
    one            boolean PRIMARY KEY DEFAULT true CHECK (one),
    trust_payment  boolean NOT NULL DEFAULT false
);

COMMENT ON COLUMN shop.settings.trust_payment IS
    'A customer''s own word that it paid is believed; else a payment is '
    'pending until its webhook came.';

INSERT INTO shop.settings DEFAULT VALUES;

-- A UUID of version 7 (RFC 9562): 48 bits of milliseconds, the rest random.
-- The two bits make a version 4, which gen_random_uuid() gives, a 7.

CREATE FUNCTION shop.uuid7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN encode(set_bit(set_bit(overlay(
                  uuid_send(gen_random_uuid())
                  PLACING substring(int8send(floor(
                      extract(epoch FROM clock_timestamp()) * 1000)::int8)
                      FROM 3)
                  FROM 1 FOR 6),
              52, 1), 53, 1), 'hex')::uuid;

COMMENT ON FUNCTION shop.uuid7() IS
    'A new id that sorts by time: UUID version 7.';

COMMIT;
