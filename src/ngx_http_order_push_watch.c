
/*
 * Changes -> subscriptions.
 *
 * A subscription to an order goes by versions: what was told last is its
 * stamp, and only the next version may follow.  One to all that concerns the
 * caller goes by places in the ring.  While a client takes nothing, or the
 * full state is being read for it, what comes is not kept: afterwards it is
 * read again, from the ring.
 */


#include <ngx_http_order_push_int.h>


/* subscriptions of one client */
#define NGX_HTTP_ORDER_PUSH_WATCHES  128


static ngx_http_order_watch_t *ngx_http_order_push_add(
    ngx_http_order_client_t *client);
static void ngx_http_order_push_order_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq);
static void ngx_http_order_push_mine_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq);
static void ngx_http_order_push_delivery_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq);
static ngx_int_t ngx_http_order_push_catch_up_order(
    ngx_http_order_watch_t *watch);
static void ngx_http_order_push_catch_up_mine(ngx_http_order_watch_t *watch);
static ngx_int_t ngx_http_order_push_concern(ngx_http_order_watch_t *watch,
    const ngx_order_change_t *change, uint64_t seq);
static ngx_uint_t ngx_http_order_push_all(
    const ngx_order_identity_t *identity);
static ngx_uint_t ngx_http_order_push_resumes(
    const ngx_http_order_client_t *client, const ngx_order_place_t *place);


ngx_int_t
ngx_http_order_push_watch(ngx_http_order_client_t *client,
    const ngx_order_id_t *id, const ngx_str_t *number,
    const ngx_order_place_t *place)
{
    ngx_uint_t               n;
    ngx_http_order_watch_t  *watch;

    if (id && ngx_http_order_push_watching(client, id)) {
        return NGX_DECLINED;
    }

    n = 0;

    for (watch = client->watches; watch; watch = watch->next) {
        n++;
    }

    if (n >= NGX_HTTP_ORDER_PUSH_WATCHES) {
        return NGX_BUSY;
    }

    watch = ngx_http_order_push_add(client);
    if (watch == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_order_push_find(watch, id, number, place) != NGX_OK) {
        ngx_http_order_push_remove(watch);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_http_order_watch_t *
ngx_http_order_push_add(ngx_http_order_client_t *client)
{
    ngx_http_order_watch_t  *watch;

    watch = &client->first;

    if (watch->client) {
        watch = ngx_calloc(sizeof(ngx_http_order_watch_t), client->push->log);
        if (watch == NULL) {
            return NULL;
        }
    }

    watch->client = client;
    watch->next = client->watches;
    client->watches = watch;

    return watch;
}


ngx_int_t
ngx_http_order_push_open(ngx_http_order_client_t *client,
    const ngx_order_record_t *record, const ngx_order_place_t *place)
{
    ngx_http_order_watch_t  *watch;

    watch = ngx_http_order_push_add(client);
    if (watch == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_order_push_attach(watch, record, place);
}


ngx_int_t
ngx_http_order_push_attach(ngx_http_order_watch_t *watch,
    const ngx_order_record_t *record, const ngx_order_place_t *place)
{
    uint64_t                  stamp, last;
    ngx_http_order_client_t  *client;

    client = watch->client;
    watch->sub.handler = ngx_http_order_push_order_handler;

    if (ngx_order_hub_join(client->push->omcf->hub, &watch->sub,
                           NGX_ORDER_TOPIC_ORDER, &record->id)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    stamp = ngx_order_stamp(record);

    if (place == NULL) {
        ngx_http_order_push_state(watch, "snapshot", record);
        return NGX_OK;
    }

    last = (uint64_t) (place->epoch ? place->epoch : record->epoch) << 32
           | place->version;

    if (last > stamp || last >> 32 != stamp >> 32) {
        ngx_http_order_push_state(watch, "reset", record);
        return NGX_OK;
    }

    watch->stamp = last;

    if (ngx_http_order_push_catch_up_order(watch) != NGX_OK) {
        return NGX_OK;
    }

    if (watch->stamp < stamp) {
        ngx_http_order_push_recover(watch);

    } else if (record->final && watch->stamp == stamp) {
        ngx_http_order_push_part(watch, &ngx_http_order_end_final);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_order_push_watch_all(ngx_http_order_client_t *client,
    const ngx_order_place_t *place)
{
    ngx_order_hub_t         *hub;
    ngx_order_topic_e        topic;
    ngx_http_order_watch_t  *watch, *deliveries;

    if (ngx_http_order_push_mine(client)) {
        return NGX_DECLINED;
    }

    hub = client->push->omcf->hub;
    topic = ngx_http_order_push_all(&client->identity)
            ? NGX_ORDER_TOPIC_ALL : NGX_ORDER_TOPIC_USER;

    watch = ngx_http_order_push_add(client);
    if (watch == NULL) {
        return NGX_ERROR;
    }

    watch->sub.handler = ngx_http_order_push_mine_handler;

    if (ngx_order_hub_join(hub, &watch->sub, topic, &client->identity.user)
        != NGX_OK)
    {
        ngx_http_order_push_remove(watch);
        return NGX_ERROR;
    }

    if (client->identity.role == NGX_ORDER_DRIVER) {
        deliveries = ngx_http_order_push_add(client);
        if (deliveries == NULL) {
            ngx_http_order_push_remove(watch);
            return NGX_ERROR;
        }

        deliveries->sub.handler = ngx_http_order_push_delivery_handler;
        (void) ngx_order_hub_join(hub, &deliveries->sub,
                                  NGX_ORDER_TOPIC_DELIVERIES, NULL);
    }

    watch->greet = 1;

    if (place == NULL) {
        ngx_http_order_push_greet(watch);

    } else if (ngx_http_order_push_resumes(client, place)) {
        watch->sub.seq = place->seq + 1;
        watch->behind = 1;
        ngx_http_order_push_catch_up_mine(watch);

    } else {
        ngx_http_order_push_reset(watch);
    }

    return NGX_OK;
}


/* Is all that came behind this place still in the ring. */

static ngx_uint_t
ngx_http_order_push_resumes(const ngx_http_order_client_t *client,
    const ngx_order_place_t *place)
{
    const ngx_order_ring_t  *ring;

    ring = client->push->omcf->zone->ring;

    return place->generation == ngx_order_ring_generation(ring)
           && place->seq + 1 >= ngx_order_ring_tail(ring)
           && place->seq < ngx_order_ring_head(ring);
}


static ngx_uint_t
ngx_http_order_push_all(const ngx_order_identity_t *identity)
{
    return (identity->role & (NGX_ORDER_ADMIN|NGX_ORDER_SYSTEM)) != 0;
}


ngx_int_t
ngx_http_order_push_unwatch(ngx_http_order_client_t *client,
    const ngx_order_id_t *id)
{
    ngx_http_order_watch_t  *watch;

    watch = id ? ngx_http_order_push_watching(client, id)
               : ngx_http_order_push_mine(client);

    if (watch == NULL) {
        return NGX_DECLINED;
    }

    ngx_http_order_push_part(watch, &ngx_http_order_end_client);

    return NGX_OK;
}


ngx_http_order_watch_t *
ngx_http_order_push_mine(const ngx_http_order_client_t *client)
{
    ngx_http_order_watch_t  *watch;

    for (watch = client->watches; watch; watch = watch->next) {
        if (watch->sub.handler == ngx_http_order_push_mine_handler) {
            return watch;
        }
    }

    return NULL;
}


ngx_http_order_watch_t *
ngx_http_order_push_watching(const ngx_http_order_client_t *client,
    const ngx_order_id_t *id)
{
    ngx_http_order_watch_t  *watch;

    for (watch = client->watches; watch; watch = watch->next) {

        if (watch->sub.handler == ngx_http_order_push_order_handler
            && ngx_order_id_eq(ngx_order_hub_id(&watch->sub), id))
        {
            return watch;
        }
    }

    return NULL;
}


void
ngx_http_order_push_part(ngx_http_order_watch_t *watch,
    const ngx_http_order_end_t *end)
{
    u_char                   *p, text[512];
    ngx_str_t                 json, id;
    ngx_http_order_client_t  *client;

    client = watch->client;

    if (!client->dress->many) {
        ngx_http_order_push_end(client, end);
        return;
    }

    p = ngx_sprintf(text, "{\"type\":\"unsubscribed\"");

    if (watch->sub.handler == ngx_http_order_push_order_handler) {
        p = ngx_sprintf(p, ",\"orderId\":\"");
        p = ngx_order_id_print(p, ngx_order_hub_id(&watch->sub));
        *p++ = '"';
    }

    p = ngx_sprintf(p, ",\"reason\":\"%V\",\"message\":\"%V\"}", &end->name,
                    &end->message);

    ngx_http_order_push_remove(watch);

    json.data = text;
    json.len = (size_t) (p - text);
    ngx_str_null(&id);

    (void) ngx_http_order_push_tell(client, "unsubscribed", &id, &json);
}


void
ngx_http_order_push_remove(ngx_http_order_watch_t *watch)
{
    ngx_http_order_watch_t   **p, *deliveries;
    ngx_http_order_client_t   *client;

    client = watch->client;

    for (p = &client->watches; *p != watch; p = &(*p)->next) { /* void */ }

    *p = watch->next;

    ngx_order_hub_leave(client->push->omcf->hub, &watch->sub);
    ngx_http_order_push_forget(watch);

    deliveries = NULL;

    if (watch->sub.handler == ngx_http_order_push_mine_handler) {
        for (deliveries = client->watches;
             deliveries && deliveries->sub.handler
                           != ngx_http_order_push_delivery_handler;
             deliveries = deliveries->next)
        {
            /* void */
        }
    }

    if (watch == &client->first) {
        ngx_memzero(watch, sizeof(ngx_http_order_watch_t));

    } else {
        ngx_free(watch);
    }

    if (deliveries) {
        ngx_http_order_push_remove(deliveries);
    }
}


void
ngx_http_order_push_remove_all(ngx_http_order_client_t *client)
{
    while (client->watches) {
        ngx_http_order_push_remove(client->watches);
    }
}


/* --- as it happens */


static void
ngx_http_order_push_order_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq)
{
    ngx_http_order_watch_t *watch = (ngx_http_order_watch_t *) sub;

    if (watch->waits || watch->lost || watch->client->blocked) {
        return;
    }

    if (ngx_http_order_push_version(watch, change, seq) == NGX_DECLINED) {
        ngx_http_order_push_recover(watch);
    }
}


static void
ngx_http_order_push_mine_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq)
{
    ngx_http_order_watch_t *watch = (ngx_http_order_watch_t *) sub;

    if (watch->behind) {
        return;
    }

    if (watch->waits || watch->lost || watch->client->blocked) {
        watch->behind = 1;
        sub->seq = seq;
        return;
    }

    (void) ngx_http_order_push_concern(watch, change, seq);
}


/* what concerns the driver otherwise, too, was told there */

static void
ngx_http_order_push_delivery_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq)
{
    ngx_http_order_watch_t *watch = (ngx_http_order_watch_t *) sub;

    if (!ngx_order_may_see(&watch->client->identity, &change->record)) {
        watch = ngx_http_order_push_mine(watch->client);
        ngx_http_order_push_mine_handler(&watch->sub, change, seq);
    }
}


/* --- afterwards */


void
ngx_http_order_push_catch_up(ngx_http_order_client_t *client)
{
    ngx_http_order_watch_t  *watch, *next;

    for (watch = client->watches;
         watch && !client->blocked && !client->ending && !client->dropped;
         watch = next)
    {
        next = watch->next;
        ngx_http_order_push_catch_up_watch(watch);
    }
}


void
ngx_http_order_push_catch_up_watch(ngx_http_order_watch_t *watch)
{
    if (watch->waits) {
        return;
    }

    /* it took nothing when the others were told */

    if (watch->lost) {
        ngx_http_order_push_lose(watch);
        return;
    }

    if (watch->sub.handler == ngx_http_order_push_order_handler) {
        (void) ngx_http_order_push_catch_up_order(watch);

    } else if (watch->behind) {
        ngx_http_order_push_catch_up_mine(watch);
    }
}


/*
 *     NGX_OK     all that the ring knows was told
 *     NGX_AGAIN  it goes on later
 *     NGX_ABORT  the subscription has ended
 */

static ngx_int_t
ngx_http_order_push_catch_up_order(ngx_http_order_watch_t *watch)
{
    uint64_t             seq;
    ngx_int_t            rc;
    ngx_order_change_t   change;
    ngx_order_trail_t   *trail;

    trail = watch->client->push->omcf->trail;

    for ( ;; ) {

        if (watch->client->blocked) {
            return NGX_AGAIN;
        }

        rc = ngx_order_trail_next(trail, ngx_order_hub_id(&watch->sub),
                                  watch->stamp, &change, &seq);
        if (rc != NGX_OK) {
            return NGX_OK;
        }

        rc = ngx_http_order_push_version(watch, &change, seq);

        if (rc == NGX_DECLINED) {
            ngx_http_order_push_recover(watch);
            return NGX_AGAIN;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


ngx_int_t
ngx_http_order_push_version(ngx_http_order_watch_t *watch,
    const ngx_order_change_t *change, uint64_t seq)
{
    uint64_t                  stamp;
    ngx_int_t                 rc;
    ngx_http_order_client_t  *client;

    client = watch->client;
    stamp = ngx_order_stamp(&change->record);

    if (stamp <= watch->stamp) {
        return NGX_OK;
    }

    if (stamp != watch->stamp + 1) {
        return NGX_DECLINED;
    }

    if (!ngx_order_may_see(&client->identity, &change->record)) {
        ngx_http_order_push_part(watch, &ngx_http_order_end_forbidden);
        return NGX_ABORT;
    }

    rc = ngx_http_order_push_frame(client, change, seq,
                                   ngx_order_event_audience(&client->identity,
                                                            change));
    if (rc == NGX_ERROR) {
        return NGX_ABORT;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_order_push_lose(watch);
        return NGX_AGAIN;
    }

    watch->stamp = stamp;

    if (change->record.deleted) {
        ngx_http_order_push_part(watch, &ngx_http_order_end_deleted);
        return NGX_ABORT;
    }

    if (change->record.final) {
        ngx_http_order_push_part(watch, &ngx_http_order_end_final);
        return NGX_ABORT;
    }

    return client->blocked ? NGX_AGAIN : NGX_OK;
}


static void
ngx_http_order_push_catch_up_mine(ngx_http_order_watch_t *watch)
{
    ngx_int_t                 rc;
    ngx_order_change_t        change;
    const ngx_order_ring_t   *ring;
    const ngx_order_hub_t    *hub;
    ngx_http_order_client_t  *client;

    client = watch->client;
    hub = client->push->omcf->hub;
    ring = client->push->omcf->zone->ring;

    while (watch->sub.seq < ngx_order_hub_next(hub)) {

        if (client->blocked) {
            return;
        }

        rc = ngx_order_ring_read(ring, watch->sub.seq, &change);

        if (rc != NGX_OK && watch->sub.seq < ngx_order_ring_tail(ring)) {
            ngx_http_order_push_end(client, &ngx_http_order_end_slow);
            return;
        }

        if (rc != NGX_OK || change.gap) {
            ngx_http_order_push_reset(watch);
            return;
        }

        rc = ngx_http_order_push_concern(watch, &change, watch->sub.seq);

        if (rc != NGX_OK) {
            return;
        }

        watch->sub.seq++;
    }

    watch->behind = 0;

    if (watch->greet && !client->blocked) {
        ngx_http_order_push_greet(watch);
    }
}


/*
 * Tells a change if it concerns the caller.  NGX_OK; NGX_DECLINED: it cannot
 * be rendered, a reset will be told; NGX_ABORT: the client is gone.
 */

static ngx_int_t
ngx_http_order_push_concern(ngx_http_order_watch_t *watch,
    const ngx_order_change_t *change, uint64_t seq)
{
    ngx_int_t                  rc;
    ngx_http_order_client_t   *client;
    const ngx_order_record_t  *record;

    client = watch->client;
    record = &change->record;

    if (ngx_order_may_see(&client->identity, record)
        && !ngx_http_order_push_watching(client, &record->id)
        && !ngx_http_order_push_seen(watch, record))
    {
        rc = ngx_http_order_push_frame(client, change, seq,
                            ngx_order_event_audience(&client->identity,
                                                     change));
        if (rc == NGX_ERROR) {
            return NGX_ABORT;
        }

        if (rc == NGX_DECLINED) {
            ngx_http_order_push_lose(watch);
            return NGX_DECLINED;
        }
    }

    if (client->identity.role == NGX_ORDER_DRIVER
        && ngx_http_order_push_frame(client, change, seq,
                                     NGX_HTTP_ORDER_DELIVERY)
           == NGX_ERROR)
    {
        return NGX_ABORT;
    }

    return NGX_OK;
}
