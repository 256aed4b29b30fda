-- S4's changes of status: api.set_order_status and api.dispute_order.

\ir prelude.psql

SELECT no_plan();

CREATE FUNCTION pg_temp.set(p_user uuid, p_role text, p_order text,
    p_status text, p_tracking text DEFAULT NULL, p_carrier text DEFAULT NULL,
    p_notes text DEFAULT NULL, p_estimate date DEFAULT NULL,
    p_location text DEFAULT NULL, p_metadata jsonb DEFAULT NULL,
    p_match int DEFAULT NULL)
RETURNS api.answer
LANGUAGE sql AS $$
    SELECT a FROM api.set_order_status(p_user, p_role, p_match, p_order,
        p_status, p_tracking, p_carrier, p_notes, p_estimate, p_location,
        p_metadata) a
$$;

CREATE FUNCTION pg_temp.try(p_call text) RETURNS text
LANGUAGE sql AS $$
    SELECT r.code || coalesce(' ' || (r.detail ->> 'allowed_transitions'), '')
      FROM pg_temp.refusal('SELECT pg_temp.' || p_call) r
$$;

SELECT pg_temp.new_order(:market_store, 'beads') AS id \gset
SELECT order_number AS number FROM shop.orders WHERE id = :'id' \gset

-- refusals, in their order

SELECT is(pg_temp.try(format('set(%L, %L, %L, %L, p_match => 9)', :seller,
                             'manager', 'ORD-NONE', 'lost')), 'OM013',
          'a status that is in no workflow');
SELECT is(pg_temp.try(format('set(%L, %L, %L, %L, p_match => 9)', :seller,
                             'manager', 'ORD-NONE', 'shipped')), 'OM001',
          'an order that is not there');
SELECT is(pg_temp.try(format('set(%L, %L, %L, %L, p_match => 9)', :seller,
                             'manager', :'id', 'shipped')), 'OM002',
          'another store''s order');
SELECT is(pg_temp.try(format('set(%L, %L, %L, %L, p_match => 9)', :driver,
                             'driver', :'id', 'shipped')), 'OM002',
          'another''s delivery');
SELECT is(pg_temp.try(format('set(%L, %L, %L, %L, ''X'', p_match => 9)',
                             :buyer, 'customer', :'id', 'shipped')), 'OM009',
          'another version');
SELECT is(pg_temp.try(format('set(%L, ''customer'', %L, ''shipped'', %s)',
                             :buyer, :'id', a)), 'OM002',
          'a customer has no ' || a)
  FROM unnest(ARRAY['''1Z''', 'p_carrier => ''UPS''',
                    'p_estimate => ''2030-01-01''', 'p_location => ''Rome''',
                    'p_metadata => ''{}''']) a;
SELECT is(pg_temp.try(format('set(%L, %L, %L, %L)', :buyer, 'customer',
                             :'id', 'shipped')), 'OM003 ["cancelled"]',
          'a transition that is not the role''s');
SELECT is(pg_temp.try(format('set(%L, %L, %L, %L)', :market, 'manager',
                             :'id', 'shipped')),
          'OM003 ["processing", "cancelled"]', 'a step too far');
SELECT is(pg_temp.try(format('set(%L, %L, %L, %L)', :market, 'manager',
                             :'id', 'order_confirmed')),
          'OM003 ["processing", "cancelled"]', 'the status that it has');
SELECT is(version, 1, 'no refusal changes anything')
  FROM shop.orders WHERE id = :'id';

-- the way of a parcel

SELECT pg_temp.set(:market, 'manager', :'id', 'processing', p_notes =>
                   'packing') \g /dev/null
SELECT pg_temp.set(:market, 'manager', :'number', 'ready_to_ship')
\g /dev/null
SELECT http_status, body, version, status
  FROM pg_temp.set(:market, 'manager', :'id', 'shipped', '1Z999AA1', 'UPS',
                   'Package shipped via UPS', '2030-02-15', 'New York',
                   '{"box": 3, "carrier": "lies"}', 3) \gset
SELECT iso AS at FROM shop.orders, shop.iso(status_updated_at)
 WHERE id = :'id' \gset
SELECT is(:'body', format('{"success":true,"order":{"id":"%s",'
          '"orderNumber":"%s","status":"shipped","statusUpdatedAt":"%s",'
          '"trackingNumber":"1Z999AA1","estimatedDelivery":"2030-02-15",'
          '"version":4}}', :'id', :'number', :'at'),
          'the answer is S4''s');
SELECT is(ROW(:http_status, :version, :status)::text, '(200,4,37)',
          'with the record');
SELECT is(ROW(carrier, tracking_number, estimated_delivery)::text,
          '(UPS,1Z999AA1,2030-02-15)', 'the shipment has it all')
  FROM shop.shipments WHERE order_id = :'id';
SELECT is(ROW(notes, metadata, source, changed_by)::text,
          ROW('Package shipped via UPS', '{"box": 3, "carrier": "UPS",
               "location": "New York", "trackingNumber": "1Z999AA1",
               "estimatedDelivery": "2030-02-15"}'::jsonb, 'seller',
              :market)::text, 'and the history')
  FROM shop.order_status_history
 WHERE order_id = :'id' AND new_status = 'shipped';
SELECT is(ROW(event_type, event_source, location)::text,
          '(status_change,seller,"New York")', 'and the tracking event')
  FROM shop.order_tracking_events
 WHERE order_id = :'id' AND event_data ->> 'status' = 'shipped';

-- tracking data alone

SELECT is((pg_temp.set(:market, 'manager', :'id', 'shipped', '1Z-RIGHT',
                       p_location => 'Newark')).version, 5,
          'a wrong tracking number can be mended');
SELECT is(ROW(tracking_number, carrier)::text, '(1Z-RIGHT,UPS)',
          'the carrier stays')
  FROM shop.shipments WHERE order_id = :'id';
SELECT is(ROW(event_source, location, event_data ->> 'trackingNumber')::text,
          '(seller,Newark,1Z-RIGHT)', 'there is a tracking event of it')
  FROM shop.order_tracking_events
 WHERE order_id = :'id' AND event_type = 'shipment_update';
SELECT is((SELECT count(*) FROM shop.order_status_history
            WHERE order_id = :'id'), 4::bigint,
          'but no change of status in the history');

SELECT pg_temp.set(NULL, 'system', :'id', 'in_transit') \g /dev/null
SELECT is(version || ' ' || tracking_number || ' ' || estimated_delivery,
          '6 1Z-RIGHT 2030-02-15', 'what is not said stays')
  FROM shop.orders WHERE id = :'id';
SELECT pg_temp.set(:market, 'manager', :'id', 'delivered') \g /dev/null

-- a dispute

CREATE FUNCTION pg_temp.dispute(p_user uuid, p_role text, p_order text,
                                p_key text DEFAULT NULL)
RETURNS api.answer
LANGUAGE sql AS $$
    SELECT a FROM api.dispute_order(p_user, p_role, p_key, 'print', p_order,
        'broken', 'The box was open.', 'd-1') a
$$;

SELECT is(pg_temp.try(format('dispute(%L, %L, %L)', :buyer2, 'customer',
                             :'id')), 'OM002', 'only its buyer disputes');
SELECT is(pg_temp.try(format('dispute(%L, %L, %L)', :market, 'manager',
                             :'id')), 'OM002', 'not its seller');
SELECT is(pg_temp.try(format('dispute(%L, %L, %L)', :buyer, 'customer',
                             'ORD-NONE')), 'OM001', 'nor what is not there');
SELECT body, version FROM pg_temp.dispute(:buyer, 'customer', :'number',
                                          'dispute-1') \gset
SELECT is((:'body'::jsonb -> 'order') - 'statusUpdatedAt',
          jsonb_build_object('id', :'id', 'orderNumber', :'number',
                             'status', 'disputed', 'version', 8),
          'the buyer disputes');
SELECT is(ROW(change_reason, notes, metadata, changed_by, source)::text,
          ROW('broken', 'The box was open.', '{"disputeId": "d-1"}'::jsonb,
              :buyer, 'buyer')::text, 'the history says why')
  FROM shop.order_status_history
 WHERE order_id = :'id' AND new_status = 'disputed';
SELECT is(ROW(replayed, body = :'body')::text, '(t,t)',
          'with the same key it is the first answer')
  FROM pg_temp.dispute(:buyer, 'customer', :'number', 'dispute-1');
SELECT is(pg_temp.try(format('dispute(%L, %L, %L)', :buyer, 'customer',
                             :'id')), 'OM003 []', 'once');
SELECT is(pg_temp.try(format('set(%L, %L, %L, %L)', :market, 'manager',
                             :'id', 'completed')), 'OM003 []',
          'its seller does not settle it');
SELECT is(pg_temp.try(format('set(%L, %L, %L, %L)', :buyer, 'customer',
                             :'id', 'refunded')), 'OM003 []',
          'nor its buyer');

SELECT pg_temp.new_order(:shop_store) AS other \gset
SELECT is(pg_temp.try(format('dispute(%L, %L, %L)', :buyer, 'customer',
                             :'other')), 'OM003 ["cancelled"]',
          'a workflow without disputes has none');

-- an admin settles

SELECT is((pg_temp.set(:admin, 'admin', :'id', 'refunded', p_notes =>
                       'money back')).final, true, 'an admin settles it');
SELECT is(payment_status || ' ' || (cancelled_at IS NOT NULL),
          'refunded true', 'the payment follows')
  FROM shop.orders WHERE id = :'id';
SELECT is(pg_temp.try(format('set(%L, %L, %L, %L, ''1Z'')', :admin, 'admin',
                             :'id', 'refunded')), 'OM003 []',
          'a final order is not shipped either');

-- every role on every pair: as the workflow has it

SELECT pg_temp.new_order(:market_store, 'beads') AS id \gset
CREATE TEMP TABLE seen (from_status text, to_status text, role text,
                        ok boolean);
DO $$
DECLARE
    v_try    record;
    v_order  uuid := (SELECT id FROM shop.orders ORDER BY created_at DESC,
                      id DESC LIMIT 1);
BEGIN
    FOR v_try IN
        SELECT f.code AS from_status, t.code AS to_status, r.role, r.id
          FROM shop.workflow_statuses f, shop.workflow_statuses t,
               (VALUES ('customer', 101), ('manager', 105), ('driver', 107),
                       ('admin', 109), ('system', NULL)) AS r (role, id)
         WHERE f.workflow = 'marketplace' AND t.workflow = 'marketplace'
           AND f.code <> t.code
    LOOP
        PERFORM pg_temp.put(v_order, v_try.from_status);

        BEGIN
            PERFORM pg_temp.set(('00000000-0000-7000-8000-000000000'
                                 || v_try.id)::uuid, v_try.role,
                                v_order::text, v_try.to_status);
            INSERT INTO seen VALUES (v_try.from_status, v_try.to_status,
                                     v_try.role, true);
        EXCEPTION WHEN SQLSTATE 'OM003' OR SQLSTATE 'OM002' THEN
            INSERT INTO seen VALUES (v_try.from_status, v_try.to_status,
                                     v_try.role, false);
        END;
    END LOOP;
END
$$;
SELECT set_eq(
    'SELECT from_status, to_status, role FROM seen WHERE ok',
    $$ SELECT from_status, to_status, r FROM shop.workflow_transitions,
              unnest(roles || '{admin,system}') r
        WHERE workflow = 'marketplace' AND r <> 'driver' $$,
    'every pair goes through for whom the workflow names, nobody else');

SELECT * FROM finish();
ROLLBACK;
