
/*
 * What is counted of requests, when they are answered.
 */


#include <ngx_http_order_count.h>
#include <ngx_http_order_route.h>
#include <ngx_http_order_status.h>


typedef struct {
    ngx_str_t            name;             /* as SQL has it */
    ngx_order_webhook_e  result;
} ngx_http_order_outcome_t;


static void ngx_http_order_count_event(const ngx_http_order_ctx_t *ctx,
    ngx_order_webhook_e result);


static const ngx_order_poll_e  ngx_http_order_count_found[] = {
    NGX_ORDER_POLL_HIT,                    /* as ngx_http_order_cache_e */
    NGX_ORDER_POLL_HIT,
    NGX_ORDER_POLL_MISS,
    NGX_ORDER_POLL_STALE,
    NGX_ORDER_POLL_EXPIRED
};


static const ngx_http_order_outcome_t  ngx_http_order_count_outcomes[] = {
    { ngx_string("applied\""), NGX_ORDER_WEBHOOK_APPLIED },
    { ngx_string("late\""), NGX_ORDER_WEBHOOK_LATE },
    { ngx_string("ignored\""), NGX_ORDER_WEBHOOK_IGNORED },
    { ngx_string("duplicate\""), NGX_ORDER_WEBHOOK_REPEATED },
    { ngx_null_string, NGX_ORDER_WEBHOOKS }
};


/* each is the end of a route's path */

const char  *ngx_http_order_count_sources[] = {
    "payment", "escrow", "shipping", NULL
};


uint32_t
ngx_http_order_count_variant(void)
{
    uint32_t                       crc;
    const ngx_http_order_route_t  *route;

    ngx_crc32_init(crc);

    for (route = ngx_http_order_routes; route->path.len; route++) {
        ngx_crc32_update(&crc, route->statement.name.data,
                         route->statement.name.len + 1);
    }

    ngx_crc32_final(crc);

    return crc;
}


/* What another location answers is no affair of ours. */

void
ngx_http_order_count(const ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_uint_t                        n;
    const ngx_http_order_ctx_t       *ctx;
    const ngx_http_order_loc_conf_t  *olcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_order_module);
    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);

    if (ctx == NULL || !olcf->api) {
        return;
    }

    n = NGX_HTTP_ORDER_COUNT_NONE;

    if (ctx->route) {

        if (ctx->route->handler == ngx_http_order_status_handler) {
            ngx_http_order_count_poll(ctx, status);
            return;
        }

        if ((ctx->route->flags & NGX_HTTP_ORDER_SIGNED) && status / 100 == 4) {
            ngx_http_order_count_event(ctx, NGX_ORDER_WEBHOOK_REFUSED);
        }

        n = ctx->route - ngx_http_order_routes;
    }

    ngx_order_metrics_add(ngx_http_order_count_of(n) + status / 100 - 1, 1);
}


void
ngx_http_order_count_poll(const ngx_http_order_ctx_t *ctx, ngx_uint_t status)
{
    ngx_order_poll_e  result;

    switch (status) {

    case NGX_HTTP_OK:
        result = ngx_http_order_count_found[ctx->cache];
        break;

    case NGX_HTTP_NOT_MODIFIED:
        result = NGX_ORDER_POLL_NOT_MODIFIED;
        break;

    case NGX_HTTP_UNAUTHORIZED:
        result = NGX_ORDER_POLL_UNAUTHORIZED;
        break;

    case NGX_HTTP_FORBIDDEN:
        result = NGX_ORDER_POLL_FORBIDDEN;
        break;

    case NGX_HTTP_NOT_FOUND:
        result = NGX_ORDER_POLL_NOT_FOUND;
        break;

    default:
        result = status < NGX_HTTP_INTERNAL_SERVER_ERROR
                 ? NGX_ORDER_POLL_BAD_REQUEST : NGX_ORDER_POLL_UNAVAILABLE;
    }

    ngx_order_metrics_add(NGX_ORDER_METRICS_POLL + result, 1);
}


void
ngx_http_order_count_webhook(const ngx_http_order_ctx_t *ctx,
    const ngx_str_t *body)
{
    u_char                          *p, *last;
    const ngx_http_order_outcome_t  *outcome;

    static const char  member[] = "\"outcome\":\"";

    last = body->data + body->len;
    p = ngx_strlcasestrn(body->data, last, (u_char *) member,
                         sizeof(member) - 2);
    if (p == NULL) {
        return;
    }

    p += sizeof(member) - 1;

    for (outcome = ngx_http_order_count_outcomes; outcome->name.len; outcome++)
    {
        if ((size_t) (last - p) >= outcome->name.len
            && ngx_memcmp(p, outcome->name.data, outcome->name.len) == 0)
        {
            ngx_http_order_count_event(ctx, outcome->result);
            return;
        }
    }
}


static void
ngx_http_order_count_event(const ngx_http_order_ctx_t *ctx,
    ngx_order_webhook_e result)
{
    size_t            len;
    ngx_uint_t        i;
    const char       *source;
    const ngx_str_t  *path;

    path = &ctx->route->path;

    for (i = 0; ngx_http_order_count_sources[i]; i++) {
        source = ngx_http_order_count_sources[i];
        len = ngx_strlen(source);

        if (path->len > len
            && ngx_memcmp(path->data + path->len - len, source, len) == 0)
        {
            ngx_order_metrics_add(NGX_ORDER_METRICS_WEBHOOK
                                  + i * NGX_ORDER_WEBHOOKS + result, 1);
            return;
        }
    }
}
