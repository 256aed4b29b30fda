
/*
 * The handshake of a WebSocket (RFC 6455, 4.2).
 *
 * A page can choose no header but the subprotocols: so the token may be one
 * of them.  It is never taken from the URL, and never told again.
 */


#include <ngx_http_order_push_ws.h>
#include <ngx_http_order_args.h>
#include <ngx_http_order_count.h>
#include <ngx_http_order_fields.h>
#include <ngx_http_order_handler.h>
#include <ngx_http_order_identity.h>
#include <ngx_http_order_route.h>
#include <ngx_sha1.h>


#define NGX_HTTP_ORDER_WS_GUID   "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define NGX_HTTP_ORDER_WS_KEY    16    /* bytes of a key */
#define NGX_HTTP_ORDER_WS_EARLY  4096  /* bytes behind a handshake, at most */


/* what is to be done when the connection was taken */

struct ngx_http_order_stream_s {
    ngx_order_place_t              place;
    uint8_t                        dialect;
    unsigned                       all:1;
    unsigned                       resumes:1;
};


typedef struct {
    ngx_str_t                      name;
    ngx_order_dialect_e            dialect;
} ngx_http_order_subprotocol_t;


static const ngx_http_order_problem_t *ngx_http_order_ws_refusal(
    ngx_http_request_t *r, ngx_http_order_ctx_t *ctx, ngx_str_t *message);
static ngx_uint_t ngx_http_order_ws_has(ngx_http_request_t *r,
    const ngx_str_t *name, const char *token);
static ngx_int_t ngx_http_order_ws_only(ngx_http_request_t *r,
    const ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_order_ws_key(ngx_http_request_t *r,
    ngx_str_t *key);
static ngx_int_t ngx_http_order_ws_refuse(ngx_http_request_t *r,
    const ngx_http_order_problem_t *problem, const ngx_str_t *message);
static ngx_int_t ngx_http_order_ws_read_args(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, ngx_http_order_stream_t *stream,
    ngx_order_input_t *input);
static const ngx_http_order_subprotocol_t *ngx_http_order_ws_choose(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_order_ws_accept(ngx_http_request_t *r,
    const ngx_http_order_subprotocol_t *chosen);
static void ngx_http_order_ws_start(ngx_http_request_t *r);


static const ngx_str_t  ngx_http_order_ws_upgrade = ngx_string("Upgrade");
static const ngx_str_t  ngx_http_order_ws_connection =
    ngx_string("Connection");
static const ngx_str_t  ngx_http_order_ws_version =
    ngx_string("Sec-WebSocket-Version");
static const ngx_str_t  ngx_http_order_ws_key_name =
    ngx_string("Sec-WebSocket-Key");
static const ngx_str_t  ngx_http_order_ws_protocol_name =
    ngx_string("Sec-WebSocket-Protocol");


static const ngx_http_order_subprotocol_t  ngx_http_order_subprotocols[] = {
    { ngx_string("order.v1"), NGX_ORDER_STATUS_UPDATE },
    { ngx_string("order_update.v1"), NGX_ORDER_UPDATE },
    { ngx_null_string, NGX_ORDER_STATUS_UPDATE }
};


static const ngx_http_order_subprotocol_t  ngx_http_order_no_subprotocol = {
    ngx_null_string, NGX_ORDER_STATUS_UPDATE
};


ngx_int_t
ngx_http_order_ws_handler(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx)
{
    ngx_int_t                            rc;
    ngx_str_t                            message;
    ngx_order_input_t                    input;
    ngx_http_order_stream_t             *stream;
    const ngx_http_order_problem_t      *problem;
    const ngx_http_order_subprotocol_t  *chosen;

    problem = ngx_http_order_ws_refusal(r, ctx, &message);
    if (problem) {
        return ngx_http_order_ws_refuse(r, problem,
                                        message.len ? &message : NULL);
    }

    stream = ngx_pcalloc(r->pool, sizeof(ngx_http_order_stream_t));
    if (stream == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_order_ws_read_args(r, ctx, stream, &input);

    if (rc == NGX_DECLINED) {
        return ngx_http_order_reply_faults(r, &input.faults);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    problem = ngx_http_order_push_room(r, ctx);
    if (problem) {
        return ngx_http_order_reply_problem(r, problem, NULL, NULL);
    }

    chosen = ngx_http_order_ws_choose(r);
    stream->dialect = (uint8_t) chosen->dialect;
    ctx->stream = stream;

    rc = ngx_http_order_ws_accept(r, chosen);
    if (rc != NGX_OK) {
        return rc;
    }

    /* the request is not freed inside of its own content handler */

    r->main->count++;
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_order_ws_start;

    ngx_post_event(r->connection->write, &ngx_posted_events);

    return NGX_DONE;
}


/* NULL, or the problem; *message is empty where the problem has its own */

static const ngx_http_order_problem_t *
ngx_http_order_ws_refusal(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    ngx_str_t *message)
{
    ngx_str_t                        value;
    const ngx_http_order_problem_t  *problem;

    ngx_str_null(message);

    /* there is no such header in HTTP/2, and no own connection either */

    if (r->http_version > NGX_HTTP_VERSION_11 || r != r->main) {
        ngx_str_set(message, "WebSocket is spoken over HTTP/1.1 here.");
        return &ngx_http_order_handshake;
    }

    if (r->method != NGX_HTTP_GET || r->http_version != NGX_HTTP_VERSION_11
        || !ngx_http_order_ws_has(r, &ngx_http_order_ws_upgrade, "websocket")
        || !ngx_http_order_ws_has(r, &ngx_http_order_ws_connection,
                                  "upgrade")
        || ngx_http_order_ws_only(r, &ngx_http_order_ws_version, &value)
           != NGX_OK
        || value.len != 2 || ngx_strncmp(value.data, "13", 2) != 0)
    {
        return &ngx_http_order_upgrade;
    }

    if (ngx_http_order_ws_key(r, &value) != NGX_OK) {
        ngx_str_set(message, "Sec-WebSocket-Key is not 16 bytes in base64.");
        return &ngx_http_order_handshake;
    }

    if (r->header_in->last - r->header_in->pos > NGX_HTTP_ORDER_WS_EARLY) {
        ngx_str_set(message, "Too much was sent before the answer.");
        return &ngx_http_order_handshake;
    }

    problem = ngx_http_order_refusal(r, ctx);

    /* browsers send cookies along from every page */

    if (problem == NULL && ctx->by_cookie
        && ngx_http_order_same_origin(r) != NGX_OK)
    {
        problem = &ngx_http_order_cross_origin;
    }

    return problem;
}


/* Is this token in a header that is a list. */

static ngx_uint_t
ngx_http_order_ws_has(ngx_http_request_t *r, const ngx_str_t *name,
    const char *token)
{
    size_t                 len;
    ngx_str_t              element;
    ngx_http_order_list_t  list;

    len = ngx_strlen(token);
    ngx_memzero(&list, sizeof(ngx_http_order_list_t));

    while (ngx_http_order_header_next(r, name, &list, &element) == NGX_OK) {
        if (element.len == len
            && ngx_strncasecmp(element.data, (u_char *) token, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* The value of a header that must come once. */

static ngx_int_t
ngx_http_order_ws_only(ngx_http_request_t *r, const ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_str_t              other;
    ngx_http_order_list_t  list;

    ngx_memzero(&list, sizeof(ngx_http_order_list_t));

    if (ngx_http_order_header_next(r, name, &list, value) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_http_order_header_next(r, name, &list, &other) == NGX_OK
           ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_http_order_ws_key(ngx_http_request_t *r, ngx_str_t *key)
{
    u_char     buf[ngx_base64_decoded_length(
                       ngx_base64_encoded_length(NGX_HTTP_ORDER_WS_KEY))];
    ngx_str_t  bytes;

    if (ngx_http_order_ws_only(r, &ngx_http_order_ws_key_name, key) != NGX_OK
        || key->len != ngx_base64_encoded_length(NGX_HTTP_ORDER_WS_KEY))
    {
        return NGX_DECLINED;
    }

    bytes.data = buf;

    if (ngx_decode_base64(&bytes, key) != NGX_OK
        || bytes.len != NGX_HTTP_ORDER_WS_KEY)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_order_ws_refuse(ngx_http_request_t *r,
    const ngx_http_order_problem_t *problem, const ngx_str_t *message)
{
    ngx_str_t  protocol, version;

    ngx_str_set(&protocol, "websocket");
    ngx_str_set(&version, "13");

    if (problem == &ngx_http_order_upgrade
        && (ngx_http_order_reply_header(r, "Upgrade", &protocol) != NGX_OK
            || ngx_http_order_reply_header(r, "Sec-WebSocket-Version",
                                           &version)
               != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_order_reply_problem(r, problem, message, NULL);
}


static ngx_int_t
ngx_http_order_ws_read_args(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    ngx_http_order_stream_t *stream, ngx_order_input_t *input)
{
    ngx_int_t   rc;
    ngx_str_t  *value;

    rc = ngx_http_order_args_get(r, ctx, input);
    if (rc != NGX_OK) {
        return rc;
    }

    value = &input->values[NGX_HTTP_ORDER_WS_SUBSCRIBE];
    stream->all = value->data == NULL || value->data[0] != 'n';

    value = &input->values[NGX_HTTP_ORDER_PUSH_PLACE];

    if (value->data == NULL) {
        return NGX_OK;
    }

    stream->resumes = 1;

    if (ngx_order_place_parse(&stream->place, value->data, value->len)
        == NGX_OK)
    {
        return NGX_OK;
    }

    if (ngx_order_input_refuse(input,
               &ctx->route->fields[NGX_HTTP_ORDER_PUSH_PLACE].name,
               "must be the id of an event")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_DECLINED;
}


/* The first of ours that the client offers; one without a name if it offers
 * none. */

static const ngx_http_order_subprotocol_t *
ngx_http_order_ws_choose(ngx_http_request_t *r)
{
    ngx_str_t                            element;
    ngx_http_order_list_t                list;
    const ngx_http_order_subprotocol_t  *one;

    ngx_memzero(&list, sizeof(ngx_http_order_list_t));

    while (ngx_http_order_header_next(r, &ngx_http_order_ws_protocol_name,
                                      &list, &element)
           == NGX_OK)
    {
        for (one = ngx_http_order_subprotocols; one->name.len; one++) {
            if (one->name.len == element.len
                && ngx_memcmp(one->name.data, element.data, element.len) == 0)
            {
                return one;
            }
        }
    }

    return &ngx_http_order_no_subprotocol;
}


/* 101, out of nginx's filters, so that add_header holds for it too */

static ngx_int_t
ngx_http_order_ws_accept(ngx_http_request_t *r,
    const ngx_http_order_subprotocol_t *chosen)
{
    u_char      digest[20];
    ngx_int_t   rc;
    ngx_str_t   key, value, text, protocol;
    ngx_sha1_t  sha1;

    if (ngx_http_order_ws_key(r, &key) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, key.data, key.len);
    ngx_sha1_update(&sha1, NGX_HTTP_ORDER_WS_GUID,
                    sizeof(NGX_HTTP_ORDER_WS_GUID) - 1);
    ngx_sha1_final(digest, &sha1);

    value.data = digest;
    value.len = sizeof(digest);

    text.data = ngx_pnalloc(r->pool,
                            ngx_base64_encoded_length(sizeof(digest)));
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_encode_base64(&text, &value);
    ngx_str_set(&value, "websocket");

    if (ngx_http_order_reply_header(r, "Upgrade", &value) != NGX_OK
        || ngx_http_order_reply_header(r, "Sec-WebSocket-Accept", &text)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    protocol = chosen->name;

    if (protocol.len
        && ngx_http_order_reply_header(r, "Sec-WebSocket-Protocol",
                                       &protocol)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->keepalive = 0;
    ngx_http_order_count(r, NGX_HTTP_SWITCHING_PROTOCOLS);

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");
    r->headers_out.content_length_n = -1;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    return ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR ? NGX_ERROR
                                                                 : NGX_OK;
}


/* The connection becomes a client's; the request is gone with that. */

static void
ngx_http_order_ws_start(ngx_http_request_t *r)
{
    size_t                     len;
    u_char                     early[NGX_HTTP_ORDER_WS_EARLY];
    ngx_http_order_ctx_t      *ctx;
    ngx_http_order_client_t   *client;
    ngx_http_order_stream_t    stream;

    ctx = ngx_http_order_ctx(r);
    stream = *ctx->stream;

    len = (size_t) (r->header_in->last - r->header_in->pos);
    ngx_memcpy(early, r->header_in->pos, len);

    client = ngx_http_order_push_take(r, ctx, &ngx_http_order_ws);
    if (client == NULL) {
        return;
    }

    client->dialect = stream.dialect;

    if (stream.all
        && ngx_http_order_push_watch_all(client, stream.resumes
                                                 ? &stream.place : NULL)
           != NGX_OK)
    {
        ngx_http_order_push_end(client, &ngx_http_order_end_internal);
    }

    if (len && !client->dropped) {
        ngx_http_order_ws_bytes(client, early, len);
    }
}
