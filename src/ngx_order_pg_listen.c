
/*
 * A session outside the pool, with a queue of its own: one query at a time.
 *
 * It has a memory pool of its own, so that it may be opened and closed again
 * and again.  Its events and answers are told from one posted event; closed
 * from inside one of its own handlers, it is freed when that has returned.
 */


#include <ngx_order_pg_int.h>
#include <libpq-fe.h>


#define NGX_ORDER_PG_COPY_HEADER   19


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
static ngx_int_t ngx_order_pg_row_tuples(ngx_order_pg_session_t *session,
    u_char *p, u_char *last);
static u_char *ngx_order_pg_row_tuple(ngx_order_pg_copy_t *copy, u_char *p,
    u_char *last);


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

    if (ngx_order_pg_fenced(session)) {
        ngx_order_pg_fence_close(session);
    }

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


ngx_int_t
ngx_order_pg_row_copy(ngx_order_pg_session_t *session)
{
    int         n;
    char       *buf;
    ngx_int_t   rc;

    n = PQgetCopyData(session->conn, &buf, 1);

    if (n == 0) {
        return NGX_AGAIN;
    }

    if (n < 0) {
        session->copying = 0;
        return NGX_OK;
    }

    rc = ngx_order_pg_row_tuples(session, (u_char *) buf,
                                   (u_char *) buf + n);
    PQfreemem(buf);

    return rc;
}


/* the header comes in front of the first row, the trailer is a count of -1 */

static ngx_int_t
ngx_order_pg_row_tuples(ngx_order_pg_session_t *session, u_char *p,
    u_char *last)
{
    uint32_t              len;
    ngx_order_pg_copy_t  *copy;

    copy = session->copy;

    if (!copy->header) {
        copy->header = 1;

        if (last - p < NGX_ORDER_PG_COPY_HEADER
            || ngx_memcmp(p, "PGCOPY\n\377\r\n\0", 11) != 0)
        {
            return NGX_ERROR;
        }

        ngx_memcpy(&len, p + 15, 4);
        p += NGX_ORDER_PG_COPY_HEADER;

        if (ntohl(len) > (size_t) (last - p)) {
            return NGX_ERROR;
        }

        p += ntohl(len);
    }

    while (p < last) {

        if (last - p >= 2 && p[0] == 0xff && p[1] == 0xff) {
            return NGX_OK;
        }

        p = ngx_order_pg_row_tuple(copy, p, last);

        if (p == NULL || ngx_order_pg_row(session) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static u_char *
ngx_order_pg_row_tuple(ngx_order_pg_copy_t *copy, u_char *p, u_char *last)
{
    uint32_t    len;
    ngx_str_t  *column;
    ngx_uint_t  i;

    if (last - p < 2) {
        return NULL;
    }

    copy->ncolumns = p[0] << 8 | p[1];
    p += 2;

    if (copy->ncolumns > NGX_ORDER_PG_COLUMNS) {
        return NULL;
    }

    for (i = 0; i < copy->ncolumns; i++) {
        column = &copy->columns[i];

        if (last - p < 4) {
            return NULL;
        }

        ngx_memcpy(&len, p, 4);
        len = ntohl(len);
        p += 4;

        if (len == (uint32_t) -1) {
            ngx_str_null(column);
            continue;
        }

        if (len > (size_t) (last - p)) {
            return NULL;
        }

        column->data = p;
        column->len = len;
        p += len;
    }

    return p;
}


ngx_int_t
ngx_order_pg_row(ngx_order_pg_session_t *session)
{
    ngx_order_pg_query_t  *query;

    query = session->slots[session->first].query;

    if (query == NULL) {
        return NGX_OK;
    }

    session->calling = 1;
    query->row(query);
    session->calling = 0;

    if (session->halted) {
        return NGX_ERROR;
    }

    /* it may be cancelled meanwhile */

    query = session->slots[session->first].query;

    if (query) {
        ngx_order_pg_query_free(query);
    }

    return NGX_OK;
}
