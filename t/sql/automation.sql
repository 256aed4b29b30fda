-- What orders do by themselves: api.automate() and its timers.

\ir prelude.psql
\ir sessions.psql

SELECT no_plan();

-- Two sessions.  First: what this session holds afterwards they would wait
-- for.

SELECT pg_temp.open(s) FROM unnest(ARRAY['a', 'b', 'c']) s \g /dev/null
SELECT pg_temp.run('c', format(
    'INSERT INTO shop.orders (buyer_id, store_id, payment_method, total_amount)
     SELECT %L, %L, ''clock'', 1 FROM generate_series(1, 3)', :buyer,
    :cart_store)) \g /dev/null
SELECT pg_temp.run('c', 'UPDATE shop.orders SET status = ''processing''
    WHERE payment_method = ''clock''') \g /dev/null
SELECT pg_temp.run('c', 'UPDATE shop.orders SET status = ''shipped''
    WHERE payment_method = ''clock''') \g /dev/null

CREATE FUNCTION pg_temp.all_due() RETURNS text
LANGUAGE sql AS $$
    SELECT pg_temp.run('c', 'UPDATE shop.order_timers SET due_at = now()
        WHERE order_id IN (SELECT id FROM shop.orders
                            WHERE payment_method = ''clock'')')
$$;

SELECT pg_temp.all_due() \g /dev/null
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', 'SELECT done FROM api.automate()') AS done \gset
SELECT ok(:done >= 3, 'one session has the orders');
SELECT is(pg_temp.run('b', 'SELECT done FROM api.automate()'), '0',
          'another does not wait for it, and does them not again');
SELECT pg_temp.run('a', 'ROLLBACK') \g /dev/null

SELECT (SELECT id FROM shop.orders WHERE payment_method = 'clock'
         ORDER BY id LIMIT 1) AS id \gset
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', format('UPDATE shop.orders SET order_notes = ''x''
    WHERE id = %L', :'id')) \g /dev/null
SELECT ok(pg_temp.run('b', 'SELECT done FROM api.automate()')::int >= 2,
          'nor for an order that somebody holds');
SELECT is((SELECT string_agg(status, ' ' ORDER BY id) FROM shop.orders
            WHERE payment_method = 'clock'), 'shipped delivered delivered',
          'which is left for the next time');
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT ok(pg_temp.run('b', 'SELECT done FROM api.automate()')::int >= 1,
          'then it moves too');
SELECT is((SELECT string_agg(status, ' ' ORDER BY id) FROM shop.orders
            WHERE payment_method = 'clock'), 'delivered delivered delivered',
          'and all are done');

-- a rule changes while an order moves

SELECT pg_temp.run('c', format('INSERT INTO shop.orders (buyer_id, store_id,
    payment_method, total_amount) VALUES (%L, %L, ''clock'', 1)', :buyer,
    :market_store)) \g /dev/null
SELECT id FROM shop.orders WHERE payment_method = 'clock'
   AND status = 'order_confirmed' \gset
SELECT pg_temp.run('c', format('UPDATE shop.orders SET status = ''processing''
    WHERE id = %L', :'id')) \g /dev/null
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', 'UPDATE shop.workflow_statuses
    SET stuck_after = ''47 hours'' WHERE id = 35') \g /dev/null
SELECT dblink_send_query('b', format('UPDATE shop.orders
    SET status = ''ready_to_ship'' WHERE id = %L', :'id')) \g /dev/null
SELECT pg_sleep(0.1) \g /dev/null
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(r, 'UPDATE 1', 'both go through')
  FROM dblink_get_result('b') AS t (r text);
SELECT is(status, 'ready_to_ship', 'and the order moved')
  FROM shop.orders WHERE id = :'id';
SELECT pg_temp.run('c', 'UPDATE shop.workflow_statuses
    SET stuck_after = ''48 hours'' WHERE id = 35') \g /dev/null

SELECT pg_temp.run('c', format('DELETE FROM shop.%I WHERE %I IN (SELECT id
    FROM shop.orders WHERE payment_method = ''clock'')', t, c))
  FROM (VALUES ('notifications', 'order_id'), ('orders', 'id')) AS v (t, c)
\g /dev/null
SELECT pg_temp.run('c', 'DELETE FROM shop.deleted_orders
    WHERE "order" -> ''payment'' ->> ''method'' = ''clock''') \g /dev/null

-- other orders' timers are none of this file's

UPDATE shop.order_timers SET due_at = now() + interval '1 year';

CREATE FUNCTION pg_temp.due(p_order uuid, p_kind text) RETURNS void
LANGUAGE sql AS $$
    UPDATE shop.order_timers SET due_at = now() - interval '1 second'
     WHERE order_id = p_order AND kind = p_kind
$$;

-- puts an order into a status, with the timers that it has there

CREATE FUNCTION pg_temp.stand(p_store uuid, p_status text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    v_id  uuid := pg_temp.new_order(p_store, 'beads');
BEGIN
    PERFORM pg_temp.put(v_id, p_status);
    PERFORM shop.set_timers(ARRAY[v_id]);
    RETURN v_id;
END
$$;

CREATE FUNCTION pg_temp.timers(p_order uuid) RETURNS text
LANGUAGE sql AS $$
    SELECT coalesce(string_agg(t.kind || ' '
                    || t.due_at - o.status_updated_at, ', ' ORDER BY kind), '')
      FROM shop.order_timers t JOIN shop.orders o ON o.id = t.order_id
     WHERE t.order_id = p_order
$$;

-- each rule

CREATE TEMP TABLE rules (workflow text, from_status text, to_status text,
                         after interval);
INSERT INTO rules VALUES
    ('cart', 'shipped', 'delivered', '14 days'),
    ('shop', 'shipped', 'delivered', '14 days'),
    ('marketplace', 'payment_pending', 'cancelled', '24 hours'),
    ('marketplace', 'shipped', 'delivered', '14 days'),
    ('marketplace', 'in_transit', 'delivered', '14 days'),
    ('marketplace', 'out_for_delivery', 'delivered', '3 days'),
    ('marketplace', 'delivered', 'completed', '14 days');
SELECT set_eq('SELECT workflow, from_status, to_status, after
                 FROM shop.workflow_transitions WHERE after IS NOT NULL',
              'SELECT * FROM rules', 'these transitions are taken alone');

CREATE TEMP TABLE cases AS
SELECT r.*, pg_temp.stand(s.id, r.from_status) AS id
  FROM rules r
  JOIN shop.stores s
    ON s.workflow = r.workflow
   AND s.id::text LIKE '00000000-0000-7000-8000-0000000002__';
SELECT is_empty(
    $$ SELECT * FROM cases JOIN shop.order_timers t ON t.order_id = id
         JOIN shop.orders o USING (id)
        WHERE t.kind = 'advance' AND due_at <> o.status_updated_at + after $$,
    'the timer runs from the change of status');
SELECT is((SELECT done FROM api.automate()), 0, 'what is not due stays');
SELECT count(pg_temp.due(id, 'advance')) FROM cases \g /dev/null
SELECT is((SELECT done FROM api.automate()), 7, 'what is due moves');
SELECT is_empty('SELECT * FROM cases JOIN shop.orders o USING (id)
                  WHERE status <> to_status', 'to where its rule leads');
SELECT is_empty(
    $$ SELECT * FROM cases c
        WHERE NOT EXISTS (SELECT FROM shop.order_status_history
                           WHERE order_id = c.id AND new_status = to_status
                             AND change_reason = 'automatic'
                             AND source = 'system' AND changed_by IS NULL) $$,
    'the history says that it was automatic');
SELECT is((SELECT done FROM api.automate()), 0, 'once');
SELECT set_eq(
    $$ SELECT workflow, pg_temp.timers(id) FROM cases
        WHERE from_status = 'shipped' $$,
    $$ VALUES ('cart', ''), ('shop', ''), ('marketplace',
              'advance 14 days') $$,
    'then the timers are those of the new status');

-- stuck

SELECT pg_temp.stand(:market_store, 'processing') AS id \gset
SELECT is(pg_temp.timers(:'id'), 'stuck 2 days',
          'an order in processing is stuck after 48 hours');
SELECT pg_temp.due(:'id', 'stuck') \g /dev/null
SELECT is((SELECT done FROM api.automate()), 1, 'when it is');
SELECT is(ROW(n.user_id, n.title, n.message, n.priority, n.data)::text,
          ROW(:market, 'Order Stuck', 'Order ' || o.order_number
              || ' is Processing since '
              || to_char(o.status_updated_at AT TIME ZONE 'UTC',
                         'YYYY-MM-DD HH24:MI') || ' UTC', 'high',
              jsonb_build_object('orderId', o.id, 'orderNumber',
                  o.order_number, 'status', 'processing'))::text,
          'the seller is told')
  FROM shop.notifications n JOIN shop.orders o ON o.id = n.order_id
 WHERE n.type = 'order_stuck' AND o.id = :'id';
SELECT is((SELECT done FROM api.automate()), 0, 'once');
SELECT is((SELECT count(*) FROM shop.notifications
            WHERE type = 'order_stuck' AND order_id = :'id'), 1::bigint,
          'and not again');
SELECT pg_temp.stand(:market_store, 'processing') AS id \gset
UPDATE shop.orders SET status = 'cancelled' WHERE id = :'id';
SELECT is(pg_temp.timers(:'id'), '', 'a final order has no timers');
SELECT pg_temp.stand(:delivery_store, 'preparing') AS id \gset
SELECT is(pg_temp.timers(:'id'), 'stuck 02:00:00',
          'another workflow has other times');

-- a rule that changes

SELECT pg_temp.stand(:market_store, 'delivered') AS id \gset
SELECT pg_temp.stand(:shop_store, 'processing') AS slow \gset
SELECT pg_temp.stand(:shop_store, 'shipped') AS other \gset
UPDATE shop.workflow_transitions SET after = '2 days'
 WHERE workflow = 'marketplace' AND from_status = 'delivered'
   AND to_status = 'completed';
SELECT is(pg_temp.timers(:'id') || ', ' || pg_temp.timers(:'other'),
          'advance 2 days, advance 14 days',
          'another time counts for the orders that are there');
UPDATE shop.workflow_transitions SET after = NULL
 WHERE workflow = 'marketplace' AND from_status = 'delivered';
SELECT is(pg_temp.timers(:'id'), '', 'a rule that is gone leaves no timers');
UPDATE shop.workflow_statuses SET stuck_after = '1 day'
 WHERE workflow = 'shop' AND code IN ('processing', 'shipped');
SELECT is(pg_temp.timers(:'slow') || ', ' || pg_temp.timers(:'other'),
          'stuck 1 day, advance 14 days, stuck 1 day',
          'another stuck_after counts too');
UPDATE shop.workflow_statuses SET stuck_after = NULL
 WHERE workflow = 'shop' AND code = 'processing';
SELECT is(pg_temp.timers(:'slow'), '', 'and none');
SELECT pg_temp.due(:'other', 'stuck') \g /dev/null
SELECT is((SELECT done FROM api.automate()), 1, 'it was told');
UPDATE shop.workflow_transitions SET after = '3 days'
 WHERE workflow = 'shop' AND from_status = 'shipped'
   AND to_status = 'delivered';
SELECT is(pg_temp.timers(:'other'), 'advance 3 days',
          'it is not stuck again because another rule changed');
DELETE FROM shop.workflow_transitions
 WHERE workflow = 'shop' AND from_status = 'shipped'
   AND to_status = 'delivered';
SELECT is(pg_temp.timers(:'other'), '', 'a transition may go');
INSERT INTO shop.workflow_transitions
       (workflow, from_status, to_status, roles, after)
VALUES ('shop', 'shipped', 'delivered', '{manager}', '5 days');
SELECT is(pg_temp.timers(:'other'), 'advance 5 days', 'and another come');
SELECT xmin AS before FROM shop.order_timers WHERE order_id = :'other' \gset
UPDATE shop.workflow_transitions SET roles = '{manager,customer}'
 WHERE workflow = 'shop' AND from_status = 'shipped';
UPDATE shop.workflow_statuses SET label = 'Away'
 WHERE workflow = 'shop' AND code = 'shipped';
SELECT is(pg_temp.timers(:'other'), 'advance 5 days',
          'what is no rule sets no timer');

-- a timer without a rule, as two changes at one moment might leave it

SELECT pg_temp.stand(:market_store, 'order_confirmed') AS id \gset
INSERT INTO shop.order_timers VALUES (:'id', 'advance', now()),
                                     (:'id', 'stuck', now());
SELECT is((SELECT done FROM api.automate()), 0, 'moves nothing');
SELECT is(pg_temp.timers(:'id') || status, 'order_confirmed',
          'tells nobody, and goes')
  FROM shop.orders WHERE id = :'id';

-- a bad order: the trigger stands for whatever could go wrong

CREATE FUNCTION pg_temp.bad() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'not this one';
END
$$;
SELECT pg_temp.stand(:cart_store, 'shipped') AS bad \gset
CREATE TEMP TABLE good AS
SELECT pg_temp.stand(:cart_store, 'shipped') AS id
  FROM generate_series(1, 3);
SELECT format('CREATE TRIGGER a_bad BEFORE UPDATE ON shop.orders FOR EACH ROW
               WHEN (OLD.id = %L) EXECUTE FUNCTION pg_temp.bad()', :'bad')
\gexec
SELECT pg_temp.due(:'bad', 'advance') \g /dev/null
SELECT count(pg_temp.due(id, 'advance')) FROM good \g /dev/null
SELECT is((SELECT done FROM api.automate()), 3,
          'an order that cannot move does not stop the others');
SELECT is((SELECT string_agg(DISTINCT status, ' ') FROM shop.orders
            WHERE id IN (SELECT id FROM good)), 'delivered', 'which moved');
SELECT is(status || ' ' || (due_at > now()), 'shipped true',
          'it is put off')
  FROM shop.orders JOIN shop.order_timers t ON t.order_id = id
 WHERE id = :'bad';
DROP TRIGGER a_bad ON shop.orders;

-- a hundred at a time

CREATE TEMP TABLE many AS
SELECT pg_temp.stand(:cart_store, 'shipped') AS id
  FROM generate_series(1, 130);
SELECT count(pg_temp.due(id, 'advance')) FROM many \g /dev/null
SELECT is((SELECT done FROM api.automate()), 100, 'at most 100 move at once');
SELECT is((SELECT done FROM api.automate()), 30, 'then the rest');

-- and tallies are folded

SELECT is_empty('SELECT FROM shop.order_tallies WHERE NOT folded',
                'the tallies are folded');

SELECT * FROM finish();
ROLLBACK;
