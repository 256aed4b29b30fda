
/*
 * What the rooms of push share among themselves:
 *
 *     ngx_http_order_push         a worker's clients, all together
 *     ngx_http_order_push_client  one: taken, kept alive, ended, closed
 *     ngx_http_order_push_out     bytes to a client
 *     ngx_http_order_push_join    subscriptions come and go
 *     ngx_http_order_push_watch   changes -> subscriptions
 *     ngx_http_order_push_render  messages that many share
 *     ngx_http_order_push_resume  snapshots, gaps, resets of an order
 *     ngx_http_order_push_mine    of all that concerns the caller
 *     ngx_http_order_push_query   a subscription's query
 *     ngx_http_order_push_sse     Server-Sent Events
 *     ngx_http_order_push_wait    the long poll
 *     ngx_http_order_push_ws      WebSocket
 */


#ifndef _NGX_HTTP_ORDER_PUSH_INT_H_INCLUDED_
#define _NGX_HTTP_ORDER_PUSH_INT_H_INCLUDED_


#include <ngx_http_order_push.h>
#include <ngx_order_wake.h>
#include <ngx_order_tree.h>


/* what a frame tells: a change in the words for an audience, a delivery, or
 * a notice */
#define NGX_HTTP_ORDER_DELIVERY  NGX_ORDER_AUDIENCES
#define NGX_HTTP_ORDER_NOTICE    (NGX_ORDER_AUDIENCES + 1)
#define NGX_HTTP_ORDER_TELLINGS  (NGX_ORDER_AUDIENCES + 2)


/* a message in its dress, as the last change had it */

typedef struct {
    uint64_t                 seq;
    size_t                   len;
    u_char                   data[NGX_HTTP_ORDER_FRAME];
} ngx_http_order_frame_t;


/* what a query is for */

typedef enum {
    NGX_HTTP_ORDER_PUSH_FIND = 0,
    NGX_HTTP_ORDER_PUSH_RESET
} ngx_http_order_push_why_e;


typedef struct {
    ngx_http_order_watch_t     *watch;
    ngx_http_order_push_why_e   why;
    ngx_order_fill_waiter_t     waiter;
    ngx_order_pg_query_t        query;
    ngx_order_pg_param_t        params[2];
    u_char                      text[2][NGX_ORDER_ID_TEXT + 1];
    ngx_order_place_t           place;
    unsigned                    placed:1;
    unsigned                    filling:1;
} ngx_http_order_push_query_t;


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

/* One client of that user less. */
void ngx_http_order_push_uncount(ngx_http_order_push_t *push,
    const ngx_order_id_t *user);

/* There is somebody for whom the tick is to run. */
void ngx_http_order_push_attend(ngx_http_order_push_t *push);


/* --- push_client */

/* Frees those who were dropped; "ev" is push->drop. */
void ngx_http_order_push_drop_handler(ngx_event_t *ev);

/* Sets the client's timer to what comes first: heartbeat, expiry, patience. */
void ngx_http_order_push_timer(ngx_http_order_client_t *client);

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

/* what the hub calls, for an order, for all that concerns the caller, and for
 * deliveries */
void ngx_http_order_push_order_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq);
void ngx_http_order_push_mine_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq);
void ngx_http_order_push_delivery_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq);

/* Tells what the subscriptions of a client lack, as far as it takes it. */
void ngx_http_order_push_catch_up(ngx_http_order_client_t *client);

/* The same for one; it may be gone afterwards. */
void ngx_http_order_push_catch_up_watch(ngx_http_order_watch_t *watch);

/*
 * The same for one to an order:
 *
 *     NGX_OK     all that the ring knows was told
 *     NGX_AGAIN  it goes on later
 *     NGX_ABORT  the subscription has ended
 */
ngx_int_t ngx_http_order_push_catch_up_order(ngx_http_order_watch_t *watch);

/* And for one to all that concerns the caller. */
void ngx_http_order_push_catch_up_mine(ngx_http_order_watch_t *watch);

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


/* --- push_join */

#define ngx_http_order_push_is(watch, type)                                  \
    ((watch)->sub.topic && ngx_order_hub_type(&(watch)->sub) == (type))

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

/* Where the client takes no more: when it does, the change log is asked what
 * is missing. */
void ngx_http_order_push_unsure(ngx_http_order_watch_t *watch);

/* Ends a subscription: the client's last one ends the client, unless it is of
 * a dress with many, which is told. */
void ngx_http_order_push_part(ngx_http_order_watch_t *watch,
    const ngx_http_order_end_t *end);

/* Takes a subscription off its client, and frees it. */
void ngx_http_order_push_remove(ngx_http_order_watch_t *watch);

/* Removes all of a client's. */
void ngx_http_order_push_remove_all(ngx_http_order_client_t *client);


/* --- push_render */

/*
 * Sends a change as a message that is rendered once for all clients of the
 * same dress, words and dialect.  "seq" is its place in the ring, or 0;
 * "telling" an audience, NGX_HTTP_ORDER_DELIVERY or NGX_HTTP_ORDER_NOTICE.
 *
 *     NGX_OK        it is on its way
 *     NGX_DECLINED  there is no such message
 *     NGX_ERROR     the client was dropped
 */
ngx_int_t ngx_http_order_push_frame(ngx_http_order_client_t *client,
    const ngx_order_change_t *change, uint64_t seq, ngx_uint_t telling);


/* --- push_resume */

/* Reads an order for a subscription that has none yet, by id or number, and
 * attaches it.  NGX_OK, or NGX_ERROR: no memory. */
ngx_int_t ngx_http_order_push_find(ngx_http_order_watch_t *watch,
    const ngx_order_id_t *id, const ngx_str_t *number,
    const ngx_order_place_t *place);

/* The subscription that is still looking for its order, by that id or, with
 * "id" NULL, by that number; NULL: there is none. */
ngx_http_order_watch_t *ngx_http_order_push_finding(
    const ngx_http_order_client_t *client, const ngx_order_id_t *id,
    const ngx_str_t *name);

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


/* Reads a place; of one that cannot be read, one that is in nobody's past. */
void ngx_http_order_push_read_place(ngx_order_place_t *place,
    const ngx_str_t *text);


/* --- push_mine */

/* Tells the newest orders of the caller instead of what cannot be told; what
 * comes meanwhile is told afterwards. */
void ngx_http_order_push_reset_mine(ngx_http_order_watch_t *watch);

/* Forgets what was in it when that is old: now and then. */
void ngx_http_order_push_age(ngx_http_order_client_t *client);

/* Is this version in the full state that was told. */
ngx_uint_t ngx_http_order_push_seen(ngx_http_order_watch_t *watch,
    const ngx_order_record_t *record);

/*
 * The place in the ring from which the client resumes all that concerns it;
 * one that never comes while its full state is still to be told, so that it
 * is told then.
 */
#define NGX_HTTP_ORDER_PUSH_NOWHERE  UINT64_MAX

uint64_t ngx_http_order_push_seq(const ngx_http_order_client_t *client);

/* Tells "ready". */
void ngx_http_order_push_greet(ngx_http_order_watch_t *watch);


/* --- push_query */

/* Makes the query of a subscription, with two text parameters whose texts are
 * to be set; NULL: no memory. */
ngx_http_order_push_query_t *ngx_http_order_push_wait(
    ngx_http_order_watch_t *watch);

/* It has been answered: the caller frees it. */
ngx_http_order_push_query_t *ngx_http_order_push_waited(
    ngx_http_order_watch_t *watch);

/* Forgets the query that is under way, or what was seen. */
void ngx_http_order_push_forget(ngx_http_order_watch_t *watch);

/* The database does not answer: a reset is tried in a moment. */
void ngx_http_order_push_retry_later(ngx_http_order_watch_t *watch);


/* --- push_wait */

/* Answers so many of the polls that wait, now. */
void ngx_http_order_push_release(ngx_http_order_push_t *push, ngx_uint_t n);


#endif /* _NGX_HTTP_ORDER_PUSH_INT_H_INCLUDED_ */
