
/*
 * A query on its way out, and its answer on the way back.
 *
 * An answer counts when the Sync behind the query is answered, that is when
 * its transaction is committed: until then an error may still replace rows
 * that have arrived.  One that is committed on this server alone, against the
 * will of synchronous_standby_names, has an unknown outcome.
 *
 * Answers are libpq's results, kept by the query until its handler was
 * called; those of a query whose caller went away are freed as they arrive.
 */


#include <ngx_order_pg_int.h>
#include <ngx_order_metrics.h>
#include <libpq-fe.h>


#define NGX_ORDER_PG_ROWS          2000    /* of a stream, in one turn */

/* not prepared; and then prepared already, by another in the pipeline */

#define NGX_ORDER_PG_RETRIES       2


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
static int ngx_order_pg_query_params(const ngx_order_pg_param_t *params,
    ngx_uint_t nparams, const char **values, int *lengths, int *formats);
static ngx_int_t ngx_order_pg_query_result(ngx_order_pg_session_t *session,
    PGresult *result);
static void ngx_order_pg_query_error(ngx_order_pg_session_t *session,
    PGresult *result);
static void ngx_order_pg_query_text(ngx_str_t *text, const PGresult *result,
    int field);
static void ngx_order_pg_query_finish(ngx_order_pg_session_t *session);
static ngx_uint_t ngx_order_pg_query_remedy(ngx_order_pg_session_t *session,
    const ngx_order_pg_slot_t *slot);
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
ngx_order_pg_query_init(ngx_order_pg_query_t *query)
{
    query->result = NULL;
    ngx_order_pg_query_free(query);

    query->elapsed = 0;
    query->session = NULL;
    query->pool = NULL;
    query->row = NULL;
    query->retried = 0;
}


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
    slot->began = ngx_order_metrics_usec();
    slot->timeout = query->timeout;
    slot->stream = (query->row != NULL);

    query->stage = NGX_ORDER_PG_SENT;
    query->status = NGX_ORDER_PG_LOST;
    query->session = session;
    query->started = ngx_current_msec;
    query->began = slot->began;

    session->inflight++;
    ngx_order_pg_session_count(session);
    session->exclusive = (query->statement->lane != NGX_ORDER_PG_FILL);
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

    if (query->ahead) {
        n = ngx_order_pg_query_params(query->ahead_params, query->nahead,
                                      values, lengths, formats);
        sql = (char *) query->ahead->sql.data;

        if (PQsendQueryParams(session->conn, sql, n, NULL, values, lengths,
                              formats, 1)
            != 1)
        {
            return 0;
        }

        slot->ahead = 1;
    }

    n = ngx_order_pg_query_params(query->params, query->nparams, values,
                                  lengths, formats);
    sql = (char *) query->statement->sql.data;
    name = (char *) query->statement->name.data;

    prepared = session->conf->prepare
               ? ngx_order_pg_query_prepared(session, query->statement)
               : NULL;

    if (prepared && (*prepared == NULL || *prepared == &ngx_order_pg_removed))
    {
        if (PQsendPrepare(session->conn, name, sql, 0, NULL) != 1) {
            return 0;
        }

        *prepared = query->statement;
        slot->parsing = 1;

    } else if (session->streamed) {

        /* the first command of a pipeline inherits the single row mode */

        if (PQsendPrepare(session->conn, "", "", 0, NULL) != 1) {
            return 0;
        }

        slot->parsing = 1;
    }

    session->streamed = 0;

    if (prepared == NULL) {
        rc = PQsendQueryParams(session->conn, sql, n, NULL, values, lengths,
                               formats, 1);
        return rc == 1 ? PQpipelineSync(session->conn) : rc;
    }

    rc = PQsendQueryPrepared(session->conn, name, n, values, lengths,
                             formats, 1);

    return rc == 1 ? PQpipelineSync(session->conn) : rc;
}


/* rows one by one, and COPY, are not for the pipeline mode */

static int
ngx_order_pg_query_stream(ngx_order_pg_session_t *session,
    ngx_order_pg_query_t *query)
{
    int          n;
    int          lengths[NGX_ORDER_PG_PARAMS];
    int          formats[NGX_ORDER_PG_PARAMS];
    const char  *values[NGX_ORDER_PG_PARAMS];

    n = ngx_order_pg_query_params(query->params, query->nparams, values,
                                  lengths, formats);

    if (PQexitPipelineMode(session->conn) != 1
        || PQsendQueryParams(session->conn,
                             (char *) query->statement->sql.data, n, NULL,
                             values, lengths, formats, 1)
           != 1)
    {
        return 0;
    }

    return PQsetSingleRowMode(session->conn);
}


/* libpq copies them */

static int
ngx_order_pg_query_params(const ngx_order_pg_param_t *params,
    ngx_uint_t nparams, const char **values, int *lengths, int *formats)
{
    ngx_uint_t  i;

    for (i = 0; i < nparams && i < NGX_ORDER_PG_PARAMS; i++) {
        values[i] = (char *) params[i].data;
        lengths[i] = (int) params[i].len;
        formats[i] = (int) params[i].binary;
    }

    return (int) i;
}


/*
 * Where a statement of this name is in the session's table, or where it may
 * be put: there stands NULL, or "removed".  NULL: the table is full.
 */

static const ngx_order_pg_statement_t **
ngx_order_pg_query_prepared(ngx_order_pg_session_t *session,
    const ngx_order_pg_statement_t *statement)
{
    uint32_t                          hash;
    ngx_uint_t                        i;
    const ngx_order_pg_statement_t  **entry, **vacant;

    hash = ngx_crc32_short(statement->name.data, statement->name.len);
    vacant = NULL;

    for (i = 0; i < NGX_ORDER_PG_STATEMENTS; i++) {
        entry = &session->prepared[(hash + i) % NGX_ORDER_PG_STATEMENTS];

        if (*entry == NULL) {
            return vacant ? vacant : entry;
        }

        if (*entry == &ngx_order_pg_removed) {
            vacant = vacant ? vacant : entry;
            continue;
        }

        if ((*entry)->name.len == statement->name.len
            && ngx_memcmp((*entry)->name.data, statement->name.data,
                          statement->name.len)
               == 0)
        {
            return entry;
        }
    }

    return vacant;
}


ngx_int_t
ngx_order_pg_query_read(ngx_order_pg_session_t *session)
{
    ngx_int_t    rc;
    PGresult    *result;
    ngx_uint_t   rows, nothing;

    nothing = 0;
    rows = 0;

    while (session->inflight && !PQisBusy(session->conn)) {

        if (rows >= NGX_ORDER_PG_ROWS) {
            return NGX_AGAIN;
        }

        if (session->copying) {
            rc = ngx_order_pg_row_copy(session);

            if (rc == NGX_AGAIN) {
                return NGX_OK;
            }

            if (rc == NGX_ERROR) {
                return NGX_ERROR;
            }

            rows++;
            continue;
        }

        result = PQgetResult(session->conn);

        if (result == NULL) {

            /* the end of the results of one command */

            if (session->slots[session->first].stream) {
                ngx_order_pg_query_finish(session);

            } else if (++nothing > 2) {
                return PQstatus(session->conn) == CONNECTION_BAD ? NGX_OK
                                                                 : NGX_ERROR;
            }

            continue;
        }

        nothing = 0;
        rows++;

        if (ngx_order_pg_query_result(session, result) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_pg_query_result(ngx_order_pg_session_t *session, PGresult *result)
{
    ngx_order_pg_slot_t  *slot;

    slot = &session->slots[session->first];

    switch (PQresultStatus(result)) {

    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        ngx_order_pg_query_finish(session);
        return NGX_OK;

    case PGRES_PIPELINE_ABORTED:
        PQclear(result);
        return NGX_OK;

    case PGRES_BAD_RESPONSE:
    case PGRES_FATAL_ERROR:
        ngx_order_pg_query_error(session, result);
        return NGX_OK;

    case PGRES_COPY_OUT:
        PQclear(result);

        if (!slot->stream) {
            return NGX_ERROR;
        }

        session->copying = 1;
        session->copy->header = 0;
        return NGX_OK;

    case PGRES_COPY_IN:
    case PGRES_COPY_BOTH:
        PQclear(result);
        return NGX_ERROR;

    default:
        break;
    }

    if (slot->ahead) {
        slot->ahead = 0;
        PQclear(result);
        return NGX_OK;
    }

    if (slot->parsing) {
        slot->parsing = 0;
        PQclear(result);
        return NGX_OK;
    }

    if (slot->query == NULL) {
        PQclear(result);
        return NGX_OK;
    }

    ngx_order_pg_query_free(slot->query);
    slot->query->result = result;

    if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
        return ngx_order_pg_row(session);
    }

    slot->complete = 1;

    return NGX_OK;
}


/*
 * An error means that the transaction is rolled back, but for one that ends
 * the session when the rows have come and the commit may have been made.
 * libpq's own errors have no SQLSTATE: the connection is broken, the query's
 * fate is unknown.
 */

static void
ngx_order_pg_query_error(ngx_order_pg_session_t *session, PGresult *result)
{
    char                  *sqlstate, *severity;
    ngx_order_pg_slot_t   *slot;
    ngx_order_pg_query_t  *query;

    slot = &session->slots[session->first];
    query = slot->query;

    sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (sqlstate == NULL || ngx_strlen(sqlstate) != 5
        || severity == NULL
        || (slot->complete && ngx_strcmp(severity, "ERROR") != 0))
    {
        PQclear(result);
        return;
    }

    ngx_memcpy(slot->sqlstate, sqlstate, 6);

    if (query == NULL) {
        PQclear(result);
        return;
    }

    ngx_order_pg_query_free(query);

    query->result = result;
    query->status = NGX_ORDER_PG_REFUSED;

    ngx_memcpy(query->sqlstate, sqlstate, 6);
    ngx_order_pg_query_text(&query->message, result, PG_DIAG_MESSAGE_PRIMARY);
    ngx_order_pg_query_text(&query->detail, result, PG_DIAG_MESSAGE_DETAIL);
}


static void
ngx_order_pg_query_text(ngx_str_t *text, const PGresult *result, int field)
{
    char  *p;

    p = PQresultErrorField(result, field);

    text->data = (u_char *) (p ? p : "");
    text->len = p ? ngx_strlen(p) : 0;
}


static void
ngx_order_pg_query_finish(ngx_order_pg_session_t *session)
{
    ngx_uint_t             again;
    ngx_order_pg_slot_t    slot;
    ngx_order_pg_query_t  *query;

    slot = session->slots[session->first];
    query = slot.query;

    session->slots[session->first].query = NULL;
    session->first = (session->first + 1) % NGX_ORDER_PG_DEPTH;
    session->inflight--;

    if (session->inflight == 0) {
        session->exclusive = 0;
        session->connection->idle = 1;
    }

    ngx_order_pg_session_count(session);

    if (slot.stream) {
        session->streamed = 1;
        (void) PQenterPipelineMode(session->conn);
    }

    ngx_order_pg_session_clock(session);

    again = slot.sqlstate[0] ? ngx_order_pg_query_remedy(session, &slot) : 0;

    if (query == NULL) {
        if (!session->conf->standby) {
            ngx_order_pg_count(session->lanes != 0, slot.statement,
                               slot.sqlstate[0] ? NGX_ORDER_PG_REFUSED
                                                : NGX_ORDER_PG_OK,
                               slot.began);
        }

        ngx_order_pg_outbox_post(session->outbox);
        return;
    }

    if (again && query->retried < NGX_ORDER_PG_RETRIES
        && !session->retiring)
    {
        ngx_order_pg_query_free(query);
        query->retried++;
        ngx_order_pg_query_send(session, query);
        return;
    }

    ngx_order_pg_answer(session->outbox, query,
                        query->status == NGX_ORDER_PG_LOST && slot.complete
                        && !slot.alone && !ngx_order_pg_fenced(session)
                        ? NGX_ORDER_PG_OK : query->status);
}


/* returns whether it is worth to send the query again */

static ngx_uint_t
ngx_order_pg_query_remedy(ngx_order_pg_session_t *session,
    const ngx_order_pg_slot_t *slot)
{
    const ngx_order_pg_sqlstate_t    *known;
    const ngx_order_pg_statement_t  **prepared;

    prepared = ngx_order_pg_query_prepared(session, slot->statement);

    if (slot->parsing && prepared && *prepared) {
        *prepared = &ngx_order_pg_removed;
    }

    for (known = ngx_order_pg_sqlstates; known->sqlstate; known++) {
        if (ngx_strncmp(slot->sqlstate, known->sqlstate, known->len) == 0) {
            break;
        }
    }

    if (known->sqlstate == NULL) {
        return 0;
    }

    switch (known->remedy) {

    case NGX_ORDER_PG_RETIRE:
        ngx_sprintf(session->reason, "the server answered %s%Z",
                    slot->sqlstate);
        session->retiring = 1;
        return 0;

    case NGX_ORDER_PG_PREPARE:
        if (prepared && *prepared) {
            *prepared = &ngx_order_pg_removed;
        }

        return 1;

    case NGX_ORDER_PG_PREPARED:
        if (prepared && slot->parsing) {
            *prepared = slot->statement;
        }

        return slot->parsing;
    }

    return 0;
}


/* what was read from the result goes with it */

void
ngx_order_pg_query_free(ngx_order_pg_query_t *query)
{
    query->sqlstate[0] = '\0';
    ngx_str_set(&query->message, "");
    ngx_str_set(&query->detail, "");

    if (query->result) {
        PQclear(query->result);
        query->result = NULL;
    }
}


ngx_uint_t
ngx_order_pg_rows(const ngx_order_pg_query_t *query)
{
    if (query->result) {
        return PQntuples(query->result);
    }

    return query->stage == NGX_ORDER_PG_SENT;
}


ngx_uint_t
ngx_order_pg_columns(const ngx_order_pg_query_t *query)
{
    if (query->result) {
        return PQnfields(query->result);
    }

    return query->stage == NGX_ORDER_PG_SENT ? query->session->copy->ncolumns
                                             : 0;
}


ngx_int_t
ngx_order_pg_value(const ngx_order_pg_query_t *query, ngx_uint_t row,
    ngx_uint_t column, ngx_str_t *value)
{
    if (query->result == NULL) {
        *value = query->session->copy->columns[column];
        return value->data ? NGX_OK : NGX_DECLINED;
    }

    if (PQgetisnull(query->result, (int) row, (int) column)) {
        return NGX_DECLINED;
    }

    value->data = (u_char *) PQgetvalue(query->result, (int) row,
                                        (int) column);
    value->len = PQgetlength(query->result, (int) row, (int) column);

    return NGX_OK;
}
