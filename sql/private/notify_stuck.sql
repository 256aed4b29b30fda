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
    ), log AS (
        INSERT INTO change_log
               (order_id, version, status, old_status, final, deleted, buyer,
                seller, driver, order_number, updated_at, stuck_since)
        SELECT o.id, o.version, o.status_id, o.status_id, o.final, false,
               o.buyer_id, o.seller_id, o.driver_id, o.order_number, now(),
               o.status_updated_at
          FROM due d
          JOIN orders o ON o.id = d.order_id
          JOIN workflow_statuses s ON s.id = o.status_id
         WHERE NOT o.final AND s.stuck_after IS NOT NULL
        RETURNING order_id
    )
    INSERT INTO notifications
           (user_id, order_id, type, title, message, priority, data)
    SELECT o.seller_id, o.id, w.type, w.title,
           w.before || o.order_number || w.after
           || to_char(o.status_updated_at AT TIME ZONE 'UTC',
                      'YYYY-MM-DD HH24:MI "UTC"'),
           'high',
           jsonb_build_object('orderId', o.id,
                              'orderNumber', o.order_number,
                              'status', o.status)
      FROM log l
      JOIN orders o ON o.id = l.order_id
      JOIN workflow_statuses s ON s.id = o.status_id,
           notification_words('stuck', 'staff', s) w;

    GET DIAGNOSTICS v_done = ROW_COUNT;

    IF v_done > 0 THEN
        PERFORM ring();
    END IF;

    RETURN v_done;
END
$$;

COMMENT ON FUNCTION shop.notify_stuck(uuid[]) IS
    'Tells the sellers of orders that are stuck, once for each time that an '
    'order came into its status: with a notification, and with a notice in '
    'the change log.';
