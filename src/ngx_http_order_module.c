
/*
 * The table of directives, their merging, start and end of a worker.
 */


#include <ngx_http_order.h>
#include <ngx_http_order_conf.h>
#include <ngx_http_order_direct.h>
#include <ngx_http_order_handler.h>
#include <ngx_http_order_health.h>
#include <ngx_http_order_login.h>
#include <ngx_http_order_metrics.h>
#include <ngx_http_order_openapi.h>
#include <ngx_http_order_push.h>
#include <ngx_http_order_status.h>
#include <ngx_http_order_variables.h>


/* a location, to be looked at when all is merged */

typedef struct {
    ngx_http_order_loc_conf_t   *conf;
    void                       **loc_conf;
} ngx_http_order_location_t;


static void *ngx_http_order_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_order_init_main_conf(ngx_conf_t *cf, void *conf);
static char *ngx_http_order_init_hosts(ngx_conf_t *cf,
    ngx_order_pg_conf_t *pgcf);
static void *ngx_http_order_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_order_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_order_init(ngx_conf_t *cf);

static char *ngx_http_order_api(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_order_metrics(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

static ngx_int_t ngx_http_order_init_process(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_order_start(ngx_http_order_main_conf_t *omcf,
    ngx_str_t *name, ngx_cycle_t *cycle);
static void ngx_http_order_exit_process(ngx_cycle_t *cycle);


static ngx_conf_enum_t  ngx_http_order_direct_values[] = {
    { ngx_string("off"), NGX_HTTP_ORDER_DIRECT_OFF },
    { ngx_string("auto"), NGX_HTTP_ORDER_DIRECT_AUTO },
    { ngx_string("on"), NGX_HTTP_ORDER_DIRECT_ON },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_order_cookie_values[] = {
    { ngx_string("off"), NGX_HTTP_ORDER_COOKIE_PLAIN },
    { ngx_string("auto"), NGX_HTTP_ORDER_COOKIE_AUTO },
    { ngx_string("on"), NGX_HTTP_ORDER_COOKIE_SECURE },
    { ngx_null_string, 0 }
};


/* the post of order_replica: its server is a standby */

static ngx_uint_t  ngx_http_order_is_replica = 1;


static ngx_command_t  ngx_http_order_commands[] = {

    { ngx_string("order_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE123,
      ngx_http_order_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("order_database"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_order_database,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_order_main_conf_t, database),
      NULL },

    { ngx_string("order_replica"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_order_database,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_order_main_conf_t, standby),
      &ngx_http_order_is_replica },

    { ngx_string("order_feed_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_order_main_conf_t, feed_timeout),
      NULL },

    { ngx_string("order_missing"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_order_main_conf_t, missing),
      NULL },

    { ngx_string("order_push_clients"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_order_main_conf_t, clients),
      NULL },

    { ngx_string("order_push_user_clients"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_order_main_conf_t, user_clients),
      NULL },

    { ngx_string("order_push_drain"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_order_main_conf_t, drain),
      NULL },

    { ngx_string("order_push_heartbeat"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, heartbeat),
      NULL },

    { ngx_string("order_push_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, push_timeout),
      NULL },

    { ngx_string("order_push_detach"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, detach),
      NULL },

    { ngx_string("order_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_order_api,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("order_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_order_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("order_health"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_order_health,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("order_jwt_key"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
          |NGX_CONF_TAKE23,
      ngx_http_order_jwt_key,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("order_jwt_issuer"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, verifier.issuer),
      NULL },

    { ngx_string("order_jwt_audience"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, verifier.audience),
      NULL },

    { ngx_string("order_jwt_leeway"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, verifier.leeway),
      NULL },

    { ngx_string("order_jwt_lifetime"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, lifetime),
      NULL },

    { ngx_string("order_cookie_secure"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, cookie_secure),
      &ngx_http_order_cookie_values },

    { ngx_string("order_webhook_secret"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE2,
      ngx_http_order_webhook_secret,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("order_webhook_tolerance"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, webhook_tolerance),
      NULL },

    { ngx_string("order_stale"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, stale),
      NULL },

    { ngx_string("order_intercept_errors"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, intercept_errors),
      NULL },

    { ngx_string("order_direct"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_order_loc_conf_t, direct),
      &ngx_http_order_direct_values },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_order_module_ctx = {
    ngx_http_order_variables,              /* preconfiguration */
    ngx_http_order_init,                   /* postconfiguration */

    ngx_http_order_create_main_conf,       /* create main configuration */
    ngx_http_order_init_main_conf,         /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_order_create_loc_conf,        /* create location configuration */
    ngx_http_order_merge_loc_conf          /* merge location configuration */
};


ngx_module_t  ngx_http_order_module = {
    NGX_MODULE_V1,
    &ngx_http_order_module_ctx,            /* module context */
    ngx_http_order_commands,               /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_order_init_process,           /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_order_exit_process,           /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_order_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_order_main_conf_t));
    if (omcf == NULL) {
        return NULL;
    }

    omcf->feed_timeout = NGX_CONF_UNSET_MSEC;
    omcf->missing = NGX_CONF_UNSET_MSEC;
    omcf->clients = NGX_CONF_UNSET;
    omcf->user_clients = NGX_CONF_UNSET;
    omcf->drain = NGX_CONF_UNSET_MSEC;

    if (ngx_array_init(&omcf->locations, cf->pool, 4,
                       sizeof(ngx_http_order_location_t))
        != NGX_OK)
    {
        return NULL;
    }

    return omcf;
}


static char *
ngx_http_order_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_order_main_conf_t *omcf = conf;

    ngx_conf_init_msec_value(omcf->feed_timeout, 2500);
    ngx_conf_init_msec_value(omcf->missing, 5000);
    ngx_conf_init_value(omcf->user_clients, 64);
    ngx_conf_init_msec_value(omcf->drain, 10000);

    if (omcf->standby && omcf->database == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"order_replica\" needs an \"order_database\"");
        return NGX_CONF_ERROR;
    }

    if (omcf->standby
        && ngx_http_order_init_hosts(cf, omcf->standby) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return omcf->database ? ngx_http_order_init_hosts(cf, omcf->database)
                          : NGX_CONF_OK;
}


static char *
ngx_http_order_init_hosts(ngx_conf_t *cf, ngx_order_pg_conf_t *pgcf)
{
    ngx_http_core_loc_conf_t  *clcf;

    /* names are resolved anew while running only if there is a resolver */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->resolver && clcf->resolver->connections.nelts) {
        pgcf->resolver = clcf->resolver;
        pgcf->resolver_timeout =
            clcf->resolver_timeout == NGX_CONF_UNSET_MSEC
            ? 30000 : clcf->resolver_timeout;
    }

    return ngx_order_pg_conf_init(cf, pgcf);
}


static void *
ngx_http_order_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_order_loc_conf_t  *olcf;

    olcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_order_loc_conf_t));
    if (olcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     olcf->api = 0;
     *     olcf->verifier.issuer = { 0, NULL };
     *     olcf->verifier.audience = { 0, NULL };
     *     olcf->verifier.policy = 0;
     */

    olcf->verifier.keys = NGX_CONF_UNSET_PTR;
    olcf->verifier.leeway = NGX_CONF_UNSET;
    olcf->lifetime = NGX_CONF_UNSET;
    olcf->cookie_secure = NGX_CONF_UNSET_UINT;
    olcf->stale = NGX_CONF_UNSET_MSEC;
    olcf->intercept_errors = NGX_CONF_UNSET;
    olcf->direct = NGX_CONF_UNSET_UINT;
    olcf->heartbeat = NGX_CONF_UNSET_MSEC;
    olcf->push_timeout = NGX_CONF_UNSET_MSEC;
    olcf->detach = NGX_CONF_UNSET;
    olcf->webhook_secrets = NGX_CONF_UNSET_PTR;
    olcf->webhook_tolerance = NGX_CONF_UNSET;

    return olcf;
}


static char *
ngx_http_order_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_order_loc_conf_t *prev = parent;
    ngx_http_order_loc_conf_t *conf = child;

    ngx_http_order_location_t   *location;
    ngx_http_order_main_conf_t  *omcf;

    ngx_conf_merge_ptr_value(conf->verifier.keys, prev->verifier.keys, NULL);
    ngx_conf_merge_str_value(conf->verifier.issuer, prev->verifier.issuer,
                             "");
    ngx_conf_merge_str_value(conf->verifier.audience, prev->verifier.audience,
                             "");
    ngx_conf_merge_sec_value(conf->verifier.leeway, prev->verifier.leeway,
                             30);
    ngx_conf_merge_sec_value(conf->lifetime, prev->lifetime, 3600);
    ngx_conf_merge_uint_value(conf->cookie_secure, prev->cookie_secure,
                              NGX_HTTP_ORDER_COOKIE_AUTO);
    ngx_conf_merge_msec_value(conf->stale, prev->stale, 600000);
    ngx_conf_merge_value(conf->intercept_errors, prev->intercept_errors, 0);
    ngx_conf_merge_uint_value(conf->direct, prev->direct,
                              NGX_HTTP_ORDER_DIRECT_AUTO);
    ngx_conf_merge_msec_value(conf->heartbeat, prev->heartbeat, 15000);
    ngx_conf_merge_msec_value(conf->push_timeout, prev->push_timeout, 30000);
    ngx_conf_merge_value(conf->detach, prev->detach, 1);
    ngx_conf_merge_ptr_value(conf->webhook_secrets, prev->webhook_secrets,
                             NULL);
    ngx_conf_merge_sec_value(conf->webhook_tolerance,
                             prev->webhook_tolerance, 300);

    if (conf->verifier.keys == NULL) {

        if (conf->api) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"order_api\" needs an \"order_jwt_key\"");
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    ngx_order_token_policy(&conf->verifier);

    omcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_order_module);

    location = ngx_array_push(&omcf->locations);
    if (location == NULL) {
        return NGX_CONF_ERROR;
    }

    location->conf = conf;
    location->loc_conf = ((ngx_http_conf_ctx_t *) cf->ctx)->loc_conf;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_order_init(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_http_handler_pt         *handler;
    ngx_http_order_location_t   *location;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_order_module);

    if (omcf->needs && omcf->zone == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" needs an \"order_zone\"", omcf->needs);
        return NGX_ERROR;
    }

    if (omcf->needs && omcf->database == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" needs an \"order_database\"",
                           omcf->needs);
        return NGX_ERROR;
    }

    if (omcf->scraped) {
        omcf->zone->told = 1;
    }

    if (omcf->apis) {
        cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

        handler = ngx_array_push(
                       &cmcf->phases[NGX_HTTP_POST_READ_PHASE].handlers);
        if (handler == NULL) {
            return NGX_ERROR;
        }

        *handler = ngx_http_order_status_expect;

        omcf->openapi = ngx_http_order_openapi_create(cf);
        if (omcf->openapi == NULL) {
            return NGX_ERROR;
        }
    }

    location = omcf->locations.elts;

    for (i = 0; i < omcf->locations.nelts; i++) {
        if (location[i].conf->api) {
            location[i].conf->past_filters =
                ngx_http_order_direct_decide(cf, location[i].loc_conf,
                                             location[i].conf->direct);
        }
    }

    return NGX_OK;
}


static char *
ngx_http_order_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_order_loc_conf_t *olcf = conf;

    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_order_main_conf_t  *omcf;

    if (olcf->api) {
        return "is duplicate";
    }

    olcf->api = 1;

    omcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_order_module);
    omcf->apis++;
    omcf->needs = "order_api";

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_order_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_order_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_order_main_conf_t  *omcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_http_order_metrics_handler) {
        return "is duplicate";
    }

    clcf->handler = ngx_http_order_metrics_handler;

    omcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_order_module);
    omcf->scraped++;
    omcf->needs = "order_metrics";

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_order_init_process(ngx_cycle_t *cycle)
{
    u_char                      *p;
    ngx_str_t                    name;
    ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_order_module);

    /* the cache manager and the cache loader come here, too */

    if (omcf == NULL || omcf->needs == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    p = ngx_pnalloc(cycle->pool, NGX_MAXHOSTNAMELEN + 64);
    if (p == NULL) {
        return NGX_ERROR;
    }

    name.data = p;
    p = ngx_sprintf(p, "nginx order %V %P worker %ui", &cycle->hostname,
                    ngx_parent, ngx_worker);
    *p = '\0';
    name.len = (size_t) (p - name.data);

    return ngx_http_order_start(omcf, &name, cycle);
}


/* Each is made of those before. */

static ngx_int_t
ngx_http_order_start(ngx_http_order_main_conf_t *omcf, ngx_str_t *name,
    ngx_cycle_t *cycle)
{
    ngx_order_metrics_open(omcf->zone->metrics, cycle->log);

    omcf->database->fence = &omcf->zone->shared->timeline;

    omcf->labels = ngx_order_workflow_create(cycle->pool);
    omcf->pg = ngx_order_pg_pool_create(omcf->database, name, cycle->pool,
                                        cycle->log);
    if (omcf->labels == NULL || omcf->pg == NULL) {
        return NGX_ERROR;
    }

    if (omcf->standby) {
        omcf->replica = ngx_order_replica_create(omcf->standby, omcf->pg,
                                                 name, cycle->pool,
                                                 cycle->log);
        if (omcf->replica == NULL) {
            return NGX_ERROR;
        }
    }

    omcf->fill = ngx_order_fill_create(omcf->zone, omcf->pg, omcf->labels,
                                       omcf->missing, cycle->pool,
                                       cycle->log);
    omcf->bell = ngx_order_bell_create(omcf->pg, cycle->pool, cycle->log);
    omcf->trail = ngx_order_trail_create(omcf->zone->ring, cycle->pool);

    if (omcf->fill == NULL || omcf->bell == NULL || omcf->trail == NULL
        || ngx_http_order_push_create(omcf, cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    omcf->feed = ngx_order_feed_create(omcf->zone, omcf->trail,
                                       ngx_http_order_push_changed,
                                       omcf->push, omcf->database, omcf->pg,
                                       omcf->bell, name, cycle->pool,
                                       cycle->log);

    return omcf->feed ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_order_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_order_module);

    if (omcf == NULL || omcf->pg == NULL) {
        return;
    }

    if (omcf->push) {
        ngx_http_order_push_close(omcf->push);
    }

    if (omcf->feed) {
        ngx_order_feed_close(omcf->feed);
    }

    if (omcf->bell) {
        ngx_order_bell_close(omcf->bell);
    }

    if (omcf->replica) {
        ngx_order_replica_close(omcf->replica);
    }

    ngx_order_pg_pool_close(omcf->pg);
    ngx_order_metrics_close(omcf->zone->metrics);
}
