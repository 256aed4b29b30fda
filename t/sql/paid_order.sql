-- api.create_paid_order: S4's order from a payment, and each refusal.

\ir prelude.psql

\set coin '\'00000000-0000-7000-8000-000000000352\''
\set rig  '\'00000000-0000-7000-8000-000000000353\''

SELECT no_plan();

-- a good request, of which each try changes something

CREATE FUNCTION pg_temp.data(p_more text DEFAULT '{}') RETURNS jsonb
LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls('{
        "buyerId": "00000000-0000-7000-8000-000000000101",
        "sellerId": "00000000-0000-7000-8000-000000000105",
        "listingId": "00000000-0000-7000-8000-000000000351",
        "quantity": 2, "totalAmount": 159.98, "currency": "USDC",
        "shippingAddress": {"name": "John Doe", "street": "123 Main St",
            "city": "New York", "state": "NY", "zipCode": "10001",
            "country": "US"}}'::jsonb || p_more::jsonb)
$$;

CREATE FUNCTION pg_temp.pay(p_result text, p_more text DEFAULT '{}',
                            p_user uuid DEFAULT
                                '00000000-0000-7000-8000-000000000101',
                            p_role text DEFAULT 'customer',
                            p_key text DEFAULT NULL)
RETURNS api.answer
LANGUAGE sql AS $$
    SELECT a FROM api.create_paid_order(p_user, p_role, p_key, 'print',
        '{"success": true}'::jsonb || p_result::jsonb, pg_temp.data(p_more)) a
$$;

UPDATE shop.settings SET trust_payment = true;

-- S4's example

SELECT stock FROM shop.products WHERE id = :wallet \gset
SELECT http_status, body, order_id, order_number, version, status,
       seller AS record_seller
  FROM pg_temp.pay('{"paymentMethod": "escrow", "transactionHash": "0xabc123",
                     "escrowId": "escrow_456", "gasUsed": "0.00042001"}',
                   '{"shippingMethod": "express", "notes": "ring twice",
                     "specialInstructions": "no bell",
                     "metadata": {"gift": true}}') \gset
SELECT is(:http_status, 201, 'a paid order is created');
SELECT is((:'body'::jsonb -> 'order') - 'createdAt',
          jsonb_build_object('id', :'order_id', 'orderNumber',
              :'order_number', 'status', 'escrow_locked', 'totalAmount',
              159.98, 'currency', 'USDC', 'paymentStatus', 'locked',
              'estimatedDelivery', (now() AT TIME ZONE 'UTC')::date + 14,
              'trackingUrl', '/orders/' || :'order_id', 'version', 1),
          'the answer has S4''s fields');
SELECT is(:'body'::jsonb -> 'success', 'true', 'and success');
SELECT is(ROW(:version, :status, :'record_seller')::text,
          ROW(1, 33, :market)::text, 'the record is that of a new order');
SELECT is(ROW(version, payment_method, payment_status, transaction_hash,
              escrow_id, gas_fees, payment_intent_id)::text,
          '(1,escrow,locked,0xabc123,escrow_456,0.00042001,)',
          'the payment is linked in the first version')
  FROM shop.orders WHERE id = :'order_id';
SELECT is(ROW(shipping_method, order_notes, special_instructions, metadata,
              quantity, unit_price, listing_id,
              shipping_address ->> 'zipCode')::text,
          ROW('express', 'ring twice', 'no bell', '{"gift": true}'::jsonb, 2,
              79.99::numeric(18,8), :wallet, '10001')::text,
          'and the rest of the request is kept')
  FROM shop.orders WHERE id = :'order_id';
SELECT is(method, 'express', 'the shipment has the method')
  FROM shop.shipments WHERE order_id = :'order_id';
SELECT is((SELECT stock FROM shop.products WHERE id = :wallet), :stock - 2,
          'the stock is less');
SELECT is(ROW(product_name, quantity, unit_price, total_price,
              product_snapshot ->> 'price')::text,
          '("Hardware Wallet",2,79.99000000,159.98000000,79.99000000)',
          'the item has the product as sold')
  FROM shop.order_items WHERE order_id = :'order_id';
UPDATE shop.products SET price = 1, name = 'Renamed' WHERE id = :wallet;
SELECT is(product_snapshot ->> 'name', 'Hardware Wallet',
          'whatever becomes of the listing')
  FROM shop.order_items WHERE order_id = :'order_id';
UPDATE shop.products SET price = 79.99, name = 'Hardware Wallet'
 WHERE id = :wallet;
SELECT is(ROW(new_status, changed_by, source, metadata ->> 'escrowId')::text,
          ROW('escrow_locked', :buyer, 'buyer', 'escrow_456')::text,
          'the history begins with the payment')
  FROM shop.order_status_history WHERE order_id = :'order_id';
SELECT is(event_data, '{"paymentMethod": "escrow", "status": "locked",
              "transactionHash": "0xabc123", "escrowId": "escrow_456",
              "gasUsed": "0.00042001"}',
          'and there is a tracking event of it')
  FROM shop.order_tracking_events
 WHERE order_id = :'order_id' AND event_type = 'payment_update';

-- each method

CREATE FUNCTION pg_temp.state(p_answer api.answer) RETURNS text
LANGUAGE sql AS $$
    SELECT concat_ws(' ', o.status, o.payment_status, o.version,
                     o.payment_intent_id, o.transaction_hash, o.escrow_id,
                     shop.amount(o.processing_fees), shop.amount(o.gas_fees))
      FROM shop.orders o WHERE o.id = p_answer.order_id
$$;

CREATE TEMP TABLE methods (method text, more text, trusted text,
                           pending text);
INSERT INTO methods VALUES
    ('fiat', '{"paymentIntentId": "pi_1", "processingFee": 4.94}',
     'payment_confirmed confirmed 1 pi_1 4.94',
     'payment_pending pending 1 pi_1 4.94'),
    ('crypto', '{"transactionHash": "0xdef", "gasUsed": 21000}',
     'payment_confirmed confirmed 1 0xdef 21000',
     'payment_pending pending 1 0xdef 21000'),
    ('escrow', '{"transactionHash": "0xabc", "escrowId": "e1",
                 "gasUsed": 0.00000001}',
     'escrow_locked locked 1 0xabc e1 0.00000001',
     'payment_pending pending 1 0xabc e1 0.00000001'),
    ('beads', '{}', 'order_confirmed confirmed 1',
     'order_confirmed pending 1');

SELECT is(pg_temp.state(pg_temp.pay(jsonb_build_object(
              'paymentMethod', method)::text::jsonb::text)),
          regexp_replace(trusted, ' 1 .*$', ' 1'),
          method || ' believed: its first status')
  FROM methods;
SELECT is(pg_temp.state(pg_temp.pay((more::jsonb || jsonb_build_object(
              'paymentMethod', method))::text)), trusted,
          method || ' believed: its payment is linked')
  FROM methods;
UPDATE shop.settings SET trust_payment = false;
SELECT is(pg_temp.state(pg_temp.pay((more::jsonb || jsonb_build_object(
              'paymentMethod', method))::text)), pending,
          method || ' not believed: its payment is linked, and pending')
  FROM methods;

UPDATE shop.settings SET trust_payment = true;
SELECT is(pg_temp.state(pg_temp.pay('{"paymentMethod": "card"}',
              '{"listingId": "00000000-0000-7000-8000-000000000333",
                "sellerId": "00000000-0000-7000-8000-000000000103",
                "quantity": 1, "totalAmount": 19.95, "currency": "USD"}')),
          'pending paid 1',
          'where no status is of a confirmed payment it is paid');

-- exact money

SELECT is(total_amount::text, '93.37037034', 'money is exact')
  FROM shop.orders
 WHERE id = (pg_temp.pay('{"paymentMethod": "crypto"}',
             format('{"listingId": "%s", "quantity": 3,
                      "totalAmount": "93.37037034"}', :coin))).order_id;
SELECT is(r.code || ' ' || (r.detail ->> 'errors'),
          'OM004 [{"field" : "checkoutData.totalAmount", "message" : '
          '"must be 93.37037034"}]', 'to its last decimal')
  FROM pg_temp.refusal(format(
       'SELECT pg_temp.pay(''{"paymentMethod": "crypto"}'', %L)',
       format('{"listingId": "%s", "quantity": 3,
                "totalAmount": 93.37037033}', :coin))) r;
SELECT is((pg_temp.pay('{"paymentMethod": "crypto"}', format(
              '{"listingId": "%s", "quantity": null,
                "totalAmount": 31.12345678}', :coin))).body::json
              -> 'order' ->> 'totalAmount', '31.12345678',
          'without a quantity it is one');

-- items

SELECT order_id AS id FROM pg_temp.pay('{"paymentMethod": "crypto"}', format(
    '{"listingId": null, "quantity": null, "totalAmount": 142.23691356,
      "items": [{"listingId": %1$s, "quantity": 2, "size": "L"},
                {"listingId": %2$s, "quantity": 1, "color": "red"}]}',
    to_json(:coin::text), to_json(:wallet::text))) \gset
SELECT results_eq(format('SELECT product_id, quantity, size, color
                            FROM shop.order_items WHERE order_id = %L
                           ORDER BY line', :'id'),
                  format('VALUES (%L::uuid, 2, ''L'', NULL),
                                 (%L, 1, NULL, ''red'')', :coin, :wallet),
                  'there may be several listings');

-- refusals

UPDATE shop.products SET stock = 20 WHERE id = :rig;
UPDATE shop.products SET status = 'inactive' WHERE id = :coin;
CREATE TEMP TABLE tries (n int, name text, result text, more text,
                         code text, fields text);
INSERT INTO tries VALUES
    (1, 'a payment that failed', '{"success": false}', '{}', 'OM014', NULL),
    (2, 'a payment without a word of success', '{"success": null}', '{}',
     'OM014', NULL),
    (3, 'another buyer', '{}', format('{"buyerId": "%s"}', :buyer2),
     'OM002', NULL),
    (4, 'neither listing nor items', '{}', '{"listingId": null}', 'OM004',
     'checkoutData.listingId'),
    (5, 'both', '{}', format('{"items": [{"listingId": "%s",
                                          "quantity": 1}]}', :wallet),
     'OM004', 'checkoutData.listingId'),
    (6, 'a listing that is not there', '{}',
     '{"listingId": "00000000-0000-7000-8000-000000000999"}', 'OM008',
     'checkoutData.listingId'),
    (7, 'a listing that is not sold any more', '{}',
     format('{"listingId": "%s"}', :coin), 'OM008',
     'checkoutData.listingId'),
    (8, 'more than there is', '{}',
     format('{"listingId": "%s", "quantity": 21}', :rig), 'OM007',
     'checkoutData.quantity'),
    (9, 'wrong items', '{}',
     format('{"listingId": null, "items": [{"listingId": "%s", "quantity": 1},
              {"listingId": "%s", "quantity": 1}]}', :wallet, :coin), 'OM008',
     'checkoutData.items[1].listingId'),
    (10, 'too many in an item', '{}',
     format('{"listingId": null, "items": [{"listingId": "%s",
              "quantity": 21}]}', :rig), 'OM007',
     'checkoutData.items[0].quantity'),
    (11, 'items of two stores', '{}',
     format('{"listingId": null, "items": [{"listingId": "%s", "quantity": 1},
              {"listingId": "%s", "quantity": 1}]}', :wallet, :shirt),
     'OM006', NULL),
    (12, 'another seller', '{}', format('{"sellerId": "%s"}', :seller),
     'OM004', 'checkoutData.sellerId'),
    (13, 'another currency', '{}', '{"currency": "USD"}', 'OM004',
     'checkoutData.currency'),
    (14, 'another total', '{}', '{"totalAmount": 159.97}', 'OM004',
     'checkoutData.totalAmount'),
    (15, 'all of them', '{}',
     format('{"sellerId": "%s", "currency": "EUR", "totalAmount": 0}',
            :buyer),
     'OM004', 'checkoutData.sellerId checkoutData.totalAmount '
              'checkoutData.currency');

SELECT set_config('t.orders', count(*)::text, true) FROM shop.orders
\g /dev/null
SELECT set_config('t.stock', sum(stock)::text, true) FROM shop.products
\g /dev/null
SELECT is(concat_ws(' ', r.code, (SELECT string_agg(e ->> 'field', ' ')
              FROM json_array_elements(r.detail -> 'errors') e)),
          concat_ws(' ', t.code, t.fields), t.name || ' is refused')
  FROM tries t, pg_temp.refusal(format('SELECT pg_temp.pay(%L, %L)',
       '{"paymentMethod": "fiat"}'::jsonb || t.result::jsonb, t.more)) r
 ORDER BY n;
SELECT is((SELECT count(*)::text FROM shop.orders),
          current_setting('t.orders'), 'a refusal leaves no order');
SELECT is((SELECT sum(stock)::text FROM shop.products),
          current_setting('t.stock'), 'and takes nothing out of stock');

-- an admin for somebody

SELECT is((pg_temp.pay('{"paymentMethod": "fiat"}', format(
               '{"buyerId": "%s"}', :buyer2), :admin, 'admin')).buyer,
          :buyer2::uuid, 'an admin may order for a buyer');
SELECT is(r.code, 'OM001', 'but not for nobody')
  FROM pg_temp.refusal(format('SELECT pg_temp.pay(%L, %L, %L, %L)',
       '{"paymentMethod": "fiat"}',
       '{"buyerId": "00000000-0000-7000-8000-000000000999"}', :admin,
       'admin')) r;

-- Idempotency-Key

SELECT body AS first, replayed AS fresh FROM pg_temp.pay(
    '{"paymentMethod": "fiat"}', p_key => 'paid-1') \gset
SELECT body AS second, replayed, order_id IS NULL AS bare FROM pg_temp.pay(
    '{"paymentMethod": "fiat"}', p_key => 'paid-1') \gset
SELECT is(ROW(:'second' = :'first', :'fresh',
              :'replayed', :'bare')::text,
          '(t,f,t,t)', 'the same key yields the first answer again');

SELECT * FROM finish();
ROLLBACK;
