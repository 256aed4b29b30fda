
/* What the unit tests share: TAP, and what nginx's core needs. */


#ifndef _UNIT_TEST_H_INCLUDED_
#define _UNIT_TEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* One claim; the rest is its name, as for printf().  Returns "holds". */
int ok(int holds, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Is the text this one; tells both if not. */
int is(const ngx_str_t *text, const char *expected, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A line for the reader. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The plan and the exit status. */
int done(void);

/* To be called first. */
void core(void);

/* What was logged last, and its level. */
extern char        logged[1024];
extern ngx_log_t   test_log;

/* A string of C's as one of nginx's. */
ngx_str_t str(const char *text);

/* Nanoseconds of the monotonic clock. */
uint64_t nsec(void);


#endif /* _UNIT_TEST_H_INCLUDED_ */
