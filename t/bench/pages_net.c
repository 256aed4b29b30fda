
/*
 * The connections of the order pages: HTTP/1.1, one request at a time on each;
 * pages whose connection is busy wait in its queue.
 */


#include "pages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>


#define EVENTS   512
#define NOBODY   UINT32_MAX
#define ANSWER   16384


typedef struct {
    int       fd;
    uint32_t  page;                 /* whose request is under way, or NOBODY */
    uint32_t  last;                 /* of those that wait behind it */
    uint32_t  rest_len;
    char     *rest;                 /* of an answer that is not complete */
} connection_t;


static void connection_open(connection_t *c, const char *address);
static void connection_send(connection_t *c);
static void connection_read(connection_t *c);
static size_t connection_answer(connection_t *c, const char *data,
    size_t len);


static int            epoll;
static connection_t  *connections;
static uint32_t       connection_count;


void
net_open(const char *address, uint32_t count)
{
    uint32_t  i;

    files_allow(count);

    epoll = epoll_create1(0);
    connections = calloc(count, sizeof(connection_t));
    connection_count = count;

    if (epoll == -1 || connections == NULL) {
        die("no memory");
    }

    for (i = 0; i < count; i++) {
        connection_open(&connections[i], address);
    }
}


static void
connection_open(connection_t *c, const char *address)
{
    struct epoll_event  event = { .events = EPOLLIN, .data.ptr = c };

    c->page = NOBODY;
    c->fd = dial(address);

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) == -1) {
        die("epoll_ctl: %s", strerror(errno));
    }
}


/* Handles what there is, and waits for it until then. */
void
net_wait(uint64_t until)
{
    int                        i, n;
    uint64_t                   t, left;
    struct timespec            wait;
    static struct epoll_event  events[EVENTS];

    t = now();
    left = t < until ? until - t : 0;
    wait.tv_sec = left / 1000000000;
    wait.tv_nsec = left % 1000000000;

    n = epoll_pwait2(epoll, events, EVENTS, &wait, NULL);

    for (i = 0; i < n; i++) {
        connection_read(events[i].data.ptr);
    }
}


/* The page's request, or its place in the queue. */
void
net_send(uint32_t n)
{
    connection_t  *c = &connections[n % connection_count];

    pages[n].next = NOBODY;

    if (c->page != NOBODY) {
        pages[c->last].next = n;
        c->last = n;
        return;
    }

    c->page = n;
    c->last = n;
    connection_send(c);
}


static void
connection_send(connection_t *c)
{
    int            len;
    char           request[4608];
    const page_t  *page = &pages[c->page];

    len = snprintf(request, sizeof(request),
                   "GET %s%012x HTTP/1.1\r\nHost: shop\r\n"
                   "Authorization: Bearer %.*s\r\n%s%s%s\r\n",
                   page_path, c->page + 1, page->token_len, page->token,
                   page->tag[0] ? "If-None-Match: " : "", page->tag,
                   page->tag[0] ? "\r\n" : "");

    page_sent(c->page);

    if (send(c->fd, request, len, MSG_DONTWAIT | MSG_NOSIGNAL) != len) {
        die("a request cannot be sent: %s", strerror(errno));
    }
}


static void
connection_read(connection_t *c)
{
    size_t       len, used;
    ssize_t      n;
    static char  data[ANSWER + 1];

    len = c->rest_len;

    if (len) {
        memcpy(data, c->rest, len);
        free(c->rest);
        c->rest_len = 0;
    }

    n = recv(c->fd, data + len, ANSWER - len, MSG_DONTWAIT);

    if (n <= 0) {
        die("a connection was lost: %s", n ? strerror(errno) : "closed");
    }

    len += n;
    data[len] = '\0';
    used = connection_answer(c, data, len);

    if (used == 0) {

        if (len == ANSWER || (c->rest = malloc(len)) == NULL) {
            die("an answer without end");
        }

        memcpy(c->rest, data, len);
        c->rest_len = len;
        return;
    }

    if (used != len) {
        die("more than an answer: %s", data + used);
    }

    if (c->page != NOBODY) {
        connection_send(c);
    }
}


/* The bytes of the answer, 0: it is not complete. */
static size_t
connection_answer(connection_t *c, const char *data, size_t len)
{
    int          status;
    size_t       size;
    uint32_t     page;
    const char  *body, *length;

    body = memmem(data, len, "\r\n\r\n", 4);
    if (body == NULL) {
        return 0;
    }

    body += 4;

    if (c->page == NOBODY || sscanf(data, "HTTP/1.1 %3d ", &status) != 1) {
        die("an answer that nobody asked for: %s", data);
    }

    length = memmem(data, body - data, "\r\nContent-Length: ", 18);
    size = length ? strtoul(length + 18, NULL, 10) : 0;

    if (len < body - data + size) {
        return 0;
    }

    page = c->page;
    c->page = pages[page].next;
    page_answer(page, status, data, body, size);

    return body - data + size;
}
