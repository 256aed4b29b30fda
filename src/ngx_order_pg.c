
/*
 * The pool: a worker's sessions, the bounded queue before them, its limits.
 *
 * Each lane has a queue of its own, first in, first out.  The sessions have
 * lanes, too; one that runs a query of another lane than FILL runs nothing
 * else meanwhile.  Only one session connects at a time, so the database does
 * not see a crowd when it comes back, and one attempt tells for all.
 *
 * Owns its sessions and is never waiting for anything; queries are their
 * callers'.
 */


#include <ngx_order_pg_int.h>
#include <ngx_order_metrics.h>


#define NGX_ORDER_PG_LANE(lane)    (1 << (lane))

#define NGX_ORDER_PG_FLAPPING      3       /* failures that it counts for */


struct ngx_order_pg_pool_s {
    const ngx_order_pg_conf_t  *conf;
    ngx_log_t                  *log;
    ngx_order_pg_outbox_t       outbox;
    ngx_order_pg_track_t        track;

    ngx_queue_t                 queues[NGX_ORDER_PG_LANES];
    ngx_uint_t                  queued;        /* the sum of them */
    ngx_event_t                 timer;         /* of the oldest in them */
    ngx_order_pg_trouble_t      full;
    ngx_order_pg_trouble_t      waited;

    ngx_order_pg_session_t     *sessions;
    ngx_order_pg_session_t     *connecting;
    ngx_uint_t                  connected;
    ngx_uint_t                  serving[NGX_ORDER_PG_LANES];
    ngx_uint_t                  failures;

    unsigned                    down:1;        /* the last attempt failed */
    unsigned                    closing:1;
};


static ngx_int_t ngx_order_pg_pool_init(ngx_order_pg_pool_t *pg,
    const ngx_str_t *name, ngx_pool_t *pool);
static ngx_uint_t ngx_order_pg_pool_lanes(const ngx_order_pg_conf_t *conf,
    ngx_uint_t i);
static void ngx_order_pg_pool_owner(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event);
static void ngx_order_pg_pool_ready(ngx_order_pg_pool_t *pg,
    ngx_order_pg_session_t *session);
static void ngx_order_pg_pool_down(ngx_order_pg_pool_t *pg,
    ngx_order_pg_session_t *session);
static void ngx_order_pg_pool_connect(ngx_order_pg_pool_t *pg);
static void ngx_order_pg_pool_event(ngx_event_t *ev);
static void ngx_order_pg_pool_timer(ngx_event_t *ev);
static void ngx_order_pg_pool_clock(ngx_order_pg_pool_t *pg);
static void ngx_order_pg_pool_fail(ngx_order_pg_pool_t *pg);
static void ngx_order_pg_pool_dispatch(ngx_order_pg_pool_t *pg);
static ngx_order_pg_query_t *ngx_order_pg_pool_next(ngx_order_pg_pool_t *pg,
    ngx_order_pg_session_t *session);
static ngx_uint_t ngx_order_pg_pool_serves(ngx_order_pg_pool_t *pg,
    ngx_order_pg_session_t *session, ngx_uint_t lane);
static void ngx_order_pg_pool_count(ngx_order_pg_pool_t *pg, ngx_int_t n);
static ngx_order_pg_query_t *ngx_order_pg_pool_oldest(
    ngx_order_pg_pool_t *pg);
static void ngx_order_pg_pool_dequeue(ngx_order_pg_query_t *query);


/* whose sessions help out when none of the lane's own is connected */

static const ngx_uint_t  ngx_order_pg_substitutes[NGX_ORDER_PG_LANES] = {
    /* FILL */ NGX_ORDER_PG_LANE(NGX_ORDER_PG_CALL)
               |NGX_ORDER_PG_LANE(NGX_ORDER_PG_SLOW),
    /* CALL */ NGX_ORDER_PG_LANE(NGX_ORDER_PG_FILL)
               |NGX_ORDER_PG_LANE(NGX_ORDER_PG_SLOW),
    /* SLOW */ NGX_ORDER_PG_LANE(NGX_ORDER_PG_CALL)
};


ngx_order_pg_pool_t *
ngx_order_pg_pool_create(const ngx_order_pg_conf_t *conf,
    const ngx_str_t *name, ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_order_pg_pool_t  *pg;

    pg = ngx_pcalloc(pool, sizeof(ngx_order_pg_pool_t));
    if (pg == NULL) {
        return NULL;
    }

    pg->conf = conf;
    pg->log = log;

    pg->sessions = ngx_pcalloc(pool, conf->connections
                                     * sizeof(ngx_order_pg_session_t));

    if (pg->sessions == NULL
        || ngx_order_pg_track_init(&pg->track, conf, pool) != NGX_OK
        || ngx_order_pg_pool_init(pg, name, pool) != NGX_OK)
    {
        return NULL;
    }

    ngx_order_pg_pool_connect(pg);

    return pg;
}


static ngx_int_t
ngx_order_pg_pool_init(ngx_order_pg_pool_t *pg, const ngx_str_t *name,
    ngx_pool_t *pool)
{
    ngx_uint_t               i;
    ngx_order_pg_session_t  *session;

    for (i = 0; i < NGX_ORDER_PG_LANES; i++) {
        ngx_queue_init(&pg->queues[i]);
    }

    pg->timer.handler = ngx_order_pg_pool_timer;
    pg->timer.data = pg;
    pg->timer.log = pg->log;

    ngx_order_pg_outbox_init(&pg->outbox, ngx_order_pg_pool_event, pg,
                             pg->log);

    for (i = 0; i < pg->conf->connections; i++) {
        session = &pg->sessions[i];

        session->owner = ngx_order_pg_pool_owner;
        session->data = pg;
        session->outbox = &pg->outbox;
        session->track = &pg->track;
        session->lanes = ngx_order_pg_pool_lanes(pg->conf, i);

        if (ngx_order_pg_session_init(session, pg->conf, name, 1, pool,
                                      pg->log)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_order_pg_session_count(session);
    }

    if (!pg->conf->standby) {
        ngx_order_metrics_adjust(NGX_ORDER_METRICS_QUEUE_LIMIT,
                                 (ngx_int_t) pg->conf->queue);
    }

    return NGX_OK;
}


/*
 * The first session is FILL's, the last quarter is SLOW's and lent to CALL,
 * CALL has those in between.  With two, a slow query may hold up calls, but
 * never fills.
 */

static ngx_uint_t
ngx_order_pg_pool_lanes(const ngx_order_pg_conf_t *conf, ngx_uint_t i)
{
    ngx_uint_t  slow, connections;

    connections = conf->connections;

    if (connections == 1 || conf->standby) {
        return NGX_ORDER_PG_LANE(NGX_ORDER_PG_LANES) - 1;
    }

    if (i == 0) {
        return NGX_ORDER_PG_LANE(NGX_ORDER_PG_FILL);
    }

    slow = ngx_max(connections / 4, 1);

    if (i < connections - slow) {
        return NGX_ORDER_PG_LANE(NGX_ORDER_PG_CALL);
    }

    return NGX_ORDER_PG_LANE(NGX_ORDER_PG_SLOW)
           |NGX_ORDER_PG_LANE(NGX_ORDER_PG_CALL);
}


static void
ngx_order_pg_pool_owner(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event)
{
    ngx_order_pg_pool_t  *pg;

    pg = session->data;

    switch (event) {

    case NGX_ORDER_PG_SESSION_READY:
        ngx_order_pg_pool_ready(pg, session);
        break;

    case NGX_ORDER_PG_SESSION_DOWN:
        ngx_order_pg_pool_down(pg, session);
        break;

    case NGX_ORDER_PG_SESSION_NOTIFY:
        break;
    }
}


static void
ngx_order_pg_pool_ready(ngx_order_pg_pool_t *pg,
    ngx_order_pg_session_t *session)
{
    ngx_uint_t  lane;

    pg->connecting = NULL;
    pg->down = 0;
    pg->failures = 0;
    pg->connected++;

    for (lane = 0; lane < NGX_ORDER_PG_LANES; lane++) {
        if (session->lanes & NGX_ORDER_PG_LANE(lane)) {
            pg->serving[lane]++;
        }
    }

    ngx_order_pg_pool_connect(pg);
    ngx_order_pg_outbox_post(&pg->outbox);
}


static void
ngx_order_pg_pool_down(ngx_order_pg_pool_t *pg,
    ngx_order_pg_session_t *session)
{
    ngx_uint_t  lane;

    if (session == pg->connecting) {
        pg->connecting = NULL;
        pg->down = 1;
        pg->failures++;

    } else {
        pg->connected--;

        for (lane = 0; lane < NGX_ORDER_PG_LANES; lane++) {
            if (session->lanes & NGX_ORDER_PG_LANE(lane)) {
                pg->serving[lane]--;
            }
        }

        if (ngx_current_msec - session->since < NGX_ORDER_PG_STEADY) {
            pg->failures = ngx_max(pg->failures, NGX_ORDER_PG_FLAPPING);
        }
    }

    if (pg->down && pg->connected == 0) {
        ngx_order_pg_pool_fail(pg);
    }

    ngx_order_pg_pool_connect(pg);
    ngx_order_pg_outbox_post(&pg->outbox);
}


/* a worker that exits connects only for those who still wait */

static void
ngx_order_pg_pool_connect(ngx_order_pg_pool_t *pg)
{
    ngx_uint_t               i;
    ngx_order_pg_session_t  *session;

    if (pg->connecting || pg->closing || (ngx_exiting && pg->queued == 0)) {
        return;
    }

    for (i = 0; i < pg->conf->connections; i++) {
        session = &pg->sessions[i];

        if (session->state == NGX_ORDER_PG_CLOSED) {
            pg->connecting = session;
            ngx_order_pg_connect(session, pg->connected && pg->failures == 0
                                          ? 0
                                          : ngx_order_pg_backoff(pg->failures));
            return;
        }
    }
}


/* something was answered, or a session may take more */

static void
ngx_order_pg_pool_event(ngx_event_t *ev)
{
    ngx_uint_t               i;
    ngx_order_pg_pool_t     *pg;
    ngx_order_pg_session_t  *session;

    pg = ev->data;

    ngx_order_pg_pool_dispatch(pg);
    ngx_order_pg_deliver(&pg->outbox);

    if (pg->queued || !(pg->closing || ngx_exiting)) {
        return;
    }

    for (i = 0; i < pg->conf->connections; i++) {
        session = &pg->sessions[i];

        if (session->state == NGX_ORDER_PG_READY && session->inflight == 0) {
            ngx_order_pg_session_drop(session, NULL);
        }
    }
}


ngx_uint_t
ngx_order_pg_pool_up(const ngx_order_pg_pool_t *pg)
{
    return pg->connected != 0;
}


void
ngx_order_pg_query(ngx_order_pg_pool_t *pg, ngx_order_pg_query_t *query)
{
    ngx_order_pg_query_init(query);

    query->pool = pg;
    query->timeout = pg->conf->timeout;
    query->started = ngx_current_msec;

    if (pg->closing || (pg->down && pg->connected == 0)) {
        ngx_order_pg_answer(&pg->outbox, query, NGX_ORDER_PG_DOWN);
        return;
    }

    query->stage = NGX_ORDER_PG_QUEUED;
    ngx_queue_insert_tail(&pg->queues[query->statement->lane],
                          &query->queue);
    ngx_order_pg_pool_count(pg, 1);

    ngx_order_pg_pool_dispatch(pg);

    if (query->stage != NGX_ORDER_PG_QUEUED) {
        return;
    }

    if (pg->queued > pg->conf->queue) {
        ngx_order_pg_pool_dequeue(query);
        ngx_order_pg_answer(&pg->outbox, query, NGX_ORDER_PG_BUSY);
        ngx_order_pg_complain(pg->log, &pg->full, "the queue is full");
        return;
    }

    if (!pg->timer.timer_set) {
        ngx_order_pg_pool_clock(pg);
    }

    ngx_order_pg_pool_connect(pg);
}


void
ngx_order_pg_cancel(ngx_order_pg_query_t *query)
{
    ngx_uint_t               i;
    ngx_order_pg_session_t  *session;

    switch (query->stage) {

    case NGX_ORDER_PG_QUEUED:
        if (query->pool) {
            ngx_order_pg_pool_dequeue(query);

        } else {
            ngx_queue_remove(&query->queue);
        }

        break;

    case NGX_ORDER_PG_SENT:
        session = query->session;

        for (i = 0; i < NGX_ORDER_PG_DEPTH; i++) {
            if (session->slots[i].query == query) {
                session->slots[i].query = NULL;
            }
        }

        break;

    case NGX_ORDER_PG_ANSWERED:
        ngx_queue_remove(&query->queue);
        break;

    default:
        return;
    }

    query->stage = NGX_ORDER_PG_NOWHERE;
    ngx_order_pg_query_free(query);
}


/* nginx may call a timer's handler too early when it was set anew */

static void
ngx_order_pg_pool_timer(ngx_event_t *ev)
{
    ngx_order_pg_pool_t   *pg;
    ngx_order_pg_query_t  *query;

    pg = ev->data;

    for ( ;; ) {
        query = ngx_order_pg_pool_oldest(pg);

        if (query == NULL
            || ngx_current_msec - query->started < pg->conf->queue_timeout)
        {
            break;
        }

        ngx_order_pg_pool_dequeue(query);
        ngx_order_pg_answer(&pg->outbox, query, NGX_ORDER_PG_WAITED);
        ngx_order_pg_complain(pg->log, &pg->waited,
                              "a query waited too long for a connection");
    }

    ngx_order_pg_pool_clock(pg);
}


static void
ngx_order_pg_pool_clock(ngx_order_pg_pool_t *pg)
{
    ngx_msec_t             waited;
    ngx_order_pg_query_t  *query;

    query = ngx_order_pg_pool_oldest(pg);

    if (query == NULL) {
        if (pg->timer.timer_set) {
            ngx_del_timer(&pg->timer);
        }

        return;
    }

    waited = ngx_current_msec - query->started;

    ngx_add_timer(&pg->timer, pg->conf->queue_timeout
                              - ngx_min(waited, pg->conf->queue_timeout - 1));
}


static void
ngx_order_pg_pool_fail(ngx_order_pg_pool_t *pg)
{
    ngx_order_pg_query_t  *query;

    while ((query = ngx_order_pg_pool_oldest(pg)) != NULL) {
        ngx_order_pg_pool_dequeue(query);
        ngx_order_pg_answer(&pg->outbox, query, NGX_ORDER_PG_DOWN);
    }
}


static void
ngx_order_pg_pool_dispatch(ngx_order_pg_pool_t *pg)
{
    ngx_uint_t               i;
    ngx_order_pg_query_t    *query;
    ngx_order_pg_session_t  *session;

    for (i = 0; i < pg->conf->connections && pg->queued; i++) {
        session = &pg->sessions[i];

        if (ngx_order_pg_fenced(session)) {
            ngx_order_pg_fence_close(session);
            continue;
        }

        while ((query = ngx_order_pg_pool_next(pg, session)) != NULL) {
            ngx_order_pg_pool_dequeue(query);
            ngx_order_pg_query_send(session, query);
        }
    }
}


/*
 * The one that waited longest of those that the session serves.  If that
 * wants the session for itself, nothing is sent until it may have it.
 */

static ngx_order_pg_query_t *
ngx_order_pg_pool_next(ngx_order_pg_pool_t *pg,
    ngx_order_pg_session_t *session)
{
    ngx_uint_t             lane;
    ngx_queue_t           *q;
    ngx_order_pg_query_t  *query, *oldest;

    if (session->state != NGX_ORDER_PG_READY || session->retiring
        || session->exclusive || session->inflight == NGX_ORDER_PG_DEPTH)
    {
        return NULL;
    }

    oldest = NULL;

    for (lane = 0; lane < NGX_ORDER_PG_LANES; lane++) {
        if (ngx_queue_empty(&pg->queues[lane])
            || !ngx_order_pg_pool_serves(pg, session, lane))
        {
            continue;
        }

        q = ngx_queue_head(&pg->queues[lane]);
        query = ngx_queue_data(q, ngx_order_pg_query_t, queue);

        if (oldest == NULL
            || (ngx_msec_int_t) (query->started - oldest->started) < 0)
        {
            oldest = query;
        }
    }

    if (oldest && session->inflight
        && oldest->statement->lane != NGX_ORDER_PG_FILL)
    {
        return NULL;
    }

    return oldest;
}


static ngx_uint_t
ngx_order_pg_pool_serves(ngx_order_pg_pool_t *pg,
    ngx_order_pg_session_t *session, ngx_uint_t lane)
{
    if (session->lanes & NGX_ORDER_PG_LANE(lane)) {
        return 1;
    }

    return pg->serving[lane] == 0
           && (session->lanes & ngx_order_pg_substitutes[lane]);
}


static ngx_order_pg_query_t *
ngx_order_pg_pool_oldest(ngx_order_pg_pool_t *pg)
{
    ngx_uint_t             lane;
    ngx_queue_t           *q;
    ngx_order_pg_query_t  *query, *oldest;

    oldest = NULL;

    for (lane = 0; lane < NGX_ORDER_PG_LANES; lane++) {
        if (ngx_queue_empty(&pg->queues[lane])) {
            continue;
        }

        q = ngx_queue_head(&pg->queues[lane]);
        query = ngx_queue_data(q, ngx_order_pg_query_t, queue);

        if (oldest == NULL
            || (ngx_msec_int_t) (query->started - oldest->started) < 0)
        {
            oldest = query;
        }
    }

    return oldest;
}


static void
ngx_order_pg_pool_dequeue(ngx_order_pg_query_t *query)
{
    ngx_order_pg_pool_t  *pg;

    pg = query->pool;

    ngx_queue_remove(&query->queue);
    ngx_order_pg_pool_count(pg, -1);

    if (pg->queued == 0 && pg->timer.timer_set) {
        ngx_del_timer(&pg->timer);
    }
}


/* the gauge is order_database's */

static void
ngx_order_pg_pool_count(ngx_order_pg_pool_t *pg, ngx_int_t n)
{
    pg->queued += n;

    if (!pg->conf->standby) {
        ngx_order_metrics_adjust(NGX_ORDER_METRICS_QUEUE, n);
    }
}


void
ngx_order_pg_pool_close(ngx_order_pg_pool_t *pg)
{
    ngx_uint_t               i;
    ngx_order_pg_session_t  *session;

    pg->closing = 1;
    pg->connecting = NULL;

    ngx_order_pg_pool_fail(pg);

    if (ngx_terminate || ngx_quit) {
        pg->outbox.closed = 1;
    }

    for (i = 0; i < pg->conf->connections; i++) {
        session = &pg->sessions[i];

        if (session->inflight == 0 || pg->outbox.closed) {
            ngx_order_pg_session_stop(session);
        }
    }

    if (pg->outbox.closed) {
        ngx_order_pg_forget(&pg->outbox.queue);
    }
}
