
/*
 * The dress of a WebSocket: one frame a message, pings as heartbeat, close
 * frames as good-bye.
 *
 * client->state is made when bytes come, and freed when they were whole
 * frames: most of the time there is none.
 */


#include <ngx_http_order_push_ws.h>
#include <ngx_http_order_push_frames.h>


#define NGX_HTTP_ORDER_WS_BUFFER  4096
#define NGX_HTTP_ORDER_WS_READS   16   /* of one client, in a row */

/* what a client may send: a frame each 16 ms, and 512 at once */

#define NGX_HTTP_ORDER_WS_PACE    16
#define NGX_HTTP_ORDER_WS_BURST   512


typedef struct {
    ngx_http_order_frames_t       *frames;
    ngx_msec_t                     paid;   /* until then its frames reach, if
                                              they come at that pace */
    ngx_uint_t                     code;   /* of its close frame; 0: none */
} ngx_http_order_ws_state_t;


typedef struct {
    ngx_uint_t                     code;
    const ngx_http_order_end_t    *end;
} ngx_http_order_ws_fault_t;


static u_char *ngx_http_order_ws_wrap(u_char *p, const ngx_str_t *event,
    const ngx_str_t *id, const ngx_str_t *json);
static void ngx_http_order_ws_read(ngx_http_order_client_t *client);
static ngx_http_order_ws_state_t *ngx_http_order_ws_state(
    ngx_http_order_client_t *client);
static void ngx_http_order_ws_frames(ngx_http_order_client_t *client,
    ngx_http_order_ws_state_t *state);
static void ngx_http_order_ws_frame(ngx_http_order_client_t *client,
    ngx_http_order_ws_state_t *state, const ngx_http_order_ws_frame_t *frame);
static ngx_uint_t ngx_http_order_ws_flood(ngx_http_order_ws_state_t *state);
static void ngx_http_order_ws_refuse(ngx_http_order_client_t *client,
    ngx_uint_t code);
static void ngx_http_order_ws_control(ngx_http_order_client_t *client,
    ngx_uint_t opcode, const ngx_str_t *data);
static void ngx_http_order_ws_beat(ngx_http_order_client_t *client);
static void ngx_http_order_ws_end(ngx_http_order_client_t *client,
    const ngx_http_order_end_t *end, ngx_msec_t retry);
static void ngx_http_order_ws_tidy(ngx_http_order_client_t *client);
static void ngx_http_order_ws_free(ngx_http_order_client_t *client);


static const ngx_http_order_end_t  ngx_http_order_ws_protocol = {
    ngx_string("protocol_error"),
    ngx_string("What came is not WebSocket."),
    NGX_HTTP_ORDER_WS_PROTOCOL, 0, NGX_ORDER_END_PROTOCOL
};

static const ngx_http_order_end_t  ngx_http_order_ws_unsupported = {
    ngx_string("text_only"),
    ngx_string("Messages are text."),
    NGX_HTTP_ORDER_WS_UNSUPPORTED, 0, NGX_ORDER_END_PROTOCOL
};

static const ngx_http_order_end_t  ngx_http_order_ws_bad_text = {
    ngx_string("not_utf8"),
    ngx_string("Messages are UTF-8."),
    NGX_HTTP_ORDER_WS_BAD_TEXT, 0, NGX_ORDER_END_PROTOCOL
};

static const ngx_http_order_end_t  ngx_http_order_ws_flooded = {
    ngx_string("too_many_messages"),
    ngx_string("Too many messages came."),
    1008, 0, NGX_ORDER_END_PROTOCOL
};

static const ngx_http_order_end_t  ngx_http_order_ws_too_big = {
    ngx_string("message_too_big"),
    ngx_string("A message is too large."),
    NGX_HTTP_ORDER_WS_TOO_BIG, 0, NGX_ORDER_END_PROTOCOL
};

/* the client's own good-bye */

static const ngx_http_order_end_t  ngx_http_order_ws_left = {
    ngx_string("left"),
    ngx_string("The client has closed."),
    1000, 0, NGX_ORDER_END_CLIENT
};


static const ngx_http_order_ws_fault_t  ngx_http_order_ws_faults[] = {
    { NGX_HTTP_ORDER_WS_UNSUPPORTED, &ngx_http_order_ws_unsupported },
    { NGX_HTTP_ORDER_WS_BAD_TEXT, &ngx_http_order_ws_bad_text },
    { NGX_HTTP_ORDER_WS_TOO_BIG, &ngx_http_order_ws_too_big },
    { 0, &ngx_http_order_ws_protocol }
};


const ngx_http_order_dress_t  ngx_http_order_ws = {
    ngx_http_order_ws_wrap,
    ngx_http_order_ws_read,
    ngx_http_order_ws_beat,
    ngx_http_order_ws_end,
    ngx_http_order_ws_free,
    0, NGX_ORDER_WEBSOCKET, 1
};


static u_char *
ngx_http_order_ws_wrap(u_char *p, const ngx_str_t *event, const ngx_str_t *id,
    const ngx_str_t *json)
{
    /* both are in the message */

    (void) event;
    (void) id;

    p = ngx_http_order_frames_head(p, NGX_HTTP_ORDER_WS_TEXT, json->len);

    return ngx_cpymem(p, json->data, json->len);
}


static void
ngx_http_order_ws_read(ngx_http_order_client_t *client)
{
    ssize_t            n;
    u_char             buf[NGX_HTTP_ORDER_WS_BUFFER];
    ngx_uint_t         i;
    ngx_connection_t  *c;

    c = client->connection;

    for (i = 0; i < NGX_HTTP_ORDER_WS_READS; i++) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            return;
        }

        if (n <= 0) {
            ngx_http_order_push_drop(client);
            return;
        }

        ngx_http_order_ws_bytes(client, buf, (size_t) n);

        if (client->dropped) {
            return;
        }
    }

    /* it is the others' turn */

    ngx_post_event(c->read, &ngx_posted_next_events);
}


void
ngx_http_order_ws_bytes(ngx_http_order_client_t *client, u_char *data,
    size_t len)
{
    ngx_http_order_ws_state_t  *state;

    state = ngx_http_order_ws_state(client);
    if (state == NULL) {
        ngx_http_order_push_drop(client);
        return;
    }

    ngx_http_order_frames_feed(state->frames, data, len);

    ngx_http_order_ws_frames(client, state);

    /* good-bye was said: what is waited for is the other side's */

    if (client->ending && !client->dropped
        && ngx_http_order_frames_skip(state->frames) == NGX_OK
        && client->lingers)
    {
        ngx_http_order_push_drop(client);
    }

    if (!client->dropped) {
        ngx_http_order_ws_tidy(client);
    }
}


static ngx_http_order_ws_state_t *
ngx_http_order_ws_state(ngx_http_order_client_t *client)
{
    ngx_log_t                  *log;
    ngx_http_order_ws_state_t  *state;

    log = client->connection->log;
    state = client->state;

    if (state == NULL) {
        state = ngx_calloc(sizeof(ngx_http_order_ws_state_t), log);
        if (state == NULL) {
            return NULL;
        }

        state->paid = ngx_current_msec;
        client->state = state;
    }

    if (state->frames == NULL) {
        state->frames = ngx_http_order_frames_create(log);
        if (state->frames == NULL) {
            return NULL;
        }
    }

    return state;
}


static void
ngx_http_order_ws_frames(ngx_http_order_client_t *client,
    ngx_http_order_ws_state_t *state)
{
    ngx_http_order_ws_frame_t  frame;

    while (!client->ending && !client->dropped) {

        switch (ngx_http_order_frames_next(state->frames, &frame)) {

        case NGX_OK:
            ngx_http_order_ws_frame(client, state, &frame);
            break;

        case NGX_AGAIN:
            return;

        case NGX_DECLINED:
            if (frame.opcode == NGX_HTTP_ORDER_WS_CLOSE) {
                state->code = frame.code;
            }

            ngx_http_order_ws_refuse(client, frame.code);
            break;

        default:
            ngx_http_order_push_end(client, &ngx_http_order_end_internal);
            break;
        }
    }
}


static void
ngx_http_order_ws_frame(ngx_http_order_client_t *client,
    ngx_http_order_ws_state_t *state, const ngx_http_order_ws_frame_t *frame)
{
    ngx_uint_t  asked;

    /* an answer to a ping is no flood */

    asked = frame->opcode == NGX_HTTP_ORDER_WS_PONG && !client->alive;
    client->alive = 1;

    if (!asked && ngx_http_order_ws_flood(state)) {
        ngx_http_order_push_end(client, &ngx_http_order_ws_flooded);
        return;
    }

    switch (frame->opcode) {

    case NGX_HTTP_ORDER_WS_TEXT:
        ngx_http_order_ws_message(client, &frame->data);
        return;

    case NGX_HTTP_ORDER_WS_PING:
        ngx_http_order_ws_control(client, NGX_HTTP_ORDER_WS_PONG,
                                  &frame->data);
        return;

    case NGX_HTTP_ORDER_WS_CLOSE:
        state->code = frame->code;
        ngx_http_order_push_end(client, &ngx_http_order_ws_left);
        return;

    default:
        return;
    }
}


/* a bucket that runs out by a frame each NGX_HTTP_ORDER_WS_PACE */

static ngx_uint_t
ngx_http_order_ws_flood(ngx_http_order_ws_state_t *state)
{
    if ((ngx_msec_int_t) (state->paid - ngx_current_msec) < 0) {
        state->paid = ngx_current_msec;
    }

    state->paid += NGX_HTTP_ORDER_WS_PACE;

    return state->paid - ngx_current_msec
           > NGX_HTTP_ORDER_WS_BURST * NGX_HTTP_ORDER_WS_PACE;
}


static void
ngx_http_order_ws_refuse(ngx_http_order_client_t *client, ngx_uint_t code)
{
    const ngx_http_order_ws_fault_t  *fault;

    for (fault = ngx_http_order_ws_faults; fault->code; fault++) {
        if (fault->code == code) {
            break;
        }
    }

    ngx_log_error(NGX_LOG_INFO, client->connection->log, 0,
                  "websocket closed with %ui: %V", fault->end->code,
                  &fault->end->message);

    ngx_http_order_push_end(client, fault->end);
}


static void
ngx_http_order_ws_control(ngx_http_order_client_t *client, ngx_uint_t opcode,
    const ngx_str_t *data)
{
    u_char  *p, buf[NGX_HTTP_ORDER_WS_HEAD + NGX_HTTP_ORDER_WS_CONTROL];

    p = ngx_http_order_frames_head(buf, opcode, data->len);
    p = ngx_cpymem(p, data->data, data->len);

    (void) ngx_http_order_push_send(client, buf, (size_t) (p - buf));
}


static void
ngx_http_order_ws_beat(ngx_http_order_client_t *client)
{
    u_char     buf[NGX_ORDER_EVENT_ID];
    ngx_str_t  place;

    ngx_http_order_ws_tidy(client);

    if (client->ending) {
        return;
    }

    if (!client->alive) {
        ngx_log_error(NGX_LOG_INFO, client->connection->log, 0,
                      "websocket answered no ping");
        ngx_http_order_push_drop(client);
        return;
    }

    client->alive = 0;

    place = ngx_http_order_push_place(client, buf);
    ngx_http_order_ws_control(client, NGX_HTTP_ORDER_WS_PING, &place);
}


static void
ngx_http_order_ws_end(ngx_http_order_client_t *client,
    const ngx_http_order_end_t *end, ngx_msec_t retry)
{
    u_char                      buf[NGX_HTTP_ORDER_WS_CONTROL];
    ngx_str_t                   data;
    ngx_uint_t                  code;
    ngx_http_order_ws_state_t  *state;

    (void) retry;

    state = client->state;
    code = end->code;

    data.data = buf;
    data.len = 0;

    if (state && state->code) {

        /* it has closed: nothing is waited for */

        if (end == &ngx_http_order_ws_left) {
            code = state->code;
        }

    } else {
        client->lingers = 1;
    }

    if (code != NGX_HTTP_ORDER_WS_NO_CODE) {
        buf[0] = (u_char) (code >> 8);
        buf[1] = (u_char) code;
        data.len = 2;

        if (end != &ngx_http_order_ws_left) {
            ngx_memcpy(buf + 2, end->name.data, end->name.len);
            data.len += end->name.len;
        }
    }

    ngx_http_order_ws_control(client, NGX_HTTP_ORDER_WS_CLOSE, &data);
}


/* lets go of what nothing is kept in */

static void
ngx_http_order_ws_tidy(ngx_http_order_client_t *client)
{
    ngx_http_order_ws_state_t  *state;

    state = client->state;

    if (state == NULL) {
        return;
    }

    if (state->frames && ngx_http_order_frames_idle(state->frames)) {
        ngx_http_order_frames_free(state->frames);
        state->frames = NULL;
    }

    if (state->frames == NULL && state->code == 0
        && (ngx_msec_int_t) (state->paid - ngx_current_msec) <= 0)
    {
        ngx_free(state);
        client->state = NULL;
    }
}


static void
ngx_http_order_ws_free(ngx_http_order_client_t *client)
{
    ngx_http_order_ws_state_t  *state;

    state = client->state;

    if (state == NULL) {
        return;
    }

    if (state->frames) {
        ngx_http_order_frames_free(state->frames);
    }

    ngx_free(state);
    client->state = NULL;
}
