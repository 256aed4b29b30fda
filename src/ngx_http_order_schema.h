
/*
 * Fields as JSON Schema (2020-12), the dialect of OpenAPI 3.1.
 */


#ifndef _NGX_HTTP_ORDER_SCHEMA_H_INCLUDED_
#define _NGX_HTTP_ORDER_SCHEMA_H_INCLUDED_


#include <ngx_order_input.h>
#include <ngx_order_writer.h>


#define NGX_HTTP_ORDER_SCHEMA_NULLS   0x01  /* what is not required may be
                                               null */
#define NGX_HTTP_ORDER_SCHEMA_CLOSED  0x02  /* nothing else may come along */


/* Writes the schema of one value. */
void ngx_http_order_schema(ngx_order_writer_t *w, const char *name,
    const ngx_order_field_t *field, ngx_uint_t flags);

/* Writes the schema of an object: those fields that are of a body. */
void ngx_http_order_schema_object(ngx_order_writer_t *w, const char *name,
    const ngx_order_field_t *fields, ngx_uint_t flags);


#endif /* _NGX_HTTP_ORDER_SCHEMA_H_INCLUDED_ */
