-- api.place_order: what it writes, and each of its refusals.

\ir prelude.psql

SELECT no_plan();

CREATE FUNCTION pg_temp.place(p_items text) RETURNS api.answer
LANGUAGE sql AS $$
    SELECT a FROM api.place_order('00000000-0000-7000-8000-000000000101',
        'customer', NULL, NULL, p_items::jsonb, 'card', '{"city":"Rome"}',
        'ring twice') a
$$;

CREATE FUNCTION pg_temp.line(p_product text, p_quantity int,
                             p_size text DEFAULT NULL)
RETURNS text
LANGUAGE sql AS $$
    SELECT json_build_object('product_id', p_product, 'quantity', p_quantity,
                             'size', p_size)::text
$$;

-- S1's example, from the cart

DELETE FROM shop.cart_items;
SELECT count(*) FROM api.add_cart_item(:buyer, 'customer', NULL, NULL, NULL,
    :laptop, 1, NULL, NULL) \g /dev/null
SELECT count(*) FROM api.add_cart_item(:buyer, 'customer', NULL, NULL, NULL,
    :mouse, 2, NULL, 'black') \g /dev/null
SELECT count(*) FROM api.add_cart_item(:buyer2, 'customer', NULL, NULL, NULL,
    :mouse, 2, NULL, NULL) \g /dev/null

SELECT http_status, body, order_id, order_number, epoch, version, status,
       final, deleted
  FROM pg_temp.place(NULL) \gset
SELECT is(:http_status, 201, 'an order from the cart is created');
SELECT is(:'body'::json ->> 'success' || ' ' || (:'body'::json ->> 'status')
          || ' ' || (:'body'::json ->> 'total_amount') || ' '
          || (:'body'::json ->> 'currency'),
          'true pending 1149.97 USD', 'with the answer''s fields');
SELECT is(:'body'::json ->> 'order_id' || ' '
          || (:'body'::json ->> 'order_number'),
          :'order_id' || ' ' || :'order_number',
          'answer and record name the same order');
SELECT is(ROW(:epoch, :version, :status, :'final', :'deleted')::text,
          '(1,1,11,f,f)', 'the record is that of a new order');
SELECT results_eq(
    format('SELECT line, product_name, quantity, total_price, color,
                   product_snapshot ->> ''price''
              FROM shop.order_items WHERE order_id = %L ORDER BY line',
           :'order_id'),
    $$ VALUES (1::int2, 'Laptop', 1, 999.99::numeric(18,8), NULL,
               '999.99000000'),
              (2::int2, 'Mouse', 2, 149.98, 'black', '74.99000000') $$,
    'the items have the products as sold');
SELECT is((SELECT count(*) FROM shop.shipments
            WHERE order_id = :'order_id' AND estimated_delivery IS NOT NULL),
          1::bigint, 'and there is a shipment');
SELECT is(shipping_address ->> 'city' || ' ' || order_notes || ' '
          || quantity || ' ' || buyer_id, 'Rome ring twice 3 ' || :buyer,
          'address, notes and quantity are kept')
  FROM shop.orders WHERE id = :'order_id';
SELECT is((SELECT count(*) FROM shop.cart_items), 1::bigint,
          'the cart is empty, somebody else''s is not');
SELECT is(code, 'OM005', 'an empty cart is refused')
  FROM pg_temp.refusal('SELECT pg_temp.place(NULL)');
SELECT is(code, 'OM005', 'and so is an empty list')
  FROM pg_temp.refusal('SELECT pg_temp.place(''[]'')');

-- items

SELECT order_id FROM pg_temp.place('[' || pg_temp.line(:shirt, 1, 'L') || ','
                                   || pg_temp.line(:shirt, 2, 'M') || ']') \gset
SELECT results_eq(
    format('SELECT size, quantity FROM shop.order_items WHERE order_id = %L
             ORDER BY line', :'order_id'),
    $$ VALUES ('L', 1), ('M', 2) $$, 'another size is another line');

-- refusals

CREATE TEMP TABLE tries AS SELECT 0 AS n, ''::text AS name, ''::text AS items,
                                  ''::text AS code, ''::text AS fields;
TRUNCATE tries;
INSERT INTO tries VALUES
    (1, 'items of two stores',
     '[' || pg_temp.line(:shirt, 1) || ',' || pg_temp.line(:pizza, 1) || ']',
     'OM006', NULL),
    (2, 'more than there is',
     '[' || pg_temp.line(:charger, 1) || ',' || pg_temp.line(:rare, 6) || ']',
     'OM007', 'items[1].quantity'),
    (3, 'more than there is, in two lines',
     '[' || pg_temp.line(:rare, 3, 'L') || ',' || pg_temp.line(:rare, 3)
     || ']', 'OM007', 'items[0].quantity items[1].quantity'),
    (4, 'an unknown product',
     '[' || pg_temp.line(:shirt, 1) || ','
     || pg_temp.line('00000000-0000-7000-8000-000000000999', 1) || ']',
     'OM008', 'items[1].product_id'),
    (5, 'no quantity',
     '[' || pg_temp.line(:shirt, NULL) || ']', 'OM004', 'items[0].quantity'),
    (6, 'quantity 0',
     '[' || pg_temp.line(:shirt, 0) || ',' || pg_temp.line(:rare, -1) || ']',
     'OM004', 'items[0].quantity items[1].quantity'),
    (7, 'an inactive product',
     '[' || pg_temp.line(:headphones, 1) || ']', 'OM008',
     'items[0].product_id');
UPDATE shop.products SET status = 'inactive' WHERE id = :headphones;
UPDATE shop.products SET stock = 5 WHERE id = :rare;

SELECT set_config('t.orders', count(*)::text, true) FROM shop.orders
\g /dev/null

SELECT is(r.code || ' ' || coalesce(
              (SELECT string_agg(e ->> 'field', ' ')
                 FROM json_array_elements(r.detail -> 'errors') e), ''),
          t.code || ' ' || coalesce(t.fields, ''), t.name || ' is refused')
  FROM tries t, pg_temp.refusal(format('SELECT pg_temp.place(%L)', t.items)) r
 ORDER BY n;

UPDATE shop.stores SET status = 'inactive' WHERE id = :delivery_store;
SELECT is(code, 'OM008', 'an inactive store sells nothing')
  FROM pg_temp.refusal(format('SELECT pg_temp.place(%L)',
                              '[' || pg_temp.line(:pizza, 1) || ']'));

UPDATE shop.products SET price = 9999999999 WHERE id = :charger;
SELECT is(code, 'OM004', 'an amount that does not fit is refused')
  FROM pg_temp.refusal(format('SELECT pg_temp.place(%L)',
                              '[' || pg_temp.line(:charger, 2) || ']'));

SELECT is(code, 'OM001', 'a user that is not there cannot order')
  FROM pg_temp.refusal(format(
       'SELECT api.place_order(gen_random_uuid(), ''customer'', NULL, NULL,
                               %L, ''card'', NULL, NULL)',
       '[' || pg_temp.line(:shirt, 1) || ']'));

SELECT is((SELECT count(*)::text FROM shop.orders),
          current_setting('t.orders'), 'a refusal leaves no order');
SELECT is((SELECT stock FROM shop.products WHERE id = :rare), 5,
          'and takes nothing out of stock');

-- what is not there is not taken from the cart either

SELECT count(*) FROM api.add_cart_item(:buyer, 'customer', NULL, NULL, NULL,
    :rare, 6, NULL, NULL) \g /dev/null
SELECT is(code, 'OM007', 'a cart with more than there is is refused')
  FROM pg_temp.refusal('SELECT pg_temp.place(NULL)');
SELECT is((SELECT count(*) FROM shop.cart_items i JOIN shop.carts c
               ON c.id = i.cart_id WHERE c.user_id = :buyer), 1::bigint,
          'and stays');

-- the last ones

SELECT lives_ok(format('SELECT pg_temp.place(%L)',
                       '[' || pg_temp.line(:rare, 5) || ']'),
                'the last ones can be bought');
SELECT is(code, 'OM007', 'once')
  FROM pg_temp.refusal(format('SELECT pg_temp.place(%L)',
                              '[' || pg_temp.line(:rare, 1) || ']'));
SELECT throws_ok(format('UPDATE shop.products SET stock = -1 WHERE id = %L',
                        :rare), '23514', NULL, 'no stock is below 0');

SELECT * FROM finish();
ROLLBACK;
