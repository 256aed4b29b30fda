
/*
 * Counters in shared memory: whose slot is whose, and their sums.
 *
 * It owns nothing but the slots, allocates nothing and waits for nobody.
 */


#include <ngx_order_metrics.h>


static ngx_uint_t ngx_order_metrics_alive(ngx_atomic_uint_t pid);


const uint64_t  ngx_order_metrics_bounds[NGX_ORDER_METRICS_BUCKETS] = {
    500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
    1000000, 2500000, 5000000
};


/* of a process that has no slot */

static ngx_order_metrics_slot_t  ngx_order_metrics_nobody;

uint64_t  *ngx_order_metrics_counters = ngx_order_metrics_nobody.counters;
uint64_t  *ngx_order_metrics_gauges = ngx_order_metrics_nobody.gauges;


/* What has our own pid is of a dead process whose pid came round, or of our
 * own configuration before this one. */

void
ngx_order_metrics_open(ngx_order_metrics_t *metrics, ngx_log_t *log)
{
    ngx_uint_t                 i, gauge;
    ngx_atomic_uint_t          pid, own;
    ngx_order_metrics_slot_t  *slot;

    ngx_order_metrics_close(metrics);

    own = (ngx_atomic_uint_t) ngx_pid;

    for (i = 0; i < NGX_ORDER_METRICS_SLOTS; i++) {
        slot = &metrics->slots[i];
        pid = slot->pid;

        if (pid != 0 && ngx_order_metrics_alive(pid)) {
            continue;
        }

        if (!ngx_atomic_cmp_set(&slot->pid, pid, own)) {
            continue;
        }

        slot->used = 1;

        ngx_order_metrics_counters = slot->counters;
        ngx_order_metrics_gauges = slot->gauges;

        for (gauge = 0; gauge < NGX_ORDER_METRICS_GAUGES; gauge++) {
            ngx_order_metrics_set(gauge, 0);
        }

        return;
    }

    slot = &metrics->slots[NGX_ORDER_METRICS_SLOTS - 1];

    ngx_order_metrics_counters = slot->counters;
    ngx_order_metrics_gauges = ngx_order_metrics_nobody.gauges;

    ngx_log_error(NGX_LOG_ERR, log, 0,
                  "all %d slots for metrics are taken: the gauges of this "
                  "worker are not told", NGX_ORDER_METRICS_SLOTS);
}


static ngx_uint_t
ngx_order_metrics_alive(ngx_atomic_uint_t pid)
{
    return kill((pid_t) pid, 0) == 0 || ngx_errno != ESRCH;
}


void
ngx_order_metrics_close(ngx_order_metrics_t *metrics)
{
    ngx_uint_t  i;

    ngx_order_metrics_counters = ngx_order_metrics_nobody.counters;
    ngx_order_metrics_gauges = ngx_order_metrics_nobody.gauges;

    for (i = 0; i < NGX_ORDER_METRICS_SLOTS; i++) {
        (void) ngx_atomic_cmp_set(&metrics->slots[i].pid,
                                  (ngx_atomic_uint_t) ngx_pid, 0);
    }
}


void
ngx_order_metrics_read(ngx_order_metrics_t *metrics,
    ngx_order_metrics_sum_t *sum)
{
    ngx_uint_t                 i, n;
    ngx_atomic_uint_t          pid;
    ngx_order_metrics_slot_t  *slot;

    ngx_memzero(sum, sizeof(ngx_order_metrics_sum_t));

    for (i = 0; i < NGX_ORDER_METRICS_SLOTS; i++) {
        slot = &metrics->slots[i];
        pid = slot->pid;

        if (!slot->used) {
            continue;
        }

        for (n = 0; n < NGX_ORDER_METRICS_COUNTERS; n++) {
            sum->counters[n] += __atomic_load_n(&slot->counters[n],
                                                __ATOMIC_RELAXED);
        }

        if (pid == 0 || !ngx_order_metrics_alive(pid)) {
            continue;
        }

        sum->workers++;

        for (n = 0; n < NGX_ORDER_METRICS_GAUGES; n++) {
            sum->gauges[n] += __atomic_load_n(&slot->gauges[n],
                                              __ATOMIC_RELAXED);
        }
    }
}


uint64_t
ngx_order_metrics_usec(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


void
ngx_order_metrics_time(ngx_uint_t lane, uint64_t usec)
{
    ngx_uint_t  first, n;

    first = NGX_ORDER_METRICS_TIME + lane * NGX_ORDER_METRICS_TIMES;

    for (n = 0; n < NGX_ORDER_METRICS_BUCKETS; n++) {
        if (usec <= ngx_order_metrics_bounds[n]) {
            break;
        }
    }

    ngx_order_metrics_add(first + n, 1);
    ngx_order_metrics_add(first + NGX_ORDER_METRICS_TIMES - 1, usec);
}
