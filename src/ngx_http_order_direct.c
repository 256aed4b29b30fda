
/*
 * The answer to a poll in one piece, past the chain of output filters.
 *
 * nginx does not tell which filters a location uses, but each module's
 * configuration does: where it equals the configuration that the module makes
 * when nothing is configured, the filter leaves the answer alone.  That holds
 * for the filters that nginx brings; a module that it does not bring may do
 * anything, so with one of those the answer takes the ordinary way, unless
 * the operator knows better (order_direct on).
 *
 * The write filter is not passed by: limit_rate, partial writes and TLS are
 * its work.
 */


#include <ngx_http_order_direct.h>


static ngx_int_t ngx_http_order_direct_unused(ngx_conf_t *cf,
    ngx_module_t *module, void *conf);
static ngx_uint_t ngx_http_order_direct_same(const ngx_command_t *command,
    const u_char *conf, const u_char *pristine);
static ngx_uint_t ngx_http_order_direct_stock(const char *name);
static u_char *ngx_http_order_direct_head(u_char *p, ngx_http_request_t *r,
    ngx_uint_t status, size_t len);


/* filters that nginx brings, and modules that bring no filter */

static const char  *ngx_http_order_direct_filters[] = {
    "ngx_http_write_filter_module",
    "ngx_http_header_filter_module",
    "ngx_http_chunked_filter_module",
    "ngx_http_v2_filter_module",
    "ngx_http_v3_filter_module",
    "ngx_http_range_header_filter_module",
    "ngx_http_gzip_filter_module",
    "ngx_http_postpone_filter_module",
    "ngx_http_ssi_filter_module",
    "ngx_http_charset_filter_module",
    "ngx_http_addition_filter_module",
    "ngx_http_xslt_filter_module",
    "ngx_http_image_filter_module",
    "ngx_http_sub_filter_module",
    "ngx_http_gunzip_filter_module",
    "ngx_http_userid_filter_module",
    "ngx_http_headers_filter_module",
    "ngx_http_copy_filter_module",
    "ngx_http_range_body_filter_module",
    "ngx_http_not_modified_filter_module",
    "ngx_http_slice_filter_module",
    "ngx_http_geoip_module",
    "ngx_http_perl_module",
    "ngx_http_order_module",
    NULL
};


ngx_uint_t
ngx_http_order_direct_decide(ngx_conf_t *cf, void **loc_conf,
    ngx_uint_t wanted)
{
    ngx_uint_t      i, filter;
    ngx_module_t   *module;

    if (wanted == NGX_HTTP_ORDER_DIRECT_OFF) {
        return 0;
    }

    filter = 0;

    for (i = 0; cf->cycle->modules[i]; i++) {
        module = cf->cycle->modules[i];

        if (module->type != NGX_HTTP_MODULE) {
            continue;
        }

        /* all that come before the write filter are no filters */

        if (ngx_strcmp(module->name, "ngx_http_write_filter_module") == 0) {
            filter = 1;
        }

        if (!filter || module == &ngx_http_order_module) {
            continue;
        }

        if (!ngx_http_order_direct_stock(module->name)) {

            if (wanted == NGX_HTTP_ORDER_DIRECT_AUTO) {
                ngx_log_error(NGX_LOG_NOTICE, cf->log, 0,
                              "polls take the way through the output "
                              "filters, since %s may be one: see "
                              "order_direct", module->name);
                return 0;
            }

            continue;
        }

        if (ngx_http_order_direct_unused(cf, module,
                                         loc_conf[module->ctx_index])
            != NGX_OK)
        {
            ngx_log_error(NGX_LOG_NOTICE, cf->log, 0,
                          "polls of a location take the way through the "
                          "output filters, since %s is in use there",
                          module->name);
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_http_order_direct_stock(const char *name)
{
    const char  **stock;

    for (stock = ngx_http_order_direct_filters; *stock; stock++) {
        if (ngx_strcmp(name, *stock) == 0) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_order_direct_unused(ngx_conf_t *cf, ngx_module_t *module,
    void *conf)
{
    void               *parent, *pristine;
    ngx_command_t      *command;
    ngx_http_module_t  *ctx;

    ctx = module->ctx;

    if (ctx->create_loc_conf == NULL || module->commands == NULL) {
        return NGX_OK;
    }

    parent = ctx->create_loc_conf(cf);
    pristine = ctx->create_loc_conf(cf);

    if (parent == NULL || pristine == NULL) {
        return NGX_ERROR;
    }

    if (ctx->merge_loc_conf
        && ctx->merge_loc_conf(cf, parent, pristine) != NGX_CONF_OK)
    {
        return NGX_ERROR;
    }

    for (command = module->commands; command->name.len; command++) {
        if (!ngx_http_order_direct_same(command, conf, pristine)) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/*
 * Compares the words from the beginning of a configuration through the member
 * that the command sets.  Addresses may differ: what a merge allocates has
 * another address each time; but what is NULL in one is NULL in the other.
 */

static ngx_uint_t
ngx_http_order_direct_same(const ngx_command_t *command, const u_char *conf,
    const u_char *pristine)
{
    size_t     at;
    uintptr_t  a, b;

    if (command->conf != NGX_HTTP_LOC_CONF_OFFSET) {
        return 1;
    }

    for (at = 0; at <= command->offset; at += sizeof(uintptr_t)) {
        a = *(const uintptr_t *) (conf + at);
        b = *(const uintptr_t *) (pristine + at);

        if (a != b && (a < 0x10000 || b < 0x10000
                       || (intptr_t) a < 0 || (intptr_t) b < 0))
        {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_http_order_direct_may(const ngx_http_request_t *r)
{
    const ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    return r->http_version == NGX_HTTP_VERSION_11
           && r->method == NGX_HTTP_GET
           && r == r->main
           && r->postponed == NULL
           && r->post_action == 0
           && r->headers_in.range == NULL
           && r->headers_in.if_match == NULL
           && r->headers_in.if_unmodified_since == NULL
           && clcf->keepalive_header == 0
           && r->headers_out.headers.part.nelts == 0;
}


ngx_int_t
ngx_http_order_direct_send(ngx_http_request_t *r, ngx_uint_t status,
    const ngx_str_t *headers, u_char *body, size_t len)
{
    u_char       *p, *end, head[NGX_HTTP_ORDER_DIRECT_HEAD];
    ngx_buf_t    *b;
    ngx_chain_t  *out;

    b = ngx_calloc_buf(r->pool);
    out = ngx_alloc_chain_link(r->pool);

    if (b == NULL || out == NULL) {
        return NGX_ERROR;
    }

    end = ngx_http_order_direct_head(head, r, status, len);

    p = body - 2 - headers->len - (end - head);

    b->pos = p;
    b->last = body + len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    p = ngx_cpymem(p, head, end - head);
    p = ngx_cpymem(p, headers->data, headers->len);
    *p++ = CR;
    *p = LF;

    r->headers_out.status = status;
    r->headers_out.content_length_n = len;
    r->header_sent = 1;
    r->header_size = body - b->pos;

    out->buf = b;
    out->next = NULL;

    return ngx_http_write_filter(r, out);
}


#define ngx_http_order_direct_put(p, text)                                   \
    ngx_cpymem(p, text, sizeof(text) - 1)

/* the lines that ngx_http_header_filter() would write, in its order */

static u_char *
ngx_http_order_direct_head(u_char *p, ngx_http_request_t *r,
    ngx_uint_t status, size_t len)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    p = status == NGX_HTTP_OK
        ? ngx_http_order_direct_put(p, "HTTP/1.1 200 OK" CRLF)
        : ngx_http_order_direct_put(p, "HTTP/1.1 304 Not Modified" CRLF);

    switch (clcf->server_tokens) {

    case NGX_HTTP_SERVER_TOKENS_ON:
        p = ngx_http_order_direct_put(p, "Server: " NGINX_VER CRLF);
        break;

    case NGX_HTTP_SERVER_TOKENS_BUILD:
        p = ngx_http_order_direct_put(p, "Server: " NGINX_VER_BUILD CRLF);
        break;

    default:
        p = ngx_http_order_direct_put(p, "Server: nginx" CRLF);
    }

    p = ngx_http_order_direct_put(p, "Date: ");
    p = ngx_cpymem(p, ngx_cached_http_time.data, ngx_cached_http_time.len);

    if (status == NGX_HTTP_OK) {
        p = ngx_http_order_direct_put(p, CRLF "Content-Type: application/json"
                                      CRLF "Content-Length: ");
        p = ngx_order_integer_print(p, len);
    }

    return r->keepalive
           ? ngx_http_order_direct_put(p, CRLF "Connection: keep-alive" CRLF)
           : ngx_http_order_direct_put(p, CRLF "Connection: close" CRLF);
}
