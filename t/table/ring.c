
/*
 * What the ring of changes promises: places, versions, what is overrun; and
 * appenders that are killed or stopped in each place of an append.
 */


#include "test.h"
#include <endian.h>
#include <sys/wait.h>
#include <time.h>


#define SMALL    (20 * 1024)           /* some 90 entries */
#define ORDERS   40


typedef struct {
    uint64_t   order;
    uint32_t   version;
} place_t;


static int       point;                /* where to raise the signal, */
static int       passes;               /* the how manieth time, */
static int       signo;                /* and which */


void
table_point(int n)
{
    if (n == point && --passes == 0) {
        kill(getpid(), signo);
    }
}


static ngx_order_ring_t *
ring_new(size_t size)
{
    return ngx_order_ring_create(map(ngx_order_ring_size(size)), size);
}


static ngx_int_t
append(ngx_order_trail_t *trail, uint64_t n, uint32_t version)
{
    ngx_order_change_t  change;

    change = change_of(n, version, 0);

    return ngx_order_trail_append(trail, &change);
}


static ngx_int_t
append_gap(ngx_order_trail_t *trail)
{
    ngx_order_change_t  change;

    ngx_memzero(&change, sizeof(ngx_order_change_t));
    change.gap = 1;

    return ngx_order_trail_append(trail, &change);
}


static ngx_int_t
append_notice(ngx_order_trail_t *trail, uint64_t n, uint32_t version,
    int64_t when)
{
    ngx_order_change_t  change;

    change = change_of(n, version, 0);
    change.record.updated = when;
    change.stuck_since = 1;

    return ngx_order_trail_append(trail, &change);
}


/* Is this version of this order at a place. */

static int
is(ngx_order_ring_t *ring, uint64_t seq, uint64_t n, uint32_t version)
{
    uint64_t            order;
    ngx_order_change_t  change;

    return ngx_order_ring_read(ring, seq, &change) == NGX_OK
           && change_whole(&change, &order)
           && order == n && change.record.version == version;
}


static ngx_int_t
probe(ngx_order_ring_t *ring, uint64_t seq)
{
    ngx_order_change_t  change;

    return ngx_order_ring_read(ring, seq, &change);
}


/* The version behind one, 0 for none, and where it is. */

static uint32_t
next(ngx_order_trail_t *trail, uint64_t n, uint32_t version, uint64_t *seq)
{
    uint64_t            order;
    ngx_order_id_t      id;
    ngx_order_change_t  change;

    id = id_of(n);

    if (ngx_order_trail_next(trail, &id, (uint64_t) 1 << 32 | version,
                             &change, seq)
        != NGX_OK)
    {
        return 0;
    }

    return change_whole(&change, &order) && order == n ? change.record.version
                                                       : 0xffffffff;
}


static void
test_create(void)
{
    uint64_t           n;
    ngx_order_ring_t  *ring, *other;

    ok(ring_new(4096) == NULL && ring_new(64 * 200) == NULL,
       "a ring of less than 64 entries is refused");

    ring = ring_new(4 * 1024 * 1024);
    n = ngx_order_ring_capacity(ring);
    note("4 MB hold %lu changes, %.1f bytes each", (unsigned long) n,
         4.0 * 1024 * 1024 / n);
    ok(n > 18000, "4 MB hold more than 18,000 changes");

    other = ring_new(SMALL);
    ok(ngx_order_ring_generation(ring) != 0
       && ngx_order_ring_generation(other) != 0
       && ngx_order_ring_generation(ring) != ngx_order_ring_generation(other),
       "each ring has a generation of its own");

    ok(ngx_order_ring_head(ring) == 1 && ngx_order_ring_tail(ring) == 1,
       "a new one is empty, and begins at 1");
    ok(probe(ring, 1) == NGX_AGAIN && probe(ring, 1000) == NGX_AGAIN
       && probe(ring, 0) == NGX_DECLINED,
       "what is not there yet is another thing than what never was");
}


static void
test_order(void)
{
    int                 good;
    uint64_t            n;
    ngx_order_ring_t   *ring;
    ngx_order_trail_t  *trail;

    ring = ring_new(SMALL);
    trail = ngx_order_trail_create(ring, NULL);

    for (n = 1, good = 1; n <= 50; n++) {
        good &= append(trail, n, n) == NGX_OK
                && ngx_order_ring_head(ring) == n + 1;
    }

    ok(good, "each change moves the head by one");

    for (n = 1; n <= 50; n++) {
        good &= is(ring, n, n, n);
    }

    ok(good && probe(ring, 51) == NGX_AGAIN, "and is where it was appended");
    ok(ngx_order_ring_tail(ring) == 1, "while there is room all are kept");
}


static void
test_overrun(void)
{
    int                 good;
    uint64_t            n, i, tail, capacity;
    ngx_order_ring_t   *ring;
    ngx_order_trail_t  *trail;

    ring = ring_new(SMALL);
    trail = ngx_order_trail_create(ring, NULL);
    capacity = ngx_order_ring_capacity(ring);

    for (n = 1, good = 1; n <= capacity * 5; n++) {
        good &= append(trail, n, 1) == NGX_OK;
        tail = ngx_order_ring_tail(ring);
        good &= tail == (n > capacity ? n - capacity + 1 : 1);

        for (i = tail; i <= n; i++) {
            good &= is(ring, i, i, 1);
        }

        good &= probe(ring, tail - 1) == NGX_DECLINED
                && probe(ring, tail / 2) == NGX_DECLINED
                && probe(ring, n + 1) == NGX_AGAIN;
    }

    ok(good, "round after round the last %lu are there, and no others",
       (unsigned long) capacity);
}


static void
test_dedupe(void)
{
    uint64_t             i;
    ngx_order_ring_t    *ring;
    ngx_order_trail_t   *trail, *other;
    ngx_order_change_t   change;

    ring = ring_new(SMALL);
    trail = ngx_order_trail_create(ring, NULL);

    ok(append(trail, 1, 5) == NGX_OK && append(trail, 1, 5) == NGX_DONE
       && append(trail, 1, 4) == NGX_DONE && append(trail, 1, 6) == NGX_OK,
       "of an order only what is newer is appended");
    ok(ngx_order_ring_head(ring) == 3 && append(trail, 2, 1) == NGX_OK,
       "whatever other orders have");

    other = ngx_order_trail_create(ring, NULL);
    ok(append(other, 1, 6) == NGX_DONE && append(other, 2, 2) == NGX_OK
       && append(trail, 2, 2) == NGX_DONE && append(trail, 2, 3) == NGX_OK,
       "also by another worker, which did not append the others");

    change = change_of(1, 2, 0);
    change.record.epoch = 2;
    ok(ngx_order_trail_append(trail, &change) == NGX_OK
       && append(trail, 1, 7) == NGX_DONE,
       "a later epoch is newer than a greater version");

    i = ngx_order_ring_head(ring);
    ok(append_gap(trail) == NGX_OK && append_gap(other) == NGX_OK
       && ngx_order_ring_read(ring, i + 1, &change) == NGX_OK && change.gap,
       "a gap is appended always");

    for (i = 0; i <= ngx_order_ring_capacity(ring); i++) {
        (void) append(other, 100 + i, 1);
    }

    ok(append(trail, 1, 5) == NGX_OK && append(other, 1, 5) == NGX_DONE,
       "what has left the ring may come again");
}


static void
test_next(void)
{
    uint64_t            seq;
    ngx_order_id_t      id;
    ngx_order_ring_t   *ring;
    ngx_order_trail_t  *trail, *other;
    ngx_order_change_t  change;

    ring = ring_new(SMALL);
    trail = ngx_order_trail_create(ring, NULL);
    other = ngx_order_trail_create(ring, NULL);

    ok(next(trail, 1, 0, &seq) == 0, "an empty ring knows no version");

    (void) append(trail, 1, 3);
    (void) append(trail, 2, 1);
    (void) append(trail, 1, 4);
    (void) append_gap(trail);
    (void) append(trail, 1, 7);

    ok(next(other, 1, 0, &seq) == 3 && seq == 1
       && next(other, 1, 3, &seq) == 4 && seq == 3,
       "versions follow each other");
    ok(next(other, 1, 4, &seq) == 7 && seq == 5
       && next(other, 1, 5, &seq) == 7,
       "where some are not known, the next is told");
    ok(next(other, 1, 7, &seq) == 0 && next(other, 1, 100, &seq) == 0
       && next(other, 3, 0, &seq) == 0,
       "behind the newest is none, nor of another order");

    ngx_memzero(&id, sizeof(ngx_order_id_t));
    ok(ngx_order_trail_next(other, &id, 0, &change, &seq) == NGX_DONE,
       "a gap is nobody's version");

    change = change_of(1, 2, 0);
    change.record.epoch = 2;
    (void) ngx_order_trail_append(trail, &change);
    ok(next(other, 1, 7, &seq) == 2 && seq == 6,
       "a later epoch's version is behind all of the earlier");
}


static void
test_notices(void)
{
    uint64_t            seq;
    ngx_order_ring_t   *ring;
    ngx_order_trail_t  *trail, *other;
    ngx_order_change_t  change;

    ring = ring_new(SMALL);
    trail = ngx_order_trail_create(ring, NULL);

    ok(append(trail, 1, 3) == NGX_OK
       && append_notice(trail, 1, 3, 100) == NGX_OK
       && ngx_order_ring_head(ring) == 3,
       "a notice is appended behind its version");
    ok(ngx_order_ring_read(ring, 2, &change) == NGX_OK
       && change.stuck_since == 1 && change.record.updated == 100,
       "and read as one");

    other = ngx_order_trail_create(ring, NULL);
    ok(append_notice(trail, 1, 3, 100) == NGX_DONE
       && append_notice(other, 1, 3, 100) == NGX_DONE
       && append(other, 1, 3) == NGX_DONE
       && append_notice(other, 1, 2, 200) == NGX_DONE,
       "once, whoever appends it, and the version before it neither");
    ok(append_notice(other, 1, 3, 200) == NGX_OK
       && append_notice(trail, 1, 3, 100) == NGX_DONE
       && append_notice(trail, 1, 3, 200) == NGX_DONE,
       "a later one of the same version is another");
    ok(append_notice(trail, 2, 7, 100) == NGX_OK
       && append_notice(other, 2, 7, 100) == NGX_DONE,
       "also where the ring has not the version");

    ok(next(trail, 1, 2, &seq) == 3 && seq == 1
       && next(other, 1, 3, &seq) == 0 && next(trail, 2, 0, &seq) == 0,
       "a notice is no version that follows");

    ok(append(trail, 1, 4) == NGX_OK
       && append_notice(trail, 1, 3, 200) == NGX_DONE
       && append_notice(other, 1, 3, 300) == NGX_DONE,
       "and none comes behind the next version");
    ok(next(other, 1, 2, &seq) == 3 && seq == 1
       && next(other, 1, 3, &seq) == 4 && seq == 5,
       "versions follow each other past notices");
    ok(append_notice(trail, 1, 4, 50) == NGX_OK
       && append(trail, 1, 5) == NGX_OK
       && next(trail, 1, 4, &seq) == 5 && seq == 7,
       "which a newer version may have, too");
}


/* Two workers' indexes against what a list of all changes says. */

static int
agrees(ngx_order_trail_t *trail, const place_t *log, uint64_t tail,
    uint64_t head, uint64_t n, uint32_t version)
{
    uint32_t  found;
    uint64_t  i, seq;

    found = next(trail, n, version, &seq);

    for (i = tail; i < head; i++) {
        if (log[i].order == n && log[i].version > version) {
            return found == log[i].version && seq == i;
        }
    }

    return found == 0;
}


static void
test_model(void)
{
    int                 good;
    place_t            *log;
    uint32_t            versions[ORDERS];
    uint64_t            i, n, x, head;
    ngx_order_ring_t   *ring;
    ngx_order_trail_t  *trails[2];

    ring = ring_new(SMALL);
    trails[0] = ngx_order_trail_create(ring, NULL);
    trails[1] = ngx_order_trail_create(ring, NULL);
    log = map(30000 * sizeof(place_t));
    ngx_memzero(versions, sizeof(versions));
    head = 1;

    for (i = 0, good = 1; i < 20000 && good; i++) {
        x = mix(i);
        n = x % 3 ? x / 3 % ORDERS : x / 3 % 3;

        versions[n] += 1 + x / 1000 % 2;

        /* the second looks seldom, at times after rounds */

        good &= append(trails[x / 5000 % 64 == 0], n, versions[n]) == NGX_OK
                && append(trails[0], n, versions[n] - x / 2000 % 2)
                   == NGX_DONE;
        log[head].order = n;
        log[head].version = versions[n];
        head++;

        n = mix(x) % ORDERS;
        good &= agrees(trails[x / 7000 % 500 == 0], log,
                       ngx_order_ring_tail(ring), head, n,
                       versions[n] - mix(x + 1) % (versions[n] + 1));
    }

    ok(good && ngx_order_ring_head(ring) == head,
       "20,000 changes: each next version is that of a list of them");
}


/*
 * A child that appends, as its own worker, and raises a signal in a place.
 * Its exit status is whether it appended.
 */

static pid_t
start(ngx_order_ring_t *ring, const ngx_order_change_t *change, int at,
    int pass, int sig)
{
    int                 status;
    pid_t               pid;
    ngx_order_trail_t  *trail;

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        trail = ngx_order_trail_create(ring, NULL);
        point = at;
        passes = pass;
        signo = sig;

        _exit(ngx_order_trail_append(trail, change) == NGX_OK);
    }

    waitpid(pid, &status, WUNTRACED);

    /* there are not so many words */

    return WIFEXITED(status) ? 0 : pid;
}


static int
finish(pid_t pid)
{
    int  status;

    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}


/* The holder is killed; the next one appends the same, as it reads it again,
 * and then something else. */

static void
test_killed(void)
{
    int                  at, pass, good;
    uint64_t             i;
    ngx_order_ring_t    *ring;
    ngx_order_trail_t   *trail;
    ngx_order_change_t   change;

    for (at = 1; at <= RING_POINTS; at++) {
        good = 1;

        for (pass = 1; pass <= (at == 4 ? 100 : 1); pass++) {
            ring = ring_new(SMALL);
            trail = ngx_order_trail_create(ring, NULL);

            for (i = 1; i <= 200; i++) {
                (void) append(trail, i, 1);
            }

            change = change_of(500, 1, 0);

            if (start(ring, &change, at, pass, SIGKILL) == 0) {
                break;
            }

            good &= append(trail, 500, 1) == (at == 6 ? NGX_DONE : NGX_OK)
                    && append(trail, 501, 1) == NGX_OK
                    && ngx_order_ring_head(ring) == 203
                    && is(ring, 201, 500, 1) && is(ring, 202, 501, 1);

            for (i = ngx_order_ring_tail(ring); i <= 200; i++) {
                good &= is(ring, i, i, 1);
            }
        }

        ok(good && pass > 1, "killed in place %d of an append: nothing is lost",
           at);
    }
}


/*
 * The holder is stopped; another appends "more" changes, the first of them
 * the same as its or not; it comes back.  How many of the last entries cannot
 * be read then?
 */

static uint64_t
spoilt_by(int at, int pass, int same, uint64_t more, int *good)
{
    pid_t                pid;
    uint64_t             i, spoilt;
    ngx_order_ring_t    *ring;
    ngx_order_trail_t   *trail;
    ngx_order_change_t   change;

    ring = ring_new(SMALL);
    trail = ngx_order_trail_create(ring, NULL);

    for (i = 1; i <= 200; i++) {
        (void) append(trail, i, 1);
    }

    change = change_of(same ? 201 : 999, 1, 0);
    pid = start(ring, &change, at, pass, SIGSTOP);

    for (i = 201; i <= 200 + more; i++) {
        *good &= append(trail, i, 1) == NGX_OK;
    }

    if (pid) {
        *good &= finish(pid) == 0;
    }

    *good &= ngx_order_ring_head(ring) == 201 + more
             && append(trail, i, 1) == NGX_OK;

    for (i = ngx_order_ring_tail(ring), spoilt = 0; i <= 201 + more; i++) {
        if (probe(ring, i) == NGX_DECLINED) {
            spoilt++;

        } else {
            *good &= is(ring, i, i, 1);
        }
    }

    return spoilt;
}


static void
test_stopped(void)
{
    int                 at, pass, good;
    uint64_t            spoilt, capacity;

    capacity = ngx_order_ring_capacity(ring_new(SMALL));

    for (at = 1; at < RING_POINTS; at++) {

        for (pass = 1, good = 1, spoilt = 0; pass <= (at == 4 ? 20 : 1);
             pass++)
        {
            spoilt += spoilt_by(at, pass, 1, 3, &good);
        }

        ok(good && spoilt == 0,
           "stopped in place %d, and late with the same: it has no effect", at);

        for (pass = 1, good = 1; pass <= (at == 4 ? 20 : 1); pass++) {
            good &= spoilt_by(at, pass, 0, 3, &good) <= 1
                    && spoilt_by(at, pass, 0, capacity, &good) <= 1
                    && spoilt_by(at, pass, 0, capacity * 2 + 9, &good) <= 1;
        }

        ok(good, "with something else: one place is spoilt at most, is seen "
           "to be, and it is told");
    }

    good = 1;
    ok(spoilt_by(4, 8, 0, 3, &good) == 1 && good, "one indeed");
}


/* A place that was good when it was put into the index, and is not now. */

static void
test_spoilt(void)
{
    pid_t                pid;
    uint64_t             seq;
    ngx_order_ring_t    *ring;
    ngx_order_trail_t   *trail, *other;
    ngx_order_change_t   change;

    ring = ring_new(SMALL);
    trail = ngx_order_trail_create(ring, NULL);
    (void) append(trail, 1, 1);

    change = change_of(2, 1, 0);
    pid = start(ring, &change, 4, 8, SIGSTOP);

    (void) append(trail, 1, 2);
    (void) append(trail, 1, 3);
    ok(next(trail, 1, 1, &seq) == 2 && seq == 2, "a version that is there");

    (void) finish(pid);
    ok(probe(ring, 2) == NGX_DECLINED && next(trail, 1, 1, &seq) == 3
       && seq == 3 && next(trail, 1, 0, &seq) == 1,
       "is passed over when it is spoilt");

    other = ngx_order_trail_create(ring, NULL);
    ok(next(other, 1, 1, &seq) == 3 && next(other, 2, 0, &seq) == 0
       && append(other, 1, 3) == NGX_DONE && append(other, 2, 1) == NGX_OK,
       "also by one who never saw it good");
}


/* Between the commit and the move of the head. */

static void
test_committed(void)
{
    pid_t                pid;
    ngx_order_ring_t    *ring;
    ngx_order_trail_t   *trail;
    ngx_order_change_t   change;

    ring = ring_new(SMALL);
    trail = ngx_order_trail_create(ring, NULL);
    change = change_of(1, 1, 0);

    pid = start(ring, &change, 6, 1, SIGSTOP);
    ok(ngx_order_ring_head(ring) == 1 && probe(ring, 1) == NGX_AGAIN,
       "stopped when all but the head was done: nobody sees it");
    ok(append(trail, 2, 1) == NGX_OK && is(ring, 1, 1, 1)
       && is(ring, 2, 2, 1),
       "the next to append finishes it first");
    ok(finish(pid) == 1 && ngx_order_ring_head(ring) == 3
       && append(trail, 1, 1) == NGX_DONE,
       "so it was appended, once");
}


/* The processor's time for changes of orders whose ids count up, or do not. */

static clock_t
time_of(int counting)
{
    clock_t             start;
    uint64_t            n, number;
    ngx_order_trail_t  *trail;
    ngx_order_change_t  change;

    trail = ngx_order_trail_create(ring_new(4096 * 1024), NULL);
    start = clock();

    for (n = 1; n <= 20000; n++) {
        change = change_of(n, 1, 0);
        number = htobe64(counting ? n : mix(n));
        ngx_memcpy(&change.record.id.data[8], &number, sizeof(number));
        ngx_memzero(change.record.id.data, 8);
        (void) ngx_order_trail_append(trail, &change);
    }

    return clock() - start;
}


int
main(void)
{
    alarm(300);

    ok(time_of(1) < 10 * time_of(0), "ids that count up cost no more");

    test_create();
    test_order();
    test_overrun();
    test_dedupe();
    test_next();
    test_notices();
    test_model();
    test_killed();
    test_stopped();
    test_spoilt();
    test_committed();

    return done();
}
