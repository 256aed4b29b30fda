CREATE OR REPLACE FUNCTION shop.order_brief_json(p_order shop.orders)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT row_to_json(j) FROM (
        SELECT p_order.id, p_order.order_number AS "orderNumber",
               p_order.status, s.label AS "statusLabel",
               iso(p_order.status_updated_at) AS "statusUpdatedAt",
               p_order.version, p_order.final,
               amount(p_order.total_amount) AS "totalAmount",
               amount(p_order.final_total) AS "finalTotal",
               p_order.currency,
               p_order.payment_method AS "paymentMethod",
               p_order.payment_status AS "paymentStatus",
               (SELECT row_to_json(x) FROM (
                    SELECT u.id, user_name(u.first_name, u.last_name) AS name,
                           u.email
                      FROM users u WHERE u.id = p_order.buyer_id) x)
                   AS buyer,
               (SELECT row_to_json(x) FROM (
                    SELECT u.id, user_name(u.first_name, u.last_name) AS name,
                           st.name AS "storeName"
                      FROM users u, stores st
                     WHERE u.id = p_order.seller_id
                       AND st.id = p_order.store_id) x) AS seller,
               iso(p_order.created_at) AS "createdAt",
               iso(p_order.updated_at) AS "updatedAt",
               p_order.estimated_delivery AS "estimatedDelivery",
               p_order.tracking_number AS "trackingNumber",
               '/orders/' || p_order.id AS "trackingUrl"
          FROM workflow_statuses s
         WHERE s.id = p_order.status_id) j);
END
$$;

COMMENT ON FUNCTION shop.order_brief_json(shop.orders) IS
    'An order as S4''s lists and S4''s answers to changes have it.';
