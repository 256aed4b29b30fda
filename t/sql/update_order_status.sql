-- S2's Security Flow: the refusals come in its order.

\ir prelude.psql

SELECT no_plan();

SELECT pg_temp.new_order(:shop_store) AS id \gset
SELECT order_number AS number FROM shop.orders WHERE id = :'id' \gset

CREATE FUNCTION pg_temp.try(p_user text, p_role text, p_match int,
                            p_order text, p_status text)
RETURNS text
LANGUAGE sql AS $$
    SELECT r.code || coalesce(' ' || r.detail::text, '')
      FROM pg_temp.refusal(format(
           'SELECT api.update_order_status(%L, %L, %L, %L, %L)',
           p_user, p_role, p_match, p_order, p_status)) r
$$;

-- each try has all the faults of those that follow it

SELECT matches(pg_temp.try(:market, 'manager', 9, 'ORD-NONE', 'lost'),
               '^OM013 ', '1: a status that is in no workflow');
SELECT is(pg_temp.try(:market, 'manager', 9, 'ORD-NONE', 'completed'),
          'OM001', '2: an order that is not there');
SELECT is(pg_temp.try(:market, 'manager', 9, :'id', 'completed'),
          'OM002', '3: somebody else''s order');
SELECT is(pg_temp.try(:buyer, 'customer', 9, :'id', 'cancelled'),
          'OM002', '3: nor is its buyer its seller');
SELECT is(pg_temp.try(:seller, 'customer', 9, :'id', 'confirmed'),
          'OM002', '3: nor who comes as a customer');
SELECT matches(pg_temp.try(:seller, 'manager', 9, :'id', 'completed'),
               '^OM009 .*"version" : 1', '4: another version');
SELECT is(pg_temp.try(:seller, 'manager', 1, :'id', 'completed'),
          'OM003 {"current_status":"pending","allowed_transitions":'
          '["confirmed", "cancelled"]}',
          '5: a status of another workflow');
SELECT is(pg_temp.try(:seller, 'manager', NULL, :'id', 'shipped'),
          'OM003 {"current_status":"pending","allowed_transitions":'
          '["confirmed", "cancelled"]}', '5: a step too far');
SELECT matches(pg_temp.try(:seller, 'manager', 1, :'id', 'pending'),
               '^OM003 ', '5: the status that it has');

SELECT is(version, 1, 'no refusal changes anything')
  FROM shop.orders WHERE id = :'id';

SELECT http_status, body, version, status, final, buyer AS record_buyer,
       seller AS record_seller
  FROM api.update_order_status(:seller, 'manager', 1, :'id', 'confirmed') \gset
SELECT is(:'body', format('{"success":true,"order_id":"%s",'
          '"order_number":"%s","status":"confirmed",'
          '"status_label":"Confirmed","version":2}', :'id', :'number'),
          'the seller moves the order on');
SELECT is(ROW(:http_status, :version, :status, :'final',
              :'record_buyer', :'record_seller')::text,
          ROW(200, 2, 22, 'f', :buyer, :seller)::text,
          'and gets its record');
SELECT is(changed_by, :seller::uuid, 'the history knows who it was')
  FROM shop.order_status_history
 WHERE order_id = :'id' AND new_status = 'confirmed';
SELECT is(version, 3, 'the order number will do, and so will an admin')
  FROM api.update_order_status(:admin, 'admin', NULL, :'number',
                               'processing');
SELECT matches(pg_temp.try(:seller, 'manager', 2, :'id', 'shipped'),
               '^OM009 ', 'who comes with the old version is told');

SELECT * FROM finish();
ROLLBACK;
