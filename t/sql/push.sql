-- What pushes are made of: the versions of one order, a caller's newest
-- orders, the words of the notifications.

\ir prelude.psql

SELECT no_plan();

-- the versions of an order behind one

SELECT pg_temp.new_order(:market_store) AS id \gset
SELECT pg_temp.act(:market, 'manager') \g /dev/null
UPDATE shop.orders SET order_notes = 'x' WHERE id = :'id';
SELECT pg_temp.act(NULL, NULL) \g /dev/null
UPDATE shop.orders SET status = 'processing' WHERE id = :'id';

CREATE FUNCTION pg_temp.versions(p_order uuid, p_version int4) RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(concat_ws('/', c.version, o.code, s.code, c.actor_name,
                                c.notify_admins), ' ')
      FROM api.order_changes(p_order, p_version) c
      JOIN shop.workflow_statuses s ON s.id = c.status
      LEFT JOIN shop.workflow_statuses o ON o.id = c.old_status
$$;

SELECT is(pg_temp.versions(:'id', 0),
          '1/order_confirmed/t '
          '2/order_confirmed/order_confirmed/Carol Market/t '
          '3/order_confirmed/processing/t',
          'all versions of an order, with who did it');
SELECT is(pg_temp.versions(:'id', 2), '3/order_confirmed/processing/t',
          'those behind a version');
SELECT is(pg_temp.versions(:'id', 3), NULL, 'none behind the last');
SELECT is(pg_temp.versions(shop.uuid7(), 0), NULL, 'none of no order');
SELECT results_eq(
    format('SELECT order_id, epoch, version, status, final, deleted, buyer,
                   seller, driver, order_number, updated_at, old_status,
                   actor
              FROM api.order_changes(%L, 0)', :'id'),
    format('SELECT order_id, shop.epoch(), version, status, final, deleted,
                   buyer, seller, driver, order_number, updated_at,
                   old_status, actor
              FROM shop.change_log
             WHERE order_id = %L
             ORDER BY version', :'id'), 'as the change log has them');
SELECT set_eq(
    $$ SELECT a.name, a.type::regtype
         FROM pg_proc p, unnest(proargnames, proargmodes, proallargtypes)
             WITH ORDINALITY AS a (name, mode, type, n)
        WHERE oid = 'api.order_changes(uuid, int4)'::regprocedure
          AND mode = 't' $$,
    $$ SELECT a.name, a.type::regtype
         FROM pg_proc p, unnest(proargnames, proargmodes, proallargtypes)
             WITH ORDINALITY AS a (name, mode, type, n)
        WHERE oid = 'api.feed_read(text)'::regprocedure
          AND mode = 't' AND n > 5 $$,
    'in the columns that the feed has');

DO $$
BEGIN
    FOR i IN 1 .. 120 LOOP
        UPDATE shop.orders SET order_notes = i
         WHERE id = (SELECT id FROM shop.orders
                      ORDER BY created_at DESC, id DESC LIMIT 1);
    END LOOP;
END
$$;
SELECT is(min(version) || ' ' || max(version) || ' ' || count(*),
          '4 103 100', '100 at most, the next ones')
  FROM api.order_changes(:'id', 3);
DELETE FROM shop.orders WHERE id = :'id';
SELECT is(version || ' ' || deleted || ' ' || notify_admins,
          '124 true false', 'the last version is the deletion')
  FROM api.order_changes(:'id', 123);

-- a notice: the order is stuck, which is no version

CREATE FUNCTION pg_temp.read(p_order uuid) RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(concat_ws('/', f.version, o.code, s.code,
                                f.stuck_since IS NOT NULL), ' ' ORDER BY f.n)
      FROM api.feed_read('') WITH ORDINALITY
           AS f (snapshot, head_epoch, revision, gap, order_id, epoch,
                 version, status, final, deleted, buyer, seller, driver,
                 order_number, updated_at, old_status, actor, actor_name,
                 notify_admins, stuck_since, n)
      JOIN shop.workflow_statuses s ON s.id = f.status
      LEFT JOIN shop.workflow_statuses o ON o.id = f.old_status
     WHERE f.order_id = p_order
$$;

SELECT pg_temp.new_order(:market_store) AS id \gset
SELECT pg_temp.new_order(:market_store) AS other \gset
UPDATE shop.orders SET status = 'processing' WHERE id = :'id';
INSERT INTO shop.order_timers VALUES (:'other', 'stuck', now());
UPDATE shop.order_timers SET due_at = now()
 WHERE order_id = :'id' AND kind = 'stuck';
SELECT api.automate() \g /dev/null
UPDATE shop.orders SET order_notes = 'x' WHERE id = :'id';
SELECT is(pg_temp.read(:'id'),
          '1/order_confirmed/f 2/order_confirmed/processing/f '
          '2/processing/processing/t 3/processing/processing/f',
          'a notice is behind its version');
SELECT is(pg_temp.read(:'other'), '1/order_confirmed/f',
          'there is none where nothing is stuck');
SELECT matches(pg_temp.versions(:'id', 0), '^1/\S+ 2/\S+ 3/\S+$',
               'nor among the versions of the order');
SELECT is(ROW(l.final, l.deleted, l.buyer, l.seller, l.driver, l.actor,
              l.order_number, l.updated_at, l.stuck_since)::text,
          ROW(o.final, false, o.buyer_id, o.seller_id, o.driver_id,
              NULL::uuid, o.order_number, n.created_at,
              o.status_updated_at)::text, 'it has the order as it stands')
  FROM shop.orders o
  JOIN shop.notifications n ON n.order_id = o.id AND n.type = 'order_stuck'
  JOIN shop.change_log l ON l.order_id = o.id AND stuck_since IS NOT NULL
 WHERE o.id = :'id';
SELECT is(ROW(n.user_id, n.type, n.title, n.message)::text,
          ROW(l.seller, s.stuck_staff_type, s.stuck_staff_title,
              s.stuck_staff_before || l.order_number || s.stuck_staff_after
              || to_char(l.stuck_since AT TIME ZONE 'UTC',
                         'YYYY-MM-DD HH24:MI') || ' UTC')::text,
          'the notification has the words that the module has')
  FROM shop.notifications n
  JOIN shop.change_log l USING (order_id)
  JOIN api.statuses() s USING (status)
 WHERE n.order_id = :'id' AND n.type = 'order_stuck'
   AND l.stuck_since IS NOT NULL;

-- a caller's newest orders

CREATE FUNCTION pg_temp.newest(p_user uuid, p_role text) RETURNS uuid[]
LANGUAGE sql AS $$
    SELECT array_agg(order_id) FROM api.newest_orders(p_user, p_role)
$$;

CREATE TEMP TABLE made AS
SELECT n, pg_temp.new_order(CASE n % 3 WHEN 0 THEN :shop_store
                            ELSE :delivery_store END::uuid) AS id
  FROM generate_series(1, 130) n;
UPDATE shop.orders o
   SET created_at = now() + n * interval '1 s',
       driver_id = CASE WHEN n % 10 = 0 THEN :driver END::uuid
  FROM made m
 WHERE m.id = o.id;

-- a seller who buys is told of both, as may_see() has it

UPDATE made SET id = pg_temp.new_order(:shop_store) WHERE n = 129;
SET LOCAL session_replication_role = replica;
UPDATE shop.orders o
   SET buyer_id = :manager, created_at = now() + interval '129 s'
  FROM made m
 WHERE m.id = o.id AND n = 129;
UPDATE shop.orders o SET buyer_id = :manager, seller_id = :manager
  FROM made m
 WHERE m.id = o.id AND n = 128;
SET LOCAL session_replication_role = origin;

SELECT is((SELECT array_agg(id ORDER BY created_at DESC, id DESC)
             FROM (SELECT * FROM shop.orders o
                    WHERE shop.may_see(v.who, v.role, o)
                    ORDER BY created_at DESC, id DESC
                    LIMIT 101) o),
          pg_temp.newest(v.who, v.role),
          'the newest orders that a ' || v.role || ' may see')
  FROM (VALUES (:buyer::uuid, 'customer'), (:seller, 'manager'),
               (:manager, 'manager'), (:driver, 'driver'),
               (:admin, 'admin'), (NULL, 'system')) AS v (who, role);
SELECT is(cardinality(pg_temp.newest(:buyer, 'customer')), 101, '101 at most');
SELECT is(pg_temp.newest(:buyer, 'driver'), pg_temp.newest(:buyer, 'customer'),
          'whatever the role');
SELECT is(pg_temp.newest('00000000-0000-7000-8000-000000000999', 'customer'),
          NULL, 'none for a stranger');
SELECT results_eq(
    format('SELECT * FROM api.newest_orders(%L, ''driver'')
             ORDER BY order_id', :driver),
    format('SELECT r.order_id, r.epoch, r.version, r.status, r.final,
                   r.deleted, r.buyer, r.seller, r.driver, r.order_number,
                   r.updated_at
              FROM api.order_records(ARRAY(
                       SELECT id FROM shop.orders WHERE driver_id = %L)) r
             ORDER BY order_id', :driver), 'with their records');

-- what the database stores is what the module says: each status of each
-- workflow, come to by each way

CREATE TEMP TABLE moved AS
SELECT pg_temp.new_order(st.id, 'card') AS id, st.notify_admins, t.*
  FROM shop.workflow_transitions t
  JOIN shop.stores st ON st.workflow = t.workflow;
SELECT count(pg_temp.put(id, from_status)) FROM moved \g /dev/null
UPDATE shop.orders o SET status = to_status FROM moved m WHERE m.id = o.id;

CREATE TEMP TABLE expected AS
SELECT o.id, w.event, w.side, w.type, w.title,
       w.before || o.order_number || w.after AS message
  FROM moved m
  JOIN shop.orders o USING (id)
  JOIN api.statuses() s ON s.status = o.status_id,
       LATERAL (VALUES
           ('update', 'buyer', update_buyer_type, update_buyer_title,
            update_buyer_before, update_buyer_after),
           ('update', 'staff', update_staff_type, update_staff_title,
            update_staff_before, update_staff_after),
           ('create', 'buyer', create_buyer_type, create_buyer_title,
            create_buyer_before, create_buyer_after),
           ('create', 'staff', create_staff_type, create_staff_title,
            create_staff_before, create_staff_after))
           AS w (event, side, type, title, before, after);

SELECT set_eq(
    $$ SELECT n.user_id, n.order_id, n.type, n.title, n.message
         FROM shop.notifications n
         JOIN moved m ON m.id = n.order_id $$,
    $$ SELECT o.buyer_id, id, e.type, e.title, e.message
         FROM expected e JOIN shop.orders o USING (id)
        WHERE e.side = 'buyer'
        UNION ALL
       SELECT o.seller_id, id, e.type, e.title, e.message
         FROM expected e JOIN shop.orders o USING (id)
        WHERE e.side = 'staff'
        UNION ALL
       SELECT u.id, e.id, e.type, e.title, e.message
         FROM expected e JOIN moved m ON m.id = e.id, shop.users u
        WHERE e.side = 'staff' AND e.event = 'update' AND m.notify_admins
          AND u.role = 'admin' $$,
    'the notifications have the words that the module has');
SELECT cmp_ok((SELECT count(DISTINCT o.status_id)
                 FROM expected e JOIN shop.orders o USING (id)), '>=',
              (SELECT count(*) FROM shop.workflow_statuses s
                WHERE EXISTS (SELECT FROM shop.workflow_transitions t
                               WHERE t.workflow = s.workflow
                                 AND t.to_status = s.code)),
              'of every status that an order can come to');
SELECT results_eq(
    format('SELECT event, side, type, title,
                   replace(message, order_number, ''#'')
              FROM expected JOIN shop.orders USING (id)
             WHERE id = %L
             ORDER BY event, side', id),
    $$ VALUES ('create', 'buyer', 'order_created', 'Order Confirmed',
               'Your order # has been confirmed'),
              ('create', 'staff', 'new_order', 'New Order Received',
               'You have a new order #'),
              ('update', 'buyer', 'order_update', 'Order Status Updated',
               'Order #: ✔️ Seller confirmed!'),
              ('update', 'staff', 'order_update', 'Order Status Updated',
               'Order # is now Confirmed') $$,
    'which are those of S3 and S4')
  FROM moved WHERE workflow = 'shop' AND to_status = 'confirmed';
SELECT set_eq(
    $$ SELECT workflow, code, opens_delivery FROM api.statuses() $$,
    $$ SELECT workflow, code, opens_delivery
         FROM shop.workflow_statuses $$,
    'and the module knows where a delivery opens');

SELECT * FROM finish();
ROLLBACK;
