
/*
 * What the HTTP rooms share: configuration, a worker's objects, the context
 * of a request.
 */


#ifndef _NGX_HTTP_ORDER_H_INCLUDED_
#define _NGX_HTTP_ORDER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_order_zone.h>
#include <ngx_order_pg.h>
#include <ngx_order_replica.h>
#include <ngx_order_fill.h>
#include <ngx_order_feed.h>
#include <ngx_order_bell.h>
#include <ngx_order_workflow.h>
#include <ngx_order_input.h>
#include <ngx_order_hub.h>


#define NGX_HTTP_ORDER_PARAMS  2       /* parameters in a route's path */
#define NGX_HTTP_ORDER_COOKIE  "order_token"
#define NGX_HTTP_ORDER_WS_PATH  "/ws"


/* what became of a poll: $order_cache_status, X-Order-Cache */

typedef enum {
    NGX_HTTP_ORDER_NONE = 0,           /* not looked for */
    NGX_HTTP_ORDER_HIT,
    NGX_HTTP_ORDER_MISS,               /* read from the database */
    NGX_HTTP_ORDER_STALE,              /* cached, the feed is down */
    NGX_HTTP_ORDER_EXPIRED             /* cached, too old: read again */
} ngx_http_order_cache_e;


typedef struct ngx_http_order_openapi_s  ngx_http_order_openapi_t;
typedef struct ngx_http_order_push_s     ngx_http_order_push_t;
typedef struct ngx_http_order_client_s   ngx_http_order_client_t;
typedef struct ngx_http_order_stream_s   ngx_http_order_stream_t;


typedef struct {
    ngx_order_zone_t            *zone;
    ngx_order_pg_conf_t         *database;
    ngx_order_pg_conf_t         *standby;  /* of order_replica; or NULL */
    ngx_msec_t                   feed_timeout;
    ngx_msec_t                   missing;
    ngx_uint_t                   apis;     /* locations with order_api */
    ngx_uint_t                   scraped;  /* with order_metrics */
    const char                  *needs;    /* a directive that needs zone and
                                              database; or NULL */
    ngx_array_t                  locations;
    ngx_http_order_openapi_t    *openapi;
    ngx_int_t                    clients;  /* of push, in a worker, at most */
    ngx_int_t                    user_clients;     /* of one user */
    ngx_msec_t                   drain;    /* of a worker that exits */

    /* made by a worker when it starts */

    ngx_order_pg_pool_t         *pg;
    ngx_order_replica_t         *replica;  /* NULL: none */
    ngx_order_statuses_t        *labels;
    ngx_order_fill_t            *fill;
    ngx_order_feed_t            *feed;
    ngx_order_bell_t            *bell;
    ngx_order_trail_t           *trail;
    ngx_order_hub_t             *hub;
    ngx_http_order_push_t       *push;
} ngx_http_order_main_conf_t;


typedef struct {
    ngx_flag_t                   api;
    ngx_order_token_verifier_t   verifier;
    time_t                       lifetime; /* of a token from login */
    ngx_uint_t                   cookie_secure;    /* that it is kept in */
    ngx_msec_t                   stale;
    ngx_flag_t                   intercept_errors;
    ngx_uint_t                   direct;
    ngx_uint_t                   past_filters;
    ngx_msec_t                   heartbeat;
    ngx_msec_t                   push_timeout;     /* taking no bytes */
    ngx_flag_t                   detach;
    ngx_array_t                 *webhook_secrets;
    time_t                       webhook_tolerance;
} ngx_http_order_loc_conf_t;


typedef struct ngx_http_order_route_s  ngx_http_order_route_t;
typedef struct ngx_http_order_call_s   ngx_http_order_call_t;


typedef struct {
    const ngx_http_order_route_t  *route;
    ngx_http_order_call_t         *call;
    ngx_http_order_client_t       *client;     /* of push, while it has the
                                                  request */
    ngx_http_order_stream_t       *stream;     /* that is about to begin */
    time_t                         wait;       /* seconds of a long poll */
    ngx_str_t                      params[NGX_HTTP_ORDER_PARAMS];

    ngx_order_identity_t           identity;
    const ngx_order_token_verifier_t  *verifier;  /* which found it */

    u_char                        *expected;    /* the id's text, if it was
                                                   read in the first phase */
    ngx_order_token_print_t        print;
    ngx_str_t                      printed;     /* the token it is of */
    ngx_int_t                      identified;  /* NGX_CONF_UNSET: not yet;
                                                   NGX_OK; NGX_DECLINED: no
                                                   token; NGX_ABORT: refused;
                                                   NGX_ERROR */
    ngx_order_id_t                 id;
    ngx_msec_t                     db_time;
    ngx_msec_t                     age;         /* of what is answered */
    ngx_http_order_cache_e         cache;
    unsigned                       by_cookie:1;
    unsigned                       has_id:1;
    unsigned                       has_db_time:1;
    unsigned                       has_age:1;
    unsigned                       matched:1;  /* If-None-Match names it */
    unsigned                       waited:1;
    unsigned                       counted:1;  /* among the clients of push */
} ngx_http_order_ctx_t;


extern ngx_module_t  ngx_http_order_module;


#endif /* _NGX_HTTP_ORDER_H_INCLUDED_ */
