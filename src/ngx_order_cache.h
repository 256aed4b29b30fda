
/*
 * The hot orders in shared memory, on ngx_order_table, and the orders that
 * are known not to exist.
 *
 * The rule that keeps it right is the version's: a greater (epoch, version)
 * replaces a smaller one, nothing else ever does.  An order that is not in
 * the table has no version to compare with, so a set of the table has a
 * generation, raised when an order leaves it and when an order that is not
 * in it changes; a fill carries the generation from before its query as a
 * ticket, and installs only where that still holds.
 *
 * Nothing here waits.  Where a writer finds a set held by somebody else for
 * longer than a few microseconds (a stopped worker), it marks the set as
 * suspect instead: readers then see its orders as absent until a writer gets
 * the set and empties it.  So a change is never lost, at worst its neighbours
 * are read again from the database.
 */


#ifndef _NGX_ORDER_CACHE_H_INCLUDED_
#define _NGX_ORDER_CACHE_H_INCLUDED_


#include <ngx_order.h>
#include <ngx_order_table.h>


typedef struct ngx_order_cache_s  ngx_order_cache_t;    /* in shared memory */


typedef struct {
    uint32_t           order;          /* generations of the two tables */
    uint32_t           missing;
} ngx_order_ticket_t;


typedef struct {
    uint64_t           bytes;          /* of shared memory, all included */
    uint64_t           capacity;       /* orders that it holds when full */
    uint64_t           orders;         /* in it now */
    uint64_t           aliases;        /* numbers of orders, beside them */
    uint64_t           missing;        /* ids known not to exist, now */
    uint64_t           evictions;      /* orders, since it was made */
    uint64_t           suspects;       /* sets that were marked suspect */
    uint64_t           recovered;      /* sets whose writer had died */
} ngx_order_cache_stat_t;


/* Bytes of shared memory for a cache with "size" bytes of orders. */
size_t ngx_order_cache_size(size_t size);

/*
 * Makes an empty cache at "addr", which must be page aligned, for the same
 * "size".  NULL: the size is below some 8 KB, or the system has no entropy.
 */
ngx_order_cache_t *ngx_order_cache_create(void *addr, size_t size);

/* As ngx_order_table_prefetch() and ngx_order_table_prefetch_entry(). */
void ngx_order_cache_prefetch(ngx_order_cache_t *cache,
    const ngx_order_id_t *id);
void ngx_order_cache_prefetch_entry(ngx_order_cache_t *cache,
    const ngx_order_id_t *id);

/*
 * Looks an order up; takes no lock, makes no system call.  "filled" gets the
 * monotonic milliseconds (as ngx_current_msec) at which the record was last
 * known to be the newest.
 *
 *     NGX_OK        *record is a whole version of the order
 *     NGX_DECLINED  nothing is known of it
 *     NGX_DONE      it is known not to exist
 */
ngx_int_t ngx_order_cache_get(ngx_order_cache_t *cache,
    const ngx_order_id_t *id, ngx_order_record_t *record, ngx_msec_t *filled);

/* To be taken before the query whose answer is to be filled in. */
ngx_order_ticket_t ngx_order_cache_ticket(ngx_order_cache_t *cache,
    const ngx_order_id_t *id);

/*
 * Installs what a query answered, if nothing newer is there and nothing
 * happened to the order since the ticket.  Returns NGX_OK if the table now
 * holds this version or a newer one, NGX_DECLINED otherwise: the record is
 * good for those who asked before, and is not kept.  To be called before
 * anybody is answered with the record: also where it declines, it sees to it
 * that no older version is installed after it.
 */
ngx_int_t ngx_order_cache_fill(ngx_order_cache_t *cache,
    const ngx_order_record_t *record, ngx_order_ticket_t ticket);

/* The same for an id that the query did not find; kept until "until"
 * (monotonic milliseconds). */
ngx_int_t ngx_order_cache_fill_missing(ngx_order_cache_t *cache,
    const ngx_order_id_t *id, ngx_order_ticket_t ticket, ngx_msec_t until);

/*
 * A change that is committed.  Replaces an older version.  An order that is
 * not in the table is installed if there is a ticket, taken before the
 * transaction was sent, and nothing happened to the order since; without one
 * (NULL: the feed, an order just created) a newer version may have come and
 * gone already, so its tickets lapse and the next poll reads it.  A record
 * with "deleted" set removes the order and leaves it known as missing.
 * Cannot fail: after it no reader sees an older version.
 */
void ngx_order_cache_change(ngx_order_cache_t *cache,
    const ngx_order_record_t *record, const ngx_order_ticket_t *ticket);

/*
 * Filling a cold cache from one long query.  begin() copies the generations
 * of all sets (from "pool"; NULL: no memory), put() installs a record where
 * its generation still holds and a way is free or holds a final order of
 * lesser use.  Returns as ngx_order_cache_fill().
 */
typedef struct ngx_order_cache_load_s  ngx_order_cache_load_t;

ngx_order_cache_load_t *ngx_order_cache_load_begin(ngx_order_cache_t *cache,
    ngx_pool_t *pool);
ngx_int_t ngx_order_cache_load_put(ngx_order_cache_load_t *load,
    const ngx_order_record_t *record);

/*
 * The id that an order number stands for: NGX_OK or NGX_DECLINED.  A number
 * never changes its order, so an alias needs no version; it is the first to
 * be evicted.
 */
ngx_int_t ngx_order_cache_alias_get(ngx_order_cache_t *cache,
    const ngx_str_t *number, ngx_order_id_t *id);
void ngx_order_cache_alias_put(ngx_order_cache_t *cache,
    const ngx_str_t *number, const ngx_order_id_t *id);

/* How much of the table of orders is in use: orders, aliases included. */
void ngx_order_cache_use(ngx_order_cache_t *cache,
    ngx_order_table_use_t *use);

/* Counts by a walk over all sets: for tests and for operators, not for a
 * request. */
void ngx_order_cache_stat(ngx_order_cache_t *cache,
    ngx_order_cache_stat_t *stat);


#endif /* _NGX_ORDER_CACHE_H_INCLUDED_ */
