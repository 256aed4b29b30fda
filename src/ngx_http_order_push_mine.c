
/*
 * The subscription to all that concerns the caller: where it stands, and the
 * full state that it is told when a gap cannot be.
 *
 * What was in the full state is remembered for a while: changes that are on
 * their way already are in it, too, and must not be told twice.
 */


#include <ngx_http_order_push_int.h>
#include <ngx_order_row.h>


#define NGX_HTTP_ORDER_PUSH_ORDERS  100    /* in the full state */
#define NGX_HTTP_ORDER_PUSH_SEEN    5000   /* ms until the feed has read all
                                              that the state had */


/* the versions that were in the full state */

typedef struct {
    ngx_msec_t                  until;
    ngx_uint_t                  n;
    ngx_order_record_t          records[NGX_HTTP_ORDER_PUSH_ORDERS];
} ngx_http_order_push_seen_t;


static void ngx_http_order_push_mine_done(ngx_order_pg_query_t *query);
static void ngx_http_order_push_mine_tell(ngx_http_order_watch_t *watch,
    ngx_http_order_push_seen_t *seen, ngx_uint_t more);


static const ngx_order_pg_statement_t  ngx_http_order_push_newest = {
    ngx_string("newest_orders"),
    ngx_string("select * from api.newest_orders($1,$2)"),
    NGX_ORDER_PG_SLOW
};


void
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

    if (query->status == NGX_ORDER_PG_OK && !watch->client->blocked) {
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

    for (i = 0; i < seen->n; i++) {

        if (ngx_order_id_eq(&seen->records[i].id, &record->id)) {
            return ngx_order_stamp(record)
                   <= ngx_order_stamp(&seen->records[i]);
        }
    }

    return 0;
}


void
ngx_http_order_push_age(ngx_http_order_client_t *client)
{
    ngx_http_order_watch_t      *watch;
    ngx_http_order_push_seen_t  *seen;

    watch = ngx_http_order_push_mine(client);

    if (watch == NULL || watch->waits || watch->wait == NULL) {
        return;
    }

    seen = watch->wait;

    if ((ngx_msec_int_t) (ngx_current_msec - seen->until) >= 0) {
        ngx_http_order_push_forget(watch);
    }
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


/*
 * Between the changes the hub may have told more than concerned this client,
 * or less than another worker's hub did, from which it has come.
 */

uint64_t
ngx_http_order_push_seq(const ngx_http_order_client_t *client)
{
    uint64_t                 told;
    ngx_http_order_watch_t  *watch;

    told = ngx_order_hub_told(client->push->omcf->hub);
    watch = ngx_http_order_push_mine(client);

    if (watch == NULL) {
        return told;
    }

    if (watch->waits || watch->lost) {
        return NGX_HTTP_ORDER_PUSH_NOWHERE;
    }

    return watch->behind ? watch->sub.seq - 1
                         : ngx_max(watch->sub.seq - 1, told);
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

    place.seq = ngx_http_order_push_seq(client);

    watch = client->watches;

    if (watch && !client->dress->many) {
        place.epoch = (uint32_t) (watch->stamp >> 32);
        place.version = (uint32_t) watch->stamp;
    }

    text.data = buf;
    text.len = (size_t) (ngx_order_place_print(buf, &place) - buf);

    return text;
}
