
/*
 * The changes in the ring -> this worker's subscriptions.
 *
 * While a change is told, a mark stands in each of its topics: those behind
 * it are still to be told.  So subscribers come and go meanwhile, and the
 * telling may pause.  A topic lives while somebody, or a mark, is in it.
 */


#include <ngx_order_hub.h>
#include <ngx_order_tree.h>


#define NGX_ORDER_HUB_SLICE    256     /* subscribers told in one turn */

/* an order, its buyer, seller and driver, all, deliveries */
#define NGX_ORDER_HUB_TOPICS   6


struct ngx_order_topic_s {
    ngx_order_tree_node_t      node;       /* first */
    ngx_queue_t                subs;
    ngx_order_topic_e          type;
};


typedef struct {
    ngx_order_topic_t         *topic;
    ngx_queue_t                mark;
} ngx_order_telling_t;


struct ngx_order_hub_s {
    ngx_order_ring_t          *ring;
    ngx_order_statuses_t      *labels;
    const ngx_order_shared_t  *shared;
    ngx_order_hub_gap_pt       gap;
    void                      *data;
    ngx_log_t                 *log;

    ngx_order_tree_t           orders;
    ngx_order_tree_t           users;
    ngx_order_topic_t          all;
    ngx_order_topic_t          deliveries;

    uint64_t                   next;       /* to be read */
    ngx_order_change_t         change;     /* being told: the one before */
    ngx_uint_t                 ntellings;
    ngx_order_telling_t        tellings[NGX_ORDER_HUB_TOPICS];
    ngx_event_t                event;      /* goes on */
    unsigned                   running:1;
};


static void ngx_order_hub_event_handler(ngx_event_t *ev);
static ngx_uint_t ngx_order_hub_tell(ngx_order_hub_t *hub, ngx_uint_t slice);
static ngx_uint_t ngx_order_hub_read(ngx_order_hub_t *hub);
static void ngx_order_hub_route(ngx_order_hub_t *hub);
static void ngx_order_hub_route_to(ngx_order_hub_t *hub,
    ngx_order_topic_e type, const ngx_order_id_t *id);
static ngx_order_topic_t *ngx_order_hub_find(ngx_order_hub_t *hub,
    ngx_order_topic_e type, const ngx_order_id_t *id);
static ngx_order_tree_t *ngx_order_hub_tree(ngx_order_hub_t *hub,
    ngx_order_topic_e type);
static void ngx_order_hub_release(ngx_order_hub_t *hub,
    ngx_order_topic_t *topic);


ngx_order_hub_t *
ngx_order_hub_create(ngx_order_ring_t *ring, ngx_order_statuses_t *labels,
    const ngx_order_shared_t *shared, ngx_order_hub_gap_pt gap, void *data,
    ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_order_hub_t  *hub;

    hub = ngx_pcalloc(pool, sizeof(ngx_order_hub_t));
    if (hub == NULL) {
        return NULL;
    }

    hub->ring = ring;
    hub->labels = labels;
    hub->shared = shared;
    hub->gap = gap;
    hub->data = data;
    hub->log = log;
    hub->next = ngx_order_ring_head(ring);

    ngx_order_tree_init(&hub->orders);
    ngx_order_tree_init(&hub->users);

    hub->all.type = NGX_ORDER_TOPIC_ALL;
    ngx_queue_init(&hub->all.subs);

    hub->deliveries.type = NGX_ORDER_TOPIC_DELIVERIES;
    ngx_queue_init(&hub->deliveries.subs);

    hub->event.handler = ngx_order_hub_event_handler;
    hub->event.data = hub;
    hub->event.log = log;

    return hub;
}


void
ngx_order_hub_run(ngx_order_hub_t *hub)
{
    if (!hub->running && !hub->event.posted) {
        ngx_order_hub_event_handler(&hub->event);
    }
}


static void
ngx_order_hub_event_handler(ngx_event_t *ev)
{
    ngx_uint_t        slice;
    ngx_order_hub_t  *hub = ev->data;

    hub->running = 1;
    slice = NGX_ORDER_HUB_SLICE;

    do {
        slice = ngx_order_hub_tell(hub, slice);

        if (slice == 0) {
            ngx_post_event(&hub->event, &ngx_posted_next_events);
            break;
        }

    } while (ngx_order_hub_read(hub));

    hub->running = 0;
}


/*
 * Tells the change to those who were not told yet, no more than "slice" of
 * them; returns what is left of the slice.
 */

static ngx_uint_t
ngx_order_hub_tell(ngx_order_hub_t *hub, ngx_uint_t slice)
{
    ngx_queue_t          *q;
    ngx_order_sub_t      *sub;
    ngx_order_telling_t  *telling;

    while (hub->ntellings) {
        telling = &hub->tellings[hub->ntellings - 1];
        q = ngx_queue_next(&telling->mark);

        if (q == ngx_queue_sentinel(&telling->topic->subs)) {
            hub->ntellings--;
            ngx_queue_remove(&telling->mark);
            ngx_order_hub_release(hub, telling->topic);
            continue;
        }

        if (slice == 0) {
            break;
        }

        slice--;

        ngx_queue_remove(&telling->mark);
        ngx_queue_insert_after(q, &telling->mark);

        sub = ngx_queue_data(q, ngx_order_sub_t, queue);

        if (hub->next - 1 >= sub->seq) {
            sub->handler(sub, &hub->change, hub->next - 1);
        }
    }

    return slice;
}


/* Takes the next change up, if there is one. */

static ngx_uint_t
ngx_order_hub_read(ngx_order_hub_t *hub)
{
    uint64_t   tail;
    ngx_int_t  rc;

    rc = ngx_order_ring_read(hub->ring, hub->next, &hub->change);

    if (rc == NGX_AGAIN) {
        return 0;
    }

    hub->next++;

    if (rc == NGX_OK && !hub->change.gap) {
        ngx_order_hub_route(hub);
        return 1;
    }

    if (rc == NGX_DECLINED) {
        tail = ngx_order_ring_tail(hub->ring);

        if (hub->next < tail) {
            hub->next = tail;
        }

        ngx_log_error(NGX_LOG_WARN, hub->log, 0,
                      "this worker missed changes: its subscribers' orders "
                      "are looked at again");
    }

    hub->gap(hub->data);

    return 1;
}


static void
ngx_order_hub_route(ngx_order_hub_t *hub)
{
    u_char                     text[NGX_ORDER_EVENT_BODY];
    ngx_order_place_t          place;
    const ngx_order_record_t  *record;

    record = &hub->change.record;

    if (hub->change.stuck_since) {
        ngx_order_hub_route_to(hub, NGX_ORDER_TOPIC_USER, &record->seller);
        ngx_order_hub_route_to(hub, NGX_ORDER_TOPIC_ALL, NULL);
        return;
    }

    ngx_order_hub_route_to(hub, NGX_ORDER_TOPIC_ORDER, &record->id);
    ngx_order_hub_route_to(hub, NGX_ORDER_TOPIC_USER, &record->buyer);
    ngx_order_hub_route_to(hub, NGX_ORDER_TOPIC_USER, &record->seller);
    ngx_order_hub_route_to(hub, NGX_ORDER_TOPIC_USER, &record->driver);
    ngx_order_hub_route_to(hub, NGX_ORDER_TOPIC_ALL, NULL);

    if (ngx_queue_empty(&hub->deliveries.subs)) {
        return;
    }

    ngx_memzero(&place, sizeof(ngx_order_place_t));

    if (ngx_order_event_delivery(text, hub->labels, hub->shared,
                                 &hub->change, &place)
        != NULL)
    {
        ngx_order_hub_route_to(hub, NGX_ORDER_TOPIC_DELIVERIES, NULL);
    }
}


static void
ngx_order_hub_route_to(ngx_order_hub_t *hub, ngx_order_topic_e type,
    const ngx_order_id_t *id)
{
    ngx_uint_t            i;
    ngx_order_topic_t    *topic;
    ngx_order_telling_t  *telling;

    topic = ngx_order_hub_find(hub, type, id);

    if (topic == NULL || ngx_queue_empty(&topic->subs)) {
        return;
    }

    for (i = 0; i < hub->ntellings; i++) {
        if (hub->tellings[i].topic == topic) {
            return;
        }
    }

    telling = &hub->tellings[hub->ntellings++];
    telling->topic = topic;
    ngx_queue_insert_head(&topic->subs, &telling->mark);
}


static ngx_order_topic_t *
ngx_order_hub_find(ngx_order_hub_t *hub, ngx_order_topic_e type,
    const ngx_order_id_t *id)
{
    switch (type) {

    case NGX_ORDER_TOPIC_ALL:
        return &hub->all;

    case NGX_ORDER_TOPIC_DELIVERIES:
        return &hub->deliveries;

    default:
        return (ngx_order_topic_t *)
                   ngx_order_tree_find(ngx_order_hub_tree(hub, type), id);
    }
}


static ngx_order_tree_t *
ngx_order_hub_tree(ngx_order_hub_t *hub, ngx_order_topic_e type)
{
    return type == NGX_ORDER_TOPIC_ORDER ? &hub->orders : &hub->users;
}


uint64_t
ngx_order_hub_next(const ngx_order_hub_t *hub)
{
    return hub->next;
}


uint64_t
ngx_order_hub_told(const ngx_order_hub_t *hub)
{
    return hub->ntellings ? hub->next - 2 : hub->next - 1;
}


ngx_int_t
ngx_order_hub_join(ngx_order_hub_t *hub, ngx_order_sub_t *sub,
    ngx_order_topic_e type, const ngx_order_id_t *id)
{
    ngx_order_topic_t  *topic;

    topic = ngx_order_hub_find(hub, type, id);

    if (topic == NULL) {
        topic = ngx_alloc(sizeof(ngx_order_topic_t), hub->log);
        if (topic == NULL) {
            return NGX_ERROR;
        }

        topic->type = type;
        topic->node.id = *id;
        ngx_queue_init(&topic->subs);
        ngx_order_tree_insert(ngx_order_hub_tree(hub, type), &topic->node);
    }

    sub->topic = topic;
    sub->seq = hub->next;
    ngx_queue_insert_head(&topic->subs, &sub->queue);

    return NGX_OK;
}


void
ngx_order_hub_leave(ngx_order_hub_t *hub, ngx_order_sub_t *sub)
{
    ngx_order_topic_t  *topic;

    topic = sub->topic;

    if (topic) {
        sub->topic = NULL;
        ngx_queue_remove(&sub->queue);
        ngx_order_hub_release(hub, topic);
    }
}


static void
ngx_order_hub_release(ngx_order_hub_t *hub, ngx_order_topic_t *topic)
{
    if (!ngx_queue_empty(&topic->subs)
        || topic == &hub->all || topic == &hub->deliveries)
    {
        return;
    }

    ngx_order_tree_delete(ngx_order_hub_tree(hub, topic->type), &topic->node);
    ngx_free(topic);
}


ngx_order_topic_e
ngx_order_hub_type(const ngx_order_sub_t *sub)
{
    return sub->topic->type;
}


const ngx_order_id_t *
ngx_order_hub_id(const ngx_order_sub_t *sub)
{
    return &sub->topic->node.id;
}
