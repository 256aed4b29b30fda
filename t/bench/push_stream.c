
/*
 * The subscriptions: HTTP/1.1, then events or frames.  What was read and is no
 * whole message is kept until the rest is there.
 */


#include "push.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>


#define AT_ONCE  128               /* that are being established */
#define LIMIT    60000000000       /* nanoseconds until all must be */
#define SHOWN    300               /* bytes of an unwelcome message */


enum {
    HEADER = 0,                    /* of the answer is waited for */
    GREETING,
    LIVE
};


static void streams_read(const char *file);
static void stream_open(stream_t *stream);
static void stream_ready(source_t *source);
static void stream_live(stream_t *stream);
static size_t stream_header(stream_t *stream, const char *data, size_t len);
static size_t stream_events(stream_t *stream, const char *data, size_t len);
static size_t stream_frames(stream_t *stream, const char *data, size_t len);
static void stream_text(stream_t *stream, const char *text, size_t len);
static void stream_frame(stream_t *stream, int opcode, const char *payload,
    size_t len);


stream_t               *streams;
uint32_t                stream_count;
uint64_t                stream_bytes;
uint64_t                stream_beats;
void                  (*stream_message)(stream_t *stream);

static streams_conf_t   conf;
static uint32_t         live;
static char             buffer[262144];


void
streams_open(const streams_conf_t *given)
{
    uint32_t       opened;
    uint64_t       start;

    conf = *given;

    files_allow(conf.count);

    streams_read(conf.file);

    start = now();
    opened = 0;

    while (live < conf.count) {

        while (opened < conf.count && opened - live < AT_ONCE) {
            stream_open(&streams[opened++]);
        }

        sources_wait(100);

        if (now() - start > LIMIT) {
            die("only %u of %u are established", live, conf.count);
        }
    }
}


static void
streams_read(const char *file)
{
    char       path[256], token[4096], order[64];
    FILE      *in;
    uint32_t   i;

    in = fopen(file, "r");
    if (in == NULL) {
        die("%s: %s", file, strerror(errno));
    }

    stream_count = conf.count;
    streams = calloc(stream_count, sizeof(stream_t));

    for (i = 0; i < stream_count; i++) {

        if (fscanf(in, "%255s %4095s %63s", path, token, order) != 3) {
            break;
        }

        streams[i].path = strdup(path);
        streams[i].token = strcmp(token, "-") ? strdup(token) : NULL;
        streams[i].order = strcmp(order, "-") ? strdup(order) : NULL;
    }

    if (i == 0) {
        die("%s: no streams", file);
    }

    for (uint32_t n = i; n < stream_count; n++) {
        streams[n] = streams[n - i];
    }

    fclose(in);
}


static void
put(stream_t *stream, const char *data, size_t len)
{
    if (send(stream->source.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL)
        != (ssize_t) len)
    {
        die("%s: cannot be sent to: %s", stream->path, strerror(errno));
    }
}


/* A frame of at most 125 bytes; the mask is all zeros. */
static void
put_frame(stream_t *stream, int opcode, const char *payload, size_t len)
{
    char  frame[6 + 125] = { 0x80 | opcode, 0x80 | len };

    memcpy(frame + 6, payload, len);
    put(stream, frame, 6 + len);
}


static void
stream_open(stream_t *stream)
{
    char  request[8192];
    int   n;

    stream->source.fd = dial(conf.address);
    stream->source.ready = stream_ready;

    n = snprintf(request, sizeof(request),
                 "GET %s HTTP/1.1\r\nHost: shop\r\n%s%s%s%s\r\n",
                 stream->path,
                 stream->token ? "Authorization: Bearer " : "",
                 stream->token ? stream->token : "",
                 stream->token ? "\r\n" : "",
                 conf.websocket
                     ? "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     : "Accept: text/event-stream\r\n");

    put(stream, request, n);
    source_add(&stream->source);
}


static void
stream_ready(source_t *source)
{
    size_t     len, used;
    ssize_t    n;
    stream_t  *stream = (stream_t *) source;

    len = stream->rest_len;

    if (len) {
        memcpy(buffer, stream->rest, len);
    }

    n = recv(source->fd, buffer + len, sizeof(buffer) - len, MSG_DONTWAIT);

    if (n <= 0) {
        if (n < 0 && errno == EAGAIN) {
            return;
        }

        die("%s: closed: %s", stream->path, n ? strerror(errno) : "");
    }

    stream_bytes += n;
    len += n;
    used = 0;

    if (stream->state == HEADER) {
        used = stream_header(stream, buffer, len);
    }

    if (stream->state != HEADER) {
        used += (conf.websocket ? stream_frames : stream_events)
                    (stream, buffer + used, len - used);
    }

    stream->rest_len = len - used;

    if (stream->rest_len) {
        stream->rest = realloc(stream->rest, stream->rest_len);
        memcpy(stream->rest, buffer + used, stream->rest_len);
    }
}


static void
stream_live(stream_t *stream)
{
    stream->state = LIVE;
    live++;
}


/* This and the next two return how many bytes are done with. */
static size_t
stream_header(stream_t *stream, const char *data, size_t len)
{
    int          n;
    char         text[128];
    const char  *end;

    end = memmem(data, len, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }

    if (memcmp(data, conf.websocket ? "HTTP/1.1 101" : "HTTP/1.1 200", 12)
        != 0)
    {
        die("%s: %.*s", stream->path, (int) (len < SHOWN ? len : SHOWN),
            data);
    }

    stream->state = GREETING;

    if (!conf.greeted) {
        stream_live(stream);
    }

    if (conf.websocket && stream->order) {
        n = snprintf(text, sizeof(text),
                     "{\"type\":\"subscribe\",\"orderId\":\"%s\"}",
                     stream->order);
        put_frame(stream, 1, text, n);
    }

    return end + 4 - data;
}


/*
 * Lines up to an empty one are an event.  The lines that chunked transfer
 * adds have a carriage return, and are none of an event's.
 */
static size_t
stream_events(stream_t *stream, const char *data, size_t len)
{
    size_t       text_len;
    const char  *p, *end, *last, *text;

    p = data;
    last = data;
    text = NULL;
    text_len = 0;

    while ((end = memchr(p, '\n', data + len - p)) != NULL) {

        if (end - p > 6 && memcmp(p, "data: ", 6) == 0) {
            text = p + 6;
            text_len = end - text;

        } else if (*p == ':') {
            stream_beats++;

        } else if (end == p) {

            if (text) {
                stream_text(stream, text, text_len);
                text = NULL;
            }

            last = end + 1;
        }

        p = end + 1;
    }

    return last - data;
}


static size_t
stream_frames(stream_t *stream, const char *data, size_t len)
{
    size_t                used, head, size;
    const unsigned char  *p;

    for (used = 0; len - used >= 2; used += head + size) {
        p = (const unsigned char *) data + used;
        size = p[1];
        head = 2;

        if (size >= 127) {
            die("%s: a frame of more than 64 KB, or masked", stream->path);
        }

        if (size == 126) {
            head = 4;
            size = (len - used >= 4) ? p[2] << 8 | p[3] : 0;
        }

        if (len - used < head + size) {
            break;
        }

        if (p[0] & 0x80) {
            stream_frame(stream, p[0] & 0x7f, (const char *) p + head, size);

        } else {
            die("%s: a fragment", stream->path);
        }
    }

    return used;
}


static void
stream_frame(stream_t *stream, int opcode, const char *payload, size_t len)
{
    switch (opcode) {

    case 1:
        stream_text(stream, payload, len);
        break;

    case 9:
        stream_beats++;
        put_frame(stream, 10, payload, len);
        break;

    case 10:
        break;

    case 8:
        die("%s: closed, %d: %.*s", stream->path,
            len < 2 ? 0 : (unsigned char) payload[0] << 8
                          | (unsigned char) payload[1],
            len < 2 ? 0 : (int) len - 2, payload + 2);

    default:
        die("%s: a frame with opcode %d", stream->path, opcode);
    }
}


static void
stream_text(stream_t *stream, const char *text, size_t len)
{
    static const char  change[] = "{\"type\":\"order_";
    static const char  snapshot[] = "{\"type\":\"snapshot\"";
    static const char  ready[] = "{\"type\":\"ready\"";

    if (stream->state == LIVE && stream_message && len >= sizeof(change)
        && memcmp(text, change, sizeof(change) - 1) == 0)
    {
        stream_message(stream);
        return;
    }

    if (stream->state == GREETING && len >= sizeof(snapshot)
        && (memcmp(text, snapshot, sizeof(snapshot) - 1) == 0
            || memcmp(text, ready, sizeof(ready) - 1) == 0))
    {
        stream_live(stream);
        return;
    }

    die("%s: %.*s", stream->path, (int) (len < SHOWN ? len : SHOWN), text);
}
