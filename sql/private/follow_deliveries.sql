-- Orders are followed in the order of their ids.

CREATE OR REPLACE FUNCTION shop.follow_deliveries(p_orders uuid[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    WITH moved AS (
        SELECT o.id, o.driver_id, o.updated_at, s.opens_delivery,
               CASE WHEN s.phase = 'delivered' THEN 'delivered'
                    WHEN o.final THEN 'closed'
                    WHEN s.phase = 'shipped' AND NOT s.opens_delivery
                    THEN 'in_transit' END AS task
          FROM orders o
          JOIN workflow_statuses s ON s.id = o.status_id
         WHERE o.id = ANY (p_orders)
    ), followed AS (
        UPDATE deliveries d
           SET delivery_status = m.task,
               driver_id = coalesce(m.driver_id, d.driver_id),
               delivery_time = CASE m.task WHEN 'delivered'
                                    THEN m.updated_at END,
               updated_at = m.updated_at
          FROM moved m
         WHERE d.order_id = m.id
           AND d.delivery_status IN ('assigned', 'in_transit')
           AND d.delivery_status <> m.task
    )
    INSERT INTO deliveries (order_id)
    SELECT id FROM moved WHERE opens_delivery ORDER BY id
    ON CONFLICT (order_id) DO NOTHING;
END
$$;

COMMENT ON FUNCTION shop.follow_deliveries(uuid[]) IS
    'Opens the delivery task of orders whose status opens one, gives it to '
    'the driver of those that are out, and ends the tasks of orders that are '
    'delivered or over (S0).';
