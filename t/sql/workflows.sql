-- The four status flows against their documents: every triple (from, to,
-- role) is tried as an UPDATE, and only those below go through.

\ir prelude.psql

SELECT no_plan();

-- role letters: m manager, c customer, d driver, a admin, s system; admin and
-- system may every transition

CREATE TEMP TABLE expected (workflow text, from_status text, to_status text,
                            who text);

INSERT INTO expected VALUES
    -- S0
    ('delivery', 'pending', 'preparing', 'm'),
    ('delivery', 'pending', 'cancelled', 'mc'),
    ('delivery', 'preparing', 'out_for_delivery', 'd'),
    ('delivery', 'preparing', 'cancelled', 'm'),
    ('delivery', 'out_for_delivery', 'delivered', 'd'),
    -- S1
    ('cart', 'pending', 'processing', 'm'),
    ('cart', 'processing', 'shipped', 'm'),
    ('cart', 'shipped', 'delivered', 'm'),
    ('cart', 'pending', 'cancelled', 'mc'),
    ('cart', 'processing', 'cancelled', 'mc'),
    ('cart', 'shipped', 'cancelled', 'mc'),
    -- S2
    ('shop', 'pending', 'confirmed', 'm'),
    ('shop', 'confirmed', 'processing', 'm'),
    ('shop', 'processing', 'shipped', 'm'),
    ('shop', 'shipped', 'delivered', 'm'),
    ('shop', 'pending', 'cancelled', 'mc'),
    ('shop', 'confirmed', 'cancelled', 'mc'),
    ('shop', 'processing', 'cancelled', 'mc'),
    ('shop', 'shipped', 'cancelled', 'm'),
    ('shop', 'shipped', 'returned', 'mc'),
    -- S4
    ('marketplace', 'payment_pending', 'payment_confirmed', ''),
    ('marketplace', 'payment_pending', 'escrow_locked', ''),
    ('marketplace', 'payment_pending', 'cancelled', 'mc'),
    ('marketplace', 'payment_pending', 'failed', ''),
    ('marketplace', 'payment_confirmed', 'order_confirmed', 'm'),
    ('marketplace', 'payment_confirmed', 'cancelled', 'mc'),
    ('marketplace', 'payment_confirmed', 'refunded', ''),
    ('marketplace', 'escrow_locked', 'order_confirmed', 'm'),
    ('marketplace', 'escrow_locked', 'disputed', 'c'),
    ('marketplace', 'escrow_locked', 'cancelled', 'mc'),
    ('marketplace', 'order_confirmed', 'processing', 'm'),
    ('marketplace', 'order_confirmed', 'cancelled', 'mc'),
    ('marketplace', 'processing', 'ready_to_ship', 'm'),
    ('marketplace', 'processing', 'cancelled', 'm'),
    ('marketplace', 'ready_to_ship', 'shipped', 'm'),
    ('marketplace', 'ready_to_ship', 'cancelled', 'm'),
    ('marketplace', 'shipped', 'in_transit', 'm'),
    ('marketplace', 'shipped', 'delivered', 'm'),
    ('marketplace', 'in_transit', 'out_for_delivery', 'm'),
    ('marketplace', 'in_transit', 'delivered', 'm'),
    ('marketplace', 'out_for_delivery', 'delivered', 'm'),
    ('marketplace', 'delivered', 'completed', 'c'),
    ('marketplace', 'delivered', 'disputed', 'c'),
    ('marketplace', 'disputed', 'completed', ''),
    ('marketplace', 'disputed', 'refunded', ''),
    ('marketplace', 'disputed', 'cancelled', '');

CREATE TEMP TABLE seen (workflow text, from_status text, to_status text,
                        who text, code text);

DO $$
DECLARE
    v_flow    record;
    v_triple  record;
    v_order   uuid;
    v_code    text;
BEGIN
    FOR v_flow IN SELECT id, workflow FROM shop.stores
                   WHERE id::text LIKE '00000000-0000-7000-8000-0000000002__'
    LOOP
        v_order := pg_temp.new_order(v_flow.id);

        FOR v_triple IN
            SELECT f.code AS from_status, t.code AS to_status, r.role
              FROM shop.workflow_statuses f, shop.workflow_statuses t,
                   unnest(ARRAY['manager', 'customer', 'driver', 'admin',
                                'system']) AS r (role)
             WHERE f.workflow = v_flow.workflow
               AND t.workflow = v_flow.workflow AND f.code <> t.code
        LOOP
            PERFORM pg_temp.put(v_order, v_triple.from_status);
            PERFORM pg_temp.act(NULL, v_triple.role);
            v_code := 'ok';

            BEGIN
                UPDATE shop.orders SET status = v_triple.to_status
                 WHERE id = v_order;
            EXCEPTION WHEN SQLSTATE 'OM003' THEN
                v_code := 'OM003';
            END;

            INSERT INTO seen VALUES (v_flow.workflow, v_triple.from_status,
                v_triple.to_status, left(v_triple.role, 1), v_code);
        END LOOP;
    END LOOP;

    PERFORM pg_temp.act(NULL, NULL);
END
$$;

SELECT is((SELECT count(*) FROM seen), (5*4*2 + 7*6 + 15*14) * 5::bigint,
          'every triple of every workflow was tried');

SELECT set_eq(
    $$ SELECT workflow, from_status, to_status, who FROM seen
        WHERE code = 'ok' $$,
    $$ SELECT workflow, from_status, to_status, w
         FROM expected, regexp_split_to_table(who || 'as', '') w $$,
    'what the documents allow goes through for these roles, nothing else');

-- finality

SELECT set_eq(
    $$ SELECT workflow || '.' || code FROM shop.workflow_statuses
        WHERE final $$,
    ARRAY['delivery.delivered', 'delivery.cancelled', 'cart.delivered',
          'cart.cancelled', 'shop.delivered', 'shop.cancelled',
          'shop.returned', 'marketplace.completed', 'marketplace.cancelled',
          'marketplace.refunded', 'marketplace.failed'],
    'these statuses are final');
SELECT is_empty(
    $$ SELECT code FROM shop.workflow_statuses s
        WHERE final = EXISTS (SELECT FROM shop.workflow_transitions t
                               WHERE t.workflow = s.workflow
                                 AND t.from_status = s.code) $$,
    'a status is final where no transition leads out');
SELECT throws_ok(
    $$ INSERT INTO shop.workflow_transitions
       VALUES ('shop', 'delivered', 'returned', '{manager}') $$,
    '23503', NULL, 'no transition can lead out of a final status');
SELECT is_empty(
    $$ SELECT code FROM shop.workflow_statuses
        WHERE final <> (poll_after IS NULL) $$,
    'there is a time to poll again while a status is not final');

-- first statuses

CREATE FUNCTION pg_temp.first(p_store uuid, p_method text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_id  uuid := pg_temp.new_order(p_store, p_method);
BEGIN
    RETURN (SELECT status || ' ' || payment_status FROM shop.orders
             WHERE id = v_id);
END
$$;

UPDATE shop.settings SET trust_payment = true;
SELECT is(pg_temp.first(:delivery_store, 'Credit Card'), 'pending pending',
          'delivery starts pending');
SELECT is(pg_temp.first(:cart_store, 'x'), 'pending pending',
          'cart starts pending');
SELECT is(pg_temp.first(:shop_store, 'x'), 'pending pending',
          'shop starts pending');
SELECT is(pg_temp.first(:market_store, 'crypto'),
          'payment_confirmed confirmed', 'crypto starts confirmed');
SELECT is(pg_temp.first(:market_store, 'fiat'),
          'payment_confirmed confirmed', 'fiat starts confirmed');
SELECT is(pg_temp.first(:market_store, 'escrow'), 'escrow_locked locked',
          'escrow starts locked');
SELECT is(pg_temp.first(:market_store, 'beads'), 'order_confirmed pending',
          'an unknown method starts at order_confirmed');

UPDATE shop.settings SET trust_payment = false;
SELECT is(pg_temp.first(:market_store, 'escrow'), 'payment_pending pending',
          'where the customer''s word is no proof, payment is pending');
SELECT is(pg_temp.first(:market_store, 'beads'), 'order_confirmed pending',
          'an unknown method needs no proof');

SELECT is(r.code || ' ' || (r.detail ->> 'allowed_transitions'),
          'OM003 ["pending"]',
          'an order cannot start in the middle, and is told where')
  FROM pg_temp.refusal(format(
       'SELECT pg_temp.new_order(%L, ''x'', ''shipped'')',
       :shop_store)) r;

-- S2's texts

SELECT results_eq(
    $$ SELECT emoji || ' ' || message FROM shop.workflow_statuses
        WHERE workflow = 'shop' AND id <= 23 ORDER BY id $$,
    ARRAY['⏳ Waiting for seller...', '✔️ Seller confirmed!',
          '🔄 Order being prepared...'],
    'the buyer reads what S2 says');
SELECT results_eq(
    $$ SELECT emoji FROM shop.workflow_statuses
        WHERE workflow = 'shop' ORDER BY id $$,
    ARRAY['⏳', '✔️', '🔄', '📦', '✅', '❌', '↩️'],
    'with the emoji of S2');
SELECT is_empty(
    $$ SELECT code FROM shop.workflow_statuses
        WHERE workflow = 'shop' AND NOT final AND poll_after <> 30 $$,
    'a shop''s page polls every 30 seconds');

-- the revision, and a fifth workflow

SELECT set_config('t.revision', revision::text, true) FROM shop.revision;
UPDATE shop.workflow_statuses SET label = 'Wartet' WHERE id = 21;
SELECT is((SELECT revision FROM shop.revision),
          current_setting('t.revision')::int + 1,
          'a new label raises the revision');
SELECT is((SELECT DISTINCT revision FROM api.statuses()),
          current_setting('t.revision')::int + 1,
          'which the module reads with the statuses');

SELECT throws_ok('UPDATE shop.workflow_statuses SET final = true,
                         poll_after = NULL WHERE id = 12', '23503', NULL,
                 'a status with a way out cannot become final');
SELECT throws_ok('UPDATE shop.workflow_statuses SET id = 99 WHERE id = 34',
                 'OM004', NULL, 'a status that orders have keeps its id');

INSERT INTO shop.workflows VALUES ('pickup', 'A fifth', 2);
INSERT INTO shop.workflow_statuses
       (id, workflow, code, label, emoji, message, step, initial, final,
        phase, poll_after)
VALUES (51, 'pickup', 'ready', 'Ready', '*', 'Come!', 1, true, false, 'open',
        5),
       (52, 'pickup', 'gone', 'Gone', '*', 'Bye!', 2, false, true,
        'completed', NULL);
INSERT INTO shop.workflow_transitions (workflow, from_status, to_status, roles)
VALUES ('pickup', 'ready', 'gone', '{customer}');
INSERT INTO shop.workflow_initial_statuses VALUES
       ('pickup', '', 'ready', 'ready');
UPDATE shop.stores SET workflow = 'pickup' WHERE id = :cart_store;
SELECT is(pg_temp.first(:cart_store, 'cash'), 'ready pending',
          'a fifth workflow is rows');
SELECT lives_ok($$ UPDATE shop.orders SET status = 'gone'
                    WHERE workflow = 'pickup' $$, 'and works');

SELECT * FROM finish();
ROLLBACK;
