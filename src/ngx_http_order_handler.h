
/*
 * The entry of every request: route -> the route's handler.
 */


#ifndef _NGX_HTTP_ORDER_HANDLER_H_INCLUDED_
#define _NGX_HTTP_ORDER_HANDLER_H_INCLUDED_


#include <ngx_http_order_reply.h>


/* The content handler of a location with order_api. */
ngx_int_t ngx_http_order_handler(ngx_http_request_t *r);

/*
 * May this caller use this route: a valid token, one of the route's roles,
 * and the same origin where a cookie is to change something.  NULL, or the
 * problem to answer with.
 */
const ngx_http_order_problem_t *ngx_http_order_refusal(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);


#endif /* _NGX_HTTP_ORDER_HANDLER_H_INCLUDED_ */
