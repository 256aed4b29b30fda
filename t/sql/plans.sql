-- What the lists and the pushes read, of many orders: their page, and little
-- more.  Reads are counted by the table's statistics: a plan that read or
-- sorted all would show there.

\ir prelude.psql

SELECT no_plan();

SET LOCAL session_replication_role = replica;
SET LOCAL work_mem = '64MB';

-- 60,000 of one seller, who has been idle since, and 40,000 newer ones of
-- another; 50,000 each of two buyers; some of the first 40,000 are returned,
-- and no later one

INSERT INTO shop.orders
       (id, order_number, version, buyer_id, seller_id, store_id, driver_id,
        workflow, status, status_id, final, status_updated_at, total_amount,
        currency, payment_method, created_at, updated_at)
SELECT ('00000002-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       'PLAN-' || n, 1, (ARRAY[:buyer, :buyer2]::uuid[])[1 + n % 2],
       CASE WHEN n <= 60000 THEN :seller ELSE :manager END::uuid,
       CASE WHEN n <= 60000 THEN :shop_store ELSE :delivery_store END::uuid,
       CASE WHEN n % 10 = 0 THEN :driver END::uuid, 'shop',
       s.code, s.id, s.final, now(), n::int8 * 104729 % 4000 / 4.0, 'USD',
       'card', '2026-01-01Z'::timestamptz + n * interval '1 minute', now()
  FROM generate_series(1, 100000) n
  JOIN shop.workflow_statuses s
    ON s.workflow = 'shop'
   AND s.code = CASE WHEN n % 500 = 1 AND n < 40000 THEN 'returned'
                     WHEN n % 10 < 7 THEN 'delivered'
                     ELSE 'pending' END;

INSERT INTO shop.order_search
SELECT o.id, array_to_tsvector(ARRAY['b:' || buyer_id, 's:' || store_id])
             || to_tsvector('simple', 'many'
                    || CASE WHEN n % 5000 = 1 THEN ' few' ELSE '' END
                    || CASE WHEN n < 40000 THEN ' old' ELSE '' END)
  FROM shop.orders o, substr(o.order_number, 6) d, CAST(d AS int) n
 WHERE o.order_number ~ '^PLAN-';

INSERT INTO shop.order_tallies
SELECT v.owner, v.side, o.status, o.currency, count(*), sum(o.final_total),
       true
  FROM shop.orders o,
       LATERAL (VALUES (o.buyer_id, 'buyer'), (o.seller_id, 'seller'))
           AS v (owner, side)
 WHERE o.order_number ~ '^PLAN-'
 GROUP BY v.owner, v.side, o.status, o.currency;

-- all but the last two are of a minute ago

INSERT INTO shop.notifications (id, user_id, type, title, message)
SELECT CASE WHEN n > 99998 THEN shop.uuid7()
            ELSE (lpad(to_hex((extract(epoch FROM clock_timestamp()
                                       - interval '1 min') * 1000)::int8),
                       12, '0')
                  || '70008000' || lpad(n::text, 12, '0'))::uuid END,
       :buyer, 'order_update', 'Order Status Updated', 'Order ' || n
  FROM generate_series(1, 100000) n;

SET LOCAL session_replication_role = origin;

-- three versions are new, of another transaction than this one

INSERT INTO shop.change_log (xid, order_id, version, status, final, deleted,
                             buyer, seller, actor, order_number, updated_at)
SELECT CASE WHEN o.id IN ('00000002-0000-7000-8000-000000000001',
                          '00000002-0000-7000-8000-000000009c40',
                          '00000002-0000-7000-8000-0000000186a0')
            THEN '9000000000' ELSE '3' END::xid8,
       o.id, v, status_id, final, false, buyer_id, seller_id, seller_id,
       order_number, now() - interval '1 min'
  FROM shop.orders o, generate_series(2, 3) v
 WHERE order_number ~ '^PLAN-';

INSERT INTO shop.users (id, email)
SELECT ('00000003-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
       n || '@plans.example.com'
  FROM generate_series(1, 50000) n;

ANALYZE shop.users;
ANALYZE shop.change_log;
ANALYZE shop.orders;
ANALYZE shop.order_search;
ANALYZE shop.order_tallies;
ANALYZE shop.notifications;

-- what a call of api reads of a table: whole scans, and rows

CREATE FUNCTION pg_temp.reads(p_table text, p_call text, OUT scans bigint,
                              OUT fetched bigint, OUT answered int)
LANGUAGE plpgsql AS $$
DECLARE
    v_before  record;
    v_body    json;
BEGIN
    SELECT * INTO v_before FROM pg_stat_xact_user_tables
     WHERE relid = ('shop.' || p_table)::regclass;
    EXECUTE format('SELECT body FROM api.%s', p_call) INTO v_body;
    SELECT s.seq_scan - v_before.seq_scan,
           s.idx_tup_fetch - v_before.idx_tup_fetch
      INTO scans, fetched
      FROM pg_stat_xact_user_tables s
     WHERE relid = ('shop.' || p_table)::regclass;
    answered := CASE json_typeof(v_body)
                WHEN 'array' THEN json_array_length(v_body)
                ELSE json_array_length(coalesce(v_body -> 'orders',
                                            v_body -> 'notifications',
                                            '[]')) END;
END
$$;

-- first pages, pages behind a cursor in the middle, and page 100

CREATE TEMP TABLE calls AS
SELECT format('list_%s_orders(%L, %L, %L, %L, %s, 20, %L, %L, %L)', v.side,
              v.owner, v.role, v.owner, status, page, sort, direction, after)
           AS call,
       (page - 1) * 20 + 64 AS most
  FROM (VALUES ('buyer', :buyer, 'customer'), ('seller', :seller, 'manager'))
           AS v (side, owner, role),
       unnest(ARRAY[NULL, 'delivered', 'pending', 'returned']) status,
       unnest(ARRAY['createdAt', 'status', 'totalAmount']) sort,
       unnest(ARRAY['asc', 'desc']) direction,
       (VALUES (1, NULL), (100, NULL),
               (1, '00000002-0000-7000-8000-00000000c350'))
           AS p (page, after);

INSERT INTO calls
SELECT format('list_orders(%L, %L, %L, %s, 20, %L, %L, %L)', v.owner, v.role,
              status, page, direction, after, shape),

       -- a driver's orders are counted

       (page - 1) * 20 + 64
       + CASE WHEN v.role = 'driver' AND shape = 'order' THEN 10000 ELSE 0 END
  FROM (VALUES ('customer', :buyer), ('manager', :seller),
               ('driver', :driver), ('admin', :admin))
           AS v (role, owner),
       unnest(ARRAY[NULL, 'delivered', 'returned']) status,
       unnest(ARRAY['asc', 'desc']) direction,
       unnest(ARRAY['bare', 'order']) shape,
       (VALUES (1, NULL), (100, NULL),
               (1, '00000002-0000-7000-8000-00000000c350'))
           AS p (page, after);

INSERT INTO calls
SELECT format('list_user_orders_detailed(%L, ''customer'', 20, %L)', :buyer,
              after), 64
  FROM unnest(ARRAY[NULL, '00000002-0000-7000-8000-00000000c350']) after;

INSERT INTO calls
SELECT format('get_user_stats(%L, ''customer'', %1$L)', :buyer), 0;

CREATE TEMP TABLE results AS
SELECT c.*, r.*
  FROM calls c, LATERAL pg_temp.reads('orders', c.call) r;

SELECT is_empty('SELECT call FROM results WHERE scans > 0',
                'no list scans the orders');
SELECT is_empty('SELECT call, fetched, most FROM results
                  WHERE fetched > most',
                'each reads its page, what it skips by number, and no more');
SELECT cmp_ok((SELECT count(*) FROM results WHERE answered = 20), '>',
              150::bigint, 'and nearly all have a full page');
SELECT is((SELECT max(fetched) FROM results WHERE call ~ '^get_user_stats'),
          0::bigint, 'statistics read no order');

-- an entry of an index that is read and not taken is no row: pages tell

CREATE FUNCTION pg_temp.pages(p_call text) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    v_plan  json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT json) SELECT * FROM api.'
            || p_call INTO v_plan;
    RETURN (v_plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::int
           + (v_plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::int;
END
$$;

SELECT cmp_ok((SELECT max(pg_temp.pages(call)) FROM calls
                WHERE call ~ '^list_(buyer|seller)' AND most = 64), '<', 400,
              'nor does a first page, or one behind a cursor, pass over many '
              'entries of an index');

-- what pushes read

SELECT cmp_ok(pg_temp.pages(format('newest_orders(%L, %L)', v.owner, v.role)),
              '<', 600, 'the newest orders of a ' || v.role)
  FROM (VALUES ('customer', :buyer), ('manager', :seller),
               ('driver', :driver), ('admin', :admin),
               ('customer', '00000000-0000-7000-8000-000000000999'))
           AS v (role, owner);
SELECT cmp_ok(pg_temp.pages(
                  'order_changes(''00000002-0000-7000-8000-000000009c40'', 2)'),
              '<', 500, 'the versions of one order')
  FROM unnest(ARRAY['auto', 'force_generic_plan']) mode,
       set_config('plan_cache_mode', mode, true);
SELECT cmp_ok(pg_temp.pages(format('feed_read(%L)', shop.epoch() || '/'
                                       || pg_current_snapshot())),
              '<', 500, 'what is new: with who did it, and nothing whole')
  FROM unnest(ARRAY['auto', 'force_generic_plan']) mode,
       set_config('plan_cache_mode', mode, true);
SET LOCAL plan_cache_mode = auto;

-- what the figures of the shop read: the ends of an index, and no order

SELECT is((r.scans, r.fetched <= 100), (0::bigint, true),
          'the figures of the shop scan no orders')
  FROM pg_temp.reads('orders', 'order_metrics(), (VALUES (''[]''::json))
                                    AS v (body)') r;
SELECT cmp_ok(pg_temp.pages('order_metrics()'), '<', 1500,
              'nor anything else of many')
  FROM unnest(ARRAY['auto', 'force_generic_plan']) mode,
       set_config('plan_cache_mode', mode, true);
SET LOCAL plan_cache_mode = auto;

-- search: bounded, whatever is asked for

CREATE TEMP TABLE searches AS
SELECT v.role, q, status, r.*
  FROM (VALUES ('customer', :buyer), ('manager', :seller),
               ('driver', :driver), ('admin', :admin))
           AS v (role, owner),
       unnest(ARRAY['many', 'few', 'old', 'none', '-many', 'many none',
                    'old few']) q,
       unnest(ARRAY[NULL, 'pending', 'returned']) status,
       LATERAL pg_temp.reads('orders', format(
           'search_orders(%L, %L, %L, %L, NULL, NULL, NULL, NULL, NULL, 20,
                          NULL)', v.owner, v.role, q, status)) r;

SELECT is_empty('SELECT * FROM searches WHERE scans > 0',
                'no search scans the orders');
SELECT is_empty($$ SELECT * FROM searches
                    WHERE fetched > CASE q WHEN 'many' THEN 1200
                                           WHEN 'few' THEN 1200
                                           WHEN 'none' THEN 1100
                                           ELSE 12000 END $$,
                'a search looks at as many as it says');
SELECT is((pg_temp.reads('order_search', format(
              'search_orders(%L, ''admin'', %L, NULL, NULL, NULL, NULL, NULL,
                             NULL, 20, NULL)', :admin, q))).scans, 0::bigint,
          'nor scans the documents for: ' || q)
  FROM unnest(ARRAY['many', 'few', 'none', '-many']) q;

-- notifications

SELECT id AS middle FROM shop.notifications WHERE user_id = :buyer
 ORDER BY id OFFSET 50000 LIMIT 1 \gset

CREATE TEMP TABLE notified AS
SELECT search, unread, r.*,
       1100 + CASE WHEN search IS NULL THEN 0 ELSE 10000 END AS most
  FROM unnest(ARRAY[NULL, 'Status', '99999', 'none']) search,
       unnest(ARRAY[false, true]) unread,
       unnest(ARRAY[NULL, :'middle']) after,
       LATERAL pg_temp.reads('notifications', format(
           'list_notifications(%L, ''customer'', %L, %L, 20, %L)', :buyer,
           search, unread, after)) r;

SELECT is_empty('SELECT * FROM notified WHERE scans > 0 OR fetched > most',
                'notifications: a page, the unread, and 5000 of a search');
SELECT is((r.scans, r.fetched <= 6), (0::bigint, true),
          'all are read at once, however many')
  FROM pg_temp.reads('notifications', format(
           'read_all_notifications(%L, ''customer'')', :buyer)) r;

-- the outbox, with much that is over and little that waits

UPDATE shop.outbox_settings
   SET mail = true, mail_from = 'a@b.example', base_url = 'https://b.example';
INSERT INTO shop.webhook_endpoints (store_id, url, events, secret)
SELECT :shop_store, 'https://b.example/' || n, '{order.deleted}', 'whsec_'
  FROM generate_series(1, 3) n;
SELECT id AS endpoint FROM shop.webhook_endpoints LIMIT 1 \gset
INSERT INTO shop.outbox (kind, event, endpoint_id, body, state, finished_at)
SELECT 'webhook', 'order.deleted', e.id, '{}',
       CASE WHEN n % 1000 = 0 THEN 'failed' ELSE 'done' END, now()
  FROM shop.webhook_endpoints e, generate_series(1, 20000) n;
INSERT INTO shop.outbox (kind, event, endpoint_id, body)
SELECT 'webhook', 'order.deleted', e.id, '{}'
  FROM shop.webhook_endpoints e, generate_series(1, 100);
ANALYZE shop.outbox;

CREATE FUNCTION pg_temp.outbox_reads(p_call text, OUT scans bigint,
                                     OUT fetched bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_before  record;
BEGIN
    SELECT * INTO v_before FROM pg_stat_xact_user_tables
     WHERE relid = 'shop.outbox'::regclass;
    EXECUTE 'SELECT count(x) FROM ' || p_call || ' AS x';
    SELECT s.seq_scan - v_before.seq_scan,
           s.idx_tup_fetch - v_before.idx_tup_fetch
      INTO scans, fetched
      FROM pg_stat_xact_user_tables s
     WHERE relid = 'shop.outbox'::regclass;
END
$$;

SELECT is((r.scans, r.fetched <= v.most), (0::bigint, true),
          v.call || ' reads ' || r.fetched)
  FROM (VALUES ('dispatch.take(''{mail,webhook}'', 10, ''1 min'')', 400),
               ('dispatch.take(''{mail,webhook}'', 10, ''1 min'')', 400),
               ('dispatch.next_due(''{mail,webhook}'')', 100),
               ('dispatch.maintain()', 400), ('shop.outbox_metrics()', 800),
               (format('api.list_webhook_deliveries(%L, ''admin'', %L, NULL,
                            20, NULL)', :admin, :'endpoint'), 100),
               (format('api.list_webhook_deliveries(%L, ''admin'', %L,
                            ''failed'', 20, NULL)', :admin, :'endpoint'), 100),
               (format('api.list_webhook_deliveries(%L, ''admin'', %L,
                            ''waiting'', 20, NULL)', :admin, :'endpoint'),
                100)) AS v (call, most),
       LATERAL pg_temp.outbox_reads(v.call) r;

SELECT * FROM finish();
ROLLBACK;
