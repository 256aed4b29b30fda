-- Planned anew with each call, as order_page() is.

CREATE OR REPLACE FUNCTION shop.search_walk(
    p_user uuid, p_role text, p_query tsquery, p_status text,
    p_payment_method text, p_from timestamptz, p_to timestamptz,
    p_min numeric, p_max numeric, p_after uuid, p_limit int4, p_looks int4,
    OUT ids uuid[], OUT last uuid)
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
    v_after  timestamptz;
BEGIN
    IF p_after IS NOT NULL THEN
        SELECT created_at INTO v_after FROM orders WHERE id = p_after;

        IF NOT FOUND THEN
            PERFORM refuse_field('cursor',
                                 'must be the next_cursor of an answer');
        END IF;
    END IF;

    ids := ARRAY(
        SELECT o.id
          FROM (SELECT id, created_at, payment_method, total_amount
                  FROM orders
                 WHERE (p_role <> 'customer' OR buyer_id = p_user)
                   AND (p_role <> 'manager' OR seller_id = p_user)
                   AND (p_role <> 'driver' OR driver_id = p_user)
                   AND (p_status IS NULL OR status = p_status)
                   AND (p_from IS NULL OR created_at >= p_from)
                   AND (p_to IS NULL OR created_at < p_to)
                   AND (p_after IS NULL
                        OR (created_at, id) < (v_after, p_after))
                 ORDER BY created_at DESC, id DESC
                 LIMIT p_looks) o,
               LATERAL (SELECT s.document FROM order_search s
                         WHERE s.order_id = o.id
                         LIMIT 1) d
         WHERE d.document @@ p_query
           AND (p_payment_method IS NULL
                OR o.payment_method = p_payment_method)
           AND (p_min IS NULL OR o.total_amount >= p_min)
           AND (p_max IS NULL OR o.total_amount <= p_max)
         ORDER BY o.created_at DESC, o.id DESC
         LIMIT p_limit);

    IF cardinality(ids) < p_limit THEN
        last := (SELECT id
                   FROM orders
                  WHERE (p_role <> 'customer' OR buyer_id = p_user)
                    AND (p_role <> 'manager' OR seller_id = p_user)
                    AND (p_role <> 'driver' OR driver_id = p_user)
                    AND (p_status IS NULL OR status = p_status)
                    AND (p_from IS NULL OR created_at >= p_from)
                    AND (p_to IS NULL OR created_at < p_to)
                    AND (p_after IS NULL
                         OR (created_at, id) < (v_after, p_after))
                  ORDER BY created_at DESC, id DESC
                  LIMIT 1 OFFSET p_looks - 1);
    END IF;
END
$$;

COMMENT ON FUNCTION shop.search_walk(uuid, text, tsquery, text, text,
    timestamptz, timestamptz, numeric, numeric, uuid, int4, int4) IS
    'Looks at the next p_looks orders of a caller, the newest first, behind '
    'p_after, for at most p_limit that match. "last" is the last one that '
    'it looked at, where it found fewer and may not have seen all. Raises '
    'OM004 for a cursor that is none.';
