
/*
 * What is done now and then: a statement and a time for each.
 *
 * A statement answers how much it did, or nothing.  One that did as much as
 * it does at once is sent again without waiting.  One that did something has
 * changed orders, so the bell rings.
 */


#include <ngx_order_chores.h>
#include <ngx_order_row.h>


#define NGX_ORDER_CHORES        2
#define NGX_ORDER_CHORES_FIRST  10000      /* ms until the first */


typedef struct {
    ngx_order_pg_statement_t     statement;
    ngx_msec_t                   every;
    int64_t                      most;     /* that it does at once; 0: all */
} ngx_order_chore_t;


typedef struct {
    const ngx_order_chore_t     *chore;
    ngx_order_chores_t          *chores;
    ngx_order_pg_query_t         query;
    ngx_event_t                  event;
    unsigned                     running:1;
} ngx_order_chore_run_t;


struct ngx_order_chores_s {
    ngx_order_pg_pool_t         *pg;
    ngx_order_bell_t            *bell;
    ngx_log_t                   *log;
    ngx_order_chore_run_t        runs[NGX_ORDER_CHORES];
};


static void ngx_order_chores_event_handler(ngx_event_t *ev);
static void ngx_order_chores_done(ngx_order_pg_query_t *query);


static const ngx_order_chore_t  ngx_order_chores[NGX_ORDER_CHORES] = {

    /* what happens to orders by itself */

    { { ngx_string("automate"), ngx_string("select * from api.automate()"),
        NGX_ORDER_PG_SLOW },
      10000, 100 },

    /* the log and the keys grow until somebody cleans up */

    { { ngx_string("maintain"), ngx_string("select api.maintain()"),
        NGX_ORDER_PG_SLOW },
      300000, 0 }
};


ngx_order_chores_t *
ngx_order_chores_create(ngx_order_pg_pool_t *pg, ngx_order_bell_t *bell,
    ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_uint_t              i;
    ngx_order_chores_t     *chores;
    ngx_order_chore_run_t  *run;

    chores = ngx_pcalloc(pool, sizeof(ngx_order_chores_t));
    if (chores == NULL) {
        return NULL;
    }

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
    ngx_uint_t  i;

    for (i = 0; i < NGX_ORDER_CHORES; i++) {
        ngx_add_timer(&chores->runs[i].event, NGX_ORDER_CHORES_FIRST);
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

    if (query->status == NGX_ORDER_PG_OK && ngx_order_pg_rows(query)) {
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
