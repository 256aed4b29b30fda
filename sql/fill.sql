-- Many open orders, for benchmarks:
--
--     psql -v orders=1000000 -f sql/fill.sql
--
-- Needs sql/demo.sql and a superuser.  The triggers are off: the orders have
-- no history, and the change log does not know them, so it is for a database
-- that no module has read yet.  Their ids are
-- 00000001-0000-7000-8000-00000000000a for the number 10, in hexadecimal,
-- their numbers FILL-10; buyer is buyer@example.com, and store 203.  May be
-- run again with a greater number.

\if :{?orders}
\else
    \set orders 100000
\endif

BEGIN;

SET LOCAL session_replication_role = replica;

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

COMMIT;

ANALYZE shop.orders;
