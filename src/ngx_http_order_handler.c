
/*
 * The entry of every request.
 *
 * Who may is decided here, in the content phase: nothing depends on the
 * access phase, which subrequests skip.
 */


#include <ngx_http_order_handler.h>
#include <ngx_http_order_identity.h>
#include <ngx_http_order_route.h>


ngx_int_t
ngx_http_order_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_uint_t             allowed;
    ngx_http_order_ctx_t  *ctx;

    ctx = ngx_http_order_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* If-Match is ours: nginx would answer 412 when all has been done */

    r->disable_not_modified = 1;

    rc = ngx_http_order_route(r, ctx, &allowed);

    if (rc == NGX_OK) {
        return ctx->route->handler(r, ctx);
    }

    if (rc == NGX_ABORT) {
        return ngx_http_order_reply_allow(r, allowed);
    }

    return ngx_http_order_reply_problem(r, &ngx_http_order_no_route, NULL,
                                        NULL);
}


const ngx_http_order_problem_t *
ngx_http_order_refusal(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx)
{
    if (ctx->route->roles == 0) {
        return NULL;
    }

    switch (ngx_http_order_identify(r, ctx)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        return &ngx_http_order_no_token;

    case NGX_ABORT:
        return &ngx_http_order_bad_token;

    default:
        return &ngx_http_order_internal;
    }

    if ((ctx->identity.role & ctx->route->roles) == 0) {
        return &ngx_http_order_forbidden;
    }

    if (ctx->by_cookie && ctx->route->method != NGX_HTTP_GET
        && ngx_http_order_same_origin(r) != NGX_OK)
    {
        return &ngx_http_order_cross_origin;
    }

    return NULL;
}
