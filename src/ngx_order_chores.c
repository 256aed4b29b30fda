
/*
 * What is done now and then: a statement and a time for each.
 *
 * A statement answers how much it did, or nothing.  One that did as much as
 * it does at once is sent again without waiting.  One that did something has
 * changed orders, so the bell rings.  One whose answer is wanted for itself
 * has a function that takes it.
 */


#include <ngx_order_chores.h>
#include <ngx_order_row.h>


#define NGX_ORDER_CHORES        3


typedef void (*ngx_order_chore_pt)(ngx_order_chores_t *chores,
    const ngx_order_pg_query_t *query);

typedef struct {
    ngx_order_pg_statement_t     statement;
    ngx_msec_t                   first;    /* ms until it is done first */
    ngx_msec_t                   every;
    int64_t                      most;     /* that it does at once; 0: all */
    ngx_order_chore_pt           take;     /* or NULL */
} ngx_order_chore_t;


typedef struct {
    const ngx_order_chore_t     *chore;
    ngx_order_chores_t          *chores;
    ngx_order_pg_query_t         query;
    ngx_event_t                  event;
    unsigned                     running:1;
} ngx_order_chore_run_t;


struct ngx_order_chores_s {
    ngx_order_zone_t            *zone;
    ngx_order_pg_pool_t         *pg;
    ngx_order_bell_t            *bell;
    ngx_log_t                   *log;
    ngx_order_chore_run_t        runs[NGX_ORDER_CHORES];
};


static void ngx_order_chores_event_handler(ngx_event_t *ev);
static void ngx_order_chores_done(ngx_order_pg_query_t *query);
static void ngx_order_chores_metrics(ngx_order_chores_t *chores,
    const ngx_order_pg_query_t *query);


static const ngx_order_chore_t  ngx_order_chores[NGX_ORDER_CHORES] = {

    /* what happens to orders by itself */

    { { ngx_string("automate"), ngx_string("select * from api.automate()"),
        NGX_ORDER_PG_SLOW },
      10000, 10000, 100, NULL },

    /* the log and the keys grow until somebody cleans up */

    { { ngx_string("maintain"), ngx_string("select api.maintain()"),
        NGX_ORDER_PG_SLOW },
      10000, 300000, 0, NULL },

    /* what the database says of the shop, where it is told */

    { { ngx_string("order_metrics"),
        ngx_string("select api.order_metrics()"),
        NGX_ORDER_PG_SLOW },
      1000, 15000, 0, ngx_order_chores_metrics }
};


ngx_order_chores_t *
ngx_order_chores_create(ngx_order_zone_t *zone, ngx_order_pg_pool_t *pg,
    ngx_order_bell_t *bell, ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_uint_t              i;
    ngx_order_chores_t     *chores;
    ngx_order_chore_run_t  *run;

    chores = ngx_pcalloc(pool, sizeof(ngx_order_chores_t));
    if (chores == NULL) {
        return NULL;
    }

    chores->zone = zone;
    chores->pg = pg;
    chores->bell = bell;
    chores->log = log;

    for (i = 0; i < NGX_ORDER_CHORES; i++) {
        run = &chores->runs[i];

        run->chore = &ngx_order_chores[i];
        run->chores = chores;

        run->event.handler = ngx_order_chores_event_handler;
        run->event.data = run;
        run->event.log = log;
        run->event.cancelable = 1;

        run->query.statement = &run->chore->statement;
        run->query.handler = ngx_order_chores_done;
        run->query.data = run;
        run->query.log = log;
    }

    return chores;
}


void
ngx_order_chores_start(ngx_order_chores_t *chores)
{
    ngx_uint_t                i;
    const ngx_order_chore_t  *chore;

    for (i = 0; i < NGX_ORDER_CHORES; i++) {
        chore = chores->runs[i].chore;

        if (chore->take && !chores->zone->told) {
            continue;
        }

        ngx_add_timer(&chores->runs[i].event, chore->first);
    }
}


void
ngx_order_chores_stop(ngx_order_chores_t *chores)
{
    ngx_uint_t              i;
    ngx_order_chore_run_t  *run;

    for (i = 0; i < NGX_ORDER_CHORES; i++) {
        run = &chores->runs[i];

        if (run->event.timer_set) {
            ngx_del_timer(&run->event);
        }

        if (run->running) {
            run->running = 0;
            ngx_order_pg_cancel(&run->query);
        }
    }
}


static void
ngx_order_chores_event_handler(ngx_event_t *ev)
{
    ngx_order_chore_run_t *run = ev->data;

    run->running = 1;

    ngx_order_pg_query(run->chores->pg, &run->query);
}


static void
ngx_order_chores_done(ngx_order_pg_query_t *query)
{
    int64_t                 did;
    ngx_order_chore_run_t  *run;

    run = query->data;
    run->running = 0;
    did = 0;

    if (query->status == NGX_ORDER_PG_OK && run->chore->take) {
        run->chore->take(run->chores, query);

    } else if (query->status == NGX_ORDER_PG_OK && ngx_order_pg_rows(query)) {
        did = ngx_order_row_integer(query, 0, 0, 0);

    } else if (query->status == NGX_ORDER_PG_REFUSED) {
        ngx_log_error(NGX_LOG_ERR, run->chores->log, 0, "%V: %s %V",
                      &query->statement->name, query->sqlstate,
                      &query->message);
    }

    if (did) {
        ngx_order_bell_ring(run->chores->bell);
    }

    ngx_add_timer(&run->event, run->chore->most && did >= run->chore->most
                               ? 1 : run->chore->every);
}


/* A worker that was stopped and comes back may hold the feed no more. */

static void
ngx_order_chores_metrics(ngx_order_chores_t *chores,
    const ngx_order_pg_query_t *query)
{
    ngx_str_t  text;

    if (ngx_order_pg_rows(query) == 0
        || chores->zone->shared->lease != (ngx_atomic_uint_t) ngx_pid)
    {
        return;
    }

    text = ngx_order_row_text(query, 0, 0);

    if (text.len > NGX_ORDER_METRICS_TEXT) {
        ngx_log_error(NGX_LOG_ERR, chores->log, 0,
                      "api.order_metrics() answered %uz bytes: more than %d "
                      "are not told", text.len, NGX_ORDER_METRICS_TEXT);
        return;
    }

    ngx_order_metrics_tell(chores->zone->metrics, &text);
}
