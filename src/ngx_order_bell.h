
/*
 * The doorbell: tells the other instances that this worker committed a
 * change, so that they read the change log now and not within a second.
 */


#ifndef _NGX_ORDER_BELL_H_INCLUDED_
#define _NGX_ORDER_BELL_H_INCLUDED_


#include <ngx_order_pg.h>


typedef struct ngx_order_bell_s  ngx_order_bell_t;     /* a worker's */


/* NULL: no memory */
ngx_order_bell_t *ngx_order_bell_create(ngx_order_pg_pool_t *pg,
    ngx_pool_t *pool, ngx_log_t *log);

void ngx_order_bell_close(ngx_order_bell_t *bell);

/*
 * Rings after a commit, in a transaction of its own: within the one that
 * writes, NOTIFY would hold a lock of the whole database through the commit.
 * At most once a millisecond, and not while a ring is under way.
 */
void ngx_order_bell_ring(ngx_order_bell_t *bell);


#endif /* _NGX_ORDER_BELL_H_INCLUDED_ */
