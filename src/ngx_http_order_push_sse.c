
/*
 * Server-Sent Events (WHATWG HTML, 9.2): GET /api/orders/:id/events and
 * GET /api/events.
 *
 * Who may not is refused before the stream begins.  The header goes through
 * nginx's filters; what follows is written to the connection, in chunks where
 * the header said so.
 */


#include <ngx_http_order_push_int.h>
#include <ngx_http_order_args.h>
#include <ngx_http_order_count.h>
#include <ngx_http_order_fields.h>
#include <ngx_http_order_handler.h>
#include <ngx_http_order_route.h>
#include <ngx_http_order_status.h>


#define NGX_HTTP_ORDER_SSE_DRAIN  1024     /* bytes read at once */
#define NGX_HTTP_ORDER_SSE_READS  4        /* in one turn */


/* a stream that is about to begin */

struct ngx_http_order_stream_s {
    ngx_http_request_t       *request;
    ngx_order_fill_waiter_t   waiter;
    ngx_order_record_t        record;
    ngx_order_place_t         place;
    unsigned                  ordered:1;   /* it is of one order */
    unsigned                  placed:1;    /* it goes on behind the place */
    unsigned                  waiting:1;
};


static ngx_int_t ngx_http_order_sse_find(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, const ngx_str_t *name);
static ngx_int_t ngx_http_order_sse_wait(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, const ngx_order_id_t *id,
    const ngx_str_t *number);
static void ngx_http_order_sse_cleanup(void *data);
static void ngx_http_order_sse_filled(ngx_order_fill_waiter_t *waiter,
    ngx_order_pg_status_e status, const ngx_order_record_t *record,
    ngx_msec_t elapsed);
static ngx_int_t ngx_http_order_sse_found(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, const ngx_order_record_t *record);
static ngx_int_t ngx_http_order_sse_start(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);
static void ngx_http_order_sse_taken(ngx_http_request_t *r);
static u_char *ngx_http_order_sse_wrap(u_char *p, const ngx_str_t *event,
    const ngx_str_t *id, const ngx_str_t *json);
static u_char *ngx_http_order_sse_wrap_chunked(u_char *p,
    const ngx_str_t *event, const ngx_str_t *id, const ngx_str_t *json);
static void ngx_http_order_sse_read(ngx_http_order_client_t *client);
static void ngx_http_order_sse_beat(ngx_http_order_client_t *client);
static void ngx_http_order_sse_end(ngx_http_order_client_t *client,
    const ngx_http_order_end_t *end, ngx_msec_t retry);
static void ngx_http_order_sse_text(ngx_http_order_client_t *client,
    const u_char *text, size_t len);


const ngx_http_order_dress_t  ngx_http_order_sse = {
    ngx_http_order_sse_wrap,
    ngx_http_order_sse_read,
    ngx_http_order_sse_beat,
    ngx_http_order_sse_end,
    NULL,
    1, NGX_ORDER_SSE, 0
};

const ngx_http_order_dress_t  ngx_http_order_sse_chunked = {
    ngx_http_order_sse_wrap_chunked,
    ngx_http_order_sse_read,
    ngx_http_order_sse_beat,
    ngx_http_order_sse_end,
    NULL,
    2, NGX_ORDER_SSE, 0
};


ngx_int_t
ngx_http_order_events_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_str_t                       *id;
    ngx_order_input_t                input;
    ngx_http_order_stream_t         *stream;
    const ngx_http_order_problem_t  *problem;

    problem = ngx_http_order_refusal(r, ctx);
    if (problem) {
        return ngx_http_order_reply_problem(r, problem, NULL, NULL);
    }

    rc = ngx_http_order_args_get(r, ctx, &input);

    if (rc == NGX_DECLINED) {
        return ngx_http_order_reply_faults(r, &input.faults);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    stream = ngx_pcalloc(r->pool, sizeof(ngx_http_order_stream_t));
    if (stream == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    stream->request = r;
    ctx->stream = stream;

    id = &input.values[NGX_HTTP_ORDER_EVENTS_HEADER];

    if (id->data == NULL) {
        id = &input.values[NGX_HTTP_ORDER_PUSH_PLACE];
    }

    if (id->data) {
        stream->placed = 1;
        ngx_http_order_push_read_place(&stream->place, id);
    }

    if (ctx->route->fields == ngx_http_order_order_events_fields) {
        stream->ordered = 1;
        rc = ngx_http_order_sse_find(r, ctx,
                              &input.values[NGX_HTTP_ORDER_EVENTS_ORDER]);

    } else {
        rc = ngx_http_order_sse_start(r, ctx);
    }

    if (rc == NGX_DONE) {
        r->main->count++;
    }

    return rc;
}


static ngx_int_t
ngx_http_order_sse_find(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    const ngx_str_t *name)
{
    ngx_msec_t                         age;
    ngx_order_record_t                 record;
    ngx_http_order_cache_e             cache;
    const ngx_http_order_loc_conf_t   *olcf;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);
    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);

    if (ngx_order_id_parse(&ctx->id, name->data, name->len) != NGX_OK
        && ngx_order_cache_alias_get(omcf->zone->cache, name, &ctx->id)
           != NGX_OK)
    {
        ctx->cache = NGX_HTTP_ORDER_MISS;
        return ngx_http_order_sse_wait(r, ctx, NULL, name);
    }

    ctx->has_id = 1;

    cache = ngx_http_order_status_look(omcf, olcf->stale, &ctx->id, &record,
                                       &age);
    ctx->cache = cache;

    if (cache != NGX_HTTP_ORDER_HIT && cache != NGX_HTTP_ORDER_STALE) {
        return ngx_http_order_sse_wait(r, ctx, &ctx->id, NULL);
    }

    return ngx_http_order_sse_found(r, ctx, record.version ? &record : NULL);
}


static ngx_int_t
ngx_http_order_sse_wait(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    const ngx_order_id_t *id, const ngx_str_t *number)
{
    ngx_http_cleanup_t                *cln;
    ngx_http_order_stream_t           *stream;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);
    stream = ctx->stream;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    stream->waiter.handler = ngx_http_order_sse_filled;
    stream->waiter.data = stream;

    if (ngx_order_fill_wait(omcf->fill, id, number, &stream->waiter)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    stream->waiting = 1;
    cln->handler = ngx_http_order_sse_cleanup;
    cln->data = stream;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_DONE;
}


static void
ngx_http_order_sse_cleanup(void *data)
{
    ngx_http_order_stream_t *stream = data;

    if (stream->waiting) {
        stream->waiting = 0;
        ngx_order_fill_cancel(&stream->waiter);
    }
}


static void
ngx_http_order_sse_filled(ngx_order_fill_waiter_t *waiter,
    ngx_order_pg_status_e status, const ngx_order_record_t *record,
    ngx_msec_t elapsed)
{
    ngx_int_t                 rc;
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_order_ctx_t     *ctx;
    ngx_http_order_stream_t  *stream;

    stream = waiter->data;
    stream->waiting = 0;

    r = stream->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ctx = ngx_http_get_module_ctx(r, ngx_http_order_module);
    ctx->db_time = elapsed;
    ctx->has_db_time = 1;

    rc = status == NGX_ORDER_PG_OK
         ? ngx_http_order_sse_found(r, ctx, record)
         : ngx_http_order_reply_problem(r,
                                   ngx_http_order_reply_failure(status, 1),
                                   NULL, NULL);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_order_sse_found(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    const ngx_order_record_t *record)
{
    ngx_str_t                 empty;
    ngx_http_order_stream_t  *stream;

    if (record == NULL) {
        return ngx_http_order_reply_problem(r, &ngx_http_order_not_found,
                                            NULL, NULL);
    }

    if (!ngx_order_may_see(&ctx->identity, record)) {
        return ngx_http_order_reply_problem(r, &ngx_http_order_forbidden,
                                            NULL, NULL);
    }

    stream = ctx->stream;
    stream->record = *record;
    ctx->id = record->id;
    ctx->has_id = 1;

    /* all has been told: a browser takes 204 as "do not come back" */

    if (record->final && stream->placed
        && stream->place.epoch == record->epoch
        && stream->place.version == record->version)
    {
        ngx_str_null(&empty);
        return ngx_http_order_reply_json(r, NGX_HTTP_NO_CONTENT, &empty);
    }

    return ngx_http_order_sse_start(r, ctx);
}


/* Sends the header; the rest is done when this request's turn is over. */

static ngx_int_t
ngx_http_order_sse_start(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx)
{
    ngx_int_t                        rc;
    const ngx_http_order_problem_t  *problem;

    static ngx_str_t  control = ngx_string("no-store, no-transform");
    static ngx_str_t  no = ngx_string("no");

    problem = ngx_http_order_push_room(r, ctx);
    if (problem) {
        return ngx_http_order_reply_problem(r, problem, NULL, NULL);
    }

    r->keepalive = 0;
    r->gzip_tested = 1;
    r->gzip_ok = 0;

    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type, "text/event-stream");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    ngx_http_clear_content_length(r);

    if (ngx_http_order_reply_header(r, "Cache-Control", &control) != NGX_OK
        || ngx_http_order_reply_header(r, "X-Accel-Buffering", &no) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_order_count(r, NGX_HTTP_OK);

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR) {
        return NGX_ERROR;
    }

    r->write_event_handler = ngx_http_order_sse_taken;
    ngx_post_event(r->connection->write, &ngx_posted_events);

    return NGX_DONE;
}


static void
ngx_http_order_sse_taken(ngx_http_request_t *r)
{
    u_char                    text[64];
    ngx_int_t                 rc;
    ngx_http_order_ctx_t     *ctx;
    ngx_http_order_client_t  *client;
    ngx_http_order_stream_t   stream;

    ctx = ngx_http_get_module_ctx(r, ngx_http_order_module);
    stream = *ctx->stream;

    client = ngx_http_order_push_take(r, ctx, r->chunked
                                      ? &ngx_http_order_sse_chunked
                                      : &ngx_http_order_sse);
    if (client == NULL) {
        return;
    }

    ngx_http_order_sse_text(client, text,
                            (size_t) (ngx_sprintf(text, "retry: %M\n\n",
                                                 ngx_http_order_push_retry())
                                      - text));

    if (client->ending || client->dropped) {
        return;
    }

    rc = stream.ordered
         ? ngx_http_order_push_open(client, &stream.record,
                                    stream.placed ? &stream.place : NULL)
         : ngx_http_order_push_watch_all(client,
                                    stream.placed ? &stream.place : NULL);

    if (rc != NGX_OK) {
        ngx_http_order_push_drop(client);
    }
}


/* --- the dress */


static u_char *
ngx_http_order_sse_wrap(u_char *p, const ngx_str_t *event,
    const ngx_str_t *id, const ngx_str_t *json)
{
    if (id->len) {
        p = ngx_sprintf(p, "id: %V\n", id);
    }

    p = ngx_sprintf(p, "event: %V\ndata: ", event);
    p = ngx_cpymem(p, json->data, json->len);
    *p++ = '\n';
    *p++ = '\n';

    return p;
}


/* The chunk's size is written when the chunk is there. */

static u_char *
ngx_http_order_sse_wrap_chunked(u_char *p, const ngx_str_t *event,
    const ngx_str_t *id, const ngx_str_t *json)
{
    u_char  *head, *start;

    head = p;
    start = p + sizeof("ffffffff" CRLF) - 1;

    p = ngx_http_order_sse_wrap(start, event, id, json);

    (void) ngx_sprintf(head, "%08xz" CRLF, (size_t) (p - start));

    *p++ = CR;
    *p++ = LF;

    return p;
}


/* Nothing is to come: what comes is thrown away. */

static void
ngx_http_order_sse_read(ngx_http_order_client_t *client)
{
    u_char             buf[NGX_HTTP_ORDER_SSE_DRAIN];
    ssize_t            n;
    ngx_uint_t         i;
    ngx_connection_t  *c;

    c = client->connection;

    for (i = 0; i < NGX_HTTP_ORDER_SSE_READS; i++) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            return;
        }

        if (n <= 0) {
            ngx_http_order_push_drop(client);
            return;
        }
    }

    /* it is the others' turn */

    ngx_post_event(c->read, &ngx_posted_next_events);
}


static void
ngx_http_order_sse_beat(ngx_http_order_client_t *client)
{
    u_char     *p, text[128], buf[NGX_ORDER_EVENT_ID];
    ngx_str_t   id;

    p = ngx_sprintf(text, ": beat\n");

    id = ngx_http_order_push_place(client, buf);

    if (id.len) {
        p = ngx_sprintf(p, "id: %V\n", &id);
    }

    *p++ = '\n';

    ngx_http_order_sse_text(client, text, (size_t) (p - text));
}


static void
ngx_http_order_sse_end(ngx_http_order_client_t *client,
    const ngx_http_order_end_t *end, ngx_msec_t retry)
{
    u_char  *p, text[512];

    p = text;

    if (retry) {
        p = ngx_sprintf(p, "retry: %M\n", retry);
    }

    p = ngx_sprintf(p, "event: end\ndata: {\"type\":\"end\","
                    "\"reason\":\"%V\",\"message\":\"%V\"}\n\n",
                    &end->name, &end->message);

    ngx_http_order_sse_text(client, text, (size_t) (p - text));

    if (client->dress == &ngx_http_order_sse_chunked) {
        (void) ngx_http_order_push_send(client, (u_char *) "0" CRLF CRLF, 5);
    }
}


/* Sends lines, as a chunk where that is the dress; 512 bytes at most. */

static void
ngx_http_order_sse_text(ngx_http_order_client_t *client, const u_char *text,
    size_t len)
{
    u_char  *p, chunk[512 + 16];

    if (client->dress != &ngx_http_order_sse_chunked) {
        (void) ngx_http_order_push_send(client, text, len);
        return;
    }

    p = ngx_sprintf(chunk, "%xz" CRLF, len);
    p = ngx_cpymem(p, text, len);
    p = ngx_cpymem(p, CRLF, 2);

    (void) ngx_http_order_push_send(client, chunk, (size_t) (p - chunk));
}
