-- Idempotency-Key: draft-ietf-httpapi-idempotency-key-header.

\ir prelude.psql

SELECT no_plan();

CREATE FUNCTION pg_temp.place(p_user uuid, p_key text, p_fingerprint text,
                              p_product text)
RETURNS api.answer
LANGUAGE sql AS $$
    SELECT a FROM api.place_order(p_user, 'customer', p_key, p_fingerprint,
        jsonb_build_array(jsonb_build_object('product_id', p_product,
                                             'quantity', 1)),
        'card', NULL, NULL) a
$$;

SELECT body AS first, order_id AS id
  FROM pg_temp.place(:buyer, 'k', 'f', :shirt) \gset
SELECT is(ROW(http_status, body, replayed, order_id)::text,
          ROW(201, :'first'::text, true, NULL::uuid)::text,
          'the same request gets the first answer again, byte for byte')
  FROM pg_temp.place(:buyer, 'k', 'f', :shirt);
SELECT is((SELECT count(*) FROM shop.orders WHERE buyer_id = :buyer
                                              AND created_at = now()),
          1::bigint, 'and there is one order');
SELECT is(code, 'OM010', 'the key with another request is refused')
  FROM pg_temp.refusal(format('SELECT pg_temp.place(%L, ''k'', ''g'', %L)',
                              :buyer, :shirt));
SELECT isnt(order_id, NULL, 'the key is the user''s own')
  FROM pg_temp.place(:buyer2, 'k', 'f', :shirt);
SELECT is(http_status || ' ' || replayed, '201 false',
          'and the route''s own')
  FROM api.add_cart_item(:buyer, 'customer', 'k', 'f', NULL, :shirt, 1, NULL,
                         NULL);

UPDATE shop.products SET stock = 0 WHERE id = :rare;
SELECT is(code, 'OM007', 'a refusal')
  FROM pg_temp.refusal(format('SELECT pg_temp.place(%L, ''r'', ''f'', %L)',
                              :buyer, :rare));
UPDATE shop.products SET stock = 1 WHERE id = :rare;
SELECT is(http_status || ' ' || replayed, '201 false', 'is not kept')
  FROM pg_temp.place(:buyer, 'r', 'f', :rare);

UPDATE shop.idempotency_keys SET created_at = now() - interval '25 hours'
 WHERE user_id = :buyer AND key = 'k' AND route = 'place_order';
SELECT isnt(order_id, :'id'::uuid, 'after 24 hours a key is new')
  FROM pg_temp.place(:buyer, 'k', 'other', :shirt);

UPDATE shop.idempotency_keys SET created_at = now() - interval '25 hours'
 WHERE user_id = :buyer;
SELECT api.maintain() \g /dev/null
SELECT results_eq($$ SELECT DISTINCT user_id FROM shop.idempotency_keys
                      WHERE created_at >= now() - interval '25 hours' $$,
                  format('VALUES (%L::uuid)', :buyer2),
                  'maintain() removes what has expired, and nothing else');

SELECT * FROM finish();
ROLLBACK;
