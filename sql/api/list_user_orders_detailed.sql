CREATE OR REPLACE FUNCTION api.list_user_orders_detailed(
    p_user uuid, p_role text, p_limit int4, p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_limit   int4 := page_limit(p_limit);
    v_before  uuid := page_cursor(p_cursor);
    v_ids     uuid[];
    v_answer  api.answer;
BEGIN
    v_ids := ARRAY(SELECT o.id FROM orders o
                    WHERE o.buyer_id = p_user
                      AND (v_before IS NULL OR o.id < v_before)
                    ORDER BY o.id DESC
                    LIMIT v_limit + 1);

    v_answer := reply(200, (
        SELECT coalesce(json_agg(row_to_json(e) ORDER BY l.n), '[]')::text
          FROM unnest(v_ids[:v_limit]) WITH ORDINALITY AS l (id, n),
               LATERAL order_detailed(l.id) e));

    v_answer.next_cursor := CASE WHEN cardinality(v_ids) > v_limit
                                 THEN v_ids[v_limit] END;

    RETURN NEXT v_answer;
END
$$;

COMMENT ON FUNCTION api.list_user_orders_detailed(uuid, text, int4, text) IS
    'The caller''s orders, the newest first, a bare array of order, items '
    'and timeline; the next cursor is a column of the answer. Source: S2, '
    'GET /api/user-orders-detailed and Data Structures. '
    'Errors: OM004 cursor.';
