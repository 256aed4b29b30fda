
/*
 * order_metrics: all that is counted, as Prometheus reads it.
 *
 * A scrape sums the counters in the zone up, looks at a few numbers beside
 * them, and appends what the database said of the shop when it was asked
 * last.  It asks nobody itself.  No value of a label comes from a client, so
 * none needs escaping.
 */


#include <ngx_http_order_metrics.h>
#include <ngx_http_order_count.h>
#include <ngx_http_order_health.h>
#include <ngx_http_order_route.h>
#include <ngx_http_order_status.h>


/* bytes of what is told at most, the shop's text aside */
#define NGX_HTTP_ORDER_METRICS_SIZE                                          \
    (32768 + NGX_ORDER_METRICS_OPERATIONS * NGX_ORDER_METRICS_CLASSES * 96)

#define NGX_HTTP_ORDER_METRICS_OLD  60000  /* ms: what is older is left out */


typedef struct {
    u_char                            *p;
    u_char                            *last;
    const ngx_http_order_main_conf_t  *omcf;
    ngx_order_metrics_sum_t            sum;
} ngx_http_order_scrape_t;


typedef struct ngx_http_order_family_s  ngx_http_order_family_t;

typedef void (*ngx_http_order_family_pt)(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family);

/*
 * A family whose samples stand side by side: for each value of the first
 * label those for each value of the second.
 */

struct ngx_http_order_family_s {
    const char                *name;
    const char                *type;
    const char                *help;
    ngx_http_order_family_pt   print;
    ngx_uint_t                 first;      /* counter or gauge */
    const char                *labels[2];  /* or NULL */
    const char *const         *values[2];  /* each ends with NULL */
};


static void ngx_http_order_metrics_head(ngx_http_order_scrape_t *scrape,
    const char *name, const char *type, const char *help);
static void ngx_http_order_metrics_counters(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family);
static void ngx_http_order_metrics_gauges(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family);
static void ngx_http_order_metrics_samples(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family, const uint64_t *values);
static void ngx_http_order_metrics_info(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family);
static void ngx_http_order_metrics_workers(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family);
static void ngx_http_order_metrics_requests(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family);
static void ngx_http_order_metrics_polls(ngx_http_order_scrape_t *scrape,
    uint64_t *classes);
static void ngx_http_order_metrics_times(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family);
static void ngx_http_order_metrics_feed(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family);
static void ngx_http_order_metrics_lag(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family);
static void ngx_http_order_metrics_tables(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family);
static void ngx_http_order_metrics_bytes(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family);
static void ngx_http_order_metrics_shop(ngx_http_order_scrape_t *scrape);


static const char *const  ngx_http_order_metrics_polled[] = {
    "hit", "not_modified", "miss", "stale", "expired", "not_found",
    "forbidden", "unauthorized", "bad_request", "unavailable", NULL
};

static const char *const  ngx_http_order_metrics_tokens[] = {
    "remembered", "verified", "refused", NULL
};

static const char *const  ngx_http_order_metrics_lanes[] = {
    "fill", "call", "slow", "feed", NULL
};

static const char *const  ngx_http_order_metrics_results[] = {
    "ok", "refused", "busy", "down", "waited", "timeout", "lost", NULL
};

static const char *const  ngx_http_order_metrics_states[] = {
    "idle", "busy", "connecting", "down", NULL
};

static const char *const  ngx_http_order_metrics_transports[] = {
    "sse", "websocket", "long_poll", NULL
};

static const char *const  ngx_http_order_metrics_ends[] = {
    "expired", "forbidden", "final", "deleted", "reload", "slow", "client",
    "protocol", "internal", NULL
};

static const char *const  ngx_http_order_metrics_outcomes[] = {
    "applied", "late", "ignored", "repeated", "refused", NULL
};

static const char *const  ngx_http_order_metrics_replicas[] = {
    "replica", "behind", "down", NULL
};

static const char  *ngx_http_order_metrics_classes[] = {
    "1xx", "2xx", "3xx", "4xx", "5xx"
};

/* as ngx_order_metrics_bounds */

static const char  *ngx_http_order_metrics_bounds[] = {
    "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1",
    "0.25", "0.5", "1", "2.5", "5", "+Inf"
};


#define ngx_http_order_none        { NULL, NULL }, { NULL, NULL }
#define ngx_http_order_by(label, values)                                     \
    { label, NULL }, { ngx_http_order_metrics_##values, NULL }

static const ngx_http_order_family_t  ngx_http_order_families[] = {

    { "info", "gauge", "The version of the module.",
      ngx_http_order_metrics_info, 0, ngx_http_order_none },

    { "workers", "gauge", "Workers, those that finish included.",
      ngx_http_order_metrics_workers, 0, ngx_http_order_none },

    { "polls_total", "counter", "Polls by what became of them.",
      ngx_http_order_metrics_counters, NGX_ORDER_METRICS_POLL,
      ngx_http_order_by("result", polled) },

    { "requests_total", "counter", "Requests by operation and status.",
      ngx_http_order_metrics_requests, 0, ngx_http_order_none },

    { "tokens_total", "counter", "Tokens that came, by what was found.",
      ngx_http_order_metrics_counters, NGX_ORDER_METRICS_REMEMBERED,
      ngx_http_order_by("result", tokens) },

    { "db_queries_total", "counter", "Queries by lane and result.",
      ngx_http_order_metrics_counters, NGX_ORDER_METRICS_QUERY,
      { "lane", "result" },
      { ngx_http_order_metrics_lanes, ngx_http_order_metrics_results } },

    { "db_query_duration_seconds", "histogram",
      "Time of queries, from send to answer.",
      ngx_http_order_metrics_times, 0, ngx_http_order_none },

    { "db_connections", "gauge", "Connections of the pools by state.",
      ngx_http_order_metrics_gauges, NGX_ORDER_METRICS_IDLE,
      ngx_http_order_by("state", states) },

    { "db_queue_length", "gauge", "Queries that wait for a connection.",
      ngx_http_order_metrics_gauges, NGX_ORDER_METRICS_QUEUE,
      ngx_http_order_none },

    { "db_queue_limit", "gauge", "How many may wait, of all workers.",
      ngx_http_order_metrics_gauges, NGX_ORDER_METRICS_QUEUE_LIMIT,
      ngx_http_order_none },

    { "replica_reads_total", "counter", "Reads that a replica might answer.",
      ngx_http_order_metrics_counters, NGX_ORDER_METRICS_REPLICA,
      ngx_http_order_by("result", replicas) },

    { "feed_up", "gauge",
      "1 while the change feed is as fresh as order_feed_timeout asks.",
      ngx_http_order_metrics_feed, 0, ngx_http_order_none },

    { "feed_lag_seconds", "gauge",
      "Age of the moment up to which all changes are known.",
      ngx_http_order_metrics_lag, 0, ngx_http_order_none },

    { "listener_up", "gauge", "1 while a worker listens for changes.",
      ngx_http_order_metrics_gauges, NGX_ORDER_METRICS_LISTENER,
      ngx_http_order_none },

    { "feed_changes_total", "counter", "Changes that the feed has read.",
      ngx_http_order_metrics_counters, NGX_ORDER_METRICS_CHANGES,
      ngx_http_order_none },

    { "feed_gaps_total", "counter",
      "Times that cached orders had to be read again.",
      ngx_http_order_metrics_counters, NGX_ORDER_METRICS_GAPS,
      ngx_http_order_none },

    { "feed_takeovers_total", "counter",
      "Times that a worker took the change feed.",
      ngx_http_order_metrics_counters, NGX_ORDER_METRICS_TAKEOVERS,
      ngx_http_order_none },

    { "table_entries", "gauge", "Entries of the tables in shared memory.",
      ngx_http_order_metrics_tables,
      offsetof(ngx_order_table_use_t, entries), ngx_http_order_none },

    { "table_capacity", "gauge", "Entries that the tables hold when full.",
      ngx_http_order_metrics_tables,
      offsetof(ngx_order_table_use_t, capacity), ngx_http_order_none },

    { "table_evictions_total", "counter",
      "Entries that made room for others.",
      ngx_http_order_metrics_tables,
      offsetof(ngx_order_table_use_t, evictions), ngx_http_order_none },

    { "zone_bytes", "gauge", "Bytes of order_zone, as configured.",
      ngx_http_order_metrics_bytes, 0, ngx_http_order_none },

    { "subscribers", "gauge", "Subscribers by transport.",
      ngx_http_order_metrics_gauges, NGX_ORDER_METRICS_SUBSCRIBERS,
      ngx_http_order_by("transport", transports) },

    { "push_messages_total", "counter", "Messages told to subscribers.",
      ngx_http_order_metrics_counters, NGX_ORDER_METRICS_MESSAGE,
      ngx_http_order_by("transport", transports) },

    { "push_ends_total", "counter", "Ends of streams and WebSockets.",
      ngx_http_order_metrics_counters, NGX_ORDER_METRICS_PUSH_END,
      ngx_http_order_by("reason", ends) },

    { "push_refused_total", "counter",
      "Subscribers refused: there were too many.",
      ngx_http_order_metrics_counters, NGX_ORDER_METRICS_PUSH_REFUSED,
      ngx_http_order_none },

    { "webhooks_total", "counter", "Webhooks in, by source and result.",
      ngx_http_order_metrics_counters, NGX_ORDER_METRICS_WEBHOOK,
      { "source", "result" },
      { ngx_http_order_count_sources, ngx_http_order_metrics_outcomes } },

    { NULL, NULL, NULL, NULL, 0, ngx_http_order_none }
};


#define ngx_http_order_put(scrape, ...)                                      \
    (scrape)->p = ngx_slprintf((scrape)->p, (scrape)->last, __VA_ARGS__)


ngx_int_t
ngx_http_order_metrics_handler(ngx_http_request_t *r)
{
    u_char                         *start;
    ngx_str_t                       body;
    ngx_http_order_scrape_t         scrape;
    const ngx_http_order_family_t  *family;

    static const ngx_str_t          type =
        ngx_string("text/plain; version=0.0.4; charset=utf-8");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_order_reply_allow(r, NGX_HTTP_GET);
    }

    start = ngx_pnalloc(r->pool, NGX_HTTP_ORDER_METRICS_SIZE
                                 + NGX_ORDER_METRICS_TEXT + 256);
    if (start == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    scrape.p = start;
    scrape.last = start + NGX_HTTP_ORDER_METRICS_SIZE;
    scrape.omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);

    ngx_order_metrics_read(scrape.omcf->zone->metrics, &scrape.sum);

    for (family = ngx_http_order_families; family->name; family++) {
        ngx_http_order_metrics_head(&scrape, family->name, family->type,
                                    family->help);
        family->print(&scrape, family);
    }

    ngx_http_order_metrics_shop(&scrape);

    body.data = start;
    body.len = (size_t) (scrape.p - start);

    return ngx_http_order_reply_as(r, &type, &body);
}


static void
ngx_http_order_metrics_head(ngx_http_order_scrape_t *scrape,
    const char *name, const char *type, const char *help)
{
    ngx_http_order_put(scrape, "# HELP nginx_order_%s %s\n"
                       "# TYPE nginx_order_%s %s\n", name, help, name, type);
}


static void
ngx_http_order_metrics_counters(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family)
{
    ngx_http_order_metrics_samples(scrape, family,
                                   &scrape->sum.counters[family->first]);
}


static void
ngx_http_order_metrics_gauges(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family)
{
    ngx_http_order_metrics_samples(scrape, family,
                                   &scrape->sum.gauges[family->first]);
}


static void
ngx_http_order_metrics_samples(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family, const uint64_t *values)
{
    ngx_uint_t          i, j;
    const char *const  *outer, *const *inner;

    outer = family->values[0];
    inner = family->values[1];

    if (outer == NULL) {
        ngx_http_order_put(scrape, "nginx_order_%s %uL\n", family->name,
                           *values);
        return;
    }

    for (i = 0; outer[i]; i++) {

        if (inner == NULL) {
            ngx_http_order_put(scrape, "nginx_order_%s{%s=\"%s\"} %uL\n",
                               family->name, family->labels[0], outer[i],
                               *values++);
            continue;
        }

        for (j = 0; inner[j]; j++) {
            ngx_http_order_put(scrape,
                               "nginx_order_%s{%s=\"%s\",%s=\"%s\"} %uL\n",
                               family->name, family->labels[0], outer[i],
                               family->labels[1], inner[j], *values++);
        }
    }
}


static void
ngx_http_order_metrics_info(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family)
{
    ngx_http_order_put(scrape, "nginx_order_info{version=\"%s\"} 1\n",
                       NGX_ORDER_VERSION);
}


static void
ngx_http_order_metrics_workers(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family)
{
    ngx_http_order_put(scrape, "nginx_order_workers %ui\n",
                       scrape->sum.workers);
}


/* Only what there was: most operations have few statuses. */

static void
ngx_http_order_metrics_requests(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family)
{
    uint64_t                      *classes;
    ngx_str_t                      name;
    ngx_uint_t                     i, n;
    const ngx_http_order_route_t  *route;

    route = ngx_http_order_routes;

    for (n = 0; n <= NGX_HTTP_ORDER_COUNT_NONE; n++) {

        classes = &scrape->sum.counters[ngx_http_order_count_of(n)];

        if (route->path.len == 0) {
            n = NGX_HTTP_ORDER_COUNT_NONE;
            classes = &scrape->sum.counters[ngx_http_order_count_of(n)];
            ngx_str_set(&name, "none");

        } else {
            name = route->statement.name;

            if (route->handler == ngx_http_order_status_handler) {
                ngx_http_order_metrics_polls(scrape, classes);
            }

            route++;
        }

        for (i = 0; i < NGX_ORDER_METRICS_CLASSES; i++) {
            if (classes[i]) {
                ngx_http_order_put(scrape, "nginx_order_requests_total"
                                   "{operation=\"%V\",class=\"%s\"} %uL\n",
                                   &name, ngx_http_order_metrics_classes[i],
                                   classes[i]);
            }
        }
    }
}


/* A poll is counted once, by its result. */

static void
ngx_http_order_metrics_polls(ngx_http_order_scrape_t *scrape,
    uint64_t *classes)
{
    const uint64_t  *polls;

    polls = &scrape->sum.counters[NGX_ORDER_METRICS_POLL];

    classes[1] = polls[NGX_ORDER_POLL_HIT] + polls[NGX_ORDER_POLL_MISS]
                 + polls[NGX_ORDER_POLL_STALE]
                 + polls[NGX_ORDER_POLL_EXPIRED];
    classes[2] = polls[NGX_ORDER_POLL_NOT_MODIFIED];
    classes[3] = polls[NGX_ORDER_POLL_NOT_FOUND]
                 + polls[NGX_ORDER_POLL_FORBIDDEN]
                 + polls[NGX_ORDER_POLL_UNAUTHORIZED]
                 + polls[NGX_ORDER_POLL_BAD_REQUEST];
    classes[4] = polls[NGX_ORDER_POLL_UNAVAILABLE];
}


static void
ngx_http_order_metrics_times(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family)
{
    uint64_t         count;
    ngx_uint_t       lane, n;
    const char      *name;
    const uint64_t  *times;

    times = &scrape->sum.counters[NGX_ORDER_METRICS_TIME];

    for (lane = 0; lane < NGX_ORDER_METRICS_LANES; lane++) {
        name = ngx_http_order_metrics_lanes[lane];
        count = 0;

        for (n = 0; n <= NGX_ORDER_METRICS_BUCKETS; n++) {
            count += times[n];
            ngx_http_order_put(scrape, "nginx_order_%s_bucket{lane=\"%s\","
                               "le=\"%s\"} %uL\n", family->name, name,
                               ngx_http_order_metrics_bounds[n], count);
        }

        ngx_http_order_put(scrape, "nginx_order_%s_sum{lane=\"%s\"} "
                           "%uL.%06uL\n", family->name, name,
                           times[n] / 1000000, times[n] % 1000000);
        ngx_http_order_put(scrape, "nginx_order_%s_count{lane=\"%s\"} %uL\n",
                           family->name, name, count);

        times += NGX_ORDER_METRICS_TIMES;
    }
}


static void
ngx_http_order_metrics_feed(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family)
{
    ngx_http_order_put(scrape, "nginx_order_feed_up %ui\n",
                       ngx_http_order_feed_up(scrape->omcf));
}


/* Before the feed has read anything there is no lag to tell. */

static void
ngx_http_order_metrics_lag(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family)
{
    ngx_msec_t  fresh, lag;

    fresh = scrape->omcf->zone->shared->fresh;

    if (fresh == 0) {
        return;
    }

    lag = ngx_current_msec - fresh;

    if ((ngx_msec_int_t) lag < 0) {
        lag = 0;
    }

    ngx_http_order_put(scrape, "nginx_order_feed_lag_seconds %M.%03M\n",
                       lag / 1000, lag % 1000);
}


static void
ngx_http_order_metrics_tables(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family)
{
    ngx_uint_t              i;
    ngx_order_table_use_t   uses[2];

    static const char      *names[] = { "orders", "tokens" };

    ngx_order_cache_use(scrape->omcf->zone->cache, &uses[0]);
    ngx_order_token_cache_use(scrape->omcf->zone->verified, &uses[1]);

    for (i = 0; i < 2; i++) {
        ngx_http_order_put(scrape, "nginx_order_%s{table=\"%s\"} %uL\n",
                           family->name, names[i],
                           *(uint64_t *) ((u_char *) &uses[i]
                                          + family->first));
    }
}


static void
ngx_http_order_metrics_bytes(ngx_http_order_scrape_t *scrape,
    const ngx_http_order_family_t *family)
{
    const ngx_order_zone_t  *zone;

    zone = scrape->omcf->zone;

    ngx_http_order_put(scrape, "nginx_order_zone_bytes{part=\"orders\"} %uz\n"
                       "nginx_order_zone_bytes{part=\"tokens\"} %uz\n"
                       "nginx_order_zone_bytes{part=\"changes\"} %uz\n",
                       zone->orders, zone->tokens, zone->changes);
}


/* What the database says of the shop stands behind all that we do. */

static void
ngx_http_order_metrics_shop(ngx_http_order_scrape_t *scrape)
{
    u_char      *p;
    ngx_str_t    text;
    ngx_msec_t   age;

    static const char  name[] = "shop_metrics_age_seconds";

    ngx_http_order_metrics_head(scrape, name, "gauge",
                                "Age of what the database says of the shop.");

    /* room for its age, which is told first */

    p = scrape->p;
    text.data = p + sizeof("nginx_order_") + sizeof(name) + 2 * NGX_INT64_LEN;

    if (ngx_order_metrics_told(scrape->omcf->zone->metrics, &text, &age)
        != NGX_OK)
    {
        return;
    }

    ngx_http_order_put(scrape, "nginx_order_%s %M.%03M\n", name, age / 1000,
                       age % 1000);

    if (age <= NGX_HTTP_ORDER_METRICS_OLD) {
        scrape->p = ngx_movemem(scrape->p, text.data, text.len);

        /* a line ends */

        if (text.len && scrape->p[-1] != LF) {
            *scrape->p++ = LF;
        }
    }
}
