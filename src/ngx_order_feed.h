
/*
 * The change feed: what anybody committed -> this instance's cache, and its
 * ring of changes.
 *
 * One worker of an instance holds the feed, by a lease in the zone that it
 * renews; when it is silent for a second, another takes over.  The holder
 * listens for the doorbell and reads the change log from where it stood,
 * which is kept in the zone: when the bell rings, and every second unasked.
 * So a notification that is lost, doubled or late costs latency only.
 *
 * A zone that is new is loaded with all open orders, on a session beside the
 * feed's, while polls are answered already.
 */


#ifndef _NGX_ORDER_FEED_H_INCLUDED_
#define _NGX_ORDER_FEED_H_INCLUDED_


#include <ngx_order_zone.h>
#include <ngx_order_pg.h>
#include <ngx_order_bell.h>


typedef struct ngx_order_feed_s  ngx_order_feed_t;     /* a worker's */

/*
 * There is something new in the ring.  "mine" says that this worker appended
 * it, so that it is the one to wake the others; otherwise it is found now and
 * then by looking, for a worker that was not woken.
 */
typedef void (*ngx_order_feed_pt)(void *data, ngx_uint_t mine);


/*
 * Starts the feed of this worker: it stands for the lease.  "trail" is into
 * the zone's ring; "changed" is called with "data", never from within this
 * function.  "name" goes into application_name.  NULL: no memory.
 */
ngx_order_feed_t *ngx_order_feed_create(ngx_order_zone_t *zone,
    ngx_order_trail_t *trail, ngx_order_feed_pt changed, void *data,
    const ngx_order_pg_conf_t *conf, ngx_order_pg_pool_t *pg,
    ngx_order_bell_t *bell, const ngx_str_t *name, ngx_pool_t *pool,
    ngx_log_t *log);

/* Gives the lease up at once, if it is this worker's. */
void ngx_order_feed_close(ngx_order_feed_t *feed);


#endif /* _NGX_ORDER_FEED_H_INCLUDED_ */
