-- The change feed: nothing is missed, nothing comes twice, no open
-- transaction holds it up.

\ir prelude.psql
\ir sessions.psql

SELECT no_plan();

SELECT pg_temp.open(s) FROM unnest(ARRAY['a', 'b', 'c', 'd']) s
\g /dev/null

-- five orders that everybody can see

SELECT pg_temp.run('a', format(
    'INSERT INTO shop.orders (buyer_id, store_id, payment_method, total_amount)
     SELECT %L, %L, ''feed'', 1 FROM generate_series(1, 5)',
    :buyer, :shop_store)) \g /dev/null
CREATE TEMP TABLE mine AS
SELECT row_number() OVER () AS n, id FROM shop.orders
 WHERE payment_method = 'feed';

CREATE TEMP TABLE reader (snapshot text);
INSERT INTO reader SELECT snapshot FROM api.feed_read('')
 WHERE snapshot IS NOT NULL;

CREATE FUNCTION pg_temp.touch(p_session text, p_n int) RETURNS text
LANGUAGE sql AS $$
    SELECT pg_temp.run(p_session, format(
        'UPDATE shop.orders SET order_notes = clock_timestamp()::text
          WHERE id = %L', (SELECT id FROM mine WHERE n = p_n)))
$$;

-- what is new, as "number.version"

CREATE FUNCTION pg_temp.read() RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_row   record;
    v_news  text := '';
BEGIN
    FOR v_row IN SELECT * FROM api.feed_read((SELECT snapshot FROM reader))
    LOOP
        IF v_row.snapshot IS NOT NULL THEN
            IF v_row.gap THEN
                RETURN 'gap';
            END IF;
            UPDATE reader SET snapshot = v_row.snapshot;
        ELSE
            v_news := v_news || ' '
                      || (SELECT n FROM mine WHERE id = v_row.order_id)
                      || '.' || v_row.version;
        END IF;
    END LOOP;

    RETURN v_news;
END
$$;

SELECT is(pg_temp.read(), '', 'nothing happened: nothing is new');

SELECT pg_temp.touch('a', 1) \g /dev/null
SELECT is(pg_temp.read(), ' 1.2', 'a change is read');
SELECT is(pg_temp.read(), '', 'once');

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.touch('a', 1) \g /dev/null
SELECT pg_temp.touch('b', 2) \g /dev/null
SELECT is(pg_temp.read(), ' 2.2',
          'an open transaction holds up nobody who committed after it');
SELECT pg_temp.touch('b', 2) \g /dev/null
SELECT is(pg_temp.read(), ' 2.3', 'and goes on not to');
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.read(), ' 1.3', 'when it commits it is read');
SELECT is(pg_temp.read(), '', 'once');

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.touch('a', 1) \g /dev/null
SELECT is(pg_temp.read(), '', 'what is not committed is not read');
SELECT pg_temp.run('a', 'ROLLBACK') \g /dev/null
SELECT is(pg_temp.read(), '', 'and what is rolled back never');

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.touch('a', 1) \g /dev/null
SELECT pg_temp.run('a', 'SAVEPOINT s') \g /dev/null
SELECT pg_temp.touch('a', 3) \g /dev/null
SELECT pg_temp.run('a', 'ROLLBACK TO s') \g /dev/null
SELECT pg_temp.run('a', 'SAVEPOINT s') \g /dev/null
SELECT pg_temp.touch('a', 4) \g /dev/null
SELECT is(pg_temp.read(), '', 'savepoints');
SELECT pg_temp.touch('a', 1) \g /dev/null
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.read(), ' 4.2 1.4 1.5',
          'belong to their transaction; versions of an order ascend');

-- a random walk of four sessions, each on its own order

DO $$
DECLARE
    v_open  boolean[] := '{f,f,f,f}';
    v_n     int;
    v_news  text := '';
BEGIN
    PERFORM setseed(0.5);

    FOR i IN 1 .. 1500 LOOP
        v_n := 1 + floor(random() * 4);

        CASE floor(random() * 6)
        WHEN 0 THEN
            IF NOT v_open[v_n] THEN
                PERFORM pg_temp.run(chr(96 + v_n), 'BEGIN');
                v_open[v_n] := true;
            END IF;
        WHEN 1 THEN
            IF v_open[v_n] THEN
                PERFORM pg_temp.run(chr(96 + v_n),
                    CASE WHEN random() < 0.7 THEN 'COMMIT' ELSE 'ROLLBACK' END);
                v_open[v_n] := false;
            END IF;
        WHEN 2 THEN
            v_news := v_news || pg_temp.read();
        ELSE
            PERFORM pg_temp.touch(chr(96 + v_n), v_n);
        END CASE;
    END LOOP;

    FOR n IN 1 .. 4 LOOP
        IF v_open[n] THEN
            PERFORM pg_temp.run(chr(96 + n), 'COMMIT');
        END IF;
    END LOOP;

    PERFORM set_config('t.news', v_news || pg_temp.read(), true);
END
$$;

SELECT ok(count(*) > 200, 'a random walk: ' || count(*) || ' changes')
  FROM regexp_split_to_table(ltrim(current_setting('t.news')), ' ');
SELECT is((SELECT string_agg(x, ' ' ORDER BY x)
             FROM regexp_split_to_table(ltrim(current_setting('t.news')),
                                        ' ') x),
          (SELECT string_agg(m.n || '.' || l.version, ' '
                             ORDER BY m.n || '.' || l.version)
             FROM shop.change_log l
             JOIN mine m ON m.id = l.order_id
            WHERE l.version > CASE m.n WHEN 1 THEN 5 WHEN 2 THEN 3
                                       WHEN 3 THEN 1 WHEN 4 THEN 2 END
              AND m.n < 5),
          'each committed change is read, once');
SELECT is((SELECT count(*) FROM mine m JOIN shop.orders o ON o.id = m.id
            WHERE o.version <> (SELECT max(version) FROM shop.change_log
                                 WHERE order_id = o.id)), 0::bigint,
          'and the last version read is the order''s');

-- deletion

SELECT pg_temp.run('a', format('DELETE FROM shop.orders WHERE id = %L', id))
  FROM mine WHERE n = 5 \g /dev/null
SELECT is(ROW(version, deleted, status, buyer)::text,
          ROW(2, true, 21, :buyer)::text, 'a deletion is read with its record')
  FROM api.feed_read((SELECT snapshot FROM reader)) WHERE snapshot IS NULL;
SELECT pg_temp.read() \g /dev/null

-- who did it, and whether admins are notified

CREATE FUNCTION pg_temp.whose(p_snapshot text) RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(concat_ws('/', version, actor, actor_name,
                                notify_admins), ' ' ORDER BY version)
      FROM api.feed_read(p_snapshot)
     WHERE order_id = current_setting('t.order')::uuid
$$;

\set nobody '\'00000000-0000-7000-8000-000000000999\''

SELECT pg_temp.read() \g /dev/null
SELECT set_config('t.order', shop.uuid7()::text, true) AS whose \gset
SELECT pg_temp.run('a', format(
    'INSERT INTO shop.orders (id, buyer_id, store_id, payment_method,
                              total_amount)
     VALUES (%L, %L, %L, ''feed'', 1)', :'whose', :buyer, :market_store))
\g /dev/null
SELECT pg_temp.run('a', format(
           'SELECT set_config(''shop.actor_id'', %L, false)', who)),
       pg_temp.run('a', format(
           'UPDATE shop.orders SET order_notes = %L WHERE id = %L', who,
           :'whose'))
  FROM unnest(ARRAY[:market, :nobody]) who \g /dev/null
SELECT is(pg_temp.whose(s), '1/t 2/' || :market || '/Carol Market/t 3/'
                            || :nobody || '/t',
          'the actor has a name, unless nobody knows him, and the store says '
          'whether admins are notified: ' || what)
  FROM (SELECT snapshot, 'in what is new' FROM reader
         UNION ALL
        SELECT '', 'after a gap') AS v (s, what);
SELECT pg_temp.run('a', format('DELETE FROM shop.orders WHERE id = %L',
                               :'whose')) \g /dev/null
SELECT matches(pg_temp.whose(snapshot), '^1/f .* 4/' || :nobody || '/f$',
               'when the order is gone they are not')
  FROM reader;
SELECT pg_temp.run('a', 'SELECT set_config(''shop.actor_id'', '''', false)'),
       pg_temp.run('a', format('DELETE FROM shop.%I WHERE %I = %L', t, c,
                               :'whose')), pg_temp.read()
  FROM (VALUES ('notifications', 'order_id'), ('deleted_orders', 'id'))
           AS v (t, c) \g /dev/null

-- a crash of the server, which a session does not outlive, and its name here
-- neither

CREATE FUNCTION pg_temp.other_session() RETURNS text
LANGUAGE sql AS $$ SELECT set_config('order_module.reader', '', true) $$;

SELECT pg_temp.read(), pg_temp.touch('a', 1) \g /dev/null
SELECT is(pg_temp.read(), ' 1.' || version, 'a change is read')
  FROM shop.orders WHERE id = (SELECT id FROM mine WHERE n = 1);
SELECT pg_temp.other_session() \g /dev/null
SELECT is(pg_temp.read(), ' 1.' || version, 'in another session again: the '
          'ids of transactions from before may be given a second time')
  FROM shop.orders WHERE id = (SELECT id FROM mine WHERE n = 1);
SELECT is(pg_temp.read(), '', 'there once');
SELECT pg_temp.touch('b', 2), pg_temp.read(), pg_temp.touch('b', 2),
       pg_temp.read(), pg_temp.other_session() \g /dev/null
SELECT is(pg_temp.read(), ' 2.' || version, 'and not any more what was on '
          'the disk before the last was read')
  FROM shop.orders WHERE id = (SELECT id FROM mine WHERE n = 2);
SELECT is((SELECT gap FROM api.feed_read(shop.epoch()
               || '/999999998:999999999:/'
               || pg_snapshot_xmax(pg_current_snapshot())
               || '/999999999/0/other')
            WHERE snapshot IS NOT NULL), false,
          'a snapshot whose newest transactions are gone is no gap');

-- gaps

SELECT is((SELECT gap FROM api.feed_read('0/' ||
               split_part((SELECT snapshot FROM reader), '/', 2))
            WHERE snapshot IS NOT NULL), true,
          'another timeline is a gap');
SELECT is((SELECT gap FROM api.feed_read((SELECT split_part(snapshot, '/', 1)
               FROM reader) || '/999999999:999999999:')
            WHERE snapshot IS NOT NULL), true,
          'a snapshot from the future is a gap');
SELECT is((SELECT gap FROM api.feed_read('') WHERE snapshot IS NOT NULL), true,
          'and so is none at all');
SELECT ok((SELECT count(*) FROM api.feed_read('')) > 1,
          'with a gap come the changes of the last seconds');
SELECT is((SELECT count(*) FROM api.feed_read((SELECT snapshot
               FROM api.feed_read('') WHERE snapshot IS NOT NULL))), 1::bigint,
          'the reader goes on from there');

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.touch('a', 1) \g /dev/null
SELECT pg_temp.read() \g /dev/null
SELECT set_config('t.old', snapshot, true) FROM reader \g /dev/null
SELECT pg_temp.touch('b', 2) \g /dev/null
SELECT pg_temp.read() \g /dev/null
SELECT set_config('t.floor', xid::text, true) FROM shop.change_log_floor
\g /dev/null
UPDATE shop.change_log_floor SET removed = pg_current_snapshot(),
    xid = (SELECT max(xid) FROM shop.change_log
            WHERE order_id = (SELECT id FROM mine WHERE n = 2));
SELECT is((SELECT gap FROM api.feed_read(current_setting('t.old'))
            WHERE snapshot IS NOT NULL), true,
          'a reader who has not seen what was removed has a gap');
SELECT is((SELECT gap FROM api.feed_read((SELECT snapshot FROM reader))
            WHERE snapshot IS NOT NULL), false,
          'one who has seen it has none, though a transaction is still open');
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.read(), ' 1.' || version, 'and that one is read at its end, '
          'which is no gap')
  FROM shop.orders WHERE id = (SELECT id FROM mine WHERE n = 1);
SELECT is((SELECT gap FROM api.feed_read(current_setting('t.old'))
            WHERE snapshot IS NOT NULL), true,
          'who has not seen what was removed has one, still');
UPDATE shop.change_log_floor SET xid = current_setting('t.floor')::xid8;

-- the doorbell

SELECT pg_temp.open('bell') \g /dev/null
SELECT pg_temp.open('module', '-c order_module.rings=on') \g /dev/null
SELECT pg_temp.run('bell', 'LISTEN order_changes') \g /dev/null

CREATE FUNCTION pg_temp.rang() RETURNS bigint
LANGUAGE sql AS $$
    SELECT pg_temp.run('bell', 'SELECT 1');
    SELECT count(*) FROM dblink_get_notify('bell')
     WHERE notify_name = 'order_changes';
$$;

SELECT pg_temp.touch('a', 1) \g /dev/null
SELECT is(pg_temp.rang(), 1::bigint, 'a writer rings');
SELECT pg_temp.touch('module', 1) \g /dev/null
SELECT is(pg_temp.rang(), 0::bigint, 'the module''s sessions do not');
SELECT pg_temp.run('module', 'SELECT api.ring()::text') \g /dev/null
SELECT is(pg_temp.rang(), 1::bigint, 'until they say so');
SELECT pg_temp.run('a', 'UPDATE shop.orders SET order_notes = NULL WHERE false')
\g /dev/null
SELECT is(pg_temp.rang(), 0::bigint, 'nothing changed, nothing rings');
SELECT pg_temp.run('a', 'UPDATE shop.workflows SET description = description
                          WHERE name = ''shop''') \g /dev/null
SELECT is(pg_temp.rang(), 1::bigint, 'a change of a workflow rings');

-- a notice

SELECT pg_temp.run('a', format('UPDATE shop.orders SET status = %L
                                 WHERE id = %L', s, id))
  FROM mine, unnest(ARRAY['confirmed', 'processing']) s
 WHERE n = 1 \g /dev/null
SELECT pg_temp.run('a', format('UPDATE shop.order_timers SET due_at = now()
                                 WHERE order_id = %L', id))
  FROM mine WHERE n = 1 \g /dev/null
SELECT pg_temp.read(), pg_temp.rang() \g /dev/null
SELECT pg_temp.run('a', format('SELECT shop.notify_stuck(%L)::text',
                               ARRAY[id]))
  FROM mine WHERE n = 1 \g /dev/null
SELECT is(pg_temp.rang(), 1::bigint, 'that an order is stuck rings');
SELECT is(pg_temp.read(), ' 1.' || version, 'and is read, with its version')
  FROM shop.orders WHERE id = (SELECT id FROM mine WHERE n = 1);
SELECT is(pg_temp.read(), '', 'once');
SELECT pg_temp.run('a', format('SELECT shop.notify_stuck(%L)::text',
                               ARRAY[id]))
  FROM mine WHERE n = 1 \g /dev/null
SELECT is(pg_temp.rang(), 0::bigint, 'where nothing is stuck nothing rings');

SELECT pg_temp.run('a', 'DELETE FROM shop.notifications WHERE order_id IN (
    SELECT id FROM shop.orders WHERE payment_method = ''feed'')') \g /dev/null
SELECT pg_temp.run('a', 'DELETE FROM shop.orders
    WHERE payment_method = ''feed''') \g /dev/null

-- rotation, in this transaction

SELECT ((extract(epoch FROM now())::int8 / 86400) + 1) % 4 AS next \gset
INSERT INTO shop.change_log
SELECT :next, xid, order_id, version, status, old_status, final, deleted,
       buyer, seller, driver, actor, order_number, updated_at
  FROM shop.change_log WHERE slot <> :next ORDER BY xid DESC LIMIT 1;
SELECT set_config('t.kept', count(*)::text, true) FROM shop.change_log
 WHERE slot <> :next \g /dev/null
SELECT set_config('t.last', max(xid)::text, true) FROM shop.change_log
 WHERE slot = :next \g /dev/null
SELECT api.maintain() \g /dev/null
SELECT is((SELECT count(*) FROM shop.change_log WHERE slot = :next), 0::bigint,
          'maintain() empties the partition of tomorrow');
SELECT is((SELECT count(*)::text FROM shop.change_log),
          current_setting('t.kept'), 'and no other');
SELECT is((SELECT xid::text FROM shop.change_log_floor),
          current_setting('t.last'), 'and remembers up to where');
SELECT * FROM finish();
ROLLBACK;
