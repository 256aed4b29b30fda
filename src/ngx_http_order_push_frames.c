
/*
 * Frames of a WebSocket.
 *
 * Owned here: wslay's context and the bytes of the message that comes.  The
 * context's own buffer may have the beginning of what follows a frame.
 */


#include <ngx_http_order_push_frames.h>
#include <ngx_order_text.h>
#include <wslay/wslay.h>


#define NGX_HTTP_ORDER_FRAMES_ROOM  256    /* of a message, at first */


struct ngx_http_order_frames_s {
    wslay_frame_context_ptr  context;
    ngx_log_t               *log;

    u_char                  *pos;      /* bytes that wslay has not taken */
    u_char                  *last;
    uint64_t                 taken;    /* that it took, but for those of
                                          whole frames */
    uint64_t                 left;     /* of the frame's payload */

    u_char                  *message;
    uint32_t                 len;
    uint32_t                 size;

    unsigned                 starts:1; /* this is the frame's first piece */
    unsigned                 within:1; /* more pieces of it are to come */
    unsigned                 open:1;   /* more frames of the message are */
    unsigned                 broken:1; /* where frames begin is not known */
    u_char                   control_len;
    u_char                   control[NGX_HTTP_ORDER_WS_CONTROL];
};


static ssize_t ngx_http_order_frames_recv(uint8_t *buf, size_t len,
    int flags, void *data);
static ngx_int_t ngx_http_order_frames_piece(ngx_http_order_frames_t *frames,
    struct wslay_frame_iocb *piece);
static ngx_uint_t ngx_http_order_frames_begin(ngx_http_order_frames_t *frames,
    const struct wslay_frame_iocb *piece);
static ngx_int_t ngx_http_order_frames_keep(ngx_http_order_frames_t *frames,
    const struct wslay_frame_iocb *piece);
static ngx_int_t ngx_http_order_frames_grow(ngx_http_order_frames_t *frames,
    size_t need);
static ngx_int_t ngx_http_order_frames_end(ngx_http_order_frames_t *frames,
    const struct wslay_frame_iocb *piece, ngx_http_order_ws_frame_t *frame);
static ngx_int_t ngx_http_order_frames_close(ngx_http_order_ws_frame_t *frame);
static ngx_int_t ngx_http_order_frames_fault(ngx_http_order_ws_frame_t *frame,
    ngx_uint_t code);
static ngx_uint_t ngx_http_order_frames_utf8(const ngx_str_t *text);


ngx_http_order_frames_t *
ngx_http_order_frames_create(ngx_log_t *log)
{
    ngx_http_order_frames_t  *frames;

    static const struct wslay_frame_callbacks  callbacks = {
        NULL, ngx_http_order_frames_recv, NULL
    };

    frames = ngx_calloc(sizeof(ngx_http_order_frames_t), log);
    if (frames == NULL) {
        return NULL;
    }

    frames->log = log;

    if (wslay_frame_context_init(&frames->context, &callbacks, frames) != 0) {
        ngx_free(frames);
        return NULL;
    }

    return frames;
}


void
ngx_http_order_frames_free(ngx_http_order_frames_t *frames)
{
    wslay_frame_context_free(frames->context);

    if (frames->message) {
        ngx_free(frames->message);
    }

    ngx_free(frames);
}


void
ngx_http_order_frames_feed(ngx_http_order_frames_t *frames, u_char *data,
    size_t len)
{
    frames->pos = data;
    frames->last = data + len;
}


static ssize_t
ngx_http_order_frames_recv(uint8_t *buf, size_t len, int flags, void *data)
{
    ngx_http_order_frames_t *frames = data;

    (void) flags;

    len = ngx_min(len, (size_t) (frames->last - frames->pos));

    if (len == 0) {
        return -1;
    }

    ngx_memcpy(buf, frames->pos, len);
    frames->pos += len;
    frames->taken += len;

    return (ssize_t) len;
}


ngx_int_t
ngx_http_order_frames_next(ngx_http_order_frames_t *frames,
    ngx_http_order_ws_frame_t *frame)
{
    ngx_int_t                rc;
    ngx_uint_t               code;
    struct wslay_frame_iocb  piece;

    for ( ;; ) {
        rc = ngx_http_order_frames_piece(frames, &piece);

        frame->opcode = piece.opcode;

        if (rc == NGX_DECLINED) {
            return ngx_http_order_frames_fault(frame,
                                               NGX_HTTP_ORDER_WS_PROTOCOL);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        if (frames->starts) {
            code = ngx_http_order_frames_begin(frames, &piece);
            if (code) {
                return ngx_http_order_frames_fault(frame, code);
            }
        }

        if (ngx_http_order_frames_keep(frames, &piece) != NGX_OK) {
            return NGX_ERROR;
        }

        if (frames->within) {
            continue;
        }

        rc = ngx_http_order_frames_end(frames, &piece, frame);

        if (rc != NGX_AGAIN) {
            return rc;
        }
    }
}


ngx_int_t
ngx_http_order_frames_skip(ngx_http_order_frames_t *frames)
{
    ngx_int_t                rc;
    struct wslay_frame_iocb  piece;

    do {
        rc = ngx_http_order_frames_piece(frames, &piece);

        if (rc != NGX_OK) {
            return NGX_AGAIN;
        }

    } while (frames->within || piece.opcode != WSLAY_CONNECTION_CLOSE);

    return NGX_OK;
}


/*
 * The next piece of a frame's payload, which may be all of it, or nothing.
 * NGX_DECLINED: this is no frame.
 */

static ngx_int_t
ngx_http_order_frames_piece(ngx_http_order_frames_t *frames,
    struct wslay_frame_iocb *piece)
{
    ssize_t  n;

    ngx_memzero(piece, sizeof(struct wslay_frame_iocb));

    if (frames->broken) {
        frames->pos = frames->last;
        return NGX_AGAIN;
    }

    /* it asks for bytes once a call, and takes what fits into its buffer */

    do {
        n = wslay_frame_recv(frames->context, piece);
    } while (n == WSLAY_ERR_WANT_READ && frames->pos < frames->last);

    if (n == WSLAY_ERR_WANT_READ) {
        return NGX_AGAIN;
    }

    if (n < 0) {
        frames->broken = 1;
        return NGX_DECLINED;
    }

    frames->starts = !frames->within;

    if (frames->starts) {
        frames->left = piece->payload_length;
    }

    frames->left -= (uint64_t) n;
    frames->within = frames->left != 0;

    if (!frames->within) {
        frames->taken -= 2 + (piece->mask ? 4 : 0) + piece->payload_length
                         + (piece->payload_length > 65535 ? 8
                            : piece->payload_length > 125 ? 2 : 0);
    }

    return NGX_OK;
}


/* 0, or the code to close with */

static ngx_uint_t
ngx_http_order_frames_begin(ngx_http_order_frames_t *frames,
    const struct wslay_frame_iocb *piece)
{
    if (piece->rsv != WSLAY_RSV_NONE || !piece->mask) {
        return NGX_HTTP_ORDER_WS_PROTOCOL;
    }

    switch (piece->opcode) {

    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG:

        /* wslay has looked at their length, and that they are whole */

        frames->control_len = 0;
        return 0;

    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME:

        if (frames->open) {
            return NGX_HTTP_ORDER_WS_PROTOCOL;
        }

        if (piece->opcode == WSLAY_BINARY_FRAME) {
            return NGX_HTTP_ORDER_WS_UNSUPPORTED;
        }

        frames->open = 1;
        frames->len = 0;
        break;

    case WSLAY_CONTINUATION_FRAME:

        if (!frames->open) {
            return NGX_HTTP_ORDER_WS_PROTOCOL;
        }

        break;

    default:
        return NGX_HTTP_ORDER_WS_PROTOCOL;
    }

    if (piece->payload_length > NGX_HTTP_ORDER_WS_MESSAGE - frames->len) {
        return NGX_HTTP_ORDER_WS_TOO_BIG;
    }

    return 0;
}


static ngx_int_t
ngx_http_order_frames_keep(ngx_http_order_frames_t *frames,
    const struct wslay_frame_iocb *piece)
{
    if (piece->data_length == 0) {
        return NGX_OK;
    }

    if (wslay_is_ctrl_frame(piece->opcode)) {
        ngx_memcpy(frames->control + frames->control_len, piece->data,
                   piece->data_length);
        frames->control_len += (u_char) piece->data_length;
        return NGX_OK;
    }

    if (frames->len + piece->data_length > frames->size
        && ngx_http_order_frames_grow(frames,
                                      frames->len + piece->data_length)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(frames->message + frames->len, piece->data,
               piece->data_length);
    frames->len += (uint32_t) piece->data_length;

    return NGX_OK;
}


/* by what has come, not by what a frame's head says is to come */

static ngx_int_t
ngx_http_order_frames_grow(ngx_http_order_frames_t *frames, size_t need)
{
    size_t   size;
    u_char  *message;

    size = frames->size ? frames->size : NGX_HTTP_ORDER_FRAMES_ROOM;

    while (size < need) {
        size *= 2;
    }

    message = ngx_alloc(size, frames->log);
    if (message == NULL) {
        return NGX_ERROR;
    }

    if (frames->message) {
        ngx_memcpy(message, frames->message, frames->len);
        ngx_free(frames->message);
    }

    frames->message = message;
    frames->size = (uint32_t) size;

    return NGX_OK;
}


/* NGX_OK: *frame is whole; NGX_AGAIN: the message goes on */

static ngx_int_t
ngx_http_order_frames_end(ngx_http_order_frames_t *frames,
    const struct wslay_frame_iocb *piece, ngx_http_order_ws_frame_t *frame)
{
    frame->code = 0;

    if (wslay_is_ctrl_frame(piece->opcode)) {
        frame->data.data = frames->control;
        frame->data.len = frames->control_len;

        return (piece->opcode == WSLAY_CONNECTION_CLOSE)
               ? ngx_http_order_frames_close(frame) : NGX_OK;
    }

    if (!piece->fin) {
        return NGX_AGAIN;
    }

    frames->open = 0;

    frame->opcode = NGX_HTTP_ORDER_WS_TEXT;
    frame->data.data = frames->len ? frames->message : frames->control;
    frame->data.len = frames->len;

    if (!ngx_http_order_frames_utf8(&frame->data)) {
        return ngx_http_order_frames_fault(frame,
                                           NGX_HTTP_ORDER_WS_BAD_TEXT);
    }

    return NGX_OK;
}


/* the code may be of RFC 6455, of IANA's registry, or anybody's own */

static ngx_int_t
ngx_http_order_frames_close(ngx_http_order_ws_frame_t *frame)
{
    u_char      *p;
    ngx_str_t    reason;
    ngx_uint_t   code;

    if (frame->data.len == 0) {
        frame->code = NGX_HTTP_ORDER_WS_NO_CODE;
        return NGX_OK;
    }

    if (frame->data.len == 1) {
        return ngx_http_order_frames_fault(frame,
                                           NGX_HTTP_ORDER_WS_PROTOCOL);
    }

    p = frame->data.data;
    code = (ngx_uint_t) p[0] << 8 | p[1];

    if (!((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
          || (code >= 3000 && code <= 4999)))
    {
        return ngx_http_order_frames_fault(frame,
                                           NGX_HTTP_ORDER_WS_PROTOCOL);
    }

    reason.data = p + 2;
    reason.len = frame->data.len - 2;

    if (!ngx_http_order_frames_utf8(&reason)) {
        return ngx_http_order_frames_fault(frame,
                                           NGX_HTTP_ORDER_WS_BAD_TEXT);
    }

    frame->code = code;

    return NGX_OK;
}


static ngx_int_t
ngx_http_order_frames_fault(ngx_http_order_ws_frame_t *frame, ngx_uint_t code)
{
    frame->code = code;

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_order_frames_utf8(const ngx_str_t *text)
{
    ngx_uint_t     n;
    const u_char  *p, *last;

    last = text->data + text->len;

    for (p = text->data; p < last; p += n) {
        n = ngx_order_utf8(p, last);
        if (n == 0) {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_http_order_frames_idle(const ngx_http_order_frames_t *frames)
{
    return frames->taken == 0 && frames->pos == frames->last && !frames->open;
}


u_char *
ngx_http_order_frames_head(u_char *p, ngx_uint_t opcode, size_t len)
{
    ngx_uint_t  shift;

    *p++ = (u_char) (0x80 | opcode);

    if (len < 126) {
        *p++ = (u_char) len;
        return p;
    }

    shift = (len < 65536) ? 16 : 64;
    *p++ = (shift == 16) ? 126 : 127;

    while (shift) {
        shift -= 8;
        *p++ = (u_char) ((uint64_t) len >> shift);
    }

    return p;
}
