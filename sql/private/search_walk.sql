CREATE OR REPLACE FUNCTION shop.search_walk(
    p_side text, p_owner uuid, p_query tsquery, p_status text,
    p_payment_method text, p_from timestamptz, p_to timestamptz,
    p_min numeric, p_max numeric, p_after uuid, p_limit int4, p_looks int4,
    OUT ids uuid[], OUT last uuid)
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_seen  uuid[] := order_page(p_side, p_owner, p_status, 'createdAt',
                                 true, p_looks, 0, p_after, p_from, p_to);
BEGIN
    ids := ARRAY(
        SELECT o.id
          FROM unnest(v_seen[:p_looks]) WITH ORDINALITY AS s (id, n),
               LATERAL (SELECT document FROM order_search
                         WHERE order_id = s.id
                         LIMIT 1) d,
               LATERAL (SELECT * FROM orders WHERE id = s.id LIMIT 1) o
         WHERE d.document @@ p_query
           AND (p_to IS NULL OR o.created_at < p_to)
           AND (p_payment_method IS NULL
                OR o.payment_method = p_payment_method)
           AND (p_min IS NULL OR o.total_amount >= p_min)
           AND (p_max IS NULL OR o.total_amount <= p_max)
         ORDER BY s.n
         LIMIT p_limit);

    IF cardinality(ids) < p_limit AND cardinality(v_seen) > p_looks THEN
        last := v_seen[p_looks];
    END IF;
END
$$;

COMMENT ON FUNCTION shop.search_walk(text, uuid, tsquery, text, text,
    timestamptz, timestamptz, numeric, numeric, uuid, int4, int4) IS
    'Looks at the next p_looks orders of a list, the newest first, behind '
    'p_after, for at most p_limit that match. "last" is the last one that '
    'it looked at, where it found fewer and there are more. Raises OM004 '
    'for a cursor that is none.';
