-- Two sessions at the same time.

\ir prelude.psql
\ir sessions.psql

SELECT no_plan();

SELECT pg_temp.open(s) FROM unnest(ARRAY['a', 'b']) s \g /dev/null
SELECT pg_temp.run('a', format(
    'UPDATE shop.products SET stock = 1 WHERE id = %L', :rare)) \g /dev/null

CREATE FUNCTION pg_temp.place(p_key text, p_product text) RETURNS text
LANGUAGE sql AS $$
    SELECT format(
        'SELECT body FROM api.place_order(%L, ''customer'', %L, ''f'',
            CASE WHEN %3$L IS NOT NULL THEN jsonb_build_array(
                jsonb_build_object(''product_id'', %3$L, ''quantity'', 1)) END,
            ''race'', NULL, NULL)',
        '00000000-0000-7000-8000-000000000102', p_key, p_product)
$$;

-- the last one

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT matches(pg_temp.run('a', pg_temp.place(NULL, :rare)), 'success',
               'one buys the last one');
SELECT dblink_send_query('b', pg_temp.place(NULL, :rare)) \g /dev/null
SELECT pg_sleep(0.1) \g /dev/null
SELECT is(dblink_is_busy('b'), 1, 'the other waits for it');
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.answer('b'), 'OM007', 'and does not get it');
SELECT is((SELECT stock FROM shop.products WHERE id = :rare), 0,
          'nothing is left');

SELECT pg_temp.run('a', format(
    'UPDATE shop.products SET stock = 1 WHERE id = %L', :rare)) \g /dev/null
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', pg_temp.place(NULL, :rare)) \g /dev/null
SELECT dblink_send_query('b', pg_temp.place(NULL, :rare)) \g /dev/null
SELECT pg_temp.run('a', 'ROLLBACK') \g /dev/null
SELECT matches(pg_temp.answer('b'), 'success',
               'when the first gives up, the other gets it');

-- one key

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT set_config('t.first', pg_temp.run('a', pg_temp.place('race', :shirt)),
                  true) \g /dev/null
SELECT is(pg_temp.run('b', pg_temp.place('race', :shirt)), 'OM011',
          'while the first request runs, its key is refused');
SELECT matches(pg_temp.run('b', pg_temp.place('race2', :charger)), 'success',
               'another key is not');
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.run('b', pg_temp.place('race', :shirt)),
          current_setting('t.first'), 'then it gets the first answer');

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', pg_temp.place('race3', :shirt)) \g /dev/null
SELECT pg_temp.run('a', 'ROLLBACK') \g /dev/null
SELECT matches(pg_temp.run('b', pg_temp.place('race3', :shirt)), 'success',
               'a request that failed does not take its key along');

-- one cart

SELECT pg_temp.run('a', format(
    'SELECT body FROM api.add_cart_item(%L, ''customer'', NULL, NULL, NULL,
                                        %L, 1, NULL, NULL)', :buyer2, :shirt))
\g /dev/null
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT matches(pg_temp.run('a', pg_temp.place(NULL, NULL)), 'success',
               'one orders the cart');
SELECT dblink_send_query('b', pg_temp.place(NULL, NULL)) \g /dev/null
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.answer('b'), 'OM005',
          'who orders it at the same time finds it empty');

-- two sellers' sessions

SELECT id FROM shop.orders WHERE payment_method = 'race' LIMIT 1 \gset
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', format('SELECT body FROM api.update_order_status(%L,
    ''manager'', 1, %L, ''confirmed'')', :seller, :'id')) \g /dev/null
SELECT dblink_send_query('b', format('SELECT body FROM
    api.update_order_status(%L, ''manager'', 1, %L, ''cancelled'')',
    :seller, :'id')) \g /dev/null
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.answer('b'), 'OM009', 'of two with If-Match one is told');

-- one cart, each line an order

CREATE FUNCTION pg_temp.checkout() RETURNS text
LANGUAGE sql AS $$
    SELECT format('SELECT body FROM api.checkout(%L, ''customer'', NULL, NULL,
                       NULL, ''race'', NULL, NULL, ''order'')',
                  '00000000-0000-7000-8000-000000000102')
$$;

SELECT pg_temp.run('a', format(
    'SELECT body FROM api.add_cart_item(%L, ''customer'', NULL, NULL, NULL,
                                        %L, 1, NULL, NULL)', :buyer2, p))
  FROM unnest(ARRAY[:shirt, :pizza]) p \g /dev/null
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT is(json_array_length(pg_temp.run('a', pg_temp.checkout())::json
                            -> 'orders'), 2, 'one checks out two lines');
SELECT dblink_send_query('b', pg_temp.checkout()) \g /dev/null
SELECT pg_sleep(0.1) \g /dev/null
SELECT is(dblink_is_busy('b'), 1, 'the other waits for it');
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.answer('b'), 'OM005', 'and finds the cart empty');

SELECT pg_temp.run('a', format(
    'SELECT body FROM api.add_cart_item(%L, ''customer'', NULL, NULL, NULL,
                                        %L, 1, NULL, NULL)', :buyer2, p))
  FROM unnest(ARRAY[:shirt, :pizza]) p \g /dev/null
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', pg_temp.checkout()) \g /dev/null
SELECT dblink_send_query('b', pg_temp.checkout()) \g /dev/null
SELECT pg_temp.run('a', 'ROLLBACK') \g /dev/null
SELECT is(json_array_length(pg_temp.answer('b')::json -> 'orders'), 2,
          'when the first gives up, the other gets both');

-- two drivers

\set driver2 '\'00000000-0000-7000-8000-000000000108\''

CREATE FUNCTION pg_temp.accept(p_driver uuid, p_task uuid) RETURNS text
LANGUAGE sql AS $$
    SELECT format('SELECT body FROM api.answer_driver_task(%L, ''driver'', %L,
                                                           ''accept'')',
                  p_driver, p_task)
$$;

SELECT o.id AS meal FROM shop.orders o
 WHERE o.payment_method = 'race' AND o.store_id = :delivery_store
 ORDER BY o.id LIMIT 1 \gset
SELECT pg_temp.run('a', format('UPDATE shop.orders SET status = ''preparing''
    WHERE id = %L', :'meal')) \g /dev/null
SELECT id AS task FROM shop.deliveries WHERE order_id = :'meal' \gset

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', pg_temp.accept(:driver, :'task')) \g /dev/null
SELECT dblink_send_query('b', pg_temp.accept(:driver2, :'task'))
\g /dev/null
SELECT pg_temp.run('a', 'ROLLBACK') \g /dev/null
SELECT matches(pg_temp.answer('b'), 'Delivery accepted',
               'when a driver gives up, the other gets the task');
SELECT pg_temp.run('a', format('SELECT body FROM api.update_driver_task(%L,
    ''driver'', %L, ''delivered'')', :driver2, :'task')) \g /dev/null

SELECT o.id AS meal FROM shop.orders o
 WHERE o.payment_method = 'race' AND o.store_id = :delivery_store
   AND o.id <> :'meal' LIMIT 1 \gset
SELECT pg_temp.run('a', format('UPDATE shop.orders SET status = ''preparing''
    WHERE id = %L', :'meal')) \g /dev/null
SELECT id AS task FROM shop.deliveries WHERE order_id = :'meal' \gset

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT matches(pg_temp.run('a', pg_temp.accept(:driver, :'task')),
               'Delivery accepted', 'of two drivers one gets it');
SELECT dblink_send_query('b', pg_temp.accept(:driver2, :'task'))
\g /dev/null
SELECT pg_sleep(0.1) \g /dev/null
SELECT is(dblink_is_busy('b'), 1, 'the other waits for it');
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.answer('b'), 'OM015', 'and is told that it is taken');
SELECT is(o.driver_id || ' ' || d.driver_id || ' ' || o.version,
          :driver || ' ' || :driver || ' 3', 'order and task name the winner')
  FROM shop.orders o JOIN shop.deliveries d ON d.order_id = o.id
 WHERE d.id = :'task';

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', format('SELECT id FROM shop.orders WHERE id = %L
    FOR UPDATE', :'meal')) \g /dev/null
SELECT is(pg_temp.run('b', pg_temp.accept(:driver2, :'task')), 'OM015',
          'who comes later does not wait for anybody');
SELECT pg_temp.run('a', 'ROLLBACK') \g /dev/null

-- a driver and the manager

SELECT pg_temp.run('a', format('SELECT body FROM api.create_order(%L,
    ''customer'', NULL, NULL, NULL, %L, 1, NULL, NULL, ''race'', NULL, NULL,
    ''order'')', :buyer2, :pizza))::json #>> '{order,id}' AS meal \gset
SELECT pg_temp.run('a', format('UPDATE shop.orders SET status = ''preparing''
    WHERE id = %L', :'meal')) \g /dev/null
SELECT id AS task FROM shop.deliveries WHERE order_id = :'meal' \gset
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', format('SELECT body FROM api.update_manager_order(%L,
    ''manager'', NULL, %L, ''cancelled'')', :manager, :'meal')) \g /dev/null
SELECT dblink_send_query('b', pg_temp.accept(:driver2, :'task'))
\g /dev/null
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.answer('b'), 'OM015',
          'a task whose order is cancelled meanwhile is not open');

SELECT pg_temp.run('a', format('DELETE FROM shop.notifications WHERE order_id
    IN (SELECT id FROM shop.orders WHERE payment_method = ''race'')'))
\g /dev/null
SELECT pg_temp.run('a', 'DELETE FROM shop.orders
    WHERE payment_method = ''race''') \g /dev/null
SELECT pg_temp.run('a', 'DELETE FROM shop.deleted_orders
    WHERE "order" #>> ''{payment,method}'' = ''race''') \g /dev/null
SELECT pg_temp.run('a', 'DELETE FROM shop.idempotency_keys
    WHERE key LIKE ''race%''') \g /dev/null
SELECT pg_temp.run('a', format(
    'UPDATE shop.products SET stock = 5 WHERE id = %L', :rare)) \g /dev/null

SELECT * FROM finish();
ROLLBACK;
