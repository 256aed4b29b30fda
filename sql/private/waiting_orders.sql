-- Both read one end of an index; the planner, left to itself, takes now and
-- then all open orders.

CREATE OR REPLACE FUNCTION shop.waiting_orders()
RETURNS TABLE (labels text, oldest numeric, stuck bigint)
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET jit = off
AS $$
BEGIN
    RETURN QUERY
    SELECT format('workflow="%s",status="%s"', s.workflow, s.code),
           coalesce(greatest(extract(epoch FROM now() - first.since), 0), 0),
           CASE WHEN s.stuck_after IS NOT NULL THEN late.orders END
      FROM workflow_statuses s
      LEFT JOIN LATERAL (SELECT o.status_updated_at AS since
                           FROM orders o
                          WHERE o.status_id = s.id AND NOT o.final
                          ORDER BY o.status_updated_at
                          LIMIT 1) first ON true,
           LATERAL (SELECT count(*) AS orders
                      FROM (SELECT FROM orders o
                             WHERE o.status_id = s.id AND NOT o.final
                               AND o.status_updated_at
                                   <= now() - s.stuck_after
                             ORDER BY o.status_updated_at
                             LIMIT 10000) l) late
     WHERE NOT s.final;
END
$$;

COMMENT ON FUNCTION shop.waiting_orders() IS
    'For each status that is not final, for how many seconds the oldest order '
    'has been in it, and how many are stuck, counted up to 10000; NULL where '
    'none can be.';
