
/*
 * Bytes to a client: on its connection, or, with HTTP/2 and later, through
 * nginx's filters as the body of the request.
 *
 * A client that does not take all is "blocked" until it does: what is left of
 * the message is kept, and nothing but what the dress itself has to say, such
 * as a pong, comes behind it.
 */


#include <ngx_http_order_push_int.h>


/* bytes that may be pending, beyond one message */
#define NGX_HTTP_ORDER_PUSH_PENDING  16384


struct ngx_http_order_held_s {
    ngx_event_t              timer;
    ngx_chain_t             *free;
    ngx_chain_t             *busy;
};


static ngx_int_t ngx_http_order_push_keep(ngx_http_order_client_t *client,
    const u_char *data, size_t len);
static ssize_t ngx_http_order_push_write(ngx_http_order_client_t *client,
    const u_char *data, size_t len);
static ssize_t ngx_http_order_push_write_held(
    ngx_http_order_client_t *client, const u_char *data, size_t len);
static ngx_buf_t *ngx_http_order_push_buf(ngx_http_order_client_t *client,
    ngx_chain_t *cl, size_t len);
static void ngx_http_order_push_held_timer(ngx_event_t *ev);
static void ngx_http_order_push_held_write(ngx_http_request_t *r);
static void ngx_http_order_push_held_read(ngx_http_request_t *r);
static void ngx_http_order_push_held_cleanup(void *data);


ngx_int_t
ngx_http_order_push_send(ngx_http_order_client_t *client, const u_char *data,
    size_t len)
{
    ssize_t  n;

    if (client->dropped) {
        return NGX_ERROR;
    }

    n = 0;

    if (!client->blocked) {
        n = ngx_http_order_push_write(client, data, len);

        if (n == (ssize_t) len) {
            return NGX_OK;
        }

        if (n == NGX_ERROR) {
            ngx_http_order_push_drop(client);
            return NGX_ERROR;
        }
    }

    if (ngx_http_order_push_keep(client, data + n, len - (size_t) n)
        != NGX_OK)
    {
        ngx_http_order_push_drop(client);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_order_push_keep(ngx_http_order_client_t *client, const u_char *data,
    size_t len)
{
    u_char  *p;
    size_t   size;

    size = client->rest_len + len;

    if (client->rest_len && size > NGX_HTTP_ORDER_PUSH_PENDING) {
        ngx_log_error(NGX_LOG_INFO, client->push->log, 0,
                      "a subscriber has %uD bytes pending already: dropped",
                      client->rest_len);
        client->reason = NGX_ORDER_END_SLOW;
        return NGX_ERROR;
    }

    if (size > client->rest_size) {
        p = ngx_alloc(size, client->push->log);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (client->rest) {
            ngx_memcpy(p, client->rest, client->rest_len);
            ngx_free(client->rest);
        }

        client->rest = p;
        client->rest_size = (uint32_t) size;
    }

    ngx_memcpy(client->rest + client->rest_len, data, len);
    client->rest_len = (uint32_t) size;

    if (client->blocked) {
        return NGX_OK;
    }

    client->blocked = 1;
    client->taken = ngx_current_msec;

    if (!client->ending) {
        ngx_http_order_push_timer(client);
    }

    return client->held ? NGX_OK
                        : ngx_handle_write_event(client->connection->write, 0);
}


/* How many bytes were taken, or NGX_ERROR. */

static ssize_t
ngx_http_order_push_write(ngx_http_order_client_t *client, const u_char *data,
    size_t len)
{
    size_t             sent;
    ssize_t            n;
    ngx_connection_t  *c;

    if (client->held) {
        return ngx_http_order_push_write_held(client, data, len);
    }

    c = client->connection;
    sent = 0;

    while (sent < len && c->write->ready) {
        n = c->send(c, (u_char *) data + sent, len - sent);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (n == NGX_AGAIN || n == 0) {
            break;
        }

        sent += (size_t) n;
    }

    if (sent) {
        client->taken = ngx_current_msec;
    }

    return (ssize_t) sent;
}


void
ngx_http_order_push_flush(ngx_http_order_client_t *client)
{
    ssize_t  n;

    if (!client->blocked) {
        return;
    }

    n = ngx_http_order_push_write(client, client->rest, client->rest_len);

    if (n == NGX_ERROR) {
        ngx_http_order_push_drop(client);
        return;
    }

    client->rest_len -= (uint32_t) n;

    if (client->rest_len) {
        ngx_memmove(client->rest, client->rest + n, client->rest_len);

        if (!client->held
            && ngx_handle_write_event(client->connection->write, 0) != NGX_OK)
        {
            ngx_http_order_push_drop(client);
        }

        return;
    }

    ngx_free(client->rest);
    client->rest = NULL;
    client->rest_size = 0;
    client->blocked = 0;

    if (!client->ending) {
        ngx_http_order_push_catch_up(client);

    } else if (!client->lingers) {
        ngx_http_order_push_drop(client);
    }
}


ngx_int_t
ngx_http_order_push_tell(ngx_http_order_client_t *client, const char *event,
    const ngx_str_t *id, const ngx_str_t *json)
{
    u_char     *p, *last;
    ngx_int_t   rc;
    ngx_str_t   name;

    p = ngx_alloc(json->len + 256, client->push->log);
    if (p == NULL) {
        ngx_http_order_push_drop(client);
        return NGX_ERROR;
    }

    name.data = (u_char *) event;
    name.len = ngx_strlen(event);

    last = client->dress->wrap(p, &name, id, json);
    rc = ngx_http_order_push_send(client, p, (size_t) (last - p));

    ngx_free(p);

    if (rc == NGX_OK) {
        ngx_order_metrics_add(NGX_ORDER_METRICS_MESSAGE
                              + client->dress->transport, 1);
    }

    return rc;
}


/* --- through nginx's filters */


ngx_uint_t
ngx_http_order_push_through(const ngx_http_request_t *r)
{
    return r->http_version >= NGX_HTTP_VERSION_20;
}


ngx_int_t
ngx_http_order_push_hold(ngx_http_order_client_t *client)
{
    ngx_http_cleanup_t     *cln;
    ngx_http_request_t     *r;
    ngx_http_order_ctx_t   *ctx;
    ngx_http_order_held_t  *held;

    r = client->request;

    held = ngx_pcalloc(r->pool, sizeof(ngx_http_order_held_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (held == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    held->timer.handler = ngx_http_order_push_held_timer;
    held->timer.data = client;
    held->timer.log = client->push->log;

    client->held = held;
    client->timer = &held->timer;

    cln->handler = ngx_http_order_push_held_cleanup;
    cln->data = client;

    ctx = ngx_http_get_module_ctx(r, ngx_http_order_module);
    ctx->client = client;

    r->read_event_handler = ngx_http_order_push_held_read;
    r->write_event_handler = ngx_http_order_push_held_write;

    return NGX_OK;
}


void
ngx_http_order_push_let_go(ngx_http_order_client_t *client)
{
    ngx_http_cleanup_t  *cln;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = client->request;

    if (r == NULL) {
        return;
    }

    if (client->timer->timer_set) {
        ngx_del_timer(client->timer);
    }

    for (cln = r->cleanup; cln; cln = cln->next) {
        if (cln->data == client) {
            cln->handler = NULL;
        }
    }

    c = r->connection;

    ngx_http_finalize_request(r, ngx_http_send_special(r, NGX_HTTP_LAST));
    ngx_http_run_posted_requests(c);
}


static ssize_t
ngx_http_order_push_write_held(ngx_http_order_client_t *client,
    const u_char *data, size_t len)
{
    ngx_buf_t              *b;
    ngx_int_t               rc;
    ngx_chain_t            *cl;
    ngx_http_request_t     *r;
    ngx_http_order_held_t  *held;

    r = client->request;
    held = client->held;

    if (held->busy || len == 0) {
        return 0;
    }

    cl = ngx_chain_get_free_buf(r->pool, &held->free);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    b = ngx_http_order_push_buf(client, cl, len);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->last = ngx_cpymem(b->pos, data, len);

    rc = ngx_http_output_filter(r, cl);

    ngx_chain_update_chains(r->pool, &held->free, &held->busy, &cl,
                            (ngx_buf_tag_t) &ngx_http_order_module);

    if (rc == NGX_ERROR || r->connection->error) {
        return NGX_ERROR;
    }

    if (held->busy == NULL) {
        client->taken = ngx_current_msec;
    }

    return (ssize_t) len;
}


/* a buffer of this client's, large enough; they are used again */

static ngx_buf_t *
ngx_http_order_push_buf(ngx_http_order_client_t *client, ngx_chain_t *cl,
    size_t len)
{
    ngx_buf_t  *b;

    b = cl->buf;

    if ((size_t) (b->end - b->start) < len) {
        b->start = ngx_palloc(client->request->pool,
                              ngx_max(len, NGX_HTTP_ORDER_FRAME));
        if (b->start == NULL) {
            return NULL;
        }

        b->end = b->start + ngx_max(len, NGX_HTTP_ORDER_FRAME);
    }

    b->pos = b->start;
    b->last = b->start;
    b->temporary = 1;
    b->flush = 1;
    b->tag = (ngx_buf_tag_t) &ngx_http_order_module;

    return b;
}


static void
ngx_http_order_push_held_timer(ngx_event_t *ev)
{
    ngx_http_order_client_t *client = ev->data;

    if (!client->dropped) {
        ngx_http_order_push_time(client);
    }
}


static void
ngx_http_order_push_held_write(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_chain_t              *cl;
    ngx_http_order_ctx_t     *ctx;
    ngx_http_order_held_t    *held;
    ngx_http_order_client_t  *client;

    ctx = ngx_http_get_module_ctx(r, ngx_http_order_module);
    client = ctx->client;

    if (client->dropped) {
        return;
    }

    rc = ngx_http_output_filter(r, NULL);

    if (rc == NGX_ERROR) {
        ngx_http_order_push_drop(client);
        return;
    }

    client->taken = ngx_current_msec;

    held = client->held;
    cl = NULL;

    ngx_chain_update_chains(r->pool, &held->free, &held->busy, &cl,
                            (ngx_buf_tag_t) &ngx_http_order_module);

    ngx_http_order_push_flush(client);
}


static void
ngx_http_order_push_held_read(ngx_http_request_t *r)
{
    ngx_http_order_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_order_module);

    if (r->connection->read->eof || r->connection->error) {
        ngx_http_order_push_drop(ctx->client);
    }
}


/* nginx ends the request: the client is not to touch it any more */

static void
ngx_http_order_push_held_cleanup(void *data)
{
    ngx_http_order_client_t *client = data;

    if (client->timer->timer_set) {
        ngx_del_timer(client->timer);
    }

    client->timer = NULL;
    client->request = NULL;

    ngx_http_order_push_drop(client);
}
