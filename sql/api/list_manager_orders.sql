CREATE OR REPLACE FUNCTION api.list_manager_orders(
    p_user uuid, p_role text, p_status text, p_limit int4, p_cursor text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_limit  int4 := page_limit(p_limit);
    v_after  uuid := page_cursor(p_cursor);
    v_ids    uuid[];
BEGIN
    IF p_status IS NOT NULL THEN
        PERFORM check_status(p_status, 'status');
    END IF;

    v_ids := order_page('seller', p_user, p_status, 'createdAt', true,
                        v_limit, 0, v_after);

    -- each order with one more member at its end

    RETURN NEXT reply(200, (
        SELECT '[' || coalesce(string_agg(
                   left(order_bare_json(o)::text, -1) || ',"delivery":'
                   || coalesce(d.body::text, 'null') || '}', ','
                   ORDER BY l.n), '') || ']'
          FROM unnest(v_ids[:v_limit]) WITH ORDINALITY AS l (id, n)
          JOIN orders o ON o.id = l.id
          LEFT JOIN LATERAL (
               SELECT row_to_json(j) AS body
                 FROM (SELECT t.id, t.driver_id, t.delivery_status,
                              iso(t.delivery_time) AS delivery_time
                         FROM deliveries t
                        WHERE t.order_id = o.id) j) d ON true),
        CASE WHEN cardinality(v_ids) > v_limit THEN v_ids[v_limit] END::text);
END
$$;

COMMENT ON FUNCTION api.list_manager_orders(uuid, text, text, int4, text) IS
    'The orders of the caller''s stores, the newest first, a bare array, each '
    'with its delivery task; the next cursor is a column of the answer. '
    'Source: S0, GET /api/manager/orders. Errors: OM004 cursor, OM013 status '
    'in no workflow.';
