-- One statement for all lists.  It is planned anew with each call, with what
-- is asked for as constants: of each CASE one branch is left, and all of it
-- together is one range of one index.
--
-- Which index that is must not depend on statistics: they say that a seller
-- of half of all orders is soon found among the newest, but this one may
-- have sold nothing for a year.  So whose orders they are, and their status,
-- are not equated but bounded from both sides, and lead the ORDER BY: only
-- the index that begins with them has that order, and sorting is not allowed.
-- At the side where a scan begins there is one bound only, else it might
-- begin at the wider one.

CREATE OR REPLACE FUNCTION shop.order_page(
    p_side text, p_owner uuid, p_status text, p_sort text, p_desc boolean,
    p_limit int4, p_offset int4, p_after uuid,
    p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL)
RETURNS uuid[]
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET enable_incremental_sort = off
SET jit = off
AS $$
DECLARE
    v_all        boolean := p_side = 'all';
    v_by_status  boolean := p_sort = 'status' OR p_status IS NOT NULL;
    v_by_total   boolean := p_sort = 'totalAmount';
    v_key        text := CASE WHEN v_all THEN 'all ' ELSE 'own ' END
                         || CASE WHEN v_by_status THEN 'status ' ELSE '' END
                         || CASE WHEN v_by_total THEN 'total'
                                 ELSE 'created' END;
    v_created    timestamptz;
    v_status     text;
    v_total      numeric;
BEGIN
    IF p_after IS NOT NULL THEN
        SELECT created_at, coalesce(p_status, status), total_amount
          INTO v_created, v_status, v_total
          FROM orders WHERE id = p_after;

        IF NOT FOUND THEN
            PERFORM refuse_field('cursor',
                                 'must be the next_cursor of an answer');
        END IF;
    END IF;

    RETURN ARRAY(
        SELECT o.id
          FROM orders o,
               LATERAL (SELECT CASE p_side
                               WHEN 'buyer' THEN o.buyer_id
                               WHEN 'seller' THEN o.seller_id
                               WHEN 'driver' THEN o.driver_id
                               END AS owner) k
         WHERE (p_side <> 'driver' OR o.driver_id IS NOT NULL)
           AND CASE
               WHEN p_after IS NOT NULL AND NOT p_desc THEN true
               WHEN p_status IS NOT NULL AND p_from IS NOT NULL THEN
                   CASE WHEN v_all
                   THEN (o.status, o.created_at) >= (p_status, p_from)
                   ELSE (k.owner, o.status, o.created_at)
                        >= (p_owner, p_status, p_from) END
               WHEN p_status IS NOT NULL THEN
                   CASE WHEN v_all THEN o.status >= p_status
                   ELSE (k.owner, o.status) >= (p_owner, p_status) END
               WHEN p_from IS NOT NULL THEN
                   CASE WHEN v_all THEN o.created_at >= p_from
                   ELSE (k.owner, o.created_at) >= (p_owner, p_from) END
               ELSE v_all OR k.owner >= p_owner
               END
           AND CASE
               WHEN p_after IS NOT NULL AND p_desc THEN true
               WHEN p_status IS NOT NULL AND p_to IS NOT NULL THEN
                   CASE WHEN v_all
                   THEN (o.status, o.created_at) < (p_status, p_to)
                   ELSE (k.owner, o.status, o.created_at)
                        < (p_owner, p_status, p_to) END
               WHEN p_status IS NOT NULL THEN
                   CASE WHEN v_all THEN o.status <= p_status
                   ELSE (k.owner, o.status) <= (p_owner, p_status) END
               WHEN p_to IS NOT NULL THEN
                   CASE WHEN v_all THEN o.created_at < p_to
                   ELSE (k.owner, o.created_at) < (p_owner, p_to) END
               ELSE v_all OR k.owner <= p_owner
               END
           AND CASE
               WHEN p_after IS NULL THEN true
               WHEN p_desc THEN
                   CASE v_key
                   WHEN 'all created' THEN
                       (o.created_at, o.id) < (v_created, p_after)
                   WHEN 'all total' THEN
                       (o.total_amount, o.id) < (v_total, p_after)
                   WHEN 'all status created' THEN
                       (o.status, o.created_at, o.id)
                       < (v_status, v_created, p_after)
                   WHEN 'all status total' THEN
                       (o.status, o.total_amount, o.id)
                       < (v_status, v_total, p_after)
                   WHEN 'own created' THEN
                       (k.owner, o.created_at, o.id)
                       < (p_owner, v_created, p_after)
                   WHEN 'own total' THEN
                       (k.owner, o.total_amount, o.id)
                       < (p_owner, v_total, p_after)
                   WHEN 'own status created' THEN
                       (k.owner, o.status, o.created_at, o.id)
                       < (p_owner, v_status, v_created, p_after)
                   WHEN 'own status total' THEN
                       (k.owner, o.status, o.total_amount, o.id)
                       < (p_owner, v_status, v_total, p_after)
                   END
               ELSE
                   CASE v_key
                   WHEN 'all created' THEN
                       (o.created_at, o.id) > (v_created, p_after)
                   WHEN 'all total' THEN
                       (o.total_amount, o.id) > (v_total, p_after)
                   WHEN 'all status created' THEN
                       (o.status, o.created_at, o.id)
                       > (v_status, v_created, p_after)
                   WHEN 'all status total' THEN
                       (o.status, o.total_amount, o.id)
                       > (v_status, v_total, p_after)
                   WHEN 'own created' THEN
                       (k.owner, o.created_at, o.id)
                       > (p_owner, v_created, p_after)
                   WHEN 'own total' THEN
                       (k.owner, o.total_amount, o.id)
                       > (p_owner, v_total, p_after)
                   WHEN 'own status created' THEN
                       (k.owner, o.status, o.created_at, o.id)
                       > (p_owner, v_status, v_created, p_after)
                   WHEN 'own status total' THEN
                       (k.owner, o.status, o.total_amount, o.id)
                       > (p_owner, v_status, v_total, p_after)
                   END
               END
         ORDER BY CASE WHEN p_desc THEN k.owner END DESC,
                  CASE WHEN p_desc AND v_by_status THEN o.status END DESC,
                  CASE WHEN p_desc AND v_by_total
                       THEN o.total_amount END DESC,
                  CASE WHEN p_desc AND NOT v_by_total
                       THEN o.created_at END DESC,
                  CASE WHEN p_desc THEN o.id END DESC,
                  CASE WHEN NOT p_desc THEN k.owner END,
                  CASE WHEN NOT p_desc AND v_by_status THEN o.status END,
                  CASE WHEN NOT p_desc AND v_by_total
                       THEN o.total_amount END,
                  CASE WHEN NOT p_desc AND NOT v_by_total
                       THEN o.created_at END,
                  CASE WHEN NOT p_desc THEN o.id END
         LIMIT p_limit + 1
        OFFSET p_offset);
END
$$;

COMMENT ON FUNCTION shop.order_page(text, uuid, text, text, boolean, int4,
                                    int4, uuid, timestamptz, timestamptz) IS
    'The ids of a page of orders, and one more where there is a next page: '
    'those that p_owner bought ("buyer"), sells ("seller") or delivers '
    '("driver"), or "all"; in p_status, unless NULL; by "createdAt", '
    '"status" or "totalAmount"; behind the order p_after, unless NULL. By '
    '"createdAt" also only those created from p_from on and before p_to; a '
    'cursor takes the place of the one where the page begins. Raises OM004 '
    'for a cursor that is none.';
