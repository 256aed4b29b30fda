CREATE OR REPLACE FUNCTION shop.delivery_json(p_row shop.outbox) RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT row_to_json(j) FROM (
        SELECT p_row.id, p_row.event, p_row.order_id, p_row.state,
               CASE WHEN p_row.state = 'waiting' AND NOT p_row.leased
                    THEN iso(p_row.due_at) END AS next_attempt_at,
               iso(p_row.created_at) AS created_at,
               iso(p_row.finished_at) AS finished_at,
               (SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM (
                    SELECT a.attempt, a.good AS success, a.code,
                           CASE WHEN a.good THEN NULL ELSE a.note END
                               AS error,
                           round(extract(epoch FROM a.took) * 1000)
                               AS took_ms,
                           iso(a.ended_at) AS ended_at
                      FROM outbox_attempts a
                     WHERE a.outbox_id = p_row.id
                     ORDER BY a.attempt DESC
                     LIMIT 50) x) AS attempts) j);
END
$$;

COMMENT ON FUNCTION shop.delivery_json(shop.outbox) IS
    'A webhook that is, was or will be sent, as JSON, with its last '
    'attempts, the newest first.';
