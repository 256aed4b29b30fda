
/*
 * What is counted of requests, when they are answered.
 */


#ifndef _NGX_HTTP_ORDER_COUNT_H_INCLUDED_
#define _NGX_HTTP_ORDER_COUNT_H_INCLUDED_


#include <ngx_http_order.h>


/* where the counters of a route begin: those behind the last one's are of
 * requests that no route has */

#define ngx_http_order_count_of(n)                                           \
    (NGX_ORDER_METRICS_REQUEST + (n) * NGX_ORDER_METRICS_CLASSES)
#define NGX_HTTP_ORDER_COUNT_NONE  (NGX_ORDER_METRICS_OPERATIONS - 1)


/* Of what the requests are counted: it differs if the operations differ. */
uint32_t ngx_http_order_count_variant(void);

/* A request of order_api is answered with that status. */
void ngx_http_order_count(const ngx_http_request_t *r, ngx_uint_t status);

/* The same for a poll. */
void ngx_http_order_count_poll(const ngx_http_order_ctx_t *ctx,
    ngx_uint_t status);

/* What became of a webhook: "body" is the answer to it. */
void ngx_http_order_count_webhook(const ngx_http_order_ctx_t *ctx,
    const ngx_str_t *body);

/* The names of the sources, in the order of their counters; the last one is
 * empty. */
extern const char  *ngx_http_order_count_sources[];


#endif /* _NGX_HTTP_ORDER_COUNT_H_INCLUDED_ */
