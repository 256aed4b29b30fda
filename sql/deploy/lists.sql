BEGIN;

SET LOCAL ROLE order_owner;

-- What a list is sorted by, behind whose it is (S4's idx_buyer_status,
-- idx_seller_status and idx_created_at).  The id ends each order, so that a
-- page begins exactly where the one before ended.  A status in front of the
-- total, too: else page 100 of a rare status would read all orders.

DROP INDEX shop.orders_buyer;
DROP INDEX shop.orders_seller;
DROP INDEX shop.orders_driver;

CREATE INDEX orders_buyer ON shop.orders (buyer_id, created_at, id);
CREATE INDEX orders_buyer_status
    ON shop.orders (buyer_id, status, created_at, id);
CREATE INDEX orders_buyer_total ON shop.orders (buyer_id, total_amount, id);
CREATE INDEX orders_buyer_status_total
    ON shop.orders (buyer_id, status, total_amount, id);

CREATE INDEX orders_seller ON shop.orders (seller_id, created_at, id);
CREATE INDEX orders_seller_status
    ON shop.orders (seller_id, status, created_at, id);
CREATE INDEX orders_seller_total ON shop.orders (seller_id, total_amount, id);
CREATE INDEX orders_seller_status_total
    ON shop.orders (seller_id, status, total_amount, id);

CREATE INDEX orders_driver ON shop.orders (driver_id, created_at, id)
    WHERE driver_id IS NOT NULL;
CREATE INDEX orders_driver_status
    ON shop.orders (driver_id, status, created_at, id)
    WHERE driver_id IS NOT NULL;

CREATE INDEX orders_created ON shop.orders (created_at, id);
CREATE INDEX orders_status ON shop.orders (status, created_at, id);

-- How many orders a user has in each status, and what they come to.  Writers
-- only add rows, so that none waits for another; now and then they are folded
-- into one row for each key (shop.fold_tallies()).

CREATE TABLE shop.order_tallies (
    owner     uuid    NOT NULL,
    side      text    NOT NULL CHECK (side IN ('buyer', 'seller')),
    status    text    NOT NULL,
    currency  text    NOT NULL,
    orders    int8    NOT NULL,
    amount    numeric NOT NULL,
    folded    boolean NOT NULL DEFAULT false
);

COMMENT ON TABLE shop.order_tallies IS
    'The sums over all rows of a key count: orders, and their final totals.';

CREATE INDEX order_tallies_owner
    ON shop.order_tallies (owner, side, status);
CREATE INDEX order_tallies_loose ON shop.order_tallies (owner)
    WHERE NOT folded;

INSERT INTO shop.order_tallies
       (owner, side, status, currency, orders, amount, folded)
SELECT v.owner, v.side, o.status, o.currency, count(*), sum(o.final_total),
       true
  FROM shop.orders o,
       LATERAL (VALUES (o.buyer_id, 'buyer'), (o.seller_id, 'seller'))
           AS v (owner, side)
 GROUP BY v.owner, v.side, o.status, o.currency;

COMMIT;
