
/*
 * A client: taken, kept alive, ended, closed.
 *
 * It is freed in a turn of the event loop of its own: whoever drops one may
 * still hold it.
 */


#include <ngx_http_order_push_int.h>


#define NGX_HTTP_ORDER_PUSH_LINGER  3000   /* ms for a good-bye */
#define NGX_HTTP_ORDER_PUSH_RETRY   1000   /* ms, and up to five times that */


static ngx_http_order_client_t *ngx_http_order_push_client(
    ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    const ngx_http_order_dress_t *dress);
static void ngx_http_order_push_detach(ngx_http_order_client_t *client);
static void ngx_http_order_push_strip(ngx_connection_t *c, ngx_log_t *log);
static void ngx_http_order_push_sockopt(ngx_http_order_client_t *client);
static void ngx_http_order_push_read_handler(ngx_event_t *rev);
static void ngx_http_order_push_write_handler(ngx_event_t *wev);
static ngx_uint_t ngx_http_order_push_expired(
    const ngx_http_order_client_t *client);
static void ngx_http_order_push_free(ngx_http_order_client_t *client);
static void ngx_http_order_push_close_connection(ngx_connection_t *c);


const ngx_http_order_end_t  ngx_http_order_end_expired = {
    ngx_string("token_expired"),
    ngx_string("The token has expired: sign in again."), 4401, 0,
    NGX_ORDER_END_EXPIRED
};

const ngx_http_order_end_t  ngx_http_order_end_forbidden = {
    ngx_string("forbidden"),
    ngx_string("You may not see this any more."), 4403, 0,
    NGX_ORDER_END_FORBIDDEN
};

const ngx_http_order_end_t  ngx_http_order_end_final = {
    ngx_string("final"),
    ngx_string("The order has reached its end: nothing will change."),
    1000, 0, NGX_ORDER_END_FINAL
};

const ngx_http_order_end_t  ngx_http_order_end_deleted = {
    ngx_string("deleted"), ngx_string("The order was deleted."), 1000, 0,
    NGX_ORDER_END_DELETED
};

const ngx_http_order_end_t  ngx_http_order_end_reload = {
    ngx_string("reload"),
    ngx_string("The server is being renewed: come back and resume."), 1012, 1,
    NGX_ORDER_END_RELOAD
};

const ngx_http_order_end_t  ngx_http_order_end_slow = {
    ngx_string("slow"),
    ngx_string("You took too little in time: come back and resume."), 1013, 1,
    NGX_ORDER_END_SLOW
};

const ngx_http_order_end_t  ngx_http_order_end_client = {
    ngx_string("client"), ngx_string("As you asked."), 1000, 0,
    NGX_ORDER_END_CLIENT
};

const ngx_http_order_end_t  ngx_http_order_end_internal = {
    ngx_string("internal"), ngx_string("Something went wrong here."), 1011, 1,
    NGX_ORDER_END_INTERNAL
};


ngx_http_order_client_t *
ngx_http_order_push_take(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    const ngx_http_order_dress_t *dress)
{
    ngx_event_t              *rev;
    ngx_http_order_client_t  *client;

    /* the header is out, or the connection is a bad one to begin with */

    if (r->connection->error
        || (!ngx_http_order_push_through(r)
            && (r->out || r->connection->buffered)))
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        return NULL;
    }

    client = ngx_http_order_push_client(r, ctx, dress);
    if (client == NULL) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return NULL;
    }

    rev = r->connection->read;

    if (client->held == NULL) {
        ngx_http_order_push_detach(client);
        ngx_http_order_push_sockopt(client);

        if (rev->ready) {
            ngx_post_event(rev, &ngx_posted_events);
        }
    }

    client->due = ngx_current_msec + client->conf->heartbeat / 2
                  + (ngx_msec_t) ngx_random()
                    % (client->conf->heartbeat / 2 + 1);
    ngx_http_order_push_timer(client);

    ngx_http_order_push_attend(client->push);

    return client;
}


static ngx_http_order_client_t *
ngx_http_order_push_client(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    const ngx_http_order_dress_t *dress)
{
    ngx_http_order_push_t             *push;
    ngx_http_order_client_t           *client;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);
    push = omcf->push;

    client = ngx_calloc(sizeof(ngx_http_order_client_t), push->log);
    if (client == NULL) {
        return NULL;
    }

    client->dress = dress;
    client->push = push;
    client->connection = r->connection;
    client->request = r;
    client->conf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);
    client->identity = ctx->identity;
    client->timer = r->connection->read;
    client->taken = ngx_current_msec;
    client->alive = 1;
    client->reason = NGX_ORDER_END_CLIENT;

    if (ngx_http_order_push_through(r)
        && ngx_http_order_push_hold(client) != NGX_OK)
    {
        ngx_free(client);
        return NULL;
    }

    /* the place that was kept for the request is the client's now */

    ctx->counted = 0;

    ngx_queue_insert_tail(&push->clients, &client->queue);
    ngx_order_metrics_adjust(NGX_ORDER_METRICS_SUBSCRIBERS + dress->transport,
                             1);

    return client;
}


/*
 * The connection is this client's from now on; nginx's request is freed, and
 * its line is in the access log, unless order_push_detach is off.
 */

static void
ngx_http_order_push_detach(ngx_http_order_client_t *client)
{
    ngx_connection_t  *c;

    c = client->connection;

    if (client->conf->detach) {
        ngx_http_free_request(client->request, 0);
        client->request = NULL;
        ngx_http_order_push_strip(c, client->push->log);
    }

#if (NGX_SSL)

    /* what it did not take is kept elsewhere, and sent from there */

    if (c->ssl) {
        (void) SSL_set_mode(c->ssl->connection,
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }

#endif

    /* for nginx there is no request on it any more */

    c->destroyed = 1;
    c->data = client;
    c->read->handler = ngx_http_order_push_read_handler;
    c->write->handler = ngx_http_order_push_write_handler;
    c->idle = 0;

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }
}


/* Frees what a connection has of its own, unless TLS lives there. */

static void
ngx_http_order_push_strip(ngx_connection_t *c, ngx_log_t *log)
{
    ngx_pool_t  *pool;

#if (NGX_SSL || NGX_COMPAT)

    if (c->ssl) {
        return;
    }

#endif

    pool = c->pool;

    c->pool = NULL;
    c->sockaddr = NULL;
    c->socklen = 0;
    ngx_str_null(&c->addr_text);
    c->proxy_protocol = NULL;
    c->buffer = NULL;
    c->log = log;
    c->read->log = log;
    c->write->log = log;

    ngx_destroy_pool(pool);
}


/* A peer that is gone without a word is found by what it does not
 * acknowledge. */

static void
ngx_http_order_push_sockopt(ngx_http_order_client_t *client)
{
    int  value;

#ifdef TCP_USER_TIMEOUT

    value = (int) client->conf->push_timeout;

    if (setsockopt(client->connection->fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
                   (const void *) &value, sizeof(int)) == -1)
    {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, client->push->log, ngx_socket_errno,
                       "order push: no TCP_USER_TIMEOUT");
    }

#endif

    value = 1;

    if (setsockopt(client->connection->fd, IPPROTO_TCP, TCP_NODELAY,
                   (const void *) &value, sizeof(int)) == -1)
    {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, client->push->log, ngx_socket_errno,
                       "order push: no TCP_NODELAY");
    }
}


static void
ngx_http_order_push_read_handler(ngx_event_t *rev)
{
    ngx_connection_t         *c;
    ngx_http_order_client_t  *client;

    c = rev->data;
    client = c->data;

    if (client->dropped) {
        return;
    }

    /* the shutdown's time is up */

    if (c->close) {
        ngx_http_order_push_drop(client);
        return;
    }

    if (rev->timedout) {
        rev->timedout = 0;
        ngx_http_order_push_time(client);
        return;
    }

    client->dress->read(client);

    if (!client->dropped && ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_order_push_drop(client);
    }
}


static void
ngx_http_order_push_write_handler(ngx_event_t *wev)
{
    ngx_connection_t         *c;
    ngx_http_order_client_t  *client;

    c = wev->data;
    client = c->data;

    if (!client->dropped) {
        ngx_http_order_push_flush(client);
    }
}


void
ngx_http_order_push_time(ngx_http_order_client_t *client)
{
    if (client->ending) {
        ngx_http_order_push_drop(client);
        return;
    }

    if (client->blocked
        && ngx_current_msec - client->taken >= client->conf->push_timeout)
    {
        ngx_log_error(NGX_LOG_INFO, client->push->log, 0,
                      "a subscriber took nothing for %M ms: dropped",
                      client->conf->push_timeout);
        client->reason = NGX_ORDER_END_SLOW;
        ngx_http_order_push_drop(client);
        return;
    }

    if (ngx_http_order_push_expired(client)) {
        ngx_http_order_push_end(client, &ngx_http_order_end_expired);
        return;
    }

    if ((ngx_msec_int_t) (ngx_current_msec - client->due) >= 0) {
        client->due = ngx_current_msec + client->conf->heartbeat;
        ngx_http_order_push_age(client);

        if (!client->blocked) {
            client->dress->beat(client);
        }
    }

    if (!client->dropped && !client->ending) {
        ngx_http_order_push_timer(client);
    }
}


void
ngx_http_order_push_timer(ngx_http_order_client_t *client)
{
    time_t          left;
    ngx_msec_int_t  wait, other;

    wait = (ngx_msec_int_t) (client->due - ngx_current_msec);

    left = client->identity.expires + client->conf->verifier.leeway
           - ngx_time();

    if (left < wait / 1000 + 1) {
        other = (ngx_msec_int_t) left * 1000;
        wait = ngx_min(wait, other);
    }

    if (client->blocked) {
        other = (ngx_msec_int_t) (client->taken + client->conf->push_timeout
                                  - ngx_current_msec);
        wait = ngx_min(wait, other);
    }

    if (client->timer->timer_set) {
        ngx_del_timer(client->timer);
    }

    ngx_add_timer(client->timer, (ngx_msec_t) ngx_max(wait, 1));
}


static ngx_uint_t
ngx_http_order_push_expired(const ngx_http_order_client_t *client)
{
    return client->identity.expires
           <= ngx_time() - client->conf->verifier.leeway;
}


void
ngx_http_order_push_prolong(ngx_http_order_client_t *client, time_t expires)
{
    client->identity.expires = expires;

    ngx_http_order_push_timer(client);
}


void
ngx_http_order_push_end(ngx_http_order_client_t *client,
    const ngx_http_order_end_t *end)
{
    ngx_msec_t  retry;

    if (client->ending || client->dropped) {
        return;
    }

    client->ending = 1;
    ngx_http_order_push_remove_all(client);
    ngx_order_metrics_add(NGX_ORDER_METRICS_PUSH_END + end->reason, 1);

    retry = 0;

    if (end->again) {
        retry = ngx_http_order_push_retry();
    }

    client->dress->end(client, end, retry);

    if (client->dropped) {
        return;
    }

    if (!client->blocked && !client->lingers) {
        ngx_http_order_push_drop(client);
        return;
    }

    if (client->timer->timer_set) {
        ngx_del_timer(client->timer);
    }

    ngx_add_timer(client->timer, NGX_HTTP_ORDER_PUSH_LINGER);
}


ngx_msec_t
ngx_http_order_push_retry(void)
{
    return NGX_HTTP_ORDER_PUSH_RETRY
           + (ngx_msec_t) ngx_random() % (4 * NGX_HTTP_ORDER_PUSH_RETRY);
}


void
ngx_http_order_push_drop(ngx_http_order_client_t *client)
{
    ngx_http_order_push_t  *push;

    if (client->dropped) {
        return;
    }

    client->dropped = 1;
    ngx_http_order_push_remove_all(client);

    ngx_order_metrics_adjust(NGX_ORDER_METRICS_SUBSCRIBERS
                             + client->dress->transport, -1);

    if (!client->ending) {
        ngx_order_metrics_add(NGX_ORDER_METRICS_PUSH_END + client->reason, 1);
    }

    push = client->push;

    ngx_queue_remove(&client->queue);
    ngx_queue_insert_tail(&push->dropped, &client->queue);

    ngx_post_event(&push->drop, &ngx_posted_events);
}


void
ngx_http_order_push_drop_handler(ngx_event_t *ev)
{
    ngx_http_order_push_t *push = ev->data;

    ngx_queue_t              *q;
    ngx_http_order_client_t  *client;

    while (!ngx_queue_empty(&push->dropped)) {
        q = ngx_queue_head(&push->dropped);
        ngx_queue_remove(q);

        client = ngx_queue_data(q, ngx_http_order_client_t, queue);
        ngx_http_order_push_free(client);
    }
}


static void
ngx_http_order_push_free(ngx_http_order_client_t *client)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = client->connection;
    r = client->request;

    if (client->state) {
        client->dress->free(client);
    }

    if (client->rest) {
        ngx_free(client->rest);
    }

    ngx_http_order_push_uncount(client->push, &client->identity.user);

    if (client->held) {
        ngx_http_order_push_let_go(client);

    } else if (r) {
        c->destroyed = 0;
        c->data = r;
        c->read->handler = ngx_http_empty_handler;
        c->write->handler = ngx_http_empty_handler;
        r->keepalive = 0;
        ngx_http_finalize_request(r, NGX_DONE);

    } else {
        ngx_http_order_push_close_connection(c);
    }

    ngx_free(client);
}


static void
ngx_http_order_push_close_connection(ngx_connection_t *c)
{
    ngx_pool_t  *pool;

#if (NGX_HTTP_SSL)

    if (c->ssl) {
        c->ssl->no_wait_shutdown = 1;

        if (ngx_ssl_shutdown(c) == NGX_AGAIN) {
            c->ssl->handler = ngx_http_order_push_close_connection;
            return;
        }
    }

#endif

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_active, -1);
#endif

    c->destroyed = 1;
    pool = c->pool;

    ngx_close_connection(c);

    if (pool) {
        ngx_destroy_pool(pool);
    }
}
