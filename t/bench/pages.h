
/*
 * What the parts of the client with order pages share; see pages.c.
 */


#ifndef _PAGES_H_INCLUDED_
#define _PAGES_H_INCLUDED_


#include "client.h"


#define TAG  32


/* A page that is open: it polls its own order with its own token. */

typedef struct {
    uint64_t      due;           /* in nanoseconds; 0: nothing is asked */
    uint64_t      sent;          /* 0: its connection is busy */
    uint32_t      next;          /* that waits for the connection */
    uint32_t      version;       /* the newest that it has seen */
    uint16_t      phase;         /* of the load, that the poll belongs to */
    uint16_t      token_len;
    char          tag[TAG];      /* of the answer before */
    const char   *token;
} page_t;


/* How it went for the polls of a phase; times in units of 100 ns. */

typedef struct {
    double        seconds;
    unsigned      fresh;         /* of 100 polls so many have no tag */
    uint64_t      begin;
    double        busy;          /* of the worker, in seconds */
    uint32_t      polls;
    uint32_t      answers;
    uint32_t      whole;         /* 200 */
    uint32_t      same;          /* 304 */
    uint32_t      changed;       /* 200, although there was a tag */
    uint32_t      other;         /* neither: an error */
    uint32_t      elsewhere;     /* not from the cache */
    uint32_t     *late;          /* from due to sent */
    uint32_t     *total;         /* from due to answered */
} phase_t;


/* pages_net.c */

void net_open(const char *address, uint32_t count);
void net_send(uint32_t n);
void net_wait(uint64_t until);

/* pages.c */

void page_answer(uint32_t n, int status, const char *head, const char *body,
    size_t len);
void page_sent(uint32_t n);


extern page_t      *pages;
extern const char   page_path[];


#endif /* _PAGES_H_INCLUDED_ */
