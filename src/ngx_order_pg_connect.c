
/*
 * From "connect" to a connection: which host is tried next, at which of its
 * addresses, and when.
 *
 * Each address of each host is an attempt of its own, the host that let us
 * in last comes first.  When all have failed, the owner is told and decides
 * when to begin again.  libpq is not called from here.
 */


#include <ngx_order_pg_int.h>


#define NGX_ORDER_PG_BACKOFF_MIN    50
#define NGX_ORDER_PG_BACKOFF_MAX    2000
#define NGX_ORDER_PG_BACKOFF_FLOOR  10
#define NGX_ORDER_PG_QUIET          10     /* seconds */


static void ngx_order_pg_connect_host(ngx_order_pg_session_t *session);
static void ngx_order_pg_connect_resolve(ngx_order_pg_session_t *session);
static void ngx_order_pg_connect_resolved(ngx_resolver_ctx_t *ctx);
static void ngx_order_pg_connect_timer(ngx_event_t *ev);
static void ngx_order_pg_connect_failed(ngx_order_pg_session_t *session);


ngx_int_t
ngx_order_pg_track_init(ngx_order_pg_track_t *track,
    const ngx_order_pg_conf_t *conf, ngx_pool_t *pool)
{
    track->good = 0;
    track->trouble = ngx_pcalloc(pool, conf->hosts->nelts
                                       * sizeof(ngx_order_pg_trouble_t));

    return track->trouble ? NGX_OK : NGX_ERROR;
}


void
ngx_order_pg_connect(ngx_order_pg_session_t *session, ngx_msec_t delay)
{
    ngx_order_pg_session_turn(session, NGX_ORDER_PG_WAITING);
    session->round = 0;
    session->turn = 0;

    session->timer.handler = ngx_order_pg_connect_timer;
    session->timer.cancelable = 1;
    ngx_add_timer(&session->timer, delay);
}


static void
ngx_order_pg_connect_timer(ngx_event_t *ev)
{
    ngx_order_pg_session_t  *session;

    session = ev->data;

    if (session->state == NGX_ORDER_PG_CONNECTING
        || session->state == NGX_ORDER_PG_PROVING)
    {
        ngx_order_pg_session_cut(session);
        ngx_order_pg_connect_next(session, "connection timed out");
        return;
    }

    ngx_order_pg_connect_host(session);
}


/* turn 0 is the last good host's, then come the others in their order */

static void
ngx_order_pg_connect_host(ngx_order_pg_session_t *session)
{
    ngx_uint_t                  i, n;
    ngx_order_pg_host_t        *hosts;
    const ngx_order_pg_conf_t  *conf;

    conf = session->conf;
    hosts = conf->hosts->elts;
    n = session->turn;

    if (n == 0) {
        n = session->track->good;

    } else if (n <= session->track->good) {
        n--;
    }

    session->host = &hosts[n];
    session->addr = 0;
    session->naddrs = 0;

    if (session->host->local) {
        ngx_order_pg_session_start(session);
        return;
    }

    if (session->host->naddrs == 0) {
        ngx_order_pg_connect_resolve(session);
        return;
    }

    for (i = 0; i < session->host->naddrs; i++) {
        ngx_cpystrn(session->addrs[i], session->host->addrs[i].data,
                    NGX_ORDER_PG_ADDR_LEN);
    }

    session->naddrs = i;
    ngx_order_pg_session_start(session);
}


static void
ngx_order_pg_connect_resolve(ngx_order_pg_session_t *session)
{
    ngx_resolver_ctx_t  *ctx;

    ngx_order_pg_session_turn(session, NGX_ORDER_PG_RESOLVING);
    session->log.action = "resolving the name of a database host";

    ctx = ngx_resolve_start(session->conf->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_order_pg_connect_next(session, "no resolver");
        return;
    }

    ctx->name = session->host->name;
    ctx->handler = ngx_order_pg_connect_resolved;
    ctx->data = session;
    ctx->timeout = session->conf->resolver_timeout;
    ctx->cancelable = 1;

    session->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        session->resolving = NULL;
        ngx_order_pg_connect_next(session, "name could not be resolved");
    }
}


static void
ngx_order_pg_connect_resolved(ngx_resolver_ctx_t *ctx)
{
    size_t                   len;
    ngx_uint_t               i;
    ngx_order_pg_session_t  *session;

    session = ctx->data;
    session->resolving = NULL;

    if (ctx->state) {
        i = ctx->state;
        ngx_resolve_name_done(ctx);
        ngx_order_pg_connect_next(session, ngx_resolver_strerror(i));
        return;
    }

    for (i = 0; i < ctx->naddrs && i < NGX_ORDER_PG_ADDRS; i++) {
        len = ngx_sock_ntop(ctx->addrs[i].sockaddr, ctx->addrs[i].socklen,
                            session->addrs[i], NGX_ORDER_PG_ADDR_LEN - 1, 0);
        session->addrs[i][len] = '\0';
    }

    session->naddrs = i;
    ngx_resolve_name_done(ctx);

    ngx_order_pg_session_start(session);
}


void
ngx_order_pg_connect_next(ngx_order_pg_session_t *session,
    const char *reason)
{
    ngx_order_pg_host_t        *hosts;
    const ngx_order_pg_conf_t  *conf;

    conf = session->conf;
    hosts = conf->hosts->elts;

    ngx_order_pg_complain(&session->log,
                          &session->track->trouble[session->host - hosts],
                          reason);

    ngx_order_pg_connect_stop(session);

    if (++session->addr < session->naddrs) {
        ngx_order_pg_session_start(session);
        return;
    }

    if (++session->turn < conf->hosts->nelts) {
        ngx_order_pg_connect_host(session);
        return;
    }

    session->turn = 0;

    if (++session->round < conf->rounds) {
        ngx_order_pg_connect_host(session);
        return;
    }

    ngx_order_pg_connect_failed(session);
}


static void
ngx_order_pg_connect_failed(ngx_order_pg_session_t *session)
{
    ngx_order_pg_session_turn(session, NGX_ORDER_PG_CLOSED);
    session->owner(session, NGX_ORDER_PG_SESSION_DOWN);
}


void
ngx_order_pg_connect_stop(ngx_order_pg_session_t *session)
{
    if (session->timer.timer_set) {
        ngx_del_timer(&session->timer);
    }

    if (session->resolving) {
        ngx_resolve_name_done(session->resolving);
        session->resolving = NULL;
    }
}


void
ngx_order_pg_connect_elsewhere(ngx_order_pg_session_t *session)
{
    const ngx_array_t  *hosts;

    hosts = session->conf->hosts;

    session->track->good = (ngx_uint_t) (session->host
                               - (ngx_order_pg_host_t *) hosts->elts + 1)
                           % hosts->nelts;
}


ngx_msec_t
ngx_order_pg_backoff(ngx_uint_t failures)
{
    ngx_msec_t  window;

    window = NGX_ORDER_PG_BACKOFF_MIN << ngx_min(failures, 6);
    window = ngx_min(window, NGX_ORDER_PG_BACKOFF_MAX);

    return NGX_ORDER_PG_BACKOFF_FLOOR + (ngx_msec_t) ngx_random() % window;
}


void
ngx_order_pg_complain(ngx_log_t *log, ngx_order_pg_trouble_t *trouble,
    const char *text)
{
    uint32_t  crc;

    crc = ngx_crc32_short((u_char *) text, ngx_strlen(text));

    if (crc == trouble->crc
        && ngx_time() - trouble->logged < NGX_ORDER_PG_QUIET)
    {
        trouble->count++;
        return;
    }

    if (crc == trouble->crc && trouble->count) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "database: %s (%ui times since)",
                      text, trouble->count + 1);

    } else {
        ngx_log_error(NGX_LOG_ERR, log, 0, "database: %s", text);
    }

    trouble->crc = crc;
    trouble->logged = ngx_time();
    trouble->count = 0;
}
