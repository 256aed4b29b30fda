
/*
 * The shared memory zone of an nginx instance: the state that all of its
 * workers read, the labels of the statuses, the hot orders, the verified
 * tokens, the recent changes.  It is kept across a reload; with another size
 * or layout a new one is made, and the change feed fills it again.
 */


#ifndef _NGX_ORDER_ZONE_H_INCLUDED_
#define _NGX_ORDER_ZONE_H_INCLUDED_


#include <ngx_order_cache.h>
#include <ngx_order_metrics.h>
#include <ngx_order_ring.h>
#include <ngx_order_token.h>
#include <ngx_order_wake.h>


#define NGX_ORDER_STATUSES        1024     /* ids of statuses are below */
#define NGX_ORDER_STATUS_TEXT     508      /* bytes of a poll's parts */
#define NGX_ORDER_STATUS_WORDS    468      /* bytes behind them, at least */
#define NGX_ORDER_STATUS_PIECES   20       /* that the words are in */
#define NGX_ORDER_STATUS_PARTS    4        /* of one notification */
#define NGX_ORDER_STATUS_CODE_LEN 30       /* bytes of a code */
#define NGX_ORDER_SNAPSHOT_LEN    16384


/*
 * The parts of a rendered poll that depend on the status alone, and behind
 * them what only a push reads: the words of notifications.
 */

typedef struct {
    uint16_t             head;             /* bytes from the status on */
    uint16_t             tail;             /* bytes behind updated_at */
    u_char               text[NGX_ORDER_STATUS_TEXT + NGX_ORDER_STATUS_WORDS];
    uint16_t             words[NGX_ORDER_STATUS_PIECES];  /* their bytes */
    uint16_t             code;             /* bytes of it */
    uint16_t             opens_delivery;
} ngx_order_status_t;


typedef struct {
    uint64_t             stamp;            /* epoch, revision of the
                                              workflows; 0: none yet */
    ngx_order_status_t   status[NGX_ORDER_STATUSES];
} ngx_order_statuses_t;


typedef struct {
    uint32_t             len;
    uint32_t             crc;              /* a holder may be stopped while it
                                              writes */
    u_char               text[NGX_ORDER_SNAPSHOT_LEN];
} ngx_order_snapshot_t;


typedef struct {

    /* read at every poll: one cache line, seldom written */

    volatile uint64_t       labels_stamp;  /* of the labels in use */
    volatile ngx_msec_t     fresh;         /* the feed had read all changes
                                              that were committed by then */
    volatile ngx_msec_t     valid;         /* what was filled earlier is to
                                              be read again */
    volatile uint32_t       epoch;         /* timeline of the database */
    u_char                  pad[36];

    /* the change feed's */

    ngx_atomic_t            timeline;      /* of the database, the newest
                                              that was seen */
    ngx_atomic_t            lease;         /* pid of the worker that holds
                                              the feed */
    volatile ngx_msec_t     beat;          /* its last sign of life */
    volatile ngx_uint_t     warm;          /* open orders were loaded */
    volatile ngx_uint_t     snapshot;      /* the one in use, 0 or 1 */
    volatile ngx_uint_t     current;       /* labels in use, 0 or 1 */
    ngx_order_snapshot_t    snapshots[2];
    ngx_order_statuses_t    labels[2];

    ngx_order_wake_slots_t  wake;          /* where the workers are woken */

} ngx_order_shared_t;


typedef struct {
    ngx_str_t                 name;
    size_t                    orders;      /* bytes, as configured */
    size_t                    tokens;
    size_t                    changes;
    ngx_uint_t                told;        /* metrics are asked for */

    ngx_order_shared_t       *shared;
    ngx_order_cache_t        *cache;
    ngx_order_token_cache_t  *verified;
    ngx_order_ring_t         *ring;
    ngx_order_metrics_t      *metrics;
} ngx_order_zone_t;


/*
 * Declares the zone at configuration time.  "orders", "tokens" and "changes"
 * are bytes; "variant" is of what the metrics count, so that no count is kept
 * as that of something else; "tag" is the address of the module, as for any
 * nginx zone.  NULL, having logged, if the name is in use for another purpose.
 */
ngx_order_zone_t *ngx_order_zone_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t orders, size_t tokens, size_t changes, uint32_t variant,
    void *tag);


#endif /* _NGX_ORDER_ZONE_H_INCLUDED_ */
