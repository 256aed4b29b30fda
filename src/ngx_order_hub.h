
/*
 * The changes in the ring -> this worker's subscriptions.
 *
 * The hub reads the ring from its head when it was made, one change after the
 * other, and tells each to those who joined its topics: the order's, its
 * buyer's, seller's and driver's, that of those who see all, that of drivers
 * who look for work.  A notice goes to the seller's only, and to that of those
 * who see all, who may be the seller.  A change with many subscribers is told
 * in slices, so that the worker's other connections get their turn.
 *
 * What a subscriber makes of it, and whether it was slow or is to be told
 * something else first, is the subscriber's.
 */


#ifndef _NGX_ORDER_HUB_H_INCLUDED_
#define _NGX_ORDER_HUB_H_INCLUDED_


#include <ngx_order_event.h>


typedef enum {
    NGX_ORDER_TOPIC_ORDER = 0,         /* of an order's id */
    NGX_ORDER_TOPIC_USER,              /* of a user's id: what is sold to,
                                          sold by or driven by that user */
    NGX_ORDER_TOPIC_ALL,               /* of no id: every change */
    NGX_ORDER_TOPIC_DELIVERIES         /* of no id: deliveries that open and
                                          close */
} ngx_order_topic_e;


typedef struct ngx_order_hub_s    ngx_order_hub_t;      /* a worker's */
typedef struct ngx_order_topic_s  ngx_order_topic_t;
typedef struct ngx_order_sub_s    ngx_order_sub_t;


/*
 * Told of a change whose place in the ring is "seq".  It may leave, and free
 * itself, and make others leave.
 */
typedef void (*ngx_order_sub_pt)(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq);

/* Changes were lost to this worker: everybody's state is to be looked at. */
typedef void (*ngx_order_hub_gap_pt)(void *data);


struct ngx_order_sub_s {
    ngx_order_sub_pt         handler;
    uint64_t                 seq;      /* changes before are not told */

    /* private to ngx_order_hub */

    ngx_queue_t              queue;
    ngx_order_topic_t       *topic;
};


/* NULL: no memory */
ngx_order_hub_t *ngx_order_hub_create(ngx_order_ring_t *ring,
    ngx_order_statuses_t *labels, const ngx_order_shared_t *shared,
    ngx_order_hub_gap_pt gap, void *data, ngx_pool_t *pool, ngx_log_t *log);

/* Looks for what is new in the ring: when woken, and now and then. */
void ngx_order_hub_run(ngx_order_hub_t *hub);

/* The place of the next change that will be told, and of the last one that
 * all were told. */
uint64_t ngx_order_hub_next(const ngx_order_hub_t *hub);
uint64_t ngx_order_hub_told(const ngx_order_hub_t *hub);

/*
 * Joins a topic; sub->handler is set.  "id" is NULL for topics of no id.
 * Changes that the hub told before are not told to it.  NGX_OK, or
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_order_hub_join(ngx_order_hub_t *hub, ngx_order_sub_t *sub,
    ngx_order_topic_e type, const ngx_order_id_t *id);

/* Leaves it; harmless for one who joined none (sub->topic NULL). */
void ngx_order_hub_leave(ngx_order_hub_t *hub, ngx_order_sub_t *sub);

/* The topic that was joined; its id. */
ngx_order_topic_e ngx_order_hub_type(const ngx_order_sub_t *sub);
const ngx_order_id_t *ngx_order_hub_id(const ngx_order_sub_t *sub);


#endif /* _NGX_ORDER_HUB_H_INCLUDED_ */
