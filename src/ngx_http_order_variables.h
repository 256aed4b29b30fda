
/*
 * The variables: what a log, a map or a limit_req key may know of a request.
 */


#ifndef _NGX_HTTP_ORDER_VARIABLES_H_INCLUDED_
#define _NGX_HTTP_ORDER_VARIABLES_H_INCLUDED_


#include <ngx_http_order.h>


/* Adds them, at preconfiguration. */
ngx_int_t ngx_http_order_variables(ngx_conf_t *cf);


#endif /* _NGX_HTTP_ORDER_VARIABLES_H_INCLUDED_ */
