
/*
 * Snapshots, gaps, resets: what a subscription is told that is not the next
 * change.
 *
 * An order is looked for where the poll looks: in shared memory, else by a
 * fill.  Versions that the ring has lost are read from the change log; where
 * that does not help, or nobody can tell what is missing, the full state is
 * told as a reset.  While the database is away the reset waits.
 */


#include <ngx_http_order_push_int.h>
#include <ngx_http_order_status.h>
#include <ngx_order_row.h>


#define NGX_HTTP_ORDER_PUSH_SLICE   200    /* resets in one tick */
#define NGX_HTTP_ORDER_PUSH_ORDERS  100    /* in the caller's full state */
#define NGX_HTTP_ORDER_PUSH_LOG     100    /* rows of order_changes() */
#define NGX_HTTP_ORDER_PUSH_SEEN    5000   /* ms until the feed has read all
                                              that the state had */
#define NGX_HTTP_ORDER_PUSH_AGAIN   1000   /* ms until the next attempt */


/* what a query is for */

typedef enum {
    NGX_HTTP_ORDER_PUSH_FIND = 0,
    NGX_HTTP_ORDER_PUSH_RESET
} ngx_http_order_push_why_e;


typedef struct {
    ngx_http_order_watch_t     *watch;
    ngx_http_order_push_why_e   why;
    ngx_order_fill_waiter_t     waiter;
    ngx_order_pg_query_t        query;
    ngx_order_pg_param_t        params[2];
    u_char                      text[2][NGX_ORDER_ID_TEXT + 1];
    ngx_order_place_t           place;
    unsigned                    placed:1;
    unsigned                    filling:1;
} ngx_http_order_push_query_t;


/* the versions that were in the full state */

typedef struct {
    ngx_msec_t                  until;
    ngx_uint_t                  n;
    ngx_order_record_t          records[NGX_HTTP_ORDER_PUSH_ORDERS];
} ngx_http_order_push_seen_t;


static ngx_http_order_push_query_t *ngx_http_order_push_wait(
    ngx_http_order_watch_t *watch);
static ngx_http_order_push_query_t *ngx_http_order_push_waited(
    ngx_http_order_watch_t *watch);
static ngx_int_t ngx_http_order_push_fill(ngx_http_order_watch_t *watch,
    ngx_http_order_push_why_e why, const ngx_order_id_t *id,
    const ngx_str_t *number, const ngx_order_place_t *place);
static void ngx_http_order_push_filled(ngx_order_fill_waiter_t *waiter,
    ngx_order_pg_status_e status, const ngx_order_record_t *record,
    ngx_msec_t elapsed);
static ngx_int_t ngx_http_order_push_found(ngx_http_order_watch_t *watch,
    ngx_order_pg_status_e status, const ngx_order_record_t *record,
    const ngx_order_place_t *place, const u_char *name);
static void ngx_http_order_push_refuse(ngx_http_order_watch_t *watch,
    const char *code, const char *message, const u_char *name);
static void ngx_http_order_push_retry_later(ngx_http_order_watch_t *watch);
static void ngx_http_order_push_recovered(ngx_order_pg_query_t *query);
static ngx_int_t ngx_http_order_push_log(ngx_http_order_watch_t *watch,
    const ngx_order_pg_query_t *query);
static void ngx_http_order_push_reset_order(ngx_http_order_watch_t *watch);
static void ngx_http_order_push_renew(ngx_http_order_watch_t *watch,
    const ngx_order_record_t *record);
static void ngx_http_order_push_reset_mine(ngx_http_order_watch_t *watch);
static void ngx_http_order_push_mine_done(ngx_order_pg_query_t *query);
static void ngx_http_order_push_mine_tell(ngx_http_order_watch_t *watch,
    ngx_http_order_push_seen_t *seen, ngx_uint_t more);


static const ngx_order_pg_statement_t  ngx_http_order_push_changes = {
    ngx_string("order_changes"),
    ngx_string("select * from api.order_changes($1,$2)"),
    NGX_ORDER_PG_FILL
};

static const ngx_order_pg_statement_t  ngx_http_order_push_newest = {
    ngx_string("newest_orders"),
    ngx_string("select * from api.newest_orders($1,$2)"),
    NGX_ORDER_PG_SLOW
};


ngx_int_t
ngx_http_order_push_find(ngx_http_order_watch_t *watch,
    const ngx_order_id_t *id, const ngx_str_t *number,
    const ngx_order_place_t *place)
{
    u_char                             name[NGX_ORDER_ID_TEXT + 1];
    ngx_msec_t                         age;
    ngx_order_id_t                     known;
    ngx_order_record_t                 record;
    ngx_http_order_cache_e             cache;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = watch->client->push->omcf;

    if (id == NULL && ngx_order_cache_alias_get(omcf->zone->cache, number,
                                                &known)
                      == NGX_OK)
    {
        id = &known;
    }

    if (id) {
        cache = ngx_http_order_status_look(omcf, watch->client->conf->stale,
                                           id, &record, &age);

        if (cache == NGX_HTTP_ORDER_HIT || cache == NGX_HTTP_ORDER_STALE) {
            *ngx_order_id_print(name, id) = '\0';
            return ngx_http_order_push_found(watch, NGX_ORDER_PG_OK,
                                            record.version ? &record : NULL,
                                            place, name);
        }
    }

    return ngx_http_order_push_fill(watch, NGX_HTTP_ORDER_PUSH_FIND, id,
                                    number, place);
}


/* --- one query at a time for a subscription */


static ngx_http_order_push_query_t *
ngx_http_order_push_wait(ngx_http_order_watch_t *watch)
{
    ngx_http_order_push_query_t  *q;

    q = ngx_calloc(sizeof(ngx_http_order_push_query_t),
                   watch->client->push->log);
    if (q == NULL) {
        return NULL;
    }

    ngx_http_order_push_forget(watch);

    q->watch = watch;
    q->query.data = q;
    q->query.params = q->params;
    q->query.nparams = 2;
    q->query.log = watch->client->push->log;
    q->params[0].data = q->text[0];
    q->params[1].data = q->text[1];

    watch->wait = q;
    watch->waits = 1;

    return q;
}


/* It has been answered: the caller frees it. */

static ngx_http_order_push_query_t *
ngx_http_order_push_waited(ngx_http_order_watch_t *watch)
{
    ngx_http_order_push_query_t  *q;

    q = watch->wait;
    watch->wait = NULL;
    watch->waits = 0;

    return q;
}


void
ngx_http_order_push_forget(ngx_http_order_watch_t *watch)
{
    ngx_http_order_push_query_t  *q;

    if (watch->waits) {
        q = watch->wait;

        if (q->filling) {
            ngx_order_fill_cancel(&q->waiter);

        } else {
            ngx_order_pg_cancel(&q->query);
        }
    }

    if (watch->wait) {
        ngx_free(watch->wait);
    }

    watch->wait = NULL;
    watch->waits = 0;
}


static void
ngx_http_order_push_retry_later(ngx_http_order_watch_t *watch)
{
    ngx_http_order_push_t  *push;

    push = watch->client->push;
    push->retry = ngx_current_msec + NGX_HTTP_ORDER_PUSH_AGAIN;

    ngx_http_order_push_lose(watch);
}


/* --- an order */


static ngx_int_t
ngx_http_order_push_fill(ngx_http_order_watch_t *watch,
    ngx_http_order_push_why_e why, const ngx_order_id_t *id,
    const ngx_str_t *number, const ngx_order_place_t *place)
{
    u_char                       *p;
    ngx_http_order_push_query_t  *q;

    q = ngx_http_order_push_wait(watch);
    if (q == NULL) {
        return NGX_ERROR;
    }

    q->why = why;
    q->filling = 1;
    q->waiter.handler = ngx_http_order_push_filled;
    q->waiter.data = q;

    p = q->text[0];
    p = id ? ngx_order_id_print(p, id)
           : ngx_cpymem(p, number->data, number->len);
    *p = '\0';

    if (place) {
        q->place = *place;
        q->placed = 1;
    }

    if (ngx_order_fill_wait(watch->client->push->omcf->fill, id, number,
                            &q->waiter)
        != NGX_OK)
    {
        ngx_free(ngx_http_order_push_waited(watch));
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_order_push_filled(ngx_order_fill_waiter_t *waiter,
    ngx_order_pg_status_e status, const ngx_order_record_t *record,
    ngx_msec_t elapsed)
{
    ngx_http_order_watch_t       *watch;
    ngx_http_order_push_query_t  *q;

    q = waiter->data;
    watch = q->watch;

    (void) ngx_http_order_push_waited(watch);

    if (q->why == NGX_HTTP_ORDER_PUSH_FIND) {

        if (ngx_http_order_push_found(watch, status, record,
                                      q->placed ? &q->place : NULL,
                                      q->text[0])
            != NGX_OK)
        {
            ngx_http_order_push_drop(watch->client);
        }

    } else if (status == NGX_ORDER_PG_OK) {
        ngx_http_order_push_renew(watch, record);

    } else {
        ngx_http_order_push_retry_later(watch);
    }

    ngx_free(q);
}


static ngx_int_t
ngx_http_order_push_found(ngx_http_order_watch_t *watch,
    ngx_order_pg_status_e status, const ngx_order_record_t *record,
    const ngx_order_place_t *place, const u_char *name)
{
    if (status != NGX_ORDER_PG_OK) {
        ngx_http_order_push_refuse(watch, "DATABASE_UNAVAILABLE",
                                   "The database cannot be reached.", name);
        return NGX_OK;
    }

    if (record == NULL) {
        ngx_http_order_push_refuse(watch, "NOT_FOUND",
                                   "There is no such order.", name);
        return NGX_OK;
    }

    if (!ngx_order_may_see(&watch->client->identity, record)) {
        ngx_http_order_push_refuse(watch, "FORBIDDEN",
                                   "You may not do this.", name);
        return NGX_OK;
    }

    if (ngx_http_order_push_watching(watch->client, &record->id)) {
        ngx_http_order_push_refuse(watch, "ALREADY_SUBSCRIBED",
                                   "You have subscribed to it already.",
                                   name);
        return NGX_OK;
    }

    return ngx_http_order_push_attach(watch, record, place);
}


/* The subscription does not come about. */

static void
ngx_http_order_push_refuse(ngx_http_order_watch_t *watch, const char *code,
    const char *message, const u_char *name)
{
    u_char                    text[256];
    ngx_str_t                 json, id;
    ngx_http_order_client_t  *client;

    client = watch->client;

    json.data = text;
    json.len = (size_t) (ngx_snprintf(text, sizeof(text),
                             "{\"type\":\"error\",\"code\":\"%s\","
                             "\"message\":\"%s\",\"orderId\":\"%s\"}",
                             code, message, name)
                         - text);
    ngx_str_null(&id);

    ngx_http_order_push_remove(watch);

    (void) ngx_http_order_push_tell(client, "error", &id, &json);
}


void
ngx_http_order_push_state(ngx_http_order_watch_t *watch, const char *type,
    const ngx_order_record_t *record)
{
    u_char                            *p, text[NGX_ORDER_EVENT_BODY],
                                       buf[NGX_ORDER_EVENT_ID];
    ngx_str_t                          json, id;
    ngx_order_place_t                  place;
    const ngx_order_status_t          *status;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = watch->client->push->omcf;

    status = ngx_order_workflow_status(omcf->labels, omcf->zone->shared,
                                       record->status);
    if (status == NULL) {
        ngx_http_order_push_retry_later(watch);
        return;
    }

    place.epoch = record->epoch;
    place.version = record->version;
    place.generation = ngx_order_ring_generation(omcf->zone->ring);
    place.seq = ngx_order_hub_told(omcf->hub);

    id.data = buf;
    id.len = (size_t) (ngx_order_place_print(buf, &place) - buf);

    p = ngx_sprintf(text, "{\"type\":\"%s\",\"id\":\"%V\",\"order_id\":\"",
                    type, &id);
    p = ngx_order_id_print(p, &record->id);
    p = ngx_cpymem(p, "\",\"state\":", sizeof("\",\"state\":") - 1);
    p = ngx_order_workflow_render(p, status, record);
    *p++ = '}';

    json.data = text;
    json.len = (size_t) (p - text);

    watch->stamp = ngx_order_stamp(record);

    if (ngx_http_order_push_tell(watch->client, type, &id, &json) != NGX_OK) {
        return;
    }

    if (record->final) {
        ngx_http_order_push_part(watch, &ngx_http_order_end_final);
        return;
    }

    ngx_http_order_push_catch_up_watch(watch);
}


/* --- versions that the ring has lost */


void
ngx_http_order_push_recover(ngx_http_order_watch_t *watch)
{
    ngx_http_order_push_query_t  *q;

    q = ngx_http_order_push_wait(watch);
    if (q == NULL) {
        ngx_http_order_push_drop(watch->client);
        return;
    }

    *ngx_order_id_print(q->text[0], ngx_order_hub_id(&watch->sub)) = '\0';
    *ngx_order_integer_print(q->text[1], (uint32_t) watch->stamp) = '\0';
    q->params[0].len = (uint32_t) ngx_strlen(q->text[0]);
    q->params[1].len = (uint32_t) ngx_strlen(q->text[1]);

    q->query.statement = &ngx_http_order_push_changes;
    q->query.handler = ngx_http_order_push_recovered;

    ngx_order_pg_query(watch->client->push->omcf->pg, &q->query);
}


static void
ngx_http_order_push_recovered(ngx_order_pg_query_t *query)
{
    ngx_int_t                     rc;
    ngx_uint_t                    rows;
    ngx_http_order_watch_t       *watch;
    ngx_http_order_push_query_t  *q;

    q = query->data;
    watch = q->watch;

    (void) ngx_http_order_push_waited(watch);

    if (query->status != NGX_ORDER_PG_OK) {
        ngx_http_order_push_retry_later(watch);
        ngx_free(q);
        return;
    }

    rows = ngx_order_pg_rows(query);
    rc = rows ? ngx_http_order_push_log(watch, query) : NGX_DECLINED;

    if (rc == NGX_DECLINED) {
        ngx_http_order_push_reset(watch);

    } else if (rc == NGX_OK && rows == NGX_HTTP_ORDER_PUSH_LOG) {
        ngx_http_order_push_recover(watch);

    } else if (rc == NGX_OK) {
        ngx_http_order_push_catch_up_watch(watch);
    }

    ngx_free(q);
}


/* Returns as ngx_http_order_push_version(). */

static ngx_int_t
ngx_http_order_push_log(ngx_http_order_watch_t *watch,
    const ngx_order_pg_query_t *query)
{
    ngx_int_t           rc;
    ngx_uint_t          row;
    ngx_order_change_t  change;

    for (row = 0; row < ngx_order_pg_rows(query); row++) {

        if (ngx_order_row_change(query, row, 0, &change) != NGX_OK) {
            return NGX_DECLINED;
        }

        rc = ngx_http_order_push_version(watch, &change, 0);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* --- resets */


void
ngx_http_order_push_reset(ngx_http_order_watch_t *watch)
{
    watch->lost = 0;

    if (ngx_http_order_push_mine(watch->client) == watch) {
        ngx_http_order_push_reset_mine(watch);

    } else if (watch->sub.topic
               && ngx_order_hub_type(&watch->sub) == NGX_ORDER_TOPIC_ORDER)
    {
        ngx_http_order_push_reset_order(watch);
    }
}


static void
ngx_http_order_push_reset_order(ngx_http_order_watch_t *watch)
{
    ngx_msec_t                         age;
    ngx_order_id_t                     id;
    ngx_order_record_t                 record;
    ngx_http_order_cache_e             cache;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = watch->client->push->omcf;
    id = *ngx_order_hub_id(&watch->sub);

    cache = ngx_http_order_status_look(omcf, watch->client->conf->stale, &id,
                                       &record, &age);

    if (cache == NGX_HTTP_ORDER_HIT) {
        ngx_http_order_push_renew(watch, record.version ? &record : NULL);

    } else if (ngx_http_order_push_fill(watch, NGX_HTTP_ORDER_PUSH_RESET, &id,
                                        NULL, NULL)
               != NGX_OK)
    {
        ngx_http_order_push_drop(watch->client);
    }
}


/* Tells what became of an order, if the client does not know. */

static void
ngx_http_order_push_renew(ngx_http_order_watch_t *watch,
    const ngx_order_record_t *record)
{
    if (record == NULL) {
        ngx_http_order_push_part(watch, &ngx_http_order_end_deleted);

    } else if (!ngx_order_may_see(&watch->client->identity, record)) {
        ngx_http_order_push_part(watch, &ngx_http_order_end_forbidden);

    } else if (ngx_order_stamp(record) != watch->stamp) {
        ngx_http_order_push_state(watch, "reset", record);

    } else {
        ngx_http_order_push_catch_up_watch(watch);
    }
}


/* The newest orders of the caller: what comes meanwhile is told afterwards. */

static void
ngx_http_order_push_reset_mine(ngx_http_order_watch_t *watch)
{
    const ngx_str_t              *role;
    ngx_http_order_client_t      *client;
    ngx_http_order_push_query_t  *q;

    client = watch->client;

    q = ngx_http_order_push_wait(watch);
    if (q == NULL) {
        ngx_http_order_push_drop(client);
        return;
    }

    watch->behind = 1;
    watch->sub.seq = ngx_order_hub_next(client->push->omcf->hub);

    role = ngx_order_role_name(client->identity.role);

    *ngx_order_id_print(q->text[0], &client->identity.user) = '\0';
    *ngx_cpymem(q->text[1], role->data, role->len) = '\0';
    q->params[0].len = NGX_ORDER_ID_TEXT;
    q->params[1].len = (uint32_t) role->len;

    q->query.statement = &ngx_http_order_push_newest;
    q->query.handler = ngx_http_order_push_mine_done;

    ngx_order_pg_query(client->push->omcf->pg, &q->query);
}


static void
ngx_http_order_push_mine_done(ngx_order_pg_query_t *query)
{
    ngx_uint_t                    row, rows;
    ngx_http_order_watch_t       *watch;
    ngx_http_order_push_seen_t   *seen;
    ngx_http_order_push_query_t  *q;

    q = query->data;
    watch = q->watch;

    (void) ngx_http_order_push_waited(watch);

    seen = NULL;

    if (query->status == NGX_ORDER_PG_OK) {
        seen = ngx_calloc(sizeof(ngx_http_order_push_seen_t), query->log);
    }

    if (seen == NULL) {
        ngx_http_order_push_retry_later(watch);
        ngx_free(q);
        return;
    }

    rows = ngx_order_pg_rows(query);
    seen->until = ngx_current_msec + NGX_HTTP_ORDER_PUSH_SEEN;

    for (row = 0; row < ngx_min(rows, NGX_HTTP_ORDER_PUSH_ORDERS); row++) {

        if (ngx_order_row_record(query, row, 0, &seen->records[seen->n])
            == NGX_OK)
        {
            seen->n++;
        }
    }

    watch->wait = seen;

    ngx_http_order_push_mine_tell(watch, seen,
                                  rows > NGX_HTTP_ORDER_PUSH_ORDERS);
    ngx_free(q);
}


static void
ngx_http_order_push_mine_tell(ngx_http_order_watch_t *watch,
    ngx_http_order_push_seen_t *seen, ngx_uint_t more)
{
    u_char                            *p, buf[NGX_ORDER_EVENT_ID];
    ngx_int_t                          rc;
    ngx_str_t                          json, id;
    ngx_uint_t                         i;
    const ngx_order_status_t          *status;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = watch->client->push->omcf;

    json.data = ngx_alloc(256 + seen->n * NGX_ORDER_WORKFLOW_BODY,
                          watch->client->push->log);
    if (json.data == NULL) {
        ngx_http_order_push_drop(watch->client);
        return;
    }

    id = ngx_http_order_push_place(watch->client, buf);

    p = ngx_sprintf(json.data, "{\"type\":\"reset\",\"id\":\"%V\","
                    "\"orders\":[", &id);

    for (i = 0; i < seen->n; i++) {
        status = ngx_order_workflow_status(omcf->labels, omcf->zone->shared,
                                           seen->records[i].status);
        if (status) {
            p = ngx_order_workflow_render(p, status, &seen->records[i]);
            *p++ = ',';
        }
    }

    if (p[-1] == ',') {
        p--;
    }

    p = ngx_sprintf(p, "],\"more\":%s}", more ? "true" : "false");
    json.len = (size_t) (p - json.data);

    rc = ngx_http_order_push_tell(watch->client, "reset", &id, &json);

    ngx_free(json.data);

    if (rc == NGX_OK) {
        ngx_http_order_push_catch_up_watch(watch);
    }
}


ngx_uint_t
ngx_http_order_push_seen(ngx_http_order_watch_t *watch,
    const ngx_order_record_t *record)
{
    ngx_uint_t                   i;
    ngx_http_order_push_seen_t  *seen;

    seen = watch->wait;

    if (seen == NULL || watch->waits) {
        return 0;
    }

    if ((ngx_msec_int_t) (ngx_current_msec - seen->until) >= 0) {
        ngx_http_order_push_forget(watch);
        return 0;
    }

    for (i = 0; i < seen->n; i++) {

        if (ngx_order_id_eq(&seen->records[i].id, &record->id)) {
            return ngx_order_stamp(record)
                   <= ngx_order_stamp(&seen->records[i]);
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_order_push_reset_some(ngx_http_order_push_t *push)
{
    ngx_uint_t                n;
    ngx_queue_t              *q, *next;
    ngx_http_order_watch_t   *watch;
    ngx_http_order_client_t  *client;

    n = 0;

    for (q = ngx_queue_head(&push->clients);
         q != ngx_queue_sentinel(&push->clients);
         q = next)
    {
        next = ngx_queue_next(q);
        client = ngx_queue_data(q, ngx_http_order_client_t, queue);
        watch = client->blocked ? NULL : client->watches;

        while (watch) {

            if (!watch->lost) {
                watch = watch->next;
                continue;
            }

            if (n++ == NGX_HTTP_ORDER_PUSH_SLICE) {
                return 1;
            }

            /* it may be gone, and others with it */

            ngx_http_order_push_reset(watch);
            watch = client->dropped ? NULL : client->watches;
        }
    }

    return 0;
}


void
ngx_http_order_push_greet(ngx_http_order_watch_t *watch)
{
    u_char     *p, text[128], buf[NGX_ORDER_EVENT_ID];
    ngx_str_t   json, id;

    watch->greet = 0;

    id = ngx_http_order_push_place(watch->client, buf);
    p = ngx_sprintf(text, "{\"type\":\"ready\",\"id\":\"%V\"}", &id);

    json.data = text;
    json.len = (size_t) (p - text);

    (void) ngx_http_order_push_tell(watch->client, "ready", &id, &json);
}


ngx_str_t
ngx_http_order_push_place(const ngx_http_order_client_t *client, u_char *buf)
{
    ngx_str_t                          text;
    ngx_order_place_t                  place;
    ngx_http_order_watch_t            *watch;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = client->push->omcf;

    ngx_memzero(&place, sizeof(ngx_order_place_t));
    place.generation = ngx_order_ring_generation(omcf->zone->ring);

    watch = ngx_http_order_push_mine(client);

    if (watch && (watch->waits || watch->lost)) {
        ngx_str_null(&text);
        return text;
    }

    place.seq = watch && watch->behind
                ? watch->sub.seq - 1 : ngx_order_hub_told(omcf->hub);

    watch = client->watches;

    if (watch && !client->dress->many) {
        place.epoch = (uint32_t) (watch->stamp >> 32);
        place.version = (uint32_t) watch->stamp;
    }

    text.data = buf;
    text.len = (size_t) (ngx_order_place_print(buf, &place) - buf);

    return text;
}


void
ngx_http_order_push_read_place(ngx_order_place_t *place,
    const ngx_str_t *text)
{
    if (ngx_order_place_parse(place, text->data, text->len) != NGX_OK) {
        ngx_memzero(place, sizeof(ngx_order_place_t));
        place->epoch = NGX_MAX_UINT32_VALUE;
    }
}
