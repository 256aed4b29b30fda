
/*
 * Misses -> few queries.
 *
 * Misses of one order become one row of one query, however many wait for it;
 * misses of different orders that come in one turn of the event loop, or
 * while the queries before them are under way, travel together.  Those who
 * wait are woken by the answer, not by a timer.
 */


#ifndef _NGX_ORDER_FILL_H_INCLUDED_
#define _NGX_ORDER_FILL_H_INCLUDED_


#include <ngx_order_workflow.h>


typedef struct ngx_order_fill_s         ngx_order_fill_t;    /* a worker's */
typedef struct ngx_order_fill_waiter_s  ngx_order_fill_waiter_t;


/*
 * "status" is of the query.  With NGX_ORDER_PG_OK the record is a version of
 * the order as it was committed after the wait began; NULL: no such order.
 * "elapsed" are the milliseconds that the database took.
 */
typedef void (*ngx_order_fill_pt)(ngx_order_fill_waiter_t *waiter,
    ngx_order_pg_status_e status, const ngx_order_record_t *record,
    ngx_msec_t elapsed);


/* lives with the one who waits; cancelled before that one goes away */

struct ngx_order_fill_waiter_s {
    ngx_order_fill_pt       handler;
    void                   *data;
    ngx_queue_t             queue;         /* private to ngx_order_fill */
};


/*
 * Makes the worker's fill.  "labels" is its copy of the labels.  What is not
 * found is remembered as missing for "missing" milliseconds.  NULL: no memory.
 */
ngx_order_fill_t *ngx_order_fill_create(ngx_order_zone_t *zone,
    ngx_order_pg_pool_t *pg, ngx_order_statuses_t *labels,
    ngx_msec_t missing, ngx_pool_t *pool, ngx_log_t *log);

/*
 * Waits for an order, by its id or, with "id" NULL, by its number.  The
 * handler is called once, later, never from inside this call.  NGX_OK, or
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_order_fill_wait(ngx_order_fill_t *fill,
    const ngx_order_id_t *id, const ngx_str_t *number,
    ngx_order_fill_waiter_t *waiter);

/* The one who waits goes away: its handler will not be called. */
void ngx_order_fill_cancel(ngx_order_fill_waiter_t *waiter);


#endif /* _NGX_ORDER_FILL_H_INCLUDED_ */
