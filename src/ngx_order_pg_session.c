
/*
 * One PGconn as an event source.
 *
 * The socket is libpq's, which may also close it and open another while it
 * connects: it is given to nginx anew after each PQconnectPoll(), and taken
 * out before.  Sessions are in pipeline mode, each query with a Sync of its
 * own, so that each is its own transaction.
 *
 * Owns the PGconn and the ngx_connection_t; all else is in its owner's pool.
 * Never waits, and never calls the handler of a query.
 */


#include <ngx_order_pg_int.h>
#include <libpq-fe.h>
#include <openssl/ssl.h>
#include <openssl/err.h>


#define NGX_ORDER_PG_KEYWORDS      64


static void ngx_order_pg_session_poll(ngx_order_pg_session_t *session);
static ngx_int_t ngx_order_pg_session_attach(ngx_order_pg_session_t *session,
    ngx_int_t event);
static void ngx_order_pg_session_detach(ngx_order_pg_session_t *session);
static void ngx_order_pg_session_ready(ngx_order_pg_session_t *session);
static void ngx_order_pg_session_read_handler(ngx_event_t *rev);
static void ngx_order_pg_session_write_handler(ngx_event_t *wev);
static void ngx_order_pg_session_timer_handler(ngx_event_t *ev);
static void ngx_order_pg_session_receive(ngx_order_pg_session_t *session);
static ngx_int_t ngx_order_pg_session_take(ngx_order_pg_session_t *session);
static ngx_uint_t ngx_order_pg_session_pending(
    ngx_order_pg_session_t *session);


ngx_int_t
ngx_order_pg_session_init(ngx_order_pg_session_t *session,
    const ngx_order_pg_conf_t *conf, const ngx_str_t *name,
    ngx_uint_t limited, ngx_pool_t *pool, ngx_log_t *log)
{
    char        *user;
    size_t       len;
    u_char      *p;
    ngx_msec_t   limit;

    session->conf = conf;

    session->log = *log;
    session->log.handler = ngx_order_pg_notice_log;
    session->log.data = session;
    session->log.action = NULL;

    session->timer.data = session;
    session->timer.log = &session->log;

    session->name.data = ngx_pnalloc(pool, name->len + 1);
    if (session->name.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(session->name.data, name->data, name->len + 1);
    session->name.len = name->len;

    if (!conf->prepare) {
        session->options = conf->options;
        return NGX_OK;
    }

    user = conf->options ? conf->options : "";
    limit = limited ? conf->timeout - ngx_min(conf->timeout / 10, 200) : 0;

    len = sizeof("-c order_module.rings=on -c client_min_messages=warning "
                 "-c statement_timeout= "
                 "-c idle_in_transaction_session_timeout= ")
          + 2 * NGX_INT_T_LEN + ngx_strlen(user);

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(p, "-c order_module.rings=on -c client_min_messages=warning "
                "-c statement_timeout=%M "
                "-c idle_in_transaction_session_timeout=%M %s%Z",
                limit, conf->timeout, user);

    session->options = (char *) p;

    return NGX_OK;
}


void
ngx_order_pg_session_start(ngx_order_pg_session_t *session)
{
    const char                   *keywords[NGX_ORDER_PG_KEYWORDS];
    const char                   *values[NGX_ORDER_PG_KEYWORDS];
    ngx_uint_t                    i, n;
    const ngx_array_t            *params;
    const ngx_order_pg_option_t  *option;

    const ngx_order_pg_option_t   own[] = {
        { "host", (char *) session->host->name.data },
        { "hostaddr", session->naddrs
                      ? (char *) session->addrs[session->addr] : NULL },
        { "port", (char *) session->host->port.data },
        { "target_session_attrs", session->conf->rounds == 1
                                  ? session->conf->target
                                  : session->round ? "any" : "standby" },
        { "application_name", (char *) session->name.data },
        { "client_encoding", "UTF8" },
        { "options", session->options }
    };

    params = session->conf->params;
    option = params->elts;
    n = 0;

    for (i = 0; i < params->nelts && n < NGX_ORDER_PG_KEYWORDS - 8; i++) {
        keywords[n] = option[i].keyword;
        values[n++] = option[i].value;
    }

    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (own[i].value) {
            keywords[n] = own[i].keyword;
            values[n++] = own[i].value;
        }
    }

    keywords[n] = NULL;
    values[n] = NULL;

    ngx_order_pg_session_turn(session, NGX_ORDER_PG_CONNECTING);
    session->log.action = "connecting to database";

    session->conn = PQconnectStartParams(keywords, values, 0);

    if (session->conn == NULL) {
        ngx_order_pg_connect_next(session, "no memory");
        return;
    }

    if (PQstatus(session->conn) == CONNECTION_BAD) {
        ngx_order_pg_session_failed(session);
        return;
    }

    ngx_order_pg_notice_receive(session);

    ngx_add_timer(&session->timer, session->conf->connect_timeout);

    if (ngx_order_pg_session_attach(session, NGX_WRITE_EVENT) != NGX_OK) {
        ngx_order_pg_session_failed(session);
    }
}


static void
ngx_order_pg_session_poll(ngx_order_pg_session_t *session)
{
    ngx_int_t                  event;
    PostgresPollingStatusType  status;

    ngx_order_pg_session_detach(session);

    status = PQconnectPoll(session->conn);

    ERR_clear_error();

    if (status == PGRES_POLLING_OK) {
        ngx_order_pg_session_ready(session);
        return;
    }

    event = (status == PGRES_POLLING_READING) ? NGX_READ_EVENT
                                              : NGX_WRITE_EVENT;

    if (status == PGRES_POLLING_FAILED
        || ngx_order_pg_session_attach(session, event) != NGX_OK)
    {
        ngx_order_pg_session_failed(session);
    }
}


/* level-triggered: libpq does not read until EAGAIN */

static ngx_int_t
ngx_order_pg_session_attach(ngx_order_pg_session_t *session,
    ngx_int_t event)
{
    int                fd;
    ngx_connection_t  *c;

    fd = PQsocket(session->conn);
    if (fd < 0) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, &session->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = session;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->read->handler = ngx_order_pg_session_read_handler;
    c->write->handler = ngx_order_pg_session_write_handler;
    c->read->log = &session->log;
    c->write->log = &session->log;

    session->connection = c;

    return ngx_add_event(event == NGX_READ_EVENT ? c->read : c->write,
                         event, NGX_LEVEL_EVENT);
}


static void
ngx_order_pg_session_detach(ngx_order_pg_session_t *session)
{
    ngx_uint_t         flags;
    ngx_connection_t  *c;

    c = session->connection;
    if (c == NULL) {
        return;
    }

    /* libpq closes the socket itself when it finds the connection broken */

    flags = (PQsocket(session->conn) == c->fd) ? 0 : NGX_CLOSE_EVENT;

    if (c->read->active) {
        ngx_del_event(c->read, NGX_READ_EVENT, flags);
    }

    if (c->write->active) {
        ngx_del_event(c->write, NGX_WRITE_EVENT, flags);
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    ngx_free_connection(c);

    c->fd = (ngx_socket_t) -1;
    c->idle = 0;
    session->connection = NULL;
}


static void
ngx_order_pg_session_ready(ngx_order_pg_session_t *session)
{
    if (PQsetnonblocking(session->conn, 1) != 0
        || PQenterPipelineMode(session->conn) != 1
        || ngx_order_pg_session_attach(session, NGX_READ_EVENT) != NGX_OK)
    {
        ngx_order_pg_session_failed(session);
        return;
    }

    if (session->conf->fence) {
        ngx_order_pg_fence_ask(session);
        return;
    }

    ngx_order_pg_session_admit(session);
}


void
ngx_order_pg_session_admit(ngx_order_pg_session_t *session)
{
    ngx_uint_t            n;
    ngx_order_pg_host_t  *hosts;

    ngx_order_pg_connect_stop(session);

    hosts = session->conf->hosts->elts;
    n = session->host - hosts;

    session->track->good = n;
    session->track->trouble[n].crc = 0;

    ngx_order_pg_session_turn(session, NGX_ORDER_PG_READY);
    session->since = ngx_current_msec;
    session->log.action = NULL;
    session->reason[0] = '\0';
    session->retiring = 0;

    session->timer.handler = ngx_order_pg_session_timer_handler;
    session->timer.cancelable = 0;

    ngx_memzero(session->prepared, sizeof(session->prepared));

    session->connection->idle = 1;

    session->owner(session, NGX_ORDER_PG_SESSION_READY);
}


void
ngx_order_pg_session_failed(ngx_order_pg_session_t *session)
{
    ngx_order_pg_notice_reason(session, PQerrorMessage(session->conn));
    ngx_order_pg_session_cut(session);

    ngx_order_pg_connect_next(session, (char *) session->reason);
}


/* nginx sets c->close on idle connections when a worker is to exit */

static void
ngx_order_pg_session_read_handler(ngx_event_t *rev)
{
    ngx_connection_t        *c;
    ngx_order_pg_session_t  *session;

    c = rev->data;
    session = c->data;

    if (c->close) {
        ngx_order_pg_session_drop(session, NULL);
        return;
    }

    if (session->state == NGX_ORDER_PG_CONNECTING) {
        ngx_order_pg_session_poll(session);
        return;
    }

    if (session->state == NGX_ORDER_PG_PROVING) {
        ngx_order_pg_fence_read(session);
        return;
    }

    if (!session->paused) {
        ngx_order_pg_session_receive(session);
    }
}


static void
ngx_order_pg_session_write_handler(ngx_event_t *wev)
{
    ngx_connection_t        *c;
    ngx_order_pg_session_t  *session;

    c = wev->data;
    session = c->data;

    if (session->state == NGX_ORDER_PG_CONNECTING) {
        ngx_order_pg_session_poll(session);
        return;
    }

    ngx_order_pg_session_flush(session);
}


static void
ngx_order_pg_session_timer_handler(ngx_event_t *ev)
{
    ngx_msec_int_t           left;
    ngx_order_pg_slot_t     *slot;
    ngx_order_pg_query_t    *query;
    ngx_order_pg_session_t  *session;

    session = ev->data;
    slot = &session->slots[session->first];
    query = slot->query;

    left = slot->sent + slot->timeout - ngx_current_msec;

    if (left > 0) {
        ngx_add_timer(ev, left);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, query ? query->log : &session->log, 0,
                  "database: statement \"%V\" ran longer than %M ms",
                  &slot->statement->name, slot->timeout);

    if (query) {
        slot->query = NULL;
        ngx_order_pg_answer(session->outbox, query, NGX_ORDER_PG_TIMEOUT);
    }

    ngx_order_pg_connect_elsewhere(session);
    ngx_order_pg_session_drop(session, NULL);
}


/*
 * OpenSSL may hold bytes that it has read from the socket already: no event
 * will come for them.
 */

static void
ngx_order_pg_session_receive(ngx_order_pg_session_t *session)
{
    ngx_int_t  alive;

    do {
        alive = PQconsumeInput(session->conn);

        if (ngx_order_pg_session_take(session) != NGX_OK) {
            return;
        }

        if (!alive || PQstatus(session->conn) == CONNECTION_BAD) {
            ngx_order_pg_session_drop(session, session->reason[0]
                                               ? (char *) session->reason
                                               : PQerrorMessage(session->conn));
            return;
        }

    } while (ngx_order_pg_session_pending(session));

    if (session->connection->write->active) {
        ngx_order_pg_session_flush(session);
    }
}


void
ngx_order_pg_session_resume(ngx_order_pg_session_t *session)
{
    session->paused = 0;

    if (ngx_order_pg_session_take(session) == NGX_OK
        && ngx_order_pg_session_pending(session))
    {
        ngx_order_pg_session_receive(session);
    }
}


/* NGX_DECLINED: the session is closed, or has enough for this turn */

static ngx_int_t
ngx_order_pg_session_take(ngx_order_pg_session_t *session)
{
    PGnotify    *notify;
    ngx_int_t    rc;
    ngx_uint_t   n;

    rc = ngx_order_pg_query_read(session);

    if (session->halted) {
        ngx_order_pg_session_cut(session);
        session->owner(session, NGX_ORDER_PG_SESSION_DOWN);
        return NGX_DECLINED;
    }

    if (session->state != NGX_ORDER_PG_READY) {
        return NGX_DECLINED;
    }

    if (rc == NGX_ERROR) {
        ngx_order_pg_session_drop(session, "protocol is out of step");
        return NGX_DECLINED;
    }

    n = 0;

    while ((notify = PQnotifies(session->conn)) != NULL) {
        PQfreemem(notify);
        n = 1;
    }

    if (n) {
        session->owner(session, NGX_ORDER_PG_SESSION_NOTIFY);
    }

    if (session->retiring && session->inflight == 0) {
        ngx_order_pg_session_drop(session, (char *) session->reason);
        return NGX_DECLINED;
    }

    if (rc == NGX_AGAIN) {
        session->paused = 1;
        ngx_post_event(&session->outbox->event, &ngx_posted_next_events);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_order_pg_session_pending(ngx_order_pg_session_t *session)
{
    SSL  *ssl;

    ssl = PQsslStruct(session->conn, "OpenSSL");

    return ssl && SSL_pending(ssl) > 0;
}


void
ngx_order_pg_session_flush(ngx_order_pg_session_t *session)
{
    int           left;
    ngx_event_t  *wev;

    wev = session->connection->write;
    left = PQflush(session->conn);

    if (left == 1 && !wev->active) {
        left = (ngx_add_event(wev, NGX_WRITE_EVENT, NGX_LEVEL_EVENT)
                == NGX_OK) ? 1 : -1;
    }

    if (left == 0 && wev->active) {
        left = (ngx_del_event(wev, NGX_WRITE_EVENT, 0) == NGX_OK) ? 0 : -1;
    }

    if (left < 0) {
        ngx_order_pg_session_drop(session, PQerrorMessage(session->conn));
    }
}


void
ngx_order_pg_session_clock(ngx_order_pg_session_t *session)
{
    ngx_msec_int_t        left;
    ngx_order_pg_slot_t  *slot;

    if (session->inflight == 0) {
        if (session->timer.timer_set) {
            ngx_del_timer(&session->timer);
        }

        return;
    }

    slot = &session->slots[session->first];
    left = slot->sent + slot->timeout - ngx_current_msec;

    ngx_add_timer(&session->timer, ngx_max(left, 1));
}


void
ngx_order_pg_session_drop(ngx_order_pg_session_t *session, const char *why)
{
    if (why) {
        ngx_order_pg_notice_reason(session, why);
        ngx_log_error(NGX_LOG_ERR, &session->log, 0,
                      "database: connection lost: %s", session->reason);
    }

    ngx_order_pg_session_stop(session);
    session->owner(session, NGX_ORDER_PG_SESSION_DOWN);
}


void
ngx_order_pg_session_stop(ngx_order_pg_session_t *session)
{
    ngx_order_pg_slot_t   *slot;
    ngx_order_pg_query_t  *query;

    ngx_order_pg_connect_stop(session);
    ngx_order_pg_session_cut(session);

    ngx_order_pg_session_turn(session, NGX_ORDER_PG_CLOSED);
    session->paused = 0;
    session->copying = 0;
    session->exclusive = 0;

    while (session->inflight) {
        slot = &session->slots[session->first];
        query = slot->query;
        slot->query = NULL;

        session->first = (session->first + 1) % NGX_ORDER_PG_DEPTH;
        session->inflight--;

        if (query) {
            ngx_order_pg_answer(session->outbox, query, query->status);
        }
    }
}


/* PQfinish() closes the socket; a row in the hands of its handler waits */

void
ngx_order_pg_session_cut(ngx_order_pg_session_t *session)
{
    ngx_order_pg_session_detach(session);

    if (session->conn && !session->calling) {
        PQfinish(session->conn);
        session->conn = NULL;

        ERR_clear_error();
    }
}
