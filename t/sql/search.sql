-- Search: what an order is found by, and by whom.

\ir prelude.psql

SELECT no_plan();

CREATE FUNCTION pg_temp.search(p_user uuid, p_role text, p_q text,
                               p_status text DEFAULT NULL,
                               p_method text DEFAULT NULL,
                               p_from timestamptz DEFAULT NULL,
                               p_to timestamptz DEFAULT NULL,
                               p_min numeric DEFAULT NULL,
                               p_max numeric DEFAULT NULL)
RETURNS text
LANGUAGE sql AS $$
    SELECT coalesce(string_agg(o ->> 'id', ' '), '')
      FROM api.search_orders(p_user, p_role, p_q, p_status, p_method, p_from,
                             p_to, p_min, p_max, NULL, NULL),
           json_array_elements(body::json -> 'orders') o
$$;

SELECT order_id AS id, order_number AS number
  FROM api.place_order(:buyer, 'customer', NULL, NULL,
    jsonb_build_array(jsonb_build_object('product_id', :charger,
                                         'quantity', 1),
                      jsonb_build_object('product_id', :shirt,
                                         'quantity', 1)),
    'card', NULL, 'Leave it at the Zwinger door') \gset
SELECT order_id AS other
  FROM api.place_order(:buyer2, 'customer', NULL, NULL,
    jsonb_build_array(jsonb_build_object('product_id', :shirt,
                                         'quantity', 1)),
    'card', NULL, 'Zwinger') \gset
SELECT pg_temp.act(NULL, NULL) \g /dev/null

-- by what

SELECT is(pg_temp.search(:buyer, 'customer', q), :'id', 'found by ' || what)
  FROM (VALUES (:'number', 'its number'),
               (substr(:'number', 5), 'a part of it'),
               (split_part(:'number', '-', 3), 'its digits'),
               ('john', 'the buyer''s name, in lower case'),
               ('buyer@example.com', 'the buyer''s e-mail address'),
               ('electronics zwinger', 'the store''s name'),
               ('USB-C', 'a product'), ('t-shirt zwinger', 'another'),
               ('zwinger', 'its notes'),
               ('"usb c charger"', 'a phrase'),
               ('charger -lamp', 'what it has not'),
               ('lamp or charger', 'one of two')) AS v (q, what);
SELECT is(pg_temp.search(:buyer, 'customer', q), '',
          'not found by ' || q)
  FROM unnest(ARRAY['charge', '"charger usb"', 'zwinger -charger', 'jane',
                    'zwinger lamp', '', '-', '"', '''', ':*', '!&|',
                    'b:' || :buyer]) q;

UPDATE shop.orders SET tracking_number = '1Z999-AA1' WHERE id = :'id';
SELECT is(pg_temp.search(:buyer, 'customer', '1z999-aa1'), :'id',
          'found by its tracking number, once it has one');
UPDATE shop.orders SET order_notes = 'Ring twice' WHERE id = :'id';
SELECT is(pg_temp.search(:buyer, 'customer', 'zwinger') || '/'
          || pg_temp.search(:buyer, 'customer', 'twice'), '/' || :'id',
          'new notes take the place of the old');
UPDATE shop.order_items SET product_name = 'Gadget'
 WHERE order_id = :'id' AND line = 2;
SELECT is(pg_temp.search(:buyer, 'customer', 'gadget charger'), :'id',
          'and so does another name of a product');
DELETE FROM shop.order_items WHERE order_id = :'id' AND line = 1;
SELECT is(pg_temp.search(:buyer, 'customer', 'charger') || '/'
          || pg_temp.search(:buyer, 'customer', 'gadget'), '/' || :'id',
          'a product that is gone is not found');

SELECT ctid AS place FROM shop.order_search WHERE order_id = :'id' \gset
UPDATE shop.orders SET status = 'confirmed', order_notes = order_notes
 WHERE id = :'id';
UPDATE shop.order_items SET quantity = 2 WHERE order_id = :'id';
SELECT is(ctid, :'place', 'what changes nothing of it leaves the document '
                          'alone')
  FROM shop.order_search WHERE order_id = :'id';

-- by whom

SELECT string_agg(id::text, ' ' ORDER BY created_at DESC, id DESC) AS both
  FROM shop.orders WHERE id IN (:'id', :'other') \gset
SELECT is(pg_temp.search(u::uuid, r, 'zwinger or twice'), found,
          r || ': ' || w)
  FROM (VALUES
    (:buyer2, 'customer', :'other', 'only what they bought'),
    (:seller, 'manager', :'both', 'what they sell'),
    (:manager, 'manager', '', 'not what others sell'),
    (:driver, 'driver', '', 'not what others deliver'),
    (:admin, 'admin', :'both', 'everything'),
    (NULL, 'system', :'both', 'everything')
  ) AS v (u, r, found, w);
UPDATE shop.orders SET driver_id = :driver WHERE id = :'other';
SELECT is(pg_temp.search(:driver, 'driver', 'zwinger'), :'other',
          'driver: what they deliver');
UPDATE shop.stores SET manager_id = :market WHERE id = :shop_store;
SELECT is(pg_temp.search(:seller, 'manager', 'zwinger') || '/'
          || pg_temp.search(:market, 'manager', 'zwinger'), '/' || :'other',
          'a new manager finds the store''s orders, the old one does not');
UPDATE shop.stores SET manager_id = :seller WHERE id = :shop_store;

-- filters

SELECT is(pg_temp.search(:buyer2, 'customer', 'zwinger', v.status, v.method,
                         v.a, v.b, v.low, v.high) <> '', v.found,
          'filter: ' || v.what)
  FROM (VALUES
    ('pending', NULL, NULL::timestamptz, NULL::timestamptz, NULL::numeric,
     NULL::numeric, true, 'its status'),
    ('shipped', NULL, NULL, NULL, NULL, NULL, false, 'another status'),
    (NULL, 'card', NULL, NULL, NULL, NULL, true, 'its payment method'),
    (NULL, 'fiat', NULL, NULL, NULL, NULL, false, 'another one'),
    (NULL, NULL, now(), NULL, NULL, NULL, true, 'from'),
    (NULL, NULL, now() + interval '1 s', NULL, NULL, NULL, false,
     'from later'),
    (NULL, NULL, NULL, now() + interval '1 s', NULL, NULL, true, 'to'),
    (NULL, NULL, NULL, now(), NULL, NULL, false, 'to is not in it'),
    (NULL, NULL, NULL, NULL, 19.95, 19.95, true, 'its amount'),
    (NULL, NULL, NULL, NULL, 19.96, NULL, false, 'at least more'),
    (NULL, NULL, NULL, NULL, NULL, 19.94, false, 'at most less')
  ) AS v (status, method, a, b, low, high, found, what);
SELECT is(code || ' ' || (detail -> 'errors' -> 0 ->> 'field'), v.refused,
          'refused: ' || v.refused)
  FROM (VALUES ('''lost''', 'NULL', 'OM013 status'),
               ('NULL', '''x''', 'OM004 cursor'),
               ('NULL', '''00000000-0000-7000-8000-000000000000''',
                'OM004 cursor')) AS v (status, after, refused),
       LATERAL pg_temp.refusal(format(
           'SELECT api.search_orders(%L, ''customer'', ''x'', %s, NULL, NULL,
                                     NULL, NULL, NULL, NULL, %s)',
           :buyer, v.status, v.after));

-- many: common, rare and in between give the same as reading all, page by
-- page

SET LOCAL session_replication_role = replica;
INSERT INTO shop.orders
       (id, order_number, version, buyer_id, seller_id, store_id, workflow,
        status, status_id, final, status_updated_at, total_amount, currency,
        payment_method, order_notes, created_at, updated_at)
SELECT ('00000002-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       'FIND-' || n, 1, (ARRAY[:buyer, :buyer2]::uuid[])[1 + n % 2], :seller,
       :shop_store, 'shop', 'pending', 21, false, now(), n % 7, 'USD', 'card',
       concat_ws(' ', 'common', CASE WHEN n % 50 = 0 THEN 'seldom' END,
                 CASE WHEN n < 13000 AND n % 2 = 0 THEN 'ancient' END,
                 CASE WHEN n IN (3, 9000, 13999) THEN 'rare' END),
       '2026-01-01Z'::timestamptz + n / 3 * interval '1 minute', now()
  FROM generate_series(1, 14000) n;
SELECT shop.index_orders(array_agg(id)) FROM shop.orders
 WHERE order_number ~ '^FIND-' \g /dev/null
SET LOCAL session_replication_role = origin;
ANALYZE shop.orders;
ANALYZE shop.order_search;

CREATE FUNCTION pg_temp.pages(p_user uuid, p_role text, p_q text, p_min int,
                              OUT ids uuid[], OUT calls int)
LANGUAGE plpgsql AS $$
DECLARE
    v_after  text;
    v_body   json;
BEGIN
    ids := '{}';
    calls := 0;
    LOOP
        SELECT body, next_cursor INTO v_body, v_after
          FROM api.search_orders(p_user, p_role, p_q, NULL, NULL, NULL, NULL,
                                 p_min, NULL, 100, v_after);
        ids := ids || ARRAY(SELECT (o ->> 'id')::uuid
                              FROM json_array_elements(v_body -> 'orders') o);
        calls := calls + 1;
        EXIT WHEN v_after IS NULL;
    END LOOP;
END
$$;

CREATE FUNCTION pg_temp.all(p_side text, p_user uuid, p_q text, p_min int)
RETURNS uuid[]
LANGUAGE sql AS $$
    SELECT coalesce(array_agg(o.id ORDER BY o.created_at DESC, o.id DESC),
                    '{}')
      FROM shop.orders o
     WHERE (p_side = 'all' OR p_user IN (o.buyer_id, o.seller_id))
       AND o.order_notes ~ p_q AND o.order_number ~ '^FIND-'
       AND (p_min IS NULL OR o.total_amount >= p_min)
$$;

SELECT is((pg_temp.pages(v.owner::uuid, v.role, q, least)).ids,
          pg_temp.all(CASE v.role WHEN 'admin' THEN 'all' ELSE 'own' END,
                      v.owner::uuid, q, least),
          format('%s: all with %s, from %s, the newest first', v.role, q,
                 coalesce(least, 0)))
  FROM (VALUES ('customer', :buyer), ('manager', :seller), ('admin', :admin))
           AS v (role, owner),
       unnest(ARRAY['seldom', 'ancient', 'rare']) q,
       unnest(ARRAY[NULL, 6]) least;
SELECT is((pg_temp.pages(:seller, 'manager', 'rare', NULL)).calls, 1,
          'a rare word takes one call');
SELECT is((pg_temp.pages(:seller, 'manager', 'absent', NULL)).calls, 1,
          'and so does an absent one');
SELECT cmp_ok((pg_temp.pages(:seller, 'manager', 'common', 7)).calls, '<=', 3,
              'what nothing satisfies ends, too');

SELECT is(json_array_length(body::json -> 'orders') || ' '
          || (body::json ->> 'next_cursor' = next_cursor)
          || ' ' || (next_cursor IS NOT NULL), '2 true true',
          'the body has orders and next_cursor')
  FROM api.search_orders(:buyer, 'customer', 'common', NULL, NULL, NULL, NULL,
                         NULL, NULL, 2, NULL);

-- gone

DELETE FROM shop.orders WHERE id = :'other';
SELECT is_empty(format('SELECT 1 FROM shop.order_search WHERE order_id = %L',
                       :'other'), 'a deleted order leaves no document');

SELECT * FROM finish();
ROLLBACK;
