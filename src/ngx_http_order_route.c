
/*
 * The route table.
 *
 * Adding an endpoint is one row here and one function in SQL: the fields are
 * the function's parameters, behind the caller's id and role.
 */


#include <ngx_http_order_route.h>
#include <ngx_http_order_status.h>
#include <ngx_http_order_call.h>
#include <ngx_http_order_login.h>


#define NGX_HTTP_ORDER_ANY   (NGX_ORDER_CUSTOMER|NGX_ORDER_MANAGER           \
                              |NGX_ORDER_DRIVER|NGX_ORDER_ADMIN              \
                              |NGX_ORDER_SYSTEM)


/*
 * api.NAME(user, role, fields ...), with the parameters from $1 on; a route
 * that is keyed has the key's fingerprint behind the key
 */

#define ngx_http_order_call(name, params, lane)                              \
    ngx_http_order_call_handler,                                             \
    { ngx_string(name), ngx_string("select * from api." name params), lane }


/* name, place, type, required, min, max, words, fields */

#define ngx_http_order_last                                                  \
    { ngx_null_string, NGX_ORDER_IN_BODY, NGX_ORDER_TEXT, 0, 0, 0, NULL,     \
      NULL }

#define ngx_http_order_key                                                   \
    { ngx_string("Idempotency-Key"), NGX_ORDER_IN_HEADER, NGX_ORDER_TEXT,    \
      0, 1, 255, NULL, NULL }

#define ngx_http_order_match                                                 \
    { ngx_string("If-Match"), NGX_ORDER_IN_HEADER, NGX_ORDER_TEXT,           \
      0, 1, 255, NULL, NULL }

#define ngx_http_order_page                                                  \
    { ngx_string("limit"), NGX_ORDER_IN_QUERY, NGX_ORDER_INTEGER,            \
      0, 1, 100, NULL, NULL },                                               \
    { ngx_string("cursor"), NGX_ORDER_IN_QUERY, NGX_ORDER_TEXT,              \
      0, 1, 255, NULL, NULL }


static ngx_int_t ngx_http_order_route_match(const ngx_str_t *path,
    const ngx_str_t *uri, ngx_str_t *params);
static size_t ngx_http_order_route_run(u_char *p, u_char *last, u_char c);


static const ngx_order_field_t  ngx_http_order_poll_fields[] = {
    { ngx_string("order_id"), NGX_ORDER_IN_PATH, NGX_ORDER_UUID_OR_NUMBER,
      1, 0, 0, NULL, NULL },
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_no_fields[] = {
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_login_fields[] = {
    { ngx_string("email"), NGX_ORDER_IN_BODY, NGX_ORDER_EMAIL,
      1, 3, 254, NULL, NULL },
    { ngx_string("password"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      1, 1, 72, NULL, NULL },
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_page_fields[] = {
    ngx_http_order_page,
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_products_fields[] = {
    { ngx_string("store"), NGX_ORDER_IN_QUERY, NGX_ORDER_UUID,
      0, 0, 0, NULL, NULL },
    ngx_http_order_page,
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_id_fields[] = {
    { ngx_string("id"), NGX_ORDER_IN_PATH, NGX_ORDER_UUID,
      1, 0, 0, NULL, NULL },
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_workflow_fields[] = {
    { ngx_string("name"), NGX_ORDER_IN_PATH, NGX_ORDER_TEXT,
      1, 1, 30, NULL, NULL },
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_cart_add_fields[] = {
    ngx_http_order_key,
    { ngx_string("user_id"), NGX_ORDER_IN_BODY, NGX_ORDER_UUID,
      0, 0, 0, NULL, NULL },
    { ngx_string("product_id"), NGX_ORDER_IN_BODY, NGX_ORDER_UUID,
      1, 0, 0, NULL, NULL },
    { ngx_string("quantity"), NGX_ORDER_IN_BODY, NGX_ORDER_INTEGER,
      1, 1, 1000000, NULL, NULL },
    { ngx_string("size"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      0, 1, 50, NULL, NULL },
    { ngx_string("color"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      0, 1, 50, NULL, NULL },
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_cart_update_fields[] = {
    { ngx_string("id"), NGX_ORDER_IN_PATH, NGX_ORDER_UUID,
      1, 0, 0, NULL, NULL },
    { ngx_string("quantity"), NGX_ORDER_IN_BODY, NGX_ORDER_INTEGER,
      1, 1, 1000000, NULL, NULL },
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_items_fields[] = {
    { ngx_string("product_id"), NGX_ORDER_IN_BODY, NGX_ORDER_UUID,
      1, 0, 0, NULL, NULL },
    { ngx_string("quantity"), NGX_ORDER_IN_BODY, NGX_ORDER_INTEGER,
      1, 1, 1000000, NULL, NULL },
    { ngx_string("size"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      0, 1, 50, NULL, NULL },
    { ngx_string("color"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      0, 1, 50, NULL, NULL },
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_address_fields[] = {
    { ngx_string("name"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      1, 1, 200, NULL, NULL },
    { ngx_string("street"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      1, 1, 200, NULL, NULL },
    { ngx_string("city"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      1, 1, 100, NULL, NULL },
    { ngx_string("state"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      0, 1, 100, NULL, NULL },
    { ngx_string("zipCode"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      0, 1, 20, NULL, NULL },
    { ngx_string("country"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      0, 2, 60, NULL, NULL },
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_place_fields[] = {
    ngx_http_order_key,
    { ngx_string("items"), NGX_ORDER_IN_BODY, NGX_ORDER_ARRAY,
      0, 1, 100, NULL, ngx_http_order_items_fields },
    { ngx_string("payment_method"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      1, 1, 20, NULL, NULL },
    { ngx_string("shipping_address"), NGX_ORDER_IN_BODY, NGX_ORDER_OBJECT,
      0, 0, 4096, NULL, ngx_http_order_address_fields },
    { ngx_string("notes"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      0, 1, 2000, NULL, NULL },
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_update_fields[] = {
    ngx_http_order_match,
    { ngx_string("order_id"), NGX_ORDER_IN_BODY, NGX_ORDER_UUID_OR_NUMBER,
      1, 0, 0, NULL, NULL },
    { ngx_string("new_status"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT,
      1, 1, 30, NULL, NULL },
    ngx_http_order_last
};


static const ngx_http_order_route_t  ngx_http_order_routes[] = {

    { NGX_HTTP_GET, ngx_string(NGX_HTTP_ORDER_STATUS_PATH ":order_id"),
      NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_TAGGED,
      ngx_http_order_poll_fields,
      ngx_http_order_status_handler,
      { ngx_null_string, ngx_null_string, NGX_ORDER_PG_FILL } },

    { NGX_HTTP_POST, ngx_string("/api/auth/login"),
      0, 0, ngx_http_order_login_fields,
      ngx_http_order_login_handler,
      { ngx_string("login"),
        ngx_string("select * from api.login($1,$2,$3,$4)"),
        NGX_ORDER_PG_SLOW } },

    { NGX_HTTP_GET, ngx_string("/api/stores"),
      0, NGX_HTTP_ORDER_LISTED, ngx_http_order_page_fields,
      ngx_http_order_call("list_stores", "($1,$2,$3,$4)",
                          NGX_ORDER_PG_SLOW) },

    { NGX_HTTP_GET, ngx_string("/api/products"),
      0, NGX_HTTP_ORDER_LISTED, ngx_http_order_products_fields,
      ngx_http_order_call("list_products", "($1,$2,$3,$4,$5)",
                          NGX_ORDER_PG_SLOW) },

    { NGX_HTTP_GET, ngx_string("/api/products/:id"),
      0, 0, ngx_http_order_id_fields,
      ngx_http_order_call("get_product", "($1,$2,$3)",
                          NGX_ORDER_PG_FILL) },

    { NGX_HTTP_GET, ngx_string("/api/workflows/:name"),
      0, 0, ngx_http_order_workflow_fields,
      ngx_http_order_call("get_workflow", "($1,$2,$3)",
                          NGX_ORDER_PG_FILL) },

    { NGX_HTTP_POST, ngx_string("/cart-items"),
      NGX_ORDER_CUSTOMER|NGX_ORDER_ADMIN, NGX_HTTP_ORDER_KEYED,
      ngx_http_order_cart_add_fields,
      ngx_http_order_call("add_cart_item", "($1,$2,$3,$4,$5,$6,$7,$8,$9)",
                          NGX_ORDER_PG_CALL) },

    { NGX_HTTP_GET, ngx_string("/cart-items"),
      NGX_ORDER_CUSTOMER|NGX_ORDER_ADMIN, 0, ngx_http_order_no_fields,
      ngx_http_order_call("list_cart_items", "($1,$2)",
                          NGX_ORDER_PG_FILL) },

    { NGX_HTTP_PATCH, ngx_string("/cart-items/:id"),
      NGX_ORDER_CUSTOMER|NGX_ORDER_ADMIN, 0,
      ngx_http_order_cart_update_fields,
      ngx_http_order_call("update_cart_item", "($1,$2,$3,$4)",
                          NGX_ORDER_PG_CALL) },

    { NGX_HTTP_DELETE, ngx_string("/cart-items/:id"),
      NGX_ORDER_CUSTOMER|NGX_ORDER_ADMIN, 0, ngx_http_order_id_fields,
      ngx_http_order_call("delete_cart_item", "($1,$2,$3)",
                          NGX_ORDER_PG_CALL) },

    { NGX_HTTP_POST, ngx_string("/api/place-order"),
      NGX_ORDER_CUSTOMER, NGX_HTTP_ORDER_KEYED,
      ngx_http_order_place_fields,
      ngx_http_order_call("place_order", "($1,$2,$3,$4,$5,$6,$7,$8)",
                          NGX_ORDER_PG_CALL) },

    { NGX_HTTP_GET, ngx_string("/api/orders/:order_id"),
      NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_TAGGED,
      ngx_http_order_poll_fields,
      ngx_http_order_call("get_order", "($1,$2,$3)",
                          NGX_ORDER_PG_FILL) },

    { NGX_HTTP_GET, ngx_string("/api/user-orders-detailed"),
      NGX_ORDER_CUSTOMER|NGX_ORDER_ADMIN, NGX_HTTP_ORDER_LISTED,
      ngx_http_order_page_fields,
      ngx_http_order_call("list_user_orders_detailed", "($1,$2,$3,$4)",
                          NGX_ORDER_PG_SLOW) },

    /* the role is checked last here: S2's security flow */

    { NGX_HTTP_POST, ngx_string("/seller/update-order-status"),
      NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_MATCHED,
      ngx_http_order_update_fields,
      ngx_http_order_call("update_order_status", "($1,$2,$3,$4,$5)",
                          NGX_ORDER_PG_CALL) },

    { NGX_HTTP_POST, ngx_string("/seller/update-status"),
      NGX_HTTP_ORDER_ANY, NGX_HTTP_ORDER_MATCHED,
      ngx_http_order_update_fields,
      ngx_http_order_call("update_order_status", "($1,$2,$3,$4,$5)",
                          NGX_ORDER_PG_CALL) },

    { 0, ngx_null_string, 0, 0, ngx_http_order_no_fields, NULL,
      { ngx_null_string, ngx_null_string, NGX_ORDER_PG_FILL } }
};


ngx_int_t
ngx_http_order_route(const ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    ngx_uint_t *allowed)
{
    ngx_str_t                      uri;
    ngx_uint_t                     method;
    const ngx_http_order_route_t  *route;

    uri = r->uri;
    *allowed = 0;

    if (uri.len >= sizeof("/api/cart-items") - 1
        && ngx_strncmp(uri.data, "/api/cart-items",
                       sizeof("/api/cart-items") - 1)
           == 0)
    {
        uri.data += sizeof("/api") - 1;
        uri.len -= sizeof("/api") - 1;
    }

    method = r->method == NGX_HTTP_HEAD ? NGX_HTTP_GET : r->method;

    for (route = ngx_http_order_routes; route->path.len; route++) {

        if (ngx_http_order_route_match(&route->path, &uri, ctx->params)
            != NGX_OK)
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
