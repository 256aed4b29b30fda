
/*
 * What the files of ngx_order_pg share:
 *
 *     ngx_order_pg_conf     conninfo -> hosts and libpq's parameters
 *     ngx_order_pg_connect  which host next, resolving, back-off
 *     ngx_order_pg_session  one PGconn as an event source
 *     ngx_order_pg_fence    which timeline its server has
 *     ngx_order_pg_notice   what the server says beside its answers
 *     ngx_order_pg_query    statements out, answers in
 *     ngx_order_pg_listen   a session outside the pool, its streams
 *     ngx_order_pg_count    what is counted of them
 *     ngx_order_pg_outbox   what is answered, until it is told
 *     ngx_order_pg          the pool
 *
 * A session knows nothing of its owner (the pool, or a session outside of
 * it) but the function to which it tells its events, and the outbox into
 * which it puts what is answered.  Handlers of queries are called from the
 * outbox's posted event only, so nobody is called back from within libpq's
 * loops.
 */


#ifndef _NGX_ORDER_PG_INT_H_INCLUDED_
#define _NGX_ORDER_PG_INT_H_INCLUDED_


#include <ngx_order_pg.h>


#define NGX_ORDER_PG_DEPTH        16   /* queries in flight in a session */
#define NGX_ORDER_PG_STATEMENTS   256  /* prepared in a session; power of 2 */
#define NGX_ORDER_PG_ADDRS        16   /* of a host, at most */
#define NGX_ORDER_PG_COLUMNS      64   /* of a COPY, at most */
#define NGX_ORDER_PG_REASON       256  /* bytes of an error for the log */

#define NGX_ORDER_PG_ADDR_LEN     64
#define NGX_ORDER_PG_STEADY       1000 /* ms: a connection that lasts */


typedef struct {
    const char                      *keyword;
    const char                      *value;
} ngx_order_pg_option_t;


typedef struct {
    ngx_str_t                        name;   /* NUL-terminated, as all here;
                                                empty: libpq's default */
    ngx_str_t                        port;   /* empty: libpq's default */
    ngx_str_t                       *addrs;  /* known when configured */
    ngx_uint_t                       naddrs;
    ngx_uint_t                       local;  /* a Unix socket */
} ngx_order_pg_host_t;


/* the same message again and again is logged once in a while */

typedef struct {
    uint32_t                         crc;
    time_t                           logged;
    ngx_uint_t                       count;  /* not logged since */
} ngx_order_pg_trouble_t;


/* what the sessions of one owner learn of the hosts */

typedef struct {
    ngx_uint_t                       good;   /* the last that let us in */
    ngx_order_pg_trouble_t          *trouble;
} ngx_order_pg_track_t;


typedef struct {
    ngx_queue_t                      queue;  /* queries that are answered */
    ngx_event_t                      event;
    ngx_uint_t                       delivering;
    ngx_uint_t                       closed; /* nobody is to be called */
} ngx_order_pg_outbox_t;


typedef enum {
    NGX_ORDER_PG_CLOSED = 0,
    NGX_ORDER_PG_WAITING,              /* back-off */
    NGX_ORDER_PG_RESOLVING,
    NGX_ORDER_PG_CONNECTING,
    NGX_ORDER_PG_PROVING,              /* asking for the timeline */
    NGX_ORDER_PG_READY
} ngx_order_pg_state_e;


/* where a query is; ngx_order_pg_query_t.stage */

typedef enum {
    NGX_ORDER_PG_NOWHERE = 0,
    NGX_ORDER_PG_QUEUED,               /* in a queue of its owner */
    NGX_ORDER_PG_SENT,                 /* in a slot of query->session */
    NGX_ORDER_PG_ANSWERED              /* in the outbox */
} ngx_order_pg_stage_e;


/* a query in flight; its caller may have gone away */

typedef struct {
    ngx_order_pg_query_t            *query;  /* NULL: cancelled */
    const ngx_order_pg_statement_t  *statement;
    ngx_msec_t                       sent;
    uint64_t                         began;  /* the same, in microseconds */
    ngx_msec_t                       timeout;
    char                             sqlstate[6];

    unsigned                         ahead:1;    /* is not answered */
    unsigned                         parsing:1;  /* Parse is not answered */
    unsigned                         complete:1; /* but not committed yet */
    unsigned                         alone:1;    /* committed, but not on the
                                                    synchronous standby */
    unsigned                         stream:1;
} ngx_order_pg_slot_t;


/* the current row of a COPY; its bytes are libpq's */

typedef struct {
    ngx_uint_t                       header;     /* was read */
    ngx_uint_t                       ncolumns;
    ngx_str_t                        columns[NGX_ORDER_PG_COLUMNS];
} ngx_order_pg_copy_t;


typedef void (*ngx_order_pg_owner_pt)(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event);


struct ngx_order_pg_session_s {
    const ngx_order_pg_conf_t       *conf;
    ngx_order_pg_owner_pt            owner;
    void                            *data;       /* the owner's */
    ngx_order_pg_outbox_t           *outbox;
    ngx_order_pg_track_t            *track;
    ngx_str_t                        name;       /* application_name */
    char                            *options;    /* NULL: none */
    ngx_log_t                        log;

    ngx_order_pg_state_e             state;
    void                            *conn;       /* PGconn */
    ngx_connection_t                *connection;
    ngx_event_t                      timer;
    ngx_msec_t                       since;      /* ready since */
    uint32_t                         timeline;   /* 0: not known */

    /* the attempt: which host, which address, which round */

    ngx_resolver_ctx_t              *resolving;
    ngx_uint_t                       round;
    ngx_uint_t                       turn;
    ngx_order_pg_host_t             *host;
    ngx_uint_t                       addr;
    ngx_uint_t                       naddrs;
    u_char                           addrs[NGX_ORDER_PG_ADDRS]
                                          [NGX_ORDER_PG_ADDR_LEN];

    /* queries in flight, a ring */

    ngx_uint_t                       first;
    ngx_uint_t                       inflight;
    ngx_order_pg_slot_t              slots[NGX_ORDER_PG_DEPTH];
    const ngx_order_pg_statement_t  *prepared[NGX_ORDER_PG_STATEMENTS];

    ngx_uint_t                       lanes;      /* the pool's: bits */
    ngx_uint_t                       gauge;      /* it is counted in */
    ngx_order_pg_copy_t             *copy;       /* of a listener */
    u_char                           reason[NGX_ORDER_PG_REASON];

    unsigned                         exclusive:1; /* is what is in flight */
    unsigned                         retiring:1;  /* to be closed when idle */
    unsigned                         copying:1;
    unsigned                         streamed:1;  /* the query before */
    unsigned                         paused:1;    /* rows wait for a turn */
    unsigned                         calling:1;   /* a row's handler */
    unsigned                         halted:1;    /* the owner closed it */
    unsigned                         counted:1;   /* in that gauge */
};


/* ngx_order_pg_connect */

ngx_int_t ngx_order_pg_track_init(ngx_order_pg_track_t *track,
    const ngx_order_pg_conf_t *conf, ngx_pool_t *pool);

/* Starts to connect after "delay"; the owner is told READY or DOWN. */
void ngx_order_pg_connect(ngx_order_pg_session_t *session, ngx_msec_t delay);

/* The attempt failed for that reason: logs it, and makes the next one. */
void ngx_order_pg_connect_next(ngx_order_pg_session_t *session,
    const char *reason);

void ngx_order_pg_connect_stop(ngx_order_pg_session_t *session);

/* This host let us in, but is of no use: another one is tried first. */
void ngx_order_pg_connect_elsewhere(ngx_order_pg_session_t *session);

/* Milliseconds to wait after so many failures in a row. */
ngx_msec_t ngx_order_pg_backoff(ngx_uint_t failures);

/* Logs a message at ERR, but the same one not more than every 10 seconds. */
void ngx_order_pg_complain(ngx_log_t *log, ngx_order_pg_trouble_t *trouble,
    const char *text);


/* ngx_order_pg_session */

/* "limited": the server is to know of the time limit of queries. */
ngx_int_t ngx_order_pg_session_init(ngx_order_pg_session_t *session,
    const ngx_order_pg_conf_t *conf, const ngx_str_t *name,
    ngx_uint_t limited, ngx_pool_t *pool, ngx_log_t *log);

/* Begins to connect to session->host at session->addrs[session->addr]. */
void ngx_order_pg_session_start(ngx_order_pg_session_t *session);

/* The attempt failed, as libpq says. */
void ngx_order_pg_session_failed(ngx_order_pg_session_t *session);

/* The connection is of use: the owner is told READY. */
void ngx_order_pg_session_admit(ngx_order_pg_session_t *session);

/* Writes what libpq holds, now or when the socket takes it. */
void ngx_order_pg_session_flush(ngx_order_pg_session_t *session);

/* Sets the timer to the time limit of the first query in flight. */
void ngx_order_pg_session_clock(ngx_order_pg_session_t *session);

/* Reads on, after a pause. */
void ngx_order_pg_session_resume(ngx_order_pg_session_t *session);

/* Closes the connection; the owner is told DOWN.  "why" is logged. */
void ngx_order_pg_session_drop(ngx_order_pg_session_t *session,
    const char *why);

/* The same, and the owner is not told. */
void ngx_order_pg_session_stop(ngx_order_pg_session_t *session);

/* Gives up the connection or the attempt, and nothing else. */
void ngx_order_pg_session_cut(ngx_order_pg_session_t *session);


/* ngx_order_pg_fence */

/* Asks for the timeline; then the session is admitted, or the next tried. */
void ngx_order_pg_fence_ask(ngx_order_pg_session_t *session);
void ngx_order_pg_fence_read(ngx_order_pg_session_t *session);

/* Has another server got a newer timeline? */
ngx_uint_t ngx_order_pg_fenced(const ngx_order_pg_session_t *session);

/* Drops the session, now or when what is in flight has ended. */
void ngx_order_pg_fence_close(ngx_order_pg_session_t *session);


/* ngx_order_pg_notice */

void ngx_order_pg_notice_receive(ngx_order_pg_session_t *session);

/* Takes one of libpq's messages as session->reason. */
void ngx_order_pg_notice_reason(ngx_order_pg_session_t *session,
    const char *text);

u_char *ngx_order_pg_notice_log(ngx_log_t *log, u_char *buf, size_t len);


/* ngx_order_pg_query */

/*
 * Sends a query.  There must be room; a stream needs a session that is idle.
 * If that fails the session is dropped.
 */
void ngx_order_pg_query_send(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query);

/*
 * Takes what has arrived.  NGX_OK; NGX_AGAIN if there may be more, but others
 * should have their turn; NGX_ERROR if libpq or the server are out of step,
 * or the owner closed the session.
 */
ngx_int_t ngx_order_pg_query_read(ngx_order_pg_session_t *session);

/* Prepares a query to be queued or sent. */
void ngx_order_pg_query_init(ngx_order_pg_query_t *query);

/* Frees the result, if there is one, and what was read from it. */
void ngx_order_pg_query_free(ngx_order_pg_query_t *query);


/* ngx_order_pg_listen */

/* Takes one row of a COPY.  NGX_AGAIN: it is not there yet. */
ngx_int_t ngx_order_pg_row_copy(ngx_order_pg_session_t *session);

/*
 * Calls the handler of the current row.  It finds the row intact even if it
 * closes the session: then NGX_ERROR is returned.
 */
ngx_int_t ngx_order_pg_row(ngx_order_pg_session_t *session);


/* ngx_order_pg_count */

/*
 * A query of a pool's, or of a session outside, has ended; "sent" is when it
 * was sent, in microseconds, or 0.
 */
void ngx_order_pg_count(ngx_uint_t pooled,
    const ngx_order_pg_statement_t *statement, ngx_order_pg_status_e status,
    uint64_t sent);

/* The session is in another state; or it has another number of queries. */
void ngx_order_pg_session_turn(ngx_order_pg_session_t *session,
    ngx_order_pg_state_e state);
void ngx_order_pg_session_count(ngx_order_pg_session_t *session);


/* ngx_order_pg_outbox */

/* Puts an answer into the outbox. */
void ngx_order_pg_answer(ngx_order_pg_outbox_t *outbox,
    ngx_order_pg_query_t *query, ngx_order_pg_status_e status);

/* Queries that are in a list will not be answered. */
void ngx_order_pg_forget(ngx_queue_t *queue);

void ngx_order_pg_outbox_init(ngx_order_pg_outbox_t *outbox,
    ngx_event_handler_pt handler, void *data, ngx_log_t *log);

/* Calls the outbox's event handler once the current events are handled. */
void ngx_order_pg_outbox_post(ngx_order_pg_outbox_t *outbox);

/* Calls the handlers of all that is in the outbox. */
void ngx_order_pg_deliver(ngx_order_pg_outbox_t *outbox);


#endif /* _NGX_ORDER_PG_INT_H_INCLUDED_ */
