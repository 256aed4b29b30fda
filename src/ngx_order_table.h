
/*
 * Fixed-size entries in shared memory, found by a 16-byte key.
 *
 * Each entry has a stamp, and a greater stamp replaces a smaller one.
 * Readers take no lock; a writer that is killed or stopped halfway leaves
 * nothing stuck and nothing torn; nothing is allocated after creation.
 * What the keys, stamps and payloads mean is the caller's affair.
 *
 * A key that is not in the table has no stamp to compare with.  For it the
 * table has tickets: taken before the data is read elsewhere, a ticket holds
 * until the key leaves the table or is changed while it is not in it.  Keys
 * share their tickets, so one may also lapse for nothing.
 */


#ifndef _NGX_ORDER_TABLE_H_INCLUDED_
#define _NGX_ORDER_TABLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_ORDER_TABLE_KEY      16    /* bytes of a key */
#define NGX_ORDER_TABLE_HEAD     32    /* bytes of an entry before its data */
#define NGX_ORDER_TABLE_CLASSES  4

/* no entry's stamp is greater */
#define NGX_ORDER_TABLE_ANY      0xffffffffffffffff


typedef struct ngx_order_table_s  ngx_order_table_t;    /* in shared memory */


typedef struct {
    const u_char      *key;            /* NGX_ORDER_TABLE_KEY bytes */
    const void        *payload;        /* as long as the table's payloads */
    uint64_t           stamp;
    ngx_uint_t         class;          /* the lowest class is evicted first */
    ngx_uint_t         evict;          /* may evict classes up to this one */

    /*
     * Whether or not it is installed, somebody will see this item, so nothing
     * older may be installed after it.
     */
    ngx_uint_t         shown;
} ngx_order_table_item_t;


typedef struct {
    uint64_t           bytes;          /* all included */
    uint64_t           capacity;       /* entries */
    uint64_t           entries[NGX_ORDER_TABLE_CLASSES];
    uint64_t           evictions;      /* since it was made, like the rest */
    uint64_t           suspects;       /* sets marked suspect */
    uint64_t           recovered;      /* sets whose writer had died */
} ngx_order_table_stat_t;


typedef struct {
    uint64_t           capacity;
    uint64_t           entries;        /* now */
    uint64_t           evictions;
} ngx_order_table_use_t;


/*
 * Makes an empty table in "size" bytes at "addr", a multiple of 64, for
 * payloads of "payload" bytes, a multiple of 32.  16 entries take 64 bytes
 * and 16 * (NGX_ORDER_TABLE_HEAD + payload).  Returns NULL if the size is too
 * small for 32 entries, or the system has no entropy.
 */
ngx_order_table_t *ngx_order_table_create(void *addr, size_t size,
    size_t payload);

uint64_t ngx_order_table_capacity(const ngx_order_table_t *table);

/*
 * Start to load what a get of this key will read: its first set, and when it
 * is there, the entry.  Each should be called well before the next step.
 */
void ngx_order_table_prefetch(ngx_order_table_t *table, const u_char *key);
void ngx_order_table_prefetch_entry(ngx_order_table_t *table,
    const u_char *key);

/*
 * NGX_OK: *stamp and *payload (as long as the table's payloads) are one
 * version of the entry.  NGX_DECLINED: there is none; *payload is undefined.
 */
ngx_int_t ngx_order_table_get(ngx_order_table_t *table, const u_char *key,
    uint64_t *stamp, void *payload);

/* The key's ticket, to be taken before its data is read elsewhere. */
uint32_t ngx_order_table_ticket(ngx_order_table_t *table, const u_char *key);

/*
 * Installs data that was read elsewhere: replaces an entry whose stamp is
 * not greater, or adds one if the ticket holds; NULL is a ticket that always
 * holds.  Returns NGX_OK if the table now shows this stamp or a greater one,
 * NGX_DECLINED otherwise.
 */
ngx_int_t ngx_order_table_fill(ngx_order_table_t *table,
    const ngx_order_table_item_t *item, const uint32_t *ticket);

/*
 * Installs a change that has happened: replaces an entry whose stamp is not
 * greater.  A key that is not in the table is added if there is a ticket and
 * it holds; otherwise its tickets lapse.  Cannot fail: after it no reader
 * sees a smaller stamp.
 */
void ngx_order_table_change(ngx_order_table_t *table,
    const ngx_order_table_item_t *item, const uint32_t *ticket);

/*
 * Removes the entry, unless its stamp is greater than this one, and lets the
 * key's tickets lapse: after it no reader sees a stamp that is not greater.
 * Returns NGX_DECLINED if an entry with a greater one stays, else NGX_OK.
 */
ngx_int_t ngx_order_table_remove(ngx_order_table_t *table, const u_char *key,
    uint64_t stamp);

/*
 * All tickets at once, for reading in bulk: their number, a copy of them, and
 * which of them is that of a key.
 */
ngx_uint_t ngx_order_table_tickets(const ngx_order_table_t *table);
void ngx_order_table_tickets_copy(ngx_order_table_t *table,
    uint32_t *tickets);
ngx_uint_t ngx_order_table_ticket_index(const ngx_order_table_t *table,
    const u_char *key);

/*
 * What is counted as it happens.  A writer that was killed may have left out
 * the entry that it was about to count.
 */
void ngx_order_table_use(const ngx_order_table_t *table,
    ngx_order_table_use_t *use);

/* Counts by a walk over all sets: not for a request. */
void ngx_order_table_stat(ngx_order_table_t *table,
    ngx_order_table_stat_t *stat);


#endif /* _NGX_ORDER_TABLE_H_INCLUDED_ */
