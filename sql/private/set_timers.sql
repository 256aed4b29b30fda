-- ON CONFLICT: a rule may change while an order moves on.

CREATE OR REPLACE FUNCTION shop.set_timers(
    p_orders uuid[], p_kind text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    DELETE FROM order_timers
     WHERE order_id = ANY (p_orders)
       AND (p_kind IS NULL OR kind = p_kind);

    INSERT INTO order_timers (order_id, kind, due_at)
    SELECT o.id, v.kind, o.status_updated_at + v.after
      FROM orders o
      JOIN workflow_statuses s ON s.id = o.status_id
      LEFT JOIN workflow_transitions t
        ON t.workflow = o.workflow AND t.from_status = o.status
       AND t.after IS NOT NULL,
           LATERAL (VALUES ('advance', t.after), ('stuck', s.stuck_after))
               AS v (kind, after)
     WHERE o.id = ANY (p_orders) AND NOT o.final AND v.after IS NOT NULL
       AND (p_kind IS NULL OR v.kind = p_kind)
    ON CONFLICT (order_id, kind) DO UPDATE SET due_at = excluded.due_at;
END
$$;

COMMENT ON FUNCTION shop.set_timers(uuid[], text) IS
    'Starts the timers that the status of these orders has, and no others; '
    'of one kind only, unless NULL.';
