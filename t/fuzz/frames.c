
/*
 * Frames of a WebSocket's client.  The first byte says how the rest is cut:
 * what comes out of it must not depend on that.  Bytes are masked or not as
 * they stand: the fuzzer finds its way through masks of zeros.
 */


#include <test.h>
#include <ngx_http_order_push_frames.h>
#include <ngx_order_text.h>


#define TOLD  65536


/* all that was told of one stream, as bytes */

typedef struct {
    u_char   data[TOLD];
    size_t   len;
} told_t;


static void
check(int holds)
{
    if (!holds) {
        abort();
    }
}


static void
tell(told_t *told, const void *data, size_t len)
{
    len = ngx_min(len, TOLD - told->len);
    memcpy(told->data + told->len, data, len);
    told->len += len;
}


static void
check_frame(const ngx_http_order_ws_frame_t *frame)
{
    size_t         n;
    const u_char  *p, *last;

    if (frame->opcode != NGX_HTTP_ORDER_WS_TEXT) {
        check(frame->opcode == NGX_HTTP_ORDER_WS_CLOSE
              || frame->opcode == NGX_HTTP_ORDER_WS_PING
              || frame->opcode == NGX_HTTP_ORDER_WS_PONG);
        check(frame->data.len <= NGX_HTTP_ORDER_WS_CONTROL);
        check((frame->code != 0)
              == (frame->opcode == NGX_HTTP_ORDER_WS_CLOSE));
        return;
    }

    check(frame->data.len <= NGX_HTTP_ORDER_WS_MESSAGE);

    last = frame->data.data + frame->data.len;

    for (p = frame->data.data; p < last; p += n) {
        n = ngx_order_utf8(p, last);
        check(n != 0);
    }
}


/* Reads up to a close frame, which may be a faulty one, and no further; what
 * comes behind another fault is skipped up to the next. */

enum { READS, SKIPS, ENDED };

static void
take(ngx_http_order_frames_t *frames, told_t *told, ngx_uint_t *state)
{
    ngx_int_t                  rc;
    ngx_http_order_ws_frame_t  frame;

    while (*state == READS) {
        rc = ngx_http_order_frames_next(frames, &frame);
        check(rc != NGX_ERROR);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc == NGX_OK) {
            check_frame(&frame);
            tell(told, &frame.opcode, sizeof(frame.opcode));
            tell(told, frame.data.data, frame.data.len);
        }

        tell(told, &frame.code, sizeof(frame.code));

        if (frame.opcode == NGX_HTTP_ORDER_WS_CLOSE) {
            *state = ENDED;

        } else if (rc == NGX_DECLINED) {
            *state = SKIPS;
        }
    }

    while (*state == SKIPS && ngx_http_order_frames_skip(frames) == NGX_OK) {
        tell(told, "skipped", 7);
    }
}


static void
run(const uint8_t *data, size_t size, size_t step, told_t *told)
{
    u_char                   *copy;
    size_t                    n;
    ngx_uint_t                state;
    ngx_http_order_frames_t  *frames;

    told->len = 0;
    state = READS;

    frames = ngx_http_order_frames_create(&test_log);
    check(frames != NULL);
    check(ngx_http_order_frames_idle(frames));

    for ( /* void */ ; size; size -= n, data += n) {
        n = ngx_min(step, size);

        /* a block of its own: a byte too far is seen */

        copy = ngx_alloc(n, &test_log);
        memcpy(copy, data, n);

        ngx_http_order_frames_feed(frames, copy, n);
        take(frames, told, &state);

        ngx_free(copy);
    }

    n = ngx_http_order_frames_idle(frames);
    tell(told, &n, state == READS ? sizeof(n) : 0);

    ngx_http_order_frames_free(frames);
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    core();

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static told_t  whole, parts;

    if (size < 1) {
        return 0;
    }

    run(data + 1, size - 1, size, &whole);
    run(data + 1, size - 1, 1 + data[0] % 16, &parts);

    check(whole.len == parts.len
          && memcmp(whole.data, parts.data, whole.len) == 0);

    return 0;
}
