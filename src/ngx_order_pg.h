
/*
 * PostgreSQL, asynchronously: a session is one PGconn as an event source; a
 * pool is a worker's sessions, the bounded queue before them and its limits.
 *
 * Nothing here blocks.  Host names are resolved by nginx's resolver, or once
 * at configuration time where no resolver is configured.  A query that ran
 * into its limit costs its connection: libpq 15 has no cancel that does not
 * block, so the server's own statement_timeout, which is set a little below
 * ours, ends the statement.
 *
 * A query belongs to its caller until its handler was called, once; a caller
 * who goes away first must ngx_order_pg_cancel() it.  Values that were read
 * from a query are valid inside the handler only.
 */


#ifndef _NGX_ORDER_PG_H_INCLUDED_
#define _NGX_ORDER_PG_H_INCLUDED_


#include <ngx_order.h>
#include <ngx_event.h>


#define NGX_ORDER_PG_PARAMS    32      /* parameters of a statement, at most */


typedef struct ngx_order_pg_conf_s     ngx_order_pg_conf_t;
typedef struct ngx_order_pg_pool_s     ngx_order_pg_pool_t;
typedef struct ngx_order_pg_session_s  ngx_order_pg_session_t;
typedef struct ngx_order_pg_query_s    ngx_order_pg_query_t;


/* which sessions of the pool may run a query */

typedef enum {
    NGX_ORDER_PG_FILL = 0,             /* short reads, pipelined */
    NGX_ORDER_PG_CALL,                 /* writes, one in flight a session */
    NGX_ORDER_PG_SLOW,                 /* lists, search, login */
    NGX_ORDER_PG_LANES
} ngx_order_pg_lane_e;


typedef enum {
    NGX_ORDER_PG_OK = 0,               /* rows can be read */
    NGX_ORDER_PG_REFUSED,              /* the database raised sqlstate */
    NGX_ORDER_PG_BUSY,                 /* the queue is full: not sent */
    NGX_ORDER_PG_DOWN,                 /* no connection: not sent */
    NGX_ORDER_PG_WAITED,               /* too long in the queue: not sent */
    NGX_ORDER_PG_TIMEOUT,              /* ran too long: outcome unknown */
    NGX_ORDER_PG_LOST                  /* connection lost, or the wait for the
                                          standby: outcome unknown */
} ngx_order_pg_status_e;


/* it must live as long as the pool or session it is sent to */

typedef struct {
    ngx_str_t                name;     /* of the prepared statement; both */
    ngx_str_t                sql;      /* are NUL-terminated */
    ngx_order_pg_lane_e      lane;
} ngx_order_pg_statement_t;


/* one parameter; data NULL means SQL NULL; text must be NUL-terminated */

typedef struct {
    const u_char            *data;
    uint32_t                 len;
    uint32_t                 binary;   /* 1: data is in binary format */
} ngx_order_pg_param_t;


typedef void (*ngx_order_pg_handler_pt)(ngx_order_pg_query_t *query);


struct ngx_order_pg_query_s {
    const ngx_order_pg_statement_t  *statement;
    const ngx_order_pg_param_t      *params;  /* until the handler is called */
    ngx_uint_t                       nparams;

    /* runs before it in the same transaction, its answer is not read; if it
     * is refused, so is the query; NULL: none */

    const ngx_order_pg_statement_t  *ahead;
    const ngx_order_pg_param_t      *ahead_params;
    ngx_uint_t                       nahead;

    ngx_order_pg_handler_pt          handler;
    void                            *data;
    ngx_log_t                       *log;

    /* the answer, inside the handler */

    ngx_order_pg_status_e            status;
    char                             sqlstate[6];
    ngx_str_t                        message; /* primary message */
    ngx_str_t                        detail;
    ngx_msec_t                       elapsed; /* from send to answer */

    /* private to ngx_order_pg */

    ngx_queue_t                      queue;
    ngx_order_pg_session_t          *session;
    ngx_order_pg_pool_t             *pool;
    ngx_order_pg_handler_pt          row;     /* of a stream */
    ngx_msec_t                       timeout;
    ngx_msec_t                       started; /* queued, then sent */
    uint64_t                         began;   /* sent, in microseconds */
    ngx_uint_t                       stage;
    ngx_uint_t                       retried;
    void                            *result;
};


/* all from order_database or order_replica, which sets the defaults */

struct ngx_order_pg_conf_s {
    ngx_str_t                directive;       /* its name */
    ngx_str_t                conninfo;        /* without a password */
    ngx_str_t                password;        /* from password_file */
    ngx_uint_t               connections;     /* of a worker */
    ngx_uint_t               queue;           /* queries waiting, at most */
    ngx_msec_t               connect_timeout; /* for each host */
    ngx_msec_t               queue_timeout;   /* waiting for a session */
    ngx_msec_t               timeout;         /* running */
    ngx_flag_t               prepare;         /* 0: for poolers */
    ngx_flag_t               standby;         /* 1: order_replica, each of its
                                                 sessions is SLOW's */
    ngx_msec_t               wait;            /* for a standby's replay */

    ngx_resolver_t          *resolver;        /* NULL: resolved already */
    ngx_msec_t               resolver_timeout;

    ngx_atomic_t            *fence;           /* newest timeline that any
                                                 worker saw; NULL: none */

    /* private to ngx_order_pg */

    ngx_array_t             *hosts;
    ngx_array_t             *params;          /* of libpq */
    char                    *options;         /* of the conninfo; or NULL */
    const char              *target;          /* target_session_attrs */
    ngx_uint_t               rounds;          /* over the hosts */
};


/*
 * Checks and takes apart conf->conninfo (keywords or URI) at configuration
 * time.  Refuses a password in it.  Host names are resolved here if
 * conf->resolver is NULL.  NGX_CONF_OK, or NGX_CONF_ERROR having logged at
 * EMERG what is wrong, naming conf->directive.
 */
char *ngx_order_pg_conf_init(ngx_conf_t *cf, ngx_order_pg_conf_t *conf);


/*
 * Makes the pool of this worker and starts to connect.  "name" goes into
 * application_name.  NULL: no memory.
 */
ngx_order_pg_pool_t *ngx_order_pg_pool_create(
    const ngx_order_pg_conf_t *conf, const ngx_str_t *name, ngx_pool_t *pool,
    ngx_log_t *log);

/*
 * Closes what is idle, and the rest as it gets idle.  Queries that are not
 * sent yet are answered with NGX_ORDER_PG_DOWN.  When nginx is told to
 * terminate all is closed at once.
 */
void ngx_order_pg_pool_close(ngx_order_pg_pool_t *pool);

/* Is there a connection now. */
ngx_uint_t ngx_order_pg_pool_up(const ngx_order_pg_pool_t *pg);

/*
 * Sends a query, or queues it.  The handler is called once, later, never
 * from inside this call, whatever happens.
 */
void ngx_order_pg_query(ngx_order_pg_pool_t *pool,
    ngx_order_pg_query_t *query);

/*
 * The caller goes away: the handler will not be called.  A query that is
 * still queued is not sent; one that is running runs on, unobserved.
 */
void ngx_order_pg_cancel(ngx_order_pg_query_t *query);


/* Reading the rows of an answer. */

ngx_uint_t ngx_order_pg_rows(const ngx_order_pg_query_t *query);
ngx_uint_t ngx_order_pg_columns(const ngx_order_pg_query_t *query);

/* All answers are in binary format.  NGX_OK, or NGX_DECLINED for a NULL. */
ngx_int_t ngx_order_pg_value(const ngx_order_pg_query_t *query,
    ngx_uint_t row, ngx_uint_t column, ngx_str_t *value);


/*
 * A session of its own, outside the pool: what the change feed listens on.
 * Events are told by its handler, one at a time; the session lives until
 * ngx_order_pg_session_close(), or until "pool" is destroyed, and connects
 * again by itself, with back-off.  DOWN is told each time that all hosts have
 * failed.  The server knows no time limit for its statements.
 */

typedef enum {
    NGX_ORDER_PG_SESSION_READY = 0,    /* connected: queries may be sent */
    NGX_ORDER_PG_SESSION_NOTIFY,       /* a notification came */
    NGX_ORDER_PG_SESSION_DOWN          /* connection lost or never made */
} ngx_order_pg_event_e;

typedef void (*ngx_order_pg_session_pt)(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event, void *data);

ngx_order_pg_session_t *ngx_order_pg_session_open(
    const ngx_order_pg_conf_t *conf, const ngx_str_t *name,
    ngx_order_pg_session_pt handler, void *data, ngx_pool_t *pool,
    ngx_log_t *log);

/*
 * May be called from any handler, also of this session.  Queries that are not
 * answered are forgotten: their handlers will not be called.
 */
void ngx_order_pg_session_close(ngx_order_pg_session_t *session);

/*
 * As ngx_order_pg_query(), on this session, one after the other.  While it is
 * not connected they are answered with NGX_ORDER_PG_DOWN.
 */
void ngx_order_pg_session_query(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query);

/*
 * Runs one statement with its rows told one by one as they arrive, for
 * answers that are too large to hold: "row" is called for each, with it as
 * row 0, and the query's handler at the end.  The statement is a select, or
 * a COPY TO STDOUT (FORMAT binary) of 64 columns at most.  The query's time
 * limit is "timeout" instead of the configured one.
 */
void ngx_order_pg_session_stream(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query, ngx_order_pg_handler_pt row,
    ngx_msec_t timeout);


#endif /* _NGX_ORDER_PG_H_INCLUDED_ */
