-- The index gives its orders in no useful order: all of them, or none.

CREATE OR REPLACE FUNCTION shop.search_index(
    p_side text, p_owner uuid, p_query tsquery, p_status text,
    p_payment_method text, p_from timestamptz, p_to timestamptz,
    p_min numeric, p_max numeric, p_after uuid, p_limit int4, p_most int4)
RETURNS uuid[]
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
    v_query  tsquery := p_query;
    v_after  timestamptz;
    v_ids    uuid[];
BEGIN
    IF p_side = 'buyer' THEN
        v_query := v_query && quote_literal('b:' || p_owner)::tsquery;

    ELSIF p_side = 'seller' THEN
        v_query := v_query && (
            SELECT string_agg(quote_literal('s:' || id), ' | ')::tsquery
              FROM stores WHERE manager_id = p_owner);
    END IF;

    -- nothing but -not: the index would have to read all of itself

    IF querytree(v_query) = 'T' THEN
        RETURN NULL;
    END IF;

    v_ids := ARRAY(SELECT order_id FROM order_search
                    WHERE document @@ v_query
                    LIMIT p_most + 1);

    IF cardinality(v_ids) > p_most THEN
        RETURN NULL;
    END IF;

    SELECT created_at INTO v_after FROM orders WHERE id = p_after;

    RETURN ARRAY(
        SELECT o.id
          FROM unnest(v_ids) AS i (id),
               LATERAL (SELECT * FROM orders WHERE id = i.id LIMIT 1) o
         WHERE (p_side <> 'buyer' OR o.buyer_id = p_owner)
           AND (p_side <> 'seller' OR o.seller_id = p_owner)
           AND (p_side <> 'driver' OR o.driver_id = p_owner)
           AND (p_status IS NULL OR o.status = p_status)
           AND (p_from IS NULL OR o.created_at >= p_from)
           AND (p_to IS NULL OR o.created_at < p_to)
           AND (o.created_at, o.id) < (v_after, p_after)
           AND (p_payment_method IS NULL
                OR o.payment_method = p_payment_method)
           AND (p_min IS NULL OR o.total_amount >= p_min)
           AND (p_max IS NULL OR o.total_amount <= p_max)
         ORDER BY o.created_at DESC, o.id DESC
         LIMIT p_limit);
END
$$;

COMMENT ON FUNCTION shop.search_index(text, uuid, tsquery, text, text,
    timestamptz, timestamptz, numeric, numeric, uuid, int4, int4) IS
    'The orders of a list behind p_after that match, the newest first, at '
    'most p_limit; NULL where the index has more than p_most documents that '
    'match: a buyer''s or a seller''s own, else anybody''s.';
