
/*
 * Login: the database checks the password, the module signs the token with
 * the first key of the location that can sign.
 */


#include <ngx_http_order_login.h>
#include <ngx_http_order_call.h>
#include <ngx_http_order_identity.h>
#include <ngx_http_order_reply.h>
#include <ngx_order_row.h>


/* the columns of api.login() */

#define NGX_HTTP_ORDER_LOGIN_USER  0
#define NGX_HTTP_ORDER_LOGIN_ROLE  1
#define NGX_HTTP_ORDER_LOGIN_BODY  2


static const ngx_order_token_key_t *ngx_http_order_login_key(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_order_login_answer(ngx_http_order_call_t *call);
static ngx_int_t ngx_http_order_login_cookie(ngx_http_request_t *r,
    const ngx_str_t *token, time_t lifetime);
static ngx_uint_t ngx_http_order_login_secure(ngx_http_request_t *r);


ngx_int_t
ngx_http_order_login_handler(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx)
{
    if (ngx_http_order_login_key(r) == NULL) {
        return ngx_http_order_reply_problem(r, &ngx_http_order_no_route,
                                            NULL, NULL);
    }

    /* another site must not sign its visitors in as somebody of its choice */

    if (ngx_http_order_same_origin(r) == NGX_DECLINED) {
        return ngx_http_order_reply_problem(r, &ngx_http_order_cross_origin,
                                            NULL, NULL);
    }

    return ngx_http_order_call_start(r, ctx, NULL,
                                     ngx_http_order_login_answer);
}


static const ngx_order_token_key_t *
ngx_http_order_login_key(ngx_http_request_t *r)
{
    ngx_uint_t                         i;
    ngx_order_token_key_t            **key;
    const ngx_http_order_loc_conf_t   *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);
    key = olcf->verifier.keys->elts;

    for (i = 0; i < olcf->verifier.keys->nelts; i++) {
        if (ngx_order_token_key_signs(key[i])) {
            return key[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_order_login_answer(ngx_http_order_call_t *call)
{
    u_char                           *p;
    time_t                            now;
    ngx_str_t                         token, user, role, body;
    ngx_http_request_t               *r;
    ngx_order_identity_t              identity;
    const ngx_http_order_loc_conf_t  *olcf;

    r = call->request;
    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);

    role = ngx_order_row_text(&call->query, 0, NGX_HTTP_ORDER_LOGIN_ROLE);
    user = ngx_order_row_text(&call->query, 0, NGX_HTTP_ORDER_LOGIN_BODY);

    now = ngx_time();

    identity.role = ngx_order_role(&role);
    identity.expires = now + olcf->lifetime;

    if (identity.role == 0
        || ngx_order_row_id(&call->query, 0, NGX_HTTP_ORDER_LOGIN_USER,
                            &identity.user)
           != NGX_OK
        || ngx_order_token_issue(&olcf->verifier, ngx_http_order_login_key(r),
                                 &identity, now, r->pool, &token)
           != NGX_OK
        || ngx_http_order_login_cookie(r, &token, olcf->lifetime) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_pnalloc(r->pool, sizeof("{\"token\":\"\",\"token_type\":\"Bearer"
                                    "\",\"expires_in\":,\"user\":}")
                             + token.len + NGX_TIME_T_LEN + user.len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.data = p;
    body.len = (size_t) (ngx_sprintf(p, "{\"token\":\"%V\",\"token_type\":"
                                     "\"Bearer\",\"expires_in\":%T,"
                                     "\"user\":%V}",
                                     &token, olcf->lifetime, &user)
                         - p);

    call->ctx->identity = identity;
    call->ctx->identified = NGX_OK;
    call->ctx->verifier = &olcf->verifier;

    return ngx_http_order_reply_json(r, NGX_HTTP_OK, &body);
}


/* The cookie goes; a token that somebody kept is good until it expires. */

ngx_int_t
ngx_http_order_logout_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx)
{
    ngx_str_t  none, body;

    (void) ctx;

    if (ngx_http_order_same_origin(r) == NGX_DECLINED) {
        return ngx_http_order_reply_problem(r, &ngx_http_order_cross_origin,
                                            NULL, NULL);
    }

    ngx_str_set(&none, "");
    ngx_str_set(&body, "{\"success\":true}");

    if (ngx_http_order_login_cookie(r, &none, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_order_reply_json(r, NGX_HTTP_OK, &body);
}


static ngx_int_t
ngx_http_order_login_cookie(ngx_http_request_t *r, const ngx_str_t *token,
    time_t lifetime)
{
    u_char     *p;
    ngx_str_t   value, secure, store;

    ngx_str_set(&store, "no-store");
    ngx_str_set(&secure, "; Secure");

    if (!ngx_http_order_login_secure(r)) {
        secure.len = 0;
    }

    p = ngx_pnalloc(r->pool, sizeof(NGX_HTTP_ORDER_COOKIE "=; Path=/; "
                                    "HttpOnly; SameSite=Lax; Max-Age=")
                             + token->len + secure.len + NGX_TIME_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = (size_t) (ngx_sprintf(p, NGX_HTTP_ORDER_COOKIE "=%V; Path=/; "
                                      "HttpOnly; SameSite=Lax; Max-Age=%T%V",
                                      token, lifetime, &secure)
                          - p);

    if (ngx_http_order_reply_header(r, "Set-Cookie", &value) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_order_reply_header(r, "Cache-Control", &store);
}


/* Is the cookie for TLS only. */

static ngx_uint_t
ngx_http_order_login_secure(ngx_http_request_t *r)
{
    const ngx_http_order_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);

#if (NGX_HTTP_SSL)
    if (olcf->cookie_secure == NGX_HTTP_ORDER_COOKIE_AUTO) {
        return r->connection->ssl != NULL;
    }
#endif

    return olcf->cookie_secure == NGX_HTTP_ORDER_COOKIE_SECURE;
}
