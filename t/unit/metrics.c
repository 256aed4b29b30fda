
/*
 * Counters of many processes in shared memory: exact while they are added to,
 * when their process is killed, when there are more processes than slots;
 * gauges of the living only; and a text that is never told in parts.
 */


#include <test.h>
#include <ngx_order_metrics.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>


#define WORKERS  8
#define ROUNDS   200000
#define CROWD    (NGX_ORDER_METRICS_SLOTS + 3)
#define CHANGES  NGX_ORDER_METRICS_CHANGES
#define QUEUE    NGX_ORDER_METRICS_QUEUE


typedef struct {
    ngx_order_metrics_t        metrics;

    volatile uint64_t          did[CROWD];     /* each its own */
    volatile int               opened[CROWD];
    volatile int               crowded[CROWD];
    volatile int               go;
} shared_t;


static shared_t                *shared;
static ngx_order_metrics_sum_t  sum;


static uint64_t
total(void)
{
    ngx_order_metrics_read(&shared->metrics, &sum);

    return sum.counters[CHANGES];
}


static ngx_uint_t
owned(void)
{
    int         i;
    ngx_uint_t  n;

    for (i = 0, n = 0; i < NGX_ORDER_METRICS_SLOTS; i++) {
        n += (shared->metrics.slots[i].pid != 0);
    }

    return n;
}


/* A process that opens, tells it, and counts when it may: "rounds", or until
 * it is killed. */

static pid_t
start(int n, uint64_t rounds)
{
    pid_t  pid;

    shared->did[n] = 0;
    shared->opened[n] = 0;

    pid = fork();

    if (pid) {
        return pid;
    }

    alarm(300);

    ngx_pid = getpid();
    logged[0] = '\0';

    ngx_order_metrics_open(&shared->metrics, &test_log);
    ngx_order_metrics_set(QUEUE, 10);

    shared->crowded[n] = (strstr(logged, "slots for metrics") != NULL);
    shared->opened[n] = 1;

    while (!shared->go) {
        usleep(1000);
    }

    while (rounds == 0 || shared->did[n] < rounds) {
        ngx_order_metrics_add(CHANGES, 1);
        shared->did[n]++;
    }

    for ( ;; ) {
        pause();
    }
}


static void
opened(int n)
{
    int  i;

    for (i = 0; i < n; i++) {
        while (!shared->opened[i]) {
            usleep(1000);
        }
    }
}


static void
end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}


static int
finished(int n, uint64_t rounds)
{
    int  i;

    for (i = 0; i < n; i++) {
        if (shared->did[i] < rounds) {
            return 0;
        }
    }

    return 1;
}


static void
alone(void)
{
    uint64_t  before;

    ngx_order_metrics_add(CHANGES, 5);
    ok(total() == 0, "who has not opened counts for nobody");

    ngx_order_metrics_open(&shared->metrics, &test_log);
    ngx_order_metrics_add(CHANGES, 5);
    ngx_order_metrics_set(QUEUE, 7);

    ok(total() == 5 && sum.gauges[QUEUE] == 7 && sum.workers == 1,
       "counts and gauges are told as they are");

    ngx_order_metrics_open(&shared->metrics, &test_log);

    ok(owned() == 1 && total() == 5 && sum.gauges[QUEUE] == 0,
       "opened again: one slot, the counts stay, the gauges begin anew");

    before = total();
    ngx_order_metrics_set(QUEUE, 7);
    ngx_order_metrics_close(&shared->metrics);
    ngx_order_metrics_add(CHANGES, 1);

    ok(total() == before && sum.gauges[QUEUE] == 0 && sum.workers == 0,
       "closed: the counts stay, the gauges are gone");
}


static void
together(void)
{
    int       i, back;
    pid_t     pids[WORKERS];
    uint64_t  before, last, now;

    before = last = total();
    back = 0;
    shared->go = 0;

    for (i = 0; i < WORKERS; i++) {
        pids[i] = start(i, ROUNDS);
    }

    opened(WORKERS);
    ok(owned() == WORKERS, "each process has a slot");

    shared->go = 1;

    while (!finished(WORKERS, ROUNDS)) {
        now = total();
        back += (now < last);
        last = now;
    }

    ok(total() - before == (uint64_t) WORKERS * ROUNDS,
       "%d processes counted exactly", WORKERS);
    ok(back == 0, "and never backwards, while it was read");
    ok(sum.workers == WORKERS && sum.gauges[QUEUE] == 10 * WORKERS,
       "the gauges of all are told");

    for (i = 0; i < WORKERS; i++) {
        end(pids[i]);
    }

    ok(total() - before == (uint64_t) WORKERS * ROUNDS && sum.workers == 0
       && sum.gauges[QUEUE] == 0,
       "all killed: their counts stay, their gauges do not count");
}


static void
killed(void)
{
    int       i, round, back;
    pid_t     pids[WORKERS];
    uint64_t  before, last, did;

    back = 0;

    for (round = 0; round < 20; round++) {
        before = total();
        shared->go = 0;

        for (i = 0; i < WORKERS; i++) {
            pids[i] = start(i, 0);
        }

        opened(WORKERS);
        shared->go = 1;
        usleep(2000);

        for (i = 0; i < WORKERS; i++) {
            last = total();
            end(pids[i]);
            back += (total() < last);
        }

        for (i = 0, did = 0; i < WORKERS; i++) {
            did += shared->did[i];
        }

        /* one may have counted, and not said so */

        if (total() - before < did || total() - before > did + WORKERS) {
            break;
        }
    }

    ok(round == 20, "killed while they count: not one count is lost");
    ok(back == 0, "and the sums never go backwards");
    ok(owned() <= WORKERS, "who comes after takes the slots of the dead");
}


static void
crowd(void)
{
    int       i, crowded;
    pid_t     pids[CROWD];
    uint64_t  before;

    before = total();
    shared->go = 0;

    for (i = 0; i < CROWD; i++) {
        pids[i] = start(i, 1000);
    }

    opened(CROWD);
    shared->go = 1;

    while (!finished(CROWD, 1000)) {
        usleep(1000);
    }

    for (i = 0, crowded = 0; i < CROWD; i++) {
        crowded += shared->crowded[i];
    }

    ok(crowded == CROWD - NGX_ORDER_METRICS_SLOTS,
       "those who find no slot say so in the log");
    ok(total() - before == (uint64_t) CROWD * 1000,
       "more processes than slots: not one count is lost");
    ok(sum.workers == NGX_ORDER_METRICS_SLOTS
       && sum.gauges[QUEUE] == 10 * NGX_ORDER_METRICS_SLOTS,
       "the gauges are of those who have a slot");

    for (i = 0; i < CROWD; i++) {
        end(pids[i]);
    }
}


static void
times(void)
{
    int              i, right;
    const uint64_t  *bounds;
    uint64_t        *buckets;

    ngx_order_metrics_open(&shared->metrics, &test_log);

    bounds = ngx_order_metrics_bounds;

    for (i = 0; i < NGX_ORDER_METRICS_BUCKETS; i++) {
        ngx_order_metrics_time(1, bounds[i]);
        ngx_order_metrics_time(1, bounds[i] + 1);
    }

    (void) total();

    buckets = &sum.counters[NGX_ORDER_METRICS_TIME + NGX_ORDER_METRICS_TIMES];
    right = (buckets[0] == 1);

    for (i = 1; i < NGX_ORDER_METRICS_BUCKETS; i++) {
        right &= (buckets[i] == 2);
    }

    ok(right && buckets[i] == 1, "a bound is of its bucket, what is more of "
       "the next");
    ok(buckets[i + 1] == 2 * 9444000 + 13, "and the times add up");
}


/* Is this one that a writer tells: one letter, as often as it says. */

static int
whole(const ngx_str_t *text)
{
    size_t  i;

    for (i = 1; i < text->len; i++) {
        if (text->data[i] != text->data[0]) {
            return 0;
        }
    }

    return text->len == (size_t) (text->data[0] - 'a' + 1) * 2000;
}


static void
tell(u_char letter)
{
    ngx_str_t      text;
    static u_char  buf[26 * 2000];

    text.data = buf;
    text.len = (letter - 'a' + 1) * 2000;
    memset(buf, letter, text.len);

    ngx_order_metrics_tell(&shared->metrics, &text);
}


static pid_t
teller(void)
{
    pid_t   pid;
    u_char  letter;

    pid = fork();

    if (pid == 0) {
        alarm(300);

        for (letter = 'a'; ; letter = letter == 'z' ? 'a' : letter + 1) {
            tell(letter);
            shared->did[0]++;
        }
    }

    return pid;
}


static void
texts(void)
{
    int                   i, n, torn, none;
    pid_t                 pid;
    ngx_str_t             text;
    ngx_msec_t            age;
    ngx_order_metrics_t  *metrics;
    static u_char         buf[NGX_ORDER_METRICS_TEXT];

    metrics = &shared->metrics;
    text.data = buf;
    ngx_current_msec = 1000;

    ok(ngx_order_metrics_told(metrics, &text, &age) == NGX_DECLINED,
       "no text yet");

    tell('c');
    ngx_current_msec = 4500;
    ok(ngx_order_metrics_told(metrics, &text, &age) == NGX_OK
       && whole(&text) && buf[0] == 'c' && age == 3500,
       "a text is told, and its age");

    tell('d');
    ok(ngx_order_metrics_told(metrics, &text, &age) == NGX_OK
       && buf[0] == 'd' && age == 0, "the next one is told instead");

    metrics->texts[metrics->text].data[77] ^= 1;
    ok(ngx_order_metrics_told(metrics, &text, &age) == NGX_OK
       && whole(&text) && buf[0] == 'c' && age == 3500,
       "one that is torn is not: the one before it is");

    metrics->texts[!metrics->text].len = NGX_ORDER_METRICS_TEXT + 1;
    ok(ngx_order_metrics_told(metrics, &text, &age) == NGX_DECLINED,
       "both torn: none");

    text.len = 0;
    ngx_order_metrics_tell(metrics, &text);
    ok(ngx_order_metrics_told(metrics, &text, &age) == NGX_OK
       && text.len == 0, "an empty one is one");

    /* killed halfway, again and again */

    torn = none = 0;
    tell('e');
    tell('f');

    for (i = 0; i < 100; i++) {
        shared->did[0] = 0;
        pid = teller();

        while (shared->did[0] < 3) {
            usleep(100);
        }

        for (n = 0; n < 20; n++) {
            if (ngx_order_metrics_told(metrics, &text, &age) == NGX_OK) {
                torn += !whole(&text);
            }
        }

        end(pid);

        if (ngx_order_metrics_told(metrics, &text, &age) != NGX_OK) {
            none++;

        } else {
            torn += !whole(&text);
        }
    }

    ok(torn == 0, "what is told is whole, whoever writes or is killed");
    ok(none == 0, "a writer that is killed leaves one that is");
}


int
main(void)
{
    core();
    ngx_pid = getpid();

    shared = mmap(NULL, sizeof(shared_t), PROT_READ|PROT_WRITE,
                  MAP_ANON|MAP_SHARED, -1, 0);

    if (shared == MAP_FAILED) {
        printf("Bail out! no memory\n");
        return 2;
    }

    alone();
    together();
    killed();
    crowd();
    times();
    texts();

    return done();
}
