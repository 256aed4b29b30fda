
/*
 * Who is calling.
 *
 * The token is verified where it is first asked for: by a variable in the
 * preaccess phase, or by the content handler.  Nothing depends on the access
 * phase, which subrequests skip.
 */


#include <ngx_http_order_identity.h>


static void ngx_http_order_ctx_cleanup(void *data);
static ngx_int_t ngx_http_order_token(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, ngx_str_t *token);
static ngx_int_t ngx_http_order_bearer(ngx_http_request_t *r,
    ngx_str_t *token);
static ngx_int_t ngx_http_order_cookie(ngx_http_request_t *r,
    ngx_str_t *token);
static ngx_int_t ngx_http_order_subprotocol(ngx_http_request_t *r,
    ngx_str_t *token);
static ngx_int_t ngx_http_order_header_line(ngx_http_request_t *r,
    const ngx_str_t *name, ngx_http_order_list_t *list);


static ngx_str_t  ngx_http_order_cookie_name =
    ngx_string(NGX_HTTP_ORDER_COOKIE);
static ngx_str_t  ngx_http_order_origin = ngx_string("Origin");
static ngx_str_t  ngx_http_order_fetch_site = ngx_string("Sec-Fetch-Site");
static ngx_str_t  ngx_http_order_protocol =
    ngx_string("Sec-WebSocket-Protocol");


ngx_http_order_ctx_t *
ngx_http_order_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t    *cln;
    ngx_http_order_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_order_module);
    if (ctx) {
        return ctx;
    }

    /* an internal redirect has zeroed the contexts */

    if (r->internal || r->filter_finalize) {
        for (cln = r->pool->cleanup; cln; cln = cln->next) {
            if (cln->handler == ngx_http_order_ctx_cleanup) {
                ctx = *(ngx_http_order_ctx_t **) cln->data;
                ngx_http_set_ctx(r, ctx, ngx_http_order_module);
                return ctx;
            }
        }
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_order_ctx_t *));
    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_order_ctx_t));

    if (cln == NULL || ctx == NULL) {
        return NULL;
    }

    ctx->identified = NGX_CONF_UNSET;

    *(ngx_http_order_ctx_t **) cln->data = ctx;
    cln->handler = ngx_http_order_ctx_cleanup;

    ngx_http_set_ctx(r, ctx, ngx_http_order_module);

    return ctx;
}


/* Frees nothing: it marks where the context is. */

static void
ngx_http_order_ctx_cleanup(void *data)
{
}


ngx_int_t
ngx_http_order_identify(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx)
{
    ngx_str_t                          token;
    const char                        *reason;
    const ngx_http_order_loc_conf_t   *olcf;
    const ngx_http_order_main_conf_t  *omcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);
    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);

    /* what one location found is not true in another with other keys */

    if (ctx->identified != NGX_CONF_UNSET && ctx->verifier == &olcf->verifier)
    {
        return ctx->identified;
    }

    ctx->verifier = &olcf->verifier;
    ctx->by_cookie = 0;

    if (olcf->verifier.keys == NULL || omcf->zone == NULL
        || ngx_http_order_token(r, ctx, &token) != NGX_OK)
    {
        ctx->identified = NGX_DECLINED;
        return NGX_DECLINED;
    }

    ctx->identified = ngx_order_token_verify(&olcf->verifier,
                                             omcf->zone->verified, &token,
                                             token.data == ctx->printed.data
                                             && token.len == ctx->printed.len
                                             ? &ctx->print : NULL,
                                             ngx_time(), &ctx->identity,
                                             &reason);

    if (ctx->identified == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "token refused: %s", reason);
        ctx->identified = NGX_ABORT;
    }

    return ctx->identified;
}


void
ngx_http_order_identity_expect(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx)
{
    ngx_str_t                          token;
    const ngx_http_order_loc_conf_t   *olcf;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);
    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);

    if (ngx_http_order_bearer(r, &token) == NGX_OK) {
        ngx_order_token_print(&olcf->verifier, omcf->zone->verified, &token,
                              &ctx->print);
        ctx->printed = token;
    }
}


static ngx_int_t
ngx_http_order_token(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    ngx_str_t *token)
{
    if (r->uri.len == sizeof(NGX_HTTP_ORDER_WS_PATH) - 1
        && ngx_memcmp(r->uri.data, NGX_HTTP_ORDER_WS_PATH, r->uri.len) == 0
        && ngx_http_order_subprotocol(r, token) == NGX_OK)
    {
        return NGX_OK;
    }

    if (r->headers_in.authorization == NULL) {
        ctx->by_cookie = 1;
        return ngx_http_order_cookie(r, token);
    }

    return ngx_http_order_bearer(r, token);
}


static ngx_int_t
ngx_http_order_bearer(ngx_http_request_t *r, ngx_str_t *token)
{
    ngx_str_t  *value;

    if (r->headers_in.authorization == NULL) {
        return NGX_DECLINED;
    }

    value = &r->headers_in.authorization->value;

    if (value->len <= sizeof("Bearer ") - 1
        || ngx_strncasecmp(value->data, (u_char *) "Bearer ",
                           sizeof("Bearer ") - 1)
           != 0)
    {
        return NGX_DECLINED;
    }

    token->data = value->data + sizeof("Bearer ") - 1;
    token->len = value->len - (sizeof("Bearer ") - 1);

    while (token->len && token->data[0] == ' ') {
        token->data++;
        token->len--;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_order_cookie(ngx_http_request_t *r, ngx_str_t *token)
{
#if (nginx_version >= 1029006)

    if (ngx_http_parse_cookie_lines(r, r->headers_in.cookie,
                                    &ngx_http_order_cookie_name, token)
        == NULL)
    {
        return NGX_DECLINED;
    }

#elif (nginx_version >= 1023000)

    if (ngx_http_parse_multi_header_lines(r, r->headers_in.cookie,
                                          &ngx_http_order_cookie_name, token)
        == NULL)
    {
        return NGX_DECLINED;
    }

#else

    if (ngx_http_parse_multi_header_lines(&r->headers_in.cookies,
                                          &ngx_http_order_cookie_name, token)
        == NGX_DECLINED)
    {
        return NGX_DECLINED;
    }

#endif

    return token->len ? NGX_OK : NGX_DECLINED;
}


/* the one header that a page may choose for a WebSocket */

static ngx_int_t
ngx_http_order_subprotocol(ngx_http_request_t *r, ngx_str_t *token)
{
    ngx_http_order_list_t  list;

    ngx_memzero(&list, sizeof(ngx_http_order_list_t));

    while (ngx_http_order_header_next(r, &ngx_http_order_protocol, &list,
                                      token)
           == NGX_OK)
    {
        if (token->len > sizeof("bearer.") - 1
            && ngx_strncmp(token->data, "bearer.", sizeof("bearer.") - 1)
               == 0)
        {
            token->data += sizeof("bearer.") - 1;
            token->len -= sizeof("bearer.") - 1;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_order_same_origin(ngx_http_request_t *r)
{
    size_t            len;
    u_char           *p;
    ngx_str_t        *host;
    ngx_table_elt_t  *h;

    h = ngx_http_order_header(r, &ngx_http_order_fetch_site);

    if (h) {
        return (h->value.len == sizeof("same-origin") - 1
                && ngx_strncmp(h->value.data, "same-origin", h->value.len)
                   == 0)
               ? NGX_OK : NGX_DECLINED;
    }

    h = ngx_http_order_header(r, &ngx_http_order_origin);

    if (h == NULL) {
        return NGX_ABORT;
    }

    if (r->headers_in.host == NULL) {
        return NGX_DECLINED;
    }

    host = &r->headers_in.host->value;

    p = ngx_strlchr(h->value.data, h->value.data + h->value.len, '/');
    if (p == NULL) {
        return NGX_DECLINED;
    }

    p += 2;
    len = (size_t) (p - h->value.data);

    if (len + host->len != h->value.len
        || ngx_strncasecmp(p, host->data, host->len) != 0)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_table_elt_t *
ngx_http_order_header(ngx_http_request_t *r, const ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash != 0 && h[i].key.len == name->len
            && ngx_strncasecmp(h[i].key.data, name->data, name->len) == 0)
        {
            return &h[i];
        }
    }
}


ngx_int_t
ngx_http_order_header_next(ngx_http_request_t *r, const ngx_str_t *name,
    ngx_http_order_list_t *list, ngx_str_t *element)
{
    u_char  *end;

    for ( ;; ) {

        while (list->pos < list->last
               && (*list->pos == ' ' || *list->pos == '\t'
                   || *list->pos == ','))
        {
            list->pos++;
        }

        if (list->pos < list->last) {
            break;
        }

        if (ngx_http_order_header_line(r, name, list) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    end = ngx_strlchr(list->pos, list->last, ',');
    if (end == NULL) {
        end = list->last;
    }

    element->data = list->pos;
    list->pos = end;

    while (end[-1] == ' ' || end[-1] == '\t') {
        end--;
    }

    element->len = (size_t) (end - element->data);

    return NGX_OK;
}


/* goes to the next line of that name */

static ngx_int_t
ngx_http_order_header_line(ngx_http_request_t *r, const ngx_str_t *name,
    ngx_http_order_list_t *list)
{
    ngx_table_elt_t  *h;

    if (list->part == NULL) {
        list->part = &r->headers_in.headers.part;
    }

    for ( ;; ) {

        if (list->i == list->part->nelts) {
            if (list->part->next == NULL) {
                return NGX_DECLINED;
            }

            list->part = list->part->next;
            list->i = 0;
            continue;
        }

        h = list->part->elts;
        h += list->i++;

        if (h->hash != 0 && h->key.len == name->len
            && ngx_strncasecmp(h->key.data, name->data, name->len) == 0)
        {
            list->pos = h->value.data;
            list->last = h->value.data + h->value.len;
            return NGX_OK;
        }
    }
}
