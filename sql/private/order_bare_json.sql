CREATE OR REPLACE FUNCTION shop.order_bare_json(p_order shop.orders)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT row_to_json(j) FROM (
        SELECT p_order.id, p_order.order_number,
               p_order.buyer_id AS user_id,
               p_order.listing_id AS product_id, p_order.quantity,
               p_order.status, s.label AS status_label, p_order.final,
               amount(p_order.total_amount) AS total_amount,
               amount(p_order.total_discount) AS total_discount,
               amount(p_order.final_total) AS final_total,
               p_order.currency, p_order.payment_method,
               p_order.payment_status, p_order.version,
               p_order.order_notes AS notes, p_order.shipping_address,
               iso(p_order.created_at) AS created_at,
               iso(p_order.updated_at) AS updated_at,
               (SELECT row_to_json(x) FROM (
                    SELECT u.id, u.email,
                           user_name(u.first_name, u.last_name) AS name
                      FROM users u WHERE u.id = p_order.buyer_id) x) AS user,
               (SELECT product_json(p, st)
                  FROM products p
                  JOIN stores st ON st.id = p.store_id
                 WHERE p.id = p_order.listing_id) AS product,
               (SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM (
                    SELECT i.product_id, i.product_name, i.quantity,
                           amount(i.unit_price) AS unit_price,
                           amount(i.total_price) AS total_price,
                           i.size, i.color
                      FROM order_items i
                     WHERE i.order_id = p_order.id
                     ORDER BY i.line) x) AS items
          FROM workflow_statuses s
         WHERE s.id = p_order.status_id) j);
END
$$;

COMMENT ON FUNCTION shop.order_bare_json(shop.orders) IS
    'An order in the shape of S1: snake_case, with its user, and with its '
    'product where it is an order of one.';
