CREATE OR REPLACE FUNCTION shop.order_detailed(p_id uuid)
RETURNS TABLE ("order" json, items json, timeline json)
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT (SELECT row_to_json(j) FROM (
                SELECT o.id, o.order_number, o.status,
                       s.label AS status_label, s.emoji AS status_emoji,
                       s.message, s.step AS progress_step,
                       w.progress_total, o.final, o.version,
                       iso(o.created_at) AS created_at,
                       iso(o.updated_at) AS updated_at,
                       amount(o.total_amount) AS total_amount, o.currency,
                       user_name(u.first_name, u.last_name)
                           AS customer_name) j),
           (SELECT coalesce(json_agg(row_to_json(j)), '[]') FROM (
                SELECT i.product_id, i.product_name, i.quantity AS qty,
                       amount(i.unit_price) AS unit_price,
                       amount(i.total_price) AS total_price, i.size, i.color
                  FROM order_items i
                 WHERE i.order_id = o.id
                 ORDER BY i.line) j),
           progress_json(o.workflow)
      FROM orders o
      JOIN workflow_statuses s ON s.id = o.status_id
      JOIN workflows w ON w.name = o.workflow
      JOIN users u ON u.id = o.buyer_id
     WHERE o.id = p_id;
END
$$;

COMMENT ON FUNCTION shop.order_detailed(uuid) IS
    'An order as a list of S2''s Data Structures has it.';
