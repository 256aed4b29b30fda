-- S0: from the cart over the manager's kitchen to the driver's door bell.

\ir prelude.psql

SELECT no_plan();

\set driver2 '\'00000000-0000-7000-8000-000000000108\''

DELETE FROM shop.deliveries;
DELETE FROM shop.cart_items;

CREATE FUNCTION pg_temp.fill(p_product uuid, p_quantity int) RETURNS bigint
LANGUAGE sql AS $$
    SELECT count(*) FROM api.add_cart_item(
        '00000000-0000-7000-8000-000000000101', 'customer', NULL, NULL, NULL,
        p_product, p_quantity, NULL, NULL)
$$;

CREATE FUNCTION pg_temp.place(p_store uuid, p_key text DEFAULT NULL)
RETURNS api.answer
LANGUAGE sql AS $$
    SELECT a FROM api.place_cart_order('00000000-0000-7000-8000-000000000101',
        'customer', p_key, 'f', p_store, 'Credit Card', '{"city":"Rome"}',
        'ring twice') a
$$;

CREATE FUNCTION pg_temp.manage(p_user text, p_match int, p_order text,
                               p_status text)
RETURNS text
LANGUAGE sql AS $$
    SELECT format('SELECT api.update_manager_order(%L, ''manager'', %L, %L, '
                  '%L)', p_user, p_match, p_order, p_status)
$$;

CREATE FUNCTION pg_temp.answer(p_user text, p_task text, p_action text)
RETURNS text
LANGUAGE sql AS $$
    SELECT format('SELECT api.answer_driver_task(%L, ''driver'', %L, %L)',
                  p_user, p_task, p_action)
$$;

CREATE FUNCTION pg_temp.drive(p_user text, p_task text, p_status text)
RETURNS text
LANGUAGE sql AS $$
    SELECT format('SELECT api.update_driver_task(%L, ''driver'', %L, %L)',
                  p_user, p_task, p_status)
$$;

-- an order that is being prepared, and its task

CREATE FUNCTION pg_temp.cooking(p_n int, OUT order_id uuid, OUT task_id uuid)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.act(NULL, NULL);
    order_id := pg_temp.new_order('00000000-0000-7000-8000-000000000204');
    UPDATE shop.orders SET status = 'preparing' WHERE id = order_id;
    SELECT d.id INTO task_id FROM shop.deliveries d
     WHERE d.order_id = cooking.order_id;
END
$$;

CREATE FUNCTION pg_temp.requests(p_user uuid) RETURNS text
LANGUAGE sql AS $$
    SELECT coalesce(string_agg(e ->> 'id', ' '), '')
      FROM api.list_driver_requests(p_user, 'driver', NULL, NULL),
           json_array_elements(body::json) e
$$;

-- phase 1: the cart becomes one order

SELECT is(code, 'OM005', 'an empty cart is refused')
  FROM pg_temp.refusal(format('SELECT pg_temp.place(%L)', :delivery_store));

SELECT pg_temp.fill(:pizza, 2), pg_temp.fill(:laptop, 1) \g /dev/null
SELECT is(code, 'OM006', 'a cart of two stores is refused')
  FROM pg_temp.refusal(format('SELECT pg_temp.place(%L)', :delivery_store));
DELETE FROM shop.cart_items WHERE product_id = :laptop;
SELECT is(code, 'OM006', 'and so is a cart of another store')
  FROM pg_temp.refusal(format('SELECT pg_temp.place(%L)', :cart_store));
UPDATE shop.products SET stock = 1 WHERE id = :pizza;
SELECT is(code, 'OM006', 'whatever else is wrong with it')
  FROM pg_temp.refusal(format('SELECT pg_temp.place(%L)', :cart_store));
SELECT is(code, 'OM007', 'more than there is is refused')
  FROM pg_temp.refusal(format('SELECT pg_temp.place(%L)', :delivery_store));
UPDATE shop.products SET stock = 1000 WHERE id = :pizza;
SELECT is((SELECT sum(quantity) FROM shop.cart_items), 2::bigint,
          'a refusal leaves the cart');

UPDATE shop.settings SET trust_payment = true;
SELECT http_status, body, order_id AS id, order_number AS number, version,
       status
  FROM pg_temp.place(:delivery_store, 'k1') \gset
SELECT is(:http_status || ' ' || :'body',
          format('201 {"message":"Order placed successfully!","orderId":"%s",'
                 '"orderNumber":"%s","status":"pending","version":1}',
                 :'id', :'number'), 'the cart becomes an order');
SELECT is(:version || ' ' || :status, '1 1', 'whose record is answered');
SELECT is(payment_method || ' ' || payment_status || ' '
          || shop.amount(total_amount) || ' ' || order_notes || ' '
          || (shipping_address ->> 'city'),
          'Credit Card paid 19 ring twice Rome',
          'it is paid, where a customer''s word is believed')
  FROM shop.orders WHERE id = :'id';
SELECT is((SELECT count(*) FROM shop.cart_items), 0::bigint,
          'and the cart is empty');
SELECT is(replayed || ' ' || (body = :'body') || ' '
          || coalesce(order_id::text, 'no record'), 'true true no record',
          'the same key gets the same answer')
  FROM pg_temp.place(:delivery_store, 'k1');

SELECT is(code, 'OM010', 'at this path a key is one, whatever the body')
  FROM pg_temp.refusal(format('SELECT api.create_order(%L, ''customer'',
       ''k1'', ''g'', NULL, %L, 1, NULL, NULL, NULL, NULL, NULL, ''order'')',
       :buyer, :pizza));

UPDATE shop.settings SET trust_payment = false;
SELECT pg_temp.fill(:pizza, 1) \g /dev/null
SELECT is(payment_status, 'pending',
          'where it is not, payment is pending')
  FROM shop.orders
 WHERE id = (SELECT order_id FROM pg_temp.place(:delivery_store));
UPDATE shop.settings SET trust_payment = true;

-- phase 2: the manager

SELECT is(e ->> 'id' || ' ' || (e ->> 'user_id') || ' ' || (e ->> 'status')
          || ' ' || (e ->> 'payment_status') || ' '
          || (e #>> '{items,0,product_name}'),
          :'id' || ' ' || :buyer || ' pending paid Margherita',
          'the manager sees the order')
  FROM api.list_manager_orders(:manager, 'manager', 'pending', NULL, NULL),
       json_array_elements(body::json) e
 WHERE e ->> 'id' = :'id';
SELECT is(e ->> 'delivery', NULL, 'which has no delivery task yet')
  FROM api.list_manager_orders(:manager, 'manager', 'pending', NULL, NULL),
       json_array_elements(body::json) e
 WHERE e ->> 'id' = :'id';
SELECT is(body || ' ' || coalesce(next_cursor, 'no more'), '[] no more',
          'a list may be empty')
  FROM api.list_manager_orders(:driver2, 'manager', NULL, NULL, NULL);
SELECT is(code, 'OM013', 'a status that is in no workflow lists nothing')
  FROM pg_temp.refusal(format('SELECT api.list_manager_orders(%L, ''manager'',
       ''lost'', NULL, NULL)', :manager));

SELECT body AS first, next_cursor
  FROM api.list_manager_orders(:manager, 'manager', NULL, 1, NULL) \gset
SELECT is(e ->> 'id', :'id', 'a list goes on where its page ended')
  FROM api.list_manager_orders(:manager, 'manager', NULL, 1, :'next_cursor'),
       json_array_elements(body::json) e;
SELECT is(json_array_length(:'first'::json), 1, 'and ended at its limit');

SELECT is(code || ' ' || (detail -> 'errors' -> 0 ->> 'field'),
          'OM013 status', '1: a status that is in no workflow')
  FROM pg_temp.refusal(pg_temp.manage(:seller, 9, :'id', 'lost'));
SELECT is(code, 'OM002', '2: an unknown order is forbidden, as in S0')
  FROM pg_temp.refusal(pg_temp.manage(:manager, 9, 'ORD-NONE', 'delivered'));
SELECT is(code, 'OM002', '2: and so is somebody else''s')
  FROM pg_temp.refusal(pg_temp.manage(:seller, 9, :'id', 'delivered'));
SELECT is(code, 'OM009', '3: another version')
  FROM pg_temp.refusal(pg_temp.manage(:manager, 9, :'id', 'delivered'));
SELECT is(code || ' ' || (detail ->> 'allowed_transitions'),
          'OM003 ["preparing", "cancelled"]', '4: no step from here')
  FROM pg_temp.refusal(pg_temp.manage(:manager, 1, :'id', 'delivered'));

SELECT body, version
  FROM api.update_manager_order(:manager, 'manager', 1, :'number',
                                'preparing') \gset
SELECT id AS task FROM shop.deliveries WHERE order_id = :'id' \gset
SELECT is(:'body',
          format('{"message":"Order %1$s status updated to preparing. '
                 'Delivery task created.","order_id":"%1$s",'
                 '"order_number":"%2$s","status":"preparing","version":2,'
                 '"delivery_id":"%3$s"}', :'id', :'number', :'task'),
          'an accepted order opens a delivery task');
SELECT is(:version, 2, 'and its record is that of the new version');
SELECT is(delivery_status || ' ' || coalesce(driver_id::text, 'nobody'),
          'assigned nobody', 'which is assigned to nobody')
  FROM shop.deliveries WHERE id = :'task';
SELECT is(code, 'OM003', 'accepting it again is refused')
  FROM pg_temp.refusal(pg_temp.manage(:manager, NULL, :'id', 'preparing'));
SELECT is(e ->> 'delivery', '{"id":"' || :'task' || '","driver_id":null,'
          '"delivery_status":"assigned","delivery_time":null}',
          'the manager sees the task')
  FROM api.list_manager_orders(:manager, 'manager', 'preparing', NULL, NULL),
       json_array_elements(body::json) e
 WHERE e ->> 'id' = :'id';

SELECT pg_temp.act(NULL, NULL) \g /dev/null
SELECT pg_temp.new_order(:cart_store) AS other \gset
SELECT matches(body, '^{"message":"Order [0-9a-f-]+ status updated to '
               'processing\.","order_id".*"delivery_id":null}$',
               'where no task is opened, the answer does not say so')
  FROM api.update_manager_order('00000000-0000-7000-8000-000000000106',
                                'manager', NULL, :'other', 'processing');

-- phase 3: the drivers

SELECT is(body::json -> 0 ->> 'id', :'task', 'a driver sees the open task')
  FROM api.list_driver_requests(:driver, 'driver', NULL, NULL);
SELECT set_eq(format('SELECT json_object_keys(json_array_elements(body::json))
                        FROM api.list_driver_requests(%L, ''driver'', NULL,
                                                      NULL)', :driver),
    ARRAY['id', 'order_id', 'order_number', 'order_status', 'delivery_status',
          'delivery_time', 'store', 'shipping_address', 'items', 'created_at',
          'updated_at'], 'with these fields');
SELECT is((e -> 'store')::text || (e -> 'items')::text
          || (e ->> 'order_status') || (e #>> '{shipping_address,city}'),
          '{"id":"' || :delivery_store || '","name":"Corner Kitchen"}'
          '[{"product_name":"Margherita","quantity":2}]preparingRome',
          'from where, what and to where')
  FROM api.list_driver_requests(:driver, 'driver', NULL, NULL),
       json_array_elements(body::json) e;

SELECT is(code, 'OM015', 'an unknown task is 409, as in S0')
  FROM pg_temp.refusal(pg_temp.answer(:driver, gen_random_uuid()::text,
                                      'accept'));
SELECT is(code, 'OM001', 'a driver whom we do not know takes none')
  FROM pg_temp.refusal(pg_temp.answer(gen_random_uuid()::text, :'task',
                                      'accept'));
SELECT is(code, 'OM002', 'nobody drives a task that nobody took')
  FROM pg_temp.refusal(pg_temp.drive(:driver, :'task', 'delivered'));

SELECT http_status, body, coalesce(order_id::text, 'no record') AS record
  FROM api.answer_driver_task(:driver2, 'driver', :'task', 'reject') \gset
SELECT is(:http_status || ' ' || :'body' || ' ' || :'record',
          format('200 {"message":"Delivery rejected.","id":"%s","order_id":'
                 '"%s","delivery_status":"assigned","order_status":'
                 '"preparing"} no record', :'task', :'id'),
          'a driver rejects it, which changes nothing');
SELECT lives_ok(pg_temp.answer(:driver2, :'task', 'reject'),
                'and may do so twice');
SELECT is(pg_temp.requests(:driver2), '', 'it is hidden from that driver');
SELECT is(pg_temp.requests(:driver), :'task', 'but from nobody else');

SELECT http_status, body, order_id, version, status, driver AS record_driver
  FROM api.answer_driver_task(:driver, 'driver', :'task', 'accept') \gset
SELECT is(:http_status || ' ' || :'body',
          format('200 {"message":"Delivery accepted. Order is now out for '
                 'delivery.","id":"%s","order_id":"%s","delivery_status":'
                 '"in_transit","order_status":"out_for_delivery"}',
                 :'task', :'id'), 'a driver accepts it');
SELECT is(ROW(:'order_id', :version, :status, :'record_driver')::text,
          ROW(:'id', 3, 3, :driver)::text,
          'order and driver change in one version');
SELECT is(driver_id || ' ' || delivery_status, :driver || ' in_transit',
          'and so does the task')
  FROM shop.deliveries WHERE id = :'task';
SELECT is(changed_by || ' ' || source, :driver || ' driver',
          'the history knows who it was')
  FROM shop.order_status_history
 WHERE order_id = :'id' AND new_status = 'out_for_delivery';
SELECT is((SELECT count(*) FROM shop.notifications
            WHERE order_id = :'id' AND data ->> 'status' = 'out_for_delivery'
              AND user_id IN (:buyer, :manager)), 2::bigint,
          'buyer and manager are notified');

SELECT is(code, 'OM015', 'a taken task is taken: ' || a || ' by '
          || CASE u WHEN :driver THEN 'its driver' ELSE 'another' END)
  FROM unnest(ARRAY['accept', 'reject']) a, unnest(ARRAY[:driver, :driver2]) u,
       pg_temp.refusal(pg_temp.answer(u, :'task', a));
SELECT is(pg_temp.requests(:driver), '', 'no driver sees it any more');
SELECT is(e ->> 'id' || ' ' || (e ->> 'delivery_status'),
          :'task' || ' in_transit', 'but in the list of the driver''s own')
  FROM api.list_driver_tasks(:driver, 'driver', NULL, NULL, NULL),
       json_array_elements(body::json) e;
SELECT is(body, '[]', 'which can be asked for by status')
  FROM api.list_driver_tasks(:driver, 'driver', 'delivered', NULL, NULL);
SELECT is(body, '[]', 'and is nobody else''s')
  FROM api.list_driver_tasks(:driver2, 'driver', NULL, NULL, NULL);

SELECT is(code, 'OM002', 'another driver cannot drive it')
  FROM pg_temp.refusal(pg_temp.drive(:driver2, :'task', 'delivered'));
SELECT is(code, 'OM002', 'nor a task that is not there')
  FROM pg_temp.refusal(pg_temp.drive(:driver, gen_random_uuid()::text,
                                     'delivered'));
SELECT is(body::json ->> 'message' || ' ' || version,
          'Delivery is in transit. 3', 'in transit it is already')
  FROM api.update_driver_task(:driver, 'driver', :'task', 'in_transit');
SELECT body, version, final
  FROM api.update_driver_task(:driver, 'driver', :'task', 'delivered') \gset
SELECT is(:'body', format('{"message":"Order has been successfully '
          'delivered!","id":"%s","order_id":"%s","delivery_status":'
          '"delivered","order_status":"delivered"}', :'task', :'id'),
          'the driver delivers it');
SELECT is(:version || ' ' || :'final', '4 t', 'and the order is over');
SELECT ok(d.delivery_time = o.actual_delivery_date AND d.driver_id = :driver,
          'order and task agree on when')
  FROM shop.deliveries d JOIN shop.orders o ON o.id = d.order_id
 WHERE d.id = :'task';
SELECT is(code, 'OM003', 'a delivered task is not driven: ' || s)
  FROM unnest(ARRAY['in_transit', 'delivered']) s,
       pg_temp.refusal(pg_temp.drive(:driver, :'task', s));

-- what others do to a task

SELECT order_id AS id, task_id AS task FROM pg_temp.cooking(0) \gset
SELECT matches(body, format('"delivery_id":"%s"', :'task'),
               'a manager cancels')
  FROM api.update_manager_order(:manager, 'manager', NULL, :'id',
                                'cancelled');
SELECT is(delivery_status, 'closed', 'which closes the task')
  FROM shop.deliveries WHERE id = :'task';
SELECT is(code, 'OM015', 'and then it is not open: ' || a)
  FROM unnest(ARRAY['accept', 'reject']) a,
       pg_temp.refusal(pg_temp.answer(:driver, :'task', a));

SELECT order_id AS id, task_id AS task FROM pg_temp.cooking(0) \gset
UPDATE shop.orders SET status = 'out_for_delivery', driver_id = :driver2
 WHERE id = :'id';
SELECT is(delivery_status || ' ' || driver_id, 'in_transit ' || :driver2,
          'the task follows an order that somebody with psql sent out')
  FROM shop.deliveries WHERE id = :'task';
SELECT lives_ok(pg_temp.drive(:driver2, :'task', 'delivered'),
                'and its driver goes on');

SELECT order_id AS id, task_id AS task FROM pg_temp.cooking(0) \gset
UPDATE shop.orders SET status = 'out_for_delivery' WHERE id = :'id';
SELECT is(code, 'OM015', 'what is out without a driver needs none')
  FROM pg_temp.refusal(pg_temp.answer(:driver, :'task', 'accept'));

-- pages

DELETE FROM shop.deliveries;
CREATE TEMP TABLE tasks AS
SELECT c.* FROM generate_series(1, 5) n, pg_temp.cooking(n) c;
SELECT body, next_cursor
  FROM api.list_driver_requests(:driver, 'driver', 3, NULL) \gset
SELECT is(string_agg(e ->> 'id', ' ' ORDER BY n),
          (SELECT string_agg(task_id::text, ' ' ORDER BY task_id)
             FROM tasks), 'requests come oldest first, in pages')
  FROM (SELECT e, 1 AS page, n FROM json_array_elements(:'body'::json)
               WITH ORDINALITY AS x (e, n)
         UNION ALL
        SELECT e, 2, n + 10
          FROM api.list_driver_requests(:driver, 'driver', 3, :'next_cursor'),
               json_array_elements(body::json) WITH ORDINALITY AS x (e, n)) p;
SELECT is(next_cursor, NULL, 'the last page says so')
  FROM api.list_driver_requests(:driver, 'driver', 3, :'next_cursor');

SELECT count(a)
  FROM tasks, api.answer_driver_task(:driver, 'driver', task_id, 'accept') a
\g /dev/null
SELECT body, next_cursor
  FROM api.list_driver_tasks(:driver, 'driver', 'in_transit', 3, NULL) \gset
SELECT is(string_agg(e ->> 'id', ' ' ORDER BY n),
          (SELECT string_agg(task_id::text, ' ' ORDER BY task_id DESC)
             FROM tasks), 'a driver''s tasks newest first')
  FROM (SELECT e, n FROM json_array_elements(:'body'::json)
               WITH ORDINALITY AS x (e, n)
         UNION ALL
        SELECT e, n + 10
          FROM api.list_driver_tasks(:driver, 'driver', 'in_transit', 3,
                                     :'next_cursor'),
               json_array_elements(body::json) WITH ORDINALITY AS x (e, n)) p;

-- who calls

SELECT is(body, '{"user":{"id":"' || :driver || '","email":'
          '"driver@example.com","name":"Erin Driver","role":"driver"}}',
          'a driver learns who that is')
  FROM api.get_user(:driver, 'driver');
SELECT is(code, 'OM001', 'somebody whom we do not know, nothing')
  FROM pg_temp.refusal('SELECT api.get_user(gen_random_uuid(), ''driver'')');

SELECT * FROM finish();
ROLLBACK;
