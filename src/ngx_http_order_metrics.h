
/*
 * What is counted of requests, and how all that is counted is told.
 */


#ifndef _NGX_HTTP_ORDER_METRICS_H_INCLUDED_
#define _NGX_HTTP_ORDER_METRICS_H_INCLUDED_


#include <ngx_http_order.h>


/* Of what the requests are counted: it differs if the operations differ. */
uint32_t ngx_http_order_metrics_variant(void);


#endif /* _NGX_HTTP_ORDER_METRICS_H_INCLUDED_ */
