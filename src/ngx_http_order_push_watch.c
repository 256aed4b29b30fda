
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


static ngx_uint_t ngx_http_order_push_later(ngx_http_order_watch_t *watch,
    uint64_t seq);
static ngx_int_t ngx_http_order_push_concern(ngx_http_order_watch_t *watch,
    const ngx_order_change_t *change, uint64_t seq);


/* Is this change to be read from the ring afterwards. */

static ngx_uint_t
ngx_http_order_push_later(ngx_http_order_watch_t *watch, uint64_t seq)
{
    if (watch->behind) {
        return 1;
    }

    if (!watch->waits && !watch->lost && !watch->client->blocked) {
        return 0;
    }

    watch->behind = 1;
    watch->sub.seq = seq;

    return 1;
}


void
ngx_http_order_push_order_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq)
{
    ngx_http_order_watch_t *watch = (ngx_http_order_watch_t *) sub;

    if (!ngx_http_order_push_later(watch, seq)
        && ngx_http_order_push_version(watch, change, seq) == NGX_DECLINED)
    {
        ngx_http_order_push_recover(watch);
    }
}


void
ngx_http_order_push_mine_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq)
{
    ngx_http_order_watch_t *watch = (ngx_http_order_watch_t *) sub;

    if (seq >= sub->seq && !ngx_http_order_push_later(watch, seq)) {
        sub->seq = seq + 1;
        (void) ngx_http_order_push_concern(watch, change, seq);
    }
}


/* what concerns the driver otherwise, too, was told there */

void
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

    if (ngx_http_order_push_is(watch, NGX_ORDER_TOPIC_ORDER)) {
        (void) ngx_http_order_push_catch_up_order(watch);

    } else if (watch->behind) {
        ngx_http_order_push_catch_up_mine(watch);
    }
}


ngx_int_t
ngx_http_order_push_catch_up_order(ngx_http_order_watch_t *watch)
{
    uint64_t                           seq, tail;
    ngx_int_t                          rc;
    ngx_order_change_t                 change;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = watch->client->push->omcf;

    for ( ;; ) {
        tail = ngx_order_ring_tail(omcf->zone->ring);

        if (watch->client->blocked) {
            (void) ngx_http_order_push_later(watch, tail);
            return NGX_AGAIN;
        }

        rc = ngx_order_trail_next(omcf->trail, ngx_order_hub_id(&watch->sub),
                                  watch->stamp, &change, &seq);

        if (rc != NGX_OK && watch->behind && watch->sub.seq < tail) {
            ngx_http_order_push_recover(watch);
            return NGX_AGAIN;
        }

        if (rc != NGX_OK) {
            watch->behind = 0;
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

    /* not a place to go on from for who is told of more, and is behind */

    if (client->dress->many
        && ngx_http_order_push_seq(client) == NGX_HTTP_ORDER_PUSH_NOWHERE)
    {
        seq = 0;
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


void
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
 * Tells a change if it concerns the caller, a notice also to one who watches
 * the order.  NGX_OK; NGX_DECLINED: it cannot be rendered, a reset will be
 * told; NGX_ABORT: the client is gone.
 */

static ngx_int_t
ngx_http_order_push_concern(ngx_http_order_watch_t *watch,
    const ngx_order_change_t *change, uint64_t seq)
{
    ngx_int_t                  rc;
    ngx_uint_t                 told, telling;
    ngx_http_order_client_t   *client;
    const ngx_order_record_t  *record;

    client = watch->client;
    record = &change->record;

    if (change->stuck_since) {
        told = ngx_order_event_noticed(&client->identity, change);
        telling = NGX_HTTP_ORDER_NOTICE;

    } else {
        told = ngx_order_may_see(&client->identity, record)
               && !ngx_http_order_push_watching(client, &record->id)
               && !ngx_http_order_push_seen(watch, record);
        telling = ngx_order_event_audience(&client->identity, change);
    }

    if (told) {
        rc = ngx_http_order_push_frame(client, change, seq, telling);

        if (rc == NGX_ERROR) {
            return NGX_ABORT;
        }

        if (rc == NGX_DECLINED) {
            ngx_http_order_push_lose(watch);
            return NGX_DECLINED;
        }
    }

    if (client->identity.role == NGX_ORDER_DRIVER && !change->stuck_since
        && ngx_http_order_push_frame(client, change, seq,
                                     NGX_HTTP_ORDER_DELIVERY)
           == NGX_ERROR)
    {
        return NGX_ABORT;
    }

    return NGX_OK;
}
