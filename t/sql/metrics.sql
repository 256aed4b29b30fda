-- The figures of the shop: exact, whoever commits when.

\ir prelude.psql
\ir sessions.psql

SELECT no_plan();

SELECT pg_temp.open(s) FROM unnest(ARRAY['a', 'b', 'm', 'n']) s \g /dev/null

-- what there is, in a session of its own, as it was last and as it is now:
-- orders{workflow="shop",status="pending"} 5 is "orders shop pending" and 5

CREATE FUNCTION pg_temp.scrape(p_session text)
RETURNS TABLE (sample text, value numeric)
LANGUAGE sql AS $$
    SELECT regexp_replace(m[1], '[{,][a-z_]+="(\w+)"', ' \1', 'g'),
           m[2]::numeric
      FROM regexp_matches(
               pg_temp.run(p_session, 'SELECT api.order_metrics()'),
               '^nginx_order_([a-z_]+\{[^}]*)\} (\S+)$', 'gn') m
$$;

CREATE TEMP TABLE last AS SELECT * FROM pg_temp.scrape('m');

CREATE FUNCTION pg_temp.news(p_session text DEFAULT 'm') RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE now AS SELECT * FROM pg_temp.scrape(p_session);
    RETURN QUERY
    SELECT sample || CASE WHEN d > 0 THEN ' +' ELSE ' ' END || trim_scale(d)
      FROM now n
      LEFT JOIN last l USING (sample),
           LATERAL (SELECT n.value - coalesce(l.value, 0)) AS v (d)
     WHERE d <> 0 AND sample !~ '_sum|^oldest'
     ORDER BY sample COLLATE "C";
    DROP TABLE last;
    ALTER TABLE now RENAME TO last;
END
$$;

CREATE FUNCTION pg_temp.is_news(p_news text, p_title text) RETURNS text
LANGUAGE sql AS $$
    SELECT is((SELECT string_agg(n, E'\n') FROM pg_temp.news() n),
              regexp_replace(p_news, '^\s+', '', 'gn'), p_title)
$$;

CREATE FUNCTION pg_temp.add(p_session text, p_store text, p_method text,
                            p_status text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    v_id  uuid := shop.uuid7();
BEGIN
    PERFORM pg_temp.run(p_session, format(
        'INSERT INTO shop.orders (id, buyer_id, store_id, payment_method,
                                  status, total_amount, total_discount,
                                  order_notes)
         VALUES (%L, ''00000000-0000-7000-8000-000000000101'', %L, %L, %L,
                 100.5, 0.25, ''metrics'')', v_id, p_store, p_method,
        p_status));
    RETURN v_id;
END
$$;

CREATE FUNCTION pg_temp.move(p_session text, p_order uuid,
                             VARIADIC p_to text[])
RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(pg_temp.run(p_session, format(
               'UPDATE shop.orders SET status = %L WHERE id = %L', s,
               p_order)), ' ')
      FROM unnest(p_to) s
$$;

SELECT is_empty($$ SELECT * FROM pg_temp.news() $$,
                'nothing happened: nothing is counted');

-- four lives

SELECT pg_temp.add('a', :shop_store, 'Credit Card') AS shop \gset
SELECT pg_temp.is_news($$
    created_total shop credit_card USD +1
    created_value_total USD +100.25
    orders shop pending +1$$, 'a new order');
SELECT pg_temp.move('a', :'shop', 'confirmed', 'processing', 'shipped',
                    'delivered') \g /dev/null
SELECT pg_temp.is_news($$
    completed_total shop +1
    fulfilment_duration_seconds_count shop +1
    orders shop delivered +1
    orders shop pending -1
    transition_duration_seconds_count shop confirmed processing +1
    transition_duration_seconds_count shop pending confirmed +1
    transition_duration_seconds_count shop processing shipped +1
    transition_duration_seconds_count shop shipped delivered +1$$,
    'shop: to the end');

SELECT pg_temp.add('a', :cart_store, E'x"\\\n{') AS cart \gset
SELECT pg_temp.move('a', :'cart', 'processing', 'cancelled') \g /dev/null
SELECT pg_temp.is_news($$
    cancelled_total cart processing +1
    created_total cart other USD +1
    created_value_total USD +100.25
    orders cart cancelled +1
    transition_duration_seconds_count cart pending processing +1
    transition_duration_seconds_count cart processing cancelled +1$$,
    'cart: cancelled, with a method that nobody knows');

SELECT pg_temp.add('a', :delivery_store, 'cash') AS delivery \gset
SELECT pg_temp.move('a', :'delivery', 'preparing', 'out_for_delivery',
                    'delivered') \g /dev/null
SELECT pg_temp.run('a', format('UPDATE shop.orders SET payment_status = %L
    WHERE id = %L', p, :'delivery')) FROM unnest(ARRAY['failed', 'paid',
    'confirmed', 'refunded', 'refunded']) p \g /dev/null
SELECT pg_temp.is_news($$
    completed_total delivery +1
    created_total delivery cash USD +1
    created_value_total USD +100.25
    fulfilment_duration_seconds_count delivery +1
    orders delivery delivered +1
    payment_duration_seconds_count cash +1
    payments_total cash confirmed +1
    payments_total cash failed +1
    payments_total cash refunded +1
    transition_duration_seconds_count delivery out_for_delivery delivered +1
    transition_duration_seconds_count delivery pending preparing +1
    transition_duration_seconds_count delivery preparing out_for_delivery +1$$,
    'delivery: a payment that failed, came, and went back');

SELECT pg_temp.add('a', :market_store, 'escrow', 'payment_pending')
    AS market \gset
SELECT pg_temp.move('a', :'market', 'escrow_locked', 'order_confirmed',
                    'processing', 'ready_to_ship', 'shipped', 'delivered',
                    'completed') \g /dev/null
SELECT pg_temp.add('a', :market_store, 'crypto', 'payment_pending')
    AS failed \gset
SELECT pg_temp.move('a', :'failed', 'failed') \g /dev/null
SELECT bag_has($$ SELECT * FROM pg_temp.news() $$, $$ VALUES
    ('completed_total marketplace +1'),
    ('fulfilment_duration_seconds_count marketplace +1'),
    ('orders marketplace completed +1'),
    ('orders marketplace failed +1'),
    ('created_total marketplace crypto USDC +1'),
    ('payments_total escrow confirmed +1'),
    ('payments_total crypto failed +1') $$,
    'marketplace: completed once, paid and failed by status');

-- durations are sums of what the history says

SELECT pg_temp.run('a', format('SET session_replication_role = replica;
    UPDATE shop.orders SET created_at = created_at - interval ''1000.25 s'',
           status_updated_at = status_updated_at - interval ''500.5 s''
     WHERE id = %L;
    SET session_replication_role = origin', id))
  FROM (SELECT pg_temp.add('b', :shop_store, 'card')) AS v (id) \g /dev/null
SELECT id AS slow FROM shop.orders
 WHERE order_notes = 'metrics' ORDER BY id DESC LIMIT 1 \gset
CREATE TEMP TABLE early AS SELECT * FROM pg_temp.scrape('m');
SELECT cmp_ok(value, '>=', 500.5, 'the oldest of a status')
  FROM early WHERE sample = 'oldest_seconds shop pending';
SELECT pg_temp.move('a', :'slow', 'confirmed') \g /dev/null
SELECT is((SELECT l.value - coalesce(e.value, 0)
             FROM pg_temp.scrape('m') l LEFT JOIN early e USING (sample)
            WHERE sample = 'transition_duration_seconds_sum shop pending '
                           'confirmed'),
          (SELECT extract(epoch FROM in_previous)
             FROM shop.order_status_history
            WHERE order_id = :'slow' AND previous_status = 'pending'),
          'time in a status: as in the history');
SELECT pg_temp.run('a', format('UPDATE shop.orders SET payment_status = %L
    WHERE id = %L', 'paid', :'slow')) \g /dev/null
SELECT is((SELECT l.value - coalesce(e.value, 0)
             FROM pg_temp.scrape('m') l LEFT JOIN early e USING (sample)
            WHERE sample = 'payment_duration_seconds_sum card'),
          (SELECT extract(epoch FROM updated_at - created_at)
             FROM shop.orders WHERE id = :'slow'),
          'time to the payment');

-- stuck: only where the status says so

SELECT pg_temp.move('a', :'slow', 'processing') \g /dev/null
SELECT count(*) FROM pg_temp.news() \g /dev/null

CREATE FUNCTION pg_temp.age(p_order uuid, p_age interval) RETURNS text
LANGUAGE sql AS $$
    SELECT pg_temp.run('a', format('SET session_replication_role = replica;
        UPDATE shop.orders SET status_updated_at = now() - %L::interval
         WHERE id = %L;
        SET session_replication_role = origin', p_age, p_order))
$$;

SELECT pg_temp.age(:'slow', '47 hours') \g /dev/null
SELECT is_empty($$ SELECT * FROM pg_temp.news() $$, 'not stuck yet');
SELECT pg_temp.age(:'slow', '49 hours') \g /dev/null
SELECT pg_temp.is_news(
    'stuck_orders shop processing +1', 'stuck');
SELECT cmp_ok(value, '>=', 49 * 3600.0, 'for that long')
  FROM last
 WHERE sample = 'oldest_seconds shop processing';
SELECT pg_temp.run('a', 'SELECT api.automate()') \g /dev/null
SELECT is_empty($$ SELECT * FROM pg_temp.news() $$,
                'that somebody was told of it is no change');
SELECT pg_temp.move('a', :'slow', 'shipped') \g /dev/null
SELECT ok('stuck_orders shop processing -1'
          = ANY (ARRAY(SELECT pg_temp.news())), 'and on its way again');

-- deleted

SELECT pg_temp.run('a', format('DELETE FROM shop.orders WHERE id = %L',
                               :'slow')) \g /dev/null
SELECT pg_temp.is_news('orders shop shipped -1',
                       'a deleted order is gone; what it did stays');

-- a change of anything else

SELECT pg_temp.run('a', format('UPDATE shop.orders SET tracking_number = %L
    WHERE id = %L', 'x', :'shop')) \g /dev/null
SELECT is_empty($$ SELECT * FROM pg_temp.news() $$,
                'what is neither status nor payment counts nowhere');

-- transactions

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.add('a', :shop_store, 'card') AS long \gset
SELECT pg_temp.add('b', :shop_store, 'cash') AS short \gset
SELECT pg_temp.is_news($$
    created_total shop cash USD +1
    created_value_total USD +100.25
    orders shop pending +1$$,
    'an open transaction holds up nobody who committed after it');
SELECT is_empty($$ SELECT * FROM pg_temp.news() $$, 'nor twice');
SELECT pg_temp.run('a', 'SAVEPOINT s') \g /dev/null
SELECT pg_temp.add('a', :shop_store, 'paypal') \g /dev/null
SELECT pg_temp.run('a', 'ROLLBACK TO s') \g /dev/null
SELECT pg_temp.run('a', 'SAVEPOINT s') \g /dev/null
SELECT pg_temp.move('a', :'long', 'confirmed') \g /dev/null
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT pg_temp.is_news($$
    created_total shop card USD +1
    created_value_total USD +100.25
    orders shop confirmed +1
    transition_duration_seconds_count shop pending confirmed +1$$,
    'when it commits it counts, without what it took back');

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.move('a', :'long', 'processing') \g /dev/null
SELECT is_empty($$ SELECT * FROM pg_temp.news() $$, 'not committed: not yet');
SELECT pg_temp.run('a', 'ROLLBACK') \g /dev/null
SELECT is_empty($$ SELECT * FROM pg_temp.news() $$, 'rolled back: never');

-- one who changes orders and asks in one transaction

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.move('a', :'long', 'processing') \g /dev/null
SELECT is_empty($$ SELECT * FROM pg_temp.news('a') $$,
                'the own changes count when they are committed');
SELECT pg_temp.move('a', :'long', 'shipped') \g /dev/null
SELECT is((SELECT count(*) FROM pg_temp.scrape('m') s
             JOIN last l USING (sample)
            WHERE s.value <> l.value AND sample !~ '^oldest'), 0::bigint,
          'and while one adds up, another has the sums from before');
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT pg_temp.is_news($$
    orders shop confirmed -1
    orders shop shipped +1
    transition_duration_seconds_count shop confirmed processing +1
    transition_duration_seconds_count shop processing shipped +1$$,
    'then they do');

-- a random walk: two who write, two who add up

DO $$
DECLARE
    v_open   boolean[] := '{f,f}';
    v_order  uuid[] := ARRAY[
        pg_temp.add('a', '00000000-0000-7000-8000-000000000203', 'card'),
        pg_temp.add('b', '00000000-0000-7000-8000-000000000203', 'card')];
    v_flow   text[] := '{confirmed,processing,cancelled}';
    v_at     int[] := '{0,0}';
    v_was    int[] := '{0,0}';
    v_n      int;
BEGIN
    PERFORM setseed(0.25);

    FOR i IN 1 .. 600 LOOP
        v_n := 1 + floor(random() * 2);

        CASE floor(random() * 6)
        WHEN 0 THEN
            IF NOT v_open[v_n] THEN
                PERFORM pg_temp.run(chr(96 + v_n), 'BEGIN');
                v_open[v_n] := true;
                v_was[v_n] := v_at[v_n];
            END IF;
        WHEN 1 THEN
            IF v_open[v_n] THEN
                v_open[v_n] := false;

                IF random() < 0.7 THEN
                    PERFORM pg_temp.run(chr(96 + v_n), 'COMMIT');
                ELSE
                    PERFORM pg_temp.run(chr(96 + v_n), 'ROLLBACK');
                    v_at[v_n] := v_was[v_n];
                END IF;
            END IF;
        WHEN 2 THEN
            PERFORM pg_temp.run(chr(108 + v_n),
                                'SELECT api.order_metrics()');
        ELSE
            IF v_at[v_n] < 3 THEN
                v_at[v_n] := v_at[v_n] + 1;
                PERFORM pg_temp.move(chr(96 + v_n), v_order[v_n],
                                     v_flow[v_at[v_n]]);
            ELSIF NOT v_open[v_n] THEN
                v_order[v_n] := pg_temp.add(chr(96 + v_n),
                    '00000000-0000-7000-8000-000000000203', 'card');
                v_at[v_n] := 0;
            END IF;
        END CASE;
    END LOOP;

    FOR n IN 1 .. 2 LOOP
        IF v_open[n] THEN
            PERFORM pg_temp.run(chr(96 + n), 'COMMIT');
        END IF;
    END LOOP;
END
$$;

CREATE TEMP VIEW counted AS
SELECT concat_ws(' ', 'orders', workflow, status)
           AS sample, count(*)::numeric AS value
  FROM shop.orders GROUP BY 1
 UNION ALL
SELECT 'cancelled_total shop ' || previous_status, count(*)
  FROM shop.order_status_history h
  JOIN shop.orders o ON o.id = h.order_id
 WHERE new_status = 'cancelled' AND workflow = 'shop'
   AND order_notes = 'metrics'
 GROUP BY 1;

SELECT pg_temp.scrape('m') \g /dev/null
SELECT is_empty($$ SELECT s.*, c.value FROM pg_temp.scrape('n') s
                     LEFT JOIN counted c USING (sample)
                    WHERE s.sample ~ '^orders'
                      AND s.value <> coalesce(c.value, 0) $$,
                'after a random walk each order is counted, once');
SELECT ok(value >= 10, 'it was a long one') FROM counted
 WHERE sample ~ '^cancelled.*processing';

-- what came before

SELECT pg_temp.run('m', 'BEGIN') \g /dev/null
SELECT pg_temp.run('m', 'SELECT shop.fold_changes()::text') \g /dev/null
SELECT pg_temp.add('b', :shop_store, 'fiat') AS late \gset
SELECT is(pg_temp.run('n', 'SET statement_timeout = ''10s'''), 'ok',
          'while one adds up,')
 UNION ALL
SELECT is((SELECT count(*) FROM pg_temp.scrape('n') WHERE sample ~ '^orders'),
          (SELECT count(*) FROM shop.workflow_statuses),
          'nobody waits for it');
SELECT pg_temp.run('m', 'ROLLBACK') \g /dev/null

-- many changes at once go in steps

SELECT count(*) FROM pg_temp.news() \g /dev/null
SELECT pg_temp.run('a', 'INSERT INTO shop.change_log
       (xid, order_id, version, status, old_status, final, deleted, buyer,
        seller, order_number, updated_at)
    SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::int8 - 1 - n % 7)
           ::text::xid8, shop.uuid7(), 1, 21, NULL, false, false,
           shop.uuid7(), shop.uuid7(), ''METRICS'', now()
      FROM generate_series(1, 70000) n') \g /dev/null
SELECT pg_temp.run('a', 'UPDATE shop.metric_mark SET snapshot = (
    SELECT format(''%s:%s:'', x, x) FROM (
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8 - 10)
            AS v (x))::pg_snapshot') \g /dev/null
SELECT pg_temp.run('m', 'SELECT api.order_metrics()')
  FROM generate_series(1, 8) \g /dev/null
SELECT ok('created_total shop other other '
          '+70000'
          = ANY (ARRAY(SELECT pg_temp.news())), 'many changes, all of them');
SELECT pg_temp.run('a', 'DELETE FROM shop.change_log
    WHERE order_number = ''METRICS''') \g /dev/null

-- counted anew: after a dump was restored, whose snapshots are of another
-- cluster

SELECT pg_temp.run('a', 'INSERT INTO shop.change_log
       (xid, order_id, version, status, old_status, final, deleted, buyer,
        seller, order_number, updated_at)
    VALUES (''99999999999'', shop.uuid7(), 1, 21, NULL, false, false,
            shop.uuid7(), shop.uuid7(), ''METRICS'', now())'),
       pg_temp.run('a', 'UPDATE shop.metric_mark
           SET snapshot = ''99999999990:99999999990:''') \g /dev/null
SELECT is_empty($$ SELECT s.*, c.value FROM pg_temp.scrape('n') s
                     LEFT JOIN counted c USING (sample)
                    WHERE s.sample ~ '^orders'
                      AND s.value <> coalesce(c.value, 0) $$,
                'a restored dump: orders are counted anew');
SELECT is(pg_temp.run('a', 'SELECT count(*)::text FROM shop.change_log
              WHERE order_number = ''METRICS'''), '0',
          'without what the log says of another history');
SELECT is_empty($$ SELECT l.sample FROM last l
                     LEFT JOIN pg_temp.scrape('m') s USING (sample)
                    WHERE l.sample ~ '_(total|sum|count) '
                      AND s.value IS NULL OR s.value < l.value
                      AND l.sample !~ '^(orders|oldest|stuck)' $$,
                'and no counter goes back');
SELECT count(*) FROM pg_temp.news() \g /dev/null
SELECT pg_temp.move('b', :'late', 'cancelled') \g /dev/null
SELECT pg_temp.is_news($$
    cancelled_total shop pending +1
    orders shop cancelled +1
    orders shop pending -1
    transition_duration_seconds_count shop pending cancelled +1$$,
    'then it goes on');

-- the log keeps what is not added up

SELECT (extract(epoch FROM now())::int8 / 86400 + 1) % 4 AS tomorrow \gset

CREATE FUNCTION pg_temp.left_of(p_slot int) RETURNS text
LANGUAGE sql AS $$
    SELECT pg_temp.run('a', format('SELECT count(*)::text FROM shop.change_log
        WHERE slot = %s AND order_number = ''METRICS''', p_slot))
$$;

SELECT pg_temp.run('a', format('INSERT INTO shop.change_log
       (slot, order_id, version, status, old_status, final, deleted, buyer,
        seller, order_number, updated_at)
    VALUES (%s, shop.uuid7(), 1, 21, NULL, false, false, shop.uuid7(),
            shop.uuid7(), ''METRICS'', now())', :tomorrow)) \g /dev/null
SELECT pg_temp.run('a', 'SELECT shop.change_log_rotate()::text') \g /dev/null
SELECT is(pg_temp.left_of(:tomorrow), '1',
          'what the figures do not have yet stays in the log');
SELECT pg_temp.run('a', 'SELECT api.maintain()::text') \g /dev/null
SELECT is(pg_temp.left_of(:tomorrow), '0',
          'with it they do, and the log lets go');
SELECT pg_temp.is_news($$
    created_total shop other other +1
    orders shop pending +1$$, 'it was counted');

-- a server that is read only

SELECT pg_temp.run('n', 'SET default_transaction_read_only = on'),
       pg_temp.add('a', :shop_store, 'card') \g /dev/null
SELECT is((SELECT value FROM pg_temp.scrape('n')
            WHERE sample = 'orders shop pending'),
          (SELECT value FROM last
            WHERE sample = 'orders shop pending'),
          'a standby tells what it has');

-- the module's role

SELECT pg_temp.run('n', 'SET default_transaction_read_only = off'),
       pg_temp.run('n', 'SET ROLE order_api') \g /dev/null
SELECT cmp_ok((SELECT count(*) FROM pg_temp.scrape('n')), '>', 80::bigint,
              'the module may ask')
 UNION ALL
SELECT is(pg_temp.run('n', 'SELECT shop.fold_changes()::text'), '42501',
          'and nothing more');

-- the text, which is in families and has no end too many

CREATE TEMP TABLE text AS
SELECT n, l FROM regexp_split_to_table(
           pg_temp.run('m', 'SELECT api.order_metrics()'), '\n')
               WITH ORDINALITY AS t (l, n);

SELECT is_empty($$ SELECT l FROM text
                    WHERE l !~ '^# HELP nginx_order_[a-z_]+ [A-Z].*\.$'
                      AND l !~ '^# TYPE nginx_order_[a-z_]+ \w+$'
                      AND l !~ ('^nginx_order_[a-z_]+\{([a-z_]+="\w+",?)+\} '
                                '\d+(\.\d+)?$')
                      AND (l, n) <> ('', (SELECT max(n) FROM text)) $$,
                'every line is one of the format');
SELECT is_empty($$ SELECT split_part(l, ' ', 1) FROM text WHERE l ~ '^n'
                    GROUP BY 1 HAVING count(*) > 1 $$,
                'no sample comes twice');

-- 64 KB, whole lines

SELECT pg_temp.run('m', 'BEGIN') \g /dev/null
SELECT pg_temp.run('m', 'INSERT INTO shop.metric_totals
    SELECT ''transition_duration_seconds_count'',
           format(''workflow="w%s",from_status="x",to_status="y"'', n), 1
      FROM generate_series(1, 1000) n') \g /dev/null
SELECT cmp_ok(length(t), '<=', 65536, 'never more than 64 KB')
       || E'\n' || matches(t, '\d\n$', 'and no half of a line')
       || E'\n' || matches(t, 'payments_total', 'durations go first')
  FROM pg_temp.run('m', 'SELECT api.order_metrics()') t;
SELECT pg_temp.run('m', 'ROLLBACK') \g /dev/null

SELECT pg_temp.run('a', 'DELETE FROM shop.notifications WHERE order_id IN
    (SELECT id FROM shop.orders WHERE order_notes = ''metrics'')') \g /dev/null
SELECT pg_temp.run('a', 'DELETE FROM shop.orders
    WHERE order_notes = ''metrics''') \g /dev/null
SELECT pg_temp.run('a', 'DELETE FROM shop.deleted_orders
    WHERE "order" #>> ''{notes,order}'' = ''metrics''
       OR "order" ->> ''orderNotes'' = ''metrics''') \g /dev/null
SELECT pg_temp.run('a', 'SELECT shop.count_orders()::text') \g /dev/null

SELECT * FROM finish();
ROLLBACK;
