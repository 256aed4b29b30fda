
/*
 * Changes, one order a transaction, due at an even rate whatever the answers
 * take, by statements as psql or another program would send them: the trigger
 * rings.  The streams' orders take turns.
 *
 * Prints the time until the stream has the whole message: from when the change
 * was due, from when its COMMIT was sent, and from when that was answered (0
 * where the message was earlier), each as median, 99th percentile and longest
 * in milliseconds; and the number of changes.  The first second does not
 * count.
 */


#include "push.h"

#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>


#define CONNECTIONS  16
#define STEP         7919           /* prime: neighbours are not neighbours */
#define LIMIT        5000000000     /* nanoseconds until a change is there */


/* a connection, and the streams whose changes it is to make: the one at
   "head" is under way if there is a step */

typedef struct {
    source_t   source;              /* first */
    PGconn    *pg;
    stream_t **queue;
    uint32_t   head;
    uint32_t   tail;
    int        step;
} maker_t;


enum {
    IDLE = 0,
    CHANGING,
    COMMITTING
};


static void maker_open(maker_t *maker, const char *conninfo);
static void maker_change(maker_t *maker, stream_t *stream);
static void maker_begin(maker_t *maker);
static void maker_commit(maker_t *maker);
static void maker_ready(source_t *source);
static void maker_next(maker_t *maker);
static uint32_t makers_behind(void);
static void spread_timer(uint32_t rate);
static void spread_tick(source_t *source);
static void spread_message(stream_t *stream);
static void spread_done(stream_t *stream);
static void spread_print(void);


static maker_t    makers[CONNECTIONS];

static uint64_t  *from[3];
static uint32_t   wanted;
static uint32_t   warm;
static uint32_t   started;
static uint32_t   finished;


void
spread(const char *conninfo, uint32_t rate, uint32_t seconds)
{
    uint64_t  start;

    warm = rate;
    wanted = rate * (seconds + 1);

    for (int i = 0; i < 3; i++) {
        from[i] = calloc(wanted, sizeof(uint64_t));
    }

    if (rate < 2 || seconds == 0 || rate > 1000000) {
        die("no changes");
    }

    for (int i = 0; i < CONNECTIONS; i++) {
        maker_open(&makers[i], conninfo);
    }

    stream_message = spread_message;
    spread_timer(rate);

    while (started < wanted) {
        sources_wait(1000);
    }

    for (start = now(); finished < wanted; /* void */ ) {
        sources_wait(100);

        if (now() - start > LIMIT) {
            die("only %u of %u changes came, %u are not committed", finished,
                wanted, makers_behind());
        }
    }

    spread_print();
}


static void
maker_open(maker_t *maker, const char *conninfo)
{
    PGresult  *result;

    maker->pg = PQconnectdb(conninfo);
    maker->queue = calloc(wanted, sizeof(stream_t *));

    if (PQstatus(maker->pg) != CONNECTION_OK) {
        die("%s", PQerrorMessage(maker->pg));
    }

    result = PQprepare(maker->pg, "change",
                       "UPDATE shop.orders SET order_notes = $1"
                       " WHERE id = $2", 0, NULL);

    if (PQresultStatus(result) != PGRES_COMMAND_OK
        || PQsetnonblocking(maker->pg, 1) != 0
        || PQenterPipelineMode(maker->pg) != 1)
    {
        die("%s", PQerrorMessage(maker->pg));
    }

    PQclear(result);

    maker->source.fd = PQsocket(maker->pg);
    maker->source.ready = maker_ready;
    source_add(&maker->source);
}


static void
maker_change(maker_t *maker, stream_t *stream)
{
    if (stream->due) {
        die("%s: a change that was due %.1f s ago %s", stream->order,
            (now() - stream->due) / 1e9,
            stream->answered ? "has not come" : "is not committed");
    }

    stream->due = now();
    maker->queue[maker->tail++] = stream;

    if (maker->step == IDLE) {
        maker_begin(maker);
    }
}


static void
maker_begin(maker_t *maker)
{
    char             note[16];
    const char      *values[] = { note, maker->queue[maker->head]->order };
    static unsigned  number;

    snprintf(note, sizeof(note), "%u", ++number);

    if (PQsendQueryParams(maker->pg, "BEGIN", 0, NULL, NULL, NULL, NULL, 0)
        != 1
        || PQsendQueryPrepared(maker->pg, "change", 2, values, NULL, NULL, 0)
           != 1
        || PQpipelineSync(maker->pg) != 1)
    {
        die("%s", PQerrorMessage(maker->pg));
    }

    maker->step = CHANGING;
}


static void
maker_commit(maker_t *maker)
{
    maker->queue[maker->head]->sent = now();

    if (PQsendQueryParams(maker->pg, "COMMIT", 0, NULL, NULL, NULL, NULL, 0)
        != 1
        || PQpipelineSync(maker->pg) != 1)
    {
        die("%s", PQerrorMessage(maker->pg));
    }

    maker->step = COMMITTING;
}


static void
maker_ready(source_t *source)
{
    maker_t         *maker = (maker_t *) source;
    PGresult        *result;
    ExecStatusType   status;

    if (PQconsumeInput(maker->pg) != 1) {
        die("%s", PQerrorMessage(maker->pg));
    }

    while (maker->step != IDLE && !PQisBusy(maker->pg)) {
        result = PQgetResult(maker->pg);

        if (result == NULL) {
            continue;
        }

        status = PQresultStatus(result);

        if (status == PGRES_PIPELINE_SYNC) {
            maker_next(maker);

        } else if (status != PGRES_COMMAND_OK
                   || strcmp(PQcmdTuples(result), "0") == 0)
        {
            die("%s: %s: %s", maker->queue[maker->head]->order,
                PQresStatus(status), PQresultErrorMessage(result));
        }

        PQclear(result);
    }
}


static void
maker_next(maker_t *maker)
{
    stream_t  *stream;

    if (maker->step == CHANGING) {
        maker_commit(maker);
        return;
    }

    stream = maker->queue[maker->head++];
    stream->answered = now();
    spread_done(stream);

    maker->step = IDLE;

    if (maker->head < maker->tail) {
        maker_begin(maker);
    }
}


static uint32_t
makers_behind(void)
{
    uint32_t  n = 0;

    for (int i = 0; i < CONNECTIONS; i++) {
        n += makers[i].tail - makers[i].head;
    }

    return n;
}


static void
spread_timer(uint32_t rate)
{
    static source_t    timer = { .ready = spread_tick };
    struct itimerspec  each = {
        .it_value.tv_nsec = 1000000,
        .it_interval.tv_nsec = 1000000000 / rate,
    };

    timer.fd = timerfd_create(CLOCK_MONOTONIC, 0);

    if (timer.fd == -1 || timerfd_settime(timer.fd, 0, &each, NULL) == -1) {
        die("timerfd: %s", strerror(errno));
    }

    source_add(&timer);
}


static void
spread_tick(source_t *source)
{
    uint64_t  due;

    if (read(source->fd, &due, sizeof(due)) != sizeof(due)) {
        die("timerfd: %s", strerror(errno));
    }

    while (due-- && started < wanted) {
        maker_change(&makers[started % CONNECTIONS],
                     &streams[(uint64_t) started * STEP % stream_count]);
        started++;
    }
}


static void
spread_message(stream_t *stream)
{
    if (stream->sent == 0 || stream->received) {
        die("%s: a message without a change", stream->order);
    }

    stream->received = now();
    spread_done(stream);
}


/* The answer and the message come in any order. */
static void
spread_done(stream_t *stream)
{
    if (stream->answered == 0 || stream->received == 0) {
        return;
    }

    from[0][finished] = stream->received - stream->due;
    from[1][finished] = stream->received - stream->sent;
    from[2][finished] = (stream->received > stream->answered)
                        ? stream->received - stream->answered : 0;
    finished++;

    stream->due = 0;
    stream->sent = 0;
    stream->answered = 0;
    stream->received = 0;
}


static void
spread_print(void)
{
    int       i;
    uint32_t  n;

    n = wanted - warm;

    for (i = 0; i < 3; i++) {
        printf("%.2f %.2f %.2f ",
               percentile(from[i] + warm, n, 50) / 1e6,
               percentile(from[i] + warm, n, 99) / 1e6,
               percentile(from[i] + warm, n, 100) / 1e6);
    }

    printf("%u\n", n);
}
