
/*
 * POST /api/webhooks/...: events of providers, who prove themselves by a
 * signature (Standard Webhooks).
 */


#ifndef _NGX_HTTP_ORDER_WEBHOOK_H_INCLUDED_
#define _NGX_HTTP_ORDER_WEBHOOK_H_INCLUDED_


#include <ngx_http_order.h>


/* an element of a location's webhook_secrets */

typedef struct {
    ngx_str_t                  source;   /* the end of the route's path */
    ngx_array_t               *secrets;  /* for ngx_order_webhook_verify() */
} ngx_http_order_webhook_source_t;


/* The element of that source, or NULL. */
const ngx_http_order_webhook_source_t *ngx_http_order_webhook_source(
    const ngx_array_t *sources, const ngx_str_t *source);

/*
 * Verifies the signature, then does what a call does.  Besides what a call
 * answers: 401 if the signature does not hold, 404 where the location has no
 * secret of this source.
 */
ngx_int_t ngx_http_order_webhook_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);


#endif /* _NGX_HTTP_ORDER_WEBHOOK_H_INCLUDED_ */
