-- Many orders, for benchmarks:
--
--     psql -v orders=1000000 [-v mixed=1] -f sql/fill.sql
--
-- Needs sql/demo.sql and a superuser.  The triggers are off: the orders have
-- no history, and the change log does not know them, so it is for a database
-- that no module has read yet.  Their ids are
-- 00000001-0000-7000-8000-00000000000a for the number 10, in hexadecimal,
-- their numbers FILL-10; buyer is buyer@example.com, and store 203.  May be
-- run again with a greater number; the tallies of the buyer and the seller
-- are counted anew.
--
-- All are pending, cost 100 and are of this moment.  With mixed=1 they are of
-- all statuses, prices and payment methods, of the last 365 days (the number
-- 1 is the oldest), and have an item and a search document each.

\if :{?orders}
\else
    \set orders 100000
\endif

\if :{?mixed}
\else
    \set mixed 0
\endif

BEGIN;

SET LOCAL session_replication_role = replica;

CREATE TEMP TABLE filled ON COMMIT DROP AS
SELECT max(substr(order_number, 6)::int) AS last
  FROM shop.orders WHERE order_number ~ '^FILL-';

\if :mixed

-- of each 1000: 600 delivered, 120 shipped, 80 processing, 60 confirmed,
-- 80 pending, 59 cancelled, 1 returned; neighbours differ

INSERT INTO shop.orders
       (id, order_number, version, buyer_id, seller_id, store_id, workflow,
        status, status_id, final, status_updated_at, listing_id, quantity,
        unit_price, total_amount, currency, payment_method, payment_status,
        created_at, updated_at, shipped_at, actual_delivery_date,
        completed_at, cancelled_at)
SELECT ('00000001-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       'FILL-' || n, 1,
       '00000000-0000-7000-8000-000000000101',
       '00000000-0000-7000-8000-000000000103',
       '00000000-0000-7000-8000-000000000203', 'shop',
       s.code, s.id, s.final, t.created_at,
       ('00000000-0000-7000-8000-00000000033' || 1 + n % 5)::uuid, 1,
       t.price, t.price, 'USD',
       (ARRAY['card', 'fiat', 'crypto', 'escrow'])[1 + n % 4],
       CASE WHEN s.id BETWEEN 22 AND 25 THEN 'paid' ELSE 'pending' END,
       t.created_at, t.created_at,
       CASE WHEN s.id IN (24, 25, 27) THEN t.created_at END,
       CASE WHEN s.id = 25 THEN t.created_at END,
       CASE WHEN s.id = 25 THEN t.created_at END,
       CASE WHEN s.id = 26 THEN t.created_at END
  FROM generate_series(1, :orders) n,
       LATERAL (SELECT n::int8 * 7919 % 1000 AS k,
                       10 + (n::int8 * 104729 % 4000) * 0.25 AS price,
                       now() - interval '365 days'
                       + n * (interval '365 days' / :orders)
                           AS created_at) t
  JOIN shop.workflow_statuses s
    ON s.workflow = 'shop'
   AND s.code = CASE WHEN t.k < 600 THEN 'delivered'
                     WHEN t.k < 720 THEN 'shipped'
                     WHEN t.k < 800 THEN 'processing'
                     WHEN t.k < 860 THEN 'confirmed'
                     WHEN t.k < 940 THEN 'pending'
                     WHEN t.k < 999 THEN 'cancelled'
                     ELSE 'returned' END
 WHERE n > (SELECT coalesce(max(last), 0) FROM filled)
 ORDER BY n
ON CONFLICT DO NOTHING;

INSERT INTO shop.order_items
       (order_id, line, product_id, product_name, quantity, unit_price,
        total_price)
SELECT o.id, 1, o.listing_id, p.name, o.quantity, o.unit_price,
       o.total_amount
  FROM shop.orders o
  JOIN shop.products p ON p.id = o.listing_id
 WHERE o.order_number ~ '^FILL-'
 ORDER BY o.id
ON CONFLICT DO NOTHING;

SELECT count(shop.index_orders(ids))
  FROM (SELECT array_agg(o.id ORDER BY o.id) AS ids
          FROM shop.orders o
         WHERE o.order_number ~ '^FILL-'
           AND NOT EXISTS (SELECT FROM shop.order_search s
                            WHERE s.order_id = o.id)
         GROUP BY substr(o.order_number, 6)::int / 10000) chunk
\g /dev/null

\else

INSERT INTO shop.orders
       (id, order_number, version, buyer_id, seller_id, store_id, workflow,
        status, status_id, final, status_updated_at, total_amount, currency,
        payment_method, updated_at)
SELECT ('00000001-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       'FILL-' || n, 1,
       '00000000-0000-7000-8000-000000000101',
       '00000000-0000-7000-8000-000000000103',
       '00000000-0000-7000-8000-000000000203', 'shop',
       'pending', 21, false, now(), 100, 'USD', 'card', now()
  FROM generate_series(1, :orders) n
ON CONFLICT DO NOTHING;

\endif

WITH gone AS (
    DELETE FROM shop.order_tallies
     WHERE owner IN ('00000000-0000-7000-8000-000000000101',
                     '00000000-0000-7000-8000-000000000103')
)
INSERT INTO shop.order_tallies
       (owner, side, status, currency, orders, amount, folded)
SELECT buyer_id, 'buyer', status, currency, count(*), sum(final_total), true
  FROM shop.orders
 WHERE buyer_id = '00000000-0000-7000-8000-000000000101'
 GROUP BY buyer_id, status, currency
 UNION ALL
SELECT seller_id, 'seller', status, currency, count(*), sum(final_total),
       true
  FROM shop.orders
 WHERE seller_id = '00000000-0000-7000-8000-000000000103'
 GROUP BY seller_id, status, currency;

SELECT shop.count_orders() \g /dev/null

COMMIT;

ANALYZE shop.orders;

\if :mixed

ANALYZE shop.order_items;
ANALYZE shop.order_search;

\endif
