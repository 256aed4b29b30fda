
/*
 * The shapes of messages: what Server-Sent Events and WebSocket tell, in S3's
 * and S4's words, and what a WebSocket's client may send.
 */


#include <ngx_http_order_answers.h>


#define NGX_HTTP_ORDER_OF_ANY  (NGX_HTTP_ORDER_OF_ORDER                      \
                                |NGX_HTTP_ORDER_OF_ALL|NGX_HTTP_ORDER_OF_WS)


#define ngx_http_order_typed(type)                                           \
    ngx_http_order_enum("type", BODY, 1, type)

#define ngx_http_order_state(has)                                            \
    ngx_http_order_part("state", OBJECT, has, 0, 0,                          \
                        ngx_http_order_poll_members)


ngx_http_order_members(actor) = {
    ngx_http_order_has("_id", TEXT),
    ngx_http_order_has("name", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(moved) = {
    ngx_http_order_has("_id", UUID),
    ngx_http_order_has("orderNumber", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_may("oldStatus", TEXT),
    ngx_http_order_hold("updatedBy", OBJECT, actor),
    ngx_http_order_has("updatedAt", TIME),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_has("final", BOOLEAN),
    ngx_http_order_has("deleted", BOOLEAN),
    ngx_http_order_last
};


ngx_http_order_members(notified) = {
    ngx_http_order_has("orderId", UUID),
    ngx_http_order_has("orderNumber", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_may("oldStatus", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(notification) = {
    ngx_http_order_enum("type", BODY, 1,
                        "order_created|new_order|order_update"),
    ngx_http_order_has("title", TEXT),
    ngx_http_order_has("message", TEXT),
    ngx_http_order_enum("priority", BODY, 1, "medium"),
    ngx_http_order_has("createdAt", TIME),
    ngx_http_order_hold("data", OBJECT, notified),
    ngx_http_order_last
};


ngx_http_order_members(status_update) = {
    ngx_http_order_typed("order_status_update"),
    ngx_http_order_has("id", TEXT),
    ngx_http_order_hold("order", OBJECT, moved),
    ngx_http_order_state(0),
    ngx_http_order_lend("notification", OBJECT, notification),
    ngx_http_order_last
};


ngx_http_order_members(update) = {
    ngx_http_order_typed("order_update"),
    ngx_http_order_has("id", TEXT),
    ngx_http_order_has("orderId", UUID),
    ngx_http_order_hold("update", OBJECT, moved),
    ngx_http_order_state(0),
    ngx_http_order_lend("notification", OBJECT, notification),
    ngx_http_order_last
};


ngx_http_order_members(stuck) = {
    ngx_http_order_has("orderId", UUID),
    ngx_http_order_has("orderNumber", TEXT),
    ngx_http_order_has("status", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(stuck_notification) = {
    ngx_http_order_enum("type", BODY, 1, "order_stuck"),
    ngx_http_order_has("title", TEXT),
    ngx_http_order_has("message", TEXT),
    ngx_http_order_enum("priority", BODY, 1, "high"),
    ngx_http_order_has("createdAt", TIME),
    ngx_http_order_hold("data", OBJECT, stuck),
    ngx_http_order_last
};


ngx_http_order_members(notice) = {
    ngx_http_order_typed("notification"),
    ngx_http_order_has("id", TEXT),
    ngx_http_order_hold("notification", OBJECT, stuck_notification),
    ngx_http_order_last
};


ngx_http_order_members(delivered_order) = {
    ngx_http_order_has("_id", UUID),
    ngx_http_order_has("orderNumber", TEXT),
    ngx_http_order_has("version", INTEGER),
    ngx_http_order_has("updatedAt", TIME),
    ngx_http_order_last
};


ngx_http_order_members(delivery_request) = {
    ngx_http_order_typed("delivery_request"),
    ngx_http_order_has("id", TEXT),
    ngx_http_order_hold("order", OBJECT, delivered_order),
    ngx_http_order_has("open", BOOLEAN),
    ngx_http_order_last
};


ngx_http_order_members(snapshot) = {
    ngx_http_order_typed("snapshot"),
    ngx_http_order_has("id", TEXT),
    ngx_http_order_has("order_id", UUID),
    ngx_http_order_state(1),
    ngx_http_order_last
};


ngx_http_order_members(ready) = {
    ngx_http_order_typed("ready"),
    ngx_http_order_has("id", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(order_reset) = {
    ngx_http_order_typed("reset"),
    ngx_http_order_has("id", TEXT),
    ngx_http_order_has("order_id", UUID),
    ngx_http_order_state(1),
    ngx_http_order_last
};


ngx_http_order_members(reset) = {
    ngx_http_order_typed("reset"),
    ngx_http_order_has("id", TEXT),
    ngx_http_order_hold("orders", ARRAY, poll),
    ngx_http_order_has("more", BOOLEAN),
    ngx_http_order_last
};


#define NGX_HTTP_ORDER_REASONS                                               \
    "token_expired|forbidden|final|deleted|reload|slow|internal"


ngx_http_order_members(end) = {
    ngx_http_order_typed("end"),
    ngx_http_order_enum("reason", BODY, 1, NGX_HTTP_ORDER_REASONS),
    ngx_http_order_has("message", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(unsubscribed) = {
    ngx_http_order_typed("unsubscribed"),
    ngx_http_order_may("orderId", UUID),
    ngx_http_order_enum("reason", BODY, 1, "client|" NGX_HTTP_ORDER_REASONS),
    ngx_http_order_has("message", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(pong) = {
    ngx_http_order_typed("pong"),
    ngx_http_order_last
};


ngx_http_order_members(authenticated) = {
    ngx_http_order_typed("authenticated"),
    ngx_http_order_has("expires", INTEGER),
    ngx_http_order_last
};


ngx_http_order_members(fault) = {
    ngx_http_order_has("field", TEXT),
    ngx_http_order_has("message", TEXT),
    ngx_http_order_last
};


ngx_http_order_members(error) = {
    ngx_http_order_typed("error"),
    ngx_http_order_enum("code", BODY, 1,
                        "INVALID_MESSAGE|INVALID_TOKEN|NOT_FOUND|FORBIDDEN|"
                        "ALREADY_SUBSCRIBED|NOT_SUBSCRIBED|TOO_MANY|"
                        "DATABASE_UNAVAILABLE"),
    ngx_http_order_has("message", TEXT),
    ngx_http_order_may("orderId", TEXT),
    ngx_http_order_lend("errors", ARRAY, fault),
    ngx_http_order_last
};


/* what a client sends */

ngx_http_order_members(subscribe) = {
    ngx_http_order_typed("subscribe"),
    ngx_http_order_field("orderId", BODY, UUID_OR_NUMBER, 0, 0, 0),
    ngx_http_order_field("version", BODY, INTEGER, 0, 0, INT32_MAX),
    ngx_http_order_field("id", BODY, TEXT, 0, 1, 64),
    ngx_http_order_last
};


ngx_http_order_members(unsubscribe) = {
    ngx_http_order_typed("unsubscribe"),
    ngx_http_order_field("orderId", BODY, UUID_OR_NUMBER, 0, 0, 0),
    ngx_http_order_last
};


ngx_http_order_members(ping) = {
    ngx_http_order_typed("ping"),
    ngx_http_order_last
};


ngx_http_order_members(authenticate) = {
    ngx_http_order_typed("authenticate"),
    ngx_http_order_has("token", TEXT),
    ngx_http_order_last
};


#define ngx_http_order_message(name, where, members)                         \
    { ngx_string(name), where, ngx_http_order_##members##_members }


const ngx_http_order_message_t  ngx_http_order_messages[] = {

    ngx_http_order_message("OrderStatusUpdateMessage", NGX_HTTP_ORDER_OF_ANY,
                           status_update),
    ngx_http_order_message("OrderUpdateMessage", NGX_HTTP_ORDER_OF_WS,
                           update),
    ngx_http_order_message("DeliveryRequestMessage",
                           NGX_HTTP_ORDER_OF_ALL|NGX_HTTP_ORDER_OF_WS,
                           delivery_request),
    ngx_http_order_message("NotificationMessage",
                           NGX_HTTP_ORDER_OF_ALL|NGX_HTTP_ORDER_OF_WS,
                           notice),
    ngx_http_order_message("SnapshotMessage",
                           NGX_HTTP_ORDER_OF_ORDER|NGX_HTTP_ORDER_OF_WS,
                           snapshot),
    ngx_http_order_message("ReadyMessage",
                           NGX_HTTP_ORDER_OF_ALL|NGX_HTTP_ORDER_OF_WS,
                           ready),
    ngx_http_order_message("OrderResetMessage",
                           NGX_HTTP_ORDER_OF_ORDER|NGX_HTTP_ORDER_OF_WS,
                           order_reset),
    ngx_http_order_message("ResetMessage",
                           NGX_HTTP_ORDER_OF_ALL|NGX_HTTP_ORDER_OF_WS,
                           reset),
    ngx_http_order_message("EndMessage",
                           NGX_HTTP_ORDER_OF_ORDER|NGX_HTTP_ORDER_OF_ALL,
                           end),
    ngx_http_order_message("UnsubscribedMessage", NGX_HTTP_ORDER_OF_WS,
                           unsubscribed),
    ngx_http_order_message("PongMessage", NGX_HTTP_ORDER_OF_WS, pong),
    ngx_http_order_message("AuthenticatedMessage", NGX_HTTP_ORDER_OF_WS,
                           authenticated),
    ngx_http_order_message("ErrorMessage", NGX_HTTP_ORDER_OF_WS, error),

    ngx_http_order_message("SubscribeMessage", NGX_HTTP_ORDER_TO_WS,
                           subscribe),
    ngx_http_order_message("UnsubscribeMessage", NGX_HTTP_ORDER_TO_WS,
                           unsubscribe),
    ngx_http_order_message("PingMessage", NGX_HTTP_ORDER_TO_WS, ping),
    ngx_http_order_message("AuthenticateMessage", NGX_HTTP_ORDER_TO_WS,
                           authenticate),

    { ngx_null_string, 0, NULL }
};


ngx_http_order_streams(order_events, NGX_HTTP_OK, NGX_HTTP_ORDER_OF_ORDER);
ngx_http_order_streams(events, NGX_HTTP_OK, NGX_HTTP_ORDER_OF_ALL);
ngx_http_order_streams(ws, NGX_HTTP_SWITCHING_PROTOCOLS,
                       NGX_HTTP_ORDER_OF_WS|NGX_HTTP_ORDER_TO_WS);
