
/*
 * The ring of changes, and a worker's index into it.  It owns nothing but the
 * memory that it was created in, holds no pointers there, and waits for
 * nobody.
 *
 * An entry is written word by word into the slot that is next, which no reader
 * may read, and is then committed: a word of the slot that is only ever
 * changed by compare-and-set, from what the slot held a round before to the
 * number and the checksum of the entry.  Last the head is moved, which
 * anybody may do who sees the commit.  So of two who append at one place, one
 * does; the other may have written over its words, then or at any time later,
 * but neither the commit nor the head goes back, and the words do not match
 * the commit any more.
 *
 * The slot that is written next is not counted: a reader who has copied an
 * entry looks whether it is still one of the others.
 */


#include <ngx_order_ring.h>
#include <unistd.h>


#define NGX_ORDER_RING_LEAST   64      /* entries */

/* of an entry: its number, and the change */
#define NGX_ORDER_RING_WORDS                                                 \
    (1 + (sizeof(ngx_order_change_t) + sizeof(uint64_t) - 1)                 \
         / sizeof(uint64_t))

/* a place where tests kill or stop the process */
#ifndef NGX_ORDER_RING_POINT
#define NGX_ORDER_RING_POINT(n)
#endif


#define ngx_order_ring_load(p)      __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define ngx_order_ring_store(p, v)  __atomic_store_n(p, v, __ATOMIC_RELEASE)

#define ngx_order_ring_noticed(change)                                       \
    ((change)->stuck_since ? (change)->record.updated : 0)


typedef struct {
    uint64_t                   commit;     /* low half of the number, and the
                                              checksum of the words */
    uint64_t                   words[NGX_ORDER_RING_WORDS];
} ngx_order_ring_slot_t;


struct ngx_order_ring_s {
    uint64_t                   generation;
    uint64_t                   slots;
    uint64_t                   pad[6];

    /* a line of its own */
    uint64_t                   head;
    uint64_t                   reserved[7];
};


/* a slot's entry, as the index knows it */

typedef struct {
    ngx_order_id_t             id;
    uint64_t                   stamp;
    uint64_t                   seq;        /* 0: none yet */
    int64_t                    noticed;    /* when; 0: it is a version */
    uint32_t                   older;      /* link to one before it in its
                                              bucket */
} ngx_order_trail_node_t;


/*
 * A link is a slot's number and 1; 0 is the end of a chain.  Along a chain the
 * sequence numbers fall; where one does not, the slot was used anew, and the
 * rest of the chain is gone from the ring.
 */

struct ngx_order_trail_s {
    ngx_order_ring_t          *ring;
    uint64_t                   next;       /* what is before was looked at */
    uint64_t                   mask;
    uint32_t                  *buckets;    /* links to the newest */
    ngx_order_trail_node_t    *nodes;
};


static ngx_inline ngx_order_ring_slot_t *ngx_order_ring_slot(
    const ngx_order_ring_t *ring, uint64_t seq);
static ngx_inline uint64_t ngx_order_ring_commit(const uint64_t *words);
static ngx_int_t ngx_order_ring_write(ngx_order_ring_t *ring, uint64_t seq,
    const ngx_order_change_t *change);
static void ngx_order_ring_count(ngx_order_ring_t *ring, uint64_t seq);

static void ngx_order_trail_update(ngx_order_trail_t *trail);
static void ngx_order_trail_insert(ngx_order_trail_t *trail, uint64_t seq,
    const ngx_order_change_t *change);
static ngx_uint_t ngx_order_trail_newer(const ngx_order_change_t *change,
    const ngx_order_trail_node_t *node);
static ngx_inline uint32_t *ngx_order_trail_bucket(
    const ngx_order_trail_t *trail, const ngx_order_id_t *id);
static const ngx_order_trail_node_t *ngx_order_trail_find(
    const ngx_order_trail_t *trail, const ngx_order_id_t *id,
    const ngx_order_trail_node_t *newer);


size_t
ngx_order_ring_size(size_t size)
{
    return size;
}


ngx_order_ring_t *
ngx_order_ring_create(void *addr, size_t size)
{
    uint64_t           slots;
    ngx_order_ring_t  *ring;

    if (size < sizeof(ngx_order_ring_t)) {
        return NULL;
    }

    slots = (size - sizeof(ngx_order_ring_t)) / sizeof(ngx_order_ring_slot_t);
    slots = ngx_min(slots, 0x7fffffff);

    if (slots <= NGX_ORDER_RING_LEAST) {
        return NULL;
    }

    ngx_memzero(addr, size);

    ring = addr;
    ring->slots = slots;
    ring->head = 1;

    do {
        if (getentropy(&ring->generation, sizeof(ring->generation)) != 0) {
            return NULL;
        }

    } while (ring->generation == 0);

    return ring;
}


uint64_t
ngx_order_ring_capacity(const ngx_order_ring_t *ring)
{
    return ring->slots - 1;
}


uint64_t
ngx_order_ring_generation(const ngx_order_ring_t *ring)
{
    return ring->generation;
}


uint64_t
ngx_order_ring_head(const ngx_order_ring_t *ring)
{
    return ngx_order_ring_load(&ring->head);
}


uint64_t
ngx_order_ring_tail(const ngx_order_ring_t *ring)
{
    uint64_t  head;

    head = ngx_order_ring_head(ring);

    return head > ring->slots ? head - (ring->slots - 1) : 1;
}


ngx_int_t
ngx_order_ring_read(const ngx_order_ring_t *ring, uint64_t seq,
    ngx_order_change_t *change)
{
    uint64_t                commit, words[NGX_ORDER_RING_WORDS];
    ngx_uint_t              i;
    ngx_order_ring_slot_t  *slot;

    if (seq >= ngx_order_ring_head(ring)) {
        return NGX_AGAIN;
    }

    if (seq < ngx_order_ring_tail(ring)) {
        return NGX_DECLINED;
    }

    slot = ngx_order_ring_slot(ring, seq);
    commit = ngx_order_ring_load(&slot->commit);

    for (i = 0; i < NGX_ORDER_RING_WORDS; i++) {
        words[i] = ngx_order_ring_load(&slot->words[i]);
    }

    /* whoever writes the slot anew has seen the head there */

    if (seq < ngx_order_ring_tail(ring)
        || words[0] != seq || commit != ngx_order_ring_commit(words))
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(change, &words[1], sizeof(ngx_order_change_t));

    return NGX_OK;
}


static ngx_inline ngx_order_ring_slot_t *
ngx_order_ring_slot(const ngx_order_ring_t *ring, uint64_t seq)
{
    return (ngx_order_ring_slot_t *) (ring + 1) + seq % ring->slots;
}


static ngx_inline uint64_t
ngx_order_ring_commit(const uint64_t *words)
{
    uint64_t    sum;
    ngx_uint_t  i;

    for (i = 0, sum = 0; i < NGX_ORDER_RING_WORDS; i++) {
        sum = (sum ^ words[i]) * 0x9fb21c651e98df25;
        sum ^= sum >> 32;
    }

    return words[0] << 32 | (uint32_t) sum;
}


/*
 * Appends at "seq", which was the head.  NGX_AGAIN: an entry is there whose
 * writer has not moved the head yet, and will perhaps never; it is moved now.
 */

static ngx_int_t
ngx_order_ring_write(ngx_order_ring_t *ring, uint64_t seq,
    const ngx_order_change_t *change)
{
    uint64_t                old, words[NGX_ORDER_RING_WORDS];
    ngx_uint_t              i;
    ngx_order_ring_slot_t  *slot;

    words[NGX_ORDER_RING_WORDS - 1] = 0;
    words[0] = seq;
    ngx_memcpy(&words[1], change, sizeof(ngx_order_change_t));

    NGX_ORDER_RING_POINT(1);

    slot = ngx_order_ring_slot(ring, seq);
    old = ngx_order_ring_load(&slot->commit);

    NGX_ORDER_RING_POINT(2);

    /* looked at after the commit, which is so not of a later round */

    if (ngx_order_ring_head(ring) != seq) {
        return NGX_DECLINED;
    }

    if ((uint32_t) (old >> 32) == (uint32_t) seq) {
        ngx_order_ring_count(ring, seq);
        return NGX_AGAIN;
    }

    NGX_ORDER_RING_POINT(3);

    for (i = 0; i < NGX_ORDER_RING_WORDS; i++) {
        ngx_order_ring_store(&slot->words[i], words[i]);
        NGX_ORDER_RING_POINT(4);
    }

    NGX_ORDER_RING_POINT(5);

    if (!__atomic_compare_exchange_n(&slot->commit, &old,
                                     ngx_order_ring_commit(words), 0,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
    {
        return NGX_DECLINED;
    }

    NGX_ORDER_RING_POINT(6);

    ngx_order_ring_count(ring, seq);

    return NGX_OK;
}


static void
ngx_order_ring_count(ngx_order_ring_t *ring, uint64_t seq)
{
    (void) __atomic_compare_exchange_n(&ring->head, &seq, seq + 1, 0,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}


ngx_order_trail_t *
ngx_order_trail_create(ngx_order_ring_t *ring, ngx_pool_t *pool)
{
    uint64_t            n;
    ngx_order_trail_t  *trail;

    for (n = NGX_ORDER_RING_LEAST; n < ring->slots; n *= 2) { /* void */ }

    trail = ngx_palloc(pool, sizeof(ngx_order_trail_t));
    if (trail == NULL) {
        return NULL;
    }

    trail->ring = ring;
    trail->next = 1;
    trail->mask = n - 1;

    trail->buckets = ngx_pcalloc(pool, n * sizeof(uint32_t));
    trail->nodes = ngx_pcalloc(pool, ring->slots
                                     * sizeof(ngx_order_trail_node_t));

    if (trail->buckets == NULL || trail->nodes == NULL) {
        return NULL;
    }

    return trail;
}


ngx_int_t
ngx_order_trail_append(ngx_order_trail_t *trail,
    const ngx_order_change_t *change)
{
    ngx_int_t                      rc;
    const ngx_order_trail_node_t  *newest;

    do {
        ngx_order_trail_update(trail);

        if (!change->gap) {
            newest = ngx_order_trail_find(trail, &change->record.id, NULL);

            if (newest && !ngx_order_trail_newer(change, newest)) {
                return NGX_DONE;
            }
        }

        rc = ngx_order_ring_write(trail->ring, trail->next, change);

    } while (rc == NGX_AGAIN);

    return rc;
}


/* Brings the index up to the head; what is spoilt is not in it. */

static void
ngx_order_trail_update(ngx_order_trail_t *trail)
{
    uint64_t            head;
    ngx_order_change_t  change;

    head = ngx_order_ring_head(trail->ring);

    if (trail->next == head) {
        return;
    }

    trail->next = ngx_max(trail->next, ngx_order_ring_tail(trail->ring));

    while (trail->next < head) {

        if (ngx_order_ring_read(trail->ring, trail->next, &change) == NGX_OK
            && !change.gap)
        {
            ngx_order_trail_insert(trail, trail->next, &change);
        }

        trail->next++;
    }
}


static void
ngx_order_trail_insert(ngx_order_trail_t *trail, uint64_t seq,
    const ngx_order_change_t *change)
{
    uint32_t                  link, *bucket;
    ngx_order_trail_node_t   *node;
    const ngx_order_record_t *record;

    record = &change->record;

    node = &trail->nodes[seq % trail->ring->slots];
    link = (uint32_t) (seq % trail->ring->slots) + 1;

    /* what the slot held is the oldest of its chain, and perhaps the only */

    bucket = ngx_order_trail_bucket(trail, &node->id);

    if (*bucket == link) {
        *bucket = 0;
    }

    bucket = ngx_order_trail_bucket(trail, &record->id);

    node->id = record->id;
    node->stamp = ngx_order_stamp(record);
    node->seq = seq;
    node->noticed = ngx_order_ring_noticed(change);
    node->older = *bucket;

    *bucket = link;
}


/* A notice is behind its version, and before the next. */

static ngx_uint_t
ngx_order_trail_newer(const ngx_order_change_t *change,
    const ngx_order_trail_node_t *node)
{
    uint64_t  stamp;

    stamp = ngx_order_stamp(&change->record);

    return stamp > node->stamp
           || (stamp == node->stamp
               && ngx_order_ring_noticed(change) > node->noticed);
}


static ngx_inline uint32_t *
ngx_order_trail_bucket(const ngx_order_trail_t *trail,
    const ngx_order_id_t *id)
{
    uint64_t  hash, half[2];

    ngx_memcpy(half, id->data, NGX_ORDER_ID_LEN);

    /* ids that count up differ in the high bits only, on most machines */

    hash = half[0] ^ half[1];
    hash ^= hash >> 32;
    hash *= 0x9fb21c651e98df25;
    hash ^= hash >> 32;

    return &trail->buckets[hash & trail->mask];
}


/* The newest entry of an order, or the one before another. */

static const ngx_order_trail_node_t *
ngx_order_trail_find(const ngx_order_trail_t *trail,
    const ngx_order_id_t *id, const ngx_order_trail_node_t *newer)
{
    uint32_t                       link;
    uint64_t                       seq;
    const ngx_order_trail_node_t  *node;

    link = newer ? newer->older : *ngx_order_trail_bucket(trail, id);
    seq = newer ? newer->seq : trail->next;

    while (link) {
        node = &trail->nodes[link - 1];

        if (node->seq >= seq) {
            return NULL;
        }

        if (ngx_order_id_eq(&node->id, id)) {
            return node;
        }

        seq = node->seq;
        link = node->older;
    }

    return NULL;
}


ngx_int_t
ngx_order_trail_next(ngx_order_trail_t *trail, const ngx_order_id_t *id,
    uint64_t stamp, ngx_order_change_t *change, uint64_t *seq)
{
    uint64_t                       tail;
    const ngx_order_trail_node_t  *node, *next;

    ngx_order_trail_update(trail);

    tail = ngx_order_ring_tail(trail->ring);

    for ( ;; ) {
        next = NULL;
        node = ngx_order_trail_find(trail, id, NULL);

        while (node && node->seq >= tail && node->stamp > stamp) {
            next = node->noticed ? next : node;
            node = ngx_order_trail_find(trail, id, node);
        }

        if (next == NULL) {
            return NGX_DONE;
        }

        if (ngx_order_ring_read(trail->ring, next->seq, change) == NGX_OK) {
            *seq = next->seq;
            return NGX_OK;
        }

        stamp = next->stamp;
    }
}
