
/*
 * What the cache of orders promises, in one process: versions, tickets,
 * evictions, aliases, missing ids, loading, its size; and the vocabulary.
 */


#include "test.h"


#define SMALL  4352                    /* two sets: 32 orders */


void
table_point(int n)
{
    (void) n;
}


static ngx_order_cache_t *
cache_new(size_t size)
{
    return ngx_order_cache_create(map(ngx_order_cache_size(size)), size);
}


/* The version that a poll shows: 0 for none, -1 for one known missing. */

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


static ngx_order_ticket_t
ticket_of(ngx_order_cache_t *cache, uint64_t n)
{
    ngx_order_id_t  id;

    id = id_of(n);

    return ngx_order_cache_ticket(cache, &id);
}


static ngx_int_t
fill_with(ngx_order_cache_t *cache, uint64_t n, uint32_t version,
    ngx_order_ticket_t ticket)
{
    ngx_order_record_t  record;

    record = record_of(n, version);

    return ngx_order_cache_fill(cache, &record, ticket);
}


static ngx_int_t
fill(ngx_order_cache_t *cache, uint64_t n, uint32_t version)
{
    return fill_with(cache, n, version, ticket_of(cache, n));
}


static void
change(ngx_order_cache_t *cache, uint64_t n, uint32_t version,
    const ngx_order_ticket_t *ticket)
{
    ngx_order_record_t  record;

    record = record_of(n, version);

    ngx_order_cache_change(cache, &record, ticket);
}


static void
erase(ngx_order_cache_t *cache, uint64_t n, uint32_t version)
{
    ngx_order_record_t  record;

    record = record_of(n, version);
    record.deleted = 1;

    ngx_order_cache_change(cache, &record, NULL);
}


/* Fills so many active orders into a small cache that no other is left. */

static void
push_out(ngx_order_cache_t *cache)
{
    uint64_t  n;

    for (n = 1; n < 1000; n += 2) {
        (void) fill(cache, 1000000 + n, 1);
    }
}


/* How many of so many orders are lost in a cache of "size". */

static uint64_t
lost_of(size_t size, uint64_t orders)
{
    uint64_t            i, lost;
    ngx_order_cache_t  *cache;

    cache = cache_new(size);

    for (i = 0; i < orders; i++) {
        (void) fill(cache, i, 1);
    }

    for (i = 0, lost = 0; i < orders; i++) {
        lost += version_of(cache, i) != 1;
    }

    munmap(cache, ngx_order_cache_size(size));

    return lost;
}


static void
test_size(void)
{
    size_t                  size;
    uint64_t                n, lost;
    ngx_order_cache_t      *cache;
    ngx_order_table_use_t   use;
    ngx_order_cache_stat_t  stat;

    size = 64 * 1024 * 1024;
    n = size / 192;

    ok(lost_of(size, n) == 0, "64 MB hold %lu orders, not one is lost",
       (unsigned long) n);

    cache = cache_new(size);
    ngx_order_cache_stat(cache, &stat);

    ok(stat.bytes <= size + size / 64 + 4096, "a 64th more is for the rest");
    ok(stat.bytes <= n * 192 * 65 / 64 + 4096 && stat.capacity * 132 <= size
       && stat.capacity * 133 > size,
       "an entry takes 132 bytes, its share of the set included");

    for (n = stat.capacity * 92 / 100, lost = 1; lost; n -= stat.capacity / 100)
    {
        lost = lost_of(size, n);
        note("%.1f %% full, %.1f bytes an order: %lu of %lu lost",
             100.0 * n / stat.capacity, (double) size / n,
             (unsigned long) lost, (unsigned long) n);
    }

    ok(ngx_order_cache_create(map(ngx_order_cache_size(64)), 64) == NULL,
       "a size too small for anything is refused");

    cache = cache_new(SMALL);

    for (n = 0; n < 1000; n++) {
        (void) fill(cache, n, 1);
    }

    ngx_order_cache_stat(cache, &stat);
    ok(stat.orders == 32 && stat.capacity == 32 && stat.evictions == 1000 - 32,
       "a full cache stays full, and counts what it evicts");

    ngx_order_cache_use(cache, &use);
    ok(use.entries == 32 && use.capacity == 32 && use.evictions == 1000 - 32,
       "and its entries, as they come and go");
}


static void
test_version(void)
{
    ngx_msec_t          filled;
    ngx_order_id_t      id;
    ngx_order_cache_t  *cache;
    ngx_order_record_t  record;

    cache = cache_new(1024 * 1024);

    ok(version_of(cache, 1) == 0, "an empty cache knows nothing");
    ok(fill(cache, 1, 5) == NGX_OK && version_of(cache, 1) == 5,
       "what is filled in is seen");
    ok(fill(cache, 1, 4) == NGX_OK && version_of(cache, 1) == 5,
       "an older fill changes nothing, and is fine");

    change(cache, 1, 4, NULL);
    ok(version_of(cache, 1) == 5, "an older change changes nothing");

    change(cache, 1, 6, NULL);
    ok(version_of(cache, 1) == 6, "a newer change is seen");

    ok(fill(cache, 1, 7) == NGX_OK && version_of(cache, 1) == 7,
       "a newer fill is seen");

    record = record_of(1, 2);
    record.epoch = 2;
    ngx_order_cache_change(cache, &record, NULL);
    id = id_of(1);
    ngx_order_cache_get(cache, &id, &record, &filled);
    ok(record.epoch == 2 && record.version == 2,
       "a later epoch wins over a greater version");

    ngx_current_msec += 500;
    (void) fill(cache, 2, 1);
    ngx_current_msec += 500;
    (void) fill(cache, 2, 1);
    id = id_of(2);
    ngx_order_cache_get(cache, &id, &record, &filled);
    ok(filled == ngx_current_msec, "reading the same version renews its age");
}


static void
test_ticket(void)
{
    ngx_order_cache_t   *cache;
    ngx_order_ticket_t   old, new;

    cache = cache_new(SMALL);

    old = ticket_of(cache, 1);
    change(cache, 1, 5, NULL);
    ok(version_of(cache, 1) == 0, "a change without a ticket adds nothing");
    ok(fill_with(cache, 1, 4, old) == NGX_DECLINED
       && version_of(cache, 1) == 0,
       "a fill in flight during a change to an absent order is declined");
    ok(fill(cache, 1, 5) == NGX_OK && version_of(cache, 1) == 5,
       "the next one is not");

    old = ticket_of(cache, 1);
    push_out(cache);
    ok(version_of(cache, 1) == 0
       && fill_with(cache, 1, 4, old) == NGX_DECLINED
       && version_of(cache, 1) == 0,
       "a fill in flight while its order is evicted is declined");

    old = ticket_of(cache, 1);
    change(cache, 1, 6, &old);
    ok(version_of(cache, 1) == 6, "a change with a good ticket is added");
    push_out(cache);
    ok(version_of(cache, 1) == 0, "an order that is no longer read goes");
    change(cache, 1, 5, &old);
    ok(version_of(cache, 1) == 0,
       "a late change does not follow a newer one that is gone");

    cache = cache_new(SMALL);
    old = ticket_of(cache, 1);
    change(cache, 1, 5, NULL);
    new = ticket_of(cache, 1);
    (void) fill_with(cache, 1, 6, old);
    ok(version_of(cache, 1) == 0, "a declined fill is not seen");
    ok(fill_with(cache, 1, 5, new) == NGX_DECLINED
       && version_of(cache, 1) == 0,
       "what a declined fill has shown is not followed by something older");
    change(cache, 1, 6, NULL);
    ok(version_of(cache, 1) == 0, "nor by a change without a ticket");
    ok(fill(cache, 1, 6) == NGX_OK && version_of(cache, 1) == 6,
       "the same version with a good ticket is seen");
}


/* Orders are final where n % 4 == 0. */

static void
test_eviction(void)
{
    int                 active, final;
    u_char              text[] = "ORD-1";
    uint64_t            n;
    ngx_str_t           number;
    ngx_order_id_t      id;
    ngx_order_cache_t  *cache;

    cache = cache_new(SMALL);
    id = id_of(1);
    number.data = text;
    number.len = sizeof(text) - 1;

    ngx_order_cache_alias_put(cache, &number, &id);

    for (n = 0; n < 31; n++) {
        (void) fill(cache, n, 1);
    }

    ok(ngx_order_cache_alias_get(cache, &number, &id) == NGX_OK,
       "an alias stays while there is room");
    (void) fill(cache, 31, 1);
    ok(ngx_order_cache_alias_get(cache, &number, &id) == NGX_DECLINED,
       "an alias is the first to go");

    ok(version_of(cache, 8) == 1, "a final order is read");

    for (n = 33; n < 33 + 4 * 7; n += 4) {
        (void) fill(cache, n, 1);
        (void) version_of(cache, 8);
    }

    for (n = 0, active = 0, final = 0; n < 33 + 4 * 7; n++) {
        active += n % 4 && version_of(cache, n) == 1;
        final += n % 4 == 0 && version_of(cache, n) == 1;
    }

    ok(active == 31 && final == 1 && version_of(cache, 8) == 1,
       "then final orders, those first that nobody reads");

    ngx_order_cache_alias_put(cache, &number, &id);
    ok(ngx_order_cache_alias_get(cache, &number, &id) == NGX_OK
       && version_of(cache, 8) == 0, "an alias may evict a final order");
    (void) fill(cache, 101, 1);
    ngx_order_cache_alias_put(cache, &number, &id);
    ok(ngx_order_cache_alias_get(cache, &number, &id) == NGX_DECLINED,
       "but not an active one");
}


static void
test_second_chance(void)
{
    uint64_t            n, left;
    ngx_order_cache_t  *cache;

    cache = cache_new(SMALL);

    for (n = 0; n < 32; n++) {
        (void) fill(cache, n * 4 + 1, 1);
    }

    for (n = 0; n < 1600; n++) {
        (void) version_of(cache, n % 16 * 4 + 1);

        if (n % 16 == 15) {
            (void) fill(cache, (32 + n) * 4 + 1, 1);
        }
    }

    for (n = 0, left = 0; n < 16; n++) {
        left += version_of(cache, n * 4 + 1) == 1;
    }

    ok(left == 16, "of a class, those go first that nobody reads");

    for (n = 0; n < 1600; n++) {
        (void) version_of(cache, n * 4 + 1);
    }

    ok(fill(cache, 1001, 1) == NGX_OK && version_of(cache, 1001) == 1,
       "a fill finds room though all are read");
}


static void
test_alias(void)
{
    int                 i, good;
    u_char              text[] = "ABCDEFGHIJ-123456789X";
    ngx_str_t           number;
    ngx_msec_t          filled;
    ngx_order_id_t      id, one;
    ngx_order_cache_t  *cache;
    ngx_order_record_t  record;

    cache = cache_new(1024 * 1024);
    number.data = text;

    for (i = 1; i <= NGX_ORDER_NUMBER_LEN; i++) {
        number.len = i;
        id = id_of(i);
        ngx_order_cache_alias_put(cache, &number, &id);
    }

    for (i = 1, good = 1; i <= NGX_ORDER_NUMBER_LEN; i++) {
        number.len = i;
        one = id_of(i);
        good &= ngx_order_cache_alias_get(cache, &number, &id) == NGX_OK
                && ngx_order_id_eq(&id, &one);
    }

    ok(good, "numbers of 1 to 20 characters keep their orders");

    number.len = 21;
    ok(ngx_order_cache_alias_get(cache, &number, &id) == NGX_DECLINED,
       "a longer one has none");

    number.len = 5;
    text[0] = 'a';
    ok(ngx_order_cache_alias_get(cache, &number, &id) == NGX_DECLINED,
       "nor has one of other characters");

    /* 'A' is 33: six bits each, the first at the bottom */

    ngx_memzero(&id, sizeof(ngx_order_id_t));
    id.data[7] = 33;
    ok(ngx_order_cache_get(cache, &id, &record, &filled) == NGX_DECLINED,
       "an alias is never taken for an order");
}


static void
test_missing(void)
{
    ngx_order_id_t       id;
    ngx_order_cache_t   *cache;
    ngx_order_ticket_t   ticket;

    cache = cache_new(1024 * 1024);
    id = id_of(1);

    ngx_order_cache_fill_missing(cache, &id, ticket_of(cache, 1),
                                 ngx_current_msec + 1000);
    ok(version_of(cache, 1) == -1, "an id that was not found is remembered");

    ngx_current_msec += 1000;
    ok(version_of(cache, 1) == 0, "until its time is over");

    ngx_order_cache_fill_missing(cache, &id, ticket_of(cache, 1),
                                 ngx_current_msec + 1000);
    change(cache, 1, 1, NULL);
    ok(version_of(cache, 1) == 0, "or until the order is created");

    ngx_order_cache_fill_missing(cache, &id, ticket_of(cache, 1),
                                 ngx_current_msec + 1000);
    ok(fill(cache, 1, 1) == NGX_OK && version_of(cache, 1) == 1,
       "or until it is found");

    id = id_of(2);
    ticket = ticket_of(cache, 2);
    change(cache, 2, 1, &ticket);
    ok(ngx_order_cache_fill_missing(cache, &id, ticket,
                                    ngx_current_msec + 1000)
       == NGX_DECLINED && version_of(cache, 2) == 1,
       "a query that ran before the order was created does not hide it");

    id = id_of(3);
    ticket = ticket_of(cache, 3);
    change(cache, 3, 1, NULL);
    ngx_order_cache_fill_missing(cache, &id, ticket, ngx_current_msec + 1000);
    ok(version_of(cache, 3) == 0, "also where the order was not added");
}


static void
test_deleted(void)
{
    ngx_order_cache_t   *cache;
    ngx_order_ticket_t   ticket;

    cache = cache_new(1024 * 1024);

    (void) fill(cache, 1, 3);
    ticket = ticket_of(cache, 1);
    erase(cache, 1, 4);
    ok(version_of(cache, 1) == -1, "a deleted order is known as missing");
    ok(fill_with(cache, 1, 3, ticket) == NGX_DECLINED
       && version_of(cache, 1) == -1, "a fill in flight does not revive it");
    change(cache, 1, 3, &ticket);
    ok(version_of(cache, 1) <= 0, "nor does a late change");

    (void) fill(cache, 2, 6);
    erase(cache, 2, 5);
    ok(version_of(cache, 2) == 6, "a newer version outlives a deletion");
    erase(cache, 2, 7);
    ngx_current_msec += 3600 * 1000;
    ok(version_of(cache, 2) == 0, "a deletion is not remembered for ever");
}


static void
test_load(void)
{
    uint64_t                 n, active;
    ngx_order_cache_t       *cache;
    ngx_order_record_t       record;
    ngx_order_cache_load_t  *load;

    cache = cache_new(1024 * 1024);
    (void) fill(cache, 1, 7);
    load = ngx_order_cache_load_begin(cache, NULL);

    record = record_of(1, 6);
    ok(ngx_order_cache_load_put(load, &record) == NGX_OK
       && version_of(cache, 1) == 7, "loading does not replace newer orders");

    record = record_of(2, 6);
    ok(ngx_order_cache_load_put(load, &record) == NGX_OK
       && version_of(cache, 2) == 6, "it adds those that are not there");

    change(cache, 3, 9, NULL);
    record = record_of(3, 8);
    ok(ngx_order_cache_load_put(load, &record) == NGX_DECLINED
       && version_of(cache, 3) == 0, "unless they have changed since it began");

    cache = cache_new(SMALL);

    for (n = 0; n < 32; n++) {
        (void) fill(cache, n, 1);
    }

    load = ngx_order_cache_load_begin(cache, NULL);

    for (n = 33; n < 333; n += 4) {
        record = record_of(n, 1);
        (void) ngx_order_cache_load_put(load, &record);
    }

    for (n = 0, active = 0; n < 32; n++) {
        active += n % 4 && version_of(cache, n) == 1;
    }

    ok(active == 24, "and evicts no active order");
}


static void
test_ids(void)
{
    u_char          text[NGX_ORDER_ID_TEXT];
    const char     *one = "0192F3a4-5b6c-7d8e-9f00-112233445566";
    ngx_uint_t      i, bad;
    ngx_order_id_t  id;

    ok(ngx_order_id_parse(&id, (u_char *) one, 36) == NGX_OK
       && ngx_order_id_print(text, &id) == text + 36
       && strncasecmp((char *) text, one, 36) == 0 && text[4] == 'f',
       "an id is read and written back in lower case");

    for (i = 0, bad = 0; i < NGX_ORDER_ID_TEXT; i++) {
        ngx_memcpy(text, one, NGX_ORDER_ID_TEXT);
        text[i] = text[i] == '-' ? '0' : 'g';
        bad += ngx_order_id_parse(&id, text, 36) == NGX_ERROR;
        text[i] = '-' - 0x20 * (i % 2);
    }

    ok(bad == NGX_ORDER_ID_TEXT
       && ngx_order_id_parse(&id, (u_char *) one, 35) == NGX_ERROR
       && ngx_order_id_parse(&id, (u_char *) one, 0) == NGX_ERROR,
       "an id with any character wrong is refused");
}


static int
is_number(const char *text)
{
    return ngx_order_number_check((u_char *) text, strlen(text)) == NGX_OK;
}


static void
test_vocabulary(void)
{
    u_char                buf[NGX_ORDER_TIME_TEXT];
    char                  text[64];
    time_t                sec;
    uint64_t              i, wrong;
    struct tm             tm;
    ngx_str_t             name;
    ngx_order_record_t    record;
    ngx_order_identity_t  who;

    ok(is_number("ORD-2026-000123") && is_number("A")
       && is_number("ABCDEFGHIJ1234567890"), "order numbers");
    ok(!is_number("") && !is_number("1A") && !is_number("ord-1")
       && !is_number("A_1") && !is_number("ABCDEFGHIJ12345678901")
       && !is_number("-A"), "what is none");

    for (i = 0, wrong = 0; i < 300000; i++) {
        sec = mix(i) % 253402300800;
        gmtime_r(&sec, &tm);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
        sprintf(&text[19], ".%03uZ", (unsigned) (i % 1000));
        wrong += ngx_order_time_print(buf, (int64_t) sec * 1000000
                                           + i % 1000 * 1000 + i % 7)
                 != buf + NGX_ORDER_TIME_TEXT
                 || memcmp(buf, text, NGX_ORDER_TIME_TEXT) != 0;
    }

    ok(wrong == 0, "times of the years 1970 to 9999 are written as gmtime()");

    for (i = 1, wrong = 0; i <= NGX_ORDER_SYSTEM; i <<= 1) {
        wrong += ngx_order_role(ngx_order_role_name(i)) != i;
    }

    ngx_str_set(&name, "store_manager");
    wrong += ngx_order_role(&name) != NGX_ORDER_MANAGER;
    ngx_str_set(&name, "root");
    wrong += ngx_order_role(&name) != 0;
    ok(wrong == 0, "roles have their names");

    record = record_of(1, 1);
    ngx_memzero(&who, sizeof(ngx_order_identity_t));
    ngx_memzero(&record.driver, sizeof(ngx_order_id_t));
    who.role = NGX_ORDER_DRIVER;
    ok(!ngx_order_may_see(&who, &record), "no driver is not a driver");

    who.user = record.buyer;
    who.role = NGX_ORDER_CUSTOMER;
    ok(ngx_order_may_see(&who, &record), "its buyer may see an order");
    who.user.data[0] ^= 1;
    ok(!ngx_order_may_see(&who, &record), "another may not");
    who.role = NGX_ORDER_ADMIN;
    ok(ngx_order_may_see(&who, &record), "an admin may");
}


int
main(void)
{
    test_size();
    test_version();
    test_ticket();
    test_eviction();
    test_second_chance();
    test_alias();
    test_missing();
    test_deleted();
    test_load();
    test_ids();
    test_vocabulary();

    return done();
}
