-- Besides its words a document has whose it is: b:<buyer>, s:<store>.  No
-- word that a user types is like these.  They let the index find one
-- buyer's few among everybody's many, and they never change.
--
-- Left to itself the planner would plan anew for each order: it takes the
-- array for larger than it is.  That costs more than all the rest.

CREATE OR REPLACE FUNCTION shop.index_orders(p_orders uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    INSERT INTO order_search (order_id, document)
    SELECT o.id,
           array_to_tsvector(ARRAY['b:' || o.buyer_id, 's:' || o.store_id])
           || to_tsvector('simple', search_words(concat_ws(' ',
                  o.order_number, o.tracking_number,
                  u.first_name, u.last_name, u.email, st.name,
                  (SELECT string_agg(i.product_name, ' ' ORDER BY i.line)
                     FROM order_items i
                    WHERE i.order_id = o.id),
                  o.order_notes)))
      FROM unnest(p_orders) AS n (id),
           LATERAL (SELECT * FROM orders WHERE id = n.id LIMIT 1) o,
           LATERAL (SELECT * FROM users WHERE id = o.buyer_id LIMIT 1) u,
           LATERAL (SELECT * FROM stores WHERE id = o.store_id LIMIT 1) st
    ON CONFLICT (order_id) DO UPDATE
       SET document = excluded.document
     WHERE order_search.document <> excluded.document;
END
$$;

COMMENT ON FUNCTION shop.index_orders(uuid[]) IS
    'Makes what these orders are found by: order number, tracking number, '
    'buyer''s name and e-mail address, store''s name, names of the products, '
    'and notes. A name is kept as it was at that time.';
