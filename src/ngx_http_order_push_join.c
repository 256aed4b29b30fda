
/*
 * Subscriptions come and go.
 */


#include <ngx_http_order_push_int.h>


/* subscriptions of one client */
#define NGX_HTTP_ORDER_PUSH_WATCHES  128


static ngx_http_order_watch_t *ngx_http_order_push_add(
    ngx_http_order_client_t *client);
static ngx_uint_t ngx_http_order_push_resumes(
    const ngx_http_order_client_t *client, const ngx_order_place_t *place);
static ngx_uint_t ngx_http_order_push_all(
    const ngx_order_identity_t *identity);


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

    if (client->ending || client->dropped) {
        return NULL;
    }

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
    ngx_int_t                 rc;
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

    if (last >> 32 != stamp >> 32) {
        ngx_http_order_push_state(watch, "reset", record);
        return NGX_OK;
    }

    watch->stamp = last;

    /* another instance is ahead of this one, or nobody is */

    if (last > stamp) {
        ngx_http_order_push_reset(watch);
        return NGX_OK;
    }

    rc = ngx_http_order_push_catch_up_order(watch);

    if (rc == NGX_AGAIN) {
        ngx_http_order_push_unsure(watch);

    } else if (rc == NGX_OK && watch->stamp < stamp) {
        ngx_http_order_push_recover(watch);

    } else if (rc == NGX_OK && record->final && watch->stamp == stamp) {
        ngx_http_order_push_part(watch, &ngx_http_order_end_final);
    }

    return NGX_OK;
}


void
ngx_http_order_push_unsure(ngx_http_order_watch_t *watch)
{
    if (watch->client->blocked && !watch->waits && !watch->lost) {
        watch->behind = 1;
        watch->sub.seq = 0;
    }
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
    const ngx_order_id_t *id, const ngx_str_t *name)
{
    ngx_http_order_watch_t  *watch;

    if (name == NULL) {
        watch = ngx_http_order_push_mine(client);

    } else {
        watch = id ? ngx_http_order_push_watching(client, id) : NULL;
    }

    if (watch == NULL && name) {
        watch = ngx_http_order_push_finding(client, id, name);
    }

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
        if (ngx_http_order_push_is(watch, NGX_ORDER_TOPIC_USER)
            || ngx_http_order_push_is(watch, NGX_ORDER_TOPIC_ALL))
        {
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

        if (ngx_http_order_push_is(watch, NGX_ORDER_TOPIC_ORDER)
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

    if (ngx_http_order_push_is(watch, NGX_ORDER_TOPIC_ORDER)) {
        p = ngx_sprintf(p, ",\"orderId\":\"");
        p = ngx_order_id_print(p, ngx_order_hub_id(&watch->sub));
        *p++ = '"';

    } else if (watch->sub.topic == NULL && watch->waits) {
        p = ngx_sprintf(p, ",\"orderId\":\"%s\"",
                        ((ngx_http_order_push_query_t *) watch->wait)
                            ->text[0]);
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
    ngx_uint_t                 mine;
    ngx_http_order_watch_t   **p, *other;
    ngx_http_order_client_t   *client;

    client = watch->client;
    mine = ngx_http_order_push_mine(client) == watch;

    for (p = &client->watches; *p != watch; p = &(*p)->next) { /* void */ }

    *p = watch->next;

    ngx_order_hub_leave(client->push->omcf->hub, &watch->sub);
    ngx_http_order_push_forget(watch);

    if (watch == &client->first) {
        ngx_memzero(watch, sizeof(ngx_http_order_watch_t));

    } else {
        ngx_free(watch);
    }

    /* deliveries are told along with the rest */

    for (other = client->watches; mine && other; other = other->next) {

        if (ngx_http_order_push_is(other, NGX_ORDER_TOPIC_DELIVERIES)) {
            ngx_http_order_push_remove(other);
            break;
        }
    }
}


void
ngx_http_order_push_remove_all(ngx_http_order_client_t *client)
{
    while (client->watches) {
        ngx_http_order_push_remove(client->watches);
    }
}
