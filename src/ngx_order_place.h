
/*
 * The place of an event in all that a subscriber is told, from which it
 * resumes: a version of an order, and a place in the ring.  As text it is
 * "epoch.version.generation.sequence", the first two decimal, the others
 * hexadecimal; to clients it means nothing.
 */


#ifndef _NGX_ORDER_PLACE_H_INCLUDED_
#define _NGX_ORDER_PLACE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* bytes of its text, at most */
#define NGX_ORDER_EVENT_ID     64


typedef struct {
    uint32_t                 epoch;
    uint32_t                 version;
    uint64_t                 generation;
    uint64_t                 seq;      /* of the event; the next one is to
                                          come */
} ngx_order_place_t;


/* Writes the text, NGX_ORDER_EVENT_ID bytes at most; returns the end. */
u_char *ngx_order_place_print(u_char *p, const ngx_order_place_t *place);

/*
 * Reads it, from whoever sent it: NGX_OK, or NGX_ERROR for what was not
 * printed above, to the byte; *place is not written then.
 */
ngx_int_t ngx_order_place_parse(ngx_order_place_t *place, const u_char *text,
    size_t len);


#endif /* _NGX_ORDER_PLACE_H_INCLUDED_ */
