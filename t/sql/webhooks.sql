-- What providers tell: every event in every status of every workflow; late,
-- early, repeated, unknown; two sessions with one event.

\ir prelude.psql
\ir sessions.psql

SELECT no_plan();

-- an event of any source, in the words of the documents

CREATE FUNCTION pg_temp.event(p_id text, p_type text, p_order text,
                              p jsonb DEFAULT '{}')
RETURNS api.answer
LANGUAGE plpgsql AS $$
BEGIN
    IF p_type LIKE 'payment.%' THEN
        RETURN (SELECT a FROM api.receive_payment_event(NULL, 'system', p_id,
            p_type, p_order, p ->> 'paymentMethod', p ->> 'paymentIntentId',
            p ->> 'transactionHash', p ->> 'escrowId',
            (p ->> 'gasUsed')::numeric, (p ->> 'processingFee')::numeric,
            p ->> 'reason', (p ->> 'occurredAt')::timestamptz) a);
    ELSIF p_type ~ '^[A-Z]' THEN
        RETURN (SELECT a FROM api.receive_escrow_event(NULL, 'system', p_id,
            p_type, p_order, p ->> 'escrowId', p ->> 'transactionHash',
            p ->> 'disputeId', (p ->> 'gasUsed')::numeric,
            (p ->> 'occurredAt')::timestamptz) a);
    ELSE
        RETURN (SELECT a FROM api.receive_shipping_event(NULL, 'system', p_id,
            p_type, p_order, p ->> 'trackingNumber', p ->> 'carrier',
            p ->> 'location', (p ->> 'estimatedDelivery')::date,
            (p ->> 'occurredAt')::timestamptz) a);
    END IF;
END
$$;

CREATE FUNCTION pg_temp.outcome(p_id text, p_type text, p_order text,
                                p jsonb DEFAULT '{}')
RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (pg_temp.event(p_id, p_type, p_order, p)).body::json ->> 'outcome';
EXCEPTION WHEN SQLSTATE 'OM017' OR SQLSTATE 'OM001' THEN
    RETURN SQLSTATE;
END
$$;

-- What must come of it.  "moves" has from>to, "pays" where only the payment
-- changes, "early" where the provider is asked to repeat; elsewhere it is
-- late, or ignored where moves is NULL.

CREATE TEMP TABLE expected (workflow text, type text, moves text, pays text,
                            early text);

INSERT INTO expected VALUES
    ('marketplace', 'payment.confirmed', 'payment_pending>payment_confirmed',
     '', ''),
    ('marketplace', 'payment.failed', 'payment_pending>failed', '', ''),
    ('marketplace', 'payment.refunded',
     'payment_confirmed>refunded disputed>refunded',
     'payment_pending escrow_locked order_confirmed processing ready_to_ship '
     'shipped in_transit out_for_delivery delivered completed cancelled', ''),
    ('marketplace', 'payment.other', NULL, '', ''),
    ('marketplace', 'EscrowCreated', 'payment_pending>escrow_locked', '', ''),
    ('marketplace', 'EscrowReleased',
     'delivered>completed disputed>completed', 'completed',
     'payment_pending payment_confirmed escrow_locked order_confirmed '
     'processing ready_to_ship shipped in_transit out_for_delivery'),
    ('marketplace', 'DisputeCreated',
     'escrow_locked>disputed delivered>disputed', '',
     'payment_pending payment_confirmed order_confirmed processing '
     'ready_to_ship shipped in_transit out_for_delivery'),
    ('marketplace', 'EscrowOther', NULL, '', ''),
    ('marketplace', 'picked_up', 'ready_to_ship>shipped', '',
     'payment_pending payment_confirmed escrow_locked order_confirmed '
     'processing'),
    ('marketplace', 'in_transit',
     'ready_to_ship>in_transit shipped>in_transit', '',
     'payment_pending payment_confirmed escrow_locked order_confirmed '
     'processing'),
    ('marketplace', 'out_for_delivery',
     'ready_to_ship>out_for_delivery shipped>out_for_delivery '
     'in_transit>out_for_delivery', '',
     'payment_pending payment_confirmed escrow_locked order_confirmed '
     'processing'),
    ('marketplace', 'delivered',
     'ready_to_ship>delivered shipped>delivered in_transit>delivered '
     'out_for_delivery>delivered', '',
     'payment_pending payment_confirmed escrow_locked order_confirmed '
     'processing'),
    ('marketplace', 'lost', NULL, '', ''),
    ('delivery', 'out_for_delivery', 'preparing>out_for_delivery', '',
     'pending'),
    ('delivery', 'delivered',
     'preparing>delivered out_for_delivery>delivered', '', 'pending'),
    ('delivery', 'picked_up', NULL, '', ''),
    ('delivery', 'in_transit', NULL, '', ''),
    ('cart', 'picked_up', 'processing>shipped', '', 'pending'),
    ('cart', 'delivered', 'processing>delivered shipped>delivered', '',
     'pending'),
    ('cart', 'in_transit', NULL, '', ''),
    ('cart', 'out_for_delivery', NULL, '', ''),
    ('shop', 'picked_up', 'processing>shipped', '', 'pending confirmed'),
    ('shop', 'delivered', 'processing>delivered shipped>delivered', '',
     'pending confirmed'),
    ('shop', 'in_transit', NULL, '', ''),
    ('shop', 'out_for_delivery', NULL, '', '');

INSERT INTO expected
SELECT w.name, t.type, t.moves,
       (SELECT string_agg(code, ' ') FROM shop.workflow_statuses
         WHERE workflow = w.name AND t.moves IS NOT NULL
           AND (code <> 'cancelled' OR t.type <> 'payment.failed')), ''
  FROM shop.workflows w,
       (VALUES ('payment.confirmed', ''), ('payment.failed', ''),
               ('payment.refunded', ''), ('EscrowCreated', NULL),
               ('EscrowReleased', NULL), ('DisputeCreated', NULL))
           AS t (type, moves)
 WHERE w.name IN ('delivery', 'cart', 'shop');

CREATE TEMP TABLE seen (workflow text, type text, from_status text,
    outcome text, to_status text, steps int, events bigint, again text,
    payment text, step_before int, step_after int, twice int);

DO $$
DECLARE
    v_flow   record;
    v_try    record;
    v_order  uuid;
    v_seen   seen;
    v_count  bigint;
    v_n      int := 0;
    v_left   int;
BEGIN
    FOR v_flow IN SELECT id, workflow FROM shop.stores
                   WHERE id::text LIKE '00000000-0000-7000-8000-0000000002__'
    LOOP
        v_order := pg_temp.new_order(v_flow.id, 'beads');

        FOR v_try IN
            SELECT e.type, s.code, s.step, s.payment_status
              FROM expected e
              JOIN shop.workflow_statuses s USING (workflow)
             WHERE workflow = v_flow.workflow
        LOOP
            PERFORM pg_temp.put(v_order, v_try.code);
            SET LOCAL session_replication_role = replica;
            UPDATE shop.orders
               SET payment_status = CASE
                   WHEN v_flow.workflow <> 'marketplace'
                        OR v_try.code = 'payment_pending' THEN 'pending'
                   ELSE coalesce(v_try.payment_status, 'confirmed') END,
                   version = 1
             WHERE id = v_order;
            SET LOCAL session_replication_role = origin;
            DELETE FROM shop.order_tracking_events WHERE order_id = v_order;

            v_n := v_n + 1;
            v_seen.workflow := v_flow.workflow;
            v_seen.type := v_try.type;
            v_seen.from_status := v_try.code;
            v_seen.step_before := v_try.step;
            v_seen.outcome := pg_temp.outcome('m-' || v_n, v_try.type,
                                              v_order::text);

            SELECT o.status, o.version - 1, o.payment_status, s.step
              INTO v_seen.to_status, v_seen.steps, v_seen.payment,
                   v_seen.step_after
              FROM shop.orders o
              JOIN shop.workflow_statuses s ON s.id = o.status_id
             WHERE o.id = v_order;
            SELECT count(*) INTO v_seen.events
              FROM shop.order_tracking_events
             WHERE order_id = v_order
               AND event_type <> 'status_change'
               AND event_data ->> 'outcome' = v_seen.outcome;

            v_seen.again := pg_temp.outcome('m-' || v_n, v_try.type,
                                            v_order::text);
            SELECT o.version - 1 - v_seen.steps + count(e.id) - v_seen.events
              INTO v_seen.twice
              FROM shop.orders o
              LEFT JOIN shop.order_tracking_events e
                ON e.order_id = o.id AND e.event_type <> 'status_change'
             WHERE o.id = v_order GROUP BY o.id;
            INSERT INTO seen VALUES (v_seen.*);
        END LOOP;
    END LOOP;
END
$$;

SELECT is((SELECT count(*) FROM seen), (5*10 + 5*10 + 7*10 + 15*13)::bigint,
          'every event was tried in every status');
SELECT set_eq(
    'SELECT workflow, type, from_status, outcome, to_status FROM seen',
    $$ SELECT e.workflow, e.type, s.code,
              CASE WHEN e.moves IS NULL THEN 'ignored'
                   WHEN s.code = ANY (string_to_array(e.early, ' '))
                   THEN 'OM017'
                   WHEN s.code = ANY (string_to_array(e.pays, ' '))
                        OR m.to_status IS NOT NULL
                   THEN 'applied' ELSE 'late' END,
              coalesce(m.to_status, s.code)
         FROM expected e
         JOIN shop.workflow_statuses s USING (workflow)
         LEFT JOIN LATERAL (
              SELECT split_part(x, '>', 2) AS to_status
                FROM regexp_split_to_table(e.moves, ' ') x
               WHERE split_part(x, '>', 1) = s.code) m ON true $$,
    'and what comes of each is as it must be');
SELECT is_empty(
    $$ SELECT * FROM seen WHERE step_after < step_before
          AND to_status NOT IN ('refunded', 'disputed', 'failed') $$,
    'no order goes backwards');
SELECT is_empty(
    $$ SELECT * FROM seen WHERE (outcome = 'applied') <> (steps > 0) $$,
    'an event is applied where the order changed, and only there');
SELECT is_empty(
    $$ SELECT * FROM seen WHERE events <> (outcome <> 'OM017')::int $$,
    'each has its tracking event, but one that comes too early');
SELECT is_empty(
    $$ SELECT * FROM seen
        WHERE again <> CASE outcome WHEN 'OM017' THEN 'OM017'
                                    ELSE 'duplicate' END
           OR twice <> 0 $$,
    'the same event again changes nothing; one that was too early is new');
SELECT is((SELECT count(*) FROM shop.webhook_events
            WHERE event_id LIKE 'm-%'),
          (SELECT count(*) FROM seen WHERE outcome <> 'OM017'),
          'an event is kept, unless it came too early');
SELECT is((SELECT string_agg(DISTINCT repeats::text, ' ')
             FROM shop.webhook_events WHERE event_id LIKE 'm-%'), '1',
          'with how often it came again');
SELECT results_eq(
    $$ SELECT DISTINCT type, payment FROM seen
        WHERE outcome = 'applied' AND type ~ '[.A-Z]'
        ORDER BY type, payment $$,
    $$ VALUES ('DisputeCreated', 'confirmed'), ('DisputeCreated', 'locked'),
              ('EscrowCreated', 'locked'), ('EscrowReleased', 'released'),
              ('payment.confirmed', 'confirmed'),
              ('payment.confirmed', 'paid'), ('payment.failed', 'failed'),
              ('payment.refunded', 'refunded') $$,
    'the payment becomes what the event says');

-- the payment of an order

CREATE FUNCTION pg_temp.state(p_order uuid) RETURNS text
LANGUAGE sql AS $$
    SELECT concat_ws(' ', status, payment_status, version, payment_method,
                     payment_intent_id, transaction_hash, escrow_id,
                     shop.amount(processing_fees), shop.amount(gas_fees))
      FROM shop.orders WHERE id = p_order
$$;

UPDATE shop.settings SET trust_payment = false;
SELECT pg_temp.new_order(:market_store, 'fiat') AS id \gset
SELECT body, version, order_number
  FROM pg_temp.event('p-1', 'payment.confirmed', :'id',
    '{"paymentMethod": "card", "paymentIntentId": "pi_1",
      "processingFee": 2.35, "occurredAt": "2026-01-02T03:04:05Z"}') \gset
SELECT is(:'body', format('{"received":true,"outcome":"applied","order":'
          '{"id":"%s","orderNumber":"%s","status":"payment_confirmed",'
          '"version":2}}', :'id', :'order_number'), 'the sender is answered');
SELECT is(pg_temp.state(:'id'), 'payment_confirmed confirmed 2 card pi_1 2.35',
          'a confirmed payment is linked, in one version');
SELECT is(ROW(change_reason, source, metadata, changed_by)::text,
          ROW('payment.confirmed', 'payment_processor',
              '{"paymentMethod": "card", "processingFee": 2.35,
                "paymentIntentId": "pi_1"}'::jsonb, NULL)::text,
          'the history knows')
  FROM shop.order_status_history WHERE order_id = :'id'
   AND new_status = 'payment_confirmed';
SELECT is(ROW(event_source, shop.iso(occurred_at),
              recorded_at > occurred_at, event_data)::text,
          ROW('payment_processor', '2026-01-02T03:04:05.000Z', true,
              '{"type": "payment.confirmed", "status": "confirmed",
                "outcome": "applied", "paymentMethod": "card",
                "processingFee": 2.35, "paymentIntentId": "pi_1"}'::jsonb)
          ::text, 'and so does the tracking')
  FROM shop.order_tracking_events
 WHERE order_id = :'id' AND event_type = 'payment_update';
SELECT is(pg_temp.outcome('p-2', 'payment.failed', :'id'), 'late',
          'a payment that was confirmed does not fail');
SELECT is(pg_temp.outcome('p-3', 'payment.refunded', :'id',
                          '{"transactionHash": "0xother"}'), 'applied',
          'it is refunded');
SELECT is(pg_temp.state(:'id'), 'refunded refunded 3 card pi_1 2.35',
          'which is another payment');

SELECT pg_temp.new_order(:market_store, 'crypto') AS id \gset
SELECT is(pg_temp.outcome('p-4', 'payment.failed', :'id',
                          '{"reason": "no funds"}'), 'applied', 'another one');
SELECT is(pg_temp.state(:'id') || ' ' || cancelled_at || ' ' || stock_taken,
          'failed failed 2 crypto ' || updated_at || ' false', 'fails')
  FROM shop.orders WHERE id = :'id';
SELECT is(change_reason, 'no funds', 'and the history says why')
  FROM shop.order_status_history
 WHERE order_id = :'id' AND new_status = 'failed';

-- money that comes when the order was cancelled

SELECT pg_temp.new_order(:market_store, 'fiat', 'payment_pending') AS id \gset
UPDATE shop.orders SET status = 'cancelled' WHERE id = :'id';
SELECT is(pg_temp.outcome('c-1', 'payment.confirmed', :'id'), 'applied',
          'a payment of a cancelled order is not lost');
SELECT is(status || ' ' || payment_status, 'cancelled confirmed',
          'it is there to be refunded')
  FROM shop.orders WHERE id = :'id';
SELECT is(pg_temp.outcome('c-2', 'payment.refunded', :'id'), 'applied',
          'and is refunded');

-- a refund that overtakes its payment

SELECT pg_temp.new_order(:market_store, 'crypto') AS id \gset
SELECT is(pg_temp.outcome('p-5', 'payment.refunded', :'id')
          || ' ' || pg_temp.outcome('p-6', 'payment.confirmed', :'id')
          || ' ' || pg_temp.outcome('p-7', 'EscrowCreated', :'id')
          || ' ' || pg_temp.state(:'id'),
          'applied late late payment_pending refunded 2 crypto',
          'what was refunded is not confirmed any more');

-- a method that needs no proof, and pays at last

SELECT pg_temp.new_order(:market_store, 'beads') AS id \gset
SELECT is(pg_temp.outcome('p-8', 'payment.confirmed', :'id') || ' '
          || pg_temp.state(:'id'), 'applied order_confirmed confirmed 2 beads',
          'a payment that comes later changes the payment only');

-- escrow

SELECT pg_temp.new_order(:market_store, 'escrow') AS id \gset
SELECT pg_temp.event('p-1', 'EscrowCreated', :'id',
    '{"escrowId": "e1", "transactionHash": "0xabc", "gasUsed": 0.00042}')
\g /dev/null
SELECT is(pg_temp.state(:'id'),
          'escrow_locked locked 2 escrow 0xabc e1 0.00042',
          'an escrow is linked; another source may have the same event id');
SELECT pg_temp.event('e-2', 'DisputeCreated', :'id', '{"disputeId": "d7"}')
\g /dev/null
SELECT is(metadata, '{"disputeId": "d7"}', 'a dispute has its id')
  FROM shop.order_status_history
 WHERE order_id = :'id' AND new_status = 'disputed';
SELECT pg_temp.event('e-3', 'EscrowReleased', :'id',
                     '{"transactionHash": "0xrel"}') \g /dev/null
SELECT is(pg_temp.state(:'id'),
          'completed released 4 escrow 0xabc e1 0.00042',
          'a released escrow completes the order');
SELECT is(metadata, '{"releaseTransactionHash": "0xrel"}',
          'with the transaction of the release')
  FROM shop.order_status_history
 WHERE order_id = :'id' AND new_status = 'completed';
SELECT ok(completed_at IS NOT NULL, 'at its time')
  FROM shop.orders WHERE id = :'id';

-- shipping

SELECT pg_temp.new_order(:market_store, 'beads') AS id \gset
UPDATE shop.orders SET status = 'processing' WHERE id = :'id';
SELECT is(pg_temp.outcome('s-1', 'picked_up', :'id'), 'OM017',
          'what is not packed is not picked up');
UPDATE shop.orders SET status = 'ready_to_ship' WHERE id = :'id';
SELECT is(pg_temp.outcome('s-1', 'picked_up', :'id'), 'applied',
          'the same event again, later, is applied');
SELECT pg_temp.new_order(:market_store, 'beads') AS id \gset
UPDATE shop.orders SET status = 'processing' WHERE id = :'id';
UPDATE shop.orders SET status = 'ready_to_ship' WHERE id = :'id';
SELECT is(pg_temp.outcome('s-2', 'out_for_delivery', :'id',
    '{"trackingNumber": "1Z", "carrier": "UPS", "location": "Boston",
      "estimatedDelivery": "2030-01-02"}'), 'applied',
    'scans that were lost');
SELECT results_eq(
    format('SELECT new_status, change_reason, metadata ->> ''location'', source
              FROM shop.order_status_history WHERE order_id = %L
             ORDER BY created_at, id OFFSET 3', :'id'),
    $$ VALUES ('shipped', 'implied by out_for_delivery', NULL,
               'shipping_provider'),
              ('in_transit', 'implied by out_for_delivery', NULL,
               'shipping_provider'),
              ('out_for_delivery', 'out_for_delivery', 'Boston',
               'shipping_provider') $$, 'are made up for, one by one');
SELECT is(ROW(o.tracking_number, o.estimated_delivery, h.tracking_number,
              h.carrier, h.estimated_delivery)::text,
          '(1Z,2030-01-02,1Z,UPS,2030-01-02)',
          'order and shipment have what the carrier said')
  FROM shop.orders o JOIN shop.shipments h ON h.order_id = o.id
 WHERE o.id = :'id';
SELECT is(pg_temp.outcome('s-3', 'in_transit', :'id',
                          '{"location": "Newark", "trackingNumber": "X"}'),
          'late', 'a scan that was late');
SELECT is(pg_temp.outcome('s-4', 'out_for_delivery', :'id',
              '{"trackingNumber": "1Z", "carrier": "UPS"}'), 'late',
          'and one that says nothing new');
SELECT is(tracking_number || ' ' || version, '1Z 6', 'change nothing')
  FROM shop.orders WHERE id = :'id';
SELECT is(pg_temp.outcome('s-5', 'out_for_delivery', :'id',
              '{"estimatedDelivery": "2030-01-03"}'), 'applied',
          'news in the same status');
SELECT is(o.version || ' ' || o.estimated_delivery || ' '
          || h.estimated_delivery, '7 2030-01-03 2030-01-03', 'are kept')
  FROM shop.orders o JOIN shop.shipments h ON h.order_id = o.id
 WHERE o.id = :'id';
SELECT is((pg_temp.event('s-6', 'out_for_delivery', :'id',
                         '{"carrier": "DHL"}')).version, 8,
          'another carrier is a new version too');
SELECT results_eq(
    format('SELECT event_data ->> ''outcome'', location
              FROM shop.order_tracking_events
             WHERE order_id = %L AND event_type = ''shipment_update''
               AND event_source = ''shipping_provider''
             ORDER BY recorded_at', :'id'),
    $$ VALUES ('applied', 'Boston'), ('late', 'Newark'), ('late', NULL),
              ('applied', NULL), ('applied', NULL) $$,
    'and every scan is in the tracking');

SELECT is((pg_temp.event('s-7', 'delivered', order_number)).version, 9,
          'the order may be told by its number')
  FROM shop.orders WHERE id = :'id';
SELECT is(pg_temp.outcome('s-8', 'delivered', 'ORD-NONE'), 'OM001',
          'one that is not there is refused');
SELECT is((SELECT count(*) FROM shop.webhook_events WHERE event_id = 's-8'),
          0::bigint, 'and not kept: it may be on its way');

-- one event, told of another order: it was that one's

SELECT pg_temp.new_order(:shop_store) AS other \gset
SELECT is((pg_temp.event('s-7', 'delivered', :'other')).order_id, :'id'::uuid,
          'a repeated event is answered with the order that it was for');

-- what follows from payments is the system's alone

SELECT throws_ok(format('SELECT api.receive_shipping_event(%L, ''customer'',
    ''x'', ''delivered'', %L, NULL, NULL, NULL, NULL, NULL)', :buyer, :'other'),
    'OM002', NULL, 'a customer sends no events');

-- two sessions

SELECT pg_temp.open(s) FROM unnest(ARRAY['a', 'b']) s \g /dev/null
SELECT pg_temp.run('a', format(
    'INSERT INTO shop.orders (buyer_id, store_id, payment_method, total_amount)
     VALUES (%L, %L, ''hook'', 1)', :buyer, :shop_store)) \g /dev/null
SELECT id FROM shop.orders WHERE payment_method = 'hook' \gset

CREATE FUNCTION pg_temp.paid(p_event text, p_order text) RETURNS text
LANGUAGE sql AS $$
    SELECT format('SELECT body::json ->> ''outcome'' FROM
        api.receive_payment_event(NULL, ''system'', %L, ''payment.confirmed'',
        %L, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)', p_event, p_order)
$$;

SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT is(pg_temp.run('a', pg_temp.paid('race-1', :'id')), 'applied',
          'of two that bring one event, one applies it');
SELECT dblink_send_query('b', pg_temp.paid('race-1', :'id')) \g /dev/null
SELECT pg_sleep(0.1) \g /dev/null
SELECT is(dblink_is_busy('b'), 1, 'the other waits');
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.answer('b'), 'duplicate', 'and finds it done');
SELECT is(version || ' ' || payment_status, '2 paid', 'it was done once')
  FROM shop.orders WHERE id = :'id';
SELECT pg_temp.run('a', format('UPDATE shop.orders SET payment_status =
    ''pending'' WHERE id = %L', :'id')) \g /dev/null
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', pg_temp.paid('race-2', :'id')) \g /dev/null
SELECT dblink_send_query('b', pg_temp.paid('race-2', :'id')) \g /dev/null
SELECT pg_sleep(0.1) \g /dev/null
SELECT pg_temp.run('a', 'ROLLBACK') \g /dev/null
SELECT is(pg_temp.answer('b'), 'applied',
          'when the first gives up, the other applies it');
SELECT pg_temp.run('a', format('UPDATE shop.orders SET payment_status =
    ''pending'' WHERE id = %L', :'id')) \g /dev/null
SELECT pg_temp.run('a', 'BEGIN') \g /dev/null
SELECT pg_temp.run('a', pg_temp.paid('race-3', :'id')) \g /dev/null
SELECT dblink_send_query('b', pg_temp.paid('race-4', :'id')) \g /dev/null
SELECT pg_sleep(0.1) \g /dev/null
SELECT pg_temp.run('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.answer('b'), 'late',
          'two events of one order come one after the other');

SELECT pg_temp.run('a', format('DELETE FROM shop.%I WHERE %s', t, w))
  FROM (VALUES ('notifications', format('order_id = %L', :'id')),
               ('orders', format('id = %L', :'id')),
               ('deleted_orders', format('id = %L', :'id')),
               ('webhook_events', 'event_id LIKE ''race-%''')) AS v (t, w)
\g /dev/null

-- in the end

UPDATE shop.webhook_events SET received_at = now() - interval '30 days'
 WHERE event_id = 's-1';
SELECT api.maintain() \g /dev/null
SELECT is((SELECT count(*) FROM shop.webhook_events
            WHERE event_id IN ('s-1', 's-2')), 1::bigint,
          'maintain() lets go of what is 30 days old');

SELECT * FROM finish();
ROLLBACK;
