CREATE OR REPLACE FUNCTION shop.order_detailed_json(p_order shop.orders)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT row_to_json(d) FROM (
        SELECT (SELECT row_to_json(j) FROM (
                    SELECT p_order.id, p_order.order_number, p_order.status,
                           s.label AS status_label, s.emoji AS status_emoji,
                           s.message, s.step AS progress_step,
                           w.progress_total, p_order.final, p_order.version,
                           iso(p_order.created_at) AS created_at,
                           iso(p_order.updated_at) AS updated_at,
                           amount(p_order.total_amount) AS total_amount,
                           p_order.currency,
                           user_name(u.first_name, u.last_name)
                               AS customer_name) j) AS order,
               (SELECT coalesce(json_agg(row_to_json(j)), '[]') FROM (
                    SELECT i.product_id, i.product_name, i.quantity AS qty,
                           amount(i.unit_price) AS unit_price,
                           amount(i.total_price) AS total_price,
                           i.size, i.color
                      FROM order_items i
                     WHERE i.order_id = p_order.id
                     ORDER BY i.line) j) AS items,
               progress_json(p_order.workflow) AS timeline
          FROM workflow_statuses s
          JOIN workflows w ON w.name = s.workflow
          JOIN users u ON u.id = p_order.buyer_id
         WHERE s.id = p_order.status_id) d);
END
$$;

COMMENT ON FUNCTION shop.order_detailed_json(shop.orders) IS
    'An order as a list of S2''s Data Structures has it.';
