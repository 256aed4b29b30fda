
/*
 * Appenders and readers on one ring of changes, the appenders killed or
 * stopped at random.  The change log is a sequence that follows from its
 * number; an appender plays the feed: it reads on from a shared snapshot,
 * appends what it read, and moves the snapshot.
 *
 *     ring_stress [kills [seconds]]
 *
 * First one appender at a time, killed and replaced: then a place in the ring
 * is a place in the log, and nothing else is allowed.  After it two at a time,
 * one of which was stopped and comes back, as a holder that lost its lease.
 * Without kills the second with threads, for the thread sanitizer.
 */


#include "test.h"
#include <sys/mman.h>
#include <sys/wait.h>
#include <pthread.h>
#include <sched.h>


#define READERS    3
#define APPENDERS  2
#define ORDERS     97
#define SIZE       (64 * 1024)         /* some 300 entries */
#define BATCH      64
#define PATIENCE   60                  /* s until readers must have ended */


typedef struct {
    uint64_t            read;
    uint64_t            overrun;       /* times that the ring was past it */
    uint64_t            spoilt;
    uint64_t            torn;          /* not what anybody has written */
    uint64_t            strange;       /* not what the log has there */
    uint64_t            again;         /* what had been spoilt meanwhile */
    uint64_t            doubled;       /* what had not */
    uint64_t            chained;       /* versions found by the index */
    uint64_t            wrong;         /* by the index */
    uint64_t            pad[7];
} reader_t;


/* the newest of an order that a reader has seen, and where */

typedef struct {
    uint32_t            version;
    uint64_t            seq;
} seen_t;


typedef struct {
    ngx_order_ring_t   *ring;
    uint64_t            snapshot;      /* the log is read up to here */
    uint64_t            appended;
    uint64_t            declined;
    uint64_t            appenders;     /* that there were */
    uint64_t            exact;         /* a place is a place in the log */
    uint32_t            stop;
    reader_t            readers[READERS];
} stress_t;


static stress_t           *stress;
static __thread uint64_t   seed;


void
table_point(int n)
{
    (void) n;

    if (!stress->exact && mix(++seed) % 4000 == 0) {
        usleep(mix(seed) % 300);
    }
}


static uint64_t
any(uint64_t n)
{
    return mix(++seed) % n;
}


static int
stopped(void)
{
    return __atomic_load_n(&stress->stop, __ATOMIC_SEQ_CST);
}


/* Entry n of the log, from 0: two versions of each order a round. */

static uint64_t
log_order(uint64_t n)
{
    return n % (2 * ORDERS) / 2 * 31 % ORDERS;
}


static uint32_t
log_version(uint64_t n)
{
    return (uint32_t) (n / (2 * ORDERS) * 2 + n % 2 + 1);
}


/* One read of the feed.  What was declined is read again. */

static void
feed(ngx_order_trail_t *trail, uint64_t by)
{
    uint64_t            n, first, last;
    ngx_int_t           rc;
    ngx_order_change_t  change;

    first = __atomic_load_n(&stress->snapshot, __ATOMIC_SEQ_CST);
    last = first + 1 + any(BATCH);

    for (n = first; n < last; n++) {
        change = change_of(log_order(n), log_version(n), by);
        rc = ngx_order_trail_append(trail, &change);

        if (rc == NGX_DECLINED) {
            (void) __atomic_add_fetch(&stress->declined, 1, __ATOMIC_SEQ_CST);
            return;
        }

        if (rc == NGX_OK) {
            (void) __atomic_add_fetch(&stress->appended, 1, __ATOMIC_SEQ_CST);
        }
    }

    (void) __atomic_compare_exchange_n(&stress->snapshot, &first, last, 0,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}


static void *
append(void *data)
{
    uint64_t            by;
    ngx_order_trail_t  *trail;

    (void) data;

    by = __atomic_add_fetch(&stress->appenders, 1, __ATOMIC_SEQ_CST);
    seed ^= nsec() * by;
    trail = ngx_order_trail_create(stress->ring, NULL);

    while (!stopped()) {
        feed(trail, by);

        if (any(20) == 0) {
            usleep(any(100));
        }
    }

    return NULL;
}


static void
check(reader_t *r, uint64_t seq, const ngx_order_change_t *change,
    seen_t *seen)
{
    uint64_t            order;
    ngx_order_change_t  old;

    r->read++;

    if (!change_whole(change, &order) || order >= ORDERS) {
        r->torn++;
        return;
    }

    if (stress->exact && (order != log_order(seq - 1)
                          || change->record.version != log_version(seq - 1)))
    {
        r->strange++;
    }

    if (change->record.version > seen[order].version) {
        seen[order].version = change->record.version;
        seen[order].seq = seq;

    } else if (ngx_order_ring_read(stress->ring, seen[order].seq, &old)
               == NGX_OK)
    {
        r->doubled++;

    } else {
        r->again++;
    }
}


/* What comes behind some version of some order. */

static void
follow(reader_t *r, ngx_order_trail_t *trail, const seen_t *seen)
{
    uint64_t            n, order, seq;
    uint32_t            version;
    ngx_order_id_t      id;
    ngx_order_change_t  change;

    n = any(ORDERS);
    id = id_of(n);
    version = seen[n].version - any(ngx_min(seen[n].version, 3) + 1);

    if (ngx_order_trail_next(trail, &id, (uint64_t) 1 << 32 | version,
                             &change, &seq)
        != NGX_OK)
    {
        return;
    }

    r->chained++;
    r->wrong += !change_whole(&change, &order) || order != n
                || change.record.version <= version;

    if (stress->exact) {
        r->wrong += order != log_order(seq - 1)
                    || change.record.version != log_version(seq - 1);

        /* a round before is still in the ring */

        r->wrong += change.record.version > version + 1
                    && seq > ngx_order_ring_tail(stress->ring) + 2 * ORDERS;
    }
}


static void *
read_ring(void *data)
{
    reader_t  *r = data;

    seen_t              seen[ORDERS];
    uint64_t            seq;
    ngx_int_t           rc;
    ngx_order_trail_t  *trail;
    ngx_order_change_t  change;

    seed ^= nsec() * (r - stress->readers + 1000);
    trail = ngx_order_trail_create(stress->ring, NULL);
    ngx_memzero(seen, sizeof(seen));
    seq = ngx_order_ring_head(stress->ring);

    for ( ;; ) {
        rc = ngx_order_ring_read(stress->ring, seq, &change);

        if (rc == NGX_OK) {
            check(r, seq++, &change, seen);

        } else if (rc == NGX_AGAIN) {

            if (stopped()) {
                return NULL;
            }

            sched_yield();

        } else if (seq < ngx_order_ring_tail(stress->ring)) {
            r->overrun++;
            seq = ngx_order_ring_tail(stress->ring);

        } else {
            r->spoilt++;
            seq++;
        }

        if (any(50) == 0) {
            follow(r, trail, seen);
        }
    }
}


static pid_t
start(void *(*work)(void *data), void *data)
{
    pid_t  pid;

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        alarm(PATIENCE);
        work(data);
        _exit(0);
    }

    return pid;
}


static void
end(pid_t pid)
{
    kill(pid, SIGCONT);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}


/* One at a time, each killed. */

static void
kill_one(uint64_t kills)
{
    pid_t     pid;
    uint64_t  n;

    for (n = 0; n < kills; n++) {
        pid = start(append, NULL);
        usleep(any(3000));
        end(pid);
    }
}


/* One is stopped, a second comes, the first comes back; one is killed. */

static void
stop_one(uint64_t kills)
{
    pid_t     old, new;
    uint64_t  n;

    old = start(append, NULL);

    for (n = 0; n < kills; n++) {
        usleep(any(2000));
        kill(old, SIGSTOP);
        new = start(append, NULL);
        usleep(any(4000));
        kill(old, SIGCONT);
        usleep(any(2000));

        if (any(2)) {
            end(old);
            old = new;

        } else {
            end(new);
        }
    }

    end(old);
}


static void
run_processes(uint64_t kills, void (*disturb)(uint64_t kills))
{
    int    i, status, bad;
    pid_t  pids[READERS];

    for (i = 0; i < READERS; i++) {
        pids[i] = start(read_ring, &stress->readers[i]);
    }

    disturb(kills);

    __atomic_store_n(&stress->stop, 1, __ATOMIC_SEQ_CST);

    for (i = 0, bad = 0; i < READERS; i++) {
        waitpid(pids[i], &status, 0);
        bad += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }

    ok(bad == 0, "all readers came to the end");
}


static void
run_threads(unsigned seconds)
{
    int        i;
    pthread_t  threads[READERS + APPENDERS];

    for (i = 0; i < READERS; i++) {
        pthread_create(&threads[i], NULL, read_ring, &stress->readers[i]);
    }

    for ( /* void */ ; i < READERS + APPENDERS; i++) {
        pthread_create(&threads[i], NULL, append, NULL);
    }

    sleep(seconds);
    __atomic_store_n(&stress->stop, 1, __ATOMIC_SEQ_CST);

    for (i = 0; i < READERS + APPENDERS; i++) {
        pthread_join(threads[i], NULL);
    }
}


static void
begin(uint64_t exact)
{
    stress = map(sizeof(stress_t));
    stress->ring = ngx_order_ring_create(map(ngx_order_ring_size(SIZE)), SIZE);
    stress->exact = exact;
    seed = nsec();
}


static void
report(uint64_t kills)
{
    ngx_uint_t   i;
    reader_t     sum, *r;

    ngx_memzero(&sum, sizeof(reader_t));

    for (i = 0; i < READERS; i++) {
        r = &stress->readers[i];
        sum.read += r->read;
        sum.overrun += r->overrun;
        sum.spoilt += r->spoilt;
        sum.torn += r->torn;
        sum.strange += r->strange;
        sum.again += r->again;
        sum.doubled += r->doubled;
        sum.chained += r->chained;
        sum.wrong += r->wrong;
    }

    note("%lu appenders appended %lu, %lu declined; log read up to %lu",
         (unsigned long) stress->appenders, (unsigned long) stress->appended,
         (unsigned long) stress->declined, (unsigned long) stress->snapshot);
    note("%lu read, %lu by the index; %lu times overrun, %lu spoilt",
         (unsigned long) sum.read, (unsigned long) sum.chained,
         (unsigned long) sum.overrun, (unsigned long) sum.spoilt);

    ok(sum.read > 1000 && sum.chained > 100 && stress->appended > 1000
       && stress->appenders >= kills / 2,
       "changes were appended and read");
    ok(sum.torn == 0, "all that was read is whole");
    ok(sum.wrong == 0, "what the index found is what it was asked for");

    if (stress->exact) {
        ok(sum.strange + sum.doubled + sum.again + sum.spoilt == 0
           && stress->declined == 0,
           "each change is there once, in the order of the log");
        ok(ngx_order_ring_head(stress->ring) > stress->appended,
           "nothing that was appended is missing");
        return;
    }

    note("%lu came again, as they had been spoilt", (unsigned long) sum.again);

    ok(stress->declined > 0, "who was too late was told");
    ok(sum.doubled == 0, "nothing comes again that is there still");
}


int
main(int argc, char **argv)
{
    uint64_t  kills;

    kills = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;

    if (kills) {
        begin(1);
        run_processes(kills, kill_one);
        report(kills);

        begin(0);
        run_processes(kills / 4, stop_one);
        report(kills / 4);

    } else {
        begin(0);
        run_threads(argc > 2 ? strtoul(argv[2], NULL, 10) : 5);
        report(2);
    }

    return done();
}
