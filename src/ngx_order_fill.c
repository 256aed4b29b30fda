
/*
 * Misses -> few queries.
 *
 * An entry stands for one order that somebody waits for.  It is pending
 * until a batch takes it along, and stays in the tree until the batch is
 * answered, so that later misses of the order join it.  Those who join after
 * the query was sent get its answer only if nothing happened to the order
 * meanwhile (its ticket still held); else they wait for another one.
 *
 * Entries and batches are the fill's, and are used again.
 */


#include <ngx_order_fill.h>
#include <ngx_order_row.h>
#include <ngx_order_workflow.h>


#define NGX_ORDER_FILL_BATCH     32    /* orders in a query */
#define NGX_ORDER_FILL_FLIGHTS   12    /* queries under way */
#define NGX_ORDER_FILL_ITEM      (4 + NGX_ORDER_NUMBER_LEN)
#define NGX_ORDER_FILL_HEAD      20

#define NGX_ORDER_FILL_UUID      2950  /* oids of the array's elements */
#define NGX_ORDER_FILL_TEXT      25


typedef struct {
    ngx_order_pg_statement_t   statement;
    uint32_t                   oid;
    ngx_rbtree_t               tree;
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                pending;
} ngx_order_fill_kind_t;


typedef struct {
    ngx_str_node_t             node;       /* in the kind's tree */
    ngx_queue_t                queue;      /* pending, in a batch, or free */
    ngx_queue_t                waiters;
    ngx_queue_t                late;       /* joined after it was sent */
    ngx_order_ticket_t         ticket;
    ngx_uint_t                 sent;
    u_char                     key[NGX_ORDER_NUMBER_LEN];
} ngx_order_fill_entry_t;


typedef struct {
    ngx_order_pg_query_t       query;
    ngx_order_pg_param_t       param;
    ngx_order_fill_t          *fill;
    ngx_order_fill_kind_t     *kind;
    ngx_queue_t                queue;      /* of free batches */
    ngx_queue_t                entries;
    u_char                     array[NGX_ORDER_FILL_HEAD
                                     + NGX_ORDER_FILL_BATCH
                                       * NGX_ORDER_FILL_ITEM];
} ngx_order_fill_batch_t;


struct ngx_order_fill_s {
    ngx_order_zone_t          *zone;
    ngx_order_pg_pool_t       *pg;
    ngx_order_statuses_t      *labels;
    ngx_msec_t                 missing;
    ngx_pool_t                *pool;
    ngx_log_t                 *log;

    ngx_order_fill_kind_t      ids;
    ngx_order_fill_kind_t      numbers;

    ngx_queue_t                free;       /* entries */
    ngx_queue_t                batches;    /* free ones */
    ngx_event_t                event;

    ngx_order_pg_query_t       labels_query;
    ngx_uint_t                 labels_asked;
};


static void ngx_order_fill_kind_init(ngx_order_fill_kind_t *kind,
    const ngx_order_pg_statement_t *statement, uint32_t oid);
static ngx_int_t ngx_order_fill_batches(ngx_order_fill_t *fill);
static ngx_order_fill_entry_t *ngx_order_fill_entry(ngx_order_fill_t *fill,
    ngx_order_fill_kind_t *kind, ngx_str_t *key);
static void ngx_order_fill_event_handler(ngx_event_t *ev);
static ngx_int_t ngx_order_fill_labels(ngx_order_fill_t *fill);
static void ngx_order_fill_labels_done(ngx_order_pg_query_t *query);
static void ngx_order_fill_pending(ngx_order_fill_t *fill);
static void ngx_order_fill_send(ngx_order_fill_t *fill,
    ngx_order_fill_kind_t *kind);
static u_char *ngx_order_fill_integer(u_char *p, uint32_t n);
static void ngx_order_fill_done(ngx_order_pg_query_t *query);
static void ngx_order_fill_row(ngx_order_fill_batch_t *batch,
    ngx_uint_t row);
static void ngx_order_fill_finish(ngx_order_fill_batch_t *batch,
    ngx_order_fill_entry_t *entry, const ngx_order_record_t *record,
    ngx_uint_t kept);
static void ngx_order_fill_wake(ngx_queue_t *waiters,
    ngx_order_pg_query_t *query, const ngx_order_record_t *record);


static const ngx_order_pg_statement_t  ngx_order_fill_ids = {
    ngx_string("order_records"),
    ngx_string("select * from api.order_records($1::uuid[])"),
    NGX_ORDER_PG_FILL
};

static const ngx_order_pg_statement_t  ngx_order_fill_numbers = {
    ngx_string("order_records_by_number"),
    ngx_string("select * from api.order_records_by_number($1::text[])"),
    NGX_ORDER_PG_FILL
};


ngx_order_fill_t *
ngx_order_fill_create(ngx_order_zone_t *zone, ngx_order_pg_pool_t *pg,
    ngx_order_statuses_t *labels, ngx_msec_t missing, ngx_pool_t *pool,
    ngx_log_t *log)
{
    ngx_order_fill_t  *fill;

    fill = ngx_pcalloc(pool, sizeof(ngx_order_fill_t));
    if (fill == NULL) {
        return NULL;
    }

    fill->zone = zone;
    fill->pg = pg;
    fill->labels = labels;
    fill->missing = missing;
    fill->pool = pool;
    fill->log = log;

    ngx_order_fill_kind_init(&fill->ids, &ngx_order_fill_ids,
                             NGX_ORDER_FILL_UUID);
    ngx_order_fill_kind_init(&fill->numbers, &ngx_order_fill_numbers,
                             NGX_ORDER_FILL_TEXT);
    ngx_queue_init(&fill->free);
    ngx_queue_init(&fill->batches);

    fill->event.handler = ngx_order_fill_event_handler;
    fill->event.data = fill;
    fill->event.log = log;

    if (ngx_order_fill_batches(fill) != NGX_OK) {
        return NULL;
    }

    return fill;
}


static void
ngx_order_fill_kind_init(ngx_order_fill_kind_t *kind,
    const ngx_order_pg_statement_t *statement, uint32_t oid)
{
    kind->statement = *statement;
    kind->oid = oid;
    ngx_queue_init(&kind->pending);
    ngx_rbtree_init(&kind->tree, &kind->sentinel,
                    ngx_str_rbtree_insert_value);
}


static ngx_int_t
ngx_order_fill_batches(ngx_order_fill_t *fill)
{
    ngx_uint_t               i;
    ngx_order_fill_batch_t  *batch;

    batch = ngx_pcalloc(fill->pool, NGX_ORDER_FILL_FLIGHTS
                                    * sizeof(ngx_order_fill_batch_t));
    if (batch == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_ORDER_FILL_FLIGHTS; i++) {
        batch[i].fill = fill;
        ngx_queue_init(&batch[i].entries);
        ngx_queue_insert_tail(&fill->batches, &batch[i].queue);
    }

    return NGX_OK;
}


ngx_int_t
ngx_order_fill_wait(ngx_order_fill_t *fill, const ngx_order_id_t *id,
    const ngx_str_t *number, ngx_order_fill_waiter_t *waiter)
{
    ngx_str_t                key;
    ngx_order_fill_kind_t   *kind;
    ngx_order_fill_entry_t  *entry;

    if (id) {
        kind = &fill->ids;
        key.len = NGX_ORDER_ID_LEN;
        key.data = (u_char *) id->data;

    } else {
        kind = &fill->numbers;
        key = *number;
    }

    entry = ngx_order_fill_entry(fill, kind, &key);
    if (entry == NULL) {
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(entry->sent ? &entry->late : &entry->waiters,
                          &waiter->queue);

    if (!entry->sent && !ngx_queue_empty(&fill->batches)) {
        ngx_post_event(&fill->event, &ngx_posted_events);
    }

    return NGX_OK;
}


void
ngx_order_fill_cancel(ngx_order_fill_waiter_t *waiter)
{
    ngx_queue_remove(&waiter->queue);
}


static ngx_order_fill_entry_t *
ngx_order_fill_entry(ngx_order_fill_t *fill, ngx_order_fill_kind_t *kind,
    ngx_str_t *key)
{
    uint32_t                 hash;
    ngx_queue_t             *q;
    ngx_order_fill_entry_t  *entry;

    hash = ngx_crc32_short(key->data, key->len);

    entry = (ngx_order_fill_entry_t *)
                ngx_str_rbtree_lookup(&kind->tree, key, hash);
    if (entry) {
        return entry;
    }

    if (ngx_queue_empty(&fill->free)) {
        entry = ngx_palloc(fill->pool, sizeof(ngx_order_fill_entry_t));
        if (entry == NULL) {
            return NULL;
        }

    } else {
        q = ngx_queue_head(&fill->free);
        ngx_queue_remove(q);
        entry = ngx_queue_data(q, ngx_order_fill_entry_t, queue);
    }

    ngx_memcpy(entry->key, key->data, key->len);
    entry->node.str.len = key->len;
    entry->node.str.data = entry->key;
    entry->node.node.key = hash;
    entry->sent = 0;
    ngx_queue_init(&entry->waiters);
    ngx_queue_init(&entry->late);

    ngx_rbtree_insert(&kind->tree, &entry->node.node);
    ngx_queue_insert_tail(&kind->pending, &entry->queue);

    return entry;
}


static void
ngx_order_fill_event_handler(ngx_event_t *ev)
{
    ngx_order_fill_t  *fill = ev->data;

    if (ngx_order_fill_labels(fill) == NGX_OK) {
        ngx_order_fill_pending(fill);
    }
}


/*
 * A worker that started before the feed had read the labels asks for them
 * itself, and for the orders behind them, so that they are there when an
 * order has to be rendered.
 */

static ngx_int_t
ngx_order_fill_labels(ngx_order_fill_t *fill)
{
    if (fill->labels_asked) {
        return NGX_AGAIN;
    }

    if (fill->labels->stamp || fill->zone->shared->labels_stamp) {
        return NGX_OK;
    }

    fill->labels_asked = 1;

    fill->labels_query.statement = &ngx_order_workflow_statement;
    fill->labels_query.handler = ngx_order_fill_labels_done;
    fill->labels_query.data = fill;
    fill->labels_query.log = fill->log;

    ngx_order_pg_query(fill->pg, &fill->labels_query);

    return NGX_AGAIN;
}


static void
ngx_order_fill_labels_done(ngx_order_pg_query_t *query)
{
    ngx_order_fill_t  *fill = query->data;

    fill->labels_asked = 0;

    if (query->status == NGX_ORDER_PG_OK) {
        (void) ngx_order_workflow_read(fill->labels, query);
    }

    ngx_order_fill_pending(fill);
}


static void
ngx_order_fill_pending(ngx_order_fill_t *fill)
{
    while (!ngx_queue_empty(&fill->batches)
           && !ngx_queue_empty(&fill->ids.pending))
    {
        ngx_order_fill_send(fill, &fill->ids);
    }

    while (!ngx_queue_empty(&fill->batches)
           && !ngx_queue_empty(&fill->numbers.pending))
    {
        ngx_order_fill_send(fill, &fill->numbers);
    }
}


static void
ngx_order_fill_send(ngx_order_fill_t *fill, ngx_order_fill_kind_t *kind)
{
    u_char                  *p;
    uint32_t                 n;
    ngx_queue_t             *q;
    ngx_order_fill_batch_t  *batch;
    ngx_order_fill_entry_t  *entry;

    q = ngx_queue_head(&fill->batches);
    ngx_queue_remove(q);
    batch = ngx_queue_data(q, ngx_order_fill_batch_t, queue);
    batch->kind = kind;

    p = batch->array + NGX_ORDER_FILL_HEAD;

    for (n = 0; n < NGX_ORDER_FILL_BATCH; n++) {

        if (ngx_queue_empty(&kind->pending)) {
            break;
        }

        q = ngx_queue_head(&kind->pending);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&batch->entries, q);

        entry = ngx_queue_data(q, ngx_order_fill_entry_t, queue);
        entry->sent = 1;

        if (kind == &fill->ids) {
            entry->ticket = ngx_order_cache_ticket(fill->zone->cache,
                                               (ngx_order_id_t *) entry->key);
        }

        p = ngx_order_fill_integer(p, (uint32_t) entry->node.str.len);
        p = ngx_cpymem(p, entry->key, entry->node.str.len);
    }

    batch->param.data = batch->array;
    batch->param.len = (uint32_t) (p - batch->array);
    batch->param.binary = 1;

    p = ngx_order_fill_integer(batch->array, 1);       /* dimensions */
    p = ngx_order_fill_integer(p, 0);                  /* no NULLs */
    p = ngx_order_fill_integer(p, kind->oid);
    p = ngx_order_fill_integer(p, n);
    (void) ngx_order_fill_integer(p, 1);               /* lower bound */

    batch->query.statement = &kind->statement;
    batch->query.params = &batch->param;
    batch->query.nparams = 1;
    batch->query.handler = ngx_order_fill_done;
    batch->query.data = batch;
    batch->query.log = fill->log;

    ngx_order_pg_query(fill->pg, &batch->query);
}


static u_char *
ngx_order_fill_integer(u_char *p, uint32_t n)
{
    *p++ = (u_char) (n >> 24);
    *p++ = (u_char) (n >> 16);
    *p++ = (u_char) (n >> 8);
    *p++ = (u_char) n;

    return p;
}


static void
ngx_order_fill_done(ngx_order_pg_query_t *query)
{
    ngx_uint_t               row, rows, kept;
    ngx_queue_t             *q;
    ngx_order_fill_t        *fill;
    ngx_order_fill_batch_t  *batch;
    ngx_order_fill_entry_t  *entry;

    batch = query->data;
    fill = batch->fill;

    rows = query->status == NGX_ORDER_PG_OK ? ngx_order_pg_rows(query) : 0;

    for (row = 0; row < rows; row++) {
        ngx_order_fill_row(batch, row);
    }

    while (!ngx_queue_empty(&batch->entries)) {
        q = ngx_queue_head(&batch->entries);
        entry = ngx_queue_data(q, ngx_order_fill_entry_t, queue);

        kept = 1;

        if (query->status == NGX_ORDER_PG_OK && batch->kind == &fill->ids) {
            kept = ngx_order_cache_fill_missing(fill->zone->cache,
                       (ngx_order_id_t *) entry->key, entry->ticket,
                       ngx_current_msec + fill->missing)
                   == NGX_OK;
        }

        ngx_order_fill_finish(batch, entry, NULL, kept);
    }

    ngx_queue_insert_head(&fill->batches, &batch->queue);

    if (!ngx_queue_empty(&fill->ids.pending)
        || !ngx_queue_empty(&fill->numbers.pending))
    {
        ngx_post_event(&fill->event, &ngx_posted_events);
    }
}


static void
ngx_order_fill_row(ngx_order_fill_batch_t *batch, ngx_uint_t row)
{
    ngx_str_t                key;
    ngx_uint_t               kept;
    ngx_order_fill_t        *fill;
    ngx_order_record_t       record;
    ngx_order_fill_entry_t  *entry;

    fill = batch->fill;

    if (ngx_order_row_record(&batch->query, row, 0, &record) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, fill->log, 0,
                      "%V answered a row that is no order record",
                      &batch->kind->statement.name);
        return;
    }

    if (batch->kind == &fill->ids) {
        key.len = NGX_ORDER_ID_LEN;
        key.data = record.id.data;

    } else {
        key.len = record.number_len;
        key.data = record.number;
    }

    entry = (ngx_order_fill_entry_t *)
                ngx_str_rbtree_lookup(&batch->kind->tree, &key,
                                      ngx_crc32_short(key.data, key.len));
    if (entry == NULL) {
        return;
    }

    if (batch->kind == &fill->ids) {
        kept = ngx_order_cache_fill(fill->zone->cache, &record,
                                    entry->ticket)
               == NGX_OK;

    } else {
        ngx_order_cache_change(fill->zone->cache, &record, NULL);
        ngx_order_cache_alias_put(fill->zone->cache, &key, &record.id);
        kept = 0;
    }

    ngx_order_fill_finish(batch, entry, &record, kept);
}


static void
ngx_order_fill_finish(ngx_order_fill_batch_t *batch,
    ngx_order_fill_entry_t *entry, const ngx_order_record_t *record,
    ngx_uint_t kept)
{
    ngx_queue_t        waiters;
    ngx_order_fill_t  *fill;

    fill = batch->fill;

    ngx_queue_remove(&entry->queue);

    ngx_queue_init(&waiters);
    if (!ngx_queue_empty(&entry->waiters)) {
        ngx_queue_add(&waiters, &entry->waiters);
        ngx_queue_init(&entry->waiters);
    }

    if (ngx_queue_empty(&entry->late) || kept) {

        if (!ngx_queue_empty(&entry->late)) {
            ngx_queue_add(&waiters, &entry->late);
        }

        ngx_rbtree_delete(&batch->kind->tree, &entry->node.node);
        ngx_queue_insert_head(&fill->free, &entry->queue);

    } else {
        ngx_queue_add(&entry->waiters, &entry->late);
        ngx_queue_init(&entry->late);

        entry->sent = 0;
        ngx_queue_insert_tail(&batch->kind->pending, &entry->queue);
    }

    ngx_order_fill_wake(&waiters, &batch->query, record);
}


static void
ngx_order_fill_wake(ngx_queue_t *waiters, ngx_order_pg_query_t *query,
    const ngx_order_record_t *record)
{
    ngx_queue_t              *q;
    ngx_order_fill_waiter_t  *waiter;

    while (!ngx_queue_empty(waiters)) {
        q = ngx_queue_head(waiters);
        ngx_queue_remove(q);

        waiter = ngx_queue_data(q, ngx_order_fill_waiter_t, queue);
        waiter->handler(waiter, query->status, record, query->elapsed);
    }
}
