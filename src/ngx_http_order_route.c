
/*
 * The route table.
 *
 * Adding an endpoint is one row here and one function in SQL: the fields are
 * the function's parameters, behind the caller's id and role.
 */


#include <ngx_http_order_route.h>
#include <ngx_http_order_fields.h>
#include <ngx_http_order_answers.h>
#include <ngx_http_order_status.h>
#include <ngx_http_order_call.h>
#include <ngx_http_order_login.h>
#include <ngx_http_order_openapi.h>
#include <ngx_http_order_push.h>
#include <ngx_http_order_webhook.h>


#define NGX_HTTP_ORDER_ANY     (NGX_ORDER_CUSTOMER|NGX_ORDER_MANAGER         \
                                |NGX_ORDER_DRIVER|NGX_ORDER_ADMIN            \
                                |NGX_ORDER_SYSTEM)
#define NGX_HTTP_ORDER_BUYS    (NGX_ORDER_CUSTOMER|NGX_ORDER_ADMIN)
#define NGX_HTTP_ORDER_OWNS    (NGX_ORDER_MANAGER|NGX_ORDER_ADMIN)
#define NGX_HTTP_ORDER_SELLS   (NGX_ORDER_MANAGER|NGX_ORDER_ADMIN            \
                                |NGX_ORDER_SYSTEM)

/* a list; a standby may answer it */

#define NGX_HTTP_ORDER_LIST    (NGX_HTTP_ORDER_LISTED|NGX_HTTP_ORDER_REPLICA)


/*
 * The parameters of a function, by their number: the caller's id and role,
 * the fields; a route that is keyed has the key's fingerprint behind the key.
 */

#define NGX_HTTP_ORDER_2   "$1,$2"
#define NGX_HTTP_ORDER_3   NGX_HTTP_ORDER_2 ",$3"
#define NGX_HTTP_ORDER_4   NGX_HTTP_ORDER_3 ",$4"
#define NGX_HTTP_ORDER_5   NGX_HTTP_ORDER_4 ",$5"
#define NGX_HTTP_ORDER_6   NGX_HTTP_ORDER_5 ",$6"
#define NGX_HTTP_ORDER_7   NGX_HTTP_ORDER_6 ",$7"
#define NGX_HTTP_ORDER_8   NGX_HTTP_ORDER_7 ",$8"
#define NGX_HTTP_ORDER_9   NGX_HTTP_ORDER_8 ",$9"
#define NGX_HTTP_ORDER_10  NGX_HTTP_ORDER_9 ",$10"
#define NGX_HTTP_ORDER_11  NGX_HTTP_ORDER_10 ",$11"
#define NGX_HTTP_ORDER_12  NGX_HTTP_ORDER_11 ",$12"
#define NGX_HTTP_ORDER_13  NGX_HTTP_ORDER_12 ",$13"


/*
 * A row: method, path, what for, who, flags, fields, answer, and the function
 * api.NAME with so many parameters, on a lane.
 */

#define ngx_http_order_row(method, path, about, roles, flags, fields,        \
    answer, name, params, lane)                                              \
    ngx_http_order_only("", method, path, about, roles, flags, fields,       \
                        answer, name, name, params, lane)

/* one of several rows of one method and path, chosen by a body's member */

#define ngx_http_order_only(only, method, path, about, roles, flags,         \
    fields, answer, name, function, params, lane)                            \
    { NGX_HTTP_##method, ngx_string(path), ngx_string(only), about, roles,   \
      flags, ngx_http_order_##fields##_fields,                               \
      &ngx_http_order_answer_##answer, ngx_http_order_call_handler,          \
      { ngx_string(name),                                                    \
        ngx_string("select * from api." function "(" params ")"),            \
        NGX_ORDER_PG_##lane } }

/*
 * Two rows: below /orders the answer has S1's shape, below /api/orders S4's;
 * one function serves both, and is told which.
 */

#define ngx_http_order_both(method, path, about, roles, flags, fields,       \
    bare, answer, name, params, lane)                                        \
    ngx_http_order_only("", method, "/orders" path, about, roles, flags,     \
                        fields, bare, name "_bare", name,                    \
                        params ",'bare'", lane),                             \
    ngx_http_order_only("", method, "/api/orders" path, about, roles, flags, \
                        fields, answer, name, name,                          \
                        params ",'order'", lane)

/* two rows of one shape, at /path and at /api/path */

#define ngx_http_order_also(method, path, about, roles, flags, fields,       \
    answer, name, params, lane)                                              \
    ngx_http_order_row(method, path, about, roles, flags, fields, answer,    \
                       name, params, lane),                                  \
    ngx_http_order_only("", method, "/api" path, about, roles, flags,        \
                        fields, answer, name "_api", name, params, lane)

/* a row whose handler needs no function */

#define ngx_http_order_own(method, path, about, answer, name)                \
    { NGX_HTTP_##method, ngx_string(path), ngx_string(""), about, 0, 0,      \
      ngx_http_order_no_fields, &ngx_http_order_answer_##answer,             \
      ngx_http_order_##name##_handler,                                       \
      { ngx_string(#name), ngx_null_string, NGX_ORDER_PG_FILL } }

/* a row whose handler goes on telling */

#define ngx_http_order_stream(path, about, name, handler)                    \
    { NGX_HTTP_GET, ngx_string(path), ngx_string(""), about,                 \
      NGX_HTTP_ORDER_ANY, 0, ngx_http_order_##name##_fields,                 \
      &ngx_http_order_answer_##name, ngx_http_order_##handler##_handler,     \
      { ngx_string(#name), ngx_null_string, NGX_ORDER_PG_FILL } }

/* a row whose caller proves himself by a signature */

#define ngx_http_order_hook(source, about, params)                           \
    { NGX_HTTP_POST, ngx_string("/api/webhooks/" #source), ngx_string(""),   \
      about, 0, NGX_HTTP_ORDER_SIGNED, ngx_http_order_##source##_fields,     \
      &ngx_http_order_answer_received, ngx_http_order_webhook_handler,       \
      { ngx_string("receive_" #source "_event"),                             \
        ngx_string("select * from api.receive_" #source "_event("            \
                   params ")"),                                              \
        NGX_ORDER_PG_CALL } }


static ngx_int_t ngx_http_order_route_match(const ngx_str_t *path,
    const ngx_str_t *uri, ngx_str_t *params);
static size_t ngx_http_order_route_run(u_char *p, u_char *last, u_char c);


/* paths without parameters come before those that they would match */

const ngx_http_order_route_t  ngx_http_order_routes[] = {

    { NGX_HTTP_GET, ngx_string(NGX_HTTP_ORDER_STATUS_PATH ":order_id"),
      ngx_string(""), "the poll: where an order stands",
      NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_TAGGED,
      ngx_http_order_poll_fields, &ngx_http_order_answer_poll,
      ngx_http_order_status_handler,
      { ngx_string("order_status"), ngx_null_string, NGX_ORDER_PG_FILL } },

    /* push */

    ngx_http_order_stream("/api/orders/:order_id/events",
                          "changes of an order, as they happen",
                          order_events, events),

    ngx_http_order_stream("/api/events",
                          "changes of all that concerns the caller",
                          events, events),

    ngx_http_order_stream("/ws",
                          "a WebSocket, of changes and subscriptions",
                          ws, ws),

    /* signing in, browsing */

    { NGX_HTTP_POST, ngx_string("/api/auth/login"), ngx_string(""),
      "a token for an e-mail address and a password", 0, 0,
      ngx_http_order_login_fields, &ngx_http_order_answer_login,
      ngx_http_order_login_handler,
      { ngx_string("login"),
        ngx_string("select * from api.login(" NGX_HTTP_ORDER_4 ")"),
        NGX_ORDER_PG_SLOW } },

    ngx_http_order_own(POST, "/api/auth/logout", "lets go of the cookie",
                       success, logout),

    ngx_http_order_row(GET, "/api/auth/me", "who the caller is",
                       NGX_HTTP_ORDER_ANY, 0, no, me,
                       "get_user", NGX_HTTP_ORDER_2, FILL),

    ngx_http_order_own(GET, "/api/openapi.json", "this document",
                       openapi, openapi),

    ngx_http_order_row(GET, "/api/stores", "stores that sell",
                       0, NGX_HTTP_ORDER_LIST, page, stores,
                       "list_stores", NGX_HTTP_ORDER_4, SLOW),

    ngx_http_order_row(GET, "/api/products", "products that are sold",
                       0, NGX_HTTP_ORDER_LIST, products, products,
                       "list_products", NGX_HTTP_ORDER_5, SLOW),

    ngx_http_order_row(GET, "/api/products/:id", "one product",
                       0, 0, id, product,
                       "get_product", NGX_HTTP_ORDER_3, FILL),

    ngx_http_order_row(GET, "/api/workflows/:name", "a status flow",
                       0, 0, workflow, workflow,
                       "get_workflow", NGX_HTTP_ORDER_3, FILL),

    /* the cart, and placing an order */

    ngx_http_order_also(POST, "/cart-items", "puts a product into a cart",
                        NGX_HTTP_ORDER_BUYS, NGX_HTTP_ORDER_KEYED,
                        cart_add, cart_added,
                        "add_cart_item", NGX_HTTP_ORDER_9, CALL),

    ngx_http_order_also(GET, "/cart-items", "the caller's cart",
                        NGX_HTTP_ORDER_BUYS, 0, no, cart,
                        "list_cart_items", NGX_HTTP_ORDER_2, FILL),

    ngx_http_order_also(PATCH, "/cart-items/:id", "changes a quantity",
                        NGX_HTTP_ORDER_BUYS, 0, cart_update, cart_item,
                        "update_cart_item", NGX_HTTP_ORDER_4, CALL),

    ngx_http_order_also(DELETE, "/cart-items/:id", "takes a line out",
                        NGX_HTTP_ORDER_BUYS, 0, id, nothing,
                        "delete_cart_item", NGX_HTTP_ORDER_3, CALL),

    ngx_http_order_row(POST, "/api/place-order", "places an order",
                       NGX_ORDER_CUSTOMER, NGX_HTTP_ORDER_KEYED,
                       place, placed,
                       "place_order", NGX_HTTP_ORDER_8, CALL),

    ngx_http_order_row(POST, "/orders", "orders one product",
                       NGX_HTTP_ORDER_BUYS, NGX_HTTP_ORDER_KEYED,
                       create, bare_created,
                       "create_order", NGX_HTTP_ORDER_12 ",'bare'", CALL),

    ngx_http_order_only("checkoutData", POST, "/api/orders",
                        "an order from a payment",
                        NGX_HTTP_ORDER_BUYS,
                        NGX_HTTP_ORDER_KEYED|NGX_HTTP_ORDER_PAID,
                        paid, paid,
                        "create_paid_order", "create_paid_order",
                        NGX_HTTP_ORDER_6, CALL),

    ngx_http_order_only("product_id", POST, "/api/orders",
                        "orders one product",
                        NGX_HTTP_ORDER_BUYS, NGX_HTTP_ORDER_KEYED,
                        create, full_created,
                        "create_order_api", "create_order",
                        NGX_HTTP_ORDER_12 ",'order'", CALL),

    ngx_http_order_only("store_id", POST, "/api/orders",
                        "the cart becomes one order",
                        NGX_ORDER_CUSTOMER, NGX_HTTP_ORDER_KEYED,
                        from_cart, from_cart,
                        "place_cart_order", "place_cart_order",
                        NGX_HTTP_ORDER_8, CALL),

    ngx_http_order_both(POST, "/checkout",
                        "each line of the cart becomes an order",
                        NGX_HTTP_ORDER_BUYS, NGX_HTTP_ORDER_KEYED,
                        checkout, bare_checkout, checkout,
                        "checkout", NGX_HTTP_ORDER_8, CALL),

    /* reading */

    ngx_http_order_both(GET, "", "orders, by the caller's role",
                        NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_LIST,
                        list, bare_list, list,
                        "list_orders", NGX_HTTP_ORDER_7, SLOW),

    ngx_http_order_both(GET, "/user/:user_id", "what a user ordered",
                        NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_LIST,
                        user_list, bare_list, list,
                        "list_user_orders", NGX_HTTP_ORDER_7, SLOW),

    ngx_http_order_row(GET, "/orders/user/:user_id/stats",
                       "how many orders, and what they come to",
                       NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_REPLICA,
                       user, stats,
                       "get_user_stats", NGX_HTTP_ORDER_3, SLOW),

    ngx_http_order_only("", GET, "/api/orders/user/:user_id/stats",
                        "how many orders, and what they come to",
                        NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_REPLICA,
                        user, stats,
                        "get_user_stats_api", "get_user_stats",
                        NGX_HTTP_ORDER_3, SLOW),

    ngx_http_order_row(GET, "/api/orders/buyer/:buyerId",
                       "what somebody bought",
                       NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_LIST,
                       buyer, list,
                       "list_buyer_orders", NGX_HTTP_ORDER_9, SLOW),

    ngx_http_order_row(GET, "/api/orders/seller/:sellerId",
                       "what somebody sold",
                       NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_LIST,
                       seller, list,
                       "list_seller_orders", NGX_HTTP_ORDER_9, SLOW),

    ngx_http_order_row(GET, "/api/orders/search", "full-text search",
                       NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_LIST,
                       search, found,
                       "search_orders", NGX_HTTP_ORDER_11, SLOW),

    ngx_http_order_row(GET, "/api/user-orders-detailed",
                       "the caller's orders, with items and timeline",
                       NGX_HTTP_ORDER_BUYS, NGX_HTTP_ORDER_LIST,
                       page, detailed,
                       "list_user_orders_detailed", NGX_HTTP_ORDER_4, SLOW),

    ngx_http_order_both(GET, "/:order_id", "one order",
                        NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_TAGGED,
                        order, bare, full,
                        "get_order", NGX_HTTP_ORDER_3, FILL),

    ngx_http_order_row(GET, "/api/orders/:order_id/timeline",
                       "the statuses that an order had",
                       NGX_HTTP_ORDER_ANY, 0, order, timeline,
                       "get_order_timeline", NGX_HTTP_ORDER_3, FILL),

    ngx_http_order_row(GET, "/api/orders/:order_id/history",
                       "who changed an order's status, when and why",
                       NGX_HTTP_ORDER_ANY, 0, order, history,
                       "get_order_history", NGX_HTTP_ORDER_3, FILL),

    ngx_http_order_row(GET, "/api/orders/:order_id/tracking",
                       "where an order is, and what was told of it",
                       NGX_HTTP_ORDER_ANY, 0, order, tracking,
                       "get_order_tracking", NGX_HTTP_ORDER_3, FILL),

    /* changing */

    ngx_http_order_row(PUT, "/api/orders/:order_id",
                       "status, comments, discount",
                       NGX_HTTP_ORDER_SELLS,
                       NGX_HTTP_ORDER_MATCHED|NGX_HTTP_ORDER_TAGGED,
                       change, full,
                       "update_order", NGX_HTTP_ORDER_7, CALL),

    ngx_http_order_row(PUT, "/api/orders/:order_id/status",
                       "moves an order on, with its shipment",
                       NGX_HTTP_ORDER_ANY,
                       NGX_HTTP_ORDER_MATCHED|NGX_HTTP_ORDER_TAGGED,
                       set_status, status,
                       "set_order_status", NGX_HTTP_ORDER_11, CALL),

    ngx_http_order_both(PATCH, "/:order_id", "status, notes, address",
                        NGX_HTTP_ORDER_BUYS|NGX_HTTP_ORDER_SELLS,
                        NGX_HTTP_ORDER_MATCHED|NGX_HTTP_ORDER_TAGGED,
                        patch, bare, full,
                        "patch_order", NGX_HTTP_ORDER_7, CALL),

    ngx_http_order_both(PATCH, "/:order_id/cancel", "cancels an order",
                        NGX_HTTP_ORDER_BUYS|NGX_HTTP_ORDER_SELLS,
                        NGX_HTTP_ORDER_MATCHED|NGX_HTTP_ORDER_TAGGED,
                        cancel, bare, full,
                        "cancel_order", NGX_HTTP_ORDER_5, CALL),

    ngx_http_order_row(DELETE, "/orders/:order_id", "deletes an order",
                       NGX_HTTP_ORDER_BUYS, NGX_HTTP_ORDER_MATCHED,
                       delete, nothing,
                       "delete_order", NGX_HTTP_ORDER_4, CALL),

    ngx_http_order_only("", DELETE, "/api/orders/:order_id",
                        "deletes an order",
                        NGX_HTTP_ORDER_BUYS, NGX_HTTP_ORDER_MATCHED,
                        delete, nothing,
                        "delete_order_api", "delete_order",
                        NGX_HTTP_ORDER_4, CALL),

    ngx_http_order_row(POST, "/api/orders/:order_id/dispute",
                       "the buyer complains",
                       NGX_ORDER_CUSTOMER, NGX_HTTP_ORDER_KEYED,
                       dispute, disputed,
                       "dispute_order", NGX_HTTP_ORDER_8, CALL),

    /* the role is checked last here: S2's security flow */

    ngx_http_order_row(POST, "/seller/update-order-status",
                       "moves an order on, by its seller",
                       NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_MATCHED,
                       update, updated,
                       "update_order_status", NGX_HTTP_ORDER_5, CALL),

    ngx_http_order_only("", POST, "/seller/update-status",
                        "moves an order on, by its seller",
                        NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_MATCHED,
                        update, updated,
                        "update_order_status_short", "update_order_status",
                        NGX_HTTP_ORDER_5, CALL),

    /* managers and drivers */

    ngx_http_order_row(GET, "/api/manager/orders",
                       "the orders of the caller's stores",
                       NGX_ORDER_MANAGER, NGX_HTTP_ORDER_LIST,
                       manager, manager,
                       "list_manager_orders", NGX_HTTP_ORDER_5, SLOW),

    ngx_http_order_row(PUT, "/api/manager/orders/:order_id",
                       "accepts or moves an order on",
                       NGX_ORDER_MANAGER, NGX_HTTP_ORDER_MATCHED,
                       manage, managed,
                       "update_manager_order", NGX_HTTP_ORDER_5, CALL),

    ngx_http_order_row(GET, "/api/driver/requests",
                       "tasks that nobody has accepted",
                       NGX_ORDER_DRIVER, NGX_HTTP_ORDER_LIST,
                       page, tasks,
                       "list_driver_requests", NGX_HTTP_ORDER_4, SLOW),

    ngx_http_order_row(GET, "/api/driver/tasks", "the caller's tasks",
                       NGX_ORDER_DRIVER, NGX_HTTP_ORDER_LIST,
                       tasks, tasks,
                       "list_driver_tasks", NGX_HTTP_ORDER_5, SLOW),

    ngx_http_order_row(PUT, "/api/driver/tasks/:id",
                       "accepts or rejects a task",
                       NGX_ORDER_DRIVER, 0, task, task,
                       "answer_driver_task", NGX_HTTP_ORDER_4, CALL),

    ngx_http_order_row(PUT, "/api/driver/tasks/:id/status",
                       "moves a task on",
                       NGX_ORDER_DRIVER, 0, task_status, task,
                       "update_driver_task", NGX_HTTP_ORDER_4, CALL),

    /* notifications, analytics */

    ngx_http_order_row(GET, "/api/notifications",
                       "what the caller was told",
                       NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_LIST,
                       notifications, notifications,
                       "list_notifications", NGX_HTTP_ORDER_6, SLOW),

    ngx_http_order_row(POST, "/api/notifications/read-all",
                       "marks all as read",
                       NGX_HTTP_ORDER_ANY, 0, no, success,
                       "read_all_notifications", NGX_HTTP_ORDER_2, CALL),

    ngx_http_order_row(PATCH, "/api/notifications/:id", "marks one as read",
                       NGX_HTTP_ORDER_ANY, 0, read, notification,
                       "read_notification", NGX_HTTP_ORDER_4, CALL),

    ngx_http_order_row(GET, "/api/analytics/orders", "S4's Key Metrics",
                       NGX_HTTP_ORDER_OWNS, NGX_HTTP_ORDER_REPLICA,
                       analytics, analytics,
                       "get_order_analytics", NGX_HTTP_ORDER_5, SLOW),

    /* webhooks out */

    ngx_http_order_row(POST, "/api/webhook-endpoints",
                       "an endpoint that is told of orders",
                       NGX_HTTP_ORDER_OWNS, NGX_HTTP_ORDER_KEYED,
                       endpoint_add, endpoint_added,
                       "create_webhook_endpoint", NGX_HTTP_ORDER_8, CALL),

    ngx_http_order_row(GET, "/api/webhook-endpoints",
                       "the endpoints of the caller's stores",
                       NGX_HTTP_ORDER_OWNS, NGX_HTTP_ORDER_LIST,
                       products, endpoints,
                       "list_webhook_endpoints", NGX_HTTP_ORDER_5, SLOW),

    ngx_http_order_row(GET, "/api/webhook-endpoints/:id", "one endpoint",
                       NGX_HTTP_ORDER_OWNS, 0, id, endpoint,
                       "get_webhook_endpoint", NGX_HTTP_ORDER_3, FILL),

    ngx_http_order_row(PATCH, "/api/webhook-endpoints/:id",
                       "changes an endpoint, or switches it on or off",
                       NGX_HTTP_ORDER_OWNS, 0, endpoint_change, endpoint,
                       "update_webhook_endpoint", NGX_HTTP_ORDER_7, CALL),

    ngx_http_order_row(DELETE, "/api/webhook-endpoints/:id",
                       "deletes an endpoint",
                       NGX_HTTP_ORDER_OWNS, 0, id, nothing,
                       "delete_webhook_endpoint", NGX_HTTP_ORDER_3, CALL),

    ngx_http_order_row(POST, "/api/webhook-endpoints/:id/secret",
                       "a new secret",
                       NGX_HTTP_ORDER_OWNS, NGX_HTTP_ORDER_KEYED,
                       endpoint_act, endpoint_secret,
                       "rotate_webhook_secret", NGX_HTTP_ORDER_5, CALL),

    ngx_http_order_row(POST, "/api/webhook-endpoints/:id/test",
                       "sends a test event",
                       NGX_HTTP_ORDER_OWNS, NGX_HTTP_ORDER_KEYED,
                       endpoint_act, delivery_added,
                       "test_webhook_endpoint", NGX_HTTP_ORDER_5, CALL),

    ngx_http_order_row(GET, "/api/webhook-endpoints/:id/deliveries",
                       "what was sent to an endpoint, and what waits",
                       NGX_HTTP_ORDER_OWNS, NGX_HTTP_ORDER_LIST,
                       deliveries, deliveries,
                       "list_webhook_deliveries", NGX_HTTP_ORDER_6, SLOW),

    ngx_http_order_row(POST, "/api/webhook-deliveries/:id/retry",
                       "sends it again",
                       NGX_HTTP_ORDER_OWNS, 0, id, delivery,
                       "retry_webhook_delivery", NGX_HTTP_ORDER_3, CALL),

    /* events of providers: user, role, event, fields */

    ngx_http_order_hook(payment, "an event of the payment provider",
                        NGX_HTTP_ORDER_13),
    ngx_http_order_hook(escrow, "an event of the escrow contract",
                        NGX_HTTP_ORDER_10),
    ngx_http_order_hook(shipping, "an event of the carrier",
                        NGX_HTTP_ORDER_10),

    { 0, ngx_null_string, ngx_null_string, NULL, 0, 0, NULL, NULL, NULL,
      { ngx_null_string, ngx_null_string, NGX_ORDER_PG_FILL } }
};


/* each has counters, and so have requests that no route has */

typedef char  ngx_http_order_routes_fit[
    sizeof(ngx_http_order_routes) / sizeof(ngx_http_order_route_t)
    <= NGX_ORDER_METRICS_OPERATIONS ? 1 : -1];


ngx_int_t
ngx_http_order_route(const ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    ngx_uint_t *allowed)
{
    ngx_uint_t                     method;
    const ngx_http_order_route_t  *route, *first;

    *allowed = 0;

    for (first = ngx_http_order_routes; first->path.len; first++) {
        if (ngx_http_order_route_match(&first->path, &r->uri, ctx->params)
            == NGX_OK)
        {
            break;
        }
    }

    method = r->method == NGX_HTTP_HEAD ? NGX_HTTP_GET : r->method;

    for (route = first; route->path.len; route++) {

        if (route->path.len != first->path.len
            || ngx_memcmp(route->path.data, first->path.data,
                          first->path.len)
               != 0)
        {
            continue;
        }

        if (route->method == method) {
            ctx->route = route;
            return NGX_OK;
        }

        *allowed |= route->method;
    }

    return *allowed ? NGX_ABORT : NGX_DECLINED;
}


const ngx_http_order_route_t *
ngx_http_order_route_next(const ngx_http_order_route_t *route)
{
    const ngx_http_order_route_t  *next;

    for (next = route + 1; next->path.len; next++) {

        if (next->method == route->method
            && next->path.len == route->path.len
            && ngx_memcmp(next->path.data, route->path.data, next->path.len)
               == 0)
        {
            return next;
        }
    }

    return NULL;
}


/* A segment that begins with a colon takes one whole segment of the URI. */

static ngx_int_t
ngx_http_order_route_match(const ngx_str_t *path, const ngx_str_t *uri,
    ngx_str_t *params)
{
    size_t   len;
    u_char  *p, *u, *path_end, *uri_end;

    p = path->data;
    u = uri->data;
    path_end = p + path->len;
    uri_end = u + uri->len;

    for ( ;; ) {
        len = ngx_http_order_route_run(p, path_end, ':');

        if (len > (size_t) (uri_end - u) || ngx_memcmp(p, u, len) != 0) {
            return NGX_DECLINED;
        }

        p += len;
        u += len;

        if (p == path_end) {
            return u == uri_end ? NGX_OK : NGX_DECLINED;
        }

        params->data = u;
        params->len = ngx_http_order_route_run(u, uri_end, '/');

        if (params->len == 0) {
            return NGX_DECLINED;
        }

        u += params->len;
        p += ngx_http_order_route_run(p, path_end, '/');
        params++;
    }
}


/* how many bytes there are before that character, or to the end */

static size_t
ngx_http_order_route_run(u_char *p, u_char *last, u_char c)
{
    u_char  *end;

    end = memchr(p, c, (size_t) (last - p));

    return (size_t) ((end ? end : last) - p);
}
