CREATE OR REPLACE FUNCTION api.list_webhook_endpoints(
    p_user uuid, p_role text, p_store uuid, p_limit int4, p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_limit   int4 := page_limit(p_limit);
    v_before  uuid := page_cursor(p_cursor);
BEGIN
    IF p_store IS NOT NULL THEN
        PERFORM check_webhook_store(p_user, p_role, p_store);
    END IF;

    RETURN NEXT (
        WITH page AS (
            SELECT row_number() OVER (ORDER BY e.id DESC) AS n,
                   endpoint_json(e) AS endpoint, e.id
              FROM webhook_endpoints e
             WHERE NOT e.deleted
               AND (p_store IS NULL OR e.store_id = p_store)
               AND (p_role = 'admin'
                    OR e.store_id IN (SELECT id FROM stores
                                       WHERE manager_id = p_user))
               AND (v_before IS NULL OR e.id < v_before)
             ORDER BY e.id DESC
             LIMIT v_limit + 1
        )
        SELECT reply(200, row_to_json(b)::text, b.next_cursor::text)
          FROM (SELECT (SELECT coalesce(json_agg(p.endpoint ORDER BY p.n),
                                        '[]')
                          FROM page p WHERE p.n <= v_limit) AS endpoints,
                       (SELECT p.id FROM page p
                         WHERE p.n = v_limit
                           AND EXISTS (SELECT FROM page m
                                        WHERE m.n > v_limit))
                           AS next_cursor) b);
END
$$;

COMMENT ON FUNCTION
    api.list_webhook_endpoints(uuid, text, uuid, int4, text) IS
    'The webhook endpoints of the caller''s stores, for an admin all; of one '
    'store, or of all; the newest first. Source: S4, event notifications. '
    'Errors: OM001 no such store, OM002 somebody else''s, OM004 cursor.';
