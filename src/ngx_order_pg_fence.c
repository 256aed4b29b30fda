
/*
 * The fence: no server whose timeline is older than one that was seen.
 *
 * Each promotion of a standby raises the timeline.  A primary that was left
 * behind, and does not know, still says that it takes writes; whoever has
 * seen its successor does not believe it.  So a session asks for the timeline
 * before it is of use to anybody, the newest of all is kept for all workers,
 * and sessions that are older than that are closed: what they answer does not
 * count.
 */


#include <ngx_order_pg_int.h>
#include <libpq-fe.h>


static ngx_int_t ngx_order_pg_fence_result(ngx_order_pg_session_t *session,
    const PGresult *result);
static void ngx_order_pg_fence_raise(ngx_atomic_t *fence,
    ngx_atomic_uint_t timeline);


void
ngx_order_pg_fence_ask(ngx_order_pg_session_t *session)
{
    ngx_order_pg_session_turn(session, NGX_ORDER_PG_PROVING);
    session->timeline = 0;

    if (PQsendQueryParams(session->conn, "select epoch from api.position()",
                          0, NULL, NULL, NULL, NULL, 1)
        != 1
        || PQpipelineSync(session->conn) != 1)
    {
        ngx_order_pg_session_failed(session);
        return;
    }

    ngx_order_pg_session_flush(session);
}


/* a standby has no timeline of its own, and is not asked for writes */

void
ngx_order_pg_fence_read(ngx_order_pg_session_t *session)
{
    char        text[NGX_ORDER_PG_REASON];
    PGresult   *result;
    ngx_int_t   rc;

    if (PQconsumeInput(session->conn) != 1) {
        ngx_order_pg_session_failed(session);
        return;
    }

    rc = NGX_AGAIN;

    while (rc == NGX_AGAIN && !PQisBusy(session->conn)) {
        result = PQgetResult(session->conn);
        rc = result ? ngx_order_pg_fence_result(session, result) : NGX_AGAIN;
        PQclear(result);

        if (PQstatus(session->conn) == CONNECTION_BAD) {
            rc = NGX_ERROR;
        }
    }

    if (rc == NGX_AGAIN) {
        return;
    }

    if (rc == NGX_ERROR) {
        ngx_order_pg_session_failed(session);
        return;
    }

    ngx_order_pg_fence_raise(session->conf->fence, session->timeline);

    if (!ngx_order_pg_fenced(session)) {
        ngx_order_pg_session_admit(session);
        return;
    }

    ngx_sprintf((u_char *) text, "timeline %uD is older than %uA, which was "
                "seen: not used%Z", session->timeline,
                *session->conf->fence);

    ngx_order_pg_session_cut(session);
    ngx_order_pg_connect_next(session, text);
}


/* class 42: the schema is older than the module, and there is no fence yet */

static ngx_int_t
ngx_order_pg_fence_result(ngx_order_pg_session_t *session,
    const PGresult *result)
{
    char    *sqlstate;
    u_char  *p;

    switch (PQresultStatus(result)) {

    case PGRES_PIPELINE_SYNC:
        return NGX_OK;

    case PGRES_TUPLES_OK:
        if (PQntuples(result) == 1 && PQgetlength(result, 0, 0) == 4) {
            p = (u_char *) PQgetvalue(result, 0, 0);
            session->timeline = (uint32_t) p[0] << 24 | p[1] << 16
                                | p[2] << 8 | p[3];
        }

        return NGX_AGAIN;

    case PGRES_FATAL_ERROR:
        sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

        return sqlstate && ngx_strncmp(sqlstate, "42", 2) == 0 ? NGX_AGAIN
                                                               : NGX_ERROR;

    default:
        return NGX_ERROR;
    }
}


static void
ngx_order_pg_fence_raise(ngx_atomic_t *fence, ngx_atomic_uint_t timeline)
{
    ngx_atomic_uint_t  seen;

    do {
        seen = *fence;
    } while (timeline > seen && !ngx_atomic_cmp_set(fence, seen, timeline));
}


ngx_uint_t
ngx_order_pg_fenced(const ngx_order_pg_session_t *session)
{
    return session->conf->fence && session->timeline
           && session->timeline < *session->conf->fence;
}


void
ngx_order_pg_fence_close(ngx_order_pg_session_t *session)
{
    if (session->state != NGX_ORDER_PG_READY) {
        return;
    }

    ngx_sprintf(session->reason, "another server has a newer timeline%Z");
    session->retiring = 1;

    if (session->inflight == 0) {
        ngx_order_pg_session_drop(session, (char *) session->reason);
    }
}
