
/*
 * A route as an operation of OpenAPI 3.1.
 */


#ifndef _NGX_HTTP_ORDER_OPERATION_H_INCLUDED_
#define _NGX_HTTP_ORDER_OPERATION_H_INCLUDED_


#include <ngx_http_order.h>
#include <ngx_order_writer.h>


/*
 * Writes the operation of all rows of this row's method and path, of which it
 * is the first.  It refers to the schemas of the answers by their names, to
 * the response "Problem", and to the security schemes "bearer" and "cookie".
 */
void ngx_http_order_operation(ngx_order_writer_t *w, const char *name,
    const ngx_http_order_route_t *route);


#endif /* _NGX_HTTP_ORDER_OPERATION_H_INCLUDED_ */
