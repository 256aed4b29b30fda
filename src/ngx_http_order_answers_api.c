
/*
 * The shapes of answers in camelCase: below /api/orders, as S3 and S4 have
 * them, and what goes with these.
 */


#include <ngx_http_order_answers.h>


ngx_http_order_members(counts) = {
    ngx_http_order_each(INTEGER),
    ngx_http_order_last
};


ngx_http_order_members(amounts) = {
    ngx_http_order_each(DECIMAL),
    ngx_http_order_last
};


/* S4's shapes */

ngx_http_order_members(address) = {
    ngx_http_order_has("name", TEXT),
    ngx_http_order_has("street", TEXT),
    ngx_http_order_has("city", TEXT),
    ngx_http_order_may("state", TEXT),
    ngx_http_order_may("zipCode", TEXT),
    ngx_http_order_may("country", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(buyer) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("name", TEXT),
    ngx_http_order_has("email", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(seller) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("name", TEXT),
    ngx_http_order_has("storeName", TEXT),
    ngx_http_order_may("storeId", UUID),
    ngx_http_order_last
};


ngx_http_order_members(item) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("productId", UUID),
    ngx_http_order_has("productName", TEXT),
    ngx_http_order_has("quantity", INTEGER),
    ngx_http_order_has("unitPrice", DECIMAL),
    ngx_http_order_has("totalPrice", DECIMAL),
    ngx_http_order_may("size", TEXT),
    ngx_http_order_may("color", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(payment) = {
    ngx_http_order_has("method", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_may("paymentIntentId", TEXT),
    ngx_http_order_may("transactionHash", TEXT),
    ngx_http_order_may("escrowId", TEXT),
    ngx_http_order_may("processingFee", DECIMAL),
    ngx_http_order_may("gasUsed", DECIMAL),
    ngx_http_order_last
};


ngx_http_order_members(shipping) = {
    ngx_http_order_may("method", TEXT),
    ngx_http_order_may("carrier", TEXT),
    ngx_http_order_may("trackingNumber", TEXT),
    ngx_http_order_may("estimatedDelivery", DATE),
    ngx_http_order_may("actualDeliveryDate", TIME),
    ngx_http_order_lend("address", OBJECT, address),
    ngx_http_order_last
};


ngx_http_order_members(step) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("timestamp", TIME),
    ngx_http_order_may("description", TEXT),
    ngx_http_order_may("source", TEXT),
    ngx_http_order_may("trackingNumber", TEXT),
    ngx_http_order_part("metadata", OBJECT, 0, 0, 0, NULL),
    ngx_http_order_last
};


ngx_http_order_members(order) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("orderNumber", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("statusLabel", TEXT),
    ngx_http_order_has("statusUpdatedAt", TIME),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_has("final", BOOLEAN),
    ngx_http_order_has("workflow", TEXT),
    ngx_http_order_has("totalAmount", DECIMAL),
    ngx_http_order_has("totalDiscount", DECIMAL),
    ngx_http_order_has("finalTotal", DECIMAL),
    ngx_http_order_has("currency", TEXT),
    ngx_http_order_has("createdAt", TIME),
    ngx_http_order_has("updatedAt", TIME),
    ngx_http_order_may("completedAt", TIME),
    ngx_http_order_may("cancelledAt", TIME),
    ngx_http_order_may("notes", TEXT),
    ngx_http_order_may("specialInstructions", TEXT),
    ngx_http_order_part("metadata", OBJECT, 0, 0, 0, NULL),
    ngx_http_order_hold("buyer", OBJECT, buyer),
    ngx_http_order_hold("seller", OBJECT, seller),
    ngx_http_order_hold("items", ARRAY, item),
    ngx_http_order_hold("payment", OBJECT, payment),
    ngx_http_order_hold("shipping", OBJECT, shipping),
    ngx_http_order_hold("timeline", ARRAY, step),
    ngx_http_order_last
};


ngx_http_order_members(full) = {
    ngx_http_order_hold("order", OBJECT, order),
    ngx_http_order_last
};


ngx_http_order_members(brief) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("orderNumber", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("statusLabel", TEXT),
    ngx_http_order_has("statusUpdatedAt", TIME),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_has("final", BOOLEAN),
    ngx_http_order_has("totalAmount", DECIMAL),
    ngx_http_order_has("finalTotal", DECIMAL),
    ngx_http_order_has("currency", TEXT),
    ngx_http_order_has("paymentMethod", TEXT),
    ngx_http_order_has("paymentStatus", TEXT),
    ngx_http_order_hold("buyer", OBJECT, buyer),
    ngx_http_order_hold("seller", OBJECT, seller),
    ngx_http_order_has("createdAt", TIME),
    ngx_http_order_has("updatedAt", TIME),
    ngx_http_order_has("estimatedDelivery", DATE),
    ngx_http_order_may("trackingNumber", TEXT),
    ngx_http_order_has("trackingUrl", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(paid_order) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("orderNumber", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("totalAmount", DECIMAL),
    ngx_http_order_has("currency", TEXT),
    ngx_http_order_has("estimatedDelivery", DATE),
    ngx_http_order_has("trackingUrl", TEXT),
    ngx_http_order_has("paymentStatus", TEXT),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_has("createdAt", TIME),
    ngx_http_order_last
};


ngx_http_order_members(paid) = {
    ngx_http_order_has("success", BOOLEAN),
    ngx_http_order_hold("order", OBJECT, paid_order),
    ngx_http_order_last
};


ngx_http_order_members(pagination) = {
    ngx_http_order_may("page", INTEGER),
    ngx_http_order_has("limit", INTEGER),
    ngx_http_order_has("total", INTEGER),
    ngx_http_order_has("totalPages", INTEGER),
    ngx_http_order_last
};


ngx_http_order_members(list) = {
    ngx_http_order_hold("orders", ARRAY, brief),
    ngx_http_order_hold("pagination", OBJECT, pagination),
    ngx_http_order_may("next_cursor", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(found) = {
    ngx_http_order_hold("orders", ARRAY, brief),
    ngx_http_order_may("next_cursor", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(checkout) = {
    ngx_http_order_has("success", BOOLEAN),
    ngx_http_order_hold("orders", ARRAY, brief),
    ngx_http_order_last
};


ngx_http_order_members(moved) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("orderNumber", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_may("statusUpdatedAt", TIME),
    ngx_http_order_may("trackingNumber", TEXT),
    ngx_http_order_may("estimatedDelivery", DATE),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_last
};


ngx_http_order_members(status) = {
    ngx_http_order_has("success", BOOLEAN),
    ngx_http_order_hold("order", OBJECT, moved),
    ngx_http_order_last
};


ngx_http_order_members(timeline) = {
    ngx_http_order_hold("timeline", ARRAY, step),
    ngx_http_order_last
};


ngx_http_order_members(who) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_may("name", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(change) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_may("previousStatus", TEXT),
    ngx_http_order_has("newStatus", TEXT),
    ngx_http_order_lend("changedBy", OBJECT, who),
    ngx_http_order_may("reason", TEXT),
    ngx_http_order_may("notes", TEXT),
    ngx_http_order_part("metadata", OBJECT, 0, 0, 0, NULL),
    ngx_http_order_has("source", TEXT),
    ngx_http_order_has("createdAt", TIME),
    ngx_http_order_last
};


ngx_http_order_members(history) = {
    ngx_http_order_hold("history", ARRAY, change),
    ngx_http_order_last
};


ngx_http_order_members(event) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("type", TEXT),
    ngx_http_order_has("source", TEXT),
    ngx_http_order_may("location", TEXT),
    ngx_http_order_part("data", OBJECT, 0, 0, 0, NULL),
    ngx_http_order_has("occurredAt", TIME),
    ngx_http_order_has("recordedAt", TIME),
    ngx_http_order_last
};


ngx_http_order_members(parcel) = {
    ngx_http_order_has("orderId", UUID),
    ngx_http_order_has("orderNumber", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_may("method", TEXT),
    ngx_http_order_may("carrier", TEXT),
    ngx_http_order_may("trackingNumber", TEXT),
    ngx_http_order_may("estimatedDelivery", DATE),
    ngx_http_order_may("actualDeliveryDate", TIME),
    ngx_http_order_has("trackingUrl", TEXT),
    ngx_http_order_hold("events", ARRAY, event),
    ngx_http_order_last
};


ngx_http_order_members(tracking) = {
    ngx_http_order_hold("tracking", OBJECT, parcel),
    ngx_http_order_last
};


/* notifications, webhooks, analytics */

ngx_http_order_members(a_notification) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("type", TEXT),
    ngx_http_order_has("title", TEXT),
    ngx_http_order_has("message", TEXT),
    ngx_http_order_has("priority", TEXT),
    ngx_http_order_may("orderId", UUID),
    ngx_http_order_part("data", OBJECT, 0, 0, 0, NULL),
    ngx_http_order_has("read", BOOLEAN),
    ngx_http_order_may("readAt", TIME),
    ngx_http_order_has("createdAt", TIME),
    ngx_http_order_last
};


ngx_http_order_members(notification) = {
    ngx_http_order_hold("notification", OBJECT, a_notification),
    ngx_http_order_last
};


ngx_http_order_members(notifications) = {
    ngx_http_order_hold("notifications", ARRAY, a_notification),
    ngx_http_order_has("unreadCount", INTEGER),
    ngx_http_order_may("next_cursor", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(received) = {
    ngx_http_order_has("received", BOOLEAN),
    ngx_http_order_enum("outcome", BODY, 1,
                        "applied|late|ignored|duplicate"),
    ngx_http_order_lend("order", OBJECT, moved),
    ngx_http_order_last
};


ngx_http_order_members(range) = {
    ngx_http_order_has("from", TIME),
    ngx_http_order_has("to", TIME),
    ngx_http_order_last
};


ngx_http_order_members(order_metrics) = {
    ngx_http_order_has("created", INTEGER),
    ngx_http_order_has("completed", INTEGER),
    ngx_http_order_has("creationRatePerDay", DECIMAL),
    ngx_http_order_may("completionRate", DECIMAL),
    ngx_http_order_may("averageOrderValue", DECIMAL),
    ngx_http_order_hold("averageOrderValueByCurrency", OBJECT, amounts),
    ngx_http_order_may("timeToFulfilmentSeconds", DECIMAL),
    ngx_http_order_last
};


ngx_http_order_members(transition_metrics) = {
    ngx_http_order_has("from", TEXT),
    ngx_http_order_has("to", TEXT),
    ngx_http_order_has("count", INTEGER),
    ngx_http_order_may("averageSeconds", DECIMAL),
    ngx_http_order_may("medianSeconds", DECIMAL),
    ngx_http_order_last
};


ngx_http_order_members(status_metrics) = {
    ngx_http_order_hold("transitions", ARRAY, transition_metrics),
    ngx_http_order_hold("stuck", OBJECT, counts),
    ngx_http_order_hold("cancellationRateByStatus", OBJECT, amounts),
    ngx_http_order_may("cancellationRate", DECIMAL),
    ngx_http_order_last
};


ngx_http_order_members(payment_metrics) = {
    ngx_http_order_hold("distribution", OBJECT, counts),
    ngx_http_order_hold("successRate", OBJECT, amounts),
    ngx_http_order_hold("averageProcessingSeconds", OBJECT, amounts),
    ngx_http_order_last
};


ngx_http_order_members(analytics) = {
    ngx_http_order_hold("range", OBJECT, range),
    ngx_http_order_hold("orders", OBJECT, order_metrics),
    ngx_http_order_hold("statuses", OBJECT, status_metrics),
    ngx_http_order_hold("payments", OBJECT, payment_metrics),
    ngx_http_order_last
};


ngx_http_order_answers(full, "Order", 200, 0, full);
ngx_http_order_answers(full_created, "Order", 201, 0, full);
ngx_http_order_answers(paid, "OrderFromPayment", 201, 0, paid);
ngx_http_order_answers(list, "OrderList", 200, 0, list);
ngx_http_order_answers(found, "FoundOrders", 200, 0, found);
ngx_http_order_answers(checkout, "Checkout", 201, 0, checkout);
ngx_http_order_answers(status, "OrderStatusChange", 200, 0, status);
ngx_http_order_answers(disputed, "OrderStatusChange", 201, 0, status);
ngx_http_order_answers(timeline, "Timeline", 200, 0, timeline);
ngx_http_order_answers(history, "History", 200, 0, history);
ngx_http_order_answers(tracking, "Tracking", 200, 0, tracking);
ngx_http_order_answers(notifications, "Notifications", 200, 0, notifications);
ngx_http_order_answers(notification, "Notification", 200, 0, notification);
ngx_http_order_answers(received, "WebhookReceipt", 200, 0, received);
ngx_http_order_answers(analytics, "OrderAnalytics", 200, 0, analytics);
