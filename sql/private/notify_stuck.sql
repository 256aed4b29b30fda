CREATE OR REPLACE FUNCTION shop.notify_stuck(p_orders uuid[]) RETURNS int4
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_done  int4;
BEGIN
    WITH due AS (
        DELETE FROM order_timers
         WHERE order_id = ANY (p_orders) AND kind = 'stuck'
           AND due_at <= now()
        RETURNING order_id
    )
    INSERT INTO notifications
           (user_id, order_id, type, title, message, priority, data)
    SELECT o.seller_id, o.id, 'order_stuck', 'Order Stuck',
           'Order ' || o.order_number || ' is ' || s.label || ' since '
           || to_char(o.status_updated_at AT TIME ZONE 'UTC',
                      'YYYY-MM-DD HH24:MI "UTC"'),
           'high',
           jsonb_build_object('orderId', o.id,
                              'orderNumber', o.order_number,
                              'status', o.status)
      FROM due d
      JOIN orders o ON o.id = d.order_id
      JOIN workflow_statuses s ON s.id = o.status_id
     WHERE NOT o.final AND s.stuck_after IS NOT NULL;

    GET DIAGNOSTICS v_done = ROW_COUNT;

    RETURN v_done;
END
$$;

COMMENT ON FUNCTION shop.notify_stuck(uuid[]) IS
    'Tells the sellers of orders that are stuck, once for each time that an '
    'order came into its status.';
