
/*
 * The variables.
 *
 * They are found when they are asked for: $order_user and $order_role verify
 * the token in whatever phase that is, so limit_req sees them.
 */


#include <ngx_http_order_variables.h>
#include <ngx_http_order_identity.h>
#include <ngx_http_order_status.h>


static ngx_int_t ngx_http_order_variable_cache(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_order_variable_user(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_order_variable_role(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_order_variable_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_order_variable_age(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_order_variable_db_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_order_variable_seconds(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_msec_t ms);
static ngx_int_t ngx_http_order_variable_found(ngx_http_variable_value_t *v,
    u_char *data, size_t len);


static ngx_http_variable_t  ngx_http_order_vars[] = {

    { ngx_string("order_cache_status"), NULL, ngx_http_order_variable_cache,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("order_age"), NULL, ngx_http_order_variable_age,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("order_user"), NULL, ngx_http_order_variable_user,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("order_role"), NULL, ngx_http_order_variable_role,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("order_id"), NULL, ngx_http_order_variable_id,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("order_db_time"), NULL, ngx_http_order_variable_db_time,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_order_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_order_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_order_variable_cache(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t             *name;
    ngx_http_order_ctx_t  *ctx;

    ctx = ngx_http_order_ctx(r);

    if (ctx == NULL || ctx->cache == NGX_HTTP_ORDER_NONE) {
        v->not_found = 1;
        return NGX_OK;
    }

    name = &ngx_http_order_cache_names[ctx->cache];

    return ngx_http_order_variable_found(v, name->data, name->len);
}


static ngx_int_t
ngx_http_order_variable_user(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                *p;
    ngx_http_order_ctx_t  *ctx;

    ctx = ngx_http_order_ctx(r);

    if (ctx == NULL || ngx_http_order_identify(r, ctx) != NGX_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_ORDER_ID_TEXT);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_order_id_print(p, &ctx->identity.user);

    return ngx_http_order_variable_found(v, p, NGX_ORDER_ID_TEXT);
}


static ngx_int_t
ngx_http_order_variable_role(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    const ngx_str_t       *name;
    ngx_http_order_ctx_t  *ctx;

    ctx = ngx_http_order_ctx(r);

    if (ctx == NULL || ngx_http_order_identify(r, ctx) != NGX_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    name = ngx_order_role_name(ctx->identity.role);

    return ngx_http_order_variable_found(v, name->data, name->len);
}


static ngx_int_t
ngx_http_order_variable_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                *p;
    ngx_http_order_ctx_t  *ctx;

    ctx = ngx_http_order_ctx(r);

    if (ctx == NULL || !ctx->has_id) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_ORDER_ID_TEXT);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_order_id_print(p, &ctx->id);

    return ngx_http_order_variable_found(v, p, NGX_ORDER_ID_TEXT);
}


static ngx_int_t
ngx_http_order_variable_age(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_order_ctx_t  *ctx;

    ctx = ngx_http_order_ctx(r);

    if (ctx == NULL || !ctx->has_age) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_order_variable_seconds(r, v, ctx->age);
}


static ngx_int_t
ngx_http_order_variable_db_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_order_ctx_t  *ctx;

    ctx = ngx_http_order_ctx(r);

    if (ctx == NULL || !ctx->has_db_time) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_order_variable_seconds(r, v, ctx->db_time);
}


/* with milliseconds, as $request_time */

static ngx_int_t
ngx_http_order_variable_seconds(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_msec_t ms)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, NGX_TIME_T_LEN + 4);
    if (p == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_order_variable_found(v, p,
               (size_t) (ngx_sprintf(p, "%T.%03M", (time_t) ms / 1000,
                                     ms % 1000)
                         - p));
}


static ngx_int_t
ngx_http_order_variable_found(ngx_http_variable_value_t *v, u_char *data,
    size_t len)
{
    v->data = data;
    v->len = (unsigned) len;
    v->valid = 1;
    v->no_cacheable = 1;
    v->not_found = 0;

    return NGX_OK;
}
