
/*
 * Loading a new zone.
 *
 * The generations of the table are copied before the query is sent, so that
 * a row that was read before a change does not replace what came after it.
 * The session is closed by an event of its own, never from inside one of its
 * handlers.
 */


#include <ngx_order_load.h>
#include <ngx_order_row.h>


#define NGX_ORDER_LOAD_TIMEOUT  600000     /* ms for all open orders */


struct ngx_order_load_s {
    ngx_order_zone_t            *zone;
    const ngx_order_pg_conf_t   *conf;
    ngx_str_t                    name;
    ngx_log_t                   *log;

    ngx_pool_t                  *pool;     /* of a load; NULL: none */
    ngx_order_pg_session_t      *session;
    ngx_order_pg_query_t         query;
    ngx_order_cache_load_t      *load;
    ngx_uint_t                   orders;
    ngx_msec_t                   started;
    ngx_uint_t                   failures;
    ngx_event_t                  end;
};


static ngx_msec_t ngx_order_load_pause(ngx_uint_t failures);
static void ngx_order_load_session(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event, void *data);
static void ngx_order_load_row(ngx_order_pg_query_t *query);
static void ngx_order_load_done(ngx_order_pg_query_t *query);
static void ngx_order_load_end(ngx_event_t *ev);


static const ngx_order_pg_statement_t  ngx_order_load_statement = {
    ngx_string("open_orders"),
    ngx_string("copy (select (r).* from (select api.open_orders() as r) o)"
               " to stdout (format binary)"),
    NGX_ORDER_PG_FILL
};


ngx_order_load_t *
ngx_order_load_create(ngx_order_zone_t *zone, const ngx_order_pg_conf_t *conf,
    const ngx_str_t *name, ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_order_load_t  *load;

    load = ngx_pcalloc(pool, sizeof(ngx_order_load_t));
    if (load == NULL) {
        return NULL;
    }

    load->zone = zone;
    load->conf = conf;
    load->name = *name;
    load->log = log;

    load->end.handler = ngx_order_load_end;
    load->end.data = load;
    load->end.log = log;

    return load;
}


void
ngx_order_load_start(ngx_order_load_t *load)
{
    if (load->pool || (load->failures
                       && ngx_current_msec - load->started
                          < ngx_order_load_pause(load->failures)))
    {
        return;
    }

    load->pool = ngx_create_pool(4096, load->log);
    if (load->pool == NULL) {
        return;
    }

    load->load = ngx_order_cache_load_begin(load->zone->cache, load->pool);
    if (load->load) {
        load->orders = 0;
        load->started = ngx_current_msec;
        load->session = ngx_order_pg_session_open(load->conf, &load->name,
                                                  ngx_order_load_session,
                                                  load, load->pool,
                                                  load->log);
    }

    if (load->session == NULL) {
        ngx_order_load_stop(load);
    }
}


/* twice as long each time, up to some minutes */

static ngx_msec_t
ngx_order_load_pause(ngx_uint_t failures)
{
    return (ngx_msec_t) 1000 << ngx_min(failures, 8);
}


void
ngx_order_load_stop(ngx_order_load_t *load)
{
    if (load->end.posted) {
        ngx_delete_posted_event(&load->end);
    }

    if (load->session) {
        ngx_order_pg_session_close(load->session);
        load->session = NULL;
    }

    if (load->pool) {
        ngx_destroy_pool(load->pool);
        load->pool = NULL;
    }
}


static void
ngx_order_load_session(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event, void *data)
{
    ngx_order_load_t *load = data;

    if (event != NGX_ORDER_PG_SESSION_READY) {
        return;
    }

    load->query.statement = &ngx_order_load_statement;
    load->query.handler = ngx_order_load_done;
    load->query.data = load;
    load->query.log = load->log;

    ngx_order_pg_session_stream(session, &load->query, ngx_order_load_row,
                                NGX_ORDER_LOAD_TIMEOUT);
}


static void
ngx_order_load_row(ngx_order_pg_query_t *query)
{
    ngx_order_load_t    *load = query->data;

    ngx_order_record_t   record;

    if (ngx_order_row_record(query, 0, 0, &record) == NGX_OK) {
        (void) ngx_order_cache_load_put(load->load, &record);
        load->orders++;
    }
}


static void
ngx_order_load_done(ngx_order_pg_query_t *query)
{
    ngx_order_load_t *load = query->data;

    if (query->status == NGX_ORDER_PG_OK) {
        load->zone->shared->warm = 1;
        load->failures = 0;

        ngx_log_error(NGX_LOG_NOTICE, load->log, 0,
                      "%ui open orders were loaded in %M ms", load->orders,
                      ngx_current_msec - load->started);

    } else {
        load->failures++;

        ngx_log_error(NGX_LOG_ERR, load->log, 0,
                      "open orders were not loaded: %s %V",
                      query->sqlstate, &query->message);
    }

    ngx_post_event(&load->end, &ngx_posted_events);
}


static void
ngx_order_load_end(ngx_event_t *ev)
{
    ngx_order_load_stop(ev->data);
}
