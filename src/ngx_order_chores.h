
/*
 * What a database with orders wants done now and then, by whoever holds the
 * change feed: any instance may, and nothing is lost when none does.
 */


#ifndef _NGX_ORDER_CHORES_H_INCLUDED_
#define _NGX_ORDER_CHORES_H_INCLUDED_


#include <ngx_order_zone.h>
#include <ngx_order_pg.h>
#include <ngx_order_bell.h>


typedef struct ngx_order_chores_s  ngx_order_chores_t;


/* Makes the chores of this worker, which rest until they are started.  NULL:
 * no memory. */
ngx_order_chores_t *ngx_order_chores_create(ngx_order_zone_t *zone,
    ngx_order_pg_pool_t *pg, ngx_order_bell_t *bell, ngx_pool_t *pool,
    ngx_log_t *log);

void ngx_order_chores_start(ngx_order_chores_t *chores);

/* A query that is under way is forgotten; what it does, it does. */
void ngx_order_chores_stop(ngx_order_chores_t *chores);


#endif /* _NGX_ORDER_CHORES_H_INCLUDED_ */
