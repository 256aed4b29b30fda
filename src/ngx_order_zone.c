
/*
 * The shared memory zone: made new or kept.
 *
 * The memory is one allocation from the zone's slab pool, made once; nothing
 * is allocated from it or freed to it afterwards.
 */


#include <ngx_order_zone.h>


#ifndef NGX_ORDER_ZONE_LAYOUT
#define NGX_ORDER_ZONE_LAYOUT  4
#endif


static ngx_int_t ngx_order_zone_init(ngx_shm_zone_t *shm_zone, void *data);
static ngx_int_t ngx_order_zone_create(ngx_order_zone_t *zone,
    ngx_shm_zone_t *shm_zone);
static size_t ngx_order_zone_pages(size_t size);
static size_t ngx_order_zone_need(const ngx_order_zone_t *zone);


ngx_order_zone_t *
ngx_order_zone_add(ngx_conf_t *cf, ngx_str_t *name, size_t orders,
    size_t tokens, size_t changes, uint32_t variant, void *tag)
{
    size_t             size;
    ngx_shm_zone_t    *shm_zone;
    ngx_order_zone_t  *zone;

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_order_zone_t));
    if (zone == NULL) {
        return NULL;
    }

    zone->name = *name;
    zone->orders = orders;
    zone->tokens = tokens;
    zone->changes = changes;

    /*
     * nginx keeps a zone whose size is the same: the odd pages make the size
     * differ when the parts or the layout differ
     */

    size = ngx_order_zone_need(zone);
    size += size / ngx_pagesize * sizeof(ngx_slab_page_t);
    size = ngx_order_zone_pages(size) + 16 * ngx_pagesize;
    size += (tokens / ngx_pagesize + changes / ngx_pagesize * 3
             + NGX_ORDER_ZONE_LAYOUT + variant % 251
             + NGX_ORDER_METRICS_COUNTERS * 7) % 251
            * ngx_pagesize;

    shm_zone = ngx_shared_memory_add(cf, name, size, tag);
    if (shm_zone == NULL) {
        return NULL;
    }

    if (shm_zone->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "order_zone \"%V\" is already declared", name);
        return NULL;
    }

    shm_zone->init = ngx_order_zone_init;
    shm_zone->data = zone;

    return zone;
}


static ngx_int_t
ngx_order_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_order_zone_t  *ozone = data;

    ngx_order_zone_t  *zone;

    zone = shm_zone->data;

    if (ozone == NULL) {
        return ngx_order_zone_create(zone, shm_zone);
    }

    if (ozone->orders != zone->orders || ozone->tokens != zone->tokens
        || ozone->changes != zone->changes)
    {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "order_zone \"%V\" has the size of the old one and "
                      "other parts: change its size a little, or restart",
                      &zone->name);
        return NGX_ERROR;
    }

    zone->shared = ozone->shared;
    zone->cache = ozone->cache;
    zone->verified = ozone->verified;
    zone->ring = ozone->ring;
    zone->metrics = ozone->metrics;

    return NGX_OK;
}


static ngx_int_t
ngx_order_zone_create(ngx_order_zone_t *zone, ngx_shm_zone_t *shm_zone)
{
    u_char           *p;
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    shpool->log_nomem = 0;

    p = ngx_slab_alloc(shpool, ngx_order_zone_need(zone));
    if (p == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "order_zone \"%V\" does not hold its own parts",
                      &zone->name);
        return NGX_ERROR;
    }

    zone->shared = (ngx_order_shared_t *) p;
    ngx_memzero(zone->shared, sizeof(ngx_order_shared_t));
    p += ngx_order_zone_pages(sizeof(ngx_order_shared_t));

    zone->cache = ngx_order_cache_create(p, zone->orders);
    p += ngx_order_zone_pages(ngx_order_cache_size(zone->orders));

    zone->verified = ngx_order_token_cache_create(p, zone->tokens,
                                                  shm_zone->shm.log);
    p += ngx_order_zone_pages(ngx_order_token_cache_size(zone->tokens));

    zone->ring = ngx_order_ring_create(p, zone->changes);
    p += ngx_order_zone_pages(ngx_order_ring_size(zone->changes));

    zone->metrics = (ngx_order_metrics_t *) p;
    ngx_memzero(zone->metrics, sizeof(ngx_order_metrics_t));

    if (zone->cache == NULL || zone->verified == NULL || zone->ring == NULL) {
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_NOTICE, shm_zone->shm.log, 0,
                  "order_zone \"%V\" is new: %uz bytes of orders, "
                  "%uz of tokens, %uz of changes; open orders will be loaded",
                  &zone->name, zone->orders, zone->tokens, zone->changes);

    return NGX_OK;
}


static size_t
ngx_order_zone_pages(size_t size)
{
    return (size + ngx_pagesize - 1) / ngx_pagesize * ngx_pagesize;
}


static size_t
ngx_order_zone_need(const ngx_order_zone_t *zone)
{
    return ngx_order_zone_pages(sizeof(ngx_order_shared_t))
           + ngx_order_zone_pages(ngx_order_cache_size(zone->orders))
           + ngx_order_zone_pages(ngx_order_token_cache_size(zone->tokens))
           + ngx_order_zone_pages(ngx_order_ring_size(zone->changes))
           + ngx_order_zone_pages(sizeof(ngx_order_metrics_t));
}
