
/*
 * Orders, aliases of their numbers and ids known not to exist, in two tables.
 * The tables stand one behind the other in the memory that the cache was
 * made in; it owns nothing else.  It never sends a query and never waits.
 */


#include <ngx_order_cache.h>


#define NGX_ORDER_CACHE_HEAD         64
#define NGX_ORDER_CACHE_MISSING_MIN  65536
#define NGX_ORDER_CACHE_DELETED      300000    /* ms that it is remembered */

/* classes, the first to be evicted first */
#define NGX_ORDER_CACHE_ALIAS        0
#define NGX_ORDER_CACHE_FINAL        1
#define NGX_ORDER_CACHE_ACTIVE       2

#define NGX_ORDER_CACHE_PACKED       10        /* characters in 8 bytes */


struct ngx_order_cache_s {
    uint64_t                 bytes;
    uint64_t                 orders;           /* offsets */
    uint64_t                 missing;
};


/* An alias shares the table with the orders, and so their size. */

typedef struct {
    uint16_t                 alias;
    uint16_t                 status;
    uint8_t                  final;
    uint8_t                  number_len;
    u_char                   number[NGX_ORDER_NUMBER_LEN];
    ngx_order_id_t           buyer;            /* of an alias: its order */
    ngx_order_id_t           seller;
    ngx_order_id_t           driver;
    int64_t                  updated;
    uint64_t                 filled;
} ngx_order_cache_entry_t;


struct ngx_order_cache_load_s {
    ngx_order_table_t       *orders;
    uint32_t                *tickets;
};


static size_t ngx_order_cache_missing_size(size_t size);
static ngx_order_table_t *ngx_order_cache_orders(ngx_order_cache_t *cache);
static ngx_order_table_t *ngx_order_cache_missing(ngx_order_cache_t *cache);
static void ngx_order_cache_delete(ngx_order_cache_t *cache,
    const ngx_order_record_t *record);
static void ngx_order_cache_pack(const ngx_order_record_t *record,
    ngx_order_cache_entry_t *entry, ngx_order_table_item_t *item);
static void ngx_order_cache_unpack(const ngx_order_cache_entry_t *entry,
    uint64_t stamp, ngx_order_record_t *record);
static ngx_int_t ngx_order_cache_alias_key(const ngx_str_t *number,
    u_char *key);


size_t
ngx_order_cache_size(size_t size)
{
    return NGX_ORDER_CACHE_HEAD + ngx_align(size, 64)
           + ngx_order_cache_missing_size(size);
}


static size_t
ngx_order_cache_missing_size(size_t size)
{
    return ngx_max(size / 64, NGX_ORDER_CACHE_MISSING_MIN);
}


ngx_order_cache_t *
ngx_order_cache_create(void *addr, size_t size)
{
    ngx_order_cache_t  *cache;

    cache = addr;

    cache->bytes = ngx_order_cache_size(size);
    cache->orders = NGX_ORDER_CACHE_HEAD;
    cache->missing = NGX_ORDER_CACHE_HEAD + ngx_align(size, 64);

    if (ngx_order_table_create((u_char *) addr + cache->orders, size,
                               sizeof(ngx_order_cache_entry_t))
        == NULL)
    {
        return NULL;
    }

    if (ngx_order_table_create((u_char *) addr + cache->missing,
                               ngx_order_cache_missing_size(size), 0)
        == NULL)
    {
        return NULL;
    }

    return cache;
}


static ngx_order_table_t *
ngx_order_cache_orders(ngx_order_cache_t *cache)
{
    return (ngx_order_table_t *) ((u_char *) cache + cache->orders);
}


static ngx_order_table_t *
ngx_order_cache_missing(ngx_order_cache_t *cache)
{
    return (ngx_order_table_t *) ((u_char *) cache + cache->missing);
}


void
ngx_order_cache_prefetch(ngx_order_cache_t *cache, const ngx_order_id_t *id)
{
    ngx_order_table_prefetch(ngx_order_cache_orders(cache), id->data);
}


void
ngx_order_cache_prefetch_entry(ngx_order_cache_t *cache,
    const ngx_order_id_t *id)
{
    ngx_order_table_prefetch_entry(ngx_order_cache_orders(cache), id->data);
}


ngx_int_t
ngx_order_cache_get(ngx_order_cache_t *cache, const ngx_order_id_t *id,
    ngx_order_record_t *record, ngx_msec_t *filled)
{
    uint64_t                 stamp;
    ngx_int_t                rc;
    ngx_order_cache_entry_t  entry;

    rc = ngx_order_table_get(ngx_order_cache_orders(cache), id->data, &stamp,
                             &entry);

    if (rc == NGX_OK && !entry.alias) {
        record->id = *id;
        ngx_order_cache_unpack(&entry, stamp, record);
        *filled = (ngx_msec_t) entry.filled;

        return NGX_OK;
    }

    rc = ngx_order_table_get(ngx_order_cache_missing(cache), id->data, &stamp,
                             NULL);

    if (rc == NGX_OK
        && (ngx_msec_int_t) ((ngx_msec_t) stamp - ngx_current_msec) > 0)
    {
        return NGX_DONE;
    }

    return NGX_DECLINED;
}


ngx_order_ticket_t
ngx_order_cache_ticket(ngx_order_cache_t *cache, const ngx_order_id_t *id)
{
    ngx_order_ticket_t  ticket;

    ticket.order = ngx_order_table_ticket(ngx_order_cache_orders(cache),
                                          id->data);
    ticket.missing = ngx_order_table_ticket(ngx_order_cache_missing(cache),
                                            id->data);

    return ticket;
}


ngx_int_t
ngx_order_cache_fill(ngx_order_cache_t *cache,
    const ngx_order_record_t *record, ngx_order_ticket_t ticket)
{
    uint64_t                 stamp;
    ngx_int_t                rc;
    ngx_order_table_t       *missing;
    ngx_order_table_item_t   item;
    ngx_order_cache_entry_t  entry;

    ngx_order_cache_pack(record, &entry, &item);

    rc = ngx_order_table_fill(ngx_order_cache_orders(cache), &item,
                              &ticket.order);

    if (rc == NGX_OK) {
        missing = ngx_order_cache_missing(cache);

        if (ngx_order_table_get(missing, record->id.data, &stamp, NULL)
            == NGX_OK)
        {
            (void) ngx_order_table_remove(missing, record->id.data,
                                          NGX_ORDER_TABLE_ANY);
        }
    }

    return rc;
}


ngx_int_t
ngx_order_cache_fill_missing(ngx_order_cache_t *cache,
    const ngx_order_id_t *id, ngx_order_ticket_t ticket, ngx_msec_t until)
{
    ngx_order_table_item_t  item;

    ngx_memzero(&item, sizeof(ngx_order_table_item_t));

    item.key = id->data;
    item.stamp = until;

    return ngx_order_table_fill(ngx_order_cache_missing(cache), &item,
                                &ticket.missing);
}


void
ngx_order_cache_change(ngx_order_cache_t *cache,
    const ngx_order_record_t *record, const ngx_order_ticket_t *ticket)
{
    ngx_order_table_item_t   item;
    ngx_order_cache_entry_t  entry;

    if (record->deleted) {
        ngx_order_cache_delete(cache, record);
        return;
    }

    ngx_order_cache_pack(record, &entry, &item);

    ngx_order_table_change(ngx_order_cache_orders(cache), &item,
                           ticket ? &ticket->order : NULL);

    (void) ngx_order_table_remove(ngx_order_cache_missing(cache),
                                  record->id.data, NGX_ORDER_TABLE_ANY);
}


/* With a ticket, as a record of a later epoch may come meanwhile. */

static void
ngx_order_cache_delete(ngx_order_cache_t *cache,
    const ngx_order_record_t *record)
{
    uint32_t                ticket;
    ngx_order_table_t      *missing;
    ngx_order_table_item_t  item;

    missing = ngx_order_cache_missing(cache);
    ticket = ngx_order_table_ticket(missing, record->id.data);

    if (ngx_order_table_remove(ngx_order_cache_orders(cache), record->id.data,
                               ngx_order_stamp(record))
        != NGX_OK)
    {
        return;
    }

    ngx_memzero(&item, sizeof(ngx_order_table_item_t));

    item.key = record->id.data;
    item.stamp = ngx_current_msec + NGX_ORDER_CACHE_DELETED;

    (void) ngx_order_table_fill(missing, &item, &ticket);
}


static void
ngx_order_cache_pack(const ngx_order_record_t *record,
    ngx_order_cache_entry_t *entry, ngx_order_table_item_t *item)
{
    ngx_memzero(entry, sizeof(ngx_order_cache_entry_t));

    entry->status = record->status;
    entry->final = record->final;
    entry->number_len = record->number_len;
    ngx_memcpy(entry->number, record->number, NGX_ORDER_NUMBER_LEN);
    entry->buyer = record->buyer;
    entry->seller = record->seller;
    entry->driver = record->driver;
    entry->updated = record->updated;
    entry->filled = ngx_current_msec;

    item->key = record->id.data;
    item->payload = entry;
    item->stamp = ngx_order_stamp(record);
    item->class = record->final ? NGX_ORDER_CACHE_FINAL
                                : NGX_ORDER_CACHE_ACTIVE;
    item->evict = NGX_ORDER_CACHE_ACTIVE;
    item->shown = 1;
}


static void
ngx_order_cache_unpack(const ngx_order_cache_entry_t *entry, uint64_t stamp,
    ngx_order_record_t *record)
{
    record->buyer = entry->buyer;
    record->seller = entry->seller;
    record->driver = entry->driver;
    record->epoch = (uint32_t) (stamp >> 32);
    record->version = (uint32_t) stamp;
    record->updated = entry->updated;
    record->status = entry->status;
    record->final = entry->final;
    record->deleted = 0;
    record->number_len = entry->number_len;
    ngx_memcpy(record->number, entry->number, NGX_ORDER_NUMBER_LEN);
}


ngx_order_cache_load_t *
ngx_order_cache_load_begin(ngx_order_cache_t *cache, ngx_pool_t *pool)
{
    ngx_uint_t               n;
    ngx_order_table_t       *orders;
    ngx_order_cache_load_t  *load;

    load = ngx_palloc(pool, sizeof(ngx_order_cache_load_t));
    if (load == NULL) {
        return NULL;
    }

    orders = ngx_order_cache_orders(cache);
    n = ngx_order_table_tickets(orders);

    load->orders = orders;
    load->tickets = ngx_palloc(pool, n * sizeof(uint32_t));

    if (load->tickets == NULL) {
        return NULL;
    }

    ngx_order_table_tickets_copy(orders, load->tickets);

    return load;
}


ngx_int_t
ngx_order_cache_load_put(ngx_order_cache_load_t *load,
    const ngx_order_record_t *record)
{
    ngx_uint_t               n;
    ngx_order_table_item_t   item;
    ngx_order_cache_entry_t  entry;

    ngx_order_cache_pack(record, &entry, &item);

    item.evict = record->final ? NGX_ORDER_CACHE_ALIAS
                               : NGX_ORDER_CACHE_FINAL;
    item.shown = 0;

    n = ngx_order_table_ticket_index(load->orders, record->id.data);

    return ngx_order_table_fill(load->orders, &item, &load->tickets[n]);
}


ngx_int_t
ngx_order_cache_alias_get(ngx_order_cache_t *cache, const ngx_str_t *number,
    ngx_order_id_t *id)
{
    u_char                   key[NGX_ORDER_TABLE_KEY];
    uint64_t                 stamp;
    ngx_int_t                rc;
    ngx_order_cache_entry_t  entry;

    if (ngx_order_cache_alias_key(number, key) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = ngx_order_table_get(ngx_order_cache_orders(cache), key, &stamp,
                             &entry);

    if (rc != NGX_OK || !entry.alias) {
        return NGX_DECLINED;
    }

    *id = entry.buyer;

    return NGX_OK;
}


void
ngx_order_cache_alias_put(ngx_order_cache_t *cache, const ngx_str_t *number,
    const ngx_order_id_t *id)
{
    u_char                   key[NGX_ORDER_TABLE_KEY];
    ngx_order_table_item_t   item;
    ngx_order_cache_entry_t  entry;

    if (ngx_order_cache_alias_key(number, key) != NGX_OK) {
        return;
    }

    ngx_memzero(&entry, sizeof(ngx_order_cache_entry_t));
    ngx_memzero(&item, sizeof(ngx_order_table_item_t));

    entry.alias = 1;
    entry.buyer = *id;

    item.key = key;
    item.payload = &entry;
    item.class = NGX_ORDER_CACHE_ALIAS;
    item.evict = NGX_ORDER_CACHE_FINAL;

    (void) ngx_order_table_fill(ngx_order_cache_orders(cache), &item, NULL);
}


/*
 * Six bits a character, ten characters in each half: no two numbers share a
 * key, and with the upper bits of byte 8 zero none is an RFC 9562 UUID.
 */

static ngx_int_t
ngx_order_cache_alias_key(const ngx_str_t *number, u_char *key)
{
    u_char      c;
    uint64_t    half[2];
    ngx_uint_t  i;

    if (number->len == 0 || number->len > NGX_ORDER_NUMBER_LEN) {
        return NGX_DECLINED;
    }

    half[0] = 0;
    half[1] = 0;

    for (i = 0; i < number->len; i++) {
        c = number->data[i];

        if (c <= ' ' || c > '_') {
            return NGX_DECLINED;
        }

        half[i / NGX_ORDER_CACHE_PACKED] |=
            (uint64_t) (c - ' ') << i % NGX_ORDER_CACHE_PACKED * 6;
    }

    for (i = 0; i < NGX_ORDER_TABLE_KEY; i++) {
        key[i] = (u_char) (half[i / 8] >> (7 - i % 8) * 8);
    }

    return NGX_OK;
}


void
ngx_order_cache_use(ngx_order_cache_t *cache, ngx_order_table_use_t *use)
{
    ngx_order_table_use(ngx_order_cache_orders(cache), use);
}


void
ngx_order_cache_stat(ngx_order_cache_t *cache, ngx_order_cache_stat_t *stat)
{
    ngx_order_table_stat_t  orders, missing;

    ngx_order_table_stat(ngx_order_cache_orders(cache), &orders);
    ngx_order_table_stat(ngx_order_cache_missing(cache), &missing);

    stat->bytes = cache->bytes;
    stat->capacity = orders.capacity;
    stat->orders = orders.entries[NGX_ORDER_CACHE_FINAL]
                   + orders.entries[NGX_ORDER_CACHE_ACTIVE];
    stat->aliases = orders.entries[NGX_ORDER_CACHE_ALIAS];
    stat->missing = missing.entries[0];
    stat->evictions = orders.evictions;
    stat->suspects = orders.suspects + missing.suspects;
    stat->recovered = orders.recovered + missing.recovered;
}
