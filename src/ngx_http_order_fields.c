
/*
 * The fields of each route.
 */


#include <ngx_http_order_fields.h>


/* numeric(18,8) is less than this: the type itself sees to it */

#define NGX_HTTP_ORDER_MONEY  INT64_C(10000000000)


#define ngx_http_order_key                                                   \
    ngx_http_order_field("Idempotency-Key", HEADER, TEXT, 0, 1, 255)

#define ngx_http_order_match                                                 \
    ngx_http_order_field("If-Match", HEADER, TEXT, 0, 1, 255)

#define ngx_http_order_event                                                 \
    ngx_http_order_field("webhook-id", HEADER, TEXT, 1, 1, 255)

#define ngx_http_order_cut                                                   \
    ngx_http_order_field("limit", QUERY, INTEGER, 0, 1, 100),                \
    ngx_http_order_field("cursor", QUERY, TEXT, 0, 1, 255)

#define ngx_http_order_wanted(in)                                            \
    ngx_http_order_field("status", in, TEXT, 0, 1, 30)

#define ngx_http_order_pages                                                 \
    ngx_http_order_wanted(QUERY),                                            \
    ngx_http_order_field("page", QUERY, INTEGER, 0, 1, 100),                 \
    ngx_http_order_field("limit", QUERY, INTEGER, 0, 1, 100)

#define ngx_http_order_next                                                  \
    ngx_http_order_field("cursor", QUERY, TEXT, 0, 1, 255)

#define ngx_http_order_direction                                             \
    ngx_http_order_enum("sortOrder", QUERY, 0, "asc|desc")

#define ngx_http_order_sorted                                                \
    ngx_http_order_enum("sortBy", QUERY, 0, "createdAt|status|totalAmount"), \
    ngx_http_order_direction

#define ngx_http_order_range                                                 \
    ngx_http_order_field("from", QUERY, TIME, 0, 0, 0),                      \
    ngx_http_order_field("to", QUERY, TIME, 0, 0, 0)

#define ngx_http_order_named                                                 \
    ngx_http_order_field("order_id", PATH, UUID_OR_NUMBER, 1, 0, 0)

/* one that was never an id is no fault: the full state is told */

#define ngx_http_order_place_text                                            \
    ngx_http_order_field("last_event_id", QUERY, TEXT, 0, 0, 0)

#define ngx_http_order_place_header                                          \
    ngx_http_order_field("Last-Event-ID", HEADER, TEXT, 0, 0, 0)

#define ngx_http_order_variant                                               \
    ngx_http_order_field("size", BODY, TEXT, 0, 1, 50),                      \
    ngx_http_order_field("color", BODY, TEXT, 0, 1, 50)

#define ngx_http_order_address                                               \
    ngx_http_order_part("shipping_address", OBJECT, 0, 0, 4096,              \
                        ngx_http_order_address_fields)

/* S4 asks for the whole of an address */

#define ngx_http_order_place(whole)                                          \
    ngx_http_order_field("name", BODY, TEXT, 1, 1, 200),                     \
    ngx_http_order_field("street", BODY, TEXT, 1, 1, 200),                   \
    ngx_http_order_field("city", BODY, TEXT, 1, 1, 100),                     \
    ngx_http_order_field("state", BODY, TEXT, 0, 1, 100),                    \
    ngx_http_order_field("zipCode", BODY, TEXT, whole, 1, 20),               \
    ngx_http_order_field("country", BODY, TEXT, whole, 2, 60)

#define ngx_http_order_notes                                                 \
    ngx_http_order_field("notes", BODY, TEXT, 0, 1, 2000)

#define ngx_http_order_method(required, max)                                 \
    ngx_http_order_field("payment_method", BODY, TEXT, required, 1, max)


const ngx_order_field_t  ngx_http_order_no_fields[] = {
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_id_fields[] = {
    ngx_http_order_field("id", PATH, UUID, 1, 0, 0),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_order_fields[] = {
    ngx_http_order_named,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_page_fields[] = {
    ngx_http_order_cut,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_poll_fields[] = {
    ngx_http_order_named,
    ngx_http_order_field("Prefer", HEADER, TEXT, 0, 0, 0),
    ngx_http_order_field("wait", QUERY, INTEGER, 0, 1, 60),
    ngx_http_order_last
};


/* signing in, browsing */

const ngx_order_field_t  ngx_http_order_login_fields[] = {
    ngx_http_order_field("email", BODY, EMAIL, 1, 3, 254),
    ngx_http_order_field("password", BODY, TEXT, 1, 1, 72),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_products_fields[] = {
    ngx_http_order_field("store", QUERY, UUID, 0, 0, 0),
    ngx_http_order_cut,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_workflow_fields[] = {
    ngx_http_order_field("name", PATH, TEXT, 1, 1, 30),
    ngx_http_order_last
};


/* the cart, and what becomes of it */

const ngx_order_field_t  ngx_http_order_cart_add_fields[] = {
    ngx_http_order_key,
    ngx_http_order_field("user_id", BODY, UUID, 0, 0, 0),
    ngx_http_order_field("product_id", BODY, UUID, 1, 0, 0),
    ngx_http_order_field("quantity", BODY, INTEGER, 1, 1, 1000000),
    ngx_http_order_variant,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_cart_update_fields[] = {
    ngx_http_order_field("id", PATH, UUID, 1, 0, 0),
    ngx_http_order_field("quantity", BODY, INTEGER, 1, 1, 1000000),
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_items_fields[] = {
    ngx_http_order_field("product_id", BODY, UUID, 1, 0, 0),
    ngx_http_order_field("quantity", BODY, INTEGER, 1, 1, 1000000),
    ngx_http_order_variant,
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_address_fields[] = {
    ngx_http_order_place(0),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_place_fields[] = {
    ngx_http_order_key,
    ngx_http_order_part("items", ARRAY, 0, 1, 100,
                        ngx_http_order_items_fields),
    ngx_http_order_method(1, 20),
    ngx_http_order_address,
    ngx_http_order_notes,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_from_cart_fields[] = {
    ngx_http_order_key,
    ngx_http_order_field("store_id", BODY, UUID, 1, 0, 0),
    ngx_http_order_method(1, 50),
    ngx_http_order_address,
    ngx_http_order_notes,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_create_fields[] = {
    ngx_http_order_key,
    ngx_http_order_field("user_id", BODY, UUID, 0, 0, 0),
    ngx_http_order_field("product_id", BODY, UUID, 1, 0, 0),
    ngx_http_order_field("quantity", BODY, INTEGER, 1, 1, 1000000),
    ngx_http_order_variant,
    ngx_http_order_method(0, 50),
    ngx_http_order_address,
    ngx_http_order_notes,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_checkout_fields[] = {
    ngx_http_order_key,
    ngx_http_order_field("user_id", BODY, UUID, 0, 0, 0),
    ngx_http_order_method(0, 50),
    ngx_http_order_address,
    ngx_http_order_notes,
    ngx_http_order_last
};


/* S4: an order from a payment */

static const ngx_order_field_t  ngx_http_order_result_fields[] = {
    ngx_http_order_field("success", BODY, BOOLEAN, 1, 0, 0),
    ngx_http_order_field("paymentMethod", BODY, TEXT, 1, 1, 20),
    ngx_http_order_field("transactionHash", BODY, TEXT, 0, 1, 66),
    ngx_http_order_field("escrowId", BODY, TEXT, 0, 1, 255),
    ngx_http_order_field("paymentIntentId", BODY, TEXT, 0, 1, 255),
    ngx_http_order_field("gasUsed", BODY, DECIMAL, 0, 0,
                         NGX_HTTP_ORDER_MONEY),
    ngx_http_order_field("processingFee", BODY, DECIMAL, 0, 0,
                         NGX_HTTP_ORDER_MONEY),
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_listing_fields[] = {
    ngx_http_order_field("listingId", BODY, UUID, 1, 0, 0),
    ngx_http_order_field("quantity", BODY, INTEGER, 1, 1, 1000000),
    ngx_http_order_variant,
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_full_address_fields[] = {
    ngx_http_order_place(1),
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_data_fields[] = {
    ngx_http_order_field("buyerId", BODY, UUID, 1, 0, 0),
    ngx_http_order_field("sellerId", BODY, UUID, 1, 0, 0),
    ngx_http_order_field("listingId", BODY, UUID, 0, 0, 0),
    ngx_http_order_field("quantity", BODY, INTEGER, 0, 1, 1000000),
    ngx_http_order_part("items", ARRAY, 0, 1, 100,
                        ngx_http_order_listing_fields),
    ngx_http_order_field("totalAmount", BODY, DECIMAL, 1, 0,
                         NGX_HTTP_ORDER_MONEY),
    ngx_http_order_field("currency", BODY, TEXT, 1, 1, 10),

    /* "words" of an object: the code of a problem with it alone */

    { ngx_string("shippingAddress"), NGX_ORDER_IN_BODY, NGX_ORDER_OBJECT, 1,
      0, 4096, "INVALID_SHIPPING_ADDRESS",
      ngx_http_order_full_address_fields },

    ngx_http_order_field("shippingMethod", BODY, TEXT, 0, 1, 50),
    ngx_http_order_notes,
    ngx_http_order_field("specialInstructions", BODY, TEXT, 0, 1, 2000),
    ngx_http_order_part("metadata", OBJECT, 0, 0, 4096, NULL),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_paid_fields[] = {
    ngx_http_order_key,
    ngx_http_order_part("paymentResult", OBJECT, 1, 0, 4096,
                        ngx_http_order_result_fields),
    ngx_http_order_part("checkoutData", OBJECT, 1, 0, 16384,
                        ngx_http_order_data_fields),
    ngx_http_order_last
};


/* lists */

const ngx_order_field_t  ngx_http_order_list_fields[] = {
    ngx_http_order_pages,
    ngx_http_order_direction,
    ngx_http_order_next,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_user_fields[] = {
    ngx_http_order_field("user_id", PATH, UUID, 1, 0, 0),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_user_list_fields[] = {
    ngx_http_order_field("user_id", PATH, UUID, 1, 0, 0),
    ngx_http_order_pages,
    ngx_http_order_next,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_buyer_fields[] = {
    ngx_http_order_field("buyerId", PATH, UUID, 1, 0, 0),
    ngx_http_order_pages,
    ngx_http_order_sorted,
    ngx_http_order_next,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_seller_fields[] = {
    ngx_http_order_field("sellerId", PATH, UUID, 1, 0, 0),
    ngx_http_order_pages,
    ngx_http_order_sorted,
    ngx_http_order_next,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_search_fields[] = {
    ngx_http_order_field("q", QUERY, TEXT, 1, 1, 200),
    ngx_http_order_wanted(QUERY),
    ngx_http_order_field("paymentMethod", QUERY, TEXT, 0, 1, 50),
    ngx_http_order_range,
    ngx_http_order_field("minAmount", QUERY, DECIMAL, 0, 0,
                         NGX_HTTP_ORDER_MONEY),
    ngx_http_order_field("maxAmount", QUERY, DECIMAL, 0, 0,
                         NGX_HTTP_ORDER_MONEY),
    ngx_http_order_cut,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_manager_fields[] = {
    ngx_http_order_wanted(QUERY),
    ngx_http_order_cut,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_tasks_fields[] = {
    ngx_http_order_enum("status", QUERY, 0,
                        "assigned|in_transit|delivered|closed"),
    ngx_http_order_cut,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_notifications_fields[] = {
    ngx_http_order_field("search", QUERY, TEXT, 0, 1, 100),
    ngx_http_order_field("unread", QUERY, BOOLEAN, 0, 0, 0),
    ngx_http_order_cut,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_analytics_fields[] = {
    ngx_http_order_range,
    ngx_http_order_field("store", QUERY, UUID, 0, 0, 0),
    ngx_http_order_last
};


/* changes of an order */

const ngx_order_field_t  ngx_http_order_update_fields[] = {
    ngx_http_order_match,
    ngx_http_order_field("order_id", BODY, UUID_OR_NUMBER, 1, 0, 0),
    ngx_http_order_field("new_status", BODY, TEXT, 1, 1, 30),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_manage_fields[] = {
    ngx_http_order_match,
    ngx_http_order_named,
    ngx_http_order_field("status", BODY, TEXT, 1, 1, 30),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_change_fields[] = {
    ngx_http_order_match,
    ngx_http_order_named,
    ngx_http_order_wanted(BODY),
    ngx_http_order_field("comments", BODY, TEXT, 0, 1, 2000),
    ngx_http_order_field("discountAmount", BODY, DECIMAL, 0, 0,
                         NGX_HTTP_ORDER_MONEY),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_set_status_fields[] = {
    ngx_http_order_match,
    ngx_http_order_named,
    ngx_http_order_field("status", BODY, TEXT, 1, 1, 30),
    ngx_http_order_field("trackingNumber", BODY, TEXT, 0, 1, 100),
    ngx_http_order_field("carrier", BODY, TEXT, 0, 1, 50),
    ngx_http_order_notes,
    ngx_http_order_field("estimatedDelivery", BODY, DATE, 0, 0, 0),
    ngx_http_order_field("location", BODY, TEXT, 0, 1, 255),
    ngx_http_order_part("metadata", OBJECT, 0, 0, 4096, NULL),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_patch_fields[] = {
    ngx_http_order_match,
    ngx_http_order_named,
    ngx_http_order_wanted(BODY),
    ngx_http_order_notes,
    ngx_http_order_address,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_cancel_fields[] = {
    ngx_http_order_match,
    ngx_http_order_named,
    ngx_http_order_field("reason", BODY, TEXT, 0, 1, 500),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_delete_fields[] = {
    ngx_http_order_match,
    ngx_http_order_named,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_dispute_fields[] = {
    ngx_http_order_key,
    ngx_http_order_named,
    ngx_http_order_field("reason", BODY, TEXT, 1, 1, 100),
    ngx_http_order_field("description", BODY, TEXT, 0, 1, 2000),
    ngx_http_order_field("disputeId", BODY, TEXT, 0, 1, 255),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_task_fields[] = {
    ngx_http_order_field("id", PATH, UUID, 1, 0, 0),
    ngx_http_order_enum("action", BODY, 1, "accept|reject"),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_task_status_fields[] = {
    ngx_http_order_field("id", PATH, UUID, 1, 0, 0),
    ngx_http_order_enum("status", BODY, 1, "in_transit|delivered"),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_read_fields[] = {
    ngx_http_order_field("id", PATH, UUID, 1, 0, 0),
    ngx_http_order_field("read", BODY, BOOLEAN, 0, 0, 0),
    ngx_http_order_last
};


/* webhooks out */

static const ngx_order_field_t  ngx_http_order_event_words[] = {
    ngx_http_order_enum("*", BODY, 1, "order.created|order.status_changed"
                                      "|order.updated|order.deleted"),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_endpoint_add_fields[] = {
    ngx_http_order_key,
    ngx_http_order_field("store_id", BODY, UUID, 0, 0, 0),
    ngx_http_order_field("url", BODY, TEXT, 1, 1, 2048),
    ngx_http_order_part("events", ARRAY, 0, 1, 10,
                        ngx_http_order_event_words),
    ngx_http_order_field("description", BODY, TEXT, 0, 1, 500),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_endpoint_change_fields[] = {
    ngx_http_order_field("id", PATH, UUID, 1, 0, 0),
    ngx_http_order_field("url", BODY, TEXT, 0, 1, 2048),
    ngx_http_order_part("events", ARRAY, 0, 1, 10,
                        ngx_http_order_event_words),
    ngx_http_order_field("active", BODY, BOOLEAN, 0, 0, 0),
    ngx_http_order_field("description", BODY, TEXT, 0, 1, 500),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_endpoint_act_fields[] = {
    ngx_http_order_key,
    ngx_http_order_field("id", PATH, UUID, 1, 0, 0),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_deliveries_fields[] = {
    ngx_http_order_field("id", PATH, UUID, 1, 0, 0),
    ngx_http_order_enum("state", QUERY, 0, "waiting|done|failed"),
    ngx_http_order_cut,
    ngx_http_order_last
};


/* push */

const ngx_order_field_t  ngx_http_order_order_events_fields[] = {
    ngx_http_order_place_text,
    ngx_http_order_place_header,
    ngx_http_order_named,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_events_fields[] = {
    ngx_http_order_place_text,
    ngx_http_order_place_header,
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_ws_fields[] = {
    ngx_http_order_place_text,
    ngx_http_order_enum("subscribe", QUERY, 0, "all|none"),
    ngx_http_order_last
};


/* webhooks */

const ngx_order_field_t  ngx_http_order_payment_fields[] = {
    ngx_http_order_event,
    ngx_http_order_field("type", BODY, TEXT, 1, 1, 50),
    ngx_http_order_field("orderId", BODY, UUID_OR_NUMBER, 1, 0, 0),
    ngx_http_order_field("paymentMethod", BODY, TEXT, 0, 1, 20),
    ngx_http_order_field("paymentIntentId", BODY, TEXT, 0, 1, 255),
    ngx_http_order_field("transactionHash", BODY, TEXT, 0, 1, 66),
    ngx_http_order_field("escrowId", BODY, TEXT, 0, 1, 255),
    ngx_http_order_field("gasUsed", BODY, DECIMAL, 0, 0,
                         NGX_HTTP_ORDER_MONEY),
    ngx_http_order_field("processingFee", BODY, DECIMAL, 0, 0,
                         NGX_HTTP_ORDER_MONEY),
    ngx_http_order_field("reason", BODY, TEXT, 0, 1, 500),
    ngx_http_order_field("occurredAt", BODY, TIME, 0, 0, 0),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_escrow_fields[] = {
    ngx_http_order_event,
    ngx_http_order_field("type", BODY, TEXT, 1, 1, 50),
    ngx_http_order_field("orderId", BODY, UUID_OR_NUMBER, 1, 0, 0),
    ngx_http_order_field("escrowId", BODY, TEXT, 0, 1, 255),
    ngx_http_order_field("transactionHash", BODY, TEXT, 0, 1, 66),
    ngx_http_order_field("disputeId", BODY, TEXT, 0, 1, 255),
    ngx_http_order_field("gasUsed", BODY, DECIMAL, 0, 0,
                         NGX_HTTP_ORDER_MONEY),
    ngx_http_order_field("occurredAt", BODY, TIME, 0, 0, 0),
    ngx_http_order_last
};


const ngx_order_field_t  ngx_http_order_shipping_fields[] = {
    ngx_http_order_event,
    ngx_http_order_field("status", BODY, TEXT, 1, 1, 50),
    ngx_http_order_field("orderId", BODY, UUID_OR_NUMBER, 1, 0, 0),
    ngx_http_order_field("trackingNumber", BODY, TEXT, 0, 1, 100),
    ngx_http_order_field("carrier", BODY, TEXT, 0, 1, 50),
    ngx_http_order_field("location", BODY, TEXT, 0, 1, 255),
    ngx_http_order_field("estimatedDelivery", BODY, DATE, 0, 0, 0),
    ngx_http_order_field("occurredAt", BODY, TIME, 0, 0, 0),
    ngx_http_order_last
};
