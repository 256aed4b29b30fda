-- S4's four tables: whatever column the document names, something writes.

\ir prelude.psql

SELECT no_plan();

UPDATE shop.settings SET trust_payment = true;

-- a life of the marketplace, through the API

CREATE TEMP TABLE lives AS
SELECT a.order_id AS id
  FROM (VALUES ('escrow'), ('fiat')) AS v (method),
       LATERAL api.create_paid_order(
           '00000000-0000-7000-8000-000000000101', 'customer', NULL, NULL,
           jsonb_build_object('success', true, 'paymentMethod', v.method,
               'transactionHash', '0xabc', 'escrowId', 'e1', 'gasUsed', 0.5,
               'paymentIntentId', 'pi_1', 'processingFee', 4.94),
           '{"buyerId": "00000000-0000-7000-8000-000000000101",
             "sellerId": "00000000-0000-7000-8000-000000000105",
             "listingId": "00000000-0000-7000-8000-000000000351",
             "quantity": 2, "totalAmount": 159.98, "currency": "USDC",
             "shippingAddress": {"name": "John Doe"},
             "shippingMethod": "express", "notes": "ring",
             "specialInstructions": "twice", "metadata": {"gift": true}}') a;
SELECT id FROM lives LIMIT 1 \gset
SELECT id AS other FROM lives OFFSET 1 \gset

SELECT count(a) FROM
    unnest(ARRAY['order_confirmed', 'processing', 'ready_to_ship']) s,
    api.set_order_status(:market, 'manager', NULL, :'id', s, NULL, NULL,
                         'on it', NULL, NULL, NULL) a \g /dev/null
SELECT count(a) FROM api.set_order_status(:market, 'manager', NULL, :'id',
    'shipped', '1Z', 'UPS', 'sent', '2030-01-01', 'Newark', '{"box": 1}') a
\g /dev/null
SELECT count(a) FROM unnest(ARRAY['in_transit', 'delivered']) s,
    api.receive_shipping_event(NULL, 'system', 'c-' || s, s, :'id', '1Z',
        'UPS', 'Boston', '2030-01-02', '2026-01-01T00:00:00Z') a \g /dev/null
SELECT count(a) FROM api.dispute_order(:buyer, 'customer', NULL, NULL, :'id',
    'broken', 'The box was open.', 'd-1') a \g /dev/null
SELECT count(a) FROM api.receive_escrow_event(NULL, 'system', 'c-1',
    'EscrowReleased', :'id', 'e1', '0xrel', NULL, NULL, NULL) a \g /dev/null
SELECT count(a) FROM api.set_order_status(:buyer, 'customer', NULL, :'other',
    'cancelled', NULL, NULL, 'no more', NULL, NULL, NULL) a \g /dev/null

SELECT is((SELECT string_agg(new_status, ' ' ORDER BY created_at, id)
             FROM shop.order_status_history WHERE order_id = :'id'),
          'escrow_locked order_confirmed processing ready_to_ship shipped '
          'in_transit delivered disputed completed', 'a whole life');

-- the document's columns; listing_id of an item is product_id here

CREATE TEMP TABLE written (name text, columns text[], rows jsonb);
INSERT INTO written VALUES
    ('orders', '{id,order_number,buyer_id,seller_id,listing_id,quantity,
      unit_price,total_amount,currency,payment_method,payment_status,
      payment_intent_id,transaction_hash,escrow_id,processing_fees,gas_fees,
      status,status_updated_at,shipping_address,shipping_method,
      tracking_number,estimated_delivery,actual_delivery_date,order_notes,
      special_instructions,metadata,created_at,updated_at,completed_at,
      cancelled_at}',
     (SELECT jsonb_agg(to_jsonb(t)) FROM shop.orders t
       WHERE id IN (SELECT id FROM lives))),
    ('order_items', '{id,order_id,product_id,product_name,
      product_description,quantity,unit_price,total_price,product_snapshot,
      created_at}',
     (SELECT jsonb_agg(to_jsonb(t)) FROM shop.order_items t
       WHERE order_id IN (SELECT id FROM lives))),
    ('order_status_history', '{id,order_id,previous_status,new_status,
      changed_by,change_reason,metadata,notes,created_at}',
     (SELECT jsonb_agg(to_jsonb(t)) FROM shop.order_status_history t
       WHERE order_id IN (SELECT id FROM lives))),
    ('order_tracking_events', '{id,order_id,event_type,event_data,
      event_source,location,occurred_at,recorded_at}',
     (SELECT jsonb_agg(to_jsonb(t)) FROM shop.order_tracking_events t
       WHERE order_id IN (SELECT id FROM lives))),
    ('shipments', '{id,order_id,method,carrier,tracking_number,
      estimated_delivery,created_at,updated_at}',
     (SELECT jsonb_agg(to_jsonb(t)) FROM shop.shipments t
       WHERE order_id IN (SELECT id FROM lives)));

SELECT ok(EXISTS (SELECT FROM jsonb_array_elements(rows) r
                   WHERE r ->> c IS NOT NULL),
          name || '.' || c || ' is written')
  FROM written, unnest(columns) c;

SELECT set_eq(
    format('SELECT event_type, event_source FROM shop.order_tracking_events
             WHERE order_id = %L', :'id'),
    $$ VALUES ('status_change', 'buyer'), ('status_change', 'seller'),
              ('status_change', 'shipping_provider'),
              ('status_change', 'payment_processor'),
              ('payment_update', 'buyer'),
              ('shipment_update', 'shipping_provider'),
              ('payment_update', 'payment_processor') $$,
    'the tracking events are of each type, from each source');
SELECT is_empty(
    $$ SELECT id FROM shop.order_tracking_events
        WHERE recorded_at < occurred_at $$,
    'nothing is recorded before it occurs');

-- the times are the triggers' alone

SELECT ok(actual_delivery_date < completed_at AND cancelled_at IS NULL
          AND shipped_at < actual_delivery_date, 'each at its time')
  FROM shop.orders WHERE id = :'id';
SELECT ok(cancelled_at IS NOT NULL AND completed_at IS NULL
          AND actual_delivery_date IS NULL, 'and the other''s')
  FROM shop.orders WHERE id = :'other';
SELECT completed_at FROM shop.orders WHERE id = :'id' \gset
UPDATE shop.orders SET completed_at = NULL, actual_delivery_date = NULL,
       shipped_at = NULL, cancelled_at = now() WHERE id = :'id';
SELECT ok(completed_at = :'completed_at' AND shipped_at IS NOT NULL
          AND actual_delivery_date IS NOT NULL AND cancelled_at IS NULL,
          'what a writer says of them is not believed')
  FROM shop.orders WHERE id = :'id';
INSERT INTO shop.orders (buyer_id, store_id, payment_method, total_amount,
                         completed_at, cancelled_at, shipped_at)
VALUES (:buyer, :shop_store, 'card', 1, now(), now(), now())
RETURNING id AS new \gset
SELECT ok(completed_at IS NULL AND cancelled_at IS NULL
          AND shipped_at IS NULL, 'nor at the beginning')
  FROM shop.orders WHERE id = :'new';

SELECT * FROM finish();
ROLLBACK;
