
/*
 * What the rooms of push share among themselves:
 *
 *     ngx_http_order_push         clients: taken, kept alive, ended, closed
 *     ngx_http_order_push_out     bytes to a client
 *     ngx_http_order_push_watch   changes to subscriptions
 *     ngx_http_order_push_resume  snapshots, gaps, resets
 *     ngx_http_order_push_sse     Server-Sent Events
 *     ngx_http_order_push_wait    the long poll
 *     ngx_http_order_push_ws      WebSocket
 */


#ifndef _NGX_HTTP_ORDER_PUSH_INT_H_INCLUDED_
#define _NGX_HTTP_ORDER_PUSH_INT_H_INCLUDED_


#include <ngx_http_order_push.h>
#include <ngx_order_wake.h>
#include <ngx_order_tree.h>


/* what a frame tells: a change in the words for an audience, or a delivery */
#define NGX_HTTP_ORDER_DELIVERY  NGX_ORDER_AUDIENCES
#define NGX_HTTP_ORDER_TELLINGS  (NGX_ORDER_AUDIENCES + 1)


/* a message in its dress, as the last change had it */

typedef struct {
    uint64_t                 seq;
    size_t                   len;
    u_char                   data[NGX_HTTP_ORDER_FRAME];
} ngx_http_order_frame_t;


struct ngx_http_order_push_s {
    const ngx_http_order_main_conf_t  *omcf;
    ngx_order_wake_t                  *wake;
    ngx_log_t                         *log;

    ngx_queue_t                        clients;
    ngx_queue_t                        dropped;
    ngx_uint_t                         nclients;
    ngx_uint_t                         limit;   /* of them */
    ngx_queue_t                        holds;   /* polls that wait */
    ngx_uint_t                         nholds;
    ngx_order_tree_t                   users;

    ngx_event_t                        drop;    /* closes the dropped */
    ngx_event_t                        tick;
    ngx_msec_t                         leave;   /* all must be gone by then */
    ngx_msec_t                         retry;   /* of those who are lost */
    unsigned                           leaving:1;
    unsigned                           lost:1;  /* some are */

    ngx_http_order_frame_t
        *frames[NGX_HTTP_ORDER_DRESSES][NGX_HTTP_ORDER_TELLINGS]
               [NGX_ORDER_DIALECTS];
};


/* --- push */

/* Something is missing: the full state is to be told as soon as it can be. */
void ngx_http_order_push_lose(ngx_http_order_watch_t *watch);

/* There is somebody for whom the tick is to run. */
void ngx_http_order_push_attend(ngx_http_order_push_t *push);

/* The client's timer has expired. */
void ngx_http_order_push_time(ngx_http_order_client_t *client);

/* After how many milliseconds to come back: not all at once. */
ngx_msec_t ngx_http_order_push_retry(void);


/* --- push_out */

/* The connection takes bytes again: sends what is left. */
void ngx_http_order_push_flush(ngx_http_order_client_t *client);

/* Must this request be answered through nginx's filters: HTTP/2 and later. */
ngx_uint_t ngx_http_order_push_through(const ngx_http_request_t *r);

/* Answers through nginx's filters from now on.  NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_order_push_hold(ngx_http_order_client_t *client);

/* Ends the request of such a client. */
void ngx_http_order_push_let_go(ngx_http_order_client_t *client);


/* --- push_watch */

/* Tells what the subscriptions of a client lack, as far as it takes it. */
void ngx_http_order_push_catch_up(ngx_http_order_client_t *client);

/* The same for one; it may be gone afterwards. */
void ngx_http_order_push_catch_up_watch(ngx_http_order_watch_t *watch);

/*
 * Tells the next version of an order.
 *
 *     NGX_OK        it was told, or before
 *     NGX_AGAIN     it was told; now the client takes no more
 *     NGX_DECLINED  versions are missing before it
 *     NGX_ABORT     the subscription has ended
 */
ngx_int_t ngx_http_order_push_version(ngx_http_order_watch_t *watch,
    const ngx_order_change_t *change, uint64_t seq);

/* The client's subscription to that order; NULL: it has none. */
ngx_http_order_watch_t *ngx_http_order_push_watching(
    const ngx_http_order_client_t *client, const ngx_order_id_t *id);

/* The client's subscription to all that concerns it; NULL: it has none. */
ngx_http_order_watch_t *ngx_http_order_push_mine(
    const ngx_http_order_client_t *client);

/*
 * Joins the order's topic with a record of it, and tells a snapshot or what
 * came behind "place".  The client may be ended, or the subscription gone,
 * afterwards.  NGX_OK, or NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_order_push_attach(ngx_http_order_watch_t *watch,
    const ngx_order_record_t *record, const ngx_order_place_t *place);

/* The subscription of a client that has none yet, to an order that the caller
 * may see; as _attach(). */
ngx_int_t ngx_http_order_push_open(ngx_http_order_client_t *client,
    const ngx_order_record_t *record, const ngx_order_place_t *place);

/* Ends a subscription: the client's last one ends the client, unless it is of
 * a dress with many, which is told. */
void ngx_http_order_push_part(ngx_http_order_watch_t *watch,
    const ngx_http_order_end_t *end);

/* Takes a subscription off its client, and frees it. */
void ngx_http_order_push_remove(ngx_http_order_watch_t *watch);

/* Removes all of a client's. */
void ngx_http_order_push_remove_all(ngx_http_order_client_t *client);


/* --- push_resume */

/* Reads an order for a subscription that has none yet, by id or number, and
 * attaches it.  NGX_OK, or NGX_ERROR: no memory. */
ngx_int_t ngx_http_order_push_find(ngx_http_order_watch_t *watch,
    const ngx_order_id_t *id, const ngx_str_t *number,
    const ngx_order_place_t *place);

/* Reads the versions behind the one told last from the change log, tells
 * them, else a reset. */
void ngx_http_order_push_recover(ngx_http_order_watch_t *watch);

/* Tells the full state instead of what cannot be told, now or as soon as it
 * can be read. */
void ngx_http_order_push_reset(ngx_http_order_watch_t *watch);

/* Tries again for some of those who are lost; 1: there are more. */
ngx_uint_t ngx_http_order_push_reset_some(ngx_http_order_push_t *push);

/* Tells the state of an order as a message of that type, and what the ring
 * knows behind it.  The subscription may be gone afterwards. */
void ngx_http_order_push_state(ngx_http_order_watch_t *watch,
    const char *type, const ngx_order_record_t *record);

/* Tells "ready". */
void ngx_http_order_push_greet(ngx_http_order_watch_t *watch);

/* Is this version in the full state that was told. */
ngx_uint_t ngx_http_order_push_seen(ngx_http_order_watch_t *watch,
    const ngx_order_record_t *record);

/* Forgets the query that is under way, or what was seen. */
void ngx_http_order_push_forget(ngx_http_order_watch_t *watch);


/* Reads a place; of one that cannot be read, one that is in nobody's past. */
void ngx_http_order_push_read_place(ngx_order_place_t *place,
    const ngx_str_t *text);


/* --- push_wait */

/* Answers so many of the polls that wait, now. */
void ngx_http_order_push_release(ngx_http_order_push_t *push, ngx_uint_t n);


#endif /* _NGX_HTTP_ORDER_PUSH_INT_H_INCLUDED_ */
