
/*
 * Private to ngx_order_input*.c.
 *
 * A function that returns NGX_OK may have found faults; NGX_ERROR means that
 * there is no memory.
 */


#ifndef _NGX_ORDER_INPUT_INT_H_INCLUDED_
#define _NGX_ORDER_INPUT_INT_H_INCLUDED_


#include <ngx_order_input.h>


typedef struct {
    ngx_order_input_t          *input;
    const ngx_order_field_t    *fields;
    ngx_order_source_t         *source;
    ngx_pool_t                 *pool;
    uint32_t                    seen;     /* bits of fields: arguments */
    uint32_t                    told;     /* and those with a fault */
    u_char                     *text;     /* where JSON text is written */
    const char                 *code;     /* of the object being read */
} ngx_order_reader_t;


/* the place of a value inside the body; "index" below 0: none */

typedef struct ngx_order_frame_s  ngx_order_frame_t;

struct ngx_order_frame_s {
    const ngx_order_frame_t    *up;
    ngx_str_t                   name;
    ngx_int_t                   index;
};


/* Reads the fields of a JSON body. */
ngx_int_t ngx_order_input_json(ngx_order_reader_t *reader);

/* Reads the body as JSON, unless that was done: source->root is set for
 * NGX_OK, source->fault for NGX_DECLINED. */
ngx_int_t ngx_order_input_root(ngx_order_source_t *source, ngx_pool_t *pool);

/* The number of the field of that name and place, or NGX_DECLINED. */
ngx_int_t ngx_order_input_find(const ngx_order_field_t *fields,
    ngx_order_place_e in, const ngx_str_t *name);

/* Takes the answer of a check: NGX_DECLINED becomes a fault. */
ngx_int_t ngx_order_input_judge(ngx_order_reader_t *reader,
    ngx_int_t rc, const ngx_order_frame_t *frame, const ngx_str_t *message);

/* Adds a fault, unless there are NGX_ORDER_FAULTS.  The message lives as long
 * as the pool. */
ngx_int_t ngx_order_input_fault(ngx_order_reader_t *reader,
    const ngx_order_frame_t *frame, const char *message);


#endif /* _NGX_ORDER_INPUT_INT_H_INCLUDED_ */
