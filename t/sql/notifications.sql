-- Notifications: their list, its search, and what was read.

\ir prelude.psql

SELECT no_plan();

CREATE FUNCTION pg_temp.titles(p_user uuid, p_search text DEFAULT NULL,
                               p_unread boolean DEFAULT NULL,
                               p_limit int DEFAULT NULL,
                               p_cursor text DEFAULT NULL)
RETURNS text
LANGUAGE sql AS $$
    SELECT concat_ws('/', coalesce(string_agg(n ->> 'title', ' '), ''),
                     min(body::json ->> 'unreadCount'))
      FROM api.list_notifications(p_user, 'customer', p_search, p_unread,
                                  p_limit, p_cursor)
      LEFT JOIN json_array_elements(body::json -> 'notifications') n ON true
$$;

CREATE FUNCTION pg_temp.named(int) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT ('00000009-0000-7000-8000-' || lpad($1::text, 12, '0'))::uuid
$$;

DELETE FROM shop.notifications WHERE user_id IN (:buyer, :buyer2);
DELETE FROM shop.notification_marks WHERE user_id IN (:buyer, :buyer2);
SELECT is(body, '{"notifications":[],"unreadCount":0,"next_cursor":null}',
          'none at all')
  FROM api.list_notifications(:buyer, 'customer', NULL, NULL, NULL, NULL);
SELECT is(body, '{"success":true}', 'which may be marked as read')
  FROM api.read_all_notifications(:buyer, 'customer');

INSERT INTO shop.notifications (id, user_id, type, title, message, priority,
                                data, created_at)
SELECT pg_temp.named(n), :buyer, 'order_update', 'T' || n,
       CASE n WHEN 3 THEN '50% of ORDER_3 is On Its Way' ELSE 'x' END,
       'high', '{"a": 1}', '2026-01-01Z'
  FROM generate_series(1, 5) n;
INSERT INTO shop.notifications (user_id, type, title, message)
VALUES (:buyer2, 'order_update', 'other', 'x');

-- the list

SELECT is(pg_temp.titles(:buyer), 'T5 T4 T3 T2 T1/5', 'the newest first');
SELECT is((body::jsonb -> 'notifications' -> 2), jsonb_build_object(
              'id', pg_temp.named(3), 'type', 'order_update', 'title', 'T3',
              'message', '50% of ORDER_3 is On Its Way', 'priority', 'high',
              'orderId', NULL, 'data', '{"a": 1}'::jsonb, 'read', false,
              'readAt', NULL, 'createdAt', '2026-01-01T00:00:00.000Z'),
          'with all its fields')
  FROM api.list_notifications(:buyer, 'customer', NULL, NULL, NULL, NULL);
SELECT next_cursor
  FROM api.list_notifications(:buyer, 'customer', NULL, NULL, 2, NULL) \gset
SELECT is(pg_temp.titles(:buyer, NULL, NULL, 2, :'next_cursor'), 'T3 T2/5',
          'the next page goes on');
SELECT is(next_cursor, NULL, 'the last page has no cursor')
  FROM api.list_notifications(:buyer, 'customer', NULL, NULL, 5, NULL);
SELECT is(pg_temp.titles(:buyer, q), found, 'search: ' || q)
  FROM (VALUES ('t3', 'T3/5'), ('on its way', 'T3/5'), ('50%', 'T3/5'),
               ('order_3', 'T3/5'), ('%', 'T3/5'), ('_', 'T3/5'),
               ('t', 'T5 T4 T3 T2 T1/5'), ('\', '/5'), ('nothing', '/5'))
           AS v (q, found);
SELECT is(code, 'OM004', 'a cursor that is none')
  FROM pg_temp.refusal(format('SELECT api.list_notifications(%L,
       ''customer'', NULL, NULL, NULL, ''x'')', :buyer));

-- read

SELECT body::jsonb -> 'notification' AS n
  FROM api.read_notification(:buyer, 'customer', pg_temp.named(4), NULL)
\gset
SELECT is(:'n'::jsonb ->> 'title' || ' ' || (:'n'::jsonb ->> 'read') || ' '
          || (:'n'::jsonb ->> 'readAt'), 'T4 true ' || shop.iso(now()),
          'one is read');
SELECT is(pg_temp.titles(:buyer), 'T5 T4 T3 T2 T1/4', 'it stays in the list');
SELECT is(pg_temp.titles(:buyer, NULL, true), 'T5 T3 T2 T1/4',
          'but is not among the unread');
SELECT is(pg_temp.titles(:buyer, NULL, false), 'T5 T4 T3 T2 T1/4',
          'unread=false is all');
UPDATE shop.notifications SET read_at = '2026-02-02Z'
 WHERE id = pg_temp.named(4);
SELECT is(body::json -> 'notification' ->> 'readAt',
          '2026-02-02T00:00:00.000Z', 'read again, it keeps its time')
  FROM api.read_notification(:buyer, 'customer', pg_temp.named(4), true);

SELECT is(code, refused, 'refused: ' || what)
  FROM (VALUES (:buyer, pg_temp.named(4), 'false', 'OM004', 'to unread it'),
               (:buyer, pg_temp.named(99), 'true', 'OM001', 'no such'),
               (:buyer2, pg_temp.named(4), 'true', 'OM002',
                'somebody else''s'),
               (:admin, pg_temp.named(4), 'true', 'OM002',
                'somebody else''s, by an admin'))
           AS v (u, id, flag, refused, what),
       LATERAL pg_temp.refusal(format('SELECT api.read_notification(%L,
           ''admin'', %L, %L)', u, id, flag));

-- all

SELECT api.read_all_notifications(:buyer, 'customer') \g /dev/null
SELECT is(pg_temp.titles(:buyer) || ' ' || pg_temp.titles(:buyer, NULL, true),
          'T5 T4 T3 T2 T1/0 /0', 'all are read');
SELECT is((body::json -> 'notifications' -> 0 ->> 'readAt') || ' '
          || (body::json -> 'notifications' -> 1 ->> 'readAt'),
          shop.iso(now()) || ' 2026-02-02T00:00:00.000Z',
          'since now, but for what was read before')
  FROM api.list_notifications(:buyer, 'customer', NULL, NULL, NULL, NULL);
SELECT is(pg_temp.titles(:buyer2), 'other/1', 'of nobody else');
INSERT INTO shop.notifications (id, user_id, type, title, message)
VALUES (pg_temp.named(6), :buyer, 'order_update', 'T6', 'x');
SELECT is(pg_temp.titles(:buyer, NULL, true), 'T6/1', 'a new one is not');

-- one of this moment, and one that is older and was committed behind it

CREATE FUNCTION pg_temp.made(p_ago interval) RETURNS uuid
LANGUAGE sql AS $$
    SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp() - p_ago)
                         * 1000)::int8), 12, '0')
            || '70008000000000000000')::uuid
$$;

SAVEPOINT racing;
INSERT INTO shop.notifications (id, user_id, type, title, message)
VALUES (pg_temp.made('0'), :buyer, 'order_update', 'young', 'x');
SELECT api.read_all_notifications(:buyer, 'customer') \g /dev/null
INSERT INTO shop.notifications (id, user_id, type, title, message)
VALUES (pg_temp.made('1 s'), :buyer, 'order_update', 'late', 'x');
SELECT is(pg_temp.titles(:buyer, NULL, true), 'late/1',
          'what nobody could see yet stays unread');
ROLLBACK TO racing;
UPDATE shop.notification_marks SET read_at = '2026-03-03Z'
 WHERE user_id = :buyer;
SELECT is(body::json -> 'notification' ->> 'readAt',
          '2026-03-03T00:00:00.000Z',
          'one that was read with all the others is not written again')
       || E'\n' ||
       is((SELECT read_at FROM shop.notifications
            WHERE id = pg_temp.named(2)), NULL, 'at all')
  FROM api.read_notification(:buyer, 'customer', pg_temp.named(2), NULL);

-- what the triggers wrote

SELECT pg_temp.new_order(:shop_store) AS id \gset
SELECT is((body::json -> 'notifications' -> 0 ->> 'type') || ' '
          || (body::json -> 'notifications' -> 0 ->> 'orderId'),
          'order_created ' || :'id', 'an order notifies its buyer')
  FROM api.list_notifications(:buyer, 'customer', NULL, true, 1, NULL);

-- many

INSERT INTO shop.notifications (id, user_id, type, title, message)
SELECT pg_temp.named(n), :buyer2, 'order_update', 'N',
       CASE WHEN n IN (100, 6500) THEN 'needle' ELSE 'hay' END
  FROM generate_series(100, 12000) n;
SELECT is(body::json ->> 'unreadCount', '1000', '1000 stands for more')
  FROM api.list_notifications(:buyer2, 'customer', NULL, NULL, 1, NULL);

CREATE FUNCTION pg_temp.find(p_search text, OUT hits text, OUT calls int)
LANGUAGE plpgsql AS $$
DECLARE
    v_after  text;
    v_body   json;
BEGIN
    calls := 0;
    hits := '';
    LOOP
        SELECT body, next_cursor INTO v_body, v_after
          FROM api.list_notifications('00000000-0000-7000-8000-000000000102',
                   'customer', p_search, NULL, 5, v_after);
        hits := hits || (SELECT coalesce(string_agg(
                                      right(n ->> 'id', 5) || ' ', ''), '')
                             FROM json_array_elements(v_body
                                                      -> 'notifications') n);
        calls := calls + 1;
        EXIT WHEN v_after IS NULL;
    END LOOP;
END
$$;
SELECT is(f.hits || f.calls, '06500 00100 3',
          'a search goes on where it ended, 5000 a call')
  FROM pg_temp.find('NEEDLE') f;
SELECT is(f.hits || f.calls, '3', 'also when there is nothing to find')
  FROM pg_temp.find('thread') f;

SELECT * FROM finish();
ROLLBACK;
