
/*
 * The doorbell.  A ring that fails costs the others a second, until they read
 * unasked; so it is not repeated.
 */


#include <ngx_order_bell.h>


struct ngx_order_bell_s {
    ngx_order_pg_pool_t   *pg;
    ngx_order_pg_query_t   query;
    ngx_event_t            event;
    ngx_msec_t             last;
    unsigned               ringing:1;
    unsigned               again:1;    /* something happened meanwhile */
};


static void ngx_order_bell_event_handler(ngx_event_t *ev);
static void ngx_order_bell_done(ngx_order_pg_query_t *query);


static const ngx_order_pg_statement_t  ngx_order_bell_statement = {
    ngx_string("ring"),
    ngx_string("select api.ring()"),
    NGX_ORDER_PG_FILL
};


ngx_order_bell_t *
ngx_order_bell_create(ngx_order_pg_pool_t *pg, ngx_pool_t *pool,
    ngx_log_t *log)
{
    ngx_order_bell_t  *bell;

    bell = ngx_pcalloc(pool, sizeof(ngx_order_bell_t));
    if (bell == NULL) {
        return NULL;
    }

    bell->pg = pg;

    bell->event.handler = ngx_order_bell_event_handler;
    bell->event.data = bell;
    bell->event.log = log;

    bell->query.statement = &ngx_order_bell_statement;
    bell->query.handler = ngx_order_bell_done;
    bell->query.data = bell;
    bell->query.log = log;

    return bell;
}


void
ngx_order_bell_close(ngx_order_bell_t *bell)
{
    if (bell->event.timer_set) {
        ngx_del_timer(&bell->event);
    }

    if (bell->ringing) {
        bell->ringing = 0;
        ngx_order_pg_cancel(&bell->query);
    }
}


void
ngx_order_bell_ring(ngx_order_bell_t *bell)
{
    if (bell->ringing || bell->event.timer_set) {
        bell->again = 1;
        return;
    }

    if (bell->last == ngx_current_msec) {
        ngx_add_timer(&bell->event, 1);
        return;
    }

    ngx_order_bell_event_handler(&bell->event);
}


static void
ngx_order_bell_event_handler(ngx_event_t *ev)
{
    ngx_order_bell_t *bell = ev->data;

    bell->ringing = 1;
    bell->again = 0;
    bell->last = ngx_current_msec;

    ngx_order_pg_query(bell->pg, &bell->query);
}


static void
ngx_order_bell_done(ngx_order_pg_query_t *query)
{
    ngx_order_bell_t *bell = query->data;

    bell->ringing = 0;

    if (bell->again) {
        ngx_order_bell_ring(bell);
    }
}
