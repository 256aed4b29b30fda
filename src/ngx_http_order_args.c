
/*
 * A request -> the parameters of its route's SQL function.
 *
 * Everything is allocated from the request's pool.
 */


#include <ngx_http_order_args.h>
#include <ngx_http_order_identity.h>
#include <ngx_http_order_route.h>
#include <ngx_sha1.h>


#define NGX_HTTP_ORDER_FINGERPRINT  40


static ngx_int_t ngx_http_order_args_body(ngx_http_order_call_t *call);
static ngx_int_t ngx_http_order_args_source(ngx_http_order_call_t *call,
    ngx_order_source_t *source);
static ngx_str_t ngx_http_order_args_header(void *data,
    const ngx_str_t *name);
static ngx_int_t ngx_http_order_args_choose(ngx_http_order_call_t *call,
    ngx_order_source_t *source);
static ngx_int_t ngx_http_order_args_unclear(ngx_http_order_call_t *call,
    ngx_order_source_t *source, ngx_uint_t brought);
static ngx_int_t ngx_http_order_args_params(ngx_http_order_call_t *call);
static ngx_int_t ngx_http_order_args_caller(ngx_http_order_call_t *call,
    ngx_str_t *user, ngx_str_t *role);
static ngx_order_pg_param_t *ngx_http_order_args_param(
    ngx_order_pg_param_t *param, const ngx_str_t *value);
static ngx_int_t ngx_http_order_args_match(ngx_http_order_call_t *call);
static ngx_int_t ngx_http_order_args_fingerprint(ngx_http_order_call_t *call,
    ngx_str_t *fingerprint);


ngx_int_t
ngx_http_order_args_read(ngx_http_order_call_t *call,
    const ngx_http_order_problem_t **problem)
{
    ngx_int_t           rc;
    ngx_order_source_t  source;

    rc = ngx_http_order_args_body(call);

    if (rc == NGX_DECLINED) {
        *problem = &ngx_http_order_too_large;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    *problem = call->check ? call->check(call) : NULL;

    if (*problem) {
        return NGX_DECLINED;
    }

    if (ngx_http_order_args_source(call, &source) != NGX_OK) {
        *problem = &ngx_http_order_bad_type;
        return NGX_DECLINED;
    }

    rc = ngx_http_order_args_choose(call, &source);

    if (rc == NGX_ABORT) {
        *problem = &ngx_http_order_forbidden;
        return NGX_DECLINED;
    }

    if (rc == NGX_OK) {
        rc = ngx_order_input_read(&call->input, call->ctx->route->fields,
                                  &source, call->request->pool);
    }

    if (rc == NGX_DECLINED) {
        *problem = &ngx_http_order_bad_input;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if ((call->ctx->route->flags & NGX_HTTP_ORDER_MATCHED)
        && ngx_http_order_args_match(call) != NGX_OK)
    {
        *problem = &ngx_http_order_version;
        return NGX_DECLINED;
    }

    return ngx_http_order_args_params(call);
}


ngx_int_t
ngx_http_order_args_get(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    ngx_order_input_t *input)
{
    ngx_int_t           rc;
    ngx_str_t           body;
    ngx_order_source_t  source;

    ngx_memzero(&source, sizeof(ngx_order_source_t));

    source.path = ctx->params;
    source.query = r->args;
    source.header = ngx_http_order_args_header;
    source.data = r;

    rc = ngx_order_input_read(input, ctx->route->fields, &source, r->pool);

    if (rc == NGX_ERROR
        || (r->headers_in.content_length_n <= 0 && !r->headers_in.chunked))
    {
        return rc;
    }

    ngx_str_null(&body);

    if (ngx_order_input_refuse(input, &body, "a body is not taken here")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_DECLINED;
}


/*
 * The body as one string.  One that nginx had to put into a file is refused:
 * reading it would block.
 */

static ngx_int_t
ngx_http_order_args_body(ngx_http_order_call_t *call)
{
    u_char                   *p;
    size_t                    len;
    ngx_chain_t              *cl;
    ngx_http_request_body_t  *rb;

    rb = call->request->request_body;

    if (rb == NULL || rb->bufs == NULL) {
        return NGX_OK;
    }

    if (rb->temp_file) {
        ngx_log_error(NGX_LOG_INFO, call->request->connection->log, 0,
                      "body does not fit into client_body_buffer_size");
        return NGX_DECLINED;
    }

    len = 0;

    for (cl = rb->bufs; cl; cl = cl->next) {
        len += (size_t) ngx_buf_size(cl->buf);
    }

    if (rb->bufs->next == NULL) {
        call->body.data = rb->bufs->buf->pos;
        call->body.len = len;
        return NGX_OK;
    }

    p = ngx_pnalloc(call->request->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->body.data = p;
    call->body.len = len;

    for (cl = rb->bufs; cl; cl = cl->next) {
        len = (size_t) ngx_buf_size(cl->buf);

        if (len) {
            p = ngx_cpymem(p, cl->buf->pos, len);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_order_args_source(ngx_http_order_call_t *call,
    ngx_order_source_t *source)
{
    size_t               len;
    u_char              *p;
    ngx_str_t            type;
    ngx_http_request_t  *r;

    r = call->request;

    ngx_memzero(source, sizeof(ngx_order_source_t));

    source->path = call->ctx->params;
    source->query = r->args;
    source->header = ngx_http_order_args_header;
    source->data = r;
    source->body = call->body;

    if (call->body.len == 0 || r->headers_in.content_type == NULL) {
        return NGX_OK;
    }

    type = r->headers_in.content_type->value;

    p = ngx_strlchr(type.data, type.data + type.len, ';');
    len = p ? (size_t) (p - type.data) : type.len;

    while (len && type.data[len - 1] == ' ') {
        len--;
    }

    if (len == sizeof("application/x-www-form-urlencoded") - 1
        && ngx_strncasecmp(type.data,
                           (u_char *) "application/x-www-form-urlencoded",
                           len)
           == 0)
    {
        source->form = 1;
        return NGX_OK;
    }

    if (len == sizeof("application/json") - 1
        && ngx_strncasecmp(type.data, (u_char *) "application/json", len)
           == 0)
    {
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_str_t
ngx_http_order_args_header(void *data, const ngx_str_t *name)
{
    ngx_str_t         value;
    ngx_table_elt_t  *h;

    h = ngx_http_order_header(data, name);

    if (h == NULL) {
        ngx_str_null(&value);
        return value;
    }

    return h->value;
}


/*
 * Of several rows of one method and path, the one whose member the body
 * brings; it must bring just one of them.  NGX_ABORT: the caller may not take
 * that one.
 */

static ngx_int_t
ngx_http_order_args_choose(ngx_http_order_call_t *call,
    ngx_order_source_t *source)
{
    ngx_int_t                      rc;
    ngx_uint_t                     n;
    const ngx_http_order_route_t  *route, *chosen;

    if (call->ctx->route->only.len == 0) {
        return NGX_OK;
    }

    chosen = call->ctx->route;
    n = 0;

    for (route = chosen; route; route = ngx_http_order_route_next(route)) {

        rc = ngx_order_input_has(source, &route->only, call->request->pool);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_ABORT) {
            return NGX_OK;
        }

        if (rc == NGX_OK) {
            chosen = route;
            n++;
        }
    }

    if (n != 1) {
        return ngx_http_order_args_unclear(call, source, n);
    }

    call->ctx->route = chosen;

    return (call->ctx->identity.role & chosen->roles) ? NGX_OK : NGX_ABORT;
}


/* tells of the members that the body brings, or of all that it might */

static ngx_int_t
ngx_http_order_args_unclear(ngx_http_order_call_t *call,
    ngx_order_source_t *source, ngx_uint_t brought)
{
    const char                    *message;
    const ngx_http_order_route_t  *route;

    if (ngx_array_init(&call->input.faults, call->request->pool, 4,
                       sizeof(ngx_order_fault_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    message = brought ? "must come alone"
                      : "this or one of the others is required";

    for (route = call->ctx->route;
         route;
         route = ngx_http_order_route_next(route))
    {
        if (brought
            && ngx_order_input_has(source, &route->only, call->request->pool)
               != NGX_OK)
        {
            continue;
        }

        if (ngx_order_input_refuse(&call->input, &route->only, message)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_order_args_params(ngx_http_order_call_t *call)
{
    ngx_str_t                      user, role, text;
    ngx_uint_t                     i;
    ngx_order_pg_param_t          *param;
    const ngx_http_order_route_t  *route;

    if (ngx_http_order_args_caller(call, &user, &role) != NGX_OK) {
        return NGX_ERROR;
    }

    route = call->ctx->route;

    param = ngx_http_order_args_param(call->params, &user);
    param = ngx_http_order_args_param(param, &role);

    for (i = 0; route->fields[i].name.len; i++) {
        param = ngx_http_order_args_param(param, &call->input.values[i]);

        if (i == 0 && (route->flags & NGX_HTTP_ORDER_KEYED)) {
            if (ngx_http_order_args_fingerprint(call, &text) != NGX_OK) {
                return NGX_ERROR;
            }

            param = ngx_http_order_args_param(param, &text);
        }
    }

    call->query.params = call->params;
    call->query.nparams = (ngx_uint_t) (param - call->params);

    return NGX_OK;
}


/* The token's user and role; a provider is nobody, in the role "system". */

static ngx_int_t
ngx_http_order_args_caller(ngx_http_order_call_t *call, ngx_str_t *user,
    ngx_str_t *role)
{
    ngx_str_null(user);
    ngx_str_null(role);

    if (call->ctx->route->flags & NGX_HTTP_ORDER_SIGNED) {
        *role = *ngx_order_role_name(NGX_ORDER_SYSTEM);
        return NGX_OK;
    }

    if (call->ctx->route->roles == 0) {
        return NGX_OK;
    }

    user->len = NGX_ORDER_ID_TEXT;
    user->data = ngx_pnalloc(call->request->pool, NGX_ORDER_ID_TEXT + 1);
    if (user->data == NULL) {
        return NGX_ERROR;
    }

    *ngx_order_id_print(user->data, &call->ctx->identity.user) = '\0';
    *role = *ngx_order_role_name(call->ctx->identity.role);

    return NGX_OK;
}


static ngx_order_pg_param_t *
ngx_http_order_args_param(ngx_order_pg_param_t *param, const ngx_str_t *value)
{
    param->data = value->data;
    param->len = (uint32_t) value->len;
    param->binary = 0;

    return param + 1;
}


/*
 * If-Match: an ETag of ours becomes the version in it, "*" becomes NULL.
 * Another tag, or one of another timeline, can match nothing.
 */

static ngx_int_t
ngx_http_order_args_match(ngx_http_order_call_t *call)
{
    u_char                            *p, *dot, *last;
    ngx_int_t                          epoch, version;
    ngx_str_t                         *value;
    const ngx_http_order_main_conf_t  *omcf;

    value = &call->input.values[0];

    if (value->data == NULL) {
        return NGX_OK;
    }

    if (value->len == 1 && value->data[0] == '*') {
        ngx_str_null(value);
        return NGX_OK;
    }

    if (value->len < 3 || value->data[0] != '"'
        || value->data[value->len - 1] != '"')
    {
        return NGX_DECLINED;
    }

    p = value->data + 1;
    last = value->data + value->len - 1;

    dot = ngx_strlchr(p, last, '.');
    if (dot == NULL) {
        return NGX_DECLINED;
    }

    epoch = ngx_atoi(p, (size_t) (dot - p));
    p = dot + 1;

    dot = ngx_strlchr(p, last, '.');
    if (dot == NULL) {
        return NGX_DECLINED;
    }

    version = ngx_atoi(p, (size_t) (dot - p));

    omcf = ngx_http_get_module_main_conf(call->request,
                                         ngx_http_order_module);

    if (epoch == NGX_ERROR || version == NGX_ERROR || version > INT32_MAX
        || (uint32_t) epoch < omcf->zone->shared->epoch)
    {
        return NGX_DECLINED;
    }

    *dot = '\0';
    value->data = p;
    value->len = (size_t) (dot - p);

    return NGX_OK;
}


/* What the key was used with: a digest of method, path and body. */

static ngx_int_t
ngx_http_order_args_fingerprint(ngx_http_order_call_t *call,
    ngx_str_t *fingerprint)
{
    u_char               digest[20];
    ngx_sha1_t           sha1;
    ngx_http_request_t  *r;

    if (call->input.values[0].data == NULL) {
        ngx_str_null(fingerprint);
        return NGX_OK;
    }

    r = call->request;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, r->method_name.data, r->method_name.len);
    ngx_sha1_update(&sha1, " ", 1);
    ngx_sha1_update(&sha1, r->uri.data, r->uri.len);
    ngx_sha1_update(&sha1, " ", 1);
    ngx_sha1_update(&sha1, call->body.data, call->body.len);
    ngx_sha1_final(digest, &sha1);

    fingerprint->data = ngx_pnalloc(r->pool, NGX_HTTP_ORDER_FINGERPRINT + 1);
    if (fingerprint->data == NULL) {
        return NGX_ERROR;
    }

    fingerprint->len = NGX_HTTP_ORDER_FINGERPRINT;
    *ngx_hex_dump(fingerprint->data, digest, 20) = '\0';

    return NGX_OK;
}
