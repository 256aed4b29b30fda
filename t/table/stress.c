
/*
 * Writers and readers on one cache, some of them killed or stopped at random.
 * A database is played by an array of versions; a feed, by the parent, which
 * repeats the change that a killed writer had begun.
 *
 *     stress [kills [seconds]]
 *
 * Without kills the writers and readers are threads, for the thread
 * sanitizer; else processes, and it ends after the last kill.
 */


#include "test.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <pthread.h>


#define WORKERS  6                     /* half of them write */
#define ORDERS   6000
#define HOT      40                    /* a third of all goes to these */
#define SIZE     (512 * 1024)          /* 3,900 orders */
#define NOBODY   0xffffffff
#define LIMIT    100000000             /* ns that nobody may be stuck */


/* what a worker is at, and what it has seen */

typedef struct {
    uint64_t            intent;        /* order that is being changed */
    uint64_t            stops;         /* times that it was stopped */
    uint64_t            longest;       /* ns of an operation */
    uint64_t            polls;
    uint64_t            hits;
    uint64_t            changes;
    uint64_t            torn;
    uint64_t            back;
    uint64_t            alien;         /* aliases of another order */
    uint64_t            pad[7];
} worker_t;


/* when an operation began */

typedef struct {
    struct rusage       usage;
    uint64_t            time;
    uint64_t            stops;
    uint64_t            delays;
} clock_start_t;


typedef struct {
    ngx_order_cache_t  *cache;
    uint32_t            database[ORDERS];
    uint32_t            shown[ORDERS]; /* the newest that anybody has seen */
    worker_t            workers[WORKERS];
    uint32_t            stop;
} stress_t;


static uint64_t usec(const struct rusage *usage);


static stress_t           *stress;
static __thread uint64_t   seed;
static __thread uint64_t   delays;     /* times that we were put to sleep */
static int                 slow;       /* is a writer delayed at times */


/* Now and then a writer is descheduled in the middle. */

void
table_point(int n)
{
    (void) n;

    if (slow && mix(++seed) % 20000 == 0) {
        usleep(mix(seed) % 200);
        delays++;
    }
}


static uint64_t
any(uint64_t n)
{
    return mix(++seed) % n;
}


static uint64_t
any_order(void)
{
    return any(3) ? any(ORDERS) : any(HOT);
}


static void
raise_to(uint32_t *p, uint32_t version)
{
    uint32_t  old;

    old = __atomic_load_n(p, __ATOMIC_SEQ_CST);

    while (old < version
           && !__atomic_compare_exchange_n(p, &old, version, 0,
                                           __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST))
    {
        /* void */
    }
}


static void
begin(worker_t *w, clock_start_t *start)
{
    getrusage(RUSAGE_THREAD, &start->usage);
    start->stops = __atomic_load_n(&w->stops, __ATOMIC_SEQ_CST);
    start->delays = delays;
    start->time = nsec();
}


/*
 * Where the system gave the processor to somebody else, or the test did, the
 * operation's own time counts; where the parent had stopped the worker, none.
 */

static void
end(worker_t *w, clock_start_t *start)
{
    uint64_t       time;
    struct rusage  usage;

    time = nsec() - start->time;

    if (time <= w->longest
        || start->stops != __atomic_load_n(&w->stops, __ATOMIC_SEQ_CST))
    {
        return;
    }

    getrusage(RUSAGE_THREAD, &usage);

    if (usage.ru_nivcsw != start->usage.ru_nivcsw || delays != start->delays)
    {
        time = usec(&usage) - usec(&start->usage);
        time *= 1000;
    }

    w->longest = ngx_max(w->longest, time);
}


static uint64_t
usec(const struct rusage *usage)
{
    return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000
           + usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
}


/* A poll: from the cache, or from the database and filled in. */

static void
poll_order(worker_t *w, uint64_t n)
{
    uint32_t             floor, version;
    ngx_int_t            rc;
    ngx_msec_t           filled;
    clock_start_t        start;
    ngx_order_id_t       id;
    ngx_order_ticket_t   ticket;
    ngx_order_record_t   record;

    id = id_of(n);
    floor = __atomic_load_n(&stress->shown[n], __ATOMIC_SEQ_CST);

    begin(w, &start);
    rc = ngx_order_cache_get(stress->cache, &id, &record, &filled);
    end(w, &start);

    w->polls++;

    if (rc == NGX_OK) {
        w->hits++;
        w->torn += !whole(&record, n);
        version = record.version;

    } else {
        ticket = ngx_order_cache_ticket(stress->cache, &id);
        version = __atomic_load_n(&stress->database[n], __ATOMIC_SEQ_CST);
        record = record_of(n, version);

        if (any(50) == 0) {
            usleep(any(300));
        }

        begin(w, &start);
        (void) ngx_order_cache_fill(stress->cache, &record, ticket);
        end(w, &start);
    }

    if (version < floor) {
        w->back++;
    }

    raise_to(&stress->shown[n], version);
}


/* A change that is acknowledged when it is in the cache. */

static void
change_order(worker_t *w, uint64_t n)
{
    uint32_t             version;
    clock_start_t        start;
    ngx_order_id_t       id;
    ngx_order_ticket_t   ticket;
    ngx_order_record_t   record;

    id = id_of(n);
    ticket = ngx_order_cache_ticket(stress->cache, &id);

    __atomic_store_n(&w->intent, n, __ATOMIC_SEQ_CST);
    version = __atomic_add_fetch(&stress->database[n], 1, __ATOMIC_SEQ_CST);
    record = record_of(n, version);

    begin(w, &start);
    ngx_order_cache_change(stress->cache, &record, any(2) ? &ticket : NULL);
    end(w, &start);

    raise_to(&stress->shown[n], version);
    __atomic_store_n(&w->intent, NOBODY, __ATOMIC_SEQ_CST);

    w->changes++;
}


static void
use_alias(worker_t *w, uint64_t n)
{
    u_char          text[NGX_ORDER_NUMBER_LEN];
    ngx_str_t       number;
    ngx_order_id_t  id, other;

    id = id_of(n);
    number.data = text;
    number.len = snprintf((char *) text, sizeof(text), "ORD-%06u",
                          (unsigned) n);

    if (ngx_order_cache_alias_get(stress->cache, &number, &other) != NGX_OK) {
        ngx_order_cache_alias_put(stress->cache, &number, &id);

    } else if (!ngx_order_id_eq(&id, &other)) {
        w->alien++;
    }
}


static void *
work(void *data)
{
    worker_t  *w = data;

    seed ^= nsec() * (w - stress->workers + 1);

    while (!__atomic_load_n(&stress->stop, __ATOMIC_SEQ_CST)) {

        if ((w - stress->workers) % 2 && any(2)) {
            change_order(w, any_order());

        } else {
            poll_order(w, any_order());
        }

        if (any(10) == 0) {
            use_alias(w, any(ORDERS));
        }
    }

    return NULL;
}


static pid_t
start(worker_t *w)
{
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        work(w);
        _exit(0);
    }

    return pid;
}


/* What the feed does with a change whose writer was killed. */

static void
repeat(worker_t *w)
{
    ngx_order_record_t  record;

    if (w->intent != NOBODY) {
        record = record_of(w->intent, stress->database[w->intent]);
        ngx_order_cache_change(stress->cache, &record, NULL);
        w->intent = NOBODY;
    }
}


static void
run_processes(int kills)
{
    int        i, n;
    pid_t      pids[WORKERS];
    worker_t  *w;

    for (i = 0; i < WORKERS; i++) {
        pids[i] = start(&stress->workers[i]);
    }

    for (n = 0; n < kills; n++) {
        usleep(1000 + any(6000));
        i = any(WORKERS);
        w = &stress->workers[i];

        if (n % 5 == 0) {
            (void) __atomic_add_fetch(&w->stops, 1, __ATOMIC_SEQ_CST);
            kill(pids[i], SIGSTOP);
            usleep(any(20000));
            (void) __atomic_add_fetch(&w->stops, 1, __ATOMIC_SEQ_CST);
            kill(pids[i], SIGCONT);
            usleep(any(1000));
        }

        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
        repeat(w);

        pids[i] = start(w);
    }

    __atomic_store_n(&stress->stop, 1, __ATOMIC_SEQ_CST);

    for (i = 0; i < WORKERS; i++) {
        waitpid(pids[i], NULL, 0);
    }
}


static void
run_threads(unsigned seconds)
{
    int        i;
    pthread_t  threads[WORKERS];

    for (i = 0; i < WORKERS; i++) {
        pthread_create(&threads[i], NULL, work, &stress->workers[i]);
    }

    sleep(seconds);
    __atomic_store_n(&stress->stop, 1, __ATOMIC_SEQ_CST);

    for (i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
    }
}


/* At rest: what is cached is what the database has, and all can be cached. */

static void
compare(void)
{
    uint64_t            n, i, cached, wrong, unfit;
    ngx_msec_t          filled;
    ngx_order_id_t      id;
    ngx_order_record_t  record;

    cached = 0;
    wrong = 0;
    unfit = 0;

    for (n = 0; n < ORDERS; n++) {
        id = id_of(n);

        if (ngx_order_cache_get(stress->cache, &id, &record, &filled)
            == NGX_OK)
        {
            cached++;
            wrong += record.version != stress->database[n]
                     || !whole(&record, n);
        }
    }

    ok(cached > 0 && wrong == 0,
       "each of %lu cached orders is as in the database",
       (unsigned long) cached);

    /* the first fill into a set that is still suspect only empties it */

    for (n = 0; n < ORDERS; n++) {
        record = record_of(n, stress->database[n]);
        id = record.id;

        for (i = 0; i < 2; i++) {
            (void) ngx_order_cache_fill(stress->cache, &record,
                                        ngx_order_cache_ticket(stress->cache,
                                                               &id));
        }

        unfit += ngx_order_cache_get(stress->cache, &id, &record, &filled)
                 != NGX_OK || record.version != stress->database[n];
    }

    ok(unfit == 0, "and each order can be cached");
}


static void
report(int kills)
{
    ngx_uint_t              i;
    worker_t                sum, *w;
    ngx_order_table_use_t   use;
    ngx_order_cache_stat_t  stat;

    ngx_memzero(&sum, sizeof(worker_t));

    for (i = 0; i < WORKERS; i++) {
        w = &stress->workers[i];
        sum.polls += w->polls;
        sum.hits += w->hits;
        sum.changes += w->changes;
        sum.torn += w->torn;
        sum.back += w->back;
        sum.alien += w->alien;
        sum.longest = ngx_max(sum.longest, w->longest);
    }

    ngx_order_cache_stat(stress->cache, &stat);

    note("%lu polls, %lu hits, %lu changes, %lu evictions",
         (unsigned long) sum.polls, (unsigned long) sum.hits,
         (unsigned long) sum.changes, (unsigned long) stat.evictions);
    note("%lu sets were suspect, %lu recovered; longest operation %.3f ms",
         (unsigned long) stat.suspects, (unsigned long) stat.recovered,
         sum.longest / 1e6);

    ngx_order_cache_use(stress->cache, &use);
    note("%lu entries were counted, %lu are there",
         (unsigned long) use.entries,
         (unsigned long) (stat.orders + stat.aliases));
    ok(llabs((long long) (use.entries - stat.orders - stat.aliases)) <= kills,
       "the entries were counted, but for those of the killed");

    ok(sum.hits > 1000 && sum.changes > 1000, "polls and changes went on");
    ok(sum.torn == 0, "no order was torn");
    ok(sum.back == 0, "no version went back");
    ok(sum.alien == 0, "no number led to another order");
    ok(sum.longest < LIMIT, "nobody was stuck longer than 100 ms");
}


int
main(int argc, char **argv)
{
    int       i, kills;
    uint64_t  n;

    kills = argc > 1 ? atoi(argv[1]) : 200;

    stress = map(sizeof(stress_t));
    stress->cache = ngx_order_cache_create(map(ngx_order_cache_size(SIZE)),
                                           SIZE);
    seed = nsec();
    slow = 1;

    for (n = 0; n < ORDERS; n++) {
        stress->database[n] = 1;
    }

    for (i = 0; i < WORKERS; i++) {
        stress->workers[i].intent = NOBODY;
    }

    if (kills) {
        run_processes(kills);

    } else {
        run_threads(argc > 2 ? atoi(argv[2]) : 5);
    }

    slow = 0;

    report(kills);
    compare();

    return done();
}
