
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
#define NGX_HTTP_ORDER_SIGNED    0x10  /* the caller is a webhook's sender */
#define NGX_HTTP_ORDER_PAID      0x20  /* S4's code for a failing database */
#define NGX_HTTP_ORDER_REPLICA   0x40  /* a standby may answer it */


typedef ngx_int_t (*ngx_http_order_route_pt)(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);


/* where a message is told: bits of a stream's answer */

#define NGX_HTTP_ORDER_OF_ORDER  0x01  /* in the events of one order */
#define NGX_HTTP_ORDER_OF_ALL    0x02  /* in those of the caller */
#define NGX_HTTP_ORDER_OF_WS     0x04  /* on a WebSocket */
#define NGX_HTTP_ORDER_TO_WS     0x08  /* there, by the client */


/* what a route answers when all is well */

typedef struct {
    ngx_str_t                   name;      /* of its schema */
    ngx_uint_t                  status;
    ngx_uint_t                  list;      /* 1: a bare array of them */
    const ngx_order_field_t    *fields;    /* required: never missing, never
                                              null; NULL: no body */
    ngx_uint_t                  messages;  /* 0, or what it is a stream of */
} ngx_http_order_answer_t;


struct ngx_http_order_route_s {
    ngx_uint_t                      method;
    ngx_str_t                       path;  /* "/api/orders/:id" */
    ngx_str_t                       only;  /* the member of the body that
                                              chooses this row among those of
                                              one method and path; or empty */
    const char                     *about; /* in a few words */
    ngx_uint_t                      roles; /* who may; 0: anyone */
    ngx_uint_t                      flags;
    const ngx_order_field_t        *fields;
                                           /* in the order of the function's
                                              parameters */
    const ngx_http_order_answer_t  *answer;
    ngx_http_order_route_pt         handler;
    ngx_order_pg_statement_t        statement;
};


/* All routes; the last one has an empty path. */
extern const ngx_http_order_route_t  ngx_http_order_routes[];


/*
 * Finds the route of a request, and the parameters in its path.  The first
 * row whose path matches decides which path it is.
 *
 *     NGX_OK        ctx->route and ctx->params are set; where there are
 *                   several rows of this method and path, it is the first
 *     NGX_DECLINED  no route has this path
 *     NGX_ABORT     a route has this path, none has the method; *allowed
 *                   gets the methods that are, as nginx's bits
 */
ngx_int_t ngx_http_order_route(const ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, ngx_uint_t *allowed);

/* The row behind this one of the same method and path; NULL: there is none. */
const ngx_http_order_route_t *ngx_http_order_route_next(
    const ngx_http_order_route_t *route);


#endif /* _NGX_HTTP_ORDER_ROUTE_H_INCLUDED_ */
