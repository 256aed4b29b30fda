
/*
 * Webhooks: the signature is verified over the body as it came, before
 * anything in it is read.
 *
 * Neither the body nor a signature is ever logged.
 */


#include <ngx_http_order_webhook.h>
#include <ngx_http_order_call.h>
#include <ngx_http_order_count.h>
#include <ngx_http_order_identity.h>
#include <ngx_http_order_route.h>
#include <ngx_order_row.h>
#include <ngx_order_webhook.h>


static const ngx_array_t *ngx_http_order_webhook_secrets(
    ngx_http_request_t *r, const ngx_http_order_ctx_t *ctx);
static const ngx_http_order_problem_t *ngx_http_order_webhook_check(
    ngx_http_order_call_t *call);
static ngx_int_t ngx_http_order_webhook_answer(ngx_http_order_call_t *call);
static ngx_str_t ngx_http_order_webhook_header(ngx_http_request_t *r,
    const char *name);


ngx_int_t
ngx_http_order_webhook_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx)
{
    if (ngx_http_order_webhook_secrets(r, ctx) == NULL) {
        return ngx_http_order_reply_problem(r, &ngx_http_order_no_route,
                                            NULL, NULL);
    }

    return ngx_http_order_call_start(r, ctx, ngx_http_order_webhook_check,
                                     ngx_http_order_webhook_answer);
}


/* The source is the last segment of the route's path. */

static const ngx_array_t *
ngx_http_order_webhook_secrets(ngx_http_request_t *r,
    const ngx_http_order_ctx_t *ctx)
{
    u_char                                 *p, *last;
    ngx_str_t                               name;
    const ngx_http_order_loc_conf_t        *olcf;
    const ngx_http_order_webhook_source_t  *source;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);

    if (olcf->webhook_secrets == NULL) {
        return NULL;
    }

    last = ctx->route->path.data + ctx->route->path.len;

    for (p = last; p[-1] != '/'; p--) { /* void */ }

    name.data = p;
    name.len = (size_t) (last - p);

    source = ngx_http_order_webhook_source(olcf->webhook_secrets, &name);

    return source ? source->secrets : NULL;
}


const ngx_http_order_webhook_source_t *
ngx_http_order_webhook_source(const ngx_array_t *sources,
    const ngx_str_t *source)
{
    ngx_uint_t                              i;
    const ngx_http_order_webhook_source_t  *known;

    known = sources->elts;

    for (i = 0; i < sources->nelts; i++) {
        if (known[i].source.len == source->len
            && ngx_memcmp(known[i].source.data, source->data, source->len)
               == 0)
        {
            return &known[i];
        }
    }

    return NULL;
}


static const ngx_http_order_problem_t *
ngx_http_order_webhook_check(ngx_http_order_call_t *call)
{
    const char                       *reason;
    ngx_http_request_t               *r;
    ngx_order_webhook_t               webhook;
    const ngx_http_order_loc_conf_t  *olcf;

    r = call->request;
    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);

    webhook.id = ngx_http_order_webhook_header(r, "webhook-id");
    webhook.timestamp = ngx_http_order_webhook_header(r, "webhook-timestamp");
    webhook.signature = ngx_http_order_webhook_header(r, "webhook-signature");
    webhook.body = call->body;

    switch (ngx_order_webhook_verify(
                ngx_http_order_webhook_secrets(r, call->ctx), &webhook,
                olcf->webhook_tolerance, ngx_time(), &reason))
    {

    case NGX_OK:
        return NULL;

    case NGX_DECLINED:
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "webhook refused: %s", reason);
        return &ngx_http_order_bad_signature;

    default:
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "OpenSSL cannot make the signature of a webhook");
        return &ngx_http_order_internal;
    }
}


static ngx_int_t
ngx_http_order_webhook_answer(ngx_http_order_call_t *call)
{
    ngx_str_t  body;

    body = ngx_order_row_text(&call->query, 0, NGX_HTTP_ORDER_ANSWER_BODY);
    ngx_http_order_count_webhook(call->ctx, &body);

    return ngx_http_order_call_answer(call);
}


static ngx_str_t
ngx_http_order_webhook_header(ngx_http_request_t *r, const char *name)
{
    ngx_str_t         text;
    ngx_table_elt_t  *h;

    text.data = (u_char *) name;
    text.len = ngx_strlen(name);

    h = ngx_http_order_header(r, &text);

    if (h) {
        return h->value;
    }

    ngx_str_null(&text);

    return text;
}
