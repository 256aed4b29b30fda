
/*
 * Push: one subscription in three dresses.
 *
 * A client is a connection that is told of changes.  What it is told is
 * decided here, once for all; its dress (Server-Sent Events, chunked or not,
 * and WebSocket) puts the messages into bytes and reads what the client
 * sends.  The long poll, which waits for one change and is answered as any
 * poll, is in ngx_http_order_status.
 *
 * Where HTTP/1.x allows it, the connection is taken over and nginx's request
 * is freed: an idle client costs some hundred bytes.  There is no queue for a
 * client: one that takes nothing has a place in the ring, from which it goes
 * on, and at most the rest of one message in memory; when the ring has gone
 * past its place it is told to come back, and dropped.
 */


#ifndef _NGX_HTTP_ORDER_PUSH_H_INCLUDED_
#define _NGX_HTTP_ORDER_PUSH_H_INCLUDED_


#include <ngx_http_order_reply.h>
#include <ngx_order_hub.h>


/* bytes of a message in its dress, at most */
#define NGX_HTTP_ORDER_FRAME   (NGX_ORDER_EVENT_BODY + 256)


typedef struct ngx_http_order_watch_s   ngx_http_order_watch_t;
typedef struct ngx_http_order_held_s    ngx_http_order_held_t;


/* why a client, or one of its subscriptions, is told good-bye */

typedef struct {
    ngx_str_t                name;     /* "token_expired" */
    ngx_str_t                message;  /* for people; no quotes in it */
    ngx_uint_t               code;     /* of a WebSocket's close frame */
    ngx_uint_t               again;    /* 1: come back, and resume */
    ngx_order_end_e          reason;   /* it is counted as */
} ngx_http_order_end_t;


extern const ngx_http_order_end_t  ngx_http_order_end_expired;   /* 4401 */
extern const ngx_http_order_end_t  ngx_http_order_end_forbidden; /* 4403 */
extern const ngx_http_order_end_t  ngx_http_order_end_final;     /* 1000 */
extern const ngx_http_order_end_t  ngx_http_order_end_deleted;   /* 1000 */
extern const ngx_http_order_end_t  ngx_http_order_end_reload;    /* 1012 */
extern const ngx_http_order_end_t  ngx_http_order_end_slow;      /* 1013 */
extern const ngx_http_order_end_t  ngx_http_order_end_client;    /* 1000 */
extern const ngx_http_order_end_t  ngx_http_order_end_internal;  /* 1011 */


/* how messages become bytes; one constant object a dress */

typedef struct {

    /*
     * Writes a message into "p", which has room for it and 256 bytes more;
     * returns the end.  "event" is its type, "id" the text of its place, or
     * empty; "json" one line.
     */
    u_char                *(*wrap)(u_char *p, const ngx_str_t *event,
                                   const ngx_str_t *id,
                                   const ngx_str_t *json);

    /*
     * The connection can be read.  Reads until NGX_AGAIN; on the end of file
     * or an error it calls ngx_http_order_push_drop().
     */
    void                   (*read)(ngx_http_order_client_t *client);

    /* A sign of life, each heartbeat: sends it. */
    void                   (*beat)(ngx_http_order_client_t *client);

    /*
     * Says good-bye; "retry" is after how many milliseconds to come back, 0
     * for never.  When it returns the client is closed as soon as all bytes
     * are out, or, where client->lingers is set, when the other side has
     * closed, at most some seconds later.
     */
    void                   (*end)(ngx_http_order_client_t *client,
                                  const ngx_http_order_end_t *end,
                                  ngx_msec_t retry);

    /* The client goes away: frees client->state. */
    void                   (*free)(ngx_http_order_client_t *client);

    uint8_t                  index;    /* below NGX_HTTP_ORDER_DRESSES */
    uint8_t                  transport;        /* ngx_order_transport_e */
    uint8_t                  many;     /* has many subscriptions: one that
                                          ends does not end the client */
} ngx_http_order_dress_t;


#define NGX_HTTP_ORDER_DRESSES  3


extern const ngx_http_order_dress_t  ngx_http_order_sse;
extern const ngx_http_order_dress_t  ngx_http_order_sse_chunked;
extern const ngx_http_order_dress_t  ngx_http_order_ws;


/* one subscription of a client; many are only on a WebSocket */

struct ngx_http_order_watch_s {
    ngx_order_sub_t                  sub;      /* first: the hub's */
    ngx_http_order_client_t         *client;
    ngx_http_order_watch_t          *next;     /* of the client */
    uint64_t                         stamp;    /* of an order: the version
                                                  that was told last */
    void                            *wait;     /* a query under way for it,
                                                  or what it has seen */
    unsigned                         waits:1;  /* it is a query */
    unsigned                         behind:1; /* of others: sub.seq is the
                                                  first that it lacks */
    unsigned                         lost:1;   /* to be told a reset */
    unsigned                         greet:1;  /* to be told "ready" */
};


struct ngx_http_order_client_s {
    ngx_queue_t                      queue;    /* all of the worker, or those
                                                  to be closed */
    const ngx_http_order_dress_t    *dress;
    ngx_http_order_push_t           *push;
    ngx_connection_t                *connection;
    ngx_http_request_t              *request;  /* NULL: freed */
    ngx_http_order_held_t           *held;     /* NULL: bytes go to the
                                                  connection itself */
    const ngx_http_order_loc_conf_t *conf;
    ngx_event_t                     *timer;

    ngx_order_identity_t             identity;
    ngx_http_order_watch_t          *watches;
    ngx_http_order_watch_t           first;    /* the one that most have */

    u_char                          *rest;     /* of a message, not sent yet */
    uint32_t                         rest_len;
    uint32_t                         rest_size;

    void                            *state;    /* the dress's; or NULL */
    ngx_msec_t                       due;      /* of the next heartbeat */
    ngx_msec_t                       taken;    /* when it last took bytes */
    uint8_t                          dialect;  /* ngx_order_dialect_e */
    uint8_t                          reason;   /* of an end without a word */
    unsigned                         blocked:1;  /* takes no bytes now */
    unsigned                         ending:1;   /* good-bye was said */
    unsigned                         lingers:1;  /* waits for the other's */
    unsigned                         alive:1;    /* the dress: answered the
                                                    last heartbeat */
    unsigned                         dropped:1;  /* will be closed */
};


/* --- for the dresses */

/*
 * Sends bytes: as many as the connection takes now, the rest is kept.
 *
 *     NGX_OK     all are out or kept
 *     NGX_ERROR  more than a client may have pending, or the connection is
 *                broken: the client was dropped
 */
ngx_int_t ngx_http_order_push_send(ngx_http_order_client_t *client,
    const u_char *data, size_t len);

/* Wraps and sends one message to this client alone; returns as _send(). */
ngx_int_t ngx_http_order_push_tell(ngx_http_order_client_t *client,
    const char *event, const ngx_str_t *id, const ngx_str_t *json);

/* Says why, and closes; does nothing to one that is ending already. */
void ngx_http_order_push_end(ngx_http_order_client_t *client,
    const ngx_http_order_end_t *end);

/* Closes without a word, soon: the client stays valid until the caller has
 * returned to the event loop. */
void ngx_http_order_push_drop(ngx_http_order_client_t *client);

/* A new token of the same user: the client may stay until it expires. */
void ngx_http_order_push_prolong(ngx_http_order_client_t *client,
    time_t expires);

/* The text of the client's place now: "buf" has NGX_ORDER_EVENT_ID bytes. */
ngx_str_t ngx_http_order_push_place(const ngx_http_order_client_t *client,
    u_char *buf);


/* --- subscriptions, for a WebSocket */

/*
 * Subscribes to an order, by its id or, with "id" NULL, by its number: a
 * snapshot follows, or, with "place" not NULL, what came after that version
 * (an epoch of 0 is the present one), or a reset; or an error message where
 * there is no such order or the caller may not see it.
 *
 *     NGX_OK        it follows
 *     NGX_DECLINED  is subscribed already
 *     NGX_BUSY      has as many as it may have
 *     NGX_ERROR     no memory
 */
ngx_int_t ngx_http_order_push_watch(ngx_http_order_client_t *client,
    const ngx_order_id_t *id, const ngx_str_t *number,
    const ngx_order_place_t *place);

/* Subscribes to all that concerns the caller; "ready" follows, after what
 * came behind the place, or after a reset.  As above. */
ngx_int_t ngx_http_order_push_watch_all(ngx_http_order_client_t *client,
    const ngx_order_place_t *place);

/* From an order, by its id, where that is known, and its name as the client
 * has it, or, with "name" NULL, from all.  NGX_OK, or NGX_DECLINED: was not
 * subscribed. */
ngx_int_t ngx_http_order_push_unwatch(ngx_http_order_client_t *client,
    const ngx_order_id_t *id, const ngx_str_t *name);


/* --- for a handler that starts a stream */

/*
 * Takes the connection of a request whose header (200 or 101) was sent, which
 * must be in r->write_event_handler's or a later turn of the event loop, not
 * in the content handler itself.  NULL: it could not be; the request was
 * finalized.
 */
ngx_http_order_client_t *ngx_http_order_push_take(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, const ngx_http_order_dress_t *dress);

/* Keeps room for one more client of this user, until it is taken or the
 * request ends: NULL, or the problem to answer with. */
const ngx_http_order_problem_t *ngx_http_order_push_room(
    ngx_http_request_t *r, ngx_http_order_ctx_t *ctx);


/* --- for the module */

/* Makes omcf->push and omcf->hub of a worker that starts.  NGX_OK, or
 * NGX_ERROR: no memory. */
ngx_int_t ngx_http_order_push_create(ngx_http_order_main_conf_t *omcf,
    ngx_cycle_t *cycle);

/* Closes all clients at once, without a word. */
void ngx_http_order_push_close(ngx_http_order_push_t *push);

/* There is something new in the ring: tells it to this worker's clients, and,
 * where this worker appended it, to the other workers.  "data" is a worker's
 * ngx_http_order_push_t. */
void ngx_http_order_push_changed(void *data, ngx_uint_t mine);


/* --- the long poll */

/*
 * Looks for "wait" among the arguments of a poll, which may have others:
 * ctx->wait gets the seconds.  Returns as ngx_order_input_read().
 */
ngx_int_t ngx_http_order_push_read_wait(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, ngx_order_input_t *input);

/*
 * Would a poll that is to be answered with 304 rather wait.
 *
 *     NGX_DONE      it waits; then ngx_http_order_status_again() answers it
 *     NGX_DECLINED  it is to be answered now
 *     NGX_ERROR     no memory
 */
ngx_int_t ngx_http_order_push_waits(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, const ngx_order_record_t *record);


/* --- handlers of routes */

/* GET /api/orders/:id/events, GET /api/events */
ngx_int_t ngx_http_order_events_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);

/* GET /ws */
ngx_int_t ngx_http_order_ws_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);


#endif /* _NGX_HTTP_ORDER_PUSH_H_INCLUDED_ */
