-- Lists of orders: whose, in which order, and how many there are.

\ir prelude.psql

SELECT no_plan();

-- orders of three buyers in three stores, with ties in everything that a
-- list is sorted by

CREATE FUNCTION pg_temp.pick(p_n int, p_salt int, anyarray)
RETURNS anyelement
LANGUAGE sql AS $$
    SELECT $3[1 + abs(hashint8(p_n * 10 + p_salt)) % cardinality($3)]
$$;

SET LOCAL session_replication_role = replica;
INSERT INTO shop.orders
       (order_number, version, buyer_id, seller_id, store_id, driver_id,
        workflow, status, status_id, final, status_updated_at, total_amount,
        currency, payment_method, created_at, updated_at)
SELECT 'LIST-' || n, 1,
       pg_temp.pick(n, 1, ARRAY[:buyer, :buyer2, :driver]::uuid[]),
       st.manager_id, st.id,
       pg_temp.pick(n, 2, ARRAY[:driver, NULL]::uuid[]), st.workflow,
       s.code, s.id, s.final, now(),
       pg_temp.pick(n, 3, ARRAY[5, 7.5, 7.50, 12]), 'USD', 'card',
       '2025-01-01Z'::timestamptz
       + pg_temp.pick(n, 4, ARRAY[0, 1, 2]) * interval '1 hour', now()
  FROM generate_series(1, 120) n
  JOIN shop.stores st
    ON st.id = pg_temp.pick(n, 5, ARRAY[:shop_store, :delivery_store,
                                        :cart_store]::uuid[])
  JOIN shop.workflow_statuses s
    ON s.workflow = st.workflow
   AND s.code = pg_temp.pick(n, 6, ARRAY['pending', 'delivered',
                                         'cancelled']);
SET LOCAL session_replication_role = origin;
INSERT INTO shop.order_tallies
SELECT v.owner, v.side, o.status, o.currency, 1, o.final_total
  FROM shop.orders o,
       LATERAL (VALUES (o.buyer_id, 'buyer'), (o.seller_id, 'seller'))
           AS v (owner, side)
 WHERE o.order_number ~ '^LIST-';

-- a list as nobody would write it who has a million orders

CREATE FUNCTION pg_temp.naive(p_side text, p_owner uuid, p_status text,
                              p_sort text, p_desc boolean)
RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
    v_dir   text := CASE WHEN p_desc THEN 'DESC' ELSE 'ASC' END;
    v_keys  text[] := CASE p_sort
                      WHEN 'createdAt' THEN ARRAY['created_at', 'id']
                      WHEN 'status' THEN ARRAY['status', 'created_at', 'id']
                      ELSE ARRAY['total_amount', 'id'] END;
    v_ids   uuid[];
BEGIN
    EXECUTE format('SELECT array_agg(id ORDER BY %s) FROM shop.orders
                     WHERE (%L = ''all'' OR %s = %L)
                       AND (%L IS NULL OR status = %L)',
                   (SELECT string_agg(k || ' ' || v_dir, ', ')
                      FROM unnest(v_keys) k),
                   p_side, CASE p_side WHEN 'all' THEN 'id'
                           ELSE p_side || '_id' END, p_owner,
                   p_status, p_status)
       INTO v_ids;
    RETURN coalesce(v_ids, '{}');
END
$$;

CREATE FUNCTION pg_temp.by_cursor(p_side text, p_owner uuid, p_status text,
                                  p_sort text, p_desc boolean, p_limit int)
RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
    v_all   uuid[] := '{}';
    v_page  uuid[];
    v_last  uuid;
BEGIN
    LOOP
        v_page := shop.order_page(p_side, p_owner, p_status, p_sort, p_desc,
                                  p_limit, 0, v_last);
        v_all := v_all || v_page[:p_limit];
        EXIT WHEN cardinality(v_page) <= p_limit;
        v_last := v_page[p_limit];
    END LOOP;
    RETURN v_all;
END
$$;

CREATE FUNCTION pg_temp.by_number(p_side text, p_owner uuid, p_status text,
                                  p_sort text, p_desc boolean, p_limit int)
RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
    v_all   uuid[] := '{}';
    v_page  uuid[];
BEGIN
    FOR i IN 0 .. 1000 LOOP
        v_page := shop.order_page(p_side, p_owner, p_status, p_sort, p_desc,
                                  p_limit, i * p_limit, NULL);
        v_all := v_all || v_page[:p_limit];
        EXIT WHEN cardinality(v_page) <= p_limit;
    END LOOP;
    RETURN v_all;
END
$$;

CREATE TEMP TABLE lists AS
SELECT v.side, v.owner::uuid, status, sort, down
  FROM (VALUES ('buyer', :buyer), ('buyer', :buyer2), ('seller', :manager),
               ('driver', :driver), ('all', NULL), ('buyer', :admin))
           AS v (side, owner),
       unnest(ARRAY[NULL, 'pending', 'delivered', 'refunded']) status,
       unnest(ARRAY['createdAt', 'status', 'totalAmount']) sort,
       unnest(ARRAY[false, true]) down;

SELECT is_empty($$ SELECT * FROM lists l
                    WHERE pg_temp.naive(side, owner, status, sort, down)
                          <> pg_temp.by_cursor(side, owner, status, sort,
                                               down, 7) $$,
                'pages by cursor are the list: none twice, none missing, '
                'also with ties');
SELECT is_empty($$ SELECT * FROM lists l
                    WHERE pg_temp.naive(side, owner, status, sort, down)
                          <> pg_temp.by_number(side, owner, status, sort,
                                               down, 20) $$,
                'and so are pages by number');
SELECT is_empty($$ SELECT * FROM lists l
                    WHERE pg_temp.naive(side, owner, status, sort, down)
                          <> pg_temp.by_cursor(side, owner, status, sort,
                                               down, 1)
                      AND owner = '00000000-0000-7000-8000-000000000101' $$,
                'one at a time, too');
SELECT cmp_ok(cardinality(pg_temp.naive('all', NULL, 'pending', 'status',
                                        true)), '>', 10,
              'those lists are not empty');

-- an order that is deleted leaves its place to its cursor

CREATE TEMP TABLE places AS
SELECT sort, down, i[3] AS at, i[4:] AS rest
  FROM unnest(ARRAY['createdAt', 'status', 'totalAmount']) sort,
       unnest(ARRAY[false, true]) down,
       LATERAL pg_temp.naive('buyer', :buyer, NULL, sort, down) i;

SELECT throws_ok('DELETE FROM shop.orders WHERE id IN (SELECT at FROM places);
                  CREATE TEMP TABLE behind AS
                  SELECT shop.order_page(''buyer'', ''' || :buyer || ''',
                             NULL, sort, down, 1000, 0, at)
                         = ARRAY(SELECT r FROM unnest(rest)
                                     WITH ORDINALITY AS u (r, n)
                                  WHERE r NOT IN (SELECT at FROM places)
                                  ORDER BY n) AS same
                    FROM places;
                  DO $d$ BEGIN RAISE ''%'', (SELECT bool_and(same)
                                               FROM behind); END $d$',
                 'P0001', 't', 'a list goes on behind an order that is gone');

-- how many there are

CREATE VIEW pg_temp.wrong_totals AS
WITH counted AS (
    SELECT v.side, v.owner, o.status, count(*) AS orders,
           sum(o.final_total) AS amount
      FROM shop.orders o,
           LATERAL (VALUES (o.buyer_id, 'buyer'), (o.seller_id, 'seller'))
               AS v (owner, side)
     GROUP BY v.side, v.owner, o.status
), tallied AS (
    SELECT side, owner, status, sum(orders) AS orders, sum(amount) AS amount
      FROM shop.order_tallies
     GROUP BY side, owner, status
    HAVING sum(orders) <> 0 OR sum(amount) <> 0
)
SELECT side, owner, status, counted.orders AS counted, tallied.orders
  FROM counted FULL JOIN tallied USING (side, owner, status)
 WHERE (counted.orders, counted.amount)
       IS DISTINCT FROM (tallied.orders, tallied.amount)
    OR shop.order_total(side, owner, status) <> counted.orders;

SELECT is_empty('SELECT * FROM wrong_totals', 'totals are what is counted');

CREATE FUNCTION pg_temp.change(p_n int) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_kind   text := (ARRAY['insert', 'insert', 'move', 'move', 'move',
                            'discount', 'delete', 'many', 'fold'])[1 + p_n % 9];
    v_order  shop.orders;
BEGIN
    SELECT * INTO v_order FROM shop.orders
     WHERE v_kind NOT IN ('move', 'discount') OR NOT final
     ORDER BY random() LIMIT 1;

    CASE v_kind
    WHEN 'insert' THEN
        INSERT INTO shop.orders (buyer_id, store_id, payment_method,
                                 total_amount)
        SELECT v_order.buyer_id, id, 'card', 10
          FROM shop.stores ORDER BY random() LIMIT 2;
    WHEN 'move' THEN
        UPDATE shop.orders o SET status = t.to_status
          FROM (SELECT to_status FROM shop.workflow_transitions
                 WHERE workflow = v_order.workflow
                   AND from_status = v_order.status
                 ORDER BY random() LIMIT 1) t
         WHERE o.id = v_order.id;
    WHEN 'discount' THEN
        UPDATE shop.orders SET total_discount = total_amount / 4
         WHERE id = v_order.id;
    WHEN 'delete' THEN
        DELETE FROM shop.orders WHERE id = v_order.id;
    WHEN 'many' THEN
        UPDATE shop.orders o SET status = 'cancelled', total_discount = 1
          FROM shop.workflow_transitions t
         WHERE t.workflow = o.workflow AND t.from_status = o.status
           AND t.to_status = 'cancelled' AND random() < 0.1;
    ELSE
        PERFORM shop.fold_tallies();
    END CASE;

    RETURN (SELECT v_kind || ' ' || row_to_json(w)
              FROM pg_temp.wrong_totals w LIMIT 1);
END
$$;

SELECT setseed(0.3) \g /dev/null
SELECT is_empty($$ SELECT w FROM (SELECT pg_temp.change(n) AS w
                                    FROM generate_series(1, 90) n) c
                    WHERE w IS NOT NULL $$,
                'whatever changes, totals stay what is counted');

UPDATE shop.stores SET manager_id = :seller WHERE id = :delivery_store;
SELECT is_empty('SELECT * FROM wrong_totals',
                'also when a store gets another manager');
UPDATE shop.stores SET manager_id = :manager WHERE id = :delivery_store;

SELECT shop.fold_tallies() \g /dev/null
SELECT is_empty('SELECT * FROM wrong_totals', 'folding changes no sum');
SELECT is_empty('SELECT owner, side, status, currency
                   FROM shop.order_tallies
                  GROUP BY 1, 2, 3, 4 HAVING count(*) > 1 OR sum(orders) = 0',
                'and leaves one row for a key, and none for nothing');
SELECT is(shop.order_total('all', NULL, s),
          (SELECT count(*) FROM shop.orders WHERE s IS NULL OR status = s),
          'the total of all orders ' || coalesce('that are ' || s, ''))
  FROM unnest(ARRAY[NULL, 'delivered']) s;
SELECT is(shop.order_total('driver', :driver, NULL),
          (SELECT count(*) FROM shop.orders WHERE driver_id = :driver),
          'the total of a driver''s orders');

-- the envelope (S4)

SELECT body::json AS body, next_cursor
  FROM api.list_buyer_orders(:buyer, 'customer', :buyer, NULL, NULL, 5,
                             'totalAmount', 'asc', NULL) \gset
SELECT shop.order_total('buyer', :buyer, NULL) AS total \gset
SELECT is(:'body'::json -> 'pagination' ->> 'page', '1', 'page 1')
 UNION ALL
SELECT is((:'body'::json -> 'pagination')::text,
          format('{"page":1,"limit":5,"total":%s,"totalPages":%s}', :total,
                 ceil(:total / 5.0)), 'of so many');
SELECT is(:'body'::json ->> 'next_cursor', :'next_cursor',
          'the body names the next cursor, too');
SELECT results_eq(
    format('SELECT (o ->> ''id'')::uuid
              FROM json_array_elements(%L::json -> ''orders'') o', :'body'),
    format('SELECT unnest((pg_temp.naive(''buyer'', %L, NULL,
                                         ''totalAmount'', false))[:5])',
           :buyer), 'with the first five');
SELECT set_has(format('SELECT json_object_keys(%L::json -> ''orders'' -> 0)',
                      :'body'),
               $$ SELECT unnest(ARRAY['id', 'orderNumber', 'status',
                  'totalAmount', 'currency', 'seller', 'buyer', 'createdAt',
                  'estimatedDelivery']) $$, 'an order has the fields of S4');
SELECT is(body::json -> 'pagination' ->> 'page', '2',
          'page 2 begins where the cursor leads')
       || E'\n' ||
       is((body::json -> 'orders')::text,
          (SELECT (c.body::json -> 'orders')::text
             FROM api.list_buyer_orders(:buyer, 'customer', :buyer, NULL, 3,
                      5, 'totalAmount', 'asc', :'next_cursor') c),
          'and has the same orders')
  FROM api.list_buyer_orders(:buyer, 'customer', :buyer, NULL, 2, 5,
                             'totalAmount', 'asc', NULL);
SELECT is(body::json -> 'pagination' ->> 'page', NULL,
          'with a cursor there is no page number')
  FROM api.list_buyer_orders(:buyer, 'customer', :buyer, NULL, 3, 5,
                             'totalAmount', 'asc', :'next_cursor');
SELECT is(body, '{"orders":[],"pagination":{"page":1,"limit":20,"total":0,'
                '"totalPages":0},"next_cursor":null}', 'no orders at all')
  FROM api.list_seller_orders(:driver, 'manager', :driver, NULL, NULL, NULL,
                              NULL, NULL, NULL);
SELECT is((body::json -> 'pagination' ->> 'total')::int8,
          (SELECT count(*) FROM shop.orders
            WHERE seller_id = :market AND status = 'cancelled'),
          'a status has its own total')
       || E'\n' ||
       is((SELECT string_agg(DISTINCT o ->> 'status', ' ')
             FROM json_array_elements(body::json -> 'orders') o),
          'cancelled', 'and its own orders')
  FROM api.list_seller_orders(:market, 'manager', :market, 'cancelled', NULL,
                              100, NULL, NULL, NULL);
SELECT is(json_array_length(body::json -> 'orders'), 20, '20 unless told')
  FROM api.list_orders(:admin, 'admin', NULL, NULL, NULL, NULL, NULL,
                       'order');
SELECT is((body::json -> 'pagination' ->> 'limit') || ' '
          || (body::json -> 'pagination' ->> 'page'), '100 100',
          'limit and page are bounded')
  FROM api.list_orders(:admin, 'admin', NULL, 1000, 1000, NULL, NULL,
                       'order');

-- whose (S1)

CREATE FUNCTION pg_temp.ids(p_body text) RETURNS uuid[]
LANGUAGE sql AS $$
    SELECT coalesce(array_agg((o ->> 'id')::uuid), '{}')
      FROM json_array_elements(
        CASE json_typeof(p_body::json) WHEN 'array' THEN p_body::json
             ELSE p_body::json -> 'orders' END) o
$$;

SELECT is(pg_temp.ids(body),
          (pg_temp.naive(v.side, v.owner::uuid, NULL, 'createdAt', true))[:100],
          format('a %s lists as %s, the newest first', v.role, v.side))
  FROM (VALUES ('customer', 'buyer', :buyer), ('manager', 'seller', :manager),
               ('driver', 'driver', :driver), ('admin', 'all', :admin),
               ('system', 'all', NULL)) AS v (role, side, owner),
       LATERAL api.list_orders(v.owner::uuid, v.role, NULL, NULL, 100, NULL,
                               NULL, 'order');
SELECT is(pg_temp.ids(body),
          (pg_temp.naive('buyer', :buyer, 'pending', 'createdAt', false))[:3],
          'or the oldest first, or of one status')
  FROM api.list_orders(:buyer, 'customer', 'pending', NULL, 3, 'asc', NULL,
                       'order');
SELECT is(json_typeof(body::json) || ' '
          || (body::json -> 0 -> 'user' ->> 'id'), 'array ' || :buyer,
          'under /orders it is a bare array with user and product')
       || E'\n' ||
       is(next_cursor, body::json -> 2 ->> 'id',
          'whose cursor is a column of the answer')
  FROM api.list_orders(:buyer, 'customer', NULL, NULL, 3, NULL, NULL, 'bare');
SELECT is(a.body, b.body, 'a user''s own orders are the same list')
  FROM api.list_user_orders(:buyer, 'customer', :buyer, NULL, 2, 3, NULL,
                            'order') a,
       api.list_orders(:buyer, 'customer', NULL, 2, 3, NULL, NULL, 'order') b;
SELECT is(pg_temp.ids(a.body), pg_temp.ids(b.body),
          'bare ones and enveloped ones are the same')
  FROM api.list_user_orders(:admin, 'admin', :buyer, NULL, NULL, 9, NULL,
                            'bare') a,
       api.list_buyer_orders(:admin, 'admin', :buyer, NULL, NULL, 9, NULL,
                             NULL, NULL) b;
SELECT is(array_agg((o -> 'order' ->> 'id')::uuid),
          (pg_temp.naive('buyer', :buyer, NULL, 'createdAt', true))[:5],
          'S2''s list has the same order')
  FROM api.list_user_orders_detailed(:buyer, 'customer', 5, NULL),
       json_array_elements(body::json) o;

-- refusals

SELECT is(code, 'OM002',
          'another user''s: ' || split_part(f, '(', 1))
  FROM unnest(ARRAY['list_user_orders(%L, ''customer'', %L, NULL, NULL,
                     NULL, NULL, ''bare'')',
                    'list_buyer_orders(%L, ''manager'', %L, NULL, NULL, NULL,
                     NULL, NULL, NULL)',
                    'list_seller_orders(%L, ''driver'', %L, NULL, NULL, NULL,
                     NULL, NULL, NULL)',
                    'get_user_stats(%L, ''customer'', %L)']) f,
       LATERAL pg_temp.refusal('SELECT api.' || format(f, :buyer, :buyer2));
SELECT is(code || ' ' || (detail -> 'errors' -> 0 ->> 'field'),
          'OM013 status', 'a status that there is not')
  FROM pg_temp.refusal(format('SELECT api.list_orders(%L, ''customer'',
       ''lost'', NULL, NULL, NULL, NULL, ''bare'')', :buyer));
SELECT is(code || ' ' || (detail -> 'errors' -> 0 ->> 'field'),
          'OM004 cursor', 'a cursor that is none: ' || c)
  FROM unnest(ARRAY['x', '00000000-0000-7000-8000-000000000000']) c,
       LATERAL pg_temp.refusal(format('SELECT api.list_orders(%L,
           ''customer'', NULL, NULL, NULL, NULL, %L, ''bare'')', :buyer, c));

-- statistics (S1: 1 x 999.99 and 2 x 74.99 come to 1149.97)

SELECT is(body::json ->> 'totalOrders', '0', 'nobody bought nothing')
  FROM api.get_user_stats(:manager, 'manager', :manager);
INSERT INTO shop.orders (buyer_id, store_id, payment_method, total_amount)
VALUES (:manager, :cart_store, 'card', 999.99),
       (:manager, :cart_store, 'card', 149.98),
       (:manager, :market_store, 'other', 0.00000001),
       (:manager, :market_store, 'other', 5);
UPDATE shop.orders SET status = 'cancelled'
 WHERE buyer_id = :manager AND total_amount = 5;
SELECT is(body::jsonb,
          '{"totalOrders": 4, "totalSpent": 1149.97000001,
            "statusCounts": {"pending": 2, "order_confirmed": 1,
                             "cancelled": 1},
            "spentByCurrency": {"USD": 1149.97, "USDC": 0.00000001}}',
          'orders, what was spent and not cancelled, and statuses')
  FROM api.get_user_stats(:manager, 'manager', :manager);
SELECT is(code, 'OM001', 'a user that there is not')
  FROM pg_temp.refusal(format('SELECT api.get_user_stats(%L, ''admin'', %L)',
                              :admin, :shop_store));

-- one order's timeline, history and tracking (S4)

SELECT pg_temp.new_order(:market_store, 'escrow') AS id \gset
SELECT pg_temp.act(:market, 'manager'),
       shop.note('why', 'Order confirmed by Carol',
                 '{"trackingNumber": "1Z9"}') \g /dev/null
UPDATE shop.orders SET status = 'order_confirmed' WHERE id = :'id';
SELECT pg_temp.act(NULL, NULL), shop.note(NULL, NULL) \g /dev/null

SELECT body::json -> 'timeline' AS t FROM
    api.get_order_timeline(:buyer, 'customer', :'id') \gset
SELECT is(json_array_length(:'t'), 2, 'the timeline has every status')
 UNION ALL
SELECT is(:'t'::jsonb #- '{0,id}' #- '{1,id}' #- '{0,timestamp}'
          #- '{1,timestamp}',
          '[{"status": "escrow_locked", "source": "system", "metadata": {},
             "description": "Payment secured in escrow"},
            {"status": "order_confirmed", "source": "seller",
             "description": "Order confirmed by Carol",
             "metadata": {"trackingNumber": "1Z9"}}]',
          'with description, source and metadata');
SELECT is(:'t'::json -> 1 ->> 'id', (SELECT id::text
            FROM shop.order_status_history
           WHERE order_id = :'id' AND new_status = 'order_confirmed'), 'id')
 UNION ALL
SELECT is(:'t'::json -> 1 ->> 'timestamp', (SELECT shop.iso(status_updated_at)
            FROM shop.orders WHERE id = :'id'), 'and time');
SELECT is(body::json -> 'order' -> 'timeline' -> 1 ->> 'trackingNumber'
          || ' ' || coalesce(body::json -> 'order' -> 'timeline' -> 1
                                  ->> 'source', 'none'), '1Z9 none',
          'the order itself has the shorter one')
  FROM api.get_order(:buyer, 'customer', :'id', 'order');

SELECT is((body::jsonb -> 'history') #- '{0,id}' #- '{1,id}'
          #- '{0,createdAt}' #- '{1,createdAt}',
          jsonb_build_array(
              '{"previousStatus": null, "newStatus": "escrow_locked",
                "changedBy": null, "reason": null, "notes": null,
                "metadata": {}, "source": "system"}'::jsonb,
              jsonb_build_object(
                  'previousStatus', 'escrow_locked', 'newStatus',
                  'order_confirmed', 'changedBy', jsonb_build_object(
                      'id', :market, 'name', 'Carol Market'),
                  'reason', 'why', 'notes', 'Order confirmed by Carol',
                  'metadata', '{"trackingNumber": "1Z9"}'::jsonb,
                  'source', 'seller')), 'the history says who and why')
       || E'\n' ||
       is(version || ' ' || order_id, '2 ' || :'id', 'and has the record')
  FROM api.get_order_history(:market, 'manager', :'id');

UPDATE shop.orders SET tracking_number = '1Z9' WHERE id = :'id';
INSERT INTO shop.shipments (order_id, method, carrier)
VALUES (:'id', 'express', 'UPS');
INSERT INTO shop.order_tracking_events
       (order_id, event_type, event_source, location, occurred_at)
VALUES (:'id', 'shipment_update', 'shipping_provider', 'Berlin',
        '2020-01-01Z');
SELECT is((body::jsonb -> 'tracking' -> 'events' -> 0) - 'id' - 'recordedAt',
          '{"type": "shipment_update", "source": "shipping_provider",
            "location": "Berlin", "data": {},
            "occurredAt": "2020-01-01T00:00:00.000Z"}',
          'tracking has the events, the oldest first')
       || E'\n' ||
       is((body::jsonb -> 'tracking') - 'events',
          jsonb_build_object('orderId', :'id', 'orderNumber', order_number,
              'status', 'order_confirmed', 'method', 'express', 'carrier',
              'UPS', 'trackingNumber', '1Z9', 'estimatedDelivery',
              (now() AT TIME ZONE 'UTC')::date + 14, 'actualDeliveryDate',
              NULL, 'trackingUrl', '/orders/' || :'id'),
          'carrier, number and dates')
       || E'\n' ||
       is(json_array_length(body::json -> 'tracking' -> 'events'), 3,
          'and the changes of status among them')
  FROM api.get_order_tracking(:buyer, 'customer', :'id');

SELECT is(code, 'OM002', f || ' is for who may see the order')
  FROM unnest(ARRAY['get_order_timeline', 'get_order_history',
                    'get_order_tracking']) f,
       LATERAL pg_temp.refusal(format('SELECT api.%s(%L, ''customer'', %L)',
                                      f, :buyer2, :'id'));
SELECT is(code, 'OM001', f || ' of no order')
  FROM unnest(ARRAY['get_order_timeline', 'get_order_history',
                    'get_order_tracking']) f,
       LATERAL pg_temp.refusal(format('SELECT api.%s(%L, ''customer'',
                                      ''ORD-0'')', f, :buyer));

SELECT * FROM finish();
ROLLBACK;
