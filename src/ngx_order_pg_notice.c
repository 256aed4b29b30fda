
/*
 * What the server says beside its answers, and what is said of a session in
 * the log.
 */


#include <ngx_order_pg_int.h>
#include <libpq-fe.h>


static void ngx_order_pg_notice(void *data, const PGresult *result);


void
ngx_order_pg_notice_receive(ngx_order_pg_session_t *session)
{
    PQsetNoticeReceiver(session->conn, ngx_order_pg_notice, session);
}


/* libpq's messages have lines */

void
ngx_order_pg_notice_reason(ngx_order_pg_session_t *session,
    const char *text)
{
    u_char  *p, *last;

    p = session->reason;
    last = p + NGX_ORDER_PG_REASON - 1;

    for ( /* void */ ; *text && p < last; text++) {
        *p++ = (*text == '\n' || *text == '\t') ? ' ' : *text;
    }

    while (p > session->reason && p[-1] == ' ') {
        p--;
    }

    *p = '\0';
}


/*
 * A server that shuts down says why, and nobody may be waiting for it.
 *
 * A commit whose wait for the synchronous standby was cancelled is reported
 * as a success, with a warning: it is in no other place than this server, and
 * a fail-over may lose it.  The warning comes ahead of the answer's end.
 */

static void
ngx_order_pg_notice(void *data, const PGresult *result)
{
    char                    *severity, *message, *function;
    ngx_order_pg_session_t  *session;

    session = data;
    severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

    if (severity == NULL || message == NULL) {
        return;
    }

    if (session->inflight && function
        && ngx_strcmp(function, "SyncRepWaitForLSN") == 0)
    {
        session->slots[session->first].alone = 1;
    }

    if (ngx_strcmp(severity, "FATAL") == 0
        || ngx_strcmp(severity, "PANIC") == 0)
    {
        ngx_order_pg_notice_reason(session, message);
        return;
    }

    if (ngx_strcmp(severity, "WARNING") == 0) {
        ngx_log_error(NGX_LOG_WARN, &session->log, 0, "database: %s",
                      message);
    }
}


u_char *
ngx_order_pg_notice_log(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char                  *p;
    ngx_order_pg_session_t  *session;

    session = log->data;

    if (log->action) {
        p = ngx_snprintf(buf, len, " while %s", log->action);
        len -= p - buf;
        buf = p;
    }

    if (session->host == NULL) {
        return buf;
    }

    p = ngx_snprintf(buf, len, ", host: \"%V\"", &session->host->name);
    len -= p - buf;

    if (session->addr < session->naddrs) {
        p = ngx_snprintf(p, len, ", address: %s",
                         session->addrs[session->addr]);
    }

    return p;
}
