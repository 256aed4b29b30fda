
/*
 * Reads from a standby.
 *
 * A position counts for the reads that came before it was asked for; those
 * that come meanwhile wait for the next one.  The statement that waits for
 * the replay and the read itself travel together, as two statements of one
 * transaction: each has its own snapshot, so the read sees what the wait was
 * for.
 */


#include <ngx_order_replica.h>
#include <ngx_order_metrics.h>


struct ngx_order_replica_s {
    ngx_order_pg_pool_t        *pg;        /* of standbys */
    ngx_order_pg_pool_t        *primary;
    ngx_order_pg_query_t        position;
    ngx_event_t                 event;
    ngx_queue_t                 arrived;   /* since the position was asked */
    ngx_queue_t                 asked;     /* it is for these */
    u_char                      wait[NGX_INT_T_LEN + 1];
    size_t                      wait_len;
    unsigned                    asking:1;
};


static void ngx_order_replica_event_handler(ngx_event_t *ev);
static void ngx_order_replica_position_done(ngx_order_pg_query_t *query);
static void ngx_order_replica_send(ngx_order_replica_t *replica,
    ngx_order_replica_read_t *read, const ngx_str_t *lsn,
    const ngx_str_t *epoch);
static void ngx_order_replica_done(ngx_order_pg_query_t *query);
static void ngx_order_replica_instead(ngx_order_replica_t *replica,
    ngx_order_pg_query_t *query, ngx_uint_t why);


static const ngx_order_pg_statement_t  ngx_order_replica_position = {
    ngx_string("position"),
    ngx_string("select * from api.position()"),
    NGX_ORDER_PG_FILL
};

static const ngx_order_pg_statement_t  ngx_order_replica_replayed = {
    ngx_string("replayed"),
    ngx_string("select api.replayed($1, $2, $3)"),
    NGX_ORDER_PG_SLOW
};


ngx_order_replica_t *
ngx_order_replica_create(const ngx_order_pg_conf_t *conf,
    ngx_order_pg_pool_t *pg, const ngx_str_t *name, ngx_pool_t *pool,
    ngx_log_t *log)
{
    ngx_order_replica_t  *replica;

    replica = ngx_pcalloc(pool, sizeof(ngx_order_replica_t));
    if (replica == NULL) {
        return NULL;
    }

    replica->primary = pg;
    replica->pg = ngx_order_pg_pool_create(conf, name, pool, log);
    if (replica->pg == NULL) {
        return NULL;
    }

    ngx_queue_init(&replica->arrived);
    ngx_queue_init(&replica->asked);

    replica->wait_len = (size_t) (ngx_sprintf(replica->wait, "%M", conf->wait)
                                  - replica->wait);

    replica->event.handler = ngx_order_replica_event_handler;
    replica->event.data = replica;
    replica->event.log = log;

    replica->position.statement = &ngx_order_replica_position;
    replica->position.handler = ngx_order_replica_position_done;
    replica->position.data = replica;
    replica->position.log = log;

    return replica;
}


void
ngx_order_replica_close(ngx_order_replica_t *replica)
{
    if (replica->event.posted) {
        ngx_delete_posted_event(&replica->event);
    }

    if (replica->asking) {
        replica->asking = 0;
        ngx_order_pg_cancel(&replica->position);
    }

    ngx_order_pg_pool_close(replica->pg);
}


void
ngx_order_replica_query(ngx_order_replica_t *replica,
    ngx_order_replica_read_t *read, ngx_order_pg_query_t *query)
{
    if (!ngx_order_pg_pool_up(replica->pg)) {
        ngx_order_replica_instead(replica, query, NGX_ORDER_REPLICA_DOWN);
        return;
    }

    read->replica = replica;
    read->query = query;
    read->handler = query->handler;
    read->data = query->data;
    read->waiting = 1;

    ngx_queue_insert_tail(&replica->arrived, &read->queue);

    if (!replica->asking) {
        ngx_post_event(&replica->event, &ngx_posted_events);
    }
}


void
ngx_order_replica_cancel(ngx_order_replica_read_t *read)
{
    if (read->waiting) {
        read->waiting = 0;
        ngx_queue_remove(&read->queue);
    }
}


/* at the end of a turn of the event loop: for all who came in it */

static void
ngx_order_replica_event_handler(ngx_event_t *ev)
{
    ngx_order_replica_t *replica = ev->data;

    if (replica->asking || ngx_queue_empty(&replica->arrived)) {
        return;
    }

    ngx_queue_add(&replica->asked, &replica->arrived);
    ngx_queue_init(&replica->arrived);

    replica->asking = 1;

    ngx_order_pg_query(replica->primary, &replica->position);
}


static void
ngx_order_replica_position_done(ngx_order_pg_query_t *query)
{
    ngx_str_t                  lsn, epoch;
    ngx_uint_t                 known;
    ngx_queue_t               *q;
    ngx_order_replica_t       *replica;
    ngx_order_replica_read_t  *read;

    replica = query->data;
    replica->asking = 0;

    known = query->status == NGX_ORDER_PG_OK
            && ngx_order_pg_rows(query) == 1
            && ngx_order_pg_value(query, 0, 0, &lsn) == NGX_OK
            && ngx_order_pg_value(query, 0, 1, &epoch) == NGX_OK
            && lsn.len == sizeof(read->lsn)
            && epoch.len == sizeof(read->epoch);

    while (!ngx_queue_empty(&replica->asked)) {
        q = ngx_queue_head(&replica->asked);
        ngx_queue_remove(q);

        read = ngx_queue_data(q, ngx_order_replica_read_t, queue);
        read->waiting = 0;

        if (known) {
            ngx_order_replica_send(replica, read, &lsn, &epoch);

        } else {
            ngx_order_pg_query(replica->primary, read->query);
        }
    }

    ngx_order_replica_event_handler(&replica->event);
}


static void
ngx_order_replica_send(ngx_order_replica_t *replica,
    ngx_order_replica_read_t *read, const ngx_str_t *lsn,
    const ngx_str_t *epoch)
{
    ngx_order_pg_query_t  *query;
    ngx_order_pg_param_t  *params;

    query = read->query;
    params = read->params;

    ngx_memcpy(read->lsn, lsn->data, sizeof(read->lsn));
    ngx_memcpy(read->epoch, epoch->data, sizeof(read->epoch));

    params[0].data = read->lsn;
    params[0].len = sizeof(read->lsn);
    params[0].binary = 1;

    params[1].data = read->epoch;
    params[1].len = sizeof(read->epoch);
    params[1].binary = 1;

    params[2].data = replica->wait;
    params[2].len = (uint32_t) replica->wait_len;

    query->ahead = &ngx_order_replica_replayed;
    query->ahead_params = params;
    query->nahead = NGX_ORDER_REPLICA_PARAMS;
    query->handler = ngx_order_replica_done;
    query->data = read;

    ngx_order_pg_query(replica->pg, query);
}


/* What the function itself refuses is an answer as any other. */

static void
ngx_order_replica_done(ngx_order_pg_query_t *query)
{
    ngx_order_replica_read_t  *read;

    read = query->data;

    query->ahead = NULL;
    query->handler = read->handler;
    query->data = read->data;

    if (query->status == NGX_ORDER_PG_REFUSED
        && ngx_strcmp(query->sqlstate, "OM020") == 0)
    {
        ngx_order_replica_instead(read->replica, query,
                                  NGX_ORDER_REPLICA_BEHIND);
        return;
    }

    if (query->status == NGX_ORDER_PG_OK
        || (query->status == NGX_ORDER_PG_REFUSED
            && ngx_strncmp(query->sqlstate, "OM", 2) == 0))
    {
        ngx_order_metrics_add(NGX_ORDER_METRICS_REPLICA
                              + NGX_ORDER_REPLICA_USED, 1);
        query->handler(query);
        return;
    }

    ngx_order_replica_instead(read->replica, query, NGX_ORDER_REPLICA_DOWN);
}


static void
ngx_order_replica_instead(ngx_order_replica_t *replica,
    ngx_order_pg_query_t *query, ngx_uint_t why)
{
    ngx_order_metrics_add(NGX_ORDER_METRICS_REPLICA + why, 1);
    ngx_order_pg_query(replica->primary, query);
}
