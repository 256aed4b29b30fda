
/*
 * The shapes of answers in snake_case: the poll, browsing, the cart, and what
 * S0, S1 and S2 name.  As the SQL functions make them.
 */


#include <ngx_http_order_answers.h>


ngx_http_order_members(texts) = {
    ngx_http_order_each(TEXT),
    ngx_http_order_last
};


ngx_http_order_members(counts) = {
    ngx_http_order_each(INTEGER),
    ngx_http_order_last
};


ngx_http_order_members(amounts) = {
    ngx_http_order_each(DECIMAL),
    ngx_http_order_last
};


ngx_http_order_members(address) = {
    ngx_http_order_has("name", TEXT),
    ngx_http_order_has("street", TEXT),
    ngx_http_order_has("city", TEXT),
    ngx_http_order_may("state", TEXT),
    ngx_http_order_may("zipCode", TEXT),
    ngx_http_order_may("country", TEXT),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_poll_members[] = {
    ngx_http_order_has("order_id", UUID),
    ngx_http_order_has("order_number", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("status_label", TEXT),
    ngx_http_order_has("status_emoji", TEXT),
    ngx_http_order_has("message", TEXT),
    ngx_http_order_has("progress_step", INTEGER),
    ngx_http_order_has("progress_total", INTEGER),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_has("updated_at", TIME),
    ngx_http_order_has("final", BOOLEAN),
    ngx_http_order_may("poll_after", INTEGER),
    ngx_http_order_last
};


ngx_http_order_members(user) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("email", TEXT),
    ngx_http_order_has("name", TEXT),
    ngx_http_order_has("role", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(login) = {
    ngx_http_order_has("token", TEXT),
    ngx_http_order_has("token_type", TEXT),
    ngx_http_order_has("expires_in", INTEGER),
    ngx_http_order_hold("user", OBJECT, user),
    ngx_http_order_last
};


ngx_http_order_members(me) = {
    ngx_http_order_hold("user", OBJECT, user),
    ngx_http_order_last
};


ngx_http_order_members(success) = {
    ngx_http_order_has("success", BOOLEAN),
    ngx_http_order_last
};


ngx_http_order_members(openapi) = {
    ngx_http_order_has("openapi", TEXT),
    ngx_http_order_part("info", OBJECT, 1, 0, 0, NULL),
    ngx_http_order_part("paths", OBJECT, 1, 0, 0, NULL),
    ngx_http_order_part("components", OBJECT, 1, 0, 0, NULL),
    ngx_http_order_last
};


/* browsing */

ngx_http_order_members(store) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("name", TEXT),
    ngx_http_order_has("workflow", TEXT),
    ngx_http_order_may("rating", DECIMAL),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("delivery_days", INTEGER),
    ngx_http_order_has("currency", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(stores) = {
    ngx_http_order_hold("stores", ARRAY, store),
    ngx_http_order_may("next_cursor", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(a_product) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("name", TEXT),
    ngx_http_order_has("description", TEXT),
    ngx_http_order_has("price", DECIMAL),
    ngx_http_order_has("currency", TEXT),
    ngx_http_order_has("stock", INTEGER),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("store_id", UUID),
    ngx_http_order_has("store_name", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(product) = {
    ngx_http_order_hold("product", OBJECT, a_product),
    ngx_http_order_last
};


ngx_http_order_members(products) = {
    ngx_http_order_hold("products", ARRAY, a_product),
    ngx_http_order_may("next_cursor", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(a_status) = {
    ngx_http_order_has("code", TEXT),
    ngx_http_order_has("label", TEXT),
    ngx_http_order_has("emoji", TEXT),
    ngx_http_order_has("message", TEXT),
    ngx_http_order_has("step", INTEGER),
    ngx_http_order_has("initial", BOOLEAN),
    ngx_http_order_has("final", BOOLEAN),
    ngx_http_order_may("poll_after", INTEGER),
    ngx_http_order_last
};


ngx_http_order_members(transition) = {
    ngx_http_order_has("from", TEXT),
    ngx_http_order_has("to", TEXT),
    ngx_http_order_hold("roles", ARRAY, texts),
    ngx_http_order_last
};


ngx_http_order_members(a_workflow) = {
    ngx_http_order_has("name", TEXT),
    ngx_http_order_has("description", TEXT),
    ngx_http_order_has("progress_total", INTEGER),
    ngx_http_order_has("revision", INTEGER),
    ngx_http_order_hold("statuses", ARRAY, a_status),
    ngx_http_order_hold("transitions", ARRAY, transition),
    ngx_http_order_last
};


ngx_http_order_members(workflow) = {
    ngx_http_order_hold("workflow", OBJECT, a_workflow),
    ngx_http_order_last
};


/* the cart */

ngx_http_order_members(bare_user) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("email", TEXT),
    ngx_http_order_has("name", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(cart_item) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("user_id", UUID),
    ngx_http_order_has("product_id", UUID),
    ngx_http_order_has("quantity", INTEGER),
    ngx_http_order_may("size", TEXT),
    ngx_http_order_may("color", TEXT),
    ngx_http_order_has("created_at", TIME),
    ngx_http_order_has("updated_at", TIME),
    ngx_http_order_hold("user", OBJECT, bare_user),
    ngx_http_order_hold("product", OBJECT, a_product),
    ngx_http_order_last
};


/* orders, as they are placed */

ngx_http_order_members(placed) = {
    ngx_http_order_has("success", BOOLEAN),
    ngx_http_order_has("order_id", UUID),
    ngx_http_order_has("order_number", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("total_amount", DECIMAL),
    ngx_http_order_has("currency", TEXT),
    ngx_http_order_has("payment_method", TEXT),
    ngx_http_order_has("payment_status", TEXT),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_has("estimated_delivery", DATE),
    ngx_http_order_has("created_at", TIME),
    ngx_http_order_last
};


ngx_http_order_members(from_cart) = {
    ngx_http_order_has("message", TEXT),
    ngx_http_order_has("orderId", UUID),
    ngx_http_order_has("orderNumber", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_last
};


/* S1's shape */

ngx_http_order_members(bare_item) = {
    ngx_http_order_has("product_id", UUID),
    ngx_http_order_has("product_name", TEXT),
    ngx_http_order_has("quantity", INTEGER),
    ngx_http_order_has("unit_price", DECIMAL),
    ngx_http_order_has("total_price", DECIMAL),
    ngx_http_order_may("size", TEXT),
    ngx_http_order_may("color", TEXT),
    ngx_http_order_last
};


#define NGX_HTTP_ORDER_BARE                                                  \
    ngx_http_order_has("id", UUID),                                          \
    ngx_http_order_has("order_number", TEXT),                                \
    ngx_http_order_has("user_id", UUID),                                     \
    ngx_http_order_may("product_id", UUID),                                  \
    ngx_http_order_has("quantity", INTEGER),                                 \
    ngx_http_order_has("status", TEXT),                                      \
    ngx_http_order_has("status_label", TEXT),                                \
    ngx_http_order_has("final", BOOLEAN),                                    \
    ngx_http_order_has("total_amount", DECIMAL),                             \
    ngx_http_order_has("total_discount", DECIMAL),                           \
    ngx_http_order_has("final_total", DECIMAL),                              \
    ngx_http_order_has("currency", TEXT),                                    \
    ngx_http_order_has("payment_method", TEXT),                              \
    ngx_http_order_has("payment_status", TEXT),                              \
    ngx_http_order_has("version", INTEGER),                                  \
    ngx_http_order_may("notes", TEXT),                                       \
    ngx_http_order_lend("shipping_address", OBJECT, address),                \
    ngx_http_order_has("created_at", TIME),                                  \
    ngx_http_order_has("updated_at", TIME),                                  \
    ngx_http_order_hold("user", OBJECT, bare_user),                          \
    ngx_http_order_lend("product", OBJECT, a_product),                       \
    ngx_http_order_hold("items", ARRAY, bare_item)


ngx_http_order_members(bare) = {
    NGX_HTTP_ORDER_BARE,
    ngx_http_order_last
};


ngx_http_order_members(delivery) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_may("driver_id", UUID),
    ngx_http_order_has("delivery_status", TEXT),
    ngx_http_order_may("delivery_time", TIME),
    ngx_http_order_last
};


ngx_http_order_members(manager) = {
    NGX_HTTP_ORDER_BARE,
    ngx_http_order_lend("delivery", OBJECT, delivery),
    ngx_http_order_last
};


ngx_http_order_members(managed) = {
    ngx_http_order_has("message", TEXT),
    ngx_http_order_has("order_id", UUID),
    ngx_http_order_has("order_number", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_may("delivery_id", UUID),
    ngx_http_order_last
};


ngx_http_order_members(stats) = {
    ngx_http_order_has("totalOrders", INTEGER),
    ngx_http_order_has("totalSpent", DECIMAL),
    ngx_http_order_hold("statusCounts", OBJECT, counts),
    ngx_http_order_hold("spentByCurrency", OBJECT, amounts),
    ngx_http_order_last
};


/* S2's shapes */

ngx_http_order_members(detailed_order) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("order_number", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("status_label", TEXT),
    ngx_http_order_has("status_emoji", TEXT),
    ngx_http_order_has("message", TEXT),
    ngx_http_order_has("progress_step", INTEGER),
    ngx_http_order_has("progress_total", INTEGER),
    ngx_http_order_has("final", BOOLEAN),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_has("created_at", TIME),
    ngx_http_order_has("updated_at", TIME),
    ngx_http_order_has("total_amount", DECIMAL),
    ngx_http_order_has("currency", TEXT),
    ngx_http_order_has("customer_name", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(detailed_item) = {
    ngx_http_order_has("product_id", UUID),
    ngx_http_order_has("product_name", TEXT),
    ngx_http_order_has("qty", INTEGER),
    ngx_http_order_has("unit_price", DECIMAL),
    ngx_http_order_has("total_price", DECIMAL),
    ngx_http_order_may("size", TEXT),
    ngx_http_order_may("color", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(detailed_step) = {
    ngx_http_order_has("label", TEXT),
    ngx_http_order_has("emoji", TEXT),
    ngx_http_order_has("step", INTEGER),
    ngx_http_order_last
};


ngx_http_order_members(detailed_steps) = {
    ngx_http_order_each_of(detailed_step),
    ngx_http_order_last
};


ngx_http_order_members(detailed) = {
    ngx_http_order_hold("order", OBJECT, detailed_order),
    ngx_http_order_hold("items", ARRAY, detailed_item),
    ngx_http_order_hold("timeline", OBJECT, detailed_steps),
    ngx_http_order_last
};


ngx_http_order_members(updated) = {
    ngx_http_order_has("success", BOOLEAN),
    ngx_http_order_has("order_id", UUID),
    ngx_http_order_has("order_number", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_has("status_label", TEXT),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_last
};


/* drivers' tasks */

ngx_http_order_members(task_store) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("name", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(task_item) = {
    ngx_http_order_has("product_name", TEXT),
    ngx_http_order_has("quantity", INTEGER),
    ngx_http_order_last
};


ngx_http_order_members(tasks) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("order_id", UUID),
    ngx_http_order_has("order_number", TEXT),
    ngx_http_order_has("order_status", TEXT),
    ngx_http_order_has("delivery_status", TEXT),
    ngx_http_order_may("delivery_time", TIME),
    ngx_http_order_hold("store", OBJECT, task_store),
    ngx_http_order_lend("shipping_address", OBJECT, address),
    ngx_http_order_hold("items", ARRAY, task_item),
    ngx_http_order_has("created_at", TIME),
    ngx_http_order_has("updated_at", TIME),
    ngx_http_order_last
};


ngx_http_order_members(task) = {
    ngx_http_order_has("message", TEXT),
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("order_id", UUID),
    ngx_http_order_has("delivery_status", TEXT),
    ngx_http_order_has("order_status", TEXT),
    ngx_http_order_last
};


/* webhooks out */

ngx_http_order_members(endpoint) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_may("store_id", UUID),
    ngx_http_order_has("url", TEXT),
    ngx_http_order_hold("events", ARRAY, texts),
    ngx_http_order_has("description", TEXT),
    ngx_http_order_has("active", BOOLEAN),
    ngx_http_order_enum("disabled_reason", BODY, 0, "caller|gone|failing"),
    ngx_http_order_has("failures", INTEGER),
    ngx_http_order_may("failing_since", TIME),
    ngx_http_order_has("created_at", TIME),
    ngx_http_order_has("updated_at", TIME),
    ngx_http_order_last
};


ngx_http_order_members(an_endpoint) = {
    ngx_http_order_hold("endpoint", OBJECT, endpoint),
    ngx_http_order_last
};


ngx_http_order_members(endpoint_secret) = {
    ngx_http_order_hold("endpoint", OBJECT, endpoint),
    ngx_http_order_has("secret", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(endpoints) = {
    ngx_http_order_hold("endpoints", ARRAY, endpoint),
    ngx_http_order_may("next_cursor", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(attempt) = {
    ngx_http_order_has("attempt", INTEGER),
    ngx_http_order_has("success", BOOLEAN),
    ngx_http_order_may("code", INTEGER),
    ngx_http_order_may("error", TEXT),
    ngx_http_order_may("took_ms", INTEGER),
    ngx_http_order_has("ended_at", TIME),
    ngx_http_order_last
};


ngx_http_order_members(delivery_out) = {
    ngx_http_order_has("id", UUID),
    ngx_http_order_has("event", TEXT),
    ngx_http_order_may("order_id", UUID),
    ngx_http_order_enum("state", BODY, 1, "waiting|done|failed"),
    ngx_http_order_may("next_attempt_at", TIME),
    ngx_http_order_has("created_at", TIME),
    ngx_http_order_may("finished_at", TIME),
    ngx_http_order_hold("attempts", ARRAY, attempt),
    ngx_http_order_last
};


ngx_http_order_members(a_delivery) = {
    ngx_http_order_hold("delivery", OBJECT, delivery_out),
    ngx_http_order_last
};


ngx_http_order_members(deliveries) = {
    ngx_http_order_hold("deliveries", ARRAY, delivery_out),
    ngx_http_order_may("next_cursor", TEXT),
    ngx_http_order_last
};


const ngx_http_order_answer_t  ngx_http_order_answer_nothing = {
    ngx_null_string, NGX_HTTP_NO_CONTENT, 0, NULL, 0
};

ngx_http_order_answers(poll, "OrderStatus", 200, 0, poll);
ngx_http_order_answers(openapi, "OpenAPI", 200, 0, openapi);
ngx_http_order_answers(login, "Login", 200, 0, login);
ngx_http_order_answers(success, "Success", 200, 0, success);
ngx_http_order_answers(me, "Me", 200, 0, me);
ngx_http_order_answers(stores, "Stores", 200, 0, stores);
ngx_http_order_answers(products, "Products", 200, 0, products);
ngx_http_order_answers(product, "Product", 200, 0, product);
ngx_http_order_answers(workflow, "Workflow", 200, 0, workflow);
ngx_http_order_answers(cart_item, "CartItem", 200, 0, cart_item);
ngx_http_order_answers(cart_added, "CartItem", 201, 0, cart_item);
ngx_http_order_answers(cart, "CartItem", 200, 1, cart_item);
ngx_http_order_answers(placed, "PlacedOrder", 201, 0, placed);
ngx_http_order_answers(from_cart, "OrderFromCart", 201, 0, from_cart);
ngx_http_order_answers(bare, "BareOrder", 200, 0, bare);
ngx_http_order_answers(bare_created, "BareOrder", 201, 0, bare);
ngx_http_order_answers(bare_list, "BareOrder", 200, 1, bare);
ngx_http_order_answers(bare_checkout, "BareOrder", 201, 1, bare);
ngx_http_order_answers(manager, "ManagerOrder", 200, 1, manager);
ngx_http_order_answers(managed, "ManagedOrder", 200, 0, managed);
ngx_http_order_answers(stats, "OrderStats", 200, 0, stats);
ngx_http_order_answers(detailed, "DetailedOrder", 200, 1, detailed);
ngx_http_order_answers(updated, "UpdatedOrder", 200, 0, updated);
ngx_http_order_answers(tasks, "DeliveryTask", 200, 1, tasks);
ngx_http_order_answers(task, "DeliveryTaskChange", 200, 0, task);
ngx_http_order_answers(endpoint, "WebhookEndpoint", 200, 0, an_endpoint);
ngx_http_order_answers(endpoint_added, "WebhookSecret", 201, 0,
                       endpoint_secret);
ngx_http_order_answers(endpoint_secret, "WebhookSecret", 200, 0,
                       endpoint_secret);
ngx_http_order_answers(endpoints, "WebhookEndpoints", 200, 0, endpoints);
ngx_http_order_answers(delivery_added, "WebhookDelivery", 201, 0, a_delivery);
ngx_http_order_answers(delivery, "WebhookDelivery", 200, 0, a_delivery);
ngx_http_order_answers(deliveries, "WebhookDeliveries", 200, 0, deliveries);
