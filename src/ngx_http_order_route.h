
/*
 * The route table: one row an endpoint.
 */


#ifndef _NGX_HTTP_ORDER_ROUTE_H_INCLUDED_
#define _NGX_HTTP_ORDER_ROUTE_H_INCLUDED_


#include <ngx_http_order.h>


/* flags of a route */

#define NGX_HTTP_ORDER_KEYED     0x01  /* takes an Idempotency-Key */
#define NGX_HTTP_ORDER_MATCHED   0x02  /* takes an If-Match */
#define NGX_HTTP_ORDER_TAGGED    0x04  /* answers one order, with its ETag */
#define NGX_HTTP_ORDER_LISTED    0x08  /* next_cursor goes into Link */


typedef ngx_int_t (*ngx_http_order_route_pt)(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);


struct ngx_http_order_route_s {
    ngx_uint_t                  method;
    ngx_str_t                   path;      /* "/api/orders/:id" */
    ngx_uint_t                  roles;     /* who may; 0: anyone */
    ngx_uint_t                  flags;
    const ngx_order_field_t    *fields;    /* in the order of the function's
                                              parameters */
    ngx_http_order_route_pt     handler;
    ngx_order_pg_statement_t    statement;
};


/*
 * Finds the route of a request, and the parameters in its path.
 *
 *     NGX_OK        ctx->route and ctx->params are set
 *     NGX_DECLINED  no route has this path
 *     NGX_ABORT     a route has this path, none has the method; *allowed
 *                   gets the methods that are, as nginx's bits
 */
ngx_int_t ngx_http_order_route(const ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, ngx_uint_t *allowed);


#endif /* _NGX_HTTP_ORDER_ROUTE_H_INCLUDED_ */
