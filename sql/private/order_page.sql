-- One statement for all lists.  It is planned anew with each call, with what
-- is asked for as constants: the conditions and orders that are not asked for
-- fall away, and what is left is one range of one index.
--
-- Which index that is must not depend on statistics: they say that a seller
-- of half of all orders is soon found among the newest, but this one may
-- have sold nothing for a year.  So pages cost nothing here, only rows do,
-- and nothing may be sorted: no plan is then as cheap as the one that reads
-- no row but those of the page.
--
-- A scan begins at one bound: p_from or p_to gives way to the cursor.

CREATE OR REPLACE FUNCTION shop.order_page(
    p_side text, p_owner uuid, p_status text, p_sort text, p_desc boolean,
    p_limit int4, p_offset int4, p_after uuid,
    p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL)
RETURNS uuid[]
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
SET plan_cache_mode = force_custom_plan
SET seq_page_cost = 0
SET random_page_cost = 0
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET enable_incremental_sort = off
SET jit = off
AS $$
DECLARE
    -- of one status: what is left is the order of creation

    v_sort     text := CASE WHEN p_sort = 'status' AND p_status IS NOT NULL
                            THEN 'createdAt' ELSE p_sort END;
    v_created  timestamptz;
    v_status   text;
    v_total    numeric;
BEGIN
    IF p_after IS NOT NULL THEN
        -- the order may be gone, its place in the list is not

        SELECT * INTO v_created, v_status, v_total
          FROM (SELECT created_at, status, total_amount
                  FROM orders WHERE id = p_after
                 UNION ALL
                SELECT created_at, "order" ->> 'status',
                       ("order" ->> 'totalAmount')::numeric
                  FROM deleted_orders WHERE id = p_after) a
         LIMIT 1;

        IF NOT FOUND THEN
            PERFORM refuse_field('cursor',
                                 'must be the next_cursor of an answer');
        END IF;
    END IF;

    RETURN ARRAY(
        SELECT o.id
          FROM orders o
         WHERE (p_side <> 'buyer' OR o.buyer_id = p_owner)
           AND (p_side <> 'seller' OR o.seller_id = p_owner)
           AND (p_side <> 'driver' OR o.driver_id = p_owner)
           AND (p_status IS NULL OR o.status = p_status)
           AND (p_from IS NULL OR p_after IS NOT NULL AND NOT p_desc
                OR o.created_at >= p_from)
           AND (p_to IS NULL OR p_after IS NOT NULL AND p_desc
                OR o.created_at < p_to)
           AND (p_after IS NULL OR v_sort <> 'createdAt' OR NOT p_desc
                OR (o.created_at, o.id) < (v_created, p_after))
           AND (p_after IS NULL OR v_sort <> 'createdAt' OR p_desc
                OR (o.created_at, o.id) > (v_created, p_after))
           AND (p_after IS NULL OR v_sort <> 'status' OR NOT p_desc
                OR (o.status, o.created_at, o.id)
                   < (v_status, v_created, p_after))
           AND (p_after IS NULL OR v_sort <> 'status' OR p_desc
                OR (o.status, o.created_at, o.id)
                   > (v_status, v_created, p_after))
           AND (p_after IS NULL OR v_sort <> 'totalAmount' OR NOT p_desc
                OR (o.total_amount, o.id) < (v_total, p_after))
           AND (p_after IS NULL OR v_sort <> 'totalAmount' OR p_desc
                OR (o.total_amount, o.id) > (v_total, p_after))
         ORDER BY CASE WHEN p_desc AND v_sort = 'status'
                       THEN o.status END DESC,
                  CASE WHEN p_desc AND v_sort = 'totalAmount'
                       THEN o.total_amount END DESC,
                  CASE WHEN p_desc AND v_sort <> 'totalAmount'
                       THEN o.created_at END DESC,
                  CASE WHEN p_desc THEN o.id END DESC,
                  CASE WHEN NOT p_desc AND v_sort = 'status'
                       THEN o.status END,
                  CASE WHEN NOT p_desc AND v_sort = 'totalAmount'
                       THEN o.total_amount END,
                  CASE WHEN NOT p_desc AND v_sort <> 'totalAmount'
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
