
/*
 * POST /api/auth/login, for shops without an identity service.
 */


#ifndef _NGX_HTTP_ORDER_LOGIN_H_INCLUDED_
#define _NGX_HTTP_ORDER_LOGIN_H_INCLUDED_


#include <ngx_http_order.h>


/* values of order_cookie_secure */

#define NGX_HTTP_ORDER_COOKIE_PLAIN   0
#define NGX_HTTP_ORDER_COOKIE_AUTO    1
#define NGX_HTTP_ORDER_COOKIE_SECURE  2


/*
 * Answers a token for e-mail and password, and sets it as a cookie.  200,
 * 400, 401, 404 where no key of the location can sign, 503.
 */
ngx_int_t ngx_http_order_login_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);

/* The handler of logout: takes the cookie back. */
ngx_int_t ngx_http_order_logout_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);


#endif /* _NGX_HTTP_ORDER_LOGIN_H_INCLUDED_ */
