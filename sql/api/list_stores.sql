CREATE OR REPLACE FUNCTION api.list_stores(
    p_user uuid, p_role text, p_limit int4, p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_limit  int4 := page_limit(p_limit);
    v_after  uuid := page_cursor(p_cursor);
BEGIN
    RETURN NEXT (
        WITH page AS (
            SELECT row_number() OVER (ORDER BY s.id) AS n, s.*
              FROM stores s
             WHERE s.status = 'active' AND (v_after IS NULL OR s.id > v_after)
             ORDER BY s.id
             LIMIT v_limit + 1
        ), shown AS (
            SELECT p.id, p.name, p.workflow, p.rating, p.status,
                   p.delivery_days, p.currency
              FROM page p
             WHERE p.n <= v_limit
        )
        SELECT reply(200, row_to_json(b)::text, b.next_cursor::text)
          FROM (SELECT (SELECT coalesce(json_agg(row_to_json(s)
                                                 ORDER BY s.id), '[]')
                          FROM shown s) AS stores,
                       (SELECT p.id FROM page p
                         WHERE p.n = v_limit
                           AND EXISTS (SELECT FROM page m
                                        WHERE m.n > v_limit))
                           AS next_cursor) b);
END
$$;

COMMENT ON FUNCTION api.list_stores(uuid, text, int4, text) IS
    'Active stores, the oldest first. Source: S2, GET /api/stores. '
    'Errors: OM004 cursor.';
