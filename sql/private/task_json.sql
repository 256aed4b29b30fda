CREATE OR REPLACE FUNCTION shop.task_json(p_task shop.deliveries)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT row_to_json(j) FROM (
        SELECT p_task.id, o.id AS order_id, o.order_number,
               o.status AS order_status, p_task.delivery_status,
               iso(p_task.delivery_time) AS delivery_time,
               (SELECT row_to_json(x) FROM (SELECT st.id, st.name) x)
                   AS store,
               o.shipping_address,
               (SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM (
                    SELECT i.product_name, i.quantity
                      FROM order_items i
                     WHERE i.order_id = o.id
                     ORDER BY i.line) x) AS items,
               iso(p_task.created_at) AS created_at,
               iso(p_task.updated_at) AS updated_at
          FROM orders o
          JOIN stores st ON st.id = o.store_id
         WHERE o.id = p_task.order_id) j);
END
$$;

COMMENT ON FUNCTION shop.task_json(shop.deliveries) IS
    'A driver''s task as JSON (S0).';
