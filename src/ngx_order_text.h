
/*
 * Text in UTF-8 (RFC 3629), and as the inside of a JSON string.
 */


#ifndef _NGX_ORDER_TEXT_H_INCLUDED_
#define _NGX_ORDER_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* The length of the UTF-8 sequence that starts at p; 0 if none
 * does. */
ngx_uint_t ngx_order_utf8(const u_char *p, const u_char *last);

/* Bytes that ngx_order_json_escape() will write. */
size_t ngx_order_json_size(const ngx_str_t *text);

/*
 * Writes "text" as the inside of a JSON string, escaping what must be;
 * returns the end.  Bytes that are not UTF-8 become U+FFFD.
 */
u_char *ngx_order_json_escape(u_char *p, const ngx_str_t *text);


#endif /* _NGX_ORDER_TEXT_H_INCLUDED_ */
