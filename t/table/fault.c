
/*
 * A writer is killed, or stopped for a while, in each place of each kind of
 * write.  Whoever comes after it is not held up, sees nothing torn, and
 * nothing older than what was changed since.
 */


#include "test.h"
#include <sys/mman.h>
#include <sys/wait.h>


#define SMALL    4352                  /* two sets: 32 orders, all neighbours */
#define OTHERS   100                   /* the first of the other orders */
#define BEFORE   5                     /* versions of the order that matters */
#define DURING   6
#define AFTER    9
#define PATIENCE 1000000000            /* ns, nearly all for the scheduler */


typedef struct {
    const char   *name;
    ngx_uint_t    full;                /* no way is free */
    ngx_uint_t    present;             /* the order is in the cache */
    ngx_uint_t    gone;                /* it was there, and was deleted */
    ngx_uint_t    suspect;             /* a stopped writer died before */
    void        (*write)(ngx_order_cache_t *cache);
} write_t;


static void write_change(ngx_order_cache_t *cache);
static void write_fill(ngx_order_cache_t *cache);
static void write_delete(ngx_order_cache_t *cache);


static const write_t  writes[] = {
    { "a change in place", 0, 1, 0, 0, write_change },
    { "a fill into a free way", 0, 0, 0, 0, write_fill },
    { "a fill where an older version was", 0, 0, 1, 0, write_fill },
    { "a fill that evicts", 1, 0, 0, 0, write_fill },
    { "a deletion", 1, 1, 0, 0, write_delete },
    { "a change that repairs and empties sets", 1, 1, 0, 1, write_change },
    { NULL, 0, 0, 0, 0, NULL }
};


static int  point;                     /* where to raise the signal, */
static int  passes;                    /* the how manieth time, */
static int  signo;                     /* and which */


void
table_point(int n)
{
    if (n == point && --passes == 0) {
        kill(getpid(), signo);
    }
}


static void
write_change(ngx_order_cache_t *cache)
{
    ngx_order_record_t  record;

    record = record_of(1, DURING);
    ngx_order_cache_change(cache, &record, NULL);
}


static void
write_fill(ngx_order_cache_t *cache)
{
    ngx_order_record_t  record;

    record = record_of(1, DURING);
    (void) ngx_order_cache_fill(cache, &record,
                                ngx_order_cache_ticket(cache, &record.id));
}


static void
write_delete(ngx_order_cache_t *cache)
{
    ngx_order_record_t  record;

    record = record_of(1, DURING);
    record.deleted = 1;
    ngx_order_cache_change(cache, &record, NULL);
}


static ngx_int_t
fill(ngx_order_cache_t *cache, uint64_t n, uint32_t version)
{
    ngx_order_record_t  record;

    record = record_of(n, version);

    return ngx_order_cache_fill(cache, &record,
                                ngx_order_cache_ticket(cache, &record.id));
}


/* The version seen, 0 for none, -1 for missing, -2 for a torn one. */

static int
version_of(ngx_order_cache_t *cache, uint64_t n)
{
    ngx_int_t           rc;
    ngx_msec_t          filled;
    ngx_order_id_t      id;
    ngx_order_record_t  record;

    id = id_of(n);
    rc = ngx_order_cache_get(cache, &id, &record, &filled);

    if (rc == NGX_OK) {
        return whole(&record, n) ? (int) record.version : -2;
    }

    return rc == NGX_DONE ? -1 : 0;
}


/* Forks a process that writes until it meets its signal; -1: it did not. */

static pid_t
start(ngx_order_cache_t *cache, const write_t *w, int p, int pass, int sig)
{
    int    status;
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        point = p;
        passes = pass;
        signo = sig;
        w->write(cache);
        _exit(0);
    }

    waitpid(pid, &status, WUNTRACED);

    return WIFEXITED(status) ? -1 : pid;
}


static void
finish(pid_t pid, int sig)
{
    kill(pid, sig);
    waitpid(pid, NULL, 0);
}


/* A cache as the write needs it. */

static ngx_order_cache_t *
prepare(const write_t *w)
{
    pid_t               pid;
    uint64_t            n;
    ngx_order_cache_t  *cache;

    cache = ngx_order_cache_create(map(ngx_order_cache_size(SMALL)), SMALL);

    for (n = 0; n < (w->full ? 31 : 20); n++) {
        (void) fill(cache, OTHERS + n, 1);
    }

    if (w->present || w->gone) {
        (void) fill(cache, 1, BEFORE);

        if (w->gone) {
            write_delete(cache);
            write_change(cache);
        }

    } else if (w->full) {
        (void) fill(cache, OTHERS + n, 1);
    }

    if (w->suspect) {
        pid = start(cache, w, 4, 1, SIGSTOP);
        write_change(cache);
        finish(pid, SIGKILL);
    }

    return cache;
}


/* Is everything but order 1 whole, or not there. */

static int
others_whole(ngx_order_cache_t *cache)
{
    uint64_t  n;

    for (n = 0; n < 40; n++) {
        if (version_of(cache, OTHERS + n) & ~1) {
            return 0;
        }
    }

    return 1;
}


/* After the last change: nothing older is seen. */

static int
is_new(ngx_order_cache_t *cache)
{
    int  version;

    version = version_of(cache, 1);

    return version == 0 || version == AFTER;
}


/* Once nobody is in the way, the cache works as ever. */

static int
is_well(ngx_order_cache_t *cache)
{
    uint64_t  n, seen;

    (void) fill(cache, 1, AFTER);

    if (!is_new(cache) || fill(cache, 1, AFTER) != NGX_OK
        || version_of(cache, 1) != AFTER)
    {
        return 0;
    }

    for (n = 0, seen = 0; n < 20; n++) {
        (void) fill(cache, OTHERS + n, 1);
        seen += version_of(cache, OTHERS + n) == 1;
    }

    return seen == 20 && others_whole(cache);
}


/* What is done while the writer is dead, or stopped, and how long it takes. */

static int
carry_on(ngx_order_cache_t *cache, const write_t *w)
{
    int                 i, version;
    uint64_t            time;
    ngx_order_record_t  record;

    time = nsec();

    /* before and after somebody repairs the sets */

    for (i = 0; i < 2; i++) {
        version = version_of(cache, 1);

        if (version < -1 || (version > 0 && version != DURING
                             && !(w->present && version == BEFORE)))
        {
            return 0;
        }

        (void) fill(cache, OTHERS + 50 + i, 1);
    }

    record = record_of(1, AFTER);
    ngx_order_cache_change(cache, &record, NULL);

    if (!is_new(cache)) {
        return 0;
    }

    (void) fill(cache, 1, AFTER);
    (void) fill(cache, OTHERS + 60, 1);

    time = nsec() - time;

    if (time > PATIENCE) {
        note("it took %.3f ms", time / 1e6);
        return 0;
    }

    return is_new(cache) && others_whole(cache);
}


static int
dies(const write_t *w, int p, int pass, int *bad)
{
    ngx_order_cache_t  *cache;

    cache = prepare(w);

    if (start(cache, w, p, pass, SIGKILL) == -1) {
        munmap(cache, ngx_order_cache_size(SMALL));
        return 0;
    }

    if (!carry_on(cache, w) || !is_new(cache) || !is_well(cache)) {
        note("killed at point %d, pass %d", p, pass);
        (*bad)++;
    }

    munmap(cache, ngx_order_cache_size(SMALL));

    return 1;
}


static int
stops(const write_t *w, int p, int pass, int sig, int *bad)
{
    pid_t               pid;
    ngx_order_cache_t  *cache;

    cache = prepare(w);
    pid = start(cache, w, p, pass, SIGSTOP);

    if (pid == -1) {
        munmap(cache, ngx_order_cache_size(SMALL));
        return 0;
    }

    if (!carry_on(cache, w)) {
        note("stopped at point %d, pass %d", p, pass);
        (*bad)++;
    }

    finish(pid, sig);

    if (!is_new(cache) || !is_well(cache)) {
        note("stopped at point %d, pass %d, then signal %d", p, pass, sig);
        (*bad)++;
    }

    munmap(cache, ngx_order_cache_size(SMALL));

    return 1;
}


static void
test_write(const write_t *w)
{
    int  p, pass, killed, stopped, ended, bad[3];

    killed = 0;
    stopped = 0;
    ended = 0;
    ngx_memzero(bad, sizeof(bad));

    for (p = 1; p <= TABLE_POINTS; p++) {

        for (pass = 1; dies(w, p, pass, &bad[0]); pass++) {
            killed++;
        }

        for (pass = 1; stops(w, p, pass, SIGCONT, &bad[1]); pass++) {
            stopped++;
        }

        for (pass = 1; stops(w, p, pass, SIGKILL, &bad[2]); pass++) {
            ended++;
        }
    }

    ok(killed && !bad[0], "%s is killed in %d places", w->name, killed);
    ok(stopped && !bad[1], "%s is stopped in %d places, and resumes", w->name,
       stopped);
    ok(ended && !bad[2], "%s is stopped in %d places, and dies", w->name,
       ended);
}


static void
test_counters(void)
{
    pid_t                   pid;
    ngx_order_cache_t      *cache;
    ngx_order_cache_stat_t  stat;

    cache = prepare(&writes[0]);
    pid = start(cache, &writes[0], 4, 1, SIGSTOP);
    ok(version_of(cache, 1) == 0, "a version half written is not waited for");

    (void) fill(cache, 1, AFTER);
    ngx_order_cache_stat(cache, &stat);
    ok(stat.suspects == 2 && stat.recovered == 0,
       "two sets are marked suspect");

    finish(pid, SIGKILL);
    (void) fill(cache, 1, AFTER);
    ngx_order_cache_stat(cache, &stat);
    ok(stat.suspects == 2 && stat.recovered == 2, "and recovered");
}


int
main(void)
{
    const write_t  *w;

    alarm(300);

    for (w = writes; w->name; w++) {
        test_write(w);
    }

    test_counters();

    return done();
}
