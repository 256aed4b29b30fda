
/*
 * JSON documents that keep their numbers as they were written.
 */


#ifndef _NGX_ORDER_JSON_H_INCLUDED_
#define _NGX_ORDER_JSON_H_INCLUDED_


#include <ngx_order_text.h>


#define NGX_ORDER_DEPTH        16      /* of nested JSON, at most */
#define NGX_ORDER_JSON_VALUES  8192    /* and names of a document */


typedef struct ngx_order_json_s  ngx_order_json_t;


typedef enum {
    NGX_ORDER_JSON_NULL = 0,
    NGX_ORDER_JSON_BOOLEAN,
    NGX_ORDER_JSON_NUMBER,
    NGX_ORDER_JSON_STRING,
    NGX_ORDER_JSON_OBJECT,
    NGX_ORDER_JSON_ARRAY
} ngx_order_json_type_e;


/* what is wrong with a document */

typedef struct {
    ngx_str_t              member;     /* whose value, or which name, is
                                          wrong; empty: not known.  Part of
                                          the text, escapes as they stand */
    const char            *message;
} ngx_order_json_fault_t;


/*
 * Reads "text" (RFC 8259): UTF-8 without \u0000, no duplicate members, no
 * more names and values and no deeper than the limits above, numbers of at
 * most 64 characters and exponents of at most 3 digits.  The document lives as
 * long as "pool".
 *
 *     NGX_OK        *root is the document
 *     NGX_DECLINED  *fault tells what is wrong
 *     NGX_ERROR     no memory
 */
ngx_int_t ngx_order_json_read(const ngx_str_t *text, ngx_pool_t *pool,
    const ngx_order_json_t **root, ngx_order_json_fault_t *fault);

ngx_order_json_type_e ngx_order_json_type(const ngx_order_json_t *json);

/* A string's text, a number's as it was written, "true" or "false"; NUL
 * terminated, lives as long as the document. */
ngx_str_t ngx_order_json_text(const ngx_order_json_t *json);

/* The member of that name, which is NUL terminated; NULL if there is none,
 * or if it is null. */
const ngx_order_json_t *ngx_order_json_member(const ngx_order_json_t *json,
    const ngx_str_t *name);

/* The members of an object, one by one: *iter starts as NULL, and is NULL
 * after the last. */
const ngx_order_json_t *ngx_order_json_next(const ngx_order_json_t *json,
    void **iter, ngx_str_t *name);

ngx_uint_t ngx_order_json_elements(const ngx_order_json_t *json);
const ngx_order_json_t *ngx_order_json_element(const ngx_order_json_t *json,
    ngx_uint_t i);

/* Writes the value without white space; returns the end.  It never takes
 * more bytes than the text that it was read from. */
u_char *ngx_order_json_write(u_char *p, const ngx_order_json_t *json);

/* Is all of "text" a number of JSON's grammar: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_order_json_number(const ngx_str_t *text);


#endif /* _NGX_ORDER_JSON_H_INCLUDED_ */
