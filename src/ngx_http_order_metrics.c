
/*
 * What is counted of requests, and how all that is counted is told.
 */


#include <ngx_http_order_metrics.h>
#include <ngx_http_order_route.h>


uint32_t
ngx_http_order_metrics_variant(void)
{
    uint32_t                       crc;
    const ngx_http_order_route_t  *route;

    ngx_crc32_init(crc);

    for (route = ngx_http_order_routes; route->path.len; route++) {
        ngx_crc32_update(&crc, route->statement.name.data,
                         route->statement.name.len + 1);
    }

    ngx_crc32_final(crc);

    return crc;
}
