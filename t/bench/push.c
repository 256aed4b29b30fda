
/*
 * A client with thousands of subscriptions, for scripts/bench:
 *
 *     push [-w] [-g] [-n COUNT] [-p PID] ADDRESS:PORT STREAMS hold
 *     push … ADDRESS:PORT STREAMS fan REQUEST ROUNDS
 *     push … ADDRESS:PORT STREAMS spread CONNINFO RATE SECONDS
 *
 * -w             WebSocket; else Server-Sent Events
 * -g             each subscription is live with its first message; else with
 *                the header of the answer
 * -n COUNT       10000
 * -p PID         the server's worker
 * STREAMS        a file, a line each, again from the first when it ends:
 *                PATH, TOKEN and ORDER, "-" for none of it.  On a WebSocket
 *                a subscription to the order is asked for.
 *
 * hold           prints "ready"; at SIGTERM the heartbeats that came, and ends
 * fan            sends the request in that file, ROUNDS times; prints how long
 *                it takes from then to its answer, to the first one that has
 *                the whole message, and to the last, median and 99th
 *                percentile each in milliseconds; the worker's processor
 *                time for each, in milliseconds too; and the bytes of a
 *                message on the wire.  "######" in the request is another
 *                number each time.
 * spread         changes the streams' orders with libpq, one after the other,
 *                RATE times a second; see push_spread.c
 *
 * It is an error when a message comes twice, not at all, or is another than
 * order_status_update or order_update; and when a connection is closed.
 */


#include "push.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>


#define EVENTS       1024
#define WARM_ROUNDS  3
#define LIMIT        10000000000    /* nanoseconds until all must be there */


/* the connection for the requests that change something */

typedef struct {
    source_t   source;    /* first */
    char      *request;
    size_t     len;
    char       answer[16384];
    size_t     got;
    uint64_t   done;      /* when it was answered; 0: not yet */
} trigger_t;


static void hold(void);
static void fan(const char *address, const char *file, uint32_t rounds);
static void fan_round(trigger_t *trigger, uint64_t start);
static void fan_message(stream_t *stream);
static void trigger_open(trigger_t *trigger, const char *address,
    const char *file);
static void trigger_send(trigger_t *trigger);
static void trigger_ready(source_t *source);


static int       epoll = -1;
static int       worker;

static volatile sig_atomic_t  told_to_end;

/* of a round */
static uint32_t  fan_number;
static uint32_t  fan_arrived;
static uint64_t  fan_first;
static uint64_t  fan_last;


static void
usage(void)
{
    fputs("push [-w] [-g] [-n COUNT] [-p PID] ADDRESS:PORT STREAMS "
          "hold | fan REQUEST ROUNDS | spread CONNINFO RATE SECONDS\n",
          stderr);
    exit(2);
}


int
main(int argc, char **argv)
{
    int              c, n;
    char           **args;
    streams_conf_t   conf = { .count = 10000 };

    while ((c = getopt(argc, argv, "wgn:p:")) != -1) {
        switch (c) {
        case 'w':
            conf.websocket = 1;
            break;
        case 'g':
            conf.greeted = 1;
            break;
        case 'n':
            conf.count = atoi(optarg);
            break;
        case 'p':
            worker = atoi(optarg);
            break;
        default:
            usage();
        }
    }

    n = argc - optind;
    args = argv + optind;

    if (n < 3 || conf.count == 0) {
        usage();
    }

    conf.address = args[0];
    conf.file = args[1];
    streams_open(&conf);

    if (n == 3 && strcmp(args[2], "hold") == 0) {
        hold();

    } else if (n == 5 && strcmp(args[2], "fan") == 0) {
        fan(conf.address, args[3], atoi(args[4]));

    } else if (n == 6 && strcmp(args[2], "spread") == 0) {
        spread(args[3], atoi(args[4]), atoi(args[5]));

    } else {
        usage();
    }

    return 0;
}


static void
hold_end(int number)
{
    told_to_end = number;
}


static void
hold_message(stream_t *stream)
{
    die("%s: a message, but nothing was changed", stream->path);
}


static void
hold(void)
{
    struct sigaction  action = { .sa_handler = hold_end };

    sigaction(SIGTERM, &action, NULL);
    stream_message = hold_message;
    stream_beats = 0;

    puts("ready");
    fflush(stdout);

    while (!told_to_end) {
        sources_wait(1000);
    }

    printf("%llu\n", (unsigned long long) stream_beats);
}


static void
fan(const char *address, const char *file, uint32_t rounds)
{
    double            used = 0;
    uint64_t         *times[4], before, start;
    uint32_t          i, n;
    static trigger_t  trigger;

    if (rounds == 0) {
        die("no rounds");
    }

    for (i = 0; i < 4; i++) {
        times[i] = calloc(rounds, sizeof(uint64_t));
    }

    stream_message = fan_message;
    trigger_open(&trigger, address, file);

    for (n = 0; n < rounds + WARM_ROUNDS; n++) {
        i = (n < WARM_ROUNDS) ? 0 : n - WARM_ROUNDS;

        if (n == WARM_ROUNDS) {
            used = worker_time(worker);
        }

        before = stream_bytes;
        start = now();
        fan_round(&trigger, start);

        times[0][i] = trigger.done - start;
        times[1][i] = fan_first - start;
        times[2][i] = fan_last - start;

        /* what should not come any more does so now */
        sources_wait(50);
        times[3][i] = (stream_bytes - before) / stream_count;
    }

    used = worker_time(worker) - used;

    for (i = 0; i < 3; i++) {
        printf("%.2f %.2f ", percentile(times[i], rounds, 50) / 1e6,
               percentile(times[i], rounds, 99) / 1e6);
    }

    printf("%.1f %u\n", used * 1000 / rounds,
           (unsigned) percentile(times[3], rounds, 50));
}


static void
fan_round(trigger_t *trigger, uint64_t start)
{
    fan_number++;
    fan_arrived = 0;
    trigger_send(trigger);

    while (fan_arrived < stream_count || !trigger->done) {
        sources_wait(100);

        if (now() - start > LIMIT) {
            die("only %u of %u have the message", fan_arrived, stream_count);
        }
    }
}


static void
fan_message(stream_t *stream)
{
    if (++stream->messages != fan_number) {
        die("%s: %u messages after %u changes", stream->path,
            stream->messages, fan_number);
    }

    if (fan_arrived++ == 0) {
        fan_first = now();
    }

    if (fan_arrived == stream_count) {
        fan_last = now();
    }
}


static void
trigger_open(trigger_t *trigger, const char *address, const char *file)
{
    FILE          *in;
    static char    request[65536];

    in = fopen(file, "r");
    if (in == NULL) {
        die("%s: %s", file, strerror(errno));
    }

    trigger->request = request;
    trigger->len = fread(request, 1, sizeof(request) - 1, in);
    fclose(in);

    trigger->source.fd = dial(address);
    trigger->source.ready = trigger_ready;
    source_add(&trigger->source);
}


static void
trigger_send(trigger_t *trigger)
{
    char             *hole, number[7];
    static uint64_t   last;

    /* another one in the next run too */

    if (last == 0) {
        last = time(NULL) * 1000;
    }

    hole = strstr(trigger->request, "######");

    if (last++ && hole) {
        snprintf(number, sizeof(number), "%06u", (unsigned) (last % 1000000));
        memcpy(hole, number, 6);
    }

    trigger->got = 0;
    trigger->done = 0;

    if (send(trigger->source.fd, trigger->request, trigger->len, 0)
        != (ssize_t) trigger->len)
    {
        die("the request was not sent: %s", strerror(errno));
    }

    if (hole) {
        memcpy(hole, "######", 6);
    }
}


static void
trigger_ready(source_t *source)
{
    char       *body, *length;
    ssize_t     n;
    trigger_t  *trigger = (trigger_t *) source;

    n = recv(source->fd, trigger->answer + trigger->got,
             sizeof(trigger->answer) - 1 - trigger->got, MSG_DONTWAIT);

    if (n <= 0) {
        die("the request was not answered");
    }

    trigger->got += n;
    trigger->answer[trigger->got] = '\0';

    body = strstr(trigger->answer, "\r\n\r\n");
    if (body == NULL) {
        return;
    }

    length = strcasestr(trigger->answer, "\r\nContent-Length:");

    if (strncmp(trigger->answer, "HTTP/1.1 2", 10) != 0 || length == NULL) {
        die("the request was answered: %s", trigger->answer);
    }

    if (trigger->answer + trigger->got >= body + 4 + atoi(length + 17)) {
        trigger->done = now();
    }
}


void
source_add(source_t *source)
{
    struct epoll_event  event = { .events = EPOLLIN, .data.ptr = source };

    if (epoll == -1) {
        epoll = epoll_create1(0);
    }

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, source->fd, &event) == -1) {
        die("epoll_ctl: %s", strerror(errno));
    }
}


void
sources_wait(int milliseconds)
{
    int                        i, n;
    source_t                  *source;
    static struct epoll_event  events[EVENTS];

    n = epoll_wait(epoll, events, EVENTS, milliseconds);

    for (i = 0; i < n; i++) {
        source = events[i].data.ptr;
        source->ready(source);
    }
}


static int
compare(const void *a, const void *b)
{
    uint64_t  x = *(const uint64_t *) a;
    uint64_t  y = *(const uint64_t *) b;

    return (x > y) - (x < y);
}


uint64_t
percentile(uint64_t *values, uint32_t count, uint32_t percent)
{
    qsort(values, count, sizeof(uint64_t), compare);

    return values[((uint64_t) count * percent + 99) / 100 - 1];
}
