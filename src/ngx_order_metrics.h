
/*
 * Counters in shared memory.
 *
 * Each worker has a slot of them, so that counting is one addition to memory
 * that no other worker writes; what is told is the sum of all slots.  A slot
 * outlives its worker: its counts stay, and the next owner counts on, so the
 * sums never go backwards, whoever is killed.  Gauges are what a worker has
 * now: those of a worker that is gone do not count.
 *
 * A worker that finds no slot shares the last one's counters, and its gauges
 * are not told.  A process that never opened any counts for nobody.
 */


#ifndef _NGX_ORDER_METRICS_H_INCLUDED_
#define _NGX_ORDER_METRICS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_ORDER_METRICS_SLOTS       128  /* workers, old ones included */
#define NGX_ORDER_METRICS_OPERATIONS  128
#define NGX_ORDER_METRICS_CLASSES     5    /* 1xx to 5xx */
#define NGX_ORDER_METRICS_LANES       4    /* fill, call, slow, feed */
#define NGX_ORDER_METRICS_RESULTS     7    /* as ngx_order_pg_status_e */
#define NGX_ORDER_METRICS_TRANSPORTS  3    /* sse, websocket, long_poll */
#define NGX_ORDER_METRICS_SOURCES     3    /* payment, escrow, shipping */
#define NGX_ORDER_METRICS_BUCKETS     13   /* with a bound; one is behind */
#define NGX_ORDER_METRICS_TIMES       (NGX_ORDER_METRICS_BUCKETS + 2)


/* results of a poll, reasons of an end, results of a webhook, and of a read
 * from a replica: each in the order of its counters */

typedef enum {
    NGX_ORDER_POLL_HIT = 0,
    NGX_ORDER_POLL_NOT_MODIFIED,
    NGX_ORDER_POLL_MISS,
    NGX_ORDER_POLL_STALE,
    NGX_ORDER_POLL_EXPIRED,
    NGX_ORDER_POLL_NOT_FOUND,
    NGX_ORDER_POLL_FORBIDDEN,
    NGX_ORDER_POLL_UNAUTHORIZED,
    NGX_ORDER_POLL_BAD_REQUEST,
    NGX_ORDER_POLL_UNAVAILABLE,
    NGX_ORDER_POLLS
} ngx_order_poll_e;

typedef enum {
    NGX_ORDER_END_EXPIRED = 0,
    NGX_ORDER_END_FORBIDDEN,
    NGX_ORDER_END_FINAL,
    NGX_ORDER_END_DELETED,
    NGX_ORDER_END_RELOAD,
    NGX_ORDER_END_SLOW,
    NGX_ORDER_END_CLIENT,
    NGX_ORDER_END_PROTOCOL,
    NGX_ORDER_END_INTERNAL,
    NGX_ORDER_ENDS
} ngx_order_end_e;

typedef enum {
    NGX_ORDER_WEBHOOK_APPLIED = 0,
    NGX_ORDER_WEBHOOK_LATE,
    NGX_ORDER_WEBHOOK_IGNORED,
    NGX_ORDER_WEBHOOK_REPEATED,
    NGX_ORDER_WEBHOOK_REFUSED,
    NGX_ORDER_WEBHOOKS
} ngx_order_webhook_e;

typedef enum {
    NGX_ORDER_REPLICA_USED = 0,
    NGX_ORDER_REPLICA_BEHIND,
    NGX_ORDER_REPLICA_DOWN,
    NGX_ORDER_REPLICAS
} ngx_order_replica_e;

typedef enum {
    NGX_ORDER_SSE = 0,
    NGX_ORDER_WEBSOCKET,
    NGX_ORDER_LONG_POLL
} ngx_order_transport_e;


/* the first counter of each kind; those of a hot poll share a cache line */

enum {
    NGX_ORDER_METRICS_REMEMBERED = 0,      /* tokens */
    NGX_ORDER_METRICS_VERIFIED,
    NGX_ORDER_METRICS_REFUSED,

    NGX_ORDER_METRICS_POLL,

    NGX_ORDER_METRICS_CHANGES = NGX_ORDER_METRICS_POLL + NGX_ORDER_POLLS,
    NGX_ORDER_METRICS_GAPS,
    NGX_ORDER_METRICS_TAKEOVERS,

    NGX_ORDER_METRICS_PUSH_REFUSED,
    NGX_ORDER_METRICS_PUSH_END,

    NGX_ORDER_METRICS_MESSAGE = NGX_ORDER_METRICS_PUSH_END + NGX_ORDER_ENDS,

    NGX_ORDER_METRICS_WEBHOOK = NGX_ORDER_METRICS_MESSAGE
                                + NGX_ORDER_METRICS_TRANSPORTS,

    NGX_ORDER_METRICS_REPLICA = NGX_ORDER_METRICS_WEBHOOK
                                + NGX_ORDER_METRICS_SOURCES
                                  * NGX_ORDER_WEBHOOKS,

    /* a lane's results; a lane's buckets, and microseconds altogether */

    NGX_ORDER_METRICS_QUERY = NGX_ORDER_METRICS_REPLICA + NGX_ORDER_REPLICAS,

    NGX_ORDER_METRICS_TIME = NGX_ORDER_METRICS_QUERY
                             + NGX_ORDER_METRICS_LANES
                               * NGX_ORDER_METRICS_RESULTS,

    /* an operation's classes */

    NGX_ORDER_METRICS_REQUEST = NGX_ORDER_METRICS_TIME
                                + NGX_ORDER_METRICS_LANES
                                  * NGX_ORDER_METRICS_TIMES,

    NGX_ORDER_METRICS_COUNTERS = NGX_ORDER_METRICS_REQUEST
                                 + NGX_ORDER_METRICS_OPERATIONS
                                   * NGX_ORDER_METRICS_CLASSES
};


enum {
    NGX_ORDER_METRICS_IDLE = 0,            /* connections to the database */
    NGX_ORDER_METRICS_BUSY,
    NGX_ORDER_METRICS_CONNECTING,
    NGX_ORDER_METRICS_DOWN,
    NGX_ORDER_METRICS_QUEUE,               /* queries that wait */
    NGX_ORDER_METRICS_QUEUE_LIMIT,
    NGX_ORDER_METRICS_LISTENER,
    NGX_ORDER_METRICS_SUBSCRIBERS,
    NGX_ORDER_METRICS_GAUGES = NGX_ORDER_METRICS_SUBSCRIBERS
                               + NGX_ORDER_METRICS_TRANSPORTS
};


#define NGX_ORDER_METRICS_LINE  64

/* whole cache lines each */

typedef struct {
    ngx_atomic_t   pid;                    /* 0: free */
    ngx_atomic_t   used;                   /* it had an owner once */
    uint64_t       gauges[NGX_ORDER_METRICS_GAUGES];

    uint64_t       counters[NGX_ORDER_METRICS_COUNTERS]
                       __attribute__((aligned(NGX_ORDER_METRICS_LINE)));
} ngx_order_metrics_slot_t;


#define NGX_ORDER_METRICS_TEXT  65536      /* bytes, at most */

typedef struct {
    ngx_msec_t     time;                   /* ngx_current_msec of it; 0: there
                                              is none */
    uint32_t       len;
    uint32_t       crc;
    u_char         data[NGX_ORDER_METRICS_TEXT];
} ngx_order_metrics_text_t;


/* in shared memory, zeroed at first, at a line's beginning */

typedef struct {
    ngx_order_metrics_slot_t   slots[NGX_ORDER_METRICS_SLOTS];
    volatile ngx_uint_t        text;       /* the one in use, 0 or 1 */
    ngx_order_metrics_text_t   texts[2];
} ngx_order_metrics_t;


typedef struct {
    ngx_uint_t     workers;                /* that have a slot and live */
    uint64_t       gauges[NGX_ORDER_METRICS_GAUGES];
    uint64_t       counters[NGX_ORDER_METRICS_COUNTERS];
} ngx_order_metrics_sum_t;


/* where this process counts */

extern uint64_t  *ngx_order_metrics_counters;
extern uint64_t  *ngx_order_metrics_gauges;


/*
 * From now on this process counts in a slot of these: a free one, or a dead
 * process's.  Where there is none, that is logged.
 */
void ngx_order_metrics_open(ngx_order_metrics_t *metrics, ngx_log_t *log);

/* Gives the slot back; from now on this process counts for nobody. */
void ngx_order_metrics_close(ngx_order_metrics_t *metrics);

/* Sums all up. */
void ngx_order_metrics_read(ngx_order_metrics_t *metrics,
    ngx_order_metrics_sum_t *sum);

/* Microseconds of a clock that nobody sets. */
uint64_t ngx_order_metrics_usec(void);

/* How long a query of that lane took, in microseconds. */
void ngx_order_metrics_time(ngx_uint_t lane, uint64_t usec);

/*
 * Puts what the database says of the shop into the zone:
 * NGX_ORDER_METRICS_TEXT bytes at most.
 */
void ngx_order_metrics_tell(ngx_order_metrics_t *metrics,
    const ngx_str_t *text);

/*
 * Copies what was put there last into text->data, where there is room for
 * NGX_ORDER_METRICS_TEXT bytes.  NGX_OK, or NGX_DECLINED: nothing, or nothing
 * whole.
 */
ngx_int_t ngx_order_metrics_told(const ngx_order_metrics_t *metrics,
    ngx_str_t *text, ngx_msec_t *age);

/* The upper bounds of the buckets, in microseconds. */
extern const uint64_t  ngx_order_metrics_bounds[NGX_ORDER_METRICS_BUCKETS];


static ngx_inline void
ngx_order_metrics_add(ngx_uint_t counter, uint64_t n)
{
    (void) __atomic_fetch_add(&ngx_order_metrics_counters[counter], n,
                              __ATOMIC_RELAXED);
}


/* A gauge is this worker's alone; by how much it changes may be negative. */

static ngx_inline void
ngx_order_metrics_set(ngx_uint_t gauge, uint64_t value)
{
    __atomic_store_n(&ngx_order_metrics_gauges[gauge], value,
                     __ATOMIC_RELAXED);
}


static ngx_inline void
ngx_order_metrics_adjust(ngx_uint_t gauge, ngx_int_t n)
{
    ngx_order_metrics_set(gauge, ngx_order_metrics_gauges[gauge]
                                 + (uint64_t) n);
}


#endif /* _NGX_ORDER_METRICS_H_INCLUDED_ */
