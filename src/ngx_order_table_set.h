
/*
 * How ngx_order_table lays out its memory, and who may write to it.  For the
 * files of the table only.
 *
 * A key belongs to two of the sets, its home and its other set, and is in at
 * most one entry of both.  Writers hold the mutexes of both.
 *
 *  - Tags tell which ways of a set are in use, and stand for the truth: an
 *    entry appears when its tag is written, after it, and goes with its tag.
 *    An entry's key changes only while it has no tag.
 *  - "seq" of an entry is odd while it is written.  Readers copy it out and
 *    look at seq again.  Each word is read with acquire and written with
 *    release, so a copy that has a newer word sees a newer seq as well.
 *  - "generation" of a set is the ticket of the keys at home there.  It is
 *    raised before a key is removed from either of its sets, and when a key
 *    that is not there changes.
 */


#ifndef _NGX_ORDER_TABLE_SET_H_INCLUDED_
#define _NGX_ORDER_TABLE_SET_H_INCLUDED_


#include <ngx_order_table.h>
#include <pthread.h>


#define NGX_ORDER_TABLE_WAYS  16
#define NGX_ORDER_TABLE_LINE  64

/* a place where tests kill or stop the process */
#ifndef NGX_ORDER_TABLE_POINT
#define NGX_ORDER_TABLE_POINT(n)
#endif


#define ngx_order_table_load(p)      __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define ngx_order_table_store(p, v)  __atomic_store_n(p, v, __ATOMIC_RELEASE)

/* what needs no order to anything else */
#define ngx_order_table_peek(p)      __atomic_load_n(p, __ATOMIC_RELAXED)
#define ngx_order_table_poke(p, v)   __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define ngx_order_table_count(p)                                             \
    (void) __atomic_fetch_add(p, 1, __ATOMIC_RELAXED)
#define ngx_order_table_uncount(p)                                           \
    (void) __atomic_fetch_sub(p, 1, __ATOMIC_RELAXED)

/* generations and marks: one order for all processes */
#define ngx_order_table_sync(p)      __atomic_load_n(p, __ATOMIC_SEQ_CST)


typedef struct {
    pthread_mutex_t            mutex;
    uint64_t                   tags[NGX_ORDER_TABLE_WAYS / 8];
    uint32_t                   generation;
    uint32_t                   suspect;
} ngx_order_table_set_t;


typedef struct {
    uint32_t                   seq;
    uint8_t                    class;
    uint8_t                    used;
    uint8_t                    hidden;
    uint8_t                    reserved;
    uint64_t                   stamp;
    uint64_t                   key[2];
    uint64_t                   payload[];
} ngx_order_table_entry_t;


struct ngx_order_table_s {
    uint64_t                   sets;
    uint64_t                   set_size;
    uint64_t                   entry_size;
    uint64_t                   words;          /* of a payload */
    uint64_t                   seed[2];
    uint64_t                   bytes;
    uint64_t                   reserved;

    /* a line of its own */
    uint64_t                   entries;
    uint64_t                   evictions;
    uint64_t                   suspects;
    uint64_t                   recovered;
};


/* where a key may be; ways are numbered 0 to 15 and 16 to 31 */

typedef struct {
    uint64_t                   key[2];
    uint64_t                   tag;            /* 1 to 255 */
    ngx_order_table_set_t     *set[2];         /* home, other */
} ngx_order_table_place_t;


/*
 * Takes both sets of a key, with what a dead or a stopped writer left behind
 * cleared away.  NGX_DECLINED: somebody holds one of them for longer than a
 * few microseconds, and neither is taken.
 */
ngx_int_t ngx_order_table_hold(ngx_order_table_t *table,
    const ngx_order_table_place_t *place);
void ngx_order_table_release(ngx_order_table_t *table,
    const ngx_order_table_place_t *place);

/*
 * Where the sets of a key cannot be held: lets its tickets lapse, and hides
 * all that is in its sets until a writer has emptied them.
 */
void ngx_order_table_suspect(ngx_order_table_t *table,
    const ngx_order_table_place_t *place);

/* Removes what is in a way, for a holder of the set. */
void ngx_order_table_drop(ngx_order_table_t *table,
    ngx_order_table_set_t *set, ngx_uint_t way);

/* Writes the tag of a way, 0 for none. */
void ngx_order_table_tag(ngx_order_table_set_t *set, ngx_uint_t way,
    uint64_t tag);

/* Lets the tickets of the keys at home in the set lapse. */
void ngx_order_table_raise(ngx_order_table_set_t *set);


static ngx_inline ngx_order_table_set_t *
ngx_order_table_set(const ngx_order_table_t *table, uint64_t n)
{
    return (ngx_order_table_set_t *)
           ((u_char *) table
            + ngx_align(sizeof(ngx_order_table_t), NGX_ORDER_TABLE_LINE)
            + n * table->set_size);
}


static ngx_inline ngx_order_table_entry_t *
ngx_order_table_entry(const ngx_order_table_t *table,
    ngx_order_table_set_t *set, ngx_uint_t way)
{
    return (ngx_order_table_entry_t *)
           ((u_char *) set
            + ngx_align(sizeof(ngx_order_table_set_t), NGX_ORDER_TABLE_LINE)
            + way * table->entry_size);
}


static ngx_inline uint64_t
ngx_order_table_hash(const ngx_order_table_t *table, const uint64_t *key)
{
    uint64_t  hash;

    hash = key[0] ^ table->seed[0];
    hash ^= hash >> 32;
    hash *= 0x9fb21c651e98df25;
    hash ^= hash >> 35;
    hash += key[1] ^ table->seed[1];
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccd;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53;
    hash ^= hash >> 33;

    return hash;
}


static ngx_inline void
ngx_order_table_locate(const ngx_order_table_t *table, const void *key,
    ngx_order_table_place_t *place)
{
    uint64_t  hash, home, other;

    ngx_memcpy(place->key, key, NGX_ORDER_TABLE_KEY);

    hash = ngx_order_table_hash(table, place->key);

    home = (hash >> 32) * table->sets >> 32;
    other = (hash & 0xffffffff) * (table->sets - 1) >> 32;

    if (other >= home) {
        other++;
    }

    place->set[0] = ngx_order_table_set(table, home);
    place->set[1] = ngx_order_table_set(table, other);

    /* the low bits of both halves hardly matter to the choice of the sets */

    place->tag = (((hash ^ hash >> 32) & 0xffff) * 255 >> 16) + 1;
}


/* The ways with this tag, as bits; tag 0 finds the free ones. */

static ngx_inline ngx_uint_t
ngx_order_table_match(const ngx_order_table_set_t *set, uint64_t tag)
{
    uint64_t    x, low;
    ngx_uint_t  i, mask;

    low = 0x7f7f7f7f7f7f7f7f;
    mask = 0;

    for (i = 0; i < NGX_ORDER_TABLE_WAYS / 8; i++) {
        x = ngx_order_table_load(&set->tags[i]);
        x ^= tag * 0x0101010101010101;

        /* bit 7 of each byte that is zero, then these eight side by side */

        x = ~(((x & low) + low) | x | low) >> 7;
        mask |= (x * 0x0102040810204080 >> 56) << i * 8;
    }

    return mask;
}


#endif /* _NGX_ORDER_TABLE_SET_H_INCLUDED_ */
