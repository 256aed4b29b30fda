
/*
 * SQLSTATE -> problem, by a table.
 */


#include <ngx_http_order_refused.h>


typedef struct {
    char                             sqlstate[6];
    ngx_http_order_problem_t         problem;
} ngx_http_order_refusal_t;


static ngx_str_t ngx_http_order_refused_members(const ngx_str_t *detail);


#define ngx_http_order_row(state, status, code, title, action, retry, after) \
    { state, { status, ngx_string(code), ngx_string(title),                  \
               ngx_null_string, ngx_string(action), retry, after } }

/* SQLSTATE, status, code, title, suggestedAction, canRetry, Retry-After */

static const ngx_http_order_refusal_t  ngx_http_order_refusals[] = {

    ngx_http_order_row("OM001", 404, "NOT_FOUND", "Not Found",
                       "Check the id", 0, 0),

    ngx_http_order_row("OM002", 403, "FORBIDDEN", "Forbidden",
                       "Sign in as somebody who may", 0, 0),

    ngx_http_order_row("OM003", 409, "TRANSITION_NOT_ALLOWED", "Conflict",
                       "Choose one of allowed_transitions", 0, 0),

    ngx_http_order_row("OM004", 400, "INVALID_INPUT", "Bad Request",
                       "Correct the fields that \"errors\" names", 0, 0),

    ngx_http_order_row("OM005", 400, "CART_EMPTY", "Bad Request",
                       "Add something to the cart", 0, 0),

    ngx_http_order_row("OM006", 400, "SEVERAL_STORES", "Bad Request",
                       "Order from one store at a time", 0, 0),

    ngx_http_order_row("OM007", 409, "INSUFFICIENT_INVENTORY", "Conflict",
                       "Order fewer, or something else", 0, 0),

    ngx_http_order_row("OM008", 409, "LISTING_UNAVAILABLE", "Conflict",
                       "Browse similar items", 0, 0),

    ngx_http_order_row("OM009", 412, "VERSION_MISMATCH",
                       "Precondition Failed",
                       "Read the order again and repeat", 1, 0),

    ngx_http_order_row("OM010", 422, "IDEMPOTENCY_KEY_REUSED",
                       "Unprocessable Content",
                       "Use a new Idempotency-Key", 0, 0),

    ngx_http_order_row("OM011", 409, "IDEMPOTENCY_IN_PROGRESS", "Conflict",
                       "Repeat in a moment", 1, 1),

    ngx_http_order_row("OM012", 401, "BAD_CREDENTIALS", "Unauthorized",
                       "Check e-mail and password", 0, 0),

    ngx_http_order_row("OM013", 400, "UNKNOWN_STATUS", "Bad Request",
                       "Use a status of the order's workflow", 0, 0),

    ngx_http_order_row("OM014", 402, "PAYMENT_NOT_CONFIRMED",
                       "Payment Required",
                       "Verify payment status and retry", 1, 0),

    ngx_http_order_row("OM015", 409, "ALREADY_TAKEN", "Conflict",
                       "Choose another task", 0, 0),

    ngx_http_order_row("OM016", 409, "ORDER_FINAL", "Conflict",
                       "Look at the order's status", 0, 0),

    ngx_http_order_row("OM017", 409, "TOO_EARLY", "Conflict",
                       "Repeat later", 1, 60),

    ngx_http_order_row("OM018", 409, "TOO_MANY_ENDPOINTS", "Conflict",
                       "Delete one that is not used", 0, 0),

    ngx_http_order_row("OM019", 409, "ENDPOINT_DISABLED", "Conflict",
                       "Switch the endpoint on first", 0, 0),

    /* PostgreSQL's own */

    ngx_http_order_row("57014", 503, "DATABASE_TIMEOUT",
                       "Service Unavailable", "Repeat in a moment", 1, 2),

    ngx_http_order_row("57P01", 503, "DATABASE_UNAVAILABLE",
                       "Service Unavailable", "Repeat in a moment", 1, 2),

    ngx_http_order_row("57P02", 503, "DATABASE_UNAVAILABLE",
                       "Service Unavailable", "Repeat in a moment", 1, 2),

    ngx_http_order_row("57P03", 503, "DATABASE_UNAVAILABLE",
                       "Service Unavailable", "Repeat in a moment", 1, 2),

    ngx_http_order_row("25006", 503, "DATABASE_UNAVAILABLE",
                       "Service Unavailable", "Repeat in a moment", 1, 2),

    ngx_http_order_row("53300", 503, "DATABASE_UNAVAILABLE",
                       "Service Unavailable", "Repeat in a moment", 1, 2),

    ngx_http_order_row("40001", 503, "CONTENTION", "Service Unavailable",
                       "Repeat in a moment", 1, 1),

    ngx_http_order_row("40P01", 503, "CONTENTION", "Service Unavailable",
                       "Repeat in a moment", 1, 1),

    ngx_http_order_row("", 0, "", "", "", 0, 0)
};


ngx_int_t
ngx_http_order_refused(ngx_http_request_t *r,
    const ngx_order_pg_query_t *query, const ngx_http_order_problem_t *words)
{
    ngx_str_t                        members;
    ngx_http_order_problem_t         problem;
    const ngx_http_order_refusal_t  *refusal;

    for (refusal = ngx_http_order_refusals; refusal->sqlstate[0]; refusal++) {
        if (ngx_strcmp(refusal->sqlstate, query->sqlstate) == 0) {
            break;
        }
    }

    problem = refusal->problem;

    if (refusal->sqlstate[0] == 'O') {
        problem.message = query->message;
        members = ngx_http_order_refused_members(&query->detail);

        if (words && ngx_strcmp(refusal->sqlstate, "OM007") == 0) {
            ngx_http_order_reply_words(&problem, words);
        }

        return ngx_http_order_reply_problem(r, &problem, NULL, &members);
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "%V: %s %V",
                  &query->statement->name, query->sqlstate, &query->message);

    if (refusal->sqlstate[0]) {
        ngx_str_set(&problem.message, "The database could not do it; "
                                      "nothing was changed.");

    } else {
        problem = ngx_http_order_internal;
    }

    if (words) {
        problem.code = words->code;
        ngx_http_order_reply_words(&problem, words);
    }

    return ngx_http_order_reply_problem(r, &problem, NULL, NULL);
}


/* The detail of our own refusals is a JSON object: its inside goes along. */

static ngx_str_t
ngx_http_order_refused_members(const ngx_str_t *detail)
{
    ngx_str_t  members;

    members = *detail;

    if (members.len < 2 || members.data[0] != '{'
        || members.data[members.len - 1] != '}')
    {
        ngx_str_null(&members);
        return members;
    }

    members.data++;
    members.len -= 2;

    return members;
}


ngx_uint_t
ngx_http_order_refused_transient(const char *sqlstate)
{
    return ngx_strcmp(sqlstate, "40001") == 0
           || ngx_strcmp(sqlstate, "40P01") == 0;
}
