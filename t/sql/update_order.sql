-- S3: status, discount and comments in one request, and what is left behind.

\ir prelude.psql

SELECT no_plan();

SELECT pg_temp.new_order(:shop_store) AS id \gset
SELECT order_number AS number FROM shop.orders WHERE id = :'id' \gset

CREATE FUNCTION pg_temp.try(p_user text, p_role text, p_match int,
                            p_order text, p_status text, p_comments text,
                            p_discount numeric)
RETURNS text
LANGUAGE sql AS $$
    SELECT r.code || coalesce(' ' || (r.detail #>> '{errors,0,field}') || ' '
                              || (r.detail #>> '{errors,0,message}'), '')
      FROM pg_temp.refusal(format(
           'SELECT api.update_order(%L, %L, %L, %L, %L, %L, %L)', p_user,
           p_role, p_match, p_order, p_status, p_comments, p_discount)) r
$$;

-- each try has all the faults of those that follow it

SELECT is(pg_temp.try(:market, 'manager', 9, 'ORD-NONE', 'lost', NULL, 101),
          'OM013 status is in no workflow',
          '1: a status that is in no workflow');
SELECT is(pg_temp.try(:market, 'manager', 9, 'ORD-NONE', NULL, 'x', v),
          'OM004 status is required',
          '1: neither status nor discount, but ' || coalesce(v::text, 'none'))
  FROM unnest(ARRAY[NULL, 0, 0.000000001]) v;
SELECT is(pg_temp.try(:market, 'manager', 9, 'ORD-NONE', 'returned', NULL,
                      101), 'OM001', '2: an unknown order');
SELECT is(pg_temp.try(:market, 'manager', 9, :'id', 'returned', NULL, 101),
          'OM002', '3: somebody else''s');
SELECT is(pg_temp.try(:buyer, 'customer', 9, :'id', 'cancelled', NULL, 101),
          'OM002', '3: nor does a buyer give discounts');
SELECT is(pg_temp.try(:seller, 'manager', 9, :'id', 'returned', NULL, 101),
          'OM009', '4: another version');
SELECT is(pg_temp.try(:seller, 'manager', 1, :'id', 'returned', NULL, 101),
          'OM004 discountAmount must be at most 100',
          '5: more than the order costs');
SELECT is(pg_temp.try(:seller, 'manager', 1, :'id', 'returned', NULL, 100),
          'OM003', '6: no step from here');
SELECT is(pg_temp.try(:seller, 'manager', 1, :'id', 'pending', NULL, NULL),
          'OM003', '6: nor the status that it has, alone');
SELECT is(version || ' ' || total_discount, '1 0.00000000',
          'no refusal changes anything')
  FROM shop.orders WHERE id = :'id';

-- a status with comments

SELECT set_config('t.before', (SELECT count(*) FROM shop.notifications)::text,
                  true) \g /dev/null
SELECT http_status, body, order_id, version, status
  FROM api.update_order(:seller, 'manager', 1, :'id', 'confirmed',
                        'will be packed today', 0) \gset
SELECT is(:http_status || ' ' || (:'body'::json #>> '{order,status}') || ' '
          || (:'body'::json #>> '{order,version}') || ' ' || :version || ' '
          || :status, '200 confirmed 2 2 22', 'the seller moves the order on');
SELECT is(:'body'::json #>> '{order,totalDiscount}', '0',
          'a discount of 0 is none');
SELECT is(:'body'::json #>> '{order,notes}', NULL,
          'without one, comments are no notes of the order');
SELECT results_eq(
    format('SELECT previous_status, new_status, changed_by, notes, source
              FROM shop.order_status_history
             WHERE order_id = %L AND previous_status IS NOT NULL', :'id'),
    format('VALUES (''pending'', ''confirmed'', %L::uuid,
                    ''will be packed today'', ''seller'')', :seller),
    'but in the audit trail: who changed what, from what, and why');
SELECT results_eq(
    format('SELECT user_id, data ->> ''oldStatus'', data ->> ''status'',
                   read_at IS NULL
              FROM shop.notifications
             WHERE order_id = %L AND type = ''order_update''
             ORDER BY user_id', :'id'),
    format('VALUES (%L::uuid, ''pending'', ''confirmed'', true),
                   (%L, ''pending'', ''confirmed'', true)', :buyer, :seller),
    'buyer and manager have their notifications in the same transaction');
SELECT is((SELECT count(*)::text FROM shop.notifications),
          (current_setting('t.before')::int + 2)::text, 'and nobody else');

-- discounts

SELECT is((body::json #>> '{order,totalDiscount}') || ' '
          || (body::json #>> '{order,finalTotal}') || ' '
          || (body::json #>> '{order,totalAmount}') || ' '
          || (body::json #>> '{order,notes}') || ' '
          || (body::json #>> '{order,status}') || ' ' || version,
          '12.5 87.5 100 Discount applied: USD 12.5 confirmed 3',
          'a discount alone')
  FROM api.update_order(:seller, 'manager', 2, :'id', NULL, NULL, 12.50);
SELECT is((SELECT count(*) FROM shop.order_status_history
            WHERE order_id = :'id'), 2::bigint, 'is no change of status');
SELECT is((SELECT sum(amount) FROM shop.order_tallies
            WHERE owner = :buyer AND side = 'buyer' AND status = 'confirmed'),
          (SELECT sum(final_total) FROM shop.orders
            WHERE buyer_id = :buyer AND status = 'confirmed'),
          'and what the buyer spent is less');

SELECT is((body::json #>> '{order,finalTotal}') || ' '
          || (body::json #>> '{order,notes}') || ' '
          || (body::json #>> '{order,status}') || ' ' || version,
          '80 loyal customer processing 4',
          'status, discount and comments are one version')
  FROM api.update_order(:seller, 'manager', 3, :'number', 'processing',
                        'loyal customer', 20);
SELECT is(notes || ' ' || previous_status, 'loyal customer confirmed',
          'and one entry of the audit trail')
  FROM shop.order_status_history
 WHERE order_id = :'id' AND new_status = 'processing';
SELECT is(version || ' ' || (body::json #>> '{order,totalDiscount}'), '5 100',
          'an admin may give it for nothing, beside the status that it has')
  FROM api.update_order(:admin, 'admin', NULL, :'id', 'processing', NULL,
                        100);
SELECT is(changed_by, :seller::uuid, 'which is no change of status')
  FROM shop.order_status_history
 WHERE order_id = :'id' ORDER BY created_at DESC LIMIT 1;

SELECT throws_ok(format('UPDATE shop.orders SET total_discount = %s
                          WHERE id = %L', v, :'id'), '23514', NULL,
                 'no writer gives a discount of ' || v)
  FROM unnest(ARRAY[-1, 100.01]) v;
SELECT throws_ok(format('UPDATE shop.orders SET final_total = 1
                          WHERE id = %L', :'id'), '428C9', NULL,
                 'nor sets the final total');

-- the end

SELECT is((body::json #>> '{order,status}') || ' '
          || (body::json #>> '{order,totalDiscount}'), 'cancelled 30',
          'the last change may be a discount too')
  FROM api.update_order(:seller, 'manager', NULL, :'id', 'cancelled', NULL,
                        30);
SELECT is(pg_temp.try(:seller, 'manager', NULL, :'id', NULL, NULL, 101),
          'OM016', 'but a final order keeps its price');
SELECT throws_ok(format('UPDATE shop.orders SET %s WHERE id = %L', v, :'id'),
                 'OM016', NULL, 'whoever the writer is: ' || v)
  FROM unnest(ARRAY['total_discount = 0', 'total_amount = 99']) v;
SELECT lives_ok(format('UPDATE shop.orders SET order_notes = ''x''
                         WHERE id = %L', :'id'), 'and nothing else');
SELECT is(pg_temp.try(:admin, 'admin', NULL, :'id', 'pending', NULL, NULL),
          'OM003', 'and its status');

SELECT * FROM finish();
ROLLBACK;
