
/*
 * What the parts of the push client share; see push.c.
 *
 * One thread, one epoll.  Whatever it waits for is a source; "ready" is called
 * when the descriptor can be read, or written where it asked for that.
 * Nothing is handled here that a benchmark may not meet: the first surprise
 * ends the program, with a line that says what it was.
 */


#ifndef _PUSH_H_INCLUDED_
#define _PUSH_H_INCLUDED_


#include "client.h"


typedef struct source_s  source_t;
typedef struct stream_s  stream_t;


struct source_s {
    int                    fd;
    void                 (*ready)(source_t *source);
};


/* one subscription: a connection that is told of changes */

struct stream_s {
    source_t               source;     /* first */
    const char            *path;
    const char            *token;      /* or NULL */
    const char            *order;      /* or NULL */
    int                    state;
    uint32_t               messages;   /* since it is established */
    char                  *rest;       /* of what was read: no whole message */
    uint32_t               rest_len;

    /* a change under way: in nanoseconds, 0: not yet */
    uint64_t               due;
    uint64_t               sent;       /* its COMMIT */
    uint64_t               answered;
    uint64_t               received;
};


typedef struct {
    const char            *address;    /* "127.0.0.1:8080" */
    const char            *file;       /* of the streams */
    uint32_t               count;
    int                    websocket;
    int                    greeted;    /* each has a first message, which
                                          says that it is live */
} streams_conf_t;


extern stream_t  *streams;
extern uint32_t   stream_count;

/* bytes and heartbeats that all of them have got so far */
extern uint64_t   stream_bytes;
extern uint64_t   stream_beats;

/* Called for each message behind the greeting, when it is there as a whole. */
extern void     (*stream_message)(stream_t *stream);


/* Opens them all; returns when each is established. */
void streams_open(const streams_conf_t *conf);

/* Changes an order each time, at this rate, and prints how long it takes. */
void spread(const char *conninfo, uint32_t rate, uint32_t seconds);

void source_add(source_t *source);

/* Waits so long, or until something happens, and handles it. */
void sources_wait(int milliseconds);

/* The value that so many of a hundred do not exceed; sorts them. */
uint64_t  percentile(uint64_t *values, uint32_t count, uint32_t percent);


#endif /* _PUSH_H_INCLUDED_ */
