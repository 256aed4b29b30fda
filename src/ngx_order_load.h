
/*
 * Loading a new zone: all open orders, by one query, while polls are
 * answered already.
 */


#ifndef _NGX_ORDER_LOAD_H_INCLUDED_
#define _NGX_ORDER_LOAD_H_INCLUDED_


#include <ngx_order_zone.h>
#include <ngx_order_pg.h>


typedef struct ngx_order_load_s  ngx_order_load_t;


/* Makes what a load needs, and starts nothing.  NULL: no memory. */
ngx_order_load_t *ngx_order_load_create(ngx_order_zone_t *zone,
    const ngx_order_pg_conf_t *conf, const ngx_str_t *name, ngx_pool_t *pool,
    ngx_log_t *log);

/*
 * Loads on a session of its own; the zone is "warm" when all is in.  Does
 * nothing while a load is under way, nor for a while after one that failed.
 */
void ngx_order_load_start(ngx_order_load_t *load);

/* Ends a load that is under way. */
void ngx_order_load_stop(ngx_order_load_t *load);


#endif /* _NGX_ORDER_LOAD_H_INCLUDED_ */
