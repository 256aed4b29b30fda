
/*
 * The recent changes, in shared memory: what the change feed read, in the
 * order in which it read it, for every worker to push to its subscribers.
 *
 * A change has a sequence number that never repeats within the generation of
 * the ring; (generation, sequence) is a place from which a subscriber resumes,
 * on any worker of this instance, also after a reload.  The holder of the feed
 * appends; whoever reads takes no lock.  A holder that was stopped amidst an
 * append and comes back when another holds the feed can spoil one slot only,
 * and its readers notice: an entry carries its sequence number and a checksum.
 *
 * The order in which the changes of one order stand here is that of their
 * versions.  A change that is read twice (a takeover reads again from the
 * snapshot before) is appended once.
 *
 * A notice is no version: it tells of the version before it that the order is
 * stuck.  Its record is that version's, but "updated" is when it was told.
 */


#ifndef _NGX_ORDER_RING_H_INCLUDED_
#define _NGX_ORDER_RING_H_INCLUDED_


#include <ngx_order.h>


#define NGX_ORDER_NO_STATUS    0xffff  /* old_status of a new order */
#define NGX_ORDER_ACTOR_NAME   62      /* bytes of an actor's name, at most */


typedef struct ngx_order_ring_s   ngx_order_ring_t;     /* in shared memory */
typedef struct ngx_order_trail_s  ngx_order_trail_t;    /* a worker's */


typedef struct {
    ngx_order_record_t  record;
    ngx_order_id_t      actor;         /* who changed it; zero: the system */
    uint16_t            old_status;    /* or NGX_ORDER_NO_STATUS */
    uint8_t             gap;           /* not a change: what was before this
                                          place may not be all */
    uint8_t             admins;        /* the store's admins are notified */
    uint8_t             name_len;
    u_char              name[NGX_ORDER_ACTOR_NAME];    /* of the actor, UTF-8,
                                                          cut at a character */
    int64_t             stuck_since;   /* a notice: microseconds since 1970,
                                          UTC; 0: a version, or a gap */
} ngx_order_change_t;


/* Bytes of shared memory for a ring in "size" bytes; entries that it holds. */
size_t ngx_order_ring_size(size_t size);
uint64_t ngx_order_ring_capacity(const ngx_order_ring_t *ring);

/* Makes an empty one at page aligned "addr", with a random generation; NULL:
 * the size is below some 64 entries, or no entropy. */
ngx_order_ring_t *ngx_order_ring_create(void *addr, size_t size);

/* never 0 */
uint64_t ngx_order_ring_generation(const ngx_order_ring_t *ring);

/* The sequence number that the next change gets; the first is 1. */
uint64_t ngx_order_ring_head(const ngx_order_ring_t *ring);

/* The oldest sequence number that may still be read. */
uint64_t ngx_order_ring_tail(const ngx_order_ring_t *ring);

/*
 * Copies a change.
 *
 *     NGX_OK        *change is it
 *     NGX_AGAIN     it is not there yet
 *     NGX_DECLINED  it is not there any more, or spoilt
 */
ngx_int_t ngx_order_ring_read(const ngx_order_ring_t *ring, uint64_t seq,
    ngx_order_change_t *change);


/*
 * A worker's index into the ring: which changes of an order are there.
 * NULL: no memory.
 */
ngx_order_trail_t *ngx_order_trail_create(ngx_order_ring_t *ring,
    ngx_pool_t *pool);

/*
 * Appends a change, or a gap, for the holder of the feed.  NGX_OK; NGX_DONE:
 * this version, or a newer one, is there already, or this notice, or a newer
 * one; NGX_DECLINED: somebody else appended meanwhile, so the feed is not this
 * worker's any more.
 */
ngx_int_t ngx_order_trail_append(ngx_order_trail_t *trail,
    const ngx_order_change_t *change);

/*
 * The change of an order behind a version: the next of its versions that is
 * greater than "stamp" (as ngx_order_stamp()), and never a notice.
 *
 *     NGX_OK        *change is it, *seq its place; it may be further away
 *                   than one version: then what is between is not known here
 *     NGX_DONE      the ring knows of none
 */
ngx_int_t ngx_order_trail_next(ngx_order_trail_t *trail,
    const ngx_order_id_t *id, uint64_t stamp, ngx_order_change_t *change,
    uint64_t *seq);


#endif /* _NGX_ORDER_RING_H_INCLUDED_ */
