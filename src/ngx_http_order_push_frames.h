
/*
 * Frames of a WebSocket (RFC 6455, 5): bytes of a client -> messages, and the
 * heads of the server's frames.
 *
 * wslay reads the frames: heads, lengths, masks.  What they make up together
 * is judged here, and not by wslay's layer of messages: in 1.1.1 that one
 * refuses a good close frame, or lets a bad one pass, when it comes in two
 * pieces, and takes a hundred bytes for each fragment of one byte.
 */


#ifndef _NGX_HTTP_ORDER_PUSH_FRAMES_H_INCLUDED_
#define _NGX_HTTP_ORDER_PUSH_FRAMES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HTTP_ORDER_WS_MESSAGE  16384  /* bytes of a message, at most */
#define NGX_HTTP_ORDER_WS_CONTROL  125    /* of a control frame's payload */
#define NGX_HTTP_ORDER_WS_HEAD     10     /* of a frame's head, unmasked */


/* opcodes */

#define NGX_HTTP_ORDER_WS_TEXT     0x1
#define NGX_HTTP_ORDER_WS_CLOSE    0x8
#define NGX_HTTP_ORDER_WS_PING     0x9
#define NGX_HTTP_ORDER_WS_PONG     0xa


/* codes of close frames */

#define NGX_HTTP_ORDER_WS_PROTOCOL     1002
#define NGX_HTTP_ORDER_WS_UNSUPPORTED  1003
#define NGX_HTTP_ORDER_WS_NO_CODE      1005  /* the frame has none */
#define NGX_HTTP_ORDER_WS_BAD_TEXT     1007
#define NGX_HTTP_ORDER_WS_TOO_BIG      1009


typedef struct ngx_http_order_frames_s  ngx_http_order_frames_t;


/* what came whole: a message in text, or a control frame */

typedef struct {
    ngx_uint_t             opcode;
    ngx_uint_t             code;      /* of a close frame; of a fault */
    ngx_str_t              data;      /* until the next call */
} ngx_http_order_ws_frame_t;


/*
 * What a client's bytes are read with; needed only while a part of a frame,
 * or of a message, is there.  NULL: no memory.
 */
ngx_http_order_frames_t *ngx_http_order_frames_create(ngx_log_t *log);
void ngx_http_order_frames_free(ngx_http_order_frames_t *frames);

/* The next bytes, which stay where they are until all were used. */
void ngx_http_order_frames_feed(ngx_http_order_frames_t *frames, u_char *data,
    size_t len);

/*
 *     NGX_OK        *frame is the next one
 *     NGX_AGAIN     all bytes were used
 *     NGX_DECLINED  against the protocol: frame->code says what to close with,
 *                   frame->opcode what it was, where that is known; what
 *                   follows can only be skipped
 *     NGX_ERROR     no memory
 */
ngx_int_t ngx_http_order_frames_next(ngx_http_order_frames_t *frames,
    ngx_http_order_ws_frame_t *frame);

/*
 * Skips messages, whatever they are:
 *
 *     NGX_OK        up to a close frame
 *     NGX_AGAIN     all bytes were used
 */
ngx_int_t ngx_http_order_frames_skip(ngx_http_order_frames_t *frames);

/* Is there neither a part of a frame nor of a message. */
ngx_uint_t ngx_http_order_frames_idle(const ngx_http_order_frames_t *frames);

/* Writes the head of a whole, unmasked frame; returns the end. */
u_char *ngx_http_order_frames_head(u_char *p, ngx_uint_t opcode, size_t len);


#endif /* _NGX_HTTP_ORDER_PUSH_FRAMES_H_INCLUDED_ */
