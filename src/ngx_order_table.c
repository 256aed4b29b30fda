
/*
 * A table of fixed-size entries in shared memory, in sets like those of a
 * processor's cache.  It owns nothing but the memory that it was created in,
 * holds no pointers, allocates nothing, logs nothing and waits for nobody.
 *
 * A fill compares its ticket when it holds both sets of the key, has seen
 * their marks and found no entry; data read before a change or an eviction is
 * so never installed after it.  A fill whose ticket has lapsed, though
 * somebody will see its data, leaves a hidden entry: readers pass over it, and
 * its stamp keeps older data out.
 */


#include <ngx_order_table_set.h>
#include <unistd.h>


#define NGX_ORDER_TABLE_RETRIES  8
#define NGX_ORDER_TABLE_SPARE    3     /* free ways of a set */


static ngx_int_t ngx_order_table_read(const ngx_order_table_t *table,
    ngx_order_table_entry_t *entry, const uint64_t *key, uint64_t *stamp,
    void *payload);
static ngx_int_t ngx_order_table_install(ngx_order_table_t *table,
    const ngx_order_table_place_t *place, const ngx_order_table_item_t *item,
    ngx_uint_t holds, ngx_uint_t shown);
static ngx_int_t ngx_order_table_find(const ngx_order_table_t *table,
    const ngx_order_table_place_t *place);
static ngx_int_t ngx_order_table_way(ngx_order_table_t *table,
    const ngx_order_table_place_t *place, ngx_uint_t limit);
static ngx_int_t ngx_order_table_evict(ngx_order_table_t *table,
    const ngx_order_table_place_t *place, ngx_uint_t limit);
static void ngx_order_table_write(const ngx_order_table_t *table,
    ngx_order_table_entry_t *entry, const ngx_order_table_item_t *item,
    const uint64_t *key, ngx_uint_t hidden);


ngx_order_table_t *
ngx_order_table_create(void *addr, size_t size, size_t payload)
{
    size_t                  head;
    uint64_t                i;
    ngx_order_table_t      *table;
    pthread_mutexattr_t     attr;
    ngx_order_table_set_t  *set;

    head = ngx_align(sizeof(ngx_order_table_t), NGX_ORDER_TABLE_LINE);

    if (size < head || payload % 32) {
        return NULL;
    }

    ngx_memzero(addr, size);

    table = addr;

    table->bytes = size;
    table->words = payload / sizeof(uint64_t);
    table->entry_size = sizeof(ngx_order_table_entry_t) + payload;
    table->set_size = ngx_align(sizeof(ngx_order_table_set_t),
                                NGX_ORDER_TABLE_LINE)
                      + NGX_ORDER_TABLE_WAYS * table->entry_size;
    table->sets = ngx_min((size - head) / table->set_size, 0xffffffff);

    if (table->sets < 2) {
        return NULL;
    }

    if (getentropy(table->seed, sizeof(table->seed)) != 0) {
        return NULL;
    }

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);

    for (i = 0; i < table->sets; i++) {
        set = ngx_order_table_set(table, i);
        pthread_mutex_init(&set->mutex, &attr);
    }

    pthread_mutexattr_destroy(&attr);

    return table;
}


uint64_t
ngx_order_table_capacity(const ngx_order_table_t *table)
{
    return table->sets * NGX_ORDER_TABLE_WAYS;
}


void
ngx_order_table_prefetch(ngx_order_table_t *table, const u_char *key)
{
    ngx_order_table_place_t  place;

    ngx_order_table_locate(table, key, &place);

    __builtin_prefetch(place.set[0]);
}


void
ngx_order_table_prefetch_entry(ngx_order_table_t *table, const u_char *key)
{
    u_char                   *p;
    ngx_uint_t                i, mask;
    ngx_order_table_place_t   place;

    ngx_order_table_locate(table, key, &place);

    for (i = 0; i < 2; i++) {
        mask = ngx_order_table_match(place.set[i], place.tag);

        if (mask) {
            p = (u_char *) ngx_order_table_entry(table, place.set[i],
                                                 __builtin_ctzl(mask));

            __builtin_prefetch(p);
            __builtin_prefetch(p + table->entry_size - 1);
            return;
        }
    }
}


ngx_int_t
ngx_order_table_get(ngx_order_table_t *table, const u_char *key,
    uint64_t *stamp, void *payload)
{
    ngx_int_t                 rc;
    ngx_uint_t                i, way, mask;
    ngx_order_table_place_t   place;
    ngx_order_table_entry_t  *entry;

    ngx_order_table_locate(table, key, &place);

    for (i = 0; i < 2; i++) {

        if (ngx_order_table_sync(&place.set[i]->suspect)) {
            continue;
        }

        mask = ngx_order_table_match(place.set[i], place.tag);

        for ( /* void */ ; mask; mask &= mask - 1) {
            way = __builtin_ctzl(mask);
            entry = ngx_order_table_entry(table, place.set[i], way);

            rc = ngx_order_table_read(table, entry, place.key, stamp, payload);

            if (rc == NGX_OK) {
                return NGX_OK;
            }
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_order_table_read(const ngx_order_table_t *table,
    ngx_order_table_entry_t *entry, const uint64_t *key, uint64_t *stamp,
    void *payload)
{
    u_char      *p;
    uint8_t      hidden;
    uint32_t     seq;
    uint64_t     i, word;
    ngx_uint_t   n;

    for (n = 0; n < NGX_ORDER_TABLE_RETRIES; n++) {

        seq = ngx_order_table_load(&entry->seq);

        if (seq & 1) {
            ngx_cpu_pause();
            continue;
        }

        if (ngx_order_table_load(&entry->key[0]) != key[0]
            || ngx_order_table_load(&entry->key[1]) != key[1])
        {
            return NGX_DECLINED;
        }

        hidden = ngx_order_table_load(&entry->hidden);
        *stamp = ngx_order_table_load(&entry->stamp);

        for (i = 0, p = payload; i < table->words; i++, p += sizeof(word)) {
            word = ngx_order_table_load(&entry->payload[i]);
            ngx_memcpy(p, &word, sizeof(word));
        }

        if (ngx_order_table_peek(&entry->seq) != seq) {
            continue;
        }

        if (hidden) {
            return NGX_DECLINED;
        }

        if (!ngx_order_table_peek(&entry->used)) {
            ngx_order_table_poke(&entry->used, 1);
        }

        return NGX_OK;
    }

    return NGX_DECLINED;
}


uint32_t
ngx_order_table_ticket(ngx_order_table_t *table, const u_char *key)
{
    ngx_order_table_place_t  place;

    ngx_order_table_locate(table, key, &place);

    return ngx_order_table_sync(&place.set[0]->generation);
}


ngx_int_t
ngx_order_table_fill(ngx_order_table_t *table,
    const ngx_order_table_item_t *item, const uint32_t *ticket)
{
    uint32_t                 generation;
    ngx_int_t                rc;
    ngx_uint_t               holds;
    ngx_order_table_place_t  place;

    ngx_order_table_locate(table, item->key, &place);

    if (ngx_order_table_hold(table, &place) != NGX_OK) {

        if (item->shown) {
            ngx_order_table_suspect(table, &place);
        }

        return NGX_DECLINED;
    }

    generation = ngx_order_table_sync(&place.set[0]->generation);
    holds = (ticket == NULL || *ticket == generation);

    rc = ngx_order_table_install(table, &place, item, holds, item->shown);

    ngx_order_table_release(table, &place);

    return rc;
}


void
ngx_order_table_change(ngx_order_table_t *table,
    const ngx_order_table_item_t *item, const uint32_t *ticket)
{
    uint32_t                 generation;
    ngx_uint_t               holds;
    ngx_order_table_place_t  place;

    ngx_order_table_locate(table, item->key, &place);

    if (ngx_order_table_hold(table, &place) != NGX_OK) {
        ngx_order_table_suspect(table, &place);
        return;
    }

    generation = ngx_order_table_sync(&place.set[0]->generation);
    holds = (ticket != NULL && *ticket == generation);

    if (ngx_order_table_install(table, &place, item, holds, 0) != NGX_OK) {
        ngx_order_table_raise(place.set[0]);
    }

    ngx_order_table_release(table, &place);
}


ngx_int_t
ngx_order_table_remove(ngx_order_table_t *table, const u_char *key,
    uint64_t stamp)
{
    ngx_int_t                 n, rc;
    ngx_order_table_set_t    *set;
    ngx_order_table_entry_t  *entry;
    ngx_order_table_place_t   place;

    ngx_order_table_locate(table, key, &place);

    if (ngx_order_table_hold(table, &place) != NGX_OK) {
        ngx_order_table_suspect(table, &place);
        return NGX_OK;
    }

    rc = NGX_OK;

    ngx_order_table_raise(place.set[0]);

    n = ngx_order_table_find(table, &place);

    if (n != NGX_DECLINED) {
        set = place.set[n / NGX_ORDER_TABLE_WAYS];
        n %= NGX_ORDER_TABLE_WAYS;
        entry = ngx_order_table_entry(table, set, n);

        if (entry->stamp > stamp) {
            rc = NGX_DECLINED;

        } else {
            NGX_ORDER_TABLE_POINT(11);
            ngx_order_table_tag(set, n, 0);
            ngx_order_table_uncount(&table->entries);
        }
    }

    ngx_order_table_release(table, &place);

    return rc;
}


/*
 * Both sets are held.  Returns NGX_OK if the table now shows this stamp or a
 * greater one.
 */

static ngx_int_t
ngx_order_table_install(ngx_order_table_t *table,
    const ngx_order_table_place_t *place, const ngx_order_table_item_t *item,
    ngx_uint_t holds, ngx_uint_t shown)
{
    ngx_int_t                 n;
    ngx_uint_t                hidden;
    ngx_order_table_set_t    *set;
    ngx_order_table_entry_t  *entry;

    n = ngx_order_table_find(table, place);

    if (n != NGX_DECLINED) {
        set = place->set[n / NGX_ORDER_TABLE_WAYS];
        entry = ngx_order_table_entry(table, set, n % NGX_ORDER_TABLE_WAYS);

        if (item->stamp < entry->stamp) {
            return entry->hidden ? NGX_DECLINED : NGX_OK;
        }

        hidden = (entry->hidden && !holds);
        ngx_order_table_write(table, entry, item, NULL, hidden);

        return hidden ? NGX_DECLINED : NGX_OK;
    }

    if (!holds && !shown) {
        return NGX_DECLINED;
    }

    n = ngx_order_table_way(table, place, item->evict);

    if (n == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    set = place->set[n / NGX_ORDER_TABLE_WAYS];
    entry = ngx_order_table_entry(table, set, n % NGX_ORDER_TABLE_WAYS);

    ngx_order_table_write(table, entry, item, place->key, !holds);
    NGX_ORDER_TABLE_POINT(7);
    ngx_order_table_tag(set, n % NGX_ORDER_TABLE_WAYS, place->tag);
    ngx_order_table_count(&table->entries);
    NGX_ORDER_TABLE_POINT(8);

    return holds ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_order_table_find(const ngx_order_table_t *table,
    const ngx_order_table_place_t *place)
{
    ngx_uint_t                i, way, mask;
    ngx_order_table_entry_t  *entry;

    for (i = 0; i < 2; i++) {
        mask = ngx_order_table_match(place->set[i], place->tag);

        for ( /* void */ ; mask; mask &= mask - 1) {
            way = __builtin_ctzl(mask);
            entry = ngx_order_table_entry(table, place->set[i], way);

            if (entry->key[0] == place->key[0]
                && entry->key[1] == place->key[1])
            {
                return i * NGX_ORDER_TABLE_WAYS + way;
            }
        }
    }

    return NGX_DECLINED;
}


/*
 * A free way in the first set while it has some to spare, so that most gets
 * touch no other; then in the emptier of the two; then one that is made free.
 */

static ngx_int_t
ngx_order_table_way(ngx_order_table_t *table,
    const ngx_order_table_place_t *place, ngx_uint_t limit)
{
    int         free;
    ngx_uint_t  home, other;

    home = ngx_order_table_match(place->set[0], 0);
    other = ngx_order_table_match(place->set[1], 0);

    if (home == 0 && other == 0) {
        return ngx_order_table_evict(table, place, limit);
    }

    free = __builtin_popcountl(home);

    if (free > NGX_ORDER_TABLE_SPARE || free >= __builtin_popcountl(other)) {
        return __builtin_ctzl(home);
    }

    return NGX_ORDER_TABLE_WAYS + __builtin_ctzl(other);
}


/*
 * The lowest class, and in it one that was not read lately: each eviction
 * forgets of one entry, another each time, that it was read.
 */

static ngx_int_t
ngx_order_table_evict(ngx_order_table_t *table,
    const ngx_order_table_place_t *place, ngx_uint_t limit)
{
    ngx_uint_t                i, n, rank, best, hand, victim;
    ngx_order_table_set_t    *set;
    ngx_order_table_entry_t  *entry;

    best = 2 * NGX_ORDER_TABLE_CLASSES;
    victim = 0;
    hand = ngx_order_table_peek(&place->set[0]->generation);

    for (i = 1; i <= 2 * NGX_ORDER_TABLE_WAYS; i++) {
        n = (hand + i) % (2 * NGX_ORDER_TABLE_WAYS);
        set = place->set[n / NGX_ORDER_TABLE_WAYS];
        entry = ngx_order_table_entry(table, set, n % NGX_ORDER_TABLE_WAYS);

        rank = 2 * ngx_order_table_peek(&entry->class)
               + ngx_order_table_peek(&entry->used);

        if (rank < best) {
            best = rank;
            victim = n;
        }
    }

    if (best / 2 > limit) {
        return NGX_DECLINED;
    }

    /* the last one of the loop is where the hand stands */

    ngx_order_table_poke(&entry->used, 0);

    ngx_order_table_drop(table, place->set[victim / NGX_ORDER_TABLE_WAYS],
                         victim % NGX_ORDER_TABLE_WAYS);
    ngx_order_table_count(&table->evictions);

    return victim;
}


/* A key is given for an entry that is new, and has no tag yet. */

static void
ngx_order_table_write(const ngx_order_table_t *table,
    ngx_order_table_entry_t *entry, const ngx_order_table_item_t *item,
    const uint64_t *key, ngx_uint_t hidden)
{
    uint32_t       seq;
    uint64_t       i, word;
    const u_char  *p;

    seq = entry->seq;

    ngx_order_table_store(&entry->seq, seq + 1);
    NGX_ORDER_TABLE_POINT(3);

    if (key) {
        ngx_order_table_store(&entry->key[0], key[0]);
        ngx_order_table_store(&entry->key[1], key[1]);
        ngx_order_table_poke(&entry->used, 0);
    }

    ngx_order_table_poke(&entry->class, (uint8_t) item->class);
    ngx_order_table_store(&entry->hidden, (uint8_t) hidden);
    ngx_order_table_store(&entry->stamp, item->stamp);
    NGX_ORDER_TABLE_POINT(4);

    for (i = 0, p = item->payload; i < table->words; i++, p += sizeof(word)) {
        ngx_memcpy(&word, p, sizeof(word));
        ngx_order_table_store(&entry->payload[i], word);
        NGX_ORDER_TABLE_POINT(5);
    }

    ngx_order_table_store(&entry->seq, seq + 2);
    NGX_ORDER_TABLE_POINT(6);
}


ngx_uint_t
ngx_order_table_tickets(const ngx_order_table_t *table)
{
    return table->sets;
}


void
ngx_order_table_tickets_copy(ngx_order_table_t *table, uint32_t *tickets)
{
    uint64_t                i;
    ngx_order_table_set_t  *set;

    for (i = 0; i < table->sets; i++) {
        set = ngx_order_table_set(table, i);
        tickets[i] = ngx_order_table_sync(&set->generation);
    }
}


ngx_uint_t
ngx_order_table_ticket_index(const ngx_order_table_t *table,
    const u_char *key)
{
    ngx_order_table_place_t  place;

    ngx_order_table_locate(table, key, &place);

    return ((u_char *) place.set[0] - (u_char *) ngx_order_table_set(table, 0))
           / table->set_size;
}


void
ngx_order_table_use(const ngx_order_table_t *table,
    ngx_order_table_use_t *use)
{
    use->capacity = ngx_order_table_capacity(table);
    use->entries = ngx_order_table_peek(&table->entries);
    use->evictions = ngx_order_table_peek(&table->evictions);
}


void
ngx_order_table_stat(ngx_order_table_t *table, ngx_order_table_stat_t *stat)
{
    uint64_t                  i;
    ngx_uint_t                used;
    ngx_order_table_set_t    *set;
    ngx_order_table_entry_t  *entry;

    ngx_memzero(stat, sizeof(ngx_order_table_stat_t));

    stat->bytes = table->bytes;
    stat->capacity = ngx_order_table_capacity(table);
    stat->evictions = ngx_order_table_peek(&table->evictions);
    stat->suspects = ngx_order_table_peek(&table->suspects);
    stat->recovered = ngx_order_table_peek(&table->recovered);

    for (i = 0; i < table->sets; i++) {
        set = ngx_order_table_set(table, i);
        used = ~ngx_order_table_match(set, 0) & 0xffff;

        for ( /* void */ ; used; used &= used - 1) {
            entry = ngx_order_table_entry(table, set, __builtin_ctzl(used));
            stat->entries[ngx_order_table_peek(&entry->class)]++;
        }
    }
}
