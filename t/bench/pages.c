
/*
 * Order pages that are open and poll, for scripts/bench:
 *
 *     pages [-n PAGES] [-c CONNECTIONS] [-i SECONDS] [-p PID]
 *           ADDRESS:PORT TOKENS FRESH:SECONDS…
 *
 * -n PAGES         1000000: so many orders of sql/fill.sql
 * -c CONNECTIONS   10000: kept alive; a page has one that it shares with
 *                  others, as behind a proxy
 * -i SECONDS       30: between the polls of a page
 * -p PID           the server's worker
 * TOKENS           a file with a token a line, for each page its own
 * FRESH:SECONDS    a phase of the load: so long, and of 100 polls so many are
 *                  the first of a page that is opened anew, and come without
 *                  a tag.  The others have If-None-Match of the answer
 *                  before, if there was one.
 *
 * The load is open: each page polls at a random moment of the interval and
 * from then on at that distance, however long the answers take.  A time is
 * counted from when the poll was due; what is late because the client is, or
 * because the page's connection is still busy, is in it, and is told apart.
 *
 * Prints a line for each phase: polls a second; 200, 304, changed (200
 * although there was a tag), errors, not from the cache; the share of the
 * processor that the worker used; from due to answered and from due to sent,
 * median, 99th and 99.9th percentile and longest each in milliseconds.
 *
 * It ends at once when a connection is lost, when an answer is of another
 * order, and when a page sees an older version after a newer one.
 */


#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>


#define PHASES  16
#define GRACE   10000000000ull      /* nanoseconds for the last answers */


typedef struct {
    uint32_t  page;
    uint32_t  at;                   /* nanoseconds / 8 into the interval */
} turn_t;


static void pages_open(const char *file);
static void turns_make(void);
static void phases_make(char **args, int n);
static void run(void);
static void poll_begin(uint32_t n, uint64_t due, uint32_t phase);
static void phase_print(phase_t *phase, double seconds);
static uint64_t chance(void);


page_t            *pages;
const char         page_path[] = "/api/order-status/"
                                 "00000001-0000-7000-8000-";

static uint32_t    page_count = 1000000;
static uint64_t    interval = 30;
static int         worker;
static turn_t     *turns;
static phase_t     phases[PHASES];
static uint32_t    phase_count;
static uint64_t    asked;
static uint64_t    answered;


static void
usage(void)
{
    fputs("pages [-n PAGES] [-c CONNECTIONS] [-i SECONDS] [-p PID] "
          "ADDRESS:PORT TOKENS FRESH:SECONDS...\n", stderr);
    exit(2);
}


int
main(int argc, char **argv)
{
    int       c, n;
    char    **args;
    uint32_t  connections = 10000;

    while ((c = getopt(argc, argv, "n:c:i:p:")) != -1) {
        switch (c) {
        case 'n':
            page_count = atoi(optarg);
            break;
        case 'c':
            connections = atoi(optarg);
            break;
        case 'i':
            interval = atoi(optarg);
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

    if (n < 3 || n - 2 > PHASES || page_count == 0 || connections == 0
        || interval == 0 || interval > 30)
    {
        usage();
    }

    /* the kernel may else sleep 50 us longer than it is told */
    prctl(PR_SET_TIMERSLACK, 1);

    interval *= 1000000000;
    phases_make(args + 2, n - 2);
    pages_open(args[1]);
    turns_make();
    net_open(args[0], connections);
    run();

    return 0;
}


static void
phases_make(char **args, int n)
{
    uint32_t   i, most;
    phase_t   *phase;

    phase_count = n;

    for (i = 0; i < phase_count; i++) {
        phase = &phases[i];

        if (sscanf(args[i], "%u:%lf", &phase->fresh, &phase->seconds) != 2
            || phase->seconds <= 0)
        {
            usage();
        }

        /* the pages' moments are random: some more than there should be */

        most = (phase->seconds * 1e9 / interval + 1) * page_count;
        phase->late = calloc(most, sizeof(uint32_t));
        phase->total = calloc(most, sizeof(uint32_t));

        if (phase->late == NULL || phase->total == NULL) {
            die("no memory");
        }
    }
}


static void
pages_open(const char *file)
{
    int          fd;
    uint32_t     i;
    const char  *p, *end, *line;
    struct stat  st;

    fd = open(file, O_RDONLY);
    if (fd == -1 || fstat(fd, &st) == -1) {
        die("%s: %s", file, strerror(errno));
    }

    p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    pages = calloc(page_count, sizeof(page_t));

    if (p == MAP_FAILED || pages == NULL) {
        die("%s: %s", file, strerror(errno));
    }

    end = p + st.st_size;

    for (i = 0; i < page_count; i++) {
        line = p;
        p = memchr(p, '\n', end - p);

        if (p == NULL) {
            die("%s: %u tokens for %u pages", file, i, page_count);
        }

        pages[i].token = line;
        pages[i].token_len = p++ - line;
    }

    close(fd);
}


static int
turn_compare(const void *one, const void *two)
{
    uint32_t  a = ((const turn_t *) one)->at;
    uint32_t  b = ((const turn_t *) two)->at;

    return (a > b) - (a < b);
}


static void
turns_make(void)
{
    uint32_t  i;

    turns = calloc(page_count, sizeof(turn_t));
    if (turns == NULL) {
        die("no memory");
    }

    for (i = 0; i < page_count; i++) {
        turns[i].page = i;
        turns[i].at = chance() % (interval / 8);
    }

    qsort(turns, page_count, sizeof(turn_t), turn_compare);
}


static void
run(void)
{
    double    busy;
    uint64_t  start, due, base, end;
    uint32_t  i, phase;

    busy = worker_time(worker);
    start = now() + 100000000;
    base = start;
    end = start + phases[0].seconds * 1e9;
    phases[0].begin = start;
    phase = 0;

    for (i = 0; ; i++) {

        if (i == page_count) {
            i = 0;
            base += interval;
        }

        due = base + (uint64_t) turns[i].at * 8;

        while (due >= end) {
            phases[phase].busy = worker_time(worker) - busy;
            busy += phases[phase].busy;

            if (++phase == phase_count) {
                goto done;
            }

            phases[phase].begin = end;
            end += phases[phase].seconds * 1e9;
        }

        /* what is readable first, if there is time for that */

        do {
            net_wait(due);
        } while (now() < due);

        poll_begin(turns[i].page, due, phase);
    }

done:

    for (end = now() + GRACE; answered < asked && now() < end; ) {
        net_wait(now() + 1000000);
    }

    for (i = 0; i < phase_count; i++) {
        phase_print(&phases[i], phases[i].seconds);
    }
}


/* A page whose last poll was not answered does not poll, and that counts. */
static void
poll_begin(uint32_t n, uint64_t due, uint32_t phase)
{
    page_t  *page = &pages[n];

    phases[phase].polls++;

    if (page->due) {
        return;
    }

    page->due = due;
    page->sent = 0;
    page->phase = phase;

    if (chance() % 100 < phases[phase].fresh) {
        page->tag[0] = '\0';
    }

    asked++;
    net_send(n);
}


void
page_sent(uint32_t n)
{
    pages[n].sent = now();
}


void
page_answer(uint32_t n, int status, const char *head, const char *body,
    size_t len)
{
    char        id[64];
    page_t     *page = &pages[n];
    phase_t    *phase = &phases[page->phase];
    uint32_t    version, size;
    const char *tag, *end;

    phase->late[phase->answers] = (page->sent - page->due) / 100;
    phase->total[phase->answers] = (now() - page->due) / 100;
    phase->answers++;
    answered++;
    page->due = 0;

    if (memmem(head, body - head, "\r\nX-Order-Cache: HIT\r\n", 22) == NULL) {
        phase->elsewhere++;
    }

    if (status == 304 && page->tag[0]) {
        phase->same++;
        return;
    }

    if (status != 200) {
        phase->other++;
        return;
    }

    phase->whole++;
    phase->changed += page->tag[0] != '\0';

    size = snprintf(id, sizeof(id), "{\"order_id\":\"%s%012x\"",
                    page_path + sizeof("/api/order-status/") - 1, n + 1);

    if (len < size || memcmp(body, id, size) != 0) {
        die("%s is not in: %.*s", id, (int) len, body);
    }

    tag = memmem(head, body - head, "\r\nETag: \"", 9);
    end = tag ? strchr(tag + 9, '"') : NULL;

    if (end == NULL || end - tag - 9 + 3 > TAG
        || sscanf(tag + 9, "%*u.%u.%*u\"", &version) != 1)
    {
        die("no tag as expected: %.*s", (int) (body - head), head);
    }

    if (version < page->version) {
        die("%s: version %u after %u", id, version, page->version);
    }

    page->version = version;
    memcpy(page->tag, tag + 8, end - tag - 7);
    page->tag[end - tag - 7] = '\0';
}


static int
time_compare(const void *one, const void *two)
{
    uint32_t  a = *(const uint32_t *) one;
    uint32_t  b = *(const uint32_t *) two;

    return (a > b) - (a < b);
}


static void
times_print(uint32_t *times, uint32_t count)
{
    uint32_t             i;
    static const double  parts[] = { 0.5, 0.99, 0.999, 1 };

    qsort(times, count, sizeof(uint32_t), time_compare);

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        printf(" %.3f", count ? times[(uint32_t) (parts[i] * (count - 1))]
                                / 1e4 : 0);
    }
}


static void
phase_print(phase_t *phase, double seconds)
{
    printf("%.0f  %u %u %u %u %u  %.2f ", phase->answers / seconds,
           phase->whole, phase->same, phase->changed,
           phase->other + phase->polls - phase->answers, phase->elsewhere,
           phase->busy / seconds);
    times_print(phase->total, phase->answers);
    putchar(' ');
    times_print(phase->late, phase->answers);
    putchar('\n');
}


/* Xorshift: the same in each run. */
static uint64_t
chance(void)
{
    static uint64_t  x = 88172645463325252ull;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;

    return x;
}
