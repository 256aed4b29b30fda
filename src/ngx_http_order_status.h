
/*
 * The poll: GET /api/order-status/:order_id (S2).
 */


#ifndef _NGX_HTTP_ORDER_STATUS_H_INCLUDED_
#define _NGX_HTTP_ORDER_STATUS_H_INCLUDED_


#include <ngx_http_order.h>


/* what $order_cache_status and X-Order-Cache say, by ngx_http_order_cache_e */
extern ngx_str_t  ngx_http_order_cache_names[];


#define NGX_HTTP_ORDER_STATUS_PATH  "/api/order-status/"


/*
 * A handler of the first phase, which takes every request: of what looks like
 * a poll it starts to load what the poll will read.  NGX_DECLINED, or
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_order_status_expect(ngx_http_request_t *r);

/*
 * Looks an order up in shared memory, by its id.
 *
 *     NGX_HTTP_ORDER_HIT      *record is right; if its version is 0 there is
 *                             no such order
 *     NGX_HTTP_ORDER_STALE    it was right *age milliseconds ago, and the
 *                             feed is down
 *     NGX_HTTP_ORDER_EXPIRED  it is to be read again; it was right *age
 *                             milliseconds ago
 *     NGX_HTTP_ORDER_MISS     it is to be read
 */
ngx_http_order_cache_e ngx_http_order_status_look(
    const ngx_http_order_main_conf_t *omcf, ngx_msec_t stale,
    const ngx_order_id_t *id, ngx_order_record_t *record, ngx_msec_t *age);

/* Answers a poll that has waited. */
ngx_int_t ngx_http_order_status_again(ngx_http_request_t *r);

/*
 * Answers from shared memory, or waits for a fill and answers then.  200 with
 * the status, 304, 401, 403, 404, 503 with Retry-After.
 */
ngx_int_t ngx_http_order_status_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);


#endif /* _NGX_HTTP_ORDER_STATUS_H_INCLUDED_ */
