
/*
 * Who may write to a set of the table: robust mutexes, and what is done when
 * their holder is dead or does not move.  Waits for nobody.
 *
 * A writer that is killed: the next one gets EOWNERDEAD and removes the only
 * thing that may be torn, an entry with an odd seq.  All other steps leave a
 * set whole, in whatever place they end.
 *
 * A writer that is stopped, so that another, W, cannot have its sets: W
 * raises the home's generation, and then marks both sets suspect.  Readers
 * see nothing in a suspect set.  Only a holder clears the mark, after it has
 * emptied the set.  Whatever the stopped writer does when it resumes, it looks
 * for marks before it unlocks, and so
 *
 *  - if it sees the mark, it empties the set;
 *  - if it looked before W marked, the mark stays, and the next writer empties
 *    the set before anything else;
 *  - if a holder clears W's mark together with an older one, the set is empty
 *    at this time, and what it installs later is checked against the
 *    generation that W had raised before it marked.
 *
 * So no entry that W's data should have replaced is seen after W.
 */


#include <ngx_order_table_set.h>


#define NGX_ORDER_TABLE_SPIN  64       /* a few microseconds */


static ngx_int_t ngx_order_table_lock(ngx_order_table_t *table,
    ngx_order_table_set_t *set);
static void ngx_order_table_unlock(ngx_order_table_t *table,
    ngx_order_table_set_t *set);
static void ngx_order_table_repair(ngx_order_table_t *table,
    ngx_order_table_set_t *set);
static void ngx_order_table_empty(ngx_order_table_t *table,
    ngx_order_table_set_t *set);


/* Both sets of a key, in the order of their addresses, or neither. */

ngx_int_t
ngx_order_table_hold(ngx_order_table_t *table,
    const ngx_order_table_place_t *place)
{
    ngx_uint_t  first;

    first = place->set[0] > place->set[1];

    if (ngx_order_table_lock(table, place->set[first]) != NGX_OK) {
        return NGX_DECLINED;
    }

    NGX_ORDER_TABLE_POINT(1);

    if (ngx_order_table_lock(table, place->set[!first]) != NGX_OK) {
        ngx_order_table_unlock(table, place->set[first]);
        return NGX_DECLINED;
    }

    NGX_ORDER_TABLE_POINT(2);

    return NGX_OK;
}


static ngx_int_t
ngx_order_table_lock(ngx_order_table_t *table, ngx_order_table_set_t *set)
{
    int         err;
    ngx_uint_t  n;

    err = pthread_mutex_trylock(&set->mutex);

    for (n = 0; err == EBUSY && n < NGX_ORDER_TABLE_SPIN; n++) {
        ngx_cpu_pause();
        err = pthread_mutex_trylock(&set->mutex);
    }

    if (err == EOWNERDEAD) {
        ngx_order_table_repair(table, set);
        err = pthread_mutex_consistent(&set->mutex);
    }

    if (err) {
        return NGX_DECLINED;
    }

    if (ngx_order_table_sync(&set->suspect)) {
        ngx_order_table_empty(table, set);
    }

    return NGX_OK;
}


static void
ngx_order_table_unlock(ngx_order_table_t *table, ngx_order_table_set_t *set)
{
    NGX_ORDER_TABLE_POINT(9);

    if (ngx_order_table_sync(&set->suspect)) {
        ngx_order_table_empty(table, set);
    }

    NGX_ORDER_TABLE_POINT(10);

    pthread_mutex_unlock(&set->mutex);
}


void
ngx_order_table_release(ngx_order_table_t *table,
    const ngx_order_table_place_t *place)
{
    ngx_order_table_unlock(table, place->set[0]);
    ngx_order_table_unlock(table, place->set[1]);
}


void
ngx_order_table_suspect(ngx_order_table_t *table,
    const ngx_order_table_place_t *place)
{
    ngx_uint_t  i;

    ngx_order_table_raise(place->set[0]);

    for (i = 0; i < 2; i++) {
        if (!__atomic_exchange_n(&place->set[i]->suspect, 1, __ATOMIC_SEQ_CST))
        {
            ngx_order_table_count(&table->suspects);
        }
    }
}


/* The holder of a set has died. */

static void
ngx_order_table_repair(ngx_order_table_t *table, ngx_order_table_set_t *set)
{
    ngx_uint_t                i, used;
    ngx_order_table_entry_t  *entry;

    used = ~ngx_order_table_match(set, 0);

    for (i = 0; i < NGX_ORDER_TABLE_WAYS; i++) {
        entry = ngx_order_table_entry(table, set, i);

        if (!(entry->seq & 1)) {
            continue;
        }

        if (used & (ngx_uint_t) 1 << i) {
            ngx_order_table_drop(table, set, i);
        }

        ngx_order_table_store(&entry->seq, entry->seq + 1);
    }

    ngx_order_table_raise(set);
    ngx_order_table_count(&table->recovered);
}


static void
ngx_order_table_empty(ngx_order_table_t *table, ngx_order_table_set_t *set)
{
    ngx_uint_t  used;

    ngx_order_table_raise(set);

    used = ~ngx_order_table_match(set, 0) & 0xffff;

    for ( /* void */ ; used; used &= used - 1) {
        ngx_order_table_drop(table, set, __builtin_ctzl(used));
    }

    NGX_ORDER_TABLE_POINT(12);

    __atomic_store_n(&set->suspect, 0, __ATOMIC_SEQ_CST);
}


/* The key's tickets lapse before it is gone, also if we die in between. */

void
ngx_order_table_drop(ngx_order_table_t *table, ngx_order_table_set_t *set,
    ngx_uint_t way)
{
    ngx_order_table_place_t   place;
    ngx_order_table_entry_t  *entry;

    entry = ngx_order_table_entry(table, set, way);

    ngx_order_table_locate(table, entry->key, &place);
    ngx_order_table_raise(place.set[0]);

    NGX_ORDER_TABLE_POINT(13);

    ngx_order_table_tag(set, way, 0);
    ngx_order_table_uncount(&table->entries);
    NGX_ORDER_TABLE_POINT(14);
}


void
ngx_order_table_tag(ngx_order_table_set_t *set, ngx_uint_t way, uint64_t tag)
{
    uint64_t    tags;
    ngx_uint_t  shift;

    shift = way % 8 * 8;

    tags = set->tags[way / 8] & ~((uint64_t) 0xff << shift);

    ngx_order_table_store(&set->tags[way / 8], tags | tag << shift);
}


void
ngx_order_table_raise(ngx_order_table_set_t *set)
{
    (void) __atomic_fetch_add(&set->generation, 1, __ATOMIC_SEQ_CST);
}
