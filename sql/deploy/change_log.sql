BEGIN;

SET LOCAL ROLE order_owner;

-- One row for each version of each order, and one for its deletion, with
-- all that a copy of the order needs.
--
-- The partitions are a ring of four UTC days: today's, the two before, and
-- the one that is emptied for tomorrow (shop.change_log_rotate()).  So a
-- partition never has to be made, and an insert never lacks one; if nobody
-- empties them, they only grow.

CREATE TABLE shop.change_log (
    slot          smallint    NOT NULL DEFAULT
                              (extract(epoch FROM now())::int8 / 86400) % 4,
    xid           xid8        NOT NULL DEFAULT pg_current_xact_id(),
    order_id      uuid        NOT NULL,
    version       integer     NOT NULL,
    status        smallint    NOT NULL,
    old_status    smallint,
    final         boolean     NOT NULL,
    deleted       boolean     NOT NULL,
    buyer         uuid        NOT NULL,
    seller        uuid        NOT NULL,
    driver        uuid,
    actor         uuid,
    order_number  text        NOT NULL,
    updated_at    timestamptz NOT NULL
) PARTITION BY LIST (slot);

CREATE TABLE shop.change_log_0 PARTITION OF shop.change_log FOR VALUES IN (0);
CREATE TABLE shop.change_log_1 PARTITION OF shop.change_log FOR VALUES IN (1);
CREATE TABLE shop.change_log_2 PARTITION OF shop.change_log FOR VALUES IN (2);
CREATE TABLE shop.change_log_3 PARTITION OF shop.change_log FOR VALUES IN (3);

CREATE INDEX change_log_xid ON shop.change_log (xid);
CREATE INDEX change_log_updated_at ON shop.change_log USING brin (updated_at)
    WITH (pages_per_range = 8);

-- the greatest xid whose rows were removed

CREATE TABLE shop.change_log_floor (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    xid  xid8    NOT NULL
);

-- what was changed before the log was there is not in it

INSERT INTO shop.change_log_floor (xid) VALUES (pg_current_xact_id());

COMMIT;
