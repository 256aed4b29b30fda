
/*
 * Snapshots, gaps, resets: what a subscription to an order is told that is
 * not the next change.
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
#define NGX_HTTP_ORDER_PUSH_LOG     100    /* rows of order_changes() */


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
static void ngx_http_order_push_recovered(ngx_order_pg_query_t *query);
static ngx_int_t ngx_http_order_push_log(ngx_http_order_watch_t *watch,
    const ngx_order_pg_query_t *query);
static void ngx_http_order_push_reset_order(ngx_http_order_watch_t *watch);
static ngx_uint_t ngx_http_order_push_reset_client(
    ngx_http_order_client_t *client);
static void ngx_http_order_push_renew(ngx_http_order_watch_t *watch,
    const ngx_order_record_t *record);


static const ngx_order_pg_statement_t  ngx_http_order_push_changes = {
    ngx_string("order_changes"),
    ngx_string("select * from api.order_changes($1,$2)"),
    NGX_ORDER_PG_FILL
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


ngx_http_order_watch_t *
ngx_http_order_push_finding(const ngx_http_order_client_t *client,
    const ngx_order_id_t *id, const ngx_str_t *name)
{
    u_char                        buf[NGX_ORDER_ID_TEXT];
    ngx_str_t                     text;
    ngx_http_order_watch_t       *watch;
    ngx_http_order_push_query_t  *q;

    text = *name;

    if (id) {
        text.data = buf;
        text.len = (size_t) (ngx_order_id_print(buf, id) - buf);
    }

    for (watch = client->watches; watch; watch = watch->next) {

        if (watch->sub.topic == NULL && watch->waits) {
            q = watch->wait;

            if (ngx_strlen(q->text[0]) == text.len
                && ngx_memcmp(q->text[0], text.data, text.len) == 0)
            {
                return watch;
            }
        }
    }

    return NULL;
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

    if (watch->client->blocked) {
        ngx_http_order_push_lose(watch);
        return;
    }

    place.epoch = record->epoch;
    place.version = record->version;
    place.generation = ngx_order_ring_generation(omcf->zone->ring);
    place.seq = ngx_http_order_push_seq(watch->client);

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
    watch->behind = 0;

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

    /* what comes from now on is in the ring, at least for a while */

    watch->behind = 1;
    watch->sub.seq = ngx_order_hub_next(watch->client->push->omcf->hub);

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

    } else if (rc == NGX_AGAIN) {
        ngx_http_order_push_unsure(watch);

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

    if (cache == NGX_HTTP_ORDER_HIT
        && (record.version == 0 || record.epoch != watch->stamp >> 32
            || ngx_order_stamp(&record) >= watch->stamp))
    {
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


ngx_uint_t
ngx_http_order_push_reset_some(ngx_http_order_push_t *push)
{
    ngx_uint_t                n, i;
    ngx_queue_t              *q;
    ngx_http_order_client_t  *client;

    n = 0;

    /* each moves to the end, so that all have their turn */

    for (i = push->nclients; i && !ngx_queue_empty(&push->clients); i--) {

        if (n >= NGX_HTTP_ORDER_PUSH_SLICE) {
            return 1;
        }

        q = ngx_queue_head(&push->clients);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&push->clients, q);

        client = ngx_queue_data(q, ngx_http_order_client_t, queue);
        n += ngx_http_order_push_reset_client(client);
    }

    return 0;
}


/* Returns how many of its subscriptions were lost. */

static ngx_uint_t
ngx_http_order_push_reset_client(ngx_http_order_client_t *client)
{
    ngx_uint_t               n;
    ngx_http_order_watch_t  *watch;

    n = 0;
    watch = client->watches;

    while (watch && n < NGX_HTTP_ORDER_PUSH_SLICE) {

        /* when it takes something again it will be looked at again */

        if (client->blocked || client->ending || client->dropped) {
            break;
        }

        if (!watch->lost) {
            watch = watch->next;
            continue;
        }

        /* it may be gone, and others with it */

        n++;
        ngx_http_order_push_reset(watch);
        watch = client->watches;
    }

    return n;
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
