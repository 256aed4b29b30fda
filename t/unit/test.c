
#include <test.h>
#include <stdarg.h>
#include <stdio.h>


char              logged[1024];
ngx_log_t         test_log;

static int        claims, failures;
static ngx_cycle_t  cycle;


int
ok(int holds, const char *fmt, ...)
{
    char    *p, name[1024];
    va_list  args;

    va_start(args, fmt);
    vsnprintf(name, sizeof(name), fmt, args);
    va_end(args);

    for (p = name; *p; p++) {
        *p = (*p < ' ' || *p == '#') ? '?' : *p;
    }

    printf("%sok %d - %s\n", holds ? "" : "not ", ++claims, name);
    fflush(stdout);

    failures += !holds;

    return holds;
}


int
is(const ngx_str_t *text, const char *expected, const char *fmt, ...)
{
    int      holds;
    char     name[256];
    va_list  args;

    va_start(args, fmt);
    vsnprintf(name, sizeof(name), fmt, args);
    va_end(args);

    holds = text->data && text->len == strlen(expected)
            && memcmp(text->data, expected, text->len) == 0;

    ok(holds, "%s", name);

    if (!holds) {
        note("got \"%.*s\", expected \"%s\"", (int) text->len,
             text->data ? (char *) text->data : "", expected);
    }

    return holds;
}


void
note(const char *fmt, ...)
{
    va_list  args;

    printf("# ");

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);

    printf("\n");
}


int
done(void)
{
    printf("1..%d\n", claims);

    return failures ? 1 : 0;
}


static void
writer(ngx_log_t *log, ngx_uint_t level, u_char *buf, size_t len)
{
    (void) log;
    (void) level;

    len = ngx_min(len, sizeof(logged) - 1);
    memcpy(logged, buf, len);
    logged[len] = '\0';
}


void
core(void)
{
    ngx_pagesize = getpagesize();
    ngx_cacheline_size = 64;
    ngx_pid = getpid();

    ngx_use_stderr = 0;

    ngx_time_init();

    test_log.log_level = NGX_LOG_INFO;
    test_log.writer = writer;

    cycle.log = &test_log;
    ngx_cycle = &cycle;
}


ngx_str_t
str(const char *text)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


uint64_t
nsec(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}
