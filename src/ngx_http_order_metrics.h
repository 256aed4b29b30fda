
/*
 * order_metrics: all that is counted, as Prometheus reads it.
 */


#ifndef _NGX_HTTP_ORDER_METRICS_H_INCLUDED_
#define _NGX_HTTP_ORDER_METRICS_H_INCLUDED_


#include <ngx_http_order_reply.h>


/* The content handler of a location with order_metrics. */
ngx_int_t ngx_http_order_metrics_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_ORDER_METRICS_H_INCLUDED_ */
