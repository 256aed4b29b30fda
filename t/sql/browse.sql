-- What is read: lists, products, workflows, orders, records, login.

\ir prelude.psql

SELECT no_plan();

-- lists go page by page and show everything once

CREATE FUNCTION pg_temp.pages(p_list text, p_limit int) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    v_body    json;
    v_cursor  text;
    v_ids     text[];
BEGIN
    LOOP
        IF p_list = 'stores' THEN
            SELECT body INTO v_body
              FROM api.list_stores(NULL, NULL, p_limit, v_cursor);
        ELSE
            SELECT body INTO v_body
              FROM api.list_products(NULL, NULL, NULL, p_limit, v_cursor);
        END IF;

        v_ids := v_ids || ARRAY(SELECT e ->> 'id'
                                  FROM json_array_elements(v_body -> p_list) e);
        v_cursor := v_body ->> 'next_cursor';
        EXIT WHEN v_cursor IS NULL;
    END LOOP;

    RETURN v_ids;
END
$$;

SELECT is(pg_temp.pages('stores', 3),
          ARRAY(SELECT id::text FROM shop.stores ORDER BY id),
          'pages of stores show each once');
SELECT is(pg_temp.pages('products', 4),
          ARRAY(SELECT id::text FROM shop.products ORDER BY id),
          'pages of products show each once');
SELECT is(pg_temp.pages('products', 1),
          ARRAY(SELECT id::text FROM shop.products ORDER BY id),
          'also one by one');
SELECT is(json_array_length(body::json -> 'products'),
          (SELECT count(*)::int FROM shop.products
            WHERE store_id = :delivery_store),
          'products of one store')
  FROM api.list_products(NULL, NULL, :delivery_store, 100, NULL);
SELECT is(code, 'OM004', 'a cursor of one''s own making is refused')
  FROM pg_temp.refusal($$ SELECT api.list_stores(NULL, NULL, 1, 'x') $$);

SELECT is(body::json -> 'product' ->> 'price', '31.12345678',
          'a price is exact')
  FROM api.get_product(NULL, NULL, '00000000-0000-7000-8000-000000000352');
SELECT is(code, 'OM001', 'an unknown product')
  FROM pg_temp.refusal('SELECT api.get_product(NULL, NULL,
                                               gen_random_uuid())');
SELECT is(json_array_length(body::json -> 'workflow' -> 'statuses') || ' '
          || json_array_length(body::json -> 'workflow' -> 'transitions'),
          '15 26', 'a workflow has its statuses and transitions')
  FROM api.get_workflow(NULL, NULL, 'marketplace');
SELECT is(code, 'OM001', 'an unknown workflow')
  FROM pg_temp.refusal($$ SELECT api.get_workflow(NULL, NULL, 'x') $$);

-- login

SELECT is(user_id || ' ' || role || ' ' || body,
          :buyer || ' customer {"id":"' || :buyer
          || '","email":"buyer@example.com","name":"John Doe",'
             '"role":"customer"}',
          'login knows the user, however the address is written')
  FROM api.login(NULL, NULL, 'Buyer@Example.com', 'demo');
SELECT is(code, 'OM012', 'a wrong password')
  FROM pg_temp.refusal($$ SELECT api.login(NULL, NULL, 'buyer@example.com',
                                           'Demo') $$);
SELECT is(code, 'OM012', 'an unknown address')
  FROM pg_temp.refusal($$ SELECT api.login(NULL, NULL, 'nobody@example.com',
                                           'demo') $$);
UPDATE shop.users SET password_hash = NULL WHERE id = :buyer;
SELECT is(code, 'OM012', 'a user without a password')
  FROM pg_temp.refusal($$ SELECT api.login(NULL, NULL, 'buyer@example.com',
                                           'demo') $$);
SELECT throws_ok($$ INSERT INTO shop.users (email)
                    VALUES ('BUYER@example.com') $$, '23505', NULL,
                 'an address is one user''s, in upper case too');

-- an order

SELECT order_id AS id, order_number AS number FROM api.place_order(
    :buyer, 'customer', NULL, NULL,
    jsonb_build_array(jsonb_build_object('product_id', :headphones,
                                         'quantity', 2)),
    'card', '{"city":"New York"}', NULL) \gset

SELECT body::json -> 'order' AS o, version, order_id
  FROM api.get_order(:buyer, 'customer', :'id', 'order') \gset
SELECT is((:'o'::json ->> 'orderNumber') || ' ' || (:'o'::json ->> 'status')
          || ' ' || (:'o'::json ->> 'version') || ' '
          || (:'o'::json ->> 'totalAmount') || ' '
          || (:'o'::json -> 'buyer' ->> 'name') || ' '
          || (:'o'::json -> 'seller' ->> 'storeName') || ' '
          || (:'o'::json -> 'items' -> 0 ->> 'unitPrice') || ' '
          || (:'o'::json -> 'payment' ->> 'method') || ' '
          || (:'o'::json -> 'shipping' -> 'address' ->> 'city') || ' '
          || (:'o'::json -> 'timeline' -> 0 ->> 'description'),
          :'number' || ' pending 1 200 John Doe Alice''s Electronics 100 '
          'card New York Waiting for seller...',
          'an order has items, payment, shipping and timeline');
SELECT is(:version || ' ' || :'order_id', '1 ' || :'id', 'and its record');
SELECT is(order_id, :'id'::uuid, 'the number finds it too')
  FROM api.get_order(:seller, 'manager', :'number', 'order');
SELECT lives_ok(format('SELECT api.get_order(%L, ''admin'', %L, ''order'')',
                       :admin,
                       :'id'), 'an admin sees it');
SELECT is(code, 'OM002', 'another buyer does not')
  FROM pg_temp.refusal(format('SELECT api.get_order(%L, ''customer'', %L,
                                                    ''order'')',
                              :buyer2, :'id'));
SELECT is(code, 'OM002', 'nor does a driver who does not drive it')
  FROM pg_temp.refusal(format('SELECT api.get_order(%L, ''driver'', %L,
                                                    ''order'')',
                              :driver, :'id'));
SELECT is(code, 'OM001', 'an unknown order')
  FROM pg_temp.refusal(format(
       'SELECT api.get_order(%L, ''customer'', ''ORD-0'', ''order'')', :buyer));

-- the caller's orders

SELECT pg_sleep(0.002) \g /dev/null
SELECT pg_temp.new_order(:delivery_store) AS newest \gset
SELECT body, next_cursor
  FROM api.list_user_orders_detailed(:buyer, 'customer', 1, NULL) \gset
SELECT is(:'next_cursor'::text, :'newest', 'the newest order comes first');
SELECT is(:'body'::json -> 0 -> 'order' ->> 'progress_total', '4',
          'with the progress of its own workflow');
SELECT body, next_cursor
  FROM api.list_user_orders_detailed(:buyer, 'customer', 1, :'next_cursor')
\gset
SELECT is(:'body'::json -> 0 -> 'order' ->> 'order_number', :'number',
          'the next page goes on');
SELECT set_has(format('SELECT json_object_keys(%L::json -> 0 -> ''order'')',
                      :'body'),
               $$ SELECT unnest(ARRAY['id', 'order_number', 'status',
                  'status_label', 'status_emoji', 'progress_step',
                  'created_at', 'total_amount', 'customer_name']) $$,
               'an order has the fields of S2');
SELECT is(:'body'::json -> 0 -> 'items' -> 0 ->> 'product_name' || ' '
          || (:'body'::json -> 0 -> 'items' -> 0 ->> 'qty'),
          'Wireless Headphones 2', 'and its items');
SELECT is((:'body'::json -> 0 -> 'timeline' -> 'confirmed')::text,
          '{"label":"Confirmed","emoji":"✔️","step":2}', 'and a timeline');
SELECT is(body, '[]', 'somebody without orders has an empty array')
  FROM api.list_user_orders_detailed(:driver, 'driver', NULL, NULL);

-- records

SELECT is(count(*), 2::bigint, 'records by id, none for what is not there')
  FROM api.order_records(ARRAY[:'id', :'newest', :buyer]::uuid[]);
SELECT results_eq(
    format('SELECT * FROM api.order_records(ARRAY[%L]::uuid[])', :'id'),
    format('SELECT * FROM api.order_records_by_number(ARRAY[%L, ''X-1''])',
           :'number'), 'records by number are the same');
SELECT is(ROW(epoch, revision)::text,
          ROW((SELECT timeline_id FROM pg_control_checkpoint()),
              (SELECT revision FROM shop.revision))::text,
          'with the timeline and the revision')
  FROM api.order_records(ARRAY[:'id']::uuid[]);
SELECT is_empty($$ SELECT (r).order_id FROM (SELECT api.open_orders() AS r) o
                   EXCEPT SELECT id FROM shop.orders WHERE NOT final $$,
                'open orders are not final');
SELECT is((SELECT count(*) FROM (SELECT api.open_orders()) o),
          (SELECT count(*) FROM shop.orders WHERE NOT final),
          'and all of them are there');
SELECT results_eq(
    format('SELECT (r).* FROM (SELECT api.open_orders() AS r) o
             WHERE (r).order_id = %L', :'id'),
    format('SELECT order_id, epoch, version, status, final, deleted, buyer,
                   seller, driver, order_number, updated_at
              FROM api.order_records(ARRAY[%L]::uuid[])', :'id'),
    'an open order''s record is the same');

SELECT * FROM finish();
ROLLBACK;
