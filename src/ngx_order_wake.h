
/*
 * Waking the other workers of this instance: each binds an abstract Unix
 * datagram socket and puts its name into a slot of the zone.  A datagram is
 * only a hint that there is something new in shared memory; one that is lost
 * costs the receiver the time until its next look by itself.
 */


#ifndef _NGX_ORDER_WAKE_H_INCLUDED_
#define _NGX_ORDER_WAKE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_ORDER_WAKE_SLOTS   256     /* workers, old ones included */


typedef struct {
    ngx_atomic_t             pid;      /* 0: free */
    uint64_t                 name;     /* random; 0: none yet */
} ngx_order_wake_slot_t;


typedef struct {
    ngx_order_wake_slot_t    slots[NGX_ORDER_WAKE_SLOTS];
} ngx_order_wake_slots_t;              /* in shared memory, zeroed at first */


typedef struct ngx_order_wake_s  ngx_order_wake_t;     /* a worker's */

typedef void (*ngx_order_wake_pt)(void *data);


/*
 * Takes a slot (those of dead processes are free) and listens: "handler" is
 * called with "data" from the event loop when this worker was woken.  NULL:
 * no memory.  A worker that finds no slot or no socket is never woken, which
 * is logged.
 */
ngx_order_wake_t *ngx_order_wake_create(ngx_order_wake_slots_t *slots,
    ngx_order_wake_pt handler, void *data, ngx_pool_t *pool, ngx_log_t *log);

/* Gives the slot back; the handler will not be called. */
void ngx_order_wake_close(ngx_order_wake_t *wake);

/* Wakes all other workers that have a slot. */
void ngx_order_wake_others(ngx_order_wake_t *wake);


#endif /* _NGX_ORDER_WAKE_H_INCLUDED_ */
