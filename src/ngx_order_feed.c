
/*
 * The change feed.
 *
 * What has been read up to is a snapshot of PostgreSQL, as text, in the zone:
 * a read names the snapshot of the read before it, and answers the changes
 * of all transactions that this one did not see.  The holder writes the slot
 * that is not in use and then turns the index, so whoever takes over finds a
 * whole one, at worst the one before: then changes are read twice, which
 * their versions make harmless.
 *
 * Each change goes into the cache and then into the ring, which passes over
 * what it has already; a notice into the ring only.  A gap goes into the ring
 * when the cache is marked as old: whoever reads the gap there does not read
 * the old state again.
 *
 * The zone's "fresh" is the moment at which the last answered read was sent:
 * all that was committed by then is in the cache.
 */


#include <ngx_order_feed.h>
#include <ngx_order_load.h>
#include <ngx_order_chores.h>
#include <ngx_order_row.h>
#include <ngx_order_workflow.h>


#define NGX_ORDER_FEED_TICK      100       /* ms, of every worker */
#define NGX_ORDER_FEED_SILENCE   800       /* ms until the lease is free */
#define NGX_ORDER_FEED_UNASKED   1000      /* ms between reads at most */
#define NGX_ORDER_FEED_LONGEST   60000     /* ms that a read may take */
#define NGX_ORDER_FEED_BATCH     256       /* changes until others are told */

/* the columns of api.feed_read()'s first row, and of those behind it */

#define NGX_ORDER_FEED_SNAPSHOT  0
#define NGX_ORDER_FEED_EPOCH     1
#define NGX_ORDER_FEED_REVISION  2
#define NGX_ORDER_FEED_GAP       3
#define NGX_ORDER_FEED_RECORD    4


struct ngx_order_feed_s {
    ngx_order_zone_t            *zone;
    ngx_order_trail_t           *trail;
    ngx_order_feed_pt            changed;
    void                        *data;
    const ngx_order_pg_conf_t   *conf;
    ngx_str_t                    name;
    ngx_pool_t                  *pool;
    ngx_log_t                   *log;

    ngx_event_t                  tick;
    uint64_t                     head;     /* of the ring, when it was told */

    /* the holder's */

    ngx_order_pg_session_t      *session;
    ngx_event_t                  unasked;
    ngx_order_pg_query_t         listen;
    ngx_order_pg_query_t         read;
    ngx_order_pg_query_t         labels;
    ngx_order_pg_param_t         param;
    u_char                       text[NGX_ORDER_SNAPSHOT_LEN + 1];
    ngx_msec_t                   asked;    /* when the read was sent */
    ngx_msec_t                   limit;    /* for how long it may run */
    ngx_uint_t                   rows;     /* that it answered so far */
    ngx_uint_t                   appended; /* that are not told yet */
    uint32_t                     epoch;    /* of its first row, as the next */
    uint64_t                     stamp;
    uint32_t                     snapshot_len;
    u_char                       snapshot[NGX_ORDER_SNAPSHOT_LEN];
    unsigned                     ready:1;
    unsigned                     reading:1;
    unsigned                     rung:1;   /* while reading */
    unsigned                     labelling:1;
    unsigned                     gap:1;
    unsigned                     lost:1;   /* it is another worker's */

    ngx_order_load_t            *load;     /* of a new zone */
    ngx_order_chores_t          *chores;
};


static void ngx_order_feed_tick(ngx_event_t *ev);
static void ngx_order_feed_stand(ngx_order_feed_t *feed);
static ngx_uint_t ngx_order_feed_hold(ngx_order_feed_t *feed);
static void ngx_order_feed_tell(ngx_order_feed_t *feed, ngx_uint_t mine);
static void ngx_order_feed_start(ngx_order_feed_t *feed);
static void ngx_order_feed_stop(ngx_order_feed_t *feed);
static void ngx_order_feed_session(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event, void *data);
static void ngx_order_feed_listened(ngx_order_pg_query_t *query);
static void ngx_order_feed_unasked(ngx_event_t *ev);
static void ngx_order_feed_read(ngx_order_feed_t *feed);
static void ngx_order_feed_row(ngx_order_pg_query_t *query);
static void ngx_order_feed_append(ngx_order_feed_t *feed,
    const ngx_order_change_t *change);
static void ngx_order_feed_first(ngx_order_feed_t *feed);
static void ngx_order_feed_read_done(ngx_order_pg_query_t *query);
static ngx_uint_t ngx_order_feed_broken(const ngx_order_feed_t *feed);
static void ngx_order_feed_advance(ngx_order_feed_t *feed);
static void ngx_order_feed_snapshot(ngx_order_feed_t *feed);
static void ngx_order_feed_labels(ngx_order_feed_t *feed);
static void ngx_order_feed_labels_done(ngx_order_pg_query_t *query);


static const ngx_order_pg_statement_t  ngx_order_feed_listen = {
    ngx_string("listen"),
    ngx_string("listen order_changes"),
    NGX_ORDER_PG_FILL
};

static const ngx_order_pg_statement_t  ngx_order_feed_statement = {
    ngx_string("feed_read"),
    ngx_string("select * from api.feed_read($1)"),
    NGX_ORDER_PG_FILL
};


ngx_order_feed_t *
ngx_order_feed_create(ngx_order_zone_t *zone, ngx_order_trail_t *trail,
    ngx_order_feed_pt changed, void *data, const ngx_order_pg_conf_t *conf,
    ngx_order_pg_pool_t *pg, ngx_order_bell_t *bell, const ngx_str_t *name,
    ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_order_feed_t  *feed;

    feed = ngx_pcalloc(pool, sizeof(ngx_order_feed_t));
    if (feed == NULL) {
        return NULL;
    }

    feed->zone = zone;
    feed->trail = trail;
    feed->changed = changed;
    feed->data = data;
    feed->head = ngx_order_ring_head(zone->ring);
    feed->conf = conf;
    feed->name = *name;
    feed->pool = pool;
    feed->log = log;

    feed->load = ngx_order_load_create(zone, conf, name, pool, log);
    feed->chores = ngx_order_chores_create(zone, pg, bell, pool, log);

    if (feed->load == NULL || feed->chores == NULL) {
        return NULL;
    }

    feed->tick.handler = ngx_order_feed_tick;
    feed->tick.data = feed;
    feed->tick.log = log;
    feed->tick.cancelable = 1;

    feed->unasked.handler = ngx_order_feed_unasked;
    feed->unasked.data = feed;
    feed->unasked.log = log;
    feed->unasked.cancelable = 1;

    ngx_order_feed_stand(feed);

    return feed;
}


void
ngx_order_feed_close(ngx_order_feed_t *feed)
{
    if (feed->tick.timer_set) {
        ngx_del_timer(&feed->tick);
    }

    ngx_order_feed_stop(feed);

    (void) ngx_atomic_cmp_set(&feed->zone->shared->lease,
                              (ngx_atomic_uint_t) ngx_pid, 0);
}


static void
ngx_order_feed_tick(ngx_event_t *ev)
{
    ngx_order_feed_t  *feed = ev->data;

    if (ngx_exiting) {
        ngx_order_feed_close(feed);
        return;
    }

    ngx_order_feed_stand(feed);

    if (feed->head != ngx_order_ring_head(feed->zone->ring)) {
        ngx_order_feed_tell(feed, 0);
    }
}


/* Stands for the lease, and again at the next tick. */

static void
ngx_order_feed_stand(ngx_order_feed_t *feed)
{
    if (feed->lost) {
        ngx_order_feed_stop(feed);
    }

    if (ngx_order_feed_hold(feed)) {
        feed->zone->shared->beat = ngx_current_msec;

        if (feed->session == NULL) {
            ngx_order_feed_start(feed);
        }

    } else if (feed->session) {
        ngx_order_feed_stop(feed);
    }

    ngx_add_timer(&feed->tick, NGX_ORDER_FEED_TICK);
}


/*
 * Is the feed this worker's, now?  A holder that was stopped and comes back
 * finds the lease taken.
 */

static ngx_uint_t
ngx_order_feed_hold(ngx_order_feed_t *feed)
{
    ngx_atomic_uint_t    lease;
    ngx_order_shared_t  *shared;

    shared = feed->zone->shared;
    lease = shared->lease;

    if (lease == (ngx_atomic_uint_t) ngx_pid) {
        return 1;
    }

    if (lease != 0 && (ngx_msec_int_t) (ngx_current_msec - shared->beat)
                      < NGX_ORDER_FEED_SILENCE)
    {
        return 0;
    }

    if (!ngx_atomic_cmp_set(&shared->lease, lease,
                            (ngx_atomic_uint_t) ngx_pid))
    {
        return 0;
    }

    ngx_order_metrics_add(NGX_ORDER_METRICS_TAKEOVERS, 1);
    ngx_log_error(NGX_LOG_NOTICE, feed->log, 0,
                  "the change feed is this worker's");

    return 1;
}


static void
ngx_order_feed_tell(ngx_order_feed_t *feed, ngx_uint_t mine)
{
    feed->head = ngx_order_ring_head(feed->zone->ring);
    feed->appended = 0;

    feed->changed(feed->data, mine);
}


static void
ngx_order_feed_start(ngx_order_feed_t *feed)
{
    feed->ready = 0;
    feed->reading = 0;
    feed->rung = 0;
    feed->labelling = 0;
    feed->limit = feed->conf->timeout;

    ngx_order_chores_start(feed->chores);

    feed->session = ngx_order_pg_session_open(feed->conf, &feed->name,
                                              ngx_order_feed_session, feed,
                                              feed->pool, feed->log);
}


static void
ngx_order_feed_stop(ngx_order_feed_t *feed)
{
    ngx_order_load_stop(feed->load);
    ngx_order_chores_stop(feed->chores);

    if (feed->unasked.timer_set) {
        ngx_del_timer(&feed->unasked);
    }

    if (feed->session) {
        ngx_order_pg_session_close(feed->session);
        feed->session = NULL;
    }

    feed->lost = 0;
    ngx_order_metrics_set(NGX_ORDER_METRICS_LISTENER, 0);
}


static void
ngx_order_feed_session(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event, void *data)
{
    ngx_order_feed_t *feed = data;

    switch (event) {

    case NGX_ORDER_PG_SESSION_READY:
        feed->listen.statement = &ngx_order_feed_listen;
        feed->listen.handler = ngx_order_feed_listened;
        feed->listen.data = feed;
        feed->listen.log = feed->log;

        ngx_order_pg_session_query(session, &feed->listen);
        break;

    case NGX_ORDER_PG_SESSION_NOTIFY:
        if (feed->ready) {
            ngx_order_feed_read(feed);
        }

        break;

    case NGX_ORDER_PG_SESSION_DOWN:
        feed->ready = 0;
        ngx_order_metrics_set(NGX_ORDER_METRICS_LISTENER, 0);

        if (ngx_exiting) {
            ngx_order_feed_close(feed);
        }

        break;
    }
}


static void
ngx_order_feed_listened(ngx_order_pg_query_t *query)
{
    ngx_order_feed_t *feed = query->data;

    if (query->status != NGX_ORDER_PG_OK) {
        ngx_log_error(NGX_LOG_ERR, feed->log, 0,
                      "the change feed cannot listen: %s %V",
                      query->sqlstate, &query->message);

    } else {
        ngx_order_metrics_set(NGX_ORDER_METRICS_LISTENER, 1);
        ngx_log_error(NGX_LOG_NOTICE, feed->log, 0,
                      "the change feed is connected");
    }

    feed->ready = 1;
    ngx_order_feed_read(feed);
}


static void
ngx_order_feed_unasked(ngx_event_t *ev)
{
    ngx_order_feed_t *feed = ev->data;

    if (feed->ready) {
        ngx_order_feed_read(feed);
    }
}


static void
ngx_order_feed_read(ngx_order_feed_t *feed)
{
    uint32_t               len;
    ngx_order_shared_t    *shared;
    ngx_order_snapshot_t  *snapshot;

    if (feed->reading) {
        feed->rung = 1;
        return;
    }

    shared = feed->zone->shared;
    snapshot = &shared->snapshots[shared->snapshot];

    feed->reading = 1;
    feed->rung = 0;
    feed->asked = ngx_current_msec;

    feed->read.handler = ngx_order_feed_read_done;
    feed->read.data = feed;
    feed->read.log = feed->log;

    /* none, or a torn one: an empty text asks where the log stands now */

    len = ngx_min(snapshot->len, NGX_ORDER_SNAPSHOT_LEN);

    ngx_memcpy(feed->text, snapshot->text, len);

    if (ngx_crc32_long(feed->text, len) != snapshot->crc) {
        len = 0;
    }

    feed->text[len] = '\0';

    feed->param.data = feed->text;
    feed->param.len = len;

    feed->read.statement = &ngx_order_feed_statement;
    feed->read.params = &feed->param;
    feed->read.nparams = 1;

    feed->rows = 0;
    feed->gap = 0;

    ngx_order_pg_session_stream(feed->session, &feed->read,
                                ngx_order_feed_row, feed->limit);
}


/* However many changes there are, they are taken as they come. */

static void
ngx_order_feed_row(ngx_order_pg_query_t *query)
{
    ngx_order_feed_t    *feed = query->data;

    ngx_order_change_t   change;

    if (feed->rows++ == 0) {
        ngx_order_feed_first(feed);
        return;
    }

    if (ngx_order_row_change(query, 0, NGX_ORDER_FEED_RECORD, &change)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ALERT, feed->log, 0,
                      "the change feed read a row that is no order record");
        return;
    }

    if (!change.stuck_since) {
        ngx_order_cache_change(feed->zone->cache, &change.record, NULL);
        ngx_order_metrics_add(NGX_ORDER_METRICS_CHANGES, 1);
    }

    /* what comes along with a gap: the gap tells everybody to look anew */

    if (ngx_order_feed_broken(feed) && feed->zone->shared->fresh) {
        return;
    }

    ngx_order_feed_append(feed, &change);

    /* a bulk of changes would run over the readers of the ring */

    if (feed->appended >= NGX_ORDER_FEED_BATCH) {
        ngx_order_feed_tell(feed, 1);
    }
}


/*
 * One that was stopped amidst an append, and came back to finish it, does not
 * hold the feed, and appends no more.
 */

static void
ngx_order_feed_append(ngx_order_feed_t *feed, const ngx_order_change_t *change)
{
    ngx_int_t  rc;

    rc = NGX_DECLINED;

    while (rc == NGX_DECLINED && !feed->lost) {

        if (feed->zone->shared->lease != (ngx_atomic_uint_t) ngx_pid) {
            feed->lost = 1;

            ngx_log_error(NGX_LOG_NOTICE, feed->log, 0,
                          "the change feed is another worker's now");
            return;
        }

        rc = ngx_order_trail_append(feed->trail, change);
    }

    if (rc == NGX_OK) {
        feed->appended++;
    }
}


static void
ngx_order_feed_first(ngx_order_feed_t *feed)
{
    ngx_str_t  text;

    text = ngx_order_row_text(&feed->read, 0, NGX_ORDER_FEED_SNAPSHOT);

    if (text.len > NGX_ORDER_SNAPSHOT_LEN) {
        ngx_log_error(NGX_LOG_ERR, feed->log, 0,
                      "a snapshot of %uz bytes is too long: the change feed "
                      "begins anew", text.len);
        text.len = 0;
    }

    ngx_memcpy(feed->snapshot, text.data, text.len);
    feed->snapshot_len = (uint32_t) text.len;

    feed->epoch = (uint32_t) ngx_order_row_integer(&feed->read, 0,
                                                   NGX_ORDER_FEED_EPOCH, 0);
    feed->stamp = (uint64_t) feed->epoch << 32
                  | (uint32_t) ngx_order_row_integer(&feed->read, 0,
                                               NGX_ORDER_FEED_REVISION, 0);
    feed->gap = ngx_order_row_integer(&feed->read, 0, NGX_ORDER_FEED_GAP, 1)
                != 0;
}


static void
ngx_order_feed_read_done(ngx_order_pg_query_t *query)
{
    ngx_order_feed_t    *feed = query->data;

    ngx_order_shared_t  *shared;

    shared = feed->zone->shared;
    feed->reading = 0;

    ngx_add_timer(&feed->unasked, NGX_ORDER_FEED_UNASKED);

    if (feed->appended) {
        ngx_order_feed_tell(feed, 1);
    }

    if (query->status == NGX_ORDER_PG_REFUSED) {
        ngx_log_error(NGX_LOG_ERR, feed->log, 0,
                      "the change feed cannot read: %s %V",
                      query->sqlstate, &query->message);

        /* class 22: not the server, but the snapshot is at fault */

        if (ngx_strncmp(query->sqlstate, "22", 2) == 0) {
            shared->snapshots[shared->snapshot].len = 0;
        }

        return;
    }

    if (query->status == NGX_ORDER_PG_TIMEOUT) {
        feed->limit = ngx_min(feed->limit * 2, NGX_ORDER_FEED_LONGEST);
    }

    if (query->status != NGX_ORDER_PG_OK || feed->rows == 0
        || shared->lease != (ngx_atomic_uint_t) ngx_pid)
    {
        return;
    }

    feed->limit = feed->conf->timeout;

    ngx_order_feed_advance(feed);

    shared->beat = ngx_current_msec;

    if ((ngx_msec_int_t) (feed->asked - shared->fresh) > 0) {
        shared->fresh = feed->asked;
    }

    if (!shared->warm) {
        ngx_order_load_start(feed->load);
    }

    if (feed->rung) {
        ngx_order_feed_read(feed);
    }
}


/* Is what the read answers no continuation of what was read before? */

static ngx_uint_t
ngx_order_feed_broken(const ngx_order_feed_t *feed)
{
    return feed->gap || feed->epoch != feed->zone->shared->epoch;
}


static void
ngx_order_feed_advance(ngx_order_feed_t *feed)
{
    ngx_uint_t           known;
    ngx_order_change_t   gap;
    ngx_order_shared_t  *shared;

    shared = feed->zone->shared;

    if (ngx_order_feed_broken(feed)) {
        known = (shared->fresh != 0);

        if (known) {
            ngx_order_metrics_add(NGX_ORDER_METRICS_GAPS, 1);
            ngx_log_error(NGX_LOG_NOTICE, feed->log, 0,
                          "cached orders will be read again: %s",
                          feed->epoch != shared->epoch
                          ? "the database has another timeline"
                          : "the change log does not reach back");
        }

        shared->valid = ngx_current_msec;
        ngx_memory_barrier();
        shared->epoch = feed->epoch;

        if (known) {
            ngx_memzero(&gap, sizeof(ngx_order_change_t));
            gap.gap = 1;

            ngx_order_feed_append(feed, &gap);
            ngx_order_feed_tell(feed, 1);
        }
    }

    ngx_order_feed_snapshot(feed);

    if (feed->stamp != shared->labels_stamp) {
        ngx_order_feed_labels(feed);
    }
}


static void
ngx_order_feed_snapshot(ngx_order_feed_t *feed)
{
    ngx_uint_t             next;
    ngx_order_shared_t    *shared;
    ngx_order_snapshot_t  *snapshot;

    shared = feed->zone->shared;

    next = !shared->snapshot;
    snapshot = &shared->snapshots[next];

    ngx_memcpy(snapshot->text, feed->snapshot, feed->snapshot_len);
    snapshot->len = feed->snapshot_len;
    snapshot->crc = ngx_crc32_long(feed->snapshot, feed->snapshot_len);

    ngx_memory_barrier();

    shared->snapshot = next;
}


static void
ngx_order_feed_labels(ngx_order_feed_t *feed)
{
    if (feed->labelling) {
        return;
    }

    feed->labelling = 1;

    feed->labels.statement = &ngx_order_workflow_statement;
    feed->labels.handler = ngx_order_feed_labels_done;
    feed->labels.data = feed;
    feed->labels.log = feed->log;

    ngx_order_pg_session_query(feed->session, &feed->labels);
}


static void
ngx_order_feed_labels_done(ngx_order_pg_query_t *query)
{
    ngx_order_feed_t *feed = query->data;

    feed->labelling = 0;

    if (query->status == NGX_ORDER_PG_OK
        && feed->zone->shared->lease == (ngx_atomic_uint_t) ngx_pid)
    {
        (void) ngx_order_workflow_publish(feed->zone->shared, query);
    }
}
