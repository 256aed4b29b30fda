
/*
 * Every endpoint but the poll.
 *
 * The changed orders that the function answers are in shared memory before
 * the client has its answer: so whoever asks next, of any worker, sees them.
 */


#include <ngx_http_order_call.h>
#include <ngx_http_order_handler.h>
#include <ngx_http_order_refused.h>
#include <ngx_http_order_args.h>
#include <ngx_http_order_identity.h>
#include <ngx_http_order_route.h>
#include <ngx_order_row.h>


#define NGX_HTTP_ORDER_REPEATS  3      /* of a deadlock's victim */

static void ngx_http_order_call_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_order_call_run(ngx_http_order_call_t *call);
static ngx_int_t ngx_http_order_call_send(ngx_http_order_call_t *call);
static void ngx_http_order_call_ticket(ngx_http_order_call_t *call,
    ngx_order_cache_t *cache);
static void ngx_http_order_call_cleanup(void *data);
static void ngx_http_order_call_done(ngx_order_pg_query_t *query);
static ngx_uint_t ngx_http_order_call_again(ngx_http_order_call_t *call);
static ngx_int_t ngx_http_order_call_finish(ngx_http_order_call_t *call);
static ngx_int_t ngx_http_order_call_failed(ngx_http_order_call_t *call);
static const ngx_http_order_problem_t *ngx_http_order_call_words(
    const ngx_http_order_call_t *call);
static void ngx_http_order_call_changes(ngx_http_order_call_t *call);
static ngx_int_t ngx_http_order_call_tag(ngx_http_order_call_t *call,
    ngx_uint_t *matches);
static ngx_int_t ngx_http_order_call_link(ngx_http_order_call_t *call);
static u_char *ngx_http_order_call_argument(u_char *p, const ngx_str_t *name,
    const ngx_str_t *value);


ngx_int_t
ngx_http_order_call_handler(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx)
{
    return ngx_http_order_call_start(r, ctx, NULL,
                                     ngx_http_order_call_answer);
}


ngx_int_t
ngx_http_order_call_start(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    ngx_http_order_check_pt check, ngx_http_order_answer_pt answer)
{
    ngx_int_t                        rc;
    ngx_http_order_call_t           *call;
    const ngx_http_order_problem_t  *problem;

    problem = ngx_http_order_refusal(r, ctx);
    if (problem) {
        return ngx_http_order_reply_problem(r, problem, NULL, NULL);
    }

    call = ngx_pcalloc(r->pool, sizeof(ngx_http_order_call_t));
    if (call == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->request = r;
    call->ctx = ctx;
    call->check = check;
    call->answer = answer;
    ctx->call = call;

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_order_call_body);

    if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        return ngx_http_order_reply_problem(r, &ngx_http_order_too_large,
                                            NULL, NULL);
    }

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


static void
ngx_http_order_call_body(ngx_http_request_t *r)
{
    ngx_http_order_ctx_t  *ctx;

    ctx = ngx_http_order_ctx(r);

    ngx_http_finalize_request(r, ngx_http_order_call_run(ctx->call));
}


static ngx_int_t
ngx_http_order_call_run(ngx_http_order_call_t *call)
{
    ngx_int_t                        rc;
    const ngx_http_order_problem_t  *problem;

    rc = ngx_http_order_args_read(call, &problem);

    if (rc == NGX_OK) {
        return ngx_http_order_call_send(call);
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (problem == &ngx_http_order_bad_input) {
        return ngx_http_order_reply_faults(call->request,
                                           &call->input.faults);
    }

    return ngx_http_order_reply_problem(call->request, problem, NULL, NULL);
}


static ngx_int_t
ngx_http_order_call_send(ngx_http_order_call_t *call)
{
    ngx_http_cleanup_t                *cln;
    ngx_http_request_t                *r;
    const ngx_http_order_main_conf_t  *omcf;

    r = call->request;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_order_call_cleanup;
    cln->data = call;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);

    ngx_http_order_call_ticket(call, omcf->zone->cache);

    call->query.statement = &call->ctx->route->statement;
    call->query.handler = ngx_http_order_call_done;
    call->query.data = call;
    call->query.log = r->connection->log;
    call->running = 1;

    r->main->count++;

    if (omcf->replica && (call->ctx->route->flags & NGX_HTTP_ORDER_REPLICA)) {
        ngx_order_replica_query(omcf->replica, &call->read, &call->query);

    } else {
        ngx_order_pg_query(omcf->pg, &call->query);
    }

    return NGX_DONE;
}


/*
 * A call that changes an order by its id takes the order's ticket along, so
 * that the new version can be installed.
 */

static void
ngx_http_order_call_ticket(ngx_http_order_call_t *call,
    ngx_order_cache_t *cache)
{
    ngx_str_t                *value;
    ngx_uint_t                i;
    const ngx_order_field_t  *field;

    if (call->ctx->route->method == NGX_HTTP_GET) {
        return;
    }

    field = call->ctx->route->fields;

    for (i = 0; field[i].name.len; i++) {

        value = &call->input.values[i];

        if (field[i].type == NGX_ORDER_UUID_OR_NUMBER
            && ngx_order_id_parse(&call->id, value->data, value->len)
               == NGX_OK)
        {
            call->ticket = ngx_order_cache_ticket(cache, &call->id);
            call->has_ticket = 1;
            return;
        }
    }
}


static void
ngx_http_order_call_cleanup(void *data)
{
    ngx_http_order_call_t *call = data;

    if (call->running) {
        call->running = 0;
        ngx_order_replica_cancel(&call->read);
        ngx_order_pg_cancel(&call->query);
    }
}


static void
ngx_http_order_call_done(ngx_order_pg_query_t *query)
{
    ngx_connection_t                  *c;
    ngx_http_order_call_t             *call;
    const ngx_http_order_main_conf_t  *omcf;

    call = query->data;
    c = call->request->connection;

    ngx_http_set_log_request(c->log, call->request);

    if (ngx_http_order_call_again(call)) {
        omcf = ngx_http_get_module_main_conf(call->request,
                                             ngx_http_order_module);
        ngx_order_pg_query(omcf->pg, query);
        return;
    }

    call->running = 0;
    call->ctx->db_time = query->elapsed;
    call->ctx->has_db_time = 1;

    ngx_http_finalize_request(call->request,
                              ngx_http_order_call_finish(call));
    ngx_http_run_posted_requests(c);
}


/*
 * The victim of a deadlock or of a serialization failure did nothing, and a
 * read changes nothing: both are repeated here.
 */

static ngx_uint_t
ngx_http_order_call_again(ngx_http_order_call_t *call)
{
    if (call->repeats == NGX_HTTP_ORDER_REPEATS) {
        return 0;
    }

    if (call->query.status == NGX_ORDER_PG_REFUSED
        && ngx_http_order_refused_transient(call->query.sqlstate))
    {
        call->repeats++;
        return 1;
    }

    if (call->query.status == NGX_ORDER_PG_LOST
        && call->ctx->route->method == NGX_HTTP_GET)
    {
        call->repeats = NGX_HTTP_ORDER_REPEATS;
        return 1;
    }

    return 0;
}


static ngx_int_t
ngx_http_order_call_finish(ngx_http_order_call_t *call)
{
    switch (call->query.status) {

    case NGX_ORDER_PG_OK:

        if (ngx_order_pg_rows(&call->query) == 0) {
            ngx_log_error(NGX_LOG_ALERT, call->request->connection->log, 0,
                          "%V answered no row",
                          &call->query.statement->name);
            return ngx_http_order_reply_problem(call->request,
                                                &ngx_http_order_internal,
                                                NULL, NULL);
        }

        return call->answer(call);

    case NGX_ORDER_PG_REFUSED:
        return ngx_http_order_refused(call->request, &call->query,
                                      ngx_http_order_call_words(call));

    default:
        return ngx_http_order_call_failed(call);
    }
}


/* An outcome that is not known: says whether repeating is safe. */

static ngx_int_t
ngx_http_order_call_failed(ngx_http_order_call_t *call)
{
    ngx_http_order_problem_t           named;
    const ngx_http_order_route_t      *route;
    const ngx_http_order_problem_t    *problem, *words;
    const ngx_http_order_main_conf_t  *omcf;

    route = call->ctx->route;
    words = ngx_http_order_call_words(call);
    problem = ngx_http_order_reply_failure(call->query.status,
                                           route->method == NGX_HTTP_GET);

    if (problem == &ngx_http_order_unknown_outcome) {

        /* it may have been committed: then nobody else tells the others */

        omcf = ngx_http_get_module_main_conf(call->request,
                                             ngx_http_order_module);
        ngx_order_bell_ring(omcf->bell);

        if ((route->flags & NGX_HTTP_ORDER_KEYED)
            && call->input.values[0].data)
        {
            problem = &ngx_http_order_repeat_outcome;
        }
    }

    named = *problem;

    if (words) {
        named.code = words->code;

        if (call->query.status != NGX_ORDER_PG_TIMEOUT
            && call->query.status != NGX_ORDER_PG_LOST)
        {
            ngx_http_order_reply_words(&named, words);
        }
    }

    return ngx_http_order_reply_problem(call->request, &named, NULL, NULL);
}


/* what to say of a failure of the database, where the route has words */

static const ngx_http_order_problem_t *
ngx_http_order_call_words(const ngx_http_order_call_t *call)
{
    return (call->ctx->route->flags & NGX_HTTP_ORDER_PAID)
               ? &ngx_http_order_not_created : NULL;
}


ngx_int_t
ngx_http_order_call_answer(ngx_http_order_call_t *call)
{
    ngx_str_t                      body, yes;
    ngx_uint_t                     status, matches;
    ngx_order_pg_query_t          *query;
    const ngx_http_order_route_t  *route;

    query = &call->query;
    route = call->ctx->route;

    ngx_http_order_call_changes(call);

    status = (ngx_uint_t) ngx_order_row_integer(query, 0,
                                       NGX_HTTP_ORDER_ANSWER_STATUS,
                                       NGX_HTTP_INTERNAL_SERVER_ERROR);

    if (ngx_order_row_integer(query, 0, NGX_HTTP_ORDER_ANSWER_REPLAYED, 0)) {
        ngx_str_set(&yes, "true");

        if (ngx_http_order_reply_header(call->request,
                                        "Idempotent-Replayed", &yes)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if ((route->flags & NGX_HTTP_ORDER_LISTED)
        && ngx_http_order_call_link(call) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (route->flags & NGX_HTTP_ORDER_TAGGED) {
        if (ngx_http_order_call_tag(call, &matches) != NGX_OK) {
            return NGX_ERROR;
        }

        if (matches && route->method == NGX_HTTP_GET) {
            return ngx_http_order_reply_not_modified(call->request);
        }
    }

    /* the answer may outlive the query: it is sent from the pool */

    body = ngx_order_row_text(query, 0, NGX_HTTP_ORDER_ANSWER_BODY);

    if (body.len) {
        body.data = ngx_pstrdup(call->request->pool, &body);
        if (body.data == NULL) {
            return NGX_ERROR;
        }
    }

    return ngx_http_order_reply_json(call->request, status, &body);
}


/*
 * Nobody may see an older version after this answer: a read's record replaces
 * an older one too, but is not installed where there is none.
 */

static void
ngx_http_order_call_changes(ngx_http_order_call_t *call)
{
    ngx_uint_t                         row, rows, changed;
    ngx_order_record_t                 record;
    const ngx_order_ticket_t          *ticket;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(call->request,
                                         ngx_http_order_module);
    rows = ngx_order_pg_rows(&call->query);
    changed = 0;

    for (row = 0; row < rows; row++) {

        if (ngx_order_row_record(&call->query, row,
                                 NGX_HTTP_ORDER_ANSWER_RECORD, &record)
            != NGX_OK)
        {
            continue;
        }

        if (row == 0) {
            call->ctx->id = record.id;
            call->ctx->has_id = 1;
        }

        ticket = NULL;

        if (call->has_ticket && ngx_order_id_eq(&call->id, &record.id)) {
            ticket = &call->ticket;
        }

        ngx_order_cache_change(omcf->zone->cache, &record, ticket);
        changed = 1;
    }

    if (changed && call->ctx->route->method != NGX_HTTP_GET) {
        ngx_order_bell_ring(omcf->bell);
    }
}


static ngx_int_t
ngx_http_order_call_tag(ngx_http_order_call_t *call, ngx_uint_t *matches)
{
    u_char                            *p;
    ngx_str_t                          etag, control;
    ngx_order_record_t                 record;
    const ngx_http_order_main_conf_t  *omcf;

    *matches = 0;

    if (ngx_order_row_record(&call->query, 0, NGX_HTTP_ORDER_ANSWER_RECORD,
                             &record)
        != NGX_OK)
    {
        return NGX_OK;
    }

    p = ngx_pnalloc(call->request->pool, NGX_HTTP_ORDER_ETAG_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    omcf = ngx_http_get_module_main_conf(call->request,
                                         ngx_http_order_module);
    ngx_order_workflow_update(omcf->labels, omcf->zone->shared);

    etag.data = p;
    etag.len = (size_t) (ngx_http_order_reply_etag(p, &record,
                                                   omcf->labels->stamp)
                         - p);

    *matches = ngx_http_order_reply_matches(call->request, &etag);

    ngx_str_set(&control, "private, no-cache");

    if (ngx_http_order_reply_header(call->request, "ETag", &etag) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_order_reply_header(call->request, "Cache-Control",
                                       &control);
}


/* Link: <path?cursor=...&limit=...>; rel="next" (RFC 8288) */

static ngx_int_t
ngx_http_order_call_link(ngx_http_order_call_t *call)
{
    u_char                   *p;
    size_t                    len;
    ngx_str_t                 cursor, link;
    ngx_uint_t                i;
    ngx_http_request_t       *r;
    const ngx_order_field_t  *field;

    r = call->request;
    field = call->ctx->route->fields;

    cursor = ngx_order_row_text(&call->query, 0,
                                NGX_HTTP_ORDER_ANSWER_CURSOR);
    if (cursor.len == 0) {
        return NGX_OK;
    }

    len = sizeof("<?cursor=>; rel=\"next\"") + r->uri.len + 3 * cursor.len;

    for (i = 0; field[i].name.len; i++) {
        len += field[i].name.len + 2 + 3 * call->input.values[i].len;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    link.data = p;
    p = ngx_sprintf(p, "<%V?cursor=", &r->uri);
    p = (u_char *) ngx_escape_uri(p, cursor.data, cursor.len,
                                  NGX_ESCAPE_URI_COMPONENT);

    for (i = 0; field[i].name.len; i++) {
        if (field[i].in == NGX_ORDER_IN_QUERY) {
            p = ngx_http_order_call_argument(p, &field[i].name,
                                             &call->input.values[i]);
        }
    }

    p = ngx_sprintf(p, ">; rel=\"next\"");
    link.len = (size_t) (p - link.data);

    return ngx_http_order_reply_header(r, "Link", &link);
}


/* the arguments of this request stay, but for its cursor */

static u_char *
ngx_http_order_call_argument(u_char *p, const ngx_str_t *name,
    const ngx_str_t *value)
{
    if (value->data == NULL
        || (name->len == sizeof("cursor") - 1
            && ngx_strncmp(name->data, "cursor", name->len) == 0))
    {
        return p;
    }

    p = ngx_sprintf(p, "&%V=", name);

    return (u_char *) ngx_escape_uri(p, value->data, value->len,
                                     NGX_ESCAPE_URI_COMPONENT);
}
