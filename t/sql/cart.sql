-- The cart, in the shapes of S1.

\ir prelude.psql

SELECT no_plan();

DELETE FROM shop.cart_items;

SELECT http_status, body, body::json ->> 'id' AS id
  FROM api.add_cart_item(:buyer, 'customer', NULL, NULL, :buyer, :shirt, 2,
                         'L', NULL) \gset
SELECT is(:http_status, 201, 'a line is added');
SELECT set_eq(format('SELECT json_object_keys(%L)', :'body'),
              ARRAY['id', 'user_id', 'product_id', 'quantity', 'size',
                    'color', 'created_at', 'updated_at', 'user', 'product'],
              'it has the fields of S1, with user and product');
SELECT is(:'body'::json -> 'product' ->> 'price', '19.95',
          'money is printed as it is');
SELECT matches(:'body'::json ->> 'created_at',
               '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$',
               'times are UTC with milliseconds');

SELECT is(body::json ->> 'id' || ' ' || (body::json ->> 'quantity'),
          :'id' || ' 5', 'the same option adds to its line')
  FROM api.add_cart_item(:buyer, 'customer', NULL, NULL, NULL, :shirt, 3,
                         'L', NULL);
SELECT isnt(body::json ->> 'id', :'id', 'another option is another line')
  FROM api.add_cart_item(:buyer, 'customer', NULL, NULL, NULL, :shirt, 3,
                         'L', 'red');
SELECT is(json_array_length(body::json), 2, 'the cart is a bare array')
  FROM api.list_cart_items(:buyer, 'customer');
SELECT is(body, '[]', 'nobody sees another''s')
  FROM api.list_cart_items(:buyer2, 'customer');

SELECT is(http_status || ' ' || (body::json ->> 'quantity'), '200 7',
          'the quantity can be changed')
  FROM api.update_cart_item(:buyer, 'customer', :'id', 7);

CREATE TEMP TABLE tries AS
SELECT * FROM (VALUES
    ('OM002', 'adding to another''s cart', format(
        'api.add_cart_item(%L, ''customer'', NULL, NULL, %L, %L, 1, NULL,
                           NULL)', :buyer2, :buyer, :shirt)),
    ('OM001', 'an unknown product', format(
        'api.add_cart_item(%L, ''customer'', NULL, NULL, NULL,
                           gen_random_uuid(), 1, NULL, NULL)', :buyer)),
    ('OM001', 'an unknown user',
        'api.add_cart_item(gen_random_uuid(), ''customer'', NULL, NULL, NULL,
                           gen_random_uuid(), 1, NULL, NULL)'),
    ('OM004', 'a quantity of 0', format(
        'api.add_cart_item(%L, ''customer'', NULL, NULL, NULL, %L, 0, NULL,
                           NULL)', :buyer, :shirt)),
    ('OM004', 'a sum that is too large', format(
        'api.add_cart_item(%L, ''customer'', NULL, NULL, NULL, %L, 999999,
                           ''L'', NULL)', :buyer, :shirt)),
    ('OM002', 'changing another''s line', format(
        'api.update_cart_item(%L, ''customer'', %L, 1)', :buyer2, :'id')),
    ('OM004', 'changing it to 0', format(
        'api.update_cart_item(%L, ''customer'', %L, 0)', :buyer, :'id')),
    ('OM001', 'changing an unknown line', format(
        'api.update_cart_item(%L, ''customer'', gen_random_uuid(), 1)',
        :buyer)),
    ('OM002', 'deleting another''s line', format(
        'api.delete_cart_item(%L, ''customer'', %L)', :buyer2, :'id')),
    ('OM001', 'deleting an unknown line', format(
        'api.delete_cart_item(%L, ''customer'', gen_random_uuid())', :buyer))
) AS v (code, name, call);

SELECT is(r.code, t.code, t.name || ' is refused')
  FROM tries t, pg_temp.refusal('SELECT ' || t.call) r;

SELECT lives_ok(format('SELECT api.add_cart_item(%L, ''admin'', NULL, NULL, %L,
                               %L, 1, NULL, NULL)', :admin, :buyer2, :shirt),
                'an admin may fill another''s cart');
SELECT is(http_status || coalesce(body, ' nothing'), '204 nothing',
          'a line can be deleted')
  FROM api.delete_cart_item(:buyer, 'customer', :'id');

UPDATE shop.products SET status = 'inactive' WHERE id = :shirt;
SELECT is(code, 'OM008', 'what is not sold any more is refused')
  FROM pg_temp.refusal(format(
       'SELECT api.add_cart_item(%L, ''customer'', NULL, NULL, NULL, %L, 1,
                                 NULL, NULL)', :buyer, :shirt));

SELECT * FROM finish();
ROLLBACK;
