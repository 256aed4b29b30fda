-- Mail and webhooks out: what is written when, and how it is taken, tried
-- again and given up.  The end of a transaction is where the constraints
-- become immediate.

\ir prelude.psql
\ir sessions.psql

SELECT no_plan();

-- Two takers, first: nothing of this transaction is in their way yet.

SELECT pg_temp.open(s) FROM unnest(ARRAY['a', 'b']) s \g /dev/null
SELECT pg_temp.run('a', 'INSERT INTO shop.webhook_endpoints (id, url, events,
    secret) VALUES (''0000000a-0000-7000-8000-00000000000a'', ''https://a.b'',
    ''{order.deleted}'', ''whsec_'')') \g /dev/null
SELECT pg_temp.run('a', 'INSERT INTO shop.outbox (kind, event, endpoint_id,
    body) SELECT ''webhook'', ''race'', id, ''{}''
      FROM shop.webhook_endpoints, generate_series(1, 10)
     WHERE url = ''https://a.b''') \g /dev/null

CREATE FUNCTION pg_temp.racer(p_limit int) RETURNS text
LANGUAGE sql AS $$
    SELECT format('SELECT concat_ws('' '', count(*), max(attempt))
                     FROM dispatch.take(''{webhook}'', %s, ''1 min'')',
                  p_limit)
$$;

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT is(pg_temp.run('a', pg_temp.racer(4)), '4 1', 'one taker takes four');
SELECT is(pg_temp.run('b', pg_temp.racer(100)), '6 1',
          'the other does not wait, and gets the others');
SELECT pg_temp.run('a', 'ROLLBACK') \g /dev/null
SELECT is(pg_temp.run('b', pg_temp.racer(100)), '4 1',
          'when the first gives up, they are there');
SELECT is(pg_temp.run('a', pg_temp.racer(100)), '0', 'nobody gets any twice');

SELECT pg_temp.run('a', 'UPDATE shop.outbox SET due_at = now() - interval
    ''1 s'' WHERE event = ''race''') \g /dev/null
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT is(pg_temp.run('a', pg_temp.racer(100)), '10 2',
          'leases that ran out');
SELECT is(pg_temp.run('b', pg_temp.racer(100)), '0',
          'are taken back by one taker only');
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.run('b', 'SELECT count(*)::text FROM shop.outbox_attempts a
                              JOIN shop.outbox o ON o.id = a.outbox_id
                             WHERE o.event = ''race'''), '10',
          'each is on record once');

-- one order at once with another: neither waits for the other

SELECT pg_temp.run('a', 'UPDATE shop.webhook_endpoints
    SET events = ''{order.created}'' WHERE url = ''https://a.b''') \g /dev/null
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run(s, format('INSERT INTO shop.orders (buyer_id, store_id,
    payment_method, total_amount) VALUES (%L, %L, ''race'', 1)', :buyer,
    :shop_store)) FROM unnest(ARRAY['a', 'b']) s \g /dev/null
SELECT is(pg_temp.run('b', 'SELECT count(*)::text FROM shop.outbox
                             WHERE event = ''order.created'''), '1',
          'two orders at once: one is committed, and told of');
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.run('b', 'SELECT count(*)::text FROM shop.outbox
                             WHERE event = ''order.created'''), '2',
          'then the other');

SELECT pg_temp.run('a', q)
  FROM unnest(ARRAY[
      'DELETE FROM shop.outbox WHERE endpoint_id IN
           (SELECT id FROM shop.webhook_endpoints WHERE url = ''https://a.b'')',
      'DELETE FROM shop.webhook_endpoints WHERE url = ''https://a.b''',
      'DELETE FROM shop.orders WHERE payment_method = ''race''',
      'UPDATE shop.outbox_counts SET n = 0']) q \g /dev/null
SELECT set_config('t.all', '{order.created,order.deleted,'
                  'order.status_changed,order.updated}', true) \g /dev/null

CREATE FUNCTION pg_temp.endpoint(p_store uuid, p_events text DEFAULT NULL)
RETURNS uuid
LANGUAGE sql AS $$
    INSERT INTO shop.webhook_endpoints (store_id, url, events, secret)
    VALUES (p_store, 'https://hooks.example.com',
            coalesce(p_events, current_setting('t.all'))::text[], 'whsec_a')
    RETURNING id
$$;

-- what is written, "EVENT VERSION", and no more since the last time

CREATE FUNCTION pg_temp.written() RETURNS text
LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM shop.outbox RETURNING *
    )
    SELECT coalesce(string_agg(
               event || coalesce(' ' || (body::json #>> '{data,version}'), ''),
               ', ' ORDER BY id), '')
      FROM (SELECT id, event,
                   CASE kind WHEN 'webhook' THEN body END AS body
              FROM gone) g
$$;

CREATE FUNCTION pg_temp.ends() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;

CREATE FUNCTION pg_temp.move(p_order uuid, VARIADIC p_statuses text[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_status  text;
BEGIN
    FOREACH v_status IN ARRAY p_statuses LOOP
        UPDATE shop.orders SET status = v_status WHERE id = p_order;
    END LOOP;
END
$$;

-- off

SELECT pg_temp.new_order(:shop_store) AS o \gset
SELECT pg_temp.move(:'o', 'confirmed') \g /dev/null
SELECT is((SELECT count(*) FROM shop.outbox_changes), 0::int8,
          'while all is off, nothing is noted');
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), '', 'nor written');

SELECT pg_temp.endpoint(:delivery_store) AS elsewhere \gset
SELECT pg_temp.endpoint(:shop_store, '{order.deleted}') AS deaf \gset
SELECT pg_temp.move(:'o', 'processing') \g /dev/null
SELECT is((SELECT count(*) FROM shop.outbox_changes), 0::int8,
          'nor for an endpoint of another store, or of other events');
DELETE FROM shop.webhook_endpoints;

-- webhooks: a transaction is one event of an order

SELECT pg_temp.endpoint(:shop_store) AS e \gset
SELECT pg_temp.new_order(:shop_store) AS o \gset
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), 'order.created 1', 'a new order');
SELECT is((SELECT count(*) FROM shop.outbox_changes), 0::int8,
          'the note is gone at the end');
SELECT pg_temp.move(:'o', 'confirmed') \g /dev/null
SELECT is((SELECT count(*) FROM shop.outbox), 0::int8,
          'nothing is written before the end');
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), 'order.status_changed 2', 'a change of status');
UPDATE shop.orders SET total_discount = 1 WHERE id = :'o';
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), 'order.updated 3', 'another change');
DELETE FROM shop.orders WHERE id = :'o';
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), 'order.deleted 4', 'its end');

SELECT pg_temp.new_order(:shop_store) AS o \gset
SELECT pg_temp.move(:'o', 'confirmed', 'processing') \g /dev/null
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), 'order.created 3',
          'created and changed at once: one event, as it stands at the end');
SELECT pg_temp.move(:'o', 'shipped', 'delivered') \g /dev/null
SELECT pg_temp.ends() \g /dev/null
SELECT is(body::json #>> '{data,oldStatus}', 'processing',
          'two steps at once: from the status that others saw')
  FROM shop.outbox;
SELECT is(pg_temp.written(), 'order.status_changed 5', 'are one event');
SELECT pg_temp.new_order(:shop_store) AS o \gset
DELETE FROM shop.orders WHERE id = :'o';
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), '', 'created and deleted at once: none');
SELECT pg_temp.new_order(:shop_store) AS o \gset
SELECT pg_temp.ends(), pg_temp.written() \g /dev/null
UPDATE shop.orders SET total_discount = 1 WHERE id = :'o';
DELETE FROM shop.orders WHERE id = :'o';
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), 'order.deleted 3',
          'changed and deleted at once: deleted');
SELECT pg_temp.new_order(:shop_store) AS o \gset
SELECT pg_temp.ends(), pg_temp.written() \g /dev/null
DELETE FROM shop.orders WHERE id = :'o';
INSERT INTO shop.orders (id, buyer_id, store_id, payment_method, total_amount)
VALUES (:'o', :buyer, :shop_store, 'card', 1);
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), 'order.updated 1',
          'deleted and written anew at once: another version of it');
SAVEPOINT s;
SELECT pg_temp.new_order(:shop_store) \g /dev/null
ROLLBACK TO s;
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), '', 'rolled back: none');
INSERT INTO shop.orders (buyer_id, store_id, payment_method, total_amount)
SELECT :buyer, :shop_store, 'card', n FROM generate_series(1, 3) n;
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), 'order.created 1, order.created 1, '
          'order.created 1', 'three in one statement');
SELECT pg_temp.endpoint(NULL) AS every \gset
SELECT pg_temp.new_order(:shop_store) AS o \gset
SELECT pg_temp.new_order(:delivery_store) \g /dev/null
SELECT pg_temp.ends() \g /dev/null
SELECT is((SELECT array_agg(n ORDER BY n)
             FROM (SELECT count(*) AS n FROM shop.outbox
                    GROUP BY endpoint_id) c), '{1,2}',
          'an endpoint of all stores hears of both');
SELECT is((SELECT count(DISTINCT body) FROM shop.outbox
            WHERE order_id = :'o'), 1::int8,
          'both endpoints get the same text');
SELECT is((SELECT body::jsonb -> 'data' -> 'order' FROM shop.outbox
            WHERE order_id = :'o' LIMIT 1),
          (SELECT shop.order_json(o)::jsonb FROM shop.orders o
            WHERE id = :'o'), 'the order is what the API shows');
SELECT pg_temp.written() \g /dev/null
UPDATE shop.webhook_endpoints SET active = false, disabled = 'caller';

-- a large order

SELECT pg_temp.endpoint(:shop_store) AS e \gset
SELECT pg_temp.new_order(:shop_store) AS o \gset
UPDATE shop.orders SET metadata = jsonb_build_object('a', repeat('x', 4000)),
       order_notes = repeat('y', 2000)
 WHERE id = :'o';
INSERT INTO shop.order_items (order_id, line, product_id, product_name,
                              quantity, unit_price, total_price)
SELECT :'o', n, :headphones, repeat('name ', 20), 1, 1, 1
  FROM generate_series(1, 150) n;
SELECT pg_temp.ends() \g /dev/null
SELECT ok(octet_length(body) BETWEEN 2000 AND 19999,
          'a large order comes in less than 20 kB')
  FROM shop.outbox;
SELECT is((body::json #> '{data,omitted}')::text,
          '["timeline","metadata","items"]', 'without what is named')
  FROM shop.outbox;
SELECT is(length(body::json #>> '{data,order,notes}'), 2000, 'with the rest')
  FROM shop.outbox;
SELECT pg_temp.written() \g /dev/null
DELETE FROM shop.webhook_endpoints;

-- mail

SELECT throws_ok('UPDATE shop.outbox_settings SET mail = true', '23514', NULL,
                 'mail needs an address that it is from');
SELECT throws_ok(format('UPDATE shop.outbox_settings SET %s', q), '23514',
                 NULL, 'refused: ' || quote_literal(q))
  FROM unnest(ARRAY[
      E'mail_from_name = E''a\\nBcc: x''', 'mail_from_name = ''a <b''',
      'mail_from = ''a''', E'mail_from = E''a@b\\nc''', 'mail_from = ''a b@c''',
      'base_url = ''ftp://a''', E'base_url = E''https://a\\nb''']) q;

UPDATE shop.outbox_settings
   SET mail = true, mail_from = 'orders@shop.example',
       base_url = 'https://shop.example/';
SELECT set_config('t.order', body::json ->> 'order_id', true)
  FROM api.place_order(:buyer, 'customer', NULL, NULL, jsonb_build_array(
           jsonb_build_object('product_id', :headphones, 'quantity', 2,
                              'size', 'M', 'color', E'red\r\n.\r\nQUIT'),
           jsonb_build_object('product_id', :charger, 'quantity', 1)),
       'card', '{"name": "John Doe", "street": "1 Main Street",
                 "zipCode": "12345", "city": "Springfield"}', NULL)
\g /dev/null
SELECT pg_temp.act(NULL, 'system') \g /dev/null
SELECT current_setting('t.order') AS o, order_number AS number
  FROM shop.orders WHERE id::text = current_setting('t.order') \gset
SELECT pg_temp.ends() \g /dev/null
SELECT is(concat_ws(' ', kind, event, mail_to, mail_to_name, state),
          'mail order_created buyer@example.com John Doe waiting',
          'a confirmation for the buyer, and no other mail')
  FROM shop.outbox;
SELECT is(subject, 'Your order ' || :'number' || ' has been confirmed',
          'its subject is what the notification says')
  FROM shop.outbox;
SELECT is(body, E'Hello John Doe,\n\nYour order ' || :'number'
          || E' has been confirmed\n\n'
              '  2 x Wireless Headphones, M, red . QUIT\n      200.00 USD\n'
              '  1 x USB-C Charger\n      39.90 USD\n\nTotal: 239.90 USD\n\n'
              'Status: Pending\nPayment: card, pending\nExpected: '
          || ((now() AT TIME ZONE 'UTC')::date + 5)::text
          || E'\n\nDelivery to:\n  John Doe\n  1 Main Street\n'
              '  12345 Springfield\n\n'
              'https://shop.example/order-confirmation/' || :'number'
          || E'\n\nAlice''s Electronics\n', 'its text')
  FROM shop.outbox;
SELECT pg_temp.written() \g /dev/null

UPDATE shop.orders SET total_discount = 0.12345678 WHERE id = :'o';
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), '', 'a discount is no mail');
SELECT pg_temp.move(:'o', 'confirmed', 'processing') \g /dev/null
UPDATE shop.orders SET status = 'shipped', tracking_number = '1Z' || E'\n2'
 WHERE id = :'o';
SELECT pg_temp.ends() \g /dev/null
SELECT is((SELECT array_agg(subject) FROM shop.outbox),
          ARRAY['Order ' || :'number' || ': 📦 Order on its way!'],
          'a change of status is one');
SELECT matches(body, E'\nStatus: Shipped\nTracking number: 1Z 2\n',
               'with the number of the parcel')
  FROM shop.outbox;
SELECT pg_temp.written() \g /dev/null

UPDATE shop.outbox_settings
   SET mail_statuses = '{delivered}', mail_sellers = true,
       mail_from_name = 'Ünser Shop';
UPDATE shop.users
   SET first_name = E'Eve\r\nBcc: all@example.com\r\n\r\n' || U&'\202E\2028',
       last_name = repeat('long ', 30)
 WHERE id = :buyer;
UPDATE shop.users SET email = 'not "an" address' WHERE id = :seller;
SELECT pg_temp.new_order(:shop_store) AS o \gset
SELECT pg_temp.ends() \g /dev/null
SELECT is((SELECT string_agg(concat_ws(' ', event, state), ', '
                             ORDER BY event)
             FROM shop.outbox), 'new_order skipped, order_created waiting',
          'a seller without an address gets no mail, and that is noted');
SELECT ok(mail_to_name ~ '^Eve Bcc: all@example.com long'
          AND concat(mail_to_name, subject) !~ '[[:cntrl:]\u2028\u202e]',
          'a name cannot add a header')
  FROM shop.outbox WHERE event = 'order_created';
SELECT ok((SELECT max(length(l)) <= 72
             FROM regexp_split_to_table(body, '\n') l), 'lines are wrapped')
  FROM shop.outbox WHERE event = 'order_created';
SELECT matches(body, E'\nBuyer: Eve Bcc: all@example.com .*/seller-dashboard\n',
               'the seller''s says who bought')
  FROM shop.outbox WHERE event = 'new_order';
SELECT pg_temp.written() \g /dev/null
SELECT pg_temp.move(:'o', 'confirmed') \g /dev/null
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), '', 'a status that is not to be mailed is not');
SELECT pg_temp.move(:'o', 'processing', 'shipped', 'delivered') \g /dev/null
SELECT pg_temp.ends() \g /dev/null
SELECT is(pg_temp.written(), 'order_update', 'one that is, is');

SELECT is(shop.is_mail_address(a), good, 'an address: ' || a)
  FROM (VALUES ('a@b', true), ('a.b+c@x-y.example', true), ('a', false),
               ('a@', false), ('@b', false), ('a@b@c', false),
               ('a b@c', false), ('a..b@c', false), ('.a@c', false),
               (E'a@b\n', false), ('a@-b', false), ('a@b..c', false),
               ('"a"@b', false), ('ä@b', false), ('a@[127.0.0.1]', false),
               (repeat('a', 64) || '@b', true),
               (repeat('a', 65) || '@b', false)) AS v (a, good);

-- taken, and done or failed

CREATE FUNCTION pg_temp.row(p_endpoint uuid) RETURNS uuid
LANGUAGE sql AS $$
    INSERT INTO shop.outbox (kind, event, endpoint_id, body)
    VALUES ('webhook', 'order.created', p_endpoint, '{"é":1}')
    RETURNING id
$$;

CREATE FUNCTION pg_temp.taken(p_limit int DEFAULT 10) RETURNS text
LANGUAGE sql AS $$
    SELECT coalesce(string_agg(attempt::text, ' '), '')
      FROM dispatch.take('{mail,webhook}', p_limit, '1 min')
$$;

CREATE FUNCTION pg_temp.told(p_id uuid) RETURNS text
LANGUAGE sql AS $$
    SELECT concat_ws(' ', state, attempt, CASE WHEN leased THEN 'leased' END)
      FROM shop.outbox WHERE id = p_id
$$;

SELECT pg_temp.endpoint(:shop_store) AS e \gset
SELECT pg_temp.row(:'e') AS id \gset
SELECT ok(dispatch.next_due('{webhook}') <= now(), 'there is something due');
SELECT is(dispatch.next_due('{mail}'), NULL, 'but no mail');
SELECT is((SELECT count(*) FROM dispatch.take('{mail}', 10, '1 min')), 0::int8,
          'a taker of mail gets none');
SELECT results_eq(
    $$ SELECT kind, attempt, event, url, secrets, payload, content_type,
              mail_to, mail_to_name, mail_from, subject, body
         FROM dispatch.take('{mail,webhook}', 10, '1 min') $$,
    $$ VALUES ('webhook', 1, 'order.created', 'https://hooks.example.com',
               ARRAY['whsec_a'], '{"é":1}', 'application/json', NULL::text,
               NULL::text, NULL::text, NULL::text, NULL::text) $$,
    'a webhook, with all that it takes to send it');
SELECT is(pg_temp.taken(), '', 'what is leased is not taken again');
SELECT is(dispatch.next_due('{webhook}'), now() + interval '1 min',
          'the next is due when the lease ends');
SELECT dispatch.done(:'id', 2, 200, '1 s', NULL),
       dispatch.failed(:'id', 0, 500, '1 s', 'no', NULL, true) \g /dev/null
SELECT is(pg_temp.told(:'id'), 'waiting 1 leased',
          'results of other attempts do not count');
SELECT dispatch.done(:'id', 1, 204, '0.5 s', 'ok') \g /dev/null
SELECT is(pg_temp.told(:'id'), 'done 1', 'done');
SELECT dispatch.failed(:'id', 1, 500, '1 s', 'no', NULL, false) \g /dev/null
SELECT is(pg_temp.told(:'id'), 'done 1', 'it stays done');
SELECT is((SELECT string_agg(concat_ws(' ', attempt, good, code, took, note),
                             ', ')
             FROM shop.outbox_attempts WHERE outbox_id = :'id'),
          '1 t 204 00:00:00.5 ok', 'one attempt is on record');
SELECT is(dispatch.next_due('{mail,webhook}'), NULL, 'nothing waits');

-- a lease that ran out

SELECT pg_temp.row(:'e') AS id \gset
SELECT pg_temp.taken() \g /dev/null
UPDATE shop.outbox SET due_at = now() - interval '1 s' WHERE id = :'id';
SELECT is(pg_temp.taken(), '2', 'a lease that ran out: it is taken again');
SELECT dispatch.done(:'id', 1, 200, '70 s', NULL) \g /dev/null
SELECT is(pg_temp.told(:'id'), 'waiting 2 leased',
          'the result of the first comes too late');
SELECT is((SELECT note FROM shop.outbox_attempts WHERE outbox_id = :'id'),
          'no result before the lease ended', 'and counts as failed');
UPDATE shop.outbox SET due_at = now() - interval '1 s' WHERE id = :'id';
SELECT dispatch.done(:'id', 2, 200, '70 s', NULL) \g /dev/null
SELECT is(pg_temp.told(:'id'), 'done 2',
          'a late result that nobody overtook counts');
SELECT pg_temp.row(:'e') AS id \gset
UPDATE shop.outbox SET attempt = 9 WHERE id = :'id';
SELECT pg_temp.taken() \g /dev/null
UPDATE shop.outbox SET due_at = now() - interval '1 s' WHERE id = :'id';
SELECT is(pg_temp.taken(), '', 'what is lost ten times');
SELECT is(pg_temp.told(:'id'), 'failed 10', 'is given up');

-- the schedule

SELECT pg_temp.row(:'e') AS id \gset
CREATE TEMP TABLE waits (attempt int, wait interval);

DO $$
DECLARE
    v_id  uuid := (SELECT id FROM shop.outbox WHERE state = 'waiting');
BEGIN
    FOR n IN 1 .. 10 LOOP
        UPDATE shop.outbox SET due_at = now() WHERE id = v_id;
        UPDATE shop.webhook_endpoints SET rest_until = NULL;
        PERFORM pg_temp.taken();
        PERFORM dispatch.failed(v_id, n, 500, '1 s', 'no', NULL, false);
        INSERT INTO waits
        SELECT n, due_at - now() FROM shop.outbox
         WHERE id = v_id AND state = 'waiting';
    END LOOP;
END
$$;

SELECT results_eq(
    $$ SELECT w.attempt FROM waits w
        JOIN (VALUES (1, '5 s'::interval), (2, '5 min'), (3, '30 min'),
                     (4, '2 h'), (5, '5 h'), (6, '10 h'), (7, '14 h'),
                     (8, '20 h'), (9, '24 h')) AS v (attempt, least)
          ON v.attempt = w.attempt
         AND w.wait BETWEEN v.least AND v.least * 1.2
        ORDER BY 1 $$,
    'SELECT generate_series(1, 9)', 'the waits are those of the schedule');
SELECT is(pg_temp.told(:'id'), 'failed 10', 'after the tenth it is given up');
SELECT ok((SELECT count(DISTINCT shop.outbox_delay(9)) > 1
             FROM generate_series(1, 20)), 'no two waits are the same');
UPDATE shop.webhook_endpoints
   SET failures = 0, failing_since = NULL, rest_until = NULL;

SELECT pg_temp.row(:'e') AS id \gset
SELECT pg_temp.taken() \g /dev/null
SELECT dispatch.failed(:'id', 1, 503, '1 s', E'a\nb', '1 h', false)
\g /dev/null
SELECT is((SELECT due_at - now() FROM shop.outbox WHERE id = :'id'),
          '1 h'::interval, 'a Retry-After that is longer holds');
SELECT is((SELECT rest_until - now() FROM shop.webhook_endpoints
            WHERE id = :'e'), '1 h'::interval, 'for the whole endpoint');
SELECT is((SELECT note FROM shop.outbox_attempts WHERE outbox_id = :'id'),
          'a b', 'an error is one line');
SELECT is(dispatch.next_due('{webhook}'), now() + interval '1 h',
          'nothing is due before');
UPDATE shop.outbox SET due_at = now() WHERE id = :'id';
SELECT is(pg_temp.taken(), '', 'nor taken');
UPDATE shop.webhook_endpoints SET rest_until = NULL;
SELECT pg_temp.taken() \g /dev/null
SELECT dispatch.failed(:'id', 2, 503, '1 s', 'no', '9 days', false)
\g /dev/null
SELECT is((SELECT due_at - now() FROM shop.outbox WHERE id = :'id'),
          '24 h'::interval, 'but for a day at most');
UPDATE shop.outbox SET due_at = now() WHERE id = :'id';
UPDATE shop.webhook_endpoints SET rest_until = NULL;
SELECT pg_temp.taken() \g /dev/null
SELECT dispatch.failed(:'id', 3, NULL, '1 s', 'private', NULL, true)
\g /dev/null
SELECT is(pg_temp.told(:'id'), 'failed 3', 'a final failure ends it');
SELECT count(a) FROM api.retry_webhook_delivery(:seller, 'manager', :'id') a
\g /dev/null
SELECT pg_temp.taken() \g /dev/null
SELECT dispatch.failed(:'id', 4, 500, '1 s', 'no', NULL, false) \g /dev/null
SELECT ok((SELECT due_at - now() BETWEEN '5 s' AND '6 s'
             FROM shop.outbox WHERE id = :'id'),
          'queued again, it begins anew');

-- lanes take turns; one that fails gets one attempt at a time

DELETE FROM shop.outbox;
UPDATE shop.webhook_endpoints
   SET failures = 0, failing_since = NULL, rest_until = NULL;
SELECT pg_temp.endpoint(:shop_store) AS f \gset
SELECT pg_temp.row(:'e') FROM generate_series(1, 50) \g /dev/null
SELECT pg_temp.row(:'f') FROM generate_series(1, 3) \g /dev/null
INSERT INTO shop.outbox (kind, event, mail_to, subject, body)
SELECT 'mail', 'order_created', 'a@example.com', 's', 'b'
  FROM generate_series(1, 50);

CREATE FUNCTION pg_temp.turn(p_limit int, p_kinds text[]
                             DEFAULT '{mail,webhook}')
RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(lane || ' ' || n, ', ' ORDER BY lane)
      FROM (SELECT CASE o.endpoint_id WHEN current_setting('t.e')::uuid
                   THEN 'e' WHEN current_setting('t.f')::uuid THEN 'f'
                   ELSE 'mail' END AS lane, count(*) AS n
              FROM dispatch.take(p_kinds, p_limit, '1 min') t
              JOIN shop.outbox o ON o.id = t.id
             GROUP BY 1) l
$$;

SELECT set_config('t.e', :'e', true), set_config('t.f', :'f', true)
\g /dev/null
SELECT is(pg_temp.turn(13), 'e 5, f 3, mail 5', 'all lanes get something');
SELECT is(pg_temp.turn(100), 'e 11, mail 45',
          'of an endpoint at most 16 at a time');
SELECT is(pg_temp.turn(100), NULL, 'the rest waits');
SELECT is(dispatch.next_due('{webhook}'), now() + interval '1 min',
          'until an attempt ends');

DELETE FROM shop.outbox;
SELECT pg_temp.row(:'e') FROM generate_series(1, 50) \g /dev/null
SELECT pg_temp.row(:'f') FROM generate_series(1, 50) \g /dev/null
SELECT set_config('t.id', id::text, true)
  FROM dispatch.take('{webhook}', 1, '1 min') \g /dev/null
SELECT dispatch.failed(current_setting('t.id')::uuid, 1, NULL, '15 s',
                       'timed out', NULL, false) \g /dev/null
SELECT is(pg_temp.turn(30), 'e 1, f 16', 'one that fails: one')
  FROM shop.webhook_endpoints WHERE id = :'e' AND failures = 1
UNION ALL
SELECT is(pg_temp.turn(30), 'e 16, f 1', 'one that fails: one')
  FROM shop.webhook_endpoints WHERE id = :'f' AND failures = 1;
SELECT is(pg_temp.turn(30), NULL, 'at a time');

CREATE TEMP TABLE rests (n int, rest interval);
DO $$
BEGIN
    DELETE FROM shop.outbox;
    UPDATE shop.webhook_endpoints SET failures = 0, failing_since = NULL;
    FOR i IN 1 .. 12 LOOP
        UPDATE shop.webhook_endpoints SET rest_until = NULL;
        PERFORM pg_temp.row(current_setting('t.e')::uuid);
        PERFORM dispatch.failed(id, attempt, 500, '1 s', 'no', NULL, true)
           FROM dispatch.take('{webhook}', 1, '1 min');
        INSERT INTO rests SELECT i, rest_until - now()
          FROM shop.webhook_endpoints
         WHERE id = current_setting('t.e')::uuid;
    END LOOP;
END
$$;
SELECT is((SELECT string_agg(round(extract(epoch FROM rest), 2)::text, ' '
                             ORDER BY n) FROM rests),
          '0.00 1.25 3.75 8.75 18.75 38.75 78.75 158.75 300.00 300.00 300.00 '
          '300.00', 'it rests longer each time, up to five minutes');
SELECT is((SELECT active FROM shop.webhook_endpoints WHERE id = :'e'), true,
          'and is not given up at once');

UPDATE shop.webhook_endpoints SET rest_until = NULL;
SELECT pg_temp.row(:'e') \g /dev/null
SELECT dispatch.done(id, attempt, 200, '1 s', NULL)
  FROM dispatch.take('{webhook}', 1, '1 min') \g /dev/null
SELECT is((SELECT concat_ws(' ', failures, failing_since, rest_until)
             FROM shop.webhook_endpoints WHERE id = :'e'), '0',
          'a success makes it as good as new');

-- the end of an endpoint

UPDATE shop.webhook_endpoints SET failures = 9,
       failing_since = now() - interval '6 days' WHERE id = :'e';
SELECT pg_temp.row(:'e') AS one, pg_temp.row(:'e') AS two \gset
SELECT dispatch.failed(id, attempt, 500, '1 s', 'no', NULL, false)
  FROM dispatch.take('{webhook}', 1, '1 min') \g /dev/null
SELECT is((SELECT disabled FROM shop.webhook_endpoints WHERE id = :'e'),
          'failing', 'nothing got through for five days: it is disabled');
SELECT is((SELECT array_agg(DISTINCT state) FROM shop.outbox
            WHERE id IN (:'one', :'two')), '{failed}',
          'what waits is given up');
SELECT is((SELECT concat_ws(' ', user_id, priority, data ->> 'reason')
             FROM shop.notifications WHERE type = 'webhook_disabled'),
          :seller || ' high failing', 'its manager is told');

SELECT pg_temp.row(:'f') AS one, pg_temp.row(:'f') AS two \gset
SELECT set_config('t.id', id::text, true)
  FROM dispatch.take('{webhook}', 1, '1 min') \g /dev/null
SELECT pg_temp.row(:'f') AS three \gset
SELECT dispatch.failed(id, attempt, 410, '1 s', 'gone', NULL, false)
  FROM dispatch.take('{webhook}', 1, '1 min') \g /dev/null
SELECT is((SELECT disabled FROM shop.webhook_endpoints WHERE id = :'f'),
          'gone', '410: it is disabled');
SELECT is(pg_temp.told(current_setting('t.id')::uuid), 'waiting 1 leased',
          'an attempt that runs is let run');
SELECT dispatch.done(current_setting('t.id')::uuid, 1, 200, '1 s', NULL)
\g /dev/null
SELECT is(pg_temp.told(current_setting('t.id')::uuid), 'done 1',
          'and may succeed');
SELECT pg_temp.row(:'f') AS late \gset
SELECT is(pg_temp.taken(), '', 'what was written meanwhile is not sent');
SELECT dispatch.maintain() \g /dev/null
SELECT is(pg_temp.told(:'late'), 'failed 0', 'but given up');

-- mail that is off, and mail that is old

DELETE FROM shop.outbox;
INSERT INTO shop.outbox (kind, event, mail_to, mail_to_name, subject, body,
                         created_at)
SELECT 'mail', 'order_created', 'a@example.com', 'A', 's', 'b', now() - age
  FROM unnest(ARRAY['0 s', '6 days']::interval[]) age;
UPDATE shop.outbox_settings SET mail = false;
SELECT is(pg_temp.taken(), '', 'while mail is off, none is sent');
SELECT is(dispatch.next_due('{mail}'), NULL, 'none is due');
SELECT dispatch.maintain() \g /dev/null
UPDATE shop.outbox_settings SET mail = true;
SELECT results_eq(
    $$ SELECT kind, attempt, event, mail_to, mail_to_name, mail_from, subject,
              body, url, secrets, payload, content_type
         FROM dispatch.take('{mail,webhook}', 10, '1 min') $$,
    $$ VALUES ('mail', 1, 'order_created', 'a@example.com', 'A',
               'Ünser Shop <orders@shop.example>', 's', 'b', NULL::text,
               NULL::text[], NULL::text, NULL::text) $$,
    'later what is not too old is');
SELECT dispatch.failed(id, 1, 550, '1 s', 'no such user', NULL, true)
  FROM shop.outbox WHERE leased \g /dev/null
SELECT is((SELECT array_agg(state) FROM shop.outbox), '{failed,failed}',
          'the others are given up');

-- what is over goes, what is counted stays

CREATE FUNCTION pg_temp.metric(p_line text) RETURNS text
LANGUAGE sql AS $$
    SELECT substring(shop.outbox_metrics()
                     FROM '(?n)^nginx_order_outbox_' || p_line || ' (.*)$')
$$;

DELETE FROM shop.outbox;
SELECT pg_temp.metric('attempts_total\{kind="webhook",result="done"\}')::int8
           AS done,
       pg_temp.metric('attempts_total\{kind="mail",result="failed"\}')::int8
           AS failed \gset
SELECT ok(:done > 3 AND :failed > 0, 'attempts are counted');
INSERT INTO shop.outbox (kind, event, endpoint_id, body, state, finished_at,
                         created_at)
SELECT 'webhook', 'order.created', :'f', '{}', state,
       CASE WHEN state <> 'waiting' THEN now() - age END, now() - age
  FROM unnest(ARRAY['done', 'failed', 'waiting']) state,
       unnest(ARRAY['1 day', '4 days', '31 days']::interval[]) age;
UPDATE shop.webhook_endpoints SET active = true, disabled = NULL;
INSERT INTO shop.outbox_attempts (outbox_id, attempt, good)
SELECT id, 1, true FROM shop.outbox;
SELECT is(pg_temp.metric('waiting\{kind="webhook"\}'), '3', 'what waits');
SELECT is(pg_temp.metric('waiting\{kind="mail"\}'), '0', 'of each kind');
SELECT is(pg_temp.metric('oldest_seconds\{kind="webhook"\}'), '2678400.000',
          'for how long');
SELECT is(pg_temp.metric('failed\{kind="webhook"\}'), '3', 'what was given up');
SELECT dispatch.maintain() \g /dev/null
SELECT is((SELECT string_agg(state || ' ' || n, ', ' ORDER BY state)
             FROM (SELECT state, count(*) AS n FROM shop.outbox
                    GROUP BY state) s), 'done 1, failed 2, waiting 3',
          'what is over goes in its time, what waits does not');
SELECT is((SELECT count(*) FROM shop.outbox_attempts), 6::int8,
          'with its attempts');
SELECT is(pg_temp.metric('attempts_total\{kind="webhook",result="done"\}'),
          :'done', 'the count stays');
SELECT count(a) FROM api.delete_webhook_endpoint(:admin, 'admin', :'f') a
\g /dev/null
SELECT dispatch.maintain() \g /dev/null
SELECT is((SELECT count(*) FROM shop.outbox) || ' '
          || (SELECT count(*) FROM shop.webhook_endpoints WHERE id = :'f'),
          '0 0', 'a deleted endpoint goes with all that was sent to it');
SELECT is(regexp_replace(shop.outbox_metrics(),
              '(?n)^(# HELP nginx_order_[a-z_]+ [^\n]+\n'
              '# TYPE nginx_order_[a-z_]+ (gauge|counter)\n'
              '(nginx_order_[a-z_]+\{[a-z_]+="[a-z]+"(,[a-z_]+="[a-z]+")?\} '
              '[0-9.]+\n)+)+', ''), '', 'in Prometheus'' form');

-- who may

SET LOCAL ROLE order_dispatch;
SELECT lives_ok(format('SELECT dispatch.%s', f), 'the dispatcher may ' || f)
  FROM unnest(ARRAY['next_due(''{mail}'')', 'take(''{mail}'', 1, ''1 s'')',
      'done(NULL, 1, 1, NULL, NULL)',
      'failed(NULL, 1, 1, NULL, NULL, NULL, NULL)', 'maintain()']) f;
SELECT throws_ok(q, '42501', NULL, 'the dispatcher may not ' || q)
  FROM unnest(ARRAY['SELECT FROM shop.outbox', 'SELECT FROM shop.users',
      'SELECT secret FROM shop.webhook_endpoints',
      'SELECT shop.outbox_metrics()', 'SELECT api.maintain()',
      'CREATE TABLE public.x (i int)']) q;
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
