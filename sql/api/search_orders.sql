-- Two ways lead to the orders that match.  A walk over the caller's orders,
-- the newest first, soon has a page of those with a common word; the index
-- has all with a rare word at once, but not the newest of many.  So: walk a
-- little; then ask the index, which settles it where the word is rare; else
-- walk on, up to a bound.

CREATE OR REPLACE FUNCTION api.search_orders(
    p_user uuid, p_role text, p_q text, p_status text, p_payment_method text,
    p_from timestamptz, p_to timestamptz, p_min numeric, p_max numeric,
    p_limit int4, p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    c_first  CONSTANT int4 := 500;
    c_looks  CONSTANT int4 := 5000;
    c_rare   CONSTANT int4 := 5000;
    v_side   text := order_side(p_role);
    v_limit  int4 := page_limit(p_limit);
    v_after  uuid := page_cursor(p_cursor);
    v_query  tsquery := search_query(p_q);
    v_found  uuid[] := '{}';
    v_more   uuid[];
    v_last   uuid;
BEGIN
    IF p_status IS NOT NULL THEN
        PERFORM check_status(p_status, 'status');
    END IF;

    IF numnode(v_query) > 0 THEN
        SELECT w.ids, w.last INTO v_found, v_last
          FROM search_walk(v_side, p_user, v_query, p_status,
                           p_payment_method, p_from, p_to, p_min, p_max,
                           v_after, v_limit + 1, c_first) w;
    END IF;

    IF v_last IS NOT NULL THEN
        v_more := search_index(v_side, p_user, v_query, p_status,
                               p_payment_method, p_from, p_to, p_min, p_max,
                               v_last, v_limit + 1, c_rare);

        IF v_more IS NOT NULL THEN
            v_last := NULL;
        ELSE
            SELECT w.ids, w.last INTO v_more, v_last
              FROM search_walk(v_side, p_user, v_query, p_status,
                               p_payment_method, p_from, p_to, p_min, p_max,
                               v_last, v_limit + 1, c_looks) w;
        END IF;

        v_found := v_found || v_more;
    END IF;

    IF cardinality(v_found) > v_limit THEN
        v_last := v_found[v_limit];
    END IF;

    RETURN NEXT (
        SELECT reply(200, row_to_json(b)::text, b.next_cursor::text)
          FROM (SELECT (SELECT coalesce(json_agg(order_brief_json(o)
                                                 ORDER BY l.n), '[]')
                          FROM unnest(v_found[:v_limit]) WITH ORDINALITY
                                   AS l (id, n),
                               LATERAL (SELECT * FROM orders WHERE id = l.id
                                         LIMIT 1) o) AS orders,
                       v_last AS next_cursor) b);
END
$$;

COMMENT ON FUNCTION api.search_orders(uuid, text, text, text, text,
    timestamptz, timestamptz, numeric, numeric, int4, text) IS
    'The caller''s orders (by role, as list_orders has them) that contain '
    'the words of p_q, the newest first: words, "a phrase", or, -not; whole '
    'words, in upper or lower case, of what index_orders() keeps. p_from is '
    'in the range, p_to is not; p_min and p_max bound the total amount. It '
    'is bounded, not always complete in one call: it looks at 500 orders, '
    'then asks the index, which knows all orders of words that at most 5000 '
    'of them have, and else looks at 5000 more. Then a page may be short, '
    'or empty, and still have a next_cursor to go on with. Source: S4, '
    'GET /api/orders/search, searchOrders. Errors: OM004 cursor, OM013 '
    'status in no workflow.';
