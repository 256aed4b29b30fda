
/*
 * Who is calling: the token of a request -> its identity, once a request.
 */


#ifndef _NGX_HTTP_ORDER_IDENTITY_H_INCLUDED_
#define _NGX_HTTP_ORDER_IDENTITY_H_INCLUDED_


#include <ngx_http_order.h>


/*
 * The context of a request, made when it is not there; found again after an
 * internal redirect.  NULL: no memory.
 */
ngx_http_order_ctx_t *ngx_http_order_ctx(ngx_http_request_t *r);

/* the elements of a header that is a list, one by one; starts zeroed */

typedef struct {
    ngx_list_part_t   *part;
    ngx_uint_t         i;              /* of the next line in it */
    u_char            *pos;
    u_char            *last;
} ngx_http_order_list_t;


/*
 * Verifies the token of "Authorization: Bearer", or of the cookie that login
 * sets, by the keys and the policy of the location that the request is in;
 * later calls in that location answer what the first one found.  Works in any
 * phase.  A WebSocket's handshake may also bring it as a subprotocol,
 * "bearer.TOKEN", which comes before the others.
 *
 *     NGX_OK        ctx->identity is set
 *     NGX_DECLINED  there is no token
 *     NGX_ABORT     the token was refused; the cause was logged
 *     NGX_ERROR     no memory
 */
ngx_int_t ngx_http_order_identify(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);

/* Takes the fingerprint of the bearer's token, for what comes next. */
void ngx_http_order_identity_expect(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);

/*
 * Did this request come from a page of the same origin: by Sec-Fetch-Site,
 * else by Origin against Host.
 *
 *     NGX_OK        it did
 *     NGX_DECLINED  it came from elsewhere
 *     NGX_ABORT     no browser says so
 */
ngx_int_t ngx_http_order_same_origin(ngx_http_request_t *r);

/* A header of the request by its name, any case; NULL: there is none. */
ngx_table_elt_t *ngx_http_order_header(ngx_http_request_t *r,
    const ngx_str_t *name);

/*
 * The next element of a header that is a list of tokens, over all its lines:
 * NGX_OK and *element, part of the header, or NGX_DECLINED after the last.
 */
ngx_int_t ngx_http_order_header_next(ngx_http_request_t *r,
    const ngx_str_t *name, ngx_http_order_list_t *list, ngx_str_t *element);


#endif /* _NGX_HTTP_ORDER_IDENTITY_H_INCLUDED_ */
