CREATE OR REPLACE FUNCTION shop.timeline_json(p_order uuid, p_workflow text)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(json_strip_nulls(row_to_json(t))
                                 ORDER BY t.timestamp, t.id), '[]')
          FROM (SELECT h.id, h.new_status AS status,
                       iso(h.created_at) AS timestamp,
                       coalesce(h.notes, s.message) AS description,
                       h.metadata ->> 'trackingNumber' AS "trackingNumber"
                  FROM order_status_history h
                  LEFT JOIN workflow_statuses s
                    ON s.workflow = p_workflow AND s.code = h.new_status
                 WHERE h.order_id = p_order) t);
END
$$;

COMMENT ON FUNCTION shop.timeline_json(uuid, text) IS
    'What happened to an order, as JSON (S4).';
