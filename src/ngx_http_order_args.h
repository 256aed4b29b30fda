
/*
 * A request -> the parameters of its route's SQL function.
 */


#ifndef _NGX_HTTP_ORDER_ARGS_H_INCLUDED_
#define _NGX_HTTP_ORDER_ARGS_H_INCLUDED_


#include <ngx_http_order_call.h>


/*
 * Reads body, path, query and headers against the route's fields, and sets
 * the parameters of call->query: the caller's id and role (NULL where anyone
 * may), then the fields.
 *
 *     NGX_OK        call->query can be sent
 *     NGX_DECLINED  *problem tells why not; with ngx_http_order_bad_input
 *                   call->input.faults tells more
 *     NGX_ERROR     no memory
 */
ngx_int_t ngx_http_order_args_read(ngx_http_order_call_t *call,
    const ngx_http_order_problem_t **problem);

/*
 * The same for a route that calls no function and takes no body: reads path,
 * query and headers against the fields of ctx->route, whose values come in
 * their order.  A request with a body is refused.  All is allocated from the
 * request's pool.
 *
 *     NGX_OK        input->values are good
 *     NGX_DECLINED  input->faults tells what is wrong: it is to be answered
 *                   with ngx_http_order_reply_faults()
 *     NGX_ERROR     no memory
 */
ngx_int_t ngx_http_order_args_get(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, ngx_order_input_t *input);


#endif /* _NGX_HTTP_ORDER_ARGS_H_INCLUDED_ */
