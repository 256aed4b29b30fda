
/* What the tests of the table share: TAP, memory, orders made of numbers. */


#ifndef _TABLE_TEST_H_INCLUDED_
#define _TABLE_TEST_H_INCLUDED_


#include <ngx_order_cache.h>
#include <ngx_order_ring.h>
#include <ngx_order_table.h>
#include <sys/mman.h>


/* One claim; the rest is its name, as for printf(). */
void ok(int holds, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A line for the reader. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The plan and the exit status. */
int done(void);

/* Shared memory, page aligned and zeroed. */
void *map(size_t size);

/* Nanoseconds of the monotonic clock. */
uint64_t nsec(void);

uint64_t mix(uint64_t n);

/* The id of order n, and its record at a version: all follow from the two. */
ngx_order_id_t id_of(uint64_t n);
ngx_order_record_t record_of(uint64_t n, uint32_t version);

/* Is this record what record_of() gives for some version of order n. */
int whole(const ngx_order_record_t *record, uint64_t n);

/* A change to order n that appender "by" wrote; is one what this gives, and
 * of which order. */
ngx_order_change_t change_of(uint64_t n, uint32_t version, uint64_t by);
int change_whole(const ngx_order_change_t *change, uint64_t *n);


#endif /* _TABLE_TEST_H_INCLUDED_ */
