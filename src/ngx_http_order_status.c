
/*
 * The poll.
 *
 * A hit takes no lock and makes no system call of its own: the token is
 * looked up, the order is copied out of the table, the answer is written in
 * one piece.  What is not in the table, or may be out of date, is read from
 * the database; where that fails, a copy that is not too old is answered
 * still, and marked stale.
 */


#include <ngx_http_order_status.h>
#include <ngx_http_order_handler.h>
#include <ngx_http_order_count.h>
#include <ngx_http_order_direct.h>
#include <ngx_http_order_identity.h>
#include <ngx_http_order_push.h>


/* ETag, Cache-Control, X-Order-Cache and Age, as lines */
#define NGX_HTTP_ORDER_STATUS_LINES  (NGX_HTTP_ORDER_ETAG_LEN + 128)


typedef struct {
    ngx_order_fill_waiter_t   waiter;
    ngx_http_request_t       *request;
    ngx_order_record_t        record;      /* the copy that is out of date */
    ngx_msec_t                age;
    unsigned                  has_record:1;
    unsigned                  waiting:1;
} ngx_http_order_wait_t;


static ngx_int_t ngx_http_order_status_args(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);
static ngx_int_t ngx_http_order_status_get(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);
static ngx_int_t ngx_http_order_status_wait(ngx_http_request_t *r,
    const ngx_order_id_t *id, const ngx_str_t *number,
    const ngx_order_record_t *record, ngx_msec_t age);
static void ngx_http_order_status_cleanup(void *data);
static void ngx_http_order_status_filled(ngx_order_fill_waiter_t *waiter,
    ngx_order_pg_status_e status, const ngx_order_record_t *record,
    ngx_msec_t elapsed);
static ngx_int_t ngx_http_order_status_filled_answer(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, ngx_http_order_wait_t *wait,
    ngx_order_pg_status_e status, const ngx_order_record_t *record);
static ngx_int_t ngx_http_order_status_answer(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, const ngx_order_record_t *record,
    ngx_msec_t age);
static ngx_int_t ngx_http_order_status_direct(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, const ngx_order_record_t *record,
    const ngx_order_status_t *status, const ngx_str_t *etag,
    ngx_msec_t age);
static ngx_int_t ngx_http_order_status_chain(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, const ngx_order_record_t *record,
    const ngx_order_status_t *status, ngx_str_t *etag, ngx_msec_t age);


ngx_str_t  ngx_http_order_cache_names[] = {
    ngx_null_string,
    ngx_string("HIT"),
    ngx_string("MISS"),
    ngx_string("STALE"),
    ngx_string("EXPIRED")
};


static ngx_str_t  ngx_http_order_cache_control =
    ngx_string("private, no-cache");


/*
 * With many orders the time of a hit is the memory's: what a poll will read is
 * asked for here, and comes while nginx looks for the location.
 */

ngx_int_t
ngx_http_order_status_expect(ngx_http_request_t *r)
{
    size_t                             len;
    u_char                            *text;
    ngx_order_id_t                     id;
    ngx_http_order_ctx_t              *ctx;
    const ngx_http_order_loc_conf_t   *olcf;
    const ngx_http_order_main_conf_t  *omcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);
    len = sizeof(NGX_HTTP_ORDER_STATUS_PATH) - 1;

    if (olcf->verifier.keys == NULL
        || r->uri.len != len + NGX_ORDER_ID_TEXT
        || ngx_memcmp(r->uri.data, NGX_HTTP_ORDER_STATUS_PATH, len) != 0)
    {
        return NGX_DECLINED;
    }

    text = r->uri.data + len;

    if (ngx_order_id_parse(&id, text, NGX_ORDER_ID_TEXT) != NGX_OK) {
        return NGX_DECLINED;
    }

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);
    ngx_order_cache_prefetch(omcf->zone->cache, &id);

    ctx = ngx_http_order_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->id = id;
    ctx->expected = text;
    ngx_http_order_identity_expect(r, ctx);

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_order_status_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx)
{
    ngx_int_t                          rc;
    ngx_str_t                         *param;
    const ngx_http_order_problem_t    *problem;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);
    param = &ctx->params[0];

    if (param->data == ctx->expected
        || ngx_order_id_parse(&ctx->id, param->data, param->len) == NGX_OK)
    {
        ctx->has_id = 1;
        ngx_order_cache_prefetch_entry(omcf->zone->cache, &ctx->id);
    }

    if (ctx->printed.data) {
        ngx_order_token_prefetch(omcf->zone->verified, &ctx->print);
    }

    problem = ngx_http_order_refusal(r, ctx);
    if (problem) {
        return ngx_http_order_reply_problem(r, problem, NULL, NULL);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (r->args.len) {
        rc = ngx_http_order_status_args(r, ctx);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (ctx->has_id) {
        return ngx_http_order_status_get(r, ctx);
    }

    if (ngx_order_number_check(param->data, param->len) != NGX_OK) {
        return ngx_http_order_reply_problem(r, &ngx_http_order_not_found,
                                            NULL, NULL);
    }

    if (ngx_order_cache_alias_get(omcf->zone->cache, param, &ctx->id)
        == NGX_OK)
    {
        ctx->has_id = 1;
        return ngx_http_order_status_get(r, ctx);
    }

    ctx->cache = NGX_HTTP_ORDER_MISS;

    return ngx_http_order_status_wait(r, NULL, param, NULL, 0);
}


/* NGX_DECLINED: they are good */

static ngx_int_t
ngx_http_order_status_args(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx)
{
    ngx_order_input_t  input;

    switch (ngx_http_order_push_read_wait(r, ctx, &input)) {

    case NGX_OK:
        return NGX_DECLINED;

    case NGX_DECLINED:
        return ngx_http_order_reply_faults(r, &input.faults);

    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


static ngx_int_t
ngx_http_order_status_get(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx)
{
    ngx_msec_t                         age;
    ngx_order_record_t                 record;
    const ngx_http_order_loc_conf_t   *olcf;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);
    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);

    ctx->cache = ngx_http_order_status_look(omcf, olcf->stale, &ctx->id,
                                            &record, &age);
    switch (ctx->cache) {

    case NGX_HTTP_ORDER_MISS:
        return ngx_http_order_status_wait(r, &ctx->id, NULL, NULL, 0);

    case NGX_HTTP_ORDER_EXPIRED:
        return ngx_http_order_status_wait(r, &ctx->id, NULL, &record, age);

    default:
        break;
    }

    if (record.version == 0) {
        return ngx_http_order_reply_problem(r, &ngx_http_order_not_found,
                                            NULL, NULL);
    }

    return ngx_http_order_status_answer(r, ctx, &record, age);
}


ngx_http_order_cache_e
ngx_http_order_status_look(const ngx_http_order_main_conf_t *omcf,
    ngx_msec_t stale, const ngx_order_id_t *id, ngx_order_record_t *record,
    ngx_msec_t *age)
{
    ngx_int_t                  rc;
    ngx_msec_t                 filled, right;
    const ngx_order_shared_t  *shared;

    rc = ngx_order_cache_get(omcf->zone->cache, id, record, &filled);

    if (rc == NGX_DONE) {
        record->version = 0;
        return NGX_HTTP_ORDER_HIT;
    }

    if (rc == NGX_DECLINED) {
        return NGX_HTTP_ORDER_MISS;
    }

    shared = omcf->zone->shared;

    /* nobody has read the texts yet: they come ahead of the order */

    if (omcf->labels->stamp == 0 && shared->labels_stamp == 0) {
        return NGX_HTTP_ORDER_MISS;
    }

    /* the record is right as of the later of these two */

    right = shared->fresh;

    if ((ngx_msec_int_t) (filled - right) > 0) {
        right = filled;
    }

    *age = ngx_current_msec - right;

    if ((ngx_msec_int_t) *age < 0) {
        *age = 0;
    }

    if (record->epoch < shared->epoch
        || (ngx_msec_int_t) (filled - shared->valid) < 0
        || *age > stale)
    {
        *age = ngx_current_msec - filled;
        return NGX_HTTP_ORDER_EXPIRED;
    }

    return *age <= omcf->feed_timeout ? NGX_HTTP_ORDER_HIT
                                      : NGX_HTTP_ORDER_STALE;
}


ngx_int_t
ngx_http_order_status_again(ngx_http_request_t *r)
{
    ngx_http_order_ctx_t             *ctx;
    const ngx_http_order_loc_conf_t  *olcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_order_module);
    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);

    if (ctx->identity.expires <= ngx_time() - olcf->verifier.leeway) {
        return ngx_http_order_reply_problem(r, &ngx_http_order_bad_token,
                                            NULL, NULL);
    }

    return ngx_http_order_status_get(r, ctx);
}


static ngx_int_t
ngx_http_order_status_wait(ngx_http_request_t *r, const ngx_order_id_t *id,
    const ngx_str_t *number, const ngx_order_record_t *record,
    ngx_msec_t age)
{
    ngx_http_cleanup_t                *cln;
    ngx_http_order_wait_t             *wait;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);

    wait = ngx_pcalloc(r->pool, sizeof(ngx_http_order_wait_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (wait == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    wait->request = r;
    wait->waiter.handler = ngx_http_order_status_filled;
    wait->waiter.data = wait;
    wait->age = age;

    if (record) {
        wait->record = *record;
        wait->has_record = 1;
    }

    if (ngx_order_fill_wait(omcf->fill, id, number, &wait->waiter)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    wait->waiting = 1;
    cln->handler = ngx_http_order_status_cleanup;
    cln->data = wait;

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_DONE;
}


static void
ngx_http_order_status_cleanup(void *data)
{
    ngx_http_order_wait_t *wait = data;

    if (wait->waiting) {
        wait->waiting = 0;
        ngx_order_fill_cancel(&wait->waiter);
    }
}


static void
ngx_http_order_status_filled(ngx_order_fill_waiter_t *waiter,
    ngx_order_pg_status_e status, const ngx_order_record_t *record,
    ngx_msec_t elapsed)
{
    ngx_int_t               rc;
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_http_order_ctx_t   *ctx;
    ngx_http_order_wait_t  *wait;

    wait = waiter->data;
    wait->waiting = 0;

    r = wait->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ctx = ngx_http_order_ctx(r);
    ctx->db_time = elapsed;
    ctx->has_db_time = 1;

    rc = ngx_http_order_status_filled_answer(r, ctx, wait, status, record);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_order_status_filled_answer(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, ngx_http_order_wait_t *wait,
    ngx_order_pg_status_e status, const ngx_order_record_t *record)
{
    const ngx_http_order_loc_conf_t  *olcf;

    if (status == NGX_ORDER_PG_OK) {

        if (record == NULL) {
            return ngx_http_order_reply_problem(r, &ngx_http_order_not_found,
                                                NULL, NULL);
        }

        ctx->id = record->id;
        ctx->has_id = 1;

        return ngx_http_order_status_answer(r, ctx, record, 0);
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);

    if (wait->has_record && wait->age <= olcf->stale) {
        ctx->cache = NGX_HTTP_ORDER_STALE;
        return ngx_http_order_status_answer(r, ctx, &wait->record,
                                            wait->age);
    }

    return ngx_http_order_reply_problem(r,
                                   ngx_http_order_reply_failure(status, 1),
                                   NULL, NULL);
}


static ngx_int_t
ngx_http_order_status_answer(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    const ngx_order_record_t *record, ngx_msec_t age)
{
    u_char                             tag[NGX_HTTP_ORDER_ETAG_LEN];
    ngx_int_t                          rc;
    ngx_str_t                          etag;
    const ngx_order_status_t          *status;
    const ngx_http_order_loc_conf_t   *olcf;
    const ngx_http_order_main_conf_t  *omcf;

    if (!ngx_order_may_see(&ctx->identity, record)) {
        return ngx_http_order_reply_problem(r, &ngx_http_order_forbidden,
                                            NULL, NULL);
    }

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);
    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);

    status = ngx_order_workflow_status(omcf->labels, omcf->zone->shared,
                                       record->status);
    if (status == NULL) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "status %ud is not known yet",
                      (ngx_uint_t) record->status);
        return ngx_http_order_reply_problem(r, &ngx_http_order_no_database,
                                            NULL, NULL);
    }

    etag.data = tag;
    etag.len = (size_t) (ngx_http_order_reply_etag(tag, record,
                                                   omcf->labels->stamp)
                         - tag);

    ctx->matched = ngx_http_order_reply_matches(r, &etag);

    if (ctx->matched) {
        rc = ngx_http_order_push_waits(r, ctx, record);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    ctx->age = age;
    ctx->has_age = 1;

    if (olcf->past_filters && ngx_http_order_direct_may(r)) {
        return ngx_http_order_status_direct(r, ctx, record, status, &etag,
                                            age);
    }

    return ngx_http_order_status_chain(r, ctx, record, status, &etag, age);
}


static ngx_int_t
ngx_http_order_status_direct(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    const ngx_order_record_t *record, const ngx_order_status_t *status,
    const ngx_str_t *etag, ngx_msec_t age)
{
    u_char     *p, *body, lines[NGX_HTTP_ORDER_STATUS_LINES];
    ngx_str_t   headers;

    p = ngx_cpymem(lines, "ETag: ", sizeof("ETag: ") - 1);
    p = ngx_cpymem(p, etag->data, etag->len);
    p = ngx_cpymem(p, CRLF "Cache-Control: private, no-cache"
                   CRLF "X-Order-Cache: ",
                   sizeof(CRLF "Cache-Control: private, no-cache"
                          CRLF "X-Order-Cache: ") - 1);
    p = ngx_cpymem(p, ngx_http_order_cache_names[ctx->cache].data,
                   ngx_http_order_cache_names[ctx->cache].len);
    p = ngx_cpymem(p, CRLF "Age: ", sizeof(CRLF "Age: ") - 1);
    p = ngx_order_integer_print(p, age / 1000);
    *p++ = CR;
    *p++ = LF;

    headers.data = lines;
    headers.len = (size_t) (p - lines);

    ngx_http_order_count_poll(ctx, ctx->matched ? NGX_HTTP_NOT_MODIFIED
                                                : NGX_HTTP_OK);

    body = ngx_pnalloc(r->pool, NGX_HTTP_ORDER_DIRECT_HEAD + headers.len + 2
                                + NGX_ORDER_WORKFLOW_BODY);
    if (body == NULL) {
        return NGX_ERROR;
    }

    body += NGX_HTTP_ORDER_DIRECT_HEAD + headers.len + 2;

    if (ctx->matched) {
        return ngx_http_order_direct_send(r, NGX_HTTP_NOT_MODIFIED, &headers,
                                          body, 0);
    }

    p = ngx_order_workflow_render(body, status, record);

    return ngx_http_order_direct_send(r, NGX_HTTP_OK, &headers, body,
                                      (size_t) (p - body));
}


static ngx_int_t
ngx_http_order_status_chain(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    const ngx_order_record_t *record, const ngx_order_status_t *status,
    ngx_str_t *etag, ngx_msec_t age)
{
    u_char     *p;
    ngx_str_t   body, tag, seconds;

    p = ngx_pnalloc(r->pool, etag->len + NGX_INT64_LEN
                             + NGX_ORDER_WORKFLOW_BODY);
    if (p == NULL) {
        return NGX_ERROR;
    }

    tag.data = p;
    tag.len = etag->len;
    p = ngx_cpymem(p, etag->data, etag->len);

    seconds.data = p;
    p = ngx_order_integer_print(p, age / 1000);
    seconds.len = (size_t) (p - seconds.data);

    if (ngx_http_order_reply_header(r, "ETag", &tag) != NGX_OK
        || ngx_http_order_reply_header(r, "Cache-Control",
                                       &ngx_http_order_cache_control)
           != NGX_OK
        || ngx_http_order_reply_header(r, "X-Order-Cache",
                                   &ngx_http_order_cache_names[ctx->cache])
           != NGX_OK
        || ngx_http_order_reply_header(r, "Age", &seconds) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->matched) {
        return ngx_http_order_reply_not_modified(r);
    }

    body.data = p;
    body.len = (size_t) (ngx_order_workflow_render(p, status, record) - p);

    return ngx_http_order_reply_json(r, NGX_HTTP_OK, &body);
}
