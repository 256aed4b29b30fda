CREATE OR REPLACE FUNCTION shop.timeline_json(
    p_order uuid, p_workflow text, p_full boolean DEFAULT false)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(json_strip_nulls(row_to_json(t))), '[]')
          FROM (SELECT h.id, h.new_status AS status,
                       iso(h.created_at) AS timestamp,
                       coalesce(h.notes, s.message) AS description,
                       CASE WHEN NOT p_full
                            THEN h.metadata ->> 'trackingNumber' END
                           AS "trackingNumber",
                       CASE WHEN p_full THEN h.source END AS source,
                       CASE WHEN p_full THEN coalesce(h.metadata, '{}') END
                           AS metadata
                  FROM order_status_history h
                  LEFT JOIN workflow_statuses s
                    ON s.workflow = p_workflow AND s.code = h.new_status
                 WHERE h.order_id = p_order
                 ORDER BY h.created_at, h.id) t);
END
$$;

COMMENT ON FUNCTION shop.timeline_json(uuid, text, boolean) IS
    'What happened to an order, as JSON: as a part of the order, or, full, '
    'as GET .../timeline has it, with source and metadata (S4).';
