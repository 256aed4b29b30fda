-- Analytics of a small history that was worked out by hand.

\ir prelude.psql

SELECT no_plan();

-- March 2026 in Crypto Bazaar (marketplace, USDC); e5 is of before, and was
-- delivered in it; e7 is of another store of the same manager, in USD

SET LOCAL session_replication_role = replica;
INSERT INTO shop.stores (id, name, manager_id, workflow)
VALUES ('00000000-0000-7000-8000-000000000299', 'Second', :market,
        'marketplace');

CREATE FUNCTION pg_temp.e(int) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT ('0000000e-0000-7000-8000-' || lpad($1::text, 12, '0'))::uuid
$$;

INSERT INTO shop.orders
       (id, order_number, version, buyer_id, seller_id, store_id, workflow,
        status, status_id, final, status_updated_at, total_amount,
        total_discount, currency, payment_method, payment_status, created_at,
        updated_at, actual_delivery_date)
SELECT pg_temp.e(v.n), 'E-' || v.n, 1, :buyer, :market, v.store::uuid,
       'marketplace', s.code, s.id, s.final, v.moved, v.total, v.discount,
       v.currency, v.method, v.payment, v.created, v.moved, v.delivered
  FROM (VALUES
    (1, :market_store, 'completed', 100, 10, 'USDC', 'escrow', 'released',
     '2026-03-01T00:00Z'::timestamptz, '2026-03-04T00:00Z'::timestamptz,
     '2026-03-03T00:00Z'::timestamptz),
    (2, :market_store, 'delivered', 50, 0, 'USDC', 'fiat', 'confirmed',
     '2026-03-02T00:00Z', '2026-03-06T00:00Z', '2026-03-06T00:00Z'),
    (3, :market_store, 'cancelled', 7, 0, 'USDC', 'fiat', 'confirmed',
     '2026-03-03T00:00Z', '2026-03-03T02:00Z', NULL),
    (4, :market_store, 'failed', 8, 0, 'USDC', 'fiat', 'failed',
     '2026-03-04T00:00Z', '2026-03-04T01:00Z', NULL),
    (5, :market_store, 'delivered', 20, 0, 'USDC', 'crypto', 'confirmed',
     '2026-02-20T00:00Z', '2026-03-10T00:00Z', '2026-03-10T00:00Z'),
    (6, :market_store, 'processing', 30.00000003, 0, 'USDC', 'crypto',
     'confirmed', '2026-03-31T23:59:59Z', '2026-03-31T23:59:59Z', NULL),
    (7, '00000000-0000-7000-8000-000000000299', 'order_confirmed', 11, 0,
     'USD', 'cash', 'pending', '2026-03-15T00:00Z', '2026-03-15T00:00Z',
     NULL),
    (8, :market_store, 'order_confirmed', 1000, 0, 'USDC', 'cash', 'pending',
     '2026-04-01T00:00Z', '2026-04-01T00:00Z', NULL)
  ) AS v (n, store, status, total, discount, currency, method, payment,
          created, moved, delivered)
  JOIN shop.workflow_statuses s
    ON s.workflow = 'marketplace' AND s.code = v.status;

INSERT INTO shop.order_status_history
       (order_id, previous_status, new_status, in_previous, created_at)
SELECT pg_temp.e(v.n), v.a, v.b, v.d, v.t
  FROM (VALUES
    (1, NULL, 'escrow_locked', NULL::interval,
     '2026-03-01T00:00:30Z'::timestamptz),
    (1, 'escrow_locked', 'order_confirmed', '1 hour', '2026-03-01T01:00Z'),
    (1, 'shipped', 'delivered', '1 day', '2026-03-03T00:00Z'),
    (1, 'delivered', 'completed', '1 day', '2026-03-04T00:00Z'),
    (2, NULL, 'payment_pending', NULL, '2026-03-02T00:00Z'),
    (2, 'payment_pending', 'payment_confirmed', '10 min',
     '2026-03-02T00:10Z'),
    (2, 'shipped', 'delivered', '3 days', '2026-03-06T00:00Z'),
    (3, 'payment_pending', 'payment_confirmed', '20 min',
     '2026-03-03T00:20Z'),
    (3, 'payment_confirmed', 'cancelled', '100 min', '2026-03-03T02:00Z'),
    (4, 'payment_pending', 'failed', '1 hour', '2026-03-04T01:00Z'),
    (5, 'payment_pending', 'payment_confirmed', '1 min',
     '2026-02-20T00:01Z'),
    (5, 'shipped', 'delivered', '17 days', '2026-03-10T00:00Z')
  ) AS v (n, a, b, d, t);

INSERT INTO shop.order_tracking_events
       (order_id, event_type, event_source, event_data, occurred_at)
VALUES (pg_temp.e(6), 'payment_update', 'payment_processor',
        '{"type": "payment.failed", "status": "failed"}',
        '2026-04-01T00:00:00Z'),
       (pg_temp.e(6), 'payment_update', 'payment_processor',
        '{"type": "payment.confirmed", "status": "confirmed"}',
        '2026-04-01T00:00:04Z'),
       (pg_temp.e(4), 'payment_update', 'payment_processor',
        '{"type": "payment.failed", "status": "failed"}',
        '2026-03-04T01:00:00Z');
SET LOCAL session_replication_role = origin;

SELECT body::jsonb AS a FROM api.get_order_analytics(:market, 'manager',
    '2026-03-01Z', '2026-04-01Z', :market_store) \gset

SELECT is(:'a'::jsonb -> 'range', '{"from": "2026-03-01T00:00:00.000Z",
                                    "to": "2026-04-01T00:00:00.000Z"}',
          'the range');

-- five of e1 to e4, e6; e1 and e2 arrived; 90, 50 and 30.00000003 count;
-- fulfilled: e1 in 2 days, e2 in 4, e5 in 18

SELECT is(:'a'::jsonb -> 'orders', '{
    "created": 5, "completed": 2, "creationRatePerDay": 0.1613,
    "completionRate": 0.4, "averageOrderValue": 56.66666668,
    "averageOrderValueByCurrency": {"USDC": 56.66666668},
    "timeToFulfilmentSeconds": 691200}', 'orders');

-- shipped -> delivered took 1, 3 and 17 days

SELECT is(:'a'::jsonb -> 'statuses' -> 'transitions', '[
    {"from": "delivered", "to": "completed", "count": 1,
     "averageSeconds": 86400, "medianSeconds": 86400},
    {"from": "escrow_locked", "to": "order_confirmed", "count": 1,
     "averageSeconds": 3600, "medianSeconds": 3600},
    {"from": "payment_confirmed", "to": "cancelled", "count": 1,
     "averageSeconds": 6000, "medianSeconds": 6000},
    {"from": "payment_pending", "to": "failed", "count": 1,
     "averageSeconds": 3600, "medianSeconds": 3600},
    {"from": "payment_pending", "to": "payment_confirmed", "count": 2,
     "averageSeconds": 900, "medianSeconds": 900},
    {"from": "shipped", "to": "delivered", "count": 3,
     "averageSeconds": 604800, "medianSeconds": 259200}]', 'transitions');
SELECT is(:'a'::jsonb -> 'statuses' -> 'cancellationRateByStatus', '{
    "delivered": 0, "escrow_locked": 0, "payment_confirmed": 1,
    "payment_pending": 0, "shipped": 0}', 'cancellations by status')
 UNION ALL
SELECT is(:'a'::jsonb -> 'statuses' -> 'cancellationRate', '0.2',
          'and of all orders')
 UNION ALL
SELECT is(:'a'::jsonb -> 'statuses' -> 'stuck',
          CASE WHEN now() > '2026-04-02T23:59:59Z' THEN '{"processing": 1}'
               ELSE '{}' END::jsonb, 'stuck for 48 hours');

-- e1 after 30 s, e2 and e3 after 10 and 20 min, e6 after 5 s

SELECT is(:'a'::jsonb -> 'payments', '{
    "distribution": {"crypto": 1, "escrow": 1, "fiat": 3},
    "successRate": {"crypto": 1, "escrow": 1, "fiat": 0.6667},
    "averageProcessingSeconds": {"crypto": 5, "escrow": 30, "fiat": 900}}',
    'payments');

-- whose

SELECT is(body::jsonb -> 'orders' ->> 'created', '6',
          'without a store: all of the manager''s')
       || E'\n' ||
       is(body::jsonb -> 'orders' -> 'averageOrderValueByCurrency',
          '{"USD": 11, "USDC": 56.66666668}', 'by currency')
  FROM api.get_order_analytics(:market, 'manager', '2026-03-01Z',
                               '2026-04-01Z', NULL);
SELECT is((body::jsonb -> 'orders') - 'creationRatePerDay', '{
    "created": 0, "completed": 0, "completionRate": null,
    "averageOrderValue": null, "averageOrderValueByCurrency": {},
    "timeToFulfilmentSeconds": null}',
          'another manager has nothing of it')
       || E'\n' ||
       is(body::jsonb -> 'statuses', '{"transitions": [], "stuck": {},
           "cancellationRateByStatus": {}, "cancellationRate": null}',
          'nor any move')
  FROM api.get_order_analytics(:manager, 'manager', '2026-03-01Z',
                               '2026-04-01Z', NULL);
SELECT is(a.body, b.body, 'an admin sees what the manager sees')
  FROM api.get_order_analytics(:admin, 'admin', '2026-03-01Z', '2026-04-01Z',
                               :market_store) a,
       api.get_order_analytics(:market, 'manager', '2026-03-01Z',
                               '2026-04-01Z', :market_store) b;
SELECT is(body::jsonb -> 'range', jsonb_build_object(
              'from', shop.iso(now() - interval '30 days'),
              'to', shop.iso(now())), 'the last 30 days, unless told')
  FROM api.get_order_analytics(:admin, 'admin', NULL, NULL, NULL);

-- what happens to orders really gets there

SELECT pg_temp.new_order(:market_store, 'escrow') AS id \gset
UPDATE shop.orders SET status = 'order_confirmed' WHERE id = :'id';
UPDATE shop.orders SET status = 'cancelled' WHERE id = :'id';
SELECT is(jsonb_path_query_array(body::jsonb, '$.statuses.transitions[*].to'),
          '["order_confirmed", "cancelled"]'::jsonb, 'moves of today')
       || E'\n' ||
       is((body::jsonb -> 'statuses' -> 'cancellationRateByStatus'
                -> 'order_confirmed')::text, '1', 'and a cancellation')
  FROM api.get_order_analytics(:market, 'manager', now() - interval '1 h',
                               now() + interval '1 h', NULL);

-- refusals

SELECT is(code || coalesce(' ' || (detail -> 'errors' -> 0 ->> 'field'), ''),
          refused, 'refused: ' || what)
  FROM (VALUES ('2026-03-02Z', '2026-03-01Z', NULL, 'OM004 to', 'backwards'),
               ('2026-03-01Z', '2026-03-01Z', NULL, 'OM004 to', 'nothing'),
               ('2025-01-01Z', '2026-03-01Z', NULL, 'OM004 to', 'too much'),
               (NULL, NULL, :shop_store, 'OM002', 'another''s store'),
               (NULL, NULL, :buyer, 'OM001', 'no store'))
           AS v (a, b, store, refused, what),
       LATERAL pg_temp.refusal(format('SELECT api.get_order_analytics(%L,
           ''manager'', %L, %L, %L)', :market, a, b, store));

SELECT * FROM finish();
ROLLBACK;
