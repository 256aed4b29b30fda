-- S1: orders of one product, past the cart or out of it.

\ir prelude.psql

SELECT no_plan();

\set cart_manager '\'00000000-0000-7000-8000-000000000106\''

DELETE FROM shop.cart_items;

-- lines are ordered by the millisecond

CREATE FUNCTION pg_temp.fill(p_user uuid, p_product uuid, p_quantity int,
                             p_size text DEFAULT NULL)
RETURNS bigint
LANGUAGE sql AS $$
    SELECT pg_sleep(0.002);
    SELECT count(*) FROM api.add_cart_item(p_user, 'customer', NULL, NULL,
        NULL, p_product, p_quantity, p_size, NULL);
$$;

CREATE FUNCTION pg_temp.create(p_user text, p_role text, p_for text,
                               p_product text, p_quantity int,
                               p_key text DEFAULT NULL)
RETURNS text
LANGUAGE sql AS $$
    SELECT format('SELECT api.create_order(%L, %L, %L, ''f'', %L, %L, %L,
                      ''L'', ''red'', ''card'', NULL, NULL, ''bare'')',
                  p_user, p_role, p_key, p_for, p_product, p_quantity)
$$;

CREATE FUNCTION pg_temp.checkout(p_user text, p_role text DEFAULT 'customer',
                                 p_for text DEFAULT NULL)
RETURNS text
LANGUAGE sql AS $$
    SELECT format('SELECT api.checkout(%L, %L, NULL, NULL, %L, ''card'',
                                       NULL, NULL, ''bare'')',
                  p_user, p_role, p_for)
$$;

CREATE FUNCTION pg_temp.patch(p_user text, p_role text, p_match int,
                              p_order text, p_status text, p_notes text,
                              p_address text)
RETURNS text
LANGUAGE sql AS $$
    SELECT format('SELECT api.patch_order(%L, %L, %L, %L, %L, %L, %L,
                                          ''bare'')',
                  p_user, p_role, p_match, p_order, p_status, p_notes,
                  p_address)
$$;

CREATE FUNCTION pg_temp.fields(json) RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(e ->> 'field', ' ')
      FROM json_array_elements($1 -> 'errors') e
$$;

-- Real-World Example

SELECT is(code, 'OM005', 'an empty cart is refused')
  FROM pg_temp.refusal(pg_temp.checkout(:buyer));

SELECT stock AS laptops FROM shop.products WHERE id = :laptop \gset
SELECT pg_temp.fill(:buyer, :laptop, 1), pg_temp.fill(:buyer, :mouse, 2),
       pg_temp.fill(:buyer2, :mouse, 1) \g /dev/null

CREATE TEMP TABLE answers AS
SELECT row_number() OVER () AS n, a.*
  FROM api.checkout(:buyer, 'customer', 'k1', 'f', :buyer, 'card',
                    '{"city":"Rome"}', 'ring twice', 'bare') a;

SELECT results_eq(
    $$ SELECT http_status, body IS NULL, epoch, version, status, final,
              deleted, buyer
         FROM answers ORDER BY n $$,
    format('VALUES (201::int2, false, 1, 1, 11::int2, false, false, %1$L::uuid),
                   (NULL, true, 1, 1, 11::int2, false, false, %1$L)', :buyer),
    'a cart of two lines becomes two orders, with a record each');
SELECT results_eq(
    $$ SELECT e #>> '{product,name}', (e ->> 'quantity')::int,
              e ->> 'total_amount', e ->> 'status', e #>> '{user,email}',
              e ->> 'notes', e #>> '{shipping_address,city}',
              json_array_length(e -> 'items')
         FROM answers, json_array_elements(body::json) e WHERE n = 1 $$,
    $$ VALUES ('Laptop', 1, '999.99', 'pending', 'buyer@example.com',
               'ring twice', 'Rome', 1),
              ('Mouse', 2, '149.98', 'pending', 'buyer@example.com',
               'ring twice', 'Rome', 1) $$,
    'the body is an array of them, with user and product');
SELECT results_eq(
    $$ SELECT e ->> 'id' FROM answers, json_array_elements(body::json) e
        WHERE n = 1 $$,
    'SELECT order_id::text FROM answers ORDER BY n',
    'in the order of the records');
SELECT is((SELECT sum(total_amount) FROM shop.orders
            WHERE id IN (SELECT order_id FROM answers)), 1149.97,
          'together they cost 1149.97');
SELECT results_eq(
    'SELECT i.line, i.product_name FROM shop.order_items i
       JOIN answers a USING (order_id) ORDER BY a.n',
    $$ VALUES (1::int2, 'Laptop'), (1::int2, 'Mouse') $$,
    'each has one line');
SELECT is((SELECT stock FROM shop.products WHERE id = :laptop), :laptops - 1,
          'the stock is taken');
SELECT is((SELECT count(*) FROM shop.cart_items), 1::bigint,
          'the cart is empty, somebody else''s is not');
SELECT is(replayed || ' ' || (body = (SELECT body FROM answers WHERE n = 1))
          || ' ' || coalesce(order_id::text, 'no record'),
          'true true no record', 'the same key gets the same answer, once')
  FROM api.checkout(:buyer, 'customer', 'k1', 'f', :buyer, 'card',
                    '{"city":"Rome"}', 'ring twice', 'bare');

SELECT order_id AS id FROM answers WHERE n = 1 \gset
SELECT order_id AS id2 FROM answers WHERE n = 2 \gset

SELECT results_eq(
    format('SELECT body::json ->> ''status'', version FROM unnest(ARRAY[
              ''processing'', ''shipped'', ''delivered'']) s,
              api.patch_order(%L, ''manager'', NULL, %L, s, NULL, NULL,
                              ''bare'')', :cart_manager, :'id'),
    $$ VALUES ('processing', 2), ('shipped', 3), ('delivered', 4) $$,
    'the manager moves the first on to the end');
SELECT is((SELECT string_agg(o.status, ' ' ORDER BY o.total_amount DESC)
             FROM shop.orders o JOIN answers a ON a.order_id = o.id),
          'delivered pending', 'the second still waits');

-- checkout: shape, several stores, all or nothing

SELECT pg_temp.fill(:buyer, :mouse, 1, 'S'), pg_temp.fill(:buyer, :mouse, 1,
       'M'), pg_temp.fill(:buyer, :pizza, 2), pg_temp.fill(:buyer, :rare, 1)
\g /dev/null
UPDATE shop.products SET stock = 0 WHERE id = :rare;
SELECT set_config('t.orders', count(*)::text, true) FROM shop.orders
\g /dev/null
SELECT is(code || ' ' || pg_temp.fields(detail),
          'OM007 items[3].quantity', 'of four lines one is out of stock')
  FROM pg_temp.refusal(pg_temp.checkout(:buyer));
SELECT is((SELECT count(*)::text FROM shop.orders),
          current_setting('t.orders'), 'so nothing is ordered');
SELECT is((SELECT count(*) FROM shop.cart_items), 5::bigint,
          'and everything stays in the cart');
UPDATE shop.products SET stock = 5, status = 'inactive' WHERE id = :rare;
SELECT is(code || ' ' || pg_temp.fields(detail),
          'OM008 items[3].product_id', 'or not sold any more')
  FROM pg_temp.refusal(pg_temp.checkout(:buyer));
UPDATE shop.products SET status = 'active' WHERE id = :rare;

SELECT is(code, 'OM002', 'nobody checks out another''s cart')
  FROM pg_temp.refusal(pg_temp.checkout(:buyer2, 'customer', :buyer));
SELECT is(code, 'OM001', 'a user who is not there has none')
  FROM pg_temp.refusal(pg_temp.checkout(:admin, 'admin',
                                        gen_random_uuid()::text));

CREATE TEMP TABLE apis AS
SELECT row_number() OVER () AS n, a.*
  FROM api.checkout(:admin, 'admin', NULL, NULL, :buyer, NULL, NULL, NULL,
                    'order') a;
SELECT is(body::json ->> 'success' || ' '
          || json_array_length(body::json -> 'orders') || ' '
          || (body::json #>> '{orders,0,orderNumber}')
          || (body::json #>> '{orders,0,buyer,id}'),
          'true 4 ' || order_number || :buyer,
          'an admin may, and under /api the answer is S4''s')
  FROM apis WHERE n = 1;
SELECT is((SELECT string_agg(o.workflow, ' ' ORDER BY a.n)
             FROM shop.orders o JOIN apis a ON a.order_id = o.id),
          'cart cart delivery shop', 'each order is of its own store');

-- one order of one product

SELECT http_status, body, order_id AS one, version
  FROM api.create_order(:buyer, 'customer', 'k2', 'f', NULL, :mouse, 2, 'L',
                        'red', 'card', '{"city":"Rome"}', 'ring', 'bare')
\gset
SELECT is(:http_status || ' ' || (:'body'::json ->> 'product_id') || ' '
          || (:'body'::json ->> 'user_id') || ' '
          || (:'body'::json ->> 'quantity') || ' '
          || (:'body'::json ->> 'total_amount') || ' '
          || (:'body'::json #>> '{items,0,size}')
          || (:'body'::json #>> '{items,0,color}'),
          '201 ' || :mouse || ' ' || :buyer || ' 2 149.98 Lred',
          'one order of one product');
SELECT is(body::json #>> '{order,items,0,productName}', 'Mouse',
          'under /api in the shape of S4')
  FROM api.create_order(:buyer, 'customer', NULL, NULL, :buyer, :mouse, 1,
                        NULL, NULL, NULL, NULL, NULL, 'order');
SELECT is(replayed || ' ' || (body = :'body'), 'true true',
          'the same key gets the same answer')
  FROM api.create_order(:buyer, 'customer', 'k2', 'f', NULL, :mouse, 2, 'L',
                        'red', 'card', '{"city":"Rome"}', 'ring', 'bare');
SELECT is(buyer_id || ' ' || source, :buyer || ' admin',
          'an admin may order for somebody')
  FROM api.create_order(:admin, 'admin', NULL, NULL, :buyer, :mouse, 1, NULL,
                        NULL, NULL, NULL, NULL, 'bare') a
  JOIN shop.orders o ON o.id = a.order_id
  JOIN shop.order_status_history h ON h.order_id = o.id;

SELECT is(code, 'OM002', 'a customer may not')
  FROM pg_temp.refusal(pg_temp.create(:buyer2, 'customer', :buyer, :mouse,
                                      1));
SELECT is(code, 'OM001', 'an unknown user orders nothing')
  FROM pg_temp.refusal(pg_temp.create(:admin, 'admin',
                                      gen_random_uuid()::text, :mouse, 1));
SELECT is(code, 'OM001', 'and nobody an unknown product')
  FROM pg_temp.refusal(pg_temp.create(:buyer, 'customer', NULL,
                                      gen_random_uuid()::text, 1));
SELECT is(code || ' ' || pg_temp.fields(detail), 'OM007 quantity',
          'nor more than there is')
  FROM pg_temp.refusal(pg_temp.create(:buyer, 'customer', NULL, :mouse,
                                      1000000));
SELECT is(code || ' ' || pg_temp.fields(detail), 'OM004 quantity',
          'nor none')
  FROM pg_temp.refusal(pg_temp.create(:buyer, 'customer', NULL, :mouse, 0));
UPDATE shop.products SET status = 'inactive' WHERE id = :headphones;
SELECT is(code || ' ' || pg_temp.fields(detail), 'OM008 product_id',
          'nor what is not sold any more')
  FROM pg_temp.refusal(pg_temp.create(:buyer, 'customer', NULL, :headphones,
                                      1));

-- one order is read

SELECT is(body::json ->> 'id', :'one', 'an order is bare under /orders')
  FROM api.get_order(:buyer, 'customer', :'one', 'bare');
SELECT is(body::json #>> '{order,id}' || ' ' || order_id, :'one' || ' '
          || :'one', 'and an "order" under /api/orders')
  FROM api.get_order(:cart_manager, 'manager', :'one', 'order');
SELECT is(code, 'OM002', 'somebody else''s is not')
  FROM pg_temp.refusal(format('SELECT api.get_order(%L, ''customer'', %L,
                                                    ''bare'')',
                              :buyer2, :'one'));
SELECT is(code, 'OM001', 'nor what is not there')
  FROM pg_temp.refusal(format('SELECT api.get_order(%L, ''customer'',
                                                    ''ORD-NONE'', ''bare'')',
                              :buyer2));

-- and changed: each try has all the faults of those that follow it

SELECT is(code || ' ' || pg_temp.fields(detail), 'OM013 status',
          '1: a status that is in no workflow')
  FROM pg_temp.refusal(pg_temp.patch(:buyer2, 'manager', 9, 'ORD-NONE',
                                     'lost', 'x', '{}'));
SELECT is(code || ' ' || pg_temp.fields(detail), 'OM004 status',
          '2: nothing to change')
  FROM pg_temp.refusal(pg_temp.patch(:buyer2, 'manager', 9, 'ORD-NONE',
                                     NULL, NULL, NULL));
SELECT is(code, 'OM001', '3: an unknown order')
  FROM pg_temp.refusal(pg_temp.patch(:buyer2, 'manager', 9, 'ORD-NONE',
                                     'returned', 'x', '{}'));
SELECT is(code, 'OM002', '4: somebody else''s')
  FROM pg_temp.refusal(pg_temp.patch(:seller, 'manager', 9, :'id',
                                     'returned', 'x', '{}'));
SELECT is(code, 'OM002', '4: nor is its buyer its manager')
  FROM pg_temp.refusal(pg_temp.patch(:buyer, 'manager', 9, :'id',
                                     'returned', 'x', '{}'));
SELECT is(code, 'OM009', '5: another version')
  FROM pg_temp.refusal(pg_temp.patch(:cart_manager, 'manager', 9, :'id',
                                     'returned', 'x', '{}'));
SELECT is(code, 'OM002', '6: the address is not the manager''s to change')
  FROM pg_temp.refusal(pg_temp.patch(:cart_manager, 'manager', 4, :'id',
                                     'returned', 'x', '{}'));
SELECT is(code || ' ' || (detail ->> 'current_status'), 'OM016 delivered',
          '7: a final order''s notes')
  FROM pg_temp.refusal(pg_temp.patch(:cart_manager, 'manager', 4, :'id',
                                     'returned', 'x', NULL));
SELECT is(code, 'OM003', '8: no step from here')
  FROM pg_temp.refusal(pg_temp.patch(:cart_manager, 'manager', 4, :'id',
                                     'shipped', NULL, NULL));
SELECT is(code, 'OM003', '8: nor to the status that it has')
  FROM pg_temp.refusal(pg_temp.patch(:cart_manager, 'manager', NULL, :'id',
                                     'delivered', NULL, NULL));
SELECT is(code || ' ' || (detail ->> 'allowed_transitions'),
          'OM003 ["cancelled"]', '8: nor by the buyer')
  FROM pg_temp.refusal(pg_temp.patch(:buyer, 'customer', NULL, :'one',
                                     'processing', 'x', NULL));
SELECT is(version || ' ' || order_notes, '1 ring',
          'no refusal changes anything')
  FROM shop.orders WHERE id = :'one';

SELECT is(body::json ->> 'notes' || ' '
          || (body::json #>> '{shipping_address,city}') || ' ' || version,
          'knock Oslo 2', 'the buyer changes notes and address')
  FROM api.patch_order(:buyer, 'customer', 1, :'one', NULL, 'knock',
                       '{"city":"Oslo"}', 'bare');
SELECT is(body::json #>> '{order,status}' || ' '
          || (body::json #>> '{order,notes}') || ' ' || version,
          'processing packed 3', 'status and notes change in one version')
  FROM api.patch_order(:cart_manager, 'manager', NULL, :'one', 'processing',
                       'packed', NULL, 'order');
SELECT is(version, 4, 'the status that it has is no change of status beside '
          'another')
  FROM api.patch_order(:cart_manager, 'manager', NULL, :'one', 'processing',
                       'sealed', NULL, 'order');
SELECT is(count(*), 2::bigint, 'and not in the history')
  FROM shop.order_status_history WHERE order_id = :'one';
SELECT is(version, 5, 'it is shipped')
  FROM api.patch_order(:admin, 'admin', NULL, :'one', 'shipped', NULL, NULL,
                       'bare');
SELECT is(code, 'OM016', 'which is too late for another address')
  FROM pg_temp.refusal(pg_temp.patch(:buyer, 'customer', NULL, :'one', NULL,
                                     NULL, '{"city":"Bergen"}'));

-- cancelling

SELECT stock AS mice FROM shop.products WHERE id = :mouse \gset
SELECT is(body::json ->> 'status' || ' ' || final || ' ' || version,
          'cancelled true 2', 'the buyer cancels the second order')
  FROM api.cancel_order(:buyer, 'customer', 1, :'id2', 'too slow', 'bare');
SELECT is(change_reason || ' ' || changed_by, 'too slow ' || :buyer,
          'and says why')
  FROM shop.order_status_history
 WHERE order_id = :'id2' AND new_status = 'cancelled';
SELECT is((SELECT stock FROM shop.products WHERE id = :mouse), :mice + 2,
          'its stock comes back');
SELECT is(code, 'OM003', 'nothing is cancelled twice')
  FROM pg_temp.refusal(format('SELECT api.cancel_order(%L, ''customer'',
                       NULL, %L, NULL, ''bare'')', :buyer, :'id2'));
SELECT is(code || ' ' || (detail ->> 'current_status'), 'OM003 delivered',
          'nor what was delivered')
  FROM pg_temp.refusal(format('SELECT api.cancel_order(%L, ''manager'',
                       NULL, %L, NULL, ''bare'')', :cart_manager, :'id'));
SELECT is(code, 'OM002', 'nor somebody else''s')
  FROM pg_temp.refusal(format('SELECT api.cancel_order(%L, ''customer'',
                       NULL, %L, NULL, ''bare'')', :buyer2, :'one'));
SELECT is(code, 'OM009', 'nor another version')
  FROM pg_temp.refusal(format('SELECT api.cancel_order(%L, ''customer'',
                       4, %L, NULL, ''bare'')', :buyer, :'one'));
SELECT is(body::json #>> '{order,status}', 'cancelled',
          'before it is delivered it can be')
  FROM api.cancel_order(:cart_manager, 'manager', 5, :'one', NULL, 'order');
SELECT is(change_reason, NULL, 'and nobody need say why')
  FROM shop.order_status_history
 WHERE order_id = :'one' AND new_status = 'cancelled';

-- deleting

SELECT is(code, 'OM016', 'a buyer deletes no order that is not over')
  FROM apis a, pg_temp.refusal(format('SELECT api.delete_order(%L,
       ''customer'', NULL, %L)', :buyer, a.order_id))
 WHERE a.n = 1;
SELECT is(r.code, v.code, 'nor ' || v.name)
  FROM (VALUES ('OM002', 'somebody else''s', :buyer2, 'customer', NULL, :'id'),
               ('OM002', 'as its manager', :cart_manager, 'manager', NULL,
                :'id'),
               ('OM001', 'what is not there', :buyer, 'customer', NULL,
                'ORD-NONE'),
               ('OM009', 'another version', :buyer, 'customer', '3', :'id'))
           AS v (code, name, u, role, match, id),
       pg_temp.refusal(format('SELECT api.delete_order(%L, %L, %L, %L)',
                              v.u, v.role, v.match, v.id)) r;

SELECT order_number AS number,
       (SELECT count(*) FROM shop.notifications WHERE order_id = o.id)
           AS notes
  FROM shop.orders o WHERE id = :'id' \gset
SELECT is(ROW(http_status, coalesce(body, 'nothing'), order_id, version,
              final, deleted, buyer, order_number)::text,
          ROW(204, 'nothing', :'id', 5, true, true, :buyer, :'number')::text,
          'its own, once over, with a record that says so')
  FROM api.delete_order(:buyer, 'customer', 4, :'number');
SELECT is_empty(format('SELECT 1 FROM shop.orders WHERE id = %1$L
                         UNION ALL
                        SELECT 1 FROM shop.order_items WHERE order_id = %1$L',
                       :'id'), 'the order is gone');
SELECT is(order_number || ' ' || buyer_id || ' ' || seller_id || ' '
          || deleted_by || ' ' || ("order" ->> 'status') || ' '
          || ("order" #>> '{items,0,productName}') || ' '
          || json_array_length("order" -> 'timeline'),
          :'number' || ' ' || :buyer || ' ' || :cart_manager || ' ' || :buyer
          || ' delivered Laptop 4', 'what it was is kept')
  FROM shop.deleted_orders WHERE id = :'id';
SELECT is(version || ' ' || deleted || ' ' || actor, '5 true ' || :buyer,
          'the change log has its last version')
  FROM shop.change_log WHERE order_id = :'id' ORDER BY version DESC LIMIT 1;
SELECT is((SELECT count(*) FROM shop.notifications WHERE order_id = :'id'),
          :notes::bigint, 'its notifications stay');
SELECT is((SELECT stock FROM shop.products WHERE id = :laptop), :laptops - 1,
          'what was delivered does not come back');
SELECT is(code, 'OM001', 'nothing is deleted twice')
  FROM pg_temp.refusal(format('SELECT api.delete_order(%L, ''customer'',
       NULL, %L)', :buyer, :'id'));
SELECT is(d.http_status || ' ' || d.version, '204 2',
          'an admin deletes any order')
  FROM apis a, api.delete_order(:admin, 'admin', NULL, a.order_id::text) d
 WHERE a.n = 1;

SELECT * FROM finish();
ROLLBACK;
