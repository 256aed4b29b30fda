
/*
 * The answer to a poll in one piece, past the chain of output filters, where
 * they would do nothing to it.
 */


#ifndef _NGX_HTTP_ORDER_DIRECT_H_INCLUDED_
#define _NGX_HTTP_ORDER_DIRECT_H_INCLUDED_


#include <ngx_http_order.h>


/* values of order_direct */

#define NGX_HTTP_ORDER_DIRECT_OFF   0
#define NGX_HTTP_ORDER_DIRECT_AUTO  1  /* only stock filters, none in use */
#define NGX_HTTP_ORDER_DIRECT_ON    2  /* other modules are not looked at */


/*
 * Decides for a location, when all of the configuration is merged, whether a
 * filter is in use there; "loc_conf" is the location's.  1 or 0.
 */
ngx_uint_t ngx_http_order_direct_decide(ngx_conf_t *cf, void **loc_conf,
    ngx_uint_t wanted);

/* May this request be answered so: HTTP/1.1, no subrequest, no range. */
ngx_uint_t ngx_http_order_direct_may(const ngx_http_request_t *r);

/*
 * Sends an answer.  "status" is 200 or 304; "headers" are whole lines with
 * their CRLF; "body" has "len" bytes, 0 with 304, and
 * NGX_HTTP_ORDER_DIRECT_HEAD + headers->len + 2 bytes of room before it, where
 * the head is written to.  Returns as ngx_http_output_filter().
 */
#define NGX_HTTP_ORDER_DIRECT_HEAD  256

ngx_int_t ngx_http_order_direct_send(ngx_http_request_t *r,
    ngx_uint_t status, const ngx_str_t *headers, u_char *body, size_t len);


#endif /* _NGX_HTTP_ORDER_DIRECT_H_INCLUDED_ */
