
/*
 * A query on its way out, and its answer on the way back.
 *
 * An answer counts when the Sync behind the query is answered, that is when
 * its transaction is committed: until then an error may still replace rows
 * that have arrived.
 *
 * Answers are libpq's results, kept by the query until its handler was
 * called; those of a query whose caller went away are freed as they arrive.
 */


#include <ngx_order_pg_int.h>
#include <libpq-fe.h>


#define NGX_ORDER_PG_ROWS          2000    /* of a stream, in one turn */
#define NGX_ORDER_PG_COPY_HEADER   19


typedef enum {
    NGX_ORDER_PG_RETIRE = 0,           /* the session is of no more use */
    NGX_ORDER_PG_PREPARE,              /* statement is not prepared */
    NGX_ORDER_PG_PREPARED              /* it is already */
} ngx_order_pg_remedy_e;


typedef struct {
    const char                *sqlstate;       /* or its beginning */
    size_t                     len;
    ngx_order_pg_remedy_e      remedy;
} ngx_order_pg_sqlstate_t;


static int ngx_order_pg_query_statement(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query, ngx_order_pg_slot_t *slot);
static int ngx_order_pg_query_stream(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query);
static ngx_int_t ngx_order_pg_query_result(ngx_order_pg_session_t *session,
    PGresult *result);
static void ngx_order_pg_query_error(ngx_order_pg_session_t *session,
    PGresult *result);
static void ngx_order_pg_query_finish(ngx_order_pg_session_t *session);
static ngx_uint_t ngx_order_pg_query_remedy(ngx_order_pg_session_t *session,
    const ngx_order_pg_slot_t *slot);
static ngx_int_t ngx_order_pg_query_copy(ngx_order_pg_session_t *session);
static ngx_int_t ngx_order_pg_query_tuples(ngx_order_pg_session_t *session,
    u_char *p, u_char *last);
static u_char *ngx_order_pg_query_tuple(ngx_order_pg_copy_t *copy, u_char *p,
    u_char *last);
static ngx_int_t ngx_order_pg_query_row(ngx_order_pg_session_t *session);
static const ngx_order_pg_statement_t **ngx_order_pg_query_prepared(
    ngx_order_pg_session_t *session,
    const ngx_order_pg_statement_t *statement);


static const ngx_order_pg_sqlstate_t  ngx_order_pg_sqlstates[] = {
    { "08", 2, NGX_ORDER_PG_RETIRE },          /* connection */
    { "0A000", 5, NGX_ORDER_PG_RETIRE },       /* plan's result has changed */
    { "25006", 5, NGX_ORDER_PG_RETIRE },       /* read-only */
    { "26000", 5, NGX_ORDER_PG_PREPARE },
    { "42P05", 5, NGX_ORDER_PG_PREPARED },
    { "53300", 5, NGX_ORDER_PG_RETIRE },       /* too many connections */
    { "57P01", 5, NGX_ORDER_PG_RETIRE },       /* shutting down */
    { "57P02", 5, NGX_ORDER_PG_RETIRE },
    { "57P03", 5, NGX_ORDER_PG_RETIRE },
    { NULL, 0, NGX_ORDER_PG_RETIRE }
};


/* stands where a statement was */

static const ngx_order_pg_statement_t  ngx_order_pg_removed = {
    ngx_string(""), ngx_string(""), NGX_ORDER_PG_FILL
};


void
ngx_order_pg_query_send(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query)
{
    int                   rc;
    ngx_uint_t            n;
    ngx_order_pg_slot_t  *slot;

    n = (session->first + session->inflight) % NGX_ORDER_PG_DEPTH;
    slot = &session->slots[n];

    ngx_memzero(slot, sizeof(ngx_order_pg_slot_t));

    slot->query = query;
    slot->statement = query->statement;
    slot->sent = ngx_current_msec;
    slot->timeout = query->timeout;
    slot->retried = query->retried;
    slot->stream = (query->row != NULL);

    query->stage = NGX_ORDER_PG_SENT;
    query->status = NGX_ORDER_PG_LOST;
    query->session = session;
    query->started = ngx_current_msec;

    session->inflight++;
    session->connection->idle = 0;

    rc = slot->stream ? ngx_order_pg_query_stream(session, query)
                      : ngx_order_pg_query_statement(session, query, slot);
    if (rc != 1) {
        ngx_order_pg_session_drop(session, PQerrorMessage(session->conn));
        return;
    }

    if (session->inflight == 1) {
        ngx_order_pg_session_clock(session);
    }

    ngx_order_pg_session_flush(session);
}


static int
ngx_order_pg_query_statement(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query, ngx_order_pg_slot_t *slot)
{
    int                               rc, n;
    int                               lengths[NGX_ORDER_PG_PARAMS];
    int                               formats[NGX_ORDER_PG_PARAMS];
    const char                       *sql, *name;
    const char                       *values[NGX_ORDER_PG_PARAMS];
    const ngx_order_pg_statement_t  **prepared;

    n = (int) ngx_order_pg_query_params(query, values, lengths, formats);
    sql = (char *) query->statement->sql.data;
    name = (char *) query->statement->name.data;

    prepared = session->conf->prepare
               ? ngx_order_pg_query_prepared(session, query->statement)
               : NULL;

    if (prepared == NULL) {
        rc = PQsendQueryParams(session->conn, sql, n, NULL, values, lengths,
                               formats, 1);
        return rc == 1 ? PQpipelineSync(session->conn) : rc;
    }

    if (*prepared != query->statement) {

        if (PQsendPrepare(session->conn, name, sql, 0, NULL) != 1) {
            return 0;
        }

        *prepared = query->statement;
        slot->parsing = 1;
    }

    rc = PQsendQueryPrepared(session->conn, name, n, values, lengths,
                             formats, 1);

    return rc == 1 ? PQpipelineSync(session->conn) : rc;
}
