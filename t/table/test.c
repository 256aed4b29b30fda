
/* TAP, memory and orders for the tests; stands in for nginx's core. */


#include "test.h"


volatile ngx_msec_t  ngx_current_msec = 1000000;

static int  tests;
static int  failed;


void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    (void) pool;

    return map(size);
}


/* what is mapped is zeroed */

void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


void
ok(int holds, const char *fmt, ...)
{
    va_list  args;

    tests++;
    failed += !holds;

    printf("%sok %d - ", holds ? "" : "not ", tests);

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);

    printf("\n");
    fflush(stdout);
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
    fflush(stdout);
}


int
done(void)
{
    printf("1..%d\n", tests);

    return failed != 0;
}


void *
map(size_t size)
{
    void  *p;

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1,
             0);

    if (p == MAP_FAILED) {
        printf("Bail out! no memory\n");
        exit(2);
    }

    return p;
}


uint64_t
nsec(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


uint64_t
mix(uint64_t n)
{
    n += 0x9e3779b97f4a7c15;
    n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9;
    n = (n ^ n >> 27) * 0x94d049bb133111eb;

    return n ^ n >> 31;
}


/* As version 7 of RFC 9562, several of them in a millisecond. */

ngx_order_id_t
id_of(uint64_t n)
{
    uint64_t        msec, random;
    ngx_uint_t      i;
    ngx_order_id_t  id;

    msec = 1790000000000 + n / 8;
    random = mix(n);

    for (i = 0; i < 6; i++) {
        id.data[i] = (u_char) (msec >> (40 - 8 * i));
    }

    id.data[6] = 0x70 | (n & 0x7);
    id.data[7] = (u_char) mix(random);
    ngx_memcpy(&id.data[8], &random, 8);
    id.data[8] = 0x80 | (id.data[8] & 0x3f);

    return id;
}


ngx_order_record_t
record_of(uint64_t n, uint32_t version)
{
    u_char              *p, *last;
    uint64_t             x;
    ngx_order_record_t   record;

    ngx_memzero(&record, sizeof(ngx_order_record_t));

    x = mix(n ^ (uint64_t) version << 32);

    for (p = record.buyer.data, last = record.driver.data + NGX_ORDER_ID_LEN;
         p < last;
         p += sizeof(x))
    {
        ngx_memcpy(p, &x, sizeof(x));
        x = mix(x);
    }

    record.id = id_of(n);
    record.epoch = 1;
    record.version = version;
    record.updated = (int64_t) (x >> 12);
    record.status = (uint16_t) x;
    record.final = n % 4 == 0;
    record.number_len = (uint8_t) snprintf((char *) record.number,
                                           NGX_ORDER_NUMBER_LEN, "ORD-%u-%06u",
                                           version % 10000, (unsigned) n);

    return record;
}


int
whole(const ngx_order_record_t *record, uint64_t n)
{
    ngx_order_record_t  r;

    r = record_of(n, record->version);

    return ngx_order_id_eq(&r.id, &record->id)
           && ngx_order_id_eq(&r.buyer, &record->buyer)
           && ngx_order_id_eq(&r.seller, &record->seller)
           && ngx_order_id_eq(&r.driver, &record->driver)
           && r.epoch == record->epoch
           && r.updated == record->updated
           && r.status == record->status
           && r.final == record->final
           && !record->deleted
           && r.number_len == record->number_len
           && ngx_memcmp(r.number, record->number, r.number_len) == 0;
}


ngx_order_change_t
change_of(uint64_t n, uint32_t version, uint64_t by)
{
    uint64_t            x;
    ngx_order_change_t  change;

    ngx_memzero(&change, sizeof(ngx_order_change_t));

    x = mix(n ^ (uint64_t) version << 32 ^ mix(by));

    change.record = record_of(n, version);
    change.old_status = (uint16_t) (x >> 16);
    change.admins = x & 1;
    ngx_memcpy(change.actor.data, &n, 8);
    ngx_memcpy(change.actor.data + 8, &by, 8);
    change.name_len = (uint8_t) snprintf((char *) change.name,
                                         NGX_ORDER_ACTOR_NAME, "%016lx",
                                         (unsigned long) x);

    return change;
}


int
change_whole(const ngx_order_change_t *change, uint64_t *n)
{
    uint64_t            by;
    ngx_order_change_t  c;

    ngx_memcpy(n, change->actor.data, 8);
    ngx_memcpy(&by, change->actor.data + 8, 8);

    c = change_of(*n, change->record.version, by);
    c.record.epoch = change->record.epoch;

    return ngx_memcmp(&c, change, sizeof(ngx_order_change_t)) == 0;
}
