CREATE OR REPLACE FUNCTION shop.order_json(p_order shop.orders) RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN (SELECT row_to_json(j) FROM (
        SELECT p_order.id,
               p_order.order_number AS "orderNumber",
               p_order.status,
               s.label AS "statusLabel",
               iso(p_order.status_updated_at) AS "statusUpdatedAt",
               p_order.version,
               p_order.final,
               p_order.workflow,
               amount(p_order.total_amount) AS "totalAmount",
               amount(p_order.total_discount) AS "totalDiscount",
               amount(p_order.final_total) AS "finalTotal",
               p_order.currency,
               iso(p_order.created_at) AS "createdAt",
               iso(p_order.updated_at) AS "updatedAt",
               iso(p_order.completed_at) AS "completedAt",
               iso(p_order.cancelled_at) AS "cancelledAt",
               p_order.order_notes AS notes,
               p_order.special_instructions AS "specialInstructions",
               p_order.metadata,
               (SELECT row_to_json(x) FROM (
                    SELECT u.id, user_name(u.first_name, u.last_name) AS name,
                           u.email
                      FROM users u WHERE u.id = p_order.buyer_id) x)
                   AS buyer,
               (SELECT row_to_json(x) FROM (
                    SELECT u.id, user_name(u.first_name, u.last_name) AS name,
                           st.name AS "storeName", st.id AS "storeId"
                      FROM users u, stores st
                     WHERE u.id = p_order.seller_id
                       AND st.id = p_order.store_id) x) AS seller,
               (SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM (
                    SELECT i.id, i.product_id AS "productId",
                           i.product_name AS "productName", i.quantity,
                           amount(i.unit_price) AS "unitPrice",
                           amount(i.total_price) AS "totalPrice",
                           i.size, i.color
                      FROM order_items i
                     WHERE i.order_id = p_order.id
                     ORDER BY i.line) x) AS items,
               (SELECT json_strip_nulls(row_to_json(x)) FROM (
                    SELECT p_order.payment_method AS method,
                           p_order.payment_status AS status,
                           p_order.payment_intent_id AS "paymentIntentId",
                           p_order.transaction_hash AS "transactionHash",
                           p_order.escrow_id AS "escrowId",
                           amount(p_order.processing_fees)
                               AS "processingFee",
                           amount(p_order.gas_fees) AS "gasUsed") x)
                   AS payment,
               (SELECT row_to_json(x) FROM (
                    SELECT p_order.shipping_method AS method,
                           (SELECT h.carrier FROM shipments h
                             WHERE h.order_id = p_order.id) AS carrier,
                           p_order.tracking_number AS "trackingNumber",
                           p_order.estimated_delivery AS "estimatedDelivery",
                           iso(p_order.actual_delivery_date)
                               AS "actualDeliveryDate",
                           p_order.shipping_address AS address) x)
                   AS shipping,
               timeline_json(p_order.id, p_order.workflow) AS timeline
          FROM workflow_statuses s
         WHERE s.id = p_order.status_id) j);
END
$$;

COMMENT ON FUNCTION shop.order_json(shop.orders) IS
    'An order with all its parts, in the shape of S4.';
