
/*
 * Frames of a WebSocket's client.  The first byte says how they are cut: what
 * comes out of them must not depend on that.  The second is how many bytes
 * come once; where the first says so, those behind them come again and again,
 * as much as is more than a message.  Bytes are masked or not as they stand:
 * the fuzzer finds its way through masks of zeros.
 */


#include <test.h>
#include <ngx_http_order_push_frames.h>
#include <ngx_order_text.h>
#include <sanitizer/allocator_interface.h>


#define TOLD    65536
#define MEMORY  (NGX_HTTP_ORDER_WS_MESSAGE + 8192)    /* for one client */
#define LONG    (2 * NGX_HTTP_ORDER_WS_MESSAGE)
#define AGAIN   0x80
#define WHOLE   0          /* how they are cut: not at all, byte by byte, */
#define BYTES   1
#define PARTS   2          /* or by chance, which begins there */


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


static size_t
piece(size_t size, size_t cut, uint32_t *state)
{
    if (cut < PARTS) {
        return cut == WHOLE ? size : 1;
    }

    /* mostly few bytes */

    *state = *state * 1664525 + 1013904223;
    cut = (*state >> 16) % (*state >> 30 ? 16 : 1024) + 1;

    return ngx_min(cut, size);
}


static void
run(const uint8_t *data, size_t size, size_t cut, told_t *told)
{
    u_char                   *copy;
    size_t                    n, before;
    uint32_t                  state;
    ngx_uint_t                reads;
    ngx_http_order_frames_t  *frames;

    told->len = 0;
    reads = READS;
    state = (uint32_t) cut;

    before = __sanitizer_get_current_allocated_bytes();

    frames = ngx_http_order_frames_create(&test_log);
    check(frames != NULL);
    check(ngx_http_order_frames_idle(frames));

    for ( /* void */ ; size; size -= n, data += n) {
        n = piece(size, cut, &state);

        /* a block of its own: a byte too far is seen */

        copy = ngx_alloc(n, &test_log);
        memcpy(copy, data, n);

        ngx_http_order_frames_feed(frames, copy, n);
        take(frames, told, &reads);

        ngx_free(copy);

        /* as the module does with what holds nothing */

        if (reads == READS && ngx_http_order_frames_idle(frames)) {
            ngx_http_order_frames_free(frames);
            frames = ngx_http_order_frames_create(&test_log);
            check(frames != NULL);
        }

        check(__sanitizer_get_current_allocated_bytes() <= before + MEMORY);
    }

    n = ngx_http_order_frames_idle(frames);
    tell(told, &n, reads == READS ? sizeof(n) : 0);

    ngx_http_order_frames_free(frames);

    check(__sanitizer_get_current_allocated_bytes() == before);
}


static void
same(const uint8_t *data, size_t size, size_t cut, const told_t *whole)
{
    static told_t  parts;

    run(data, size, cut, &parts);

    check(whole->len == parts.len
          && memcmp(whole->data, parts.data, parts.len) == 0);
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
    size_t         len, n, once;
    ngx_uint_t     how;

    static u_char  again[LONG];
    static told_t  whole;

    if (size < 3) {
        return 0;
    }

    how = data[0];
    once = data[1];

    data += 2;
    size -= 2;

    run(data, size, WHOLE, &whole);
    same(data, size, BYTES, &whole);
    same(data, size, PARTS + how, &whole);

    if ((how & AGAIN) && once < size) {
        memcpy(again, data, once);

        for (len = once; len < LONG; len += n) {
            n = ngx_min(size - once, LONG - len);
            memcpy(again + len, data + once, n);
        }

        run(again, LONG, WHOLE, &whole);
        same(again, LONG, PARTS + how, &whole);
    }

    return 0;
}
