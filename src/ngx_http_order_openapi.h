
/*
 * GET /api/openapi.json: the route table as an OpenAPI 3.1 document.
 */


#ifndef _NGX_HTTP_ORDER_OPENAPI_H_INCLUDED_
#define _NGX_HTTP_ORDER_OPENAPI_H_INCLUDED_


#include <ngx_http_order.h>


/* a document that is answered as it stands, with its ETag */

struct ngx_http_order_openapi_s {
    ngx_str_t                  text;
    ngx_str_t                  etag;
};


/*
 * Renders the document, from cf->pool; it belongs to the configuration.  NULL:
 * no memory.
 */
ngx_http_order_openapi_t *ngx_http_order_openapi_create(ngx_conf_t *cf);

/* Answers it: 200 or 304. */
ngx_int_t ngx_http_order_openapi_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);


#endif /* _NGX_HTTP_ORDER_OPENAPI_H_INCLUDED_ */
