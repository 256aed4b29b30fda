
/*
 * order_health: is this worker alive, and may it be sent requests.
 *
 * All that is told is known already: a probe asks nobody, and waits for
 * nothing.
 */


#include <ngx_http_order_health.h>


static ngx_int_t ngx_http_order_health_live(ngx_http_request_t *r);
static ngx_int_t ngx_http_order_health_ready(ngx_http_request_t *r);
static ngx_int_t ngx_http_order_health_reply(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *body);


char *
ngx_http_order_health(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                   *value;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_order_main_conf_t  *omcf;

    value = cf->args->elts;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_http_order_health_live
        || clcf->handler == ngx_http_order_health_ready)
    {
        return "is duplicate";
    }

    if (ngx_strcmp(value[1].data, "live") == 0) {
        clcf->handler = ngx_http_order_health_live;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "ready") == 0) {
        clcf->handler = ngx_http_order_health_ready;

        omcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_order_module);
        omcf->needs = "order_health ready";
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "order_health: \"%V\" is neither \"live\" nor "
                       "\"ready\"", &value[1]);
    return NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_order_health_live(ngx_http_request_t *r)
{
    ngx_str_t  body;

    ngx_str_set(&body, "{\"status\":\"live\"}");

    return ngx_http_order_health_reply(r, NGX_HTTP_OK, &body);
}


static ngx_int_t
ngx_http_order_health_ready(ngx_http_request_t *r)
{
    u_char                            *p;
    ngx_str_t                          body, after;
    ngx_uint_t                         database, feed, zone, ready;
    const ngx_http_order_main_conf_t  *omcf;

    static const char                 *words[] = { "false", "true" };

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);

    database = ngx_order_pg_pool_up(omcf->pg);
    feed = ngx_http_order_feed_up(omcf);
    zone = omcf->zone->shared->warm && omcf->zone->shared->labels_stamp;

    ready = database && feed && zone && !ngx_exiting;

    p = ngx_pnalloc(r->pool, 128);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.data = p;
    p = ngx_sprintf(p, "{\"status\":\"%s\",\"database\":%s,\"feed\":%s,"
                    "\"zone\":%s}",
                    ready ? "ready" : ngx_exiting ? "stopping" : "not_ready",
                    words[database], words[feed], words[zone]);
    body.len = (size_t) (p - body.data);

    if (ready) {
        return ngx_http_order_health_reply(r, NGX_HTTP_OK, &body);
    }

    ngx_str_set(&after, "1");

    if (ngx_http_order_reply_header(r, "Retry-After", &after) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_order_health_reply(r, NGX_HTTP_SERVICE_UNAVAILABLE, &body);
}


static ngx_int_t
ngx_http_order_health_reply(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body)
{
    static ngx_str_t  control = ngx_string("no-store");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_order_reply_allow(r, NGX_HTTP_GET);
    }

    if (ngx_http_order_reply_header(r, "Cache-Control", &control) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_order_reply_json(r, status, body);
}


ngx_uint_t
ngx_http_order_feed_up(const ngx_http_order_main_conf_t *omcf)
{
    ngx_msec_t  fresh;

    fresh = omcf->zone->shared->fresh;

    return fresh != 0
           && (ngx_msec_int_t) (ngx_current_msec - fresh)
              <= (ngx_msec_int_t) omcf->feed_timeout;
}
