
/*
 * A session outside the pool, with a queue of its own: one query at a time.
 *
 * It has a memory pool of its own, so that it may be opened and closed again
 * and again.  Its events and answers are told from one posted event; closed
 * from inside one of its own handlers, it is freed when that has returned.
 */


#include <ngx_order_pg_int.h>


typedef struct {
    ngx_order_pg_session_t     session;    /* the first, it is cast */
    ngx_order_pg_session_pt    handler;
    void                      *data;
    ngx_pool_t                *pool;
    ngx_pool_cleanup_t        *cleanup;    /* of the opener's pool */
    ngx_order_pg_outbox_t      outbox;
    ngx_order_pg_track_t       track;
    ngx_order_pg_copy_t        copy;
    ngx_queue_t                queue;
    ngx_uint_t                 failures;
    ngx_uint_t                 events;     /* not told yet; bits */
    unsigned                   connected:1;
    unsigned                   busy:1;     /* handlers are being called */
} ngx_order_pg_listener_t;


static ngx_int_t ngx_order_pg_listen_init(ngx_order_pg_listener_t *listener,
    const ngx_order_pg_conf_t *conf, const ngx_str_t *name,
    ngx_pool_t *pool, ngx_log_t *log);
static void ngx_order_pg_listen_cleanup(void *data);
static void ngx_order_pg_listen_owner(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event);
static void ngx_order_pg_listen_down(ngx_order_pg_listener_t *listener);
static void ngx_order_pg_listen_event(ngx_event_t *ev);
static void ngx_order_pg_listen_tell(ngx_order_pg_listener_t *listener);
static void ngx_order_pg_listen_query(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query);
static void ngx_order_pg_listen_next(ngx_order_pg_listener_t *listener);
static void ngx_order_pg_listen_free(ngx_order_pg_listener_t *listener);


ngx_order_pg_session_t *
ngx_order_pg_session_open(const ngx_order_pg_conf_t *conf,
    const ngx_str_t *name, ngx_order_pg_session_pt handler, void *data,
    ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_pool_t               *own;
    ngx_order_pg_listener_t  *listener;

    own = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, log);
    if (own == NULL) {
        return NULL;
    }

    listener = ngx_pcalloc(own, sizeof(ngx_order_pg_listener_t));

    if (listener == NULL) {
        ngx_destroy_pool(own);
        return NULL;
    }

    listener->pool = own;
    listener->handler = handler;
    listener->data = data;

    if (ngx_order_pg_listen_init(listener, conf, name, pool, log) != NGX_OK) {
        ngx_destroy_pool(own);
        return NULL;
    }

    ngx_order_pg_connect(&listener->session, 0);

    return &listener->session;
}


static ngx_int_t
ngx_order_pg_listen_init(ngx_order_pg_listener_t *listener,
    const ngx_order_pg_conf_t *conf, const ngx_str_t *name,
    ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_pool_cleanup_t  *cleanup;

    ngx_queue_init(&listener->queue);

    listener->session.owner = ngx_order_pg_listen_owner;
    listener->session.outbox = &listener->outbox;
    listener->session.track = &listener->track;
    listener->session.copy = &listener->copy;

    if (ngx_order_pg_session_init(&listener->session, conf, name, 0,
                                  listener->pool, log)
        != NGX_OK
        || ngx_order_pg_track_init(&listener->track, conf, listener->pool)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_order_pg_outbox_init(&listener->outbox, ngx_order_pg_listen_event,
                             listener, &listener->session.log);

    cleanup = ngx_pool_cleanup_add(pool, 0);
    if (cleanup == NULL) {
        return NGX_ERROR;
    }

    cleanup->handler = ngx_order_pg_listen_cleanup;
    cleanup->data = listener;
    listener->cleanup = cleanup;

    return NGX_OK;
}


static void
ngx_order_pg_listen_cleanup(void *data)
{
    ngx_order_pg_listener_t *listener = data;

    ngx_order_pg_session_close(&listener->session);
}


static void
ngx_order_pg_listen_owner(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event)
{
    ngx_order_pg_listener_t  *listener;

    listener = (ngx_order_pg_listener_t *) session;

    if (session->halted) {
        ngx_order_pg_listen_free(listener);
        return;
    }

    if (event == NGX_ORDER_PG_SESSION_READY) {
        listener->connected = 1;

    } else if (event == NGX_ORDER_PG_SESSION_DOWN) {
        ngx_order_pg_listen_down(listener);
    }

    listener->events |= 1 << event;

    ngx_order_pg_outbox_post(&listener->outbox);
}


static void
ngx_order_pg_listen_down(ngx_order_pg_listener_t *listener)
{
    ngx_queue_t             *q;
    ngx_order_pg_session_t  *session;

    session = &listener->session;

    while (!ngx_queue_empty(&listener->queue)) {
        q = ngx_queue_head(&listener->queue);
        ngx_queue_remove(q);

        ngx_order_pg_answer(&listener->outbox,
                            ngx_queue_data(q, ngx_order_pg_query_t, queue),
                            NGX_ORDER_PG_DOWN);
    }

    listener->failures++;

    if (listener->connected
        && ngx_current_msec - session->since >= NGX_ORDER_PG_STEADY)
    {
        listener->failures = 0;
    }

    listener->connected = 0;
    listener->events &= ~(1 << NGX_ORDER_PG_SESSION_NOTIFY);

    if (!ngx_exiting) {
        ngx_order_pg_connect(session,
                             ngx_order_pg_backoff(listener->failures));
    }
}


/* what was answered before an event is told before it */

static void
ngx_order_pg_listen_event(ngx_event_t *ev)
{
    ngx_order_pg_session_t   *session;
    ngx_order_pg_listener_t  *listener;

    listener = ev->data;
    session = &listener->session;

    listener->busy = 1;

    ngx_order_pg_deliver(&listener->outbox);

    ngx_order_pg_listen_tell(listener);

    if (session->paused && !session->halted) {
        ngx_order_pg_session_resume(session);
    }

    if (!session->halted) {
        ngx_order_pg_listen_next(listener);
    }

    listener->busy = 0;

    if (session->halted) {
        ngx_order_pg_listen_free(listener);
    }
}


static void
ngx_order_pg_listen_tell(ngx_order_pg_listener_t *listener)
{
    ngx_uint_t  i, events;

    static const ngx_order_pg_event_e  order[] = {
        NGX_ORDER_PG_SESSION_DOWN,
        NGX_ORDER_PG_SESSION_READY,
        NGX_ORDER_PG_SESSION_NOTIFY
    };

    events = listener->events;
    listener->events = 0;

    for (i = 0; i < 3 && !listener->session.halted; i++) {
        if (events & (1 << order[i])) {
            listener->handler(&listener->session, order[i], listener->data);
        }
    }
}


void
ngx_order_pg_session_query(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query)
{
    ngx_order_pg_query_init(query);

    query->timeout = session->conf->timeout;

    ngx_order_pg_listen_query(session, query);
}


void
ngx_order_pg_session_stream(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query, ngx_order_pg_handler_pt row,
    ngx_msec_t timeout)
{
    ngx_order_pg_query_init(query);

    query->timeout = timeout;
    query->row = row;

    ngx_order_pg_listen_query(session, query);
}


static void
ngx_order_pg_listen_query(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query)
{
    ngx_order_pg_listener_t  *listener;

    listener = (ngx_order_pg_listener_t *) session;

    if (session->state != NGX_ORDER_PG_READY) {
        ngx_order_pg_answer(&listener->outbox, query, NGX_ORDER_PG_DOWN);
        return;
    }

    query->stage = NGX_ORDER_PG_QUEUED;
    ngx_queue_insert_tail(&listener->queue, &query->queue);

    ngx_order_pg_listen_next(listener);
}


static void
ngx_order_pg_listen_next(ngx_order_pg_listener_t *listener)
{
    ngx_queue_t             *q;
    ngx_order_pg_session_t  *session;

    session = &listener->session;

    if (session->state != NGX_ORDER_PG_READY || session->inflight
        || session->calling || ngx_queue_empty(&listener->queue))
    {
        return;
    }

    q = ngx_queue_head(&listener->queue);
    ngx_queue_remove(q);

    ngx_order_pg_query_send(session,
                            ngx_queue_data(q, ngx_order_pg_query_t, queue));
}


void
ngx_order_pg_session_close(ngx_order_pg_session_t *session)
{
    ngx_order_pg_listener_t  *listener;

    listener = (ngx_order_pg_listener_t *) session;

    session->halted = 1;

    ngx_order_pg_session_stop(session);

    listener->outbox.closed = 1;
    ngx_order_pg_forget(&listener->queue);
    ngx_order_pg_forget(&listener->outbox.queue);

    if (listener->cleanup) {
        listener->cleanup->handler = NULL;
        listener->cleanup = NULL;
    }

    ngx_order_pg_listen_free(listener);
}


static void
ngx_order_pg_listen_free(ngx_order_pg_listener_t *listener)
{
    if (listener->busy || listener->session.conn) {
        return;
    }

    if (listener->outbox.event.posted) {
        ngx_delete_posted_event(&listener->outbox.event);
    }

    ngx_destroy_pool(listener->pool);
}
