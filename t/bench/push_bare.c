
/*
 * What the kernel and the client can: a server for push.c that does nothing
 * but to send.
 *
 *     push_bare PORT
 *
 * Each GET is a subscription, and is answered as an event stream or a
 * WebSocket; the body of a POST is put into its dress and sent to all of that
 * dress.
 */


#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>


#define CLIENTS  65536
#define BODY     65535


enum {
    UNKNOWN = 0,
    EVENTS,
    FRAMES
};


static int   epoll;
static char  dress[CLIENTS];      /* by descriptor */
static char  request[BODY + 8192];


static void
fail(const char *what)
{
    perror(what);
    exit(1);
}


static void
watch(int fd)
{
    struct epoll_event  event = { .events = EPOLLIN, .data.fd = fd };

    if (fd >= CLIENTS || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == -1) {
        fail("epoll_ctl");
    }
}


static void
put(int fd, const char *data, size_t len)
{
    if (send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t) len) {
        fail("send");
    }
}


static void
publish(const char *body, size_t len)
{
    int          fd;
    size_t       head;
    static char  event[BODY + 64], frame[BODY + 64];

    snprintf(event, sizeof(event), "data: %.*s\n\n", (int) len, body);

    frame[0] = (char) 0x81;

    if (len < 126) {
        head = 2;
        frame[1] = len;

    } else {
        head = 4;
        frame[1] = 126;
        frame[2] = len >> 8;
        frame[3] = len;
    }

    memcpy(frame + head, body, len);

    for (fd = 0; fd < CLIENTS; fd++) {
        if (dress[fd] == EVENTS) {
            put(fd, event, len + 8);

        } else if (dress[fd] == FRAMES) {
            put(fd, frame, len + head);
        }
    }
}


/* The client sends a request at once, and waits for the answer. */
static void
serve(int fd)
{
    char        *body;
    ssize_t      n;
    static char  sse[] = "HTTP/1.1 200 OK\r\n"
                         "Content-Type: text/event-stream\r\n\r\n";
    static char  ws[] = "HTTP/1.1 101 Switching Protocols\r\n"
                        "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    static char  ok[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

    n = recv(fd, request, sizeof(request) - 1, MSG_DONTWAIT);

    if (n <= 0) {
        dress[fd] = UNKNOWN;
        close(fd);
        return;
    }

    request[n] = '\0';
    body = strstr(request, "\r\n\r\n");

    if (dress[fd] != UNKNOWN || body == NULL) {
        return;
    }

    if (strncmp(request, "POST", 4) == 0) {
        body += 4;
        publish(body, request + n - body);
        put(fd, ok, sizeof(ok) - 1);

    } else if (strstr(request, "\r\nUpgrade:")) {
        dress[fd] = FRAMES;
        put(fd, ws, sizeof(ws) - 1);

    } else {
        dress[fd] = EVENTS;
        put(fd, sse, sizeof(sse) - 1);
    }
}


int
main(int argc, char **argv)
{
    int                        i, n, fd, listener, one = 1;
    struct rlimit              limit;
    struct sockaddr_in         in = { .sin_family = AF_INET };
    static struct epoll_event  events[512];

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    in.sin_port = htons(argc == 2 ? atoi(argv[1]) : 0);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    epoll = epoll_create1(0);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));

    if (bind(listener, (struct sockaddr *) &in, sizeof(in)) == -1
        || listen(listener, 511) == -1)
    {
        fail("listen");
    }

    watch(listener);

    for ( ;; ) {
        n = epoll_wait(epoll, events, 512, -1);

        for (i = 0; i < n; i++) {

            if (events[i].data.fd != listener) {
                serve(events[i].data.fd);
                continue;
            }

            fd = accept(listener, NULL, NULL);
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            watch(fd);
        }
    }
}
