BEGIN;

SET LOCAL ROLE order_owner;

-- which timeline a standby follows can be told by what it has replayed

CREATE TABLE shop.timeline (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch  int4    NOT NULL
);

COMMENT ON TABLE shop.timeline IS
    'The timeline of the primary, as api.automate() found it.';

INSERT INTO shop.timeline (epoch) VALUES (0);

COMMIT;
