-- What the database keeps right for every writer, also one with psql.

\ir prelude.psql

SELECT no_plan();

SELECT pg_temp.new_order(:shop_store) AS id \gset

-- a new order

SELECT is(version || ' ' || workflow || ' ' || status_id || ' ' || final
          || ' ' || currency,
          '1 shop 21 false USD', 'a new order is version 1 of its workflow')
  FROM shop.orders WHERE id = :'id';
SELECT is(seller_id, :seller, 'its seller is the manager of the store')
  FROM shop.orders WHERE id = :'id';
SELECT matches(order_number::text,
               '^ORD-' || to_char(now() AT TIME ZONE 'UTC', 'YYYY')
               || '-[0-9]{6,}$', 'its number is like ORD-2026-000123')
  FROM shop.orders WHERE id = :'id';
SELECT is(estimated_delivery, (now() AT TIME ZONE 'UTC')::date + 5,
          'it is estimated to arrive after the store''s delivery days')
  FROM shop.orders WHERE id = :'id';
SELECT is(substr(id::text, 15, 1), '7', 'its id is a UUID of version 7')
  FROM shop.orders WHERE id = :'id';
SELECT results_eq(
    format('SELECT type, user_id FROM shop.notifications
             WHERE order_id = %L ORDER BY type', :'id'),
    format('VALUES (''new_order'', %L::uuid), (''order_created'', %L)',
           :seller, :buyer),
    'buyer and seller are notified of it');
SELECT is((SELECT count(*) FROM shop.order_tracking_events
            WHERE order_id = :'id' AND event_source = 'system'), 1::bigint,
          'a tracking event says so');

-- a change

UPDATE shop.orders SET status = 'confirmed', version = 77, status_id = 1,
       final = true, updated_at = '2000-01-01' WHERE id = :'id';
SELECT is(version || ' ' || status_id || ' ' || final, '2 22 false',
          'version, status_id and final are what they must be, whatever the '
          'writer says')
  FROM shop.orders WHERE id = :'id';
SELECT ok(updated_at > now() - interval '1 minute'
          AND status_updated_at = updated_at,
          'and so is the time of the change')
  FROM shop.orders WHERE id = :'id';
UPDATE shop.orders SET order_notes = 'x' WHERE id = :'id';
SELECT is(version || ' ' || (status_updated_at < updated_at), '3 true',
          'any change raises the version, and no other changes the status')
  FROM shop.orders WHERE id = :'id';
SELECT results_eq(
    format('SELECT previous_status, new_status, changed_by
              FROM shop.order_status_history
             WHERE order_id = %L ORDER BY created_at', :'id'),
    $$ VALUES (NULL, 'pending', NULL::uuid), ('pending', 'confirmed', NULL) $$,
    'the history has the changes of status');
SELECT results_eq(
    format('SELECT version, old_status, status, deleted FROM shop.change_log
             WHERE order_id = %L ORDER BY version', :'id'),
    'VALUES (1, NULL::int2, 21::int2, false), (2, 21::int2, 22::int2, false),
            (3, 22::int2, 22::int2, false)',
    'the change log has every version');
SELECT results_eq(
    format('SELECT user_id, message FROM shop.notifications
             WHERE order_id = %L AND type = ''order_update'' ORDER BY user_id',
           :'id'),
    format('SELECT %L::uuid, ''Order '' || order_number
                   || '': ✔️ Seller confirmed!''
              FROM shop.orders WHERE id = %L
            UNION ALL
            SELECT %L, ''Order '' || order_number || '' is now Confirmed''
              FROM shop.orders WHERE id = %L', :buyer, :'id', :seller, :'id'),
    'buyer and seller are notified of the new status');

-- who writes

SELECT pg_temp.act(:seller, 'manager') \g /dev/null
SELECT set_config('shop.notes', 'packed', true) \g /dev/null
UPDATE shop.orders SET status = 'processing' WHERE id = :'id';
SELECT is(changed_by || ' ' || notes, :seller || ' packed',
          'the history names the actor and has the notes')
  FROM shop.order_status_history
 WHERE order_id = :'id' AND new_status = 'processing';
SELECT is(event_source, 'seller', 'and the tracking event the source')
  FROM shop.order_tracking_events
 WHERE order_id = :'id' ORDER BY occurred_at DESC LIMIT 1;
SELECT is(actor, :seller::uuid, 'the change log names the actor')
  FROM shop.change_log WHERE order_id = :'id' AND version = 4;
SELECT is(r.code || ' ' || (r.detail ->> 'current_status') || ' '
          || (r.detail ->> 'allowed_transitions'),
          'OM003 processing ["shipped", "cancelled"]',
          'a refusal names the transitions that the role has from here')
  FROM pg_temp.refusal(format(
       'UPDATE shop.orders SET status = ''returned'' WHERE id = %L',
       :'id')) r;
SELECT pg_temp.act(:buyer, 'customer') \g /dev/null
SELECT is(r.code || ' ' || (r.detail ->> 'allowed_transitions'),
          'OM003 ["cancelled"]', 'another role has others')
  FROM pg_temp.refusal(format(
       'UPDATE shop.orders SET status = ''shipped'' WHERE id = %L',
       :'id')) r;
SELECT pg_temp.act(NULL, NULL) \g /dev/null

-- what never changes

SELECT throws_ok(format('UPDATE shop.orders SET %s WHERE id = %L', s, :'id'),
                 'OM004', NULL, 'nobody can ' || s)
  FROM unnest(ARRAY['order_number = ''A-1''',
                    'buyer_id = ' || quote_literal(:buyer2),
                    'workflow = ''cart''',
                    'store_id = ' || quote_literal(:cart_store),
                    'id = gen_random_uuid()',
                    'seller_id = ' || quote_literal(:market)]) s;

-- many at once

UPDATE shop.orders SET status = 'cancelled' WHERE id IN (
    SELECT pg_temp.new_order(:shop_store) FROM generate_series(1, 20));
CREATE TEMP TABLE many AS
SELECT pg_temp.new_order(:shop_store) AS id FROM generate_series(1, 20);
UPDATE shop.orders SET status = 'confirmed' WHERE id IN (SELECT id FROM many);
SELECT is((SELECT count(*) FROM shop.change_log
            WHERE order_id IN (SELECT id FROM many) AND version = 2),
          20::bigint,
          'one statement that changes many logs each');
SELECT is((SELECT count(*) FROM shop.order_status_history
            WHERE order_id IN (SELECT id FROM many)
              AND new_status = 'confirmed'), 20::bigint,
          'and each has its history');

-- another manager

UPDATE shop.stores SET manager_id = :manager WHERE id = :shop_store;
SELECT is(seller_id || ' ' || version, :manager || ' 5',
          'a new manager becomes the seller, in a new version')
  FROM shop.orders WHERE id = :'id';
UPDATE shop.stores SET manager_id = :seller WHERE id = :shop_store;

-- times of the transitions

UPDATE shop.orders SET status = 'shipped' WHERE id = :'id';
UPDATE shop.orders SET status = 'delivered' WHERE id = :'id';
SELECT ok(shipped_at < actual_delivery_date
          AND actual_delivery_date = completed_at AND cancelled_at IS NULL
          AND final, 'the transitions set their times')
  FROM shop.orders WHERE id = :'id';

-- delivery tasks (S0)

SELECT pg_temp.new_order(:delivery_store) AS meal \gset
UPDATE shop.orders SET status = 'preparing' WHERE id = :'meal';
SELECT is(delivery_status || ' ' || coalesce(driver_id::text, 'nobody'),
          'assigned nobody', 'preparing opens a delivery task')
  FROM shop.deliveries WHERE order_id = :'meal';
UPDATE shop.orders SET status = 'cancelled' WHERE id = :'meal';
SELECT is(delivery_status, 'closed', 'cancelling closes it')
  FROM shop.deliveries WHERE order_id = :'meal';
SELECT pg_temp.new_order(:delivery_store) AS meal \gset
UPDATE shop.orders SET status = 'preparing' WHERE id = :'meal';
UPDATE shop.orders SET status = 'out_for_delivery', driver_id = :driver
 WHERE id = :'meal';
UPDATE shop.orders SET status = 'delivered' WHERE id = :'meal';
SELECT ok(delivery_status = 'delivered' AND delivery_time IS NOT NULL,
          'a delivered order has a delivered task')
  FROM shop.deliveries WHERE order_id = :'meal';
SELECT is(driver, :driver::uuid, 'the record names the driver')
  FROM api.order_records(ARRAY[:'meal'::uuid]);

-- admins, where the store says so

SELECT pg_temp.new_order(:market_store) AS coin \gset
UPDATE shop.orders SET status = 'processing' WHERE id = :'coin';
SELECT is((SELECT count(*) FROM shop.notifications
            WHERE order_id = :'coin' AND user_id = :admin), 1::bigint,
          'a store that says so has its admins notified');
SELECT is((SELECT count(*) FROM shop.notifications
            WHERE order_id = :'id' AND user_id = :admin), 0::bigint,
          'another has not');

-- stock

CREATE FUNCTION pg_temp.stock(uuid) RETURNS int
LANGUAGE sql AS 'SELECT stock FROM shop.products WHERE id = $1';

SELECT pg_temp.stock(:rare) AS stock \gset
SELECT order_id AS id FROM api.place_order(:buyer, 'customer', NULL, NULL,
    json_build_array(json_build_object('product_id', :rare, 'quantity', 2))
        ::jsonb, 'card', NULL, NULL) \gset
SELECT pg_temp.act(NULL, NULL) \g /dev/null
SELECT is(pg_temp.stock(:rare), :stock - 2, 'an order takes from the stock');
UPDATE shop.orders SET status = 'cancelled' WHERE id = :'id';
SELECT is(pg_temp.stock(:rare), :stock, 'cancelled, it gives back');
SELECT pg_temp.put(:'id', 'pending') \g /dev/null
UPDATE shop.orders SET status = 'cancelled' WHERE id = :'id';
SELECT is(pg_temp.stock(:rare), :stock, 'but once');

SELECT order_id AS id FROM api.place_order(:buyer, 'customer', NULL, NULL,
    json_build_array(json_build_object('product_id', :rare, 'quantity', 2))
        ::jsonb, 'card', NULL, NULL) \gset
SELECT pg_temp.act(NULL, NULL) \g /dev/null
UPDATE shop.orders SET status = 'confirmed' WHERE id = :'id';
UPDATE shop.orders SET status = 'processing' WHERE id = :'id';
UPDATE shop.orders SET status = 'shipped' WHERE id = :'id';
UPDATE shop.orders SET status = 'cancelled' WHERE id = :'id';
SELECT is(pg_temp.stock(:rare), :stock - 2,
          'what was shipped does not come back by itself');

-- deletion

SELECT order_id AS id FROM api.place_order(:buyer, 'customer', NULL, NULL,
    json_build_array(json_build_object('product_id', :rare, 'quantity', 1))
        ::jsonb, 'card', NULL, NULL) \gset
DELETE FROM shop.orders WHERE id = :'id';
SELECT is(version || ' ' || deleted, '2 true',
          'a deletion is logged as the last version')
  FROM shop.change_log WHERE order_id = :'id' ORDER BY version DESC LIMIT 1;
SELECT is(pg_temp.stock(:rare), :stock - 2, 'and gives the stock back');
SELECT is_empty(format('SELECT 1 FROM shop.order_items WHERE order_id = %L
                        UNION ALL
                        SELECT 1 FROM shop.order_status_history
                         WHERE order_id = %L', :'id', :'id'),
                'its items and history go with it');

SELECT * FROM finish();
ROLLBACK;
