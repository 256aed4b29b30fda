-- Planned anew with each call: p_state decides on the index.

CREATE OR REPLACE FUNCTION api.list_webhook_deliveries(
    p_user uuid, p_role text, p_id uuid, p_state text, p_limit int4,
    p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET jit = off
AS $$
DECLARE
    v_limit   int4 := page_limit(p_limit);
    v_before  uuid := coalesce(page_cursor(p_cursor),
                               'ffffffff-ffff-ffff-ffff-ffffffffffff');
    v_ids     uuid[];
BEGIN
    PERFORM own_endpoint(p_user, p_role, p_id);

    v_ids := ARRAY(
        SELECT id FROM outbox
         WHERE endpoint_id = p_id AND id < v_before
           AND (p_state IS NULL OR state = p_state)
         ORDER BY id DESC
         LIMIT v_limit + 1);

    RETURN NEXT (
        SELECT reply(200, row_to_json(b)::text, b.next_cursor::text)
          FROM (SELECT (SELECT coalesce(json_agg(delivery_json(o)
                                                 ORDER BY l.k), '[]')
                          FROM unnest(v_ids[:v_limit]) WITH ORDINALITY
                                   AS l (id, k),
                               LATERAL (SELECT * FROM outbox
                                         WHERE id = l.id LIMIT 1) o)
                           AS deliveries,
                       CASE WHEN cardinality(v_ids) > v_limit
                            THEN v_ids[v_limit] END AS next_cursor) b);
END
$$;

COMMENT ON FUNCTION api.list_webhook_deliveries(
    uuid, text, uuid, text, int4, text) IS
    'What was sent to a webhook endpoint and what waits, in one state or in '
    'all, with attempts, the newest first. Source: S4, event notifications. '
    'Errors: OM001 no such endpoint, OM002 somebody else''s, OM004 cursor.';
