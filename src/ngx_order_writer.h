
/*
 * Writes a JSON document of unknown length, at configuration time: commas and
 * escapes are seen to, braces are the caller's.
 */


#ifndef _NGX_ORDER_WRITER_H_INCLUDED_
#define _NGX_ORDER_WRITER_H_INCLUDED_


#include <ngx_order_text.h>


typedef struct {
    ngx_pool_t    *pool;
    ngx_str_t      text;               /* what has been written */
    size_t         size;               /* room that text.data has */
    ngx_uint_t     failed;             /* no memory: nothing is written any
                                          more */
} ngx_order_writer_t;


/*
 * All of these take a member's name, which is NUL terminated, or NULL for an
 * element of an array.
 */

/* "bracket" is '{' or '[', and '}' or ']' */
void ngx_order_write_open(ngx_order_writer_t *w, const char *name,
    u_char bracket);
void ngx_order_write_close(ngx_order_writer_t *w, u_char bracket);

void ngx_order_write_text(ngx_order_writer_t *w, const char *name,
    const ngx_str_t *value);
void ngx_order_write_string(ngx_order_writer_t *w, const char *name,
    const char *value);
void ngx_order_write_integer(ngx_order_writer_t *w, const char *name,
    int64_t value);

/* "true", "false" or "null" */
void ngx_order_write_word(ngx_order_writer_t *w, const char *name,
    const char *word);


#endif /* _NGX_ORDER_WRITER_H_INCLUDED_ */
