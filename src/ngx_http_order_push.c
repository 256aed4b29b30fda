
/*
 * A worker's clients, all together: how many there may be, what they are told
 * of, and that they are asked to come back when the worker exits.
 *
 * The timers of clients keep an exiting worker, the tick's does not; so it
 * stays until the last of them was asked, which is spread over the time that
 * there is.
 */


#include <ngx_http_order_push_int.h>
#include <ngx_http_order_reply.h>


#define NGX_HTTP_ORDER_PUSH_TICK    100    /* ms */


/* how many clients a user has */

typedef struct {
    ngx_order_tree_node_t    node;         /* first */
    ngx_uint_t               clients;
} ngx_http_order_user_t;


static void ngx_http_order_push_woken(void *data);
static void ngx_http_order_push_gap(void *data);
static void ngx_http_order_push_tick_handler(ngx_event_t *ev);
static void ngx_http_order_push_leave(ngx_http_order_push_t *push);
static void ngx_http_order_push_room_cleanup(void *data);
static ngx_int_t ngx_http_order_push_count(ngx_http_order_push_t *push,
    const ngx_order_id_t *id);


ngx_int_t
ngx_http_order_push_create(ngx_http_order_main_conf_t *omcf,
    ngx_cycle_t *cycle)
{
    ngx_http_order_push_t  *push;

    push = ngx_pcalloc(cycle->pool, sizeof(ngx_http_order_push_t));
    if (push == NULL) {
        return NGX_ERROR;
    }

    push->omcf = omcf;
    push->log = cycle->log;

    /* polls are to find connections, too */

    push->limit = omcf->clients == NGX_CONF_UNSET
                  ? cycle->connection_n / 4 * 3 : (ngx_uint_t) omcf->clients;

    ngx_queue_init(&push->clients);
    ngx_queue_init(&push->dropped);
    ngx_queue_init(&push->holds);
    ngx_order_tree_init(&push->users);

    push->drop.handler = ngx_http_order_push_drop_handler;
    push->drop.data = push;
    push->drop.log = cycle->log;

    push->tick.handler = ngx_http_order_push_tick_handler;
    push->tick.data = push;
    push->tick.log = cycle->log;
    push->tick.cancelable = 1;

    omcf->push = push;
    omcf->hub = ngx_order_hub_create(omcf->zone->ring, omcf->labels,
                                     omcf->zone->shared,
                                     ngx_http_order_push_gap, push,
                                     cycle->pool, cycle->log);
    push->wake = ngx_order_wake_create(&omcf->zone->shared->wake,
                                       ngx_http_order_push_woken, push,
                                       cycle->pool, cycle->log);

    return omcf->hub && push->wake ? NGX_OK : NGX_ERROR;
}


void
ngx_http_order_push_close(ngx_http_order_push_t *push)
{
    ngx_queue_t              *q;
    ngx_http_order_client_t  *client;

    while (!ngx_queue_empty(&push->clients)) {
        q = ngx_queue_head(&push->clients);
        client = ngx_queue_data(q, ngx_http_order_client_t, queue);
        client->reason = NGX_ORDER_END_RELOAD;
        ngx_http_order_push_drop(client);
    }

    ngx_http_order_push_drop_handler(&push->drop);
    ngx_order_wake_close(push->wake);
}


void
ngx_http_order_push_changed(void *data, ngx_uint_t mine)
{
    ngx_http_order_push_t *push = data;

    if (mine) {
        ngx_order_wake_others(push->wake);
    }

    ngx_http_order_push_woken(push);
}


static void
ngx_http_order_push_woken(void *data)
{
    ngx_http_order_push_t *push = data;

    ngx_order_hub_run(push->omcf->hub);
}


/* Changes were lost to this worker: all are looked at, clients some at a
 * time. */

static void
ngx_http_order_push_gap(void *data)
{
    ngx_http_order_push_t *push = data;

    ngx_queue_t              *q;
    ngx_http_order_watch_t   *watch;
    ngx_http_order_client_t  *client;

    for (q = ngx_queue_head(&push->clients);
         q != ngx_queue_sentinel(&push->clients);
         q = ngx_queue_next(q))
    {
        client = ngx_queue_data(q, ngx_http_order_client_t, queue);

        for (watch = client->watches; watch; watch = watch->next) {
            ngx_http_order_push_lose(watch);
        }
    }

    ngx_http_order_push_release(push, push->nholds);
}


void
ngx_http_order_push_lose(ngx_http_order_watch_t *watch)
{
    watch->lost = 1;
    watch->client->push->lost = 1;
}


void
ngx_http_order_push_attend(ngx_http_order_push_t *push)
{
    if (!push->tick.timer_set) {
        ngx_add_timer(&push->tick, NGX_HTTP_ORDER_PUSH_TICK);
    }
}


/* While there are clients: what nobody else's event brings about. */

static void
ngx_http_order_push_tick_handler(ngx_event_t *ev)
{
    ngx_http_order_push_t *push = ev->data;

    if (push->nclients + push->nholds == 0) {
        return;
    }

    ngx_http_order_push_attend(push);

    ngx_order_hub_run(push->omcf->hub);

    if (push->lost && (ngx_msec_int_t) (ngx_current_msec - push->retry) >= 0) {
        push->lost = ngx_http_order_push_reset_some(push);
    }

    if (ngx_exiting) {
        ngx_http_order_push_leave(push);
    }
}


/*
 * The worker exits: asks so many clients to come back that the last one is
 * asked when the time is up.
 */

static void
ngx_http_order_push_leave(ngx_http_order_push_t *push)
{
    ngx_int_t                 left;
    ngx_msec_t                window;
    ngx_uint_t                n;
    ngx_queue_t              *q, *next;
    ngx_core_conf_t          *ccf;
    ngx_http_order_client_t  *client;

    if (!push->leaving) {
        ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                               ngx_core_module);
        window = push->omcf->drain;

        if (ccf->shutdown_timeout) {
            window = ngx_min(window, ccf->shutdown_timeout / 2);
        }

        push->leaving = 1;
        push->leave = ngx_current_msec + window;
    }

    left = (ngx_msec_int_t) (push->leave - ngx_current_msec);
    left = ngx_max(left / NGX_HTTP_ORDER_PUSH_TICK, 1);

    ngx_http_order_push_release(push, push->nholds / (ngx_uint_t) left + 1);

    n = push->nclients / (ngx_uint_t) left + 1;

    for (q = ngx_queue_head(&push->clients);
         n && q != ngx_queue_sentinel(&push->clients);
         q = next)
    {
        next = ngx_queue_next(q);
        client = ngx_queue_data(q, ngx_http_order_client_t, queue);

        if (!client->ending) {
            ngx_http_order_push_end(client, &ngx_http_order_end_reload);
            n--;
        }
    }
}


const ngx_http_order_problem_t *
ngx_http_order_push_room(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx)
{
    ngx_http_cleanup_t                *cln;
    ngx_http_order_user_t             *user;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);

    if (omcf->push->nclients >= omcf->push->limit) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "there are %ui subscribers already: "
                      "order_push_clients", omcf->push->nclients);
        ngx_order_metrics_add(NGX_ORDER_METRICS_PUSH_REFUSED, 1);
        return &ngx_http_order_no_room;
    }

    user = (ngx_http_order_user_t *)
               ngx_order_tree_find(&omcf->push->users, &ctx->identity.user);

    if (user && user->clients >= (ngx_uint_t) omcf->user_clients) {
        ngx_order_metrics_add(NGX_ORDER_METRICS_PUSH_REFUSED, 1);
        return &ngx_http_order_too_many;
    }

    cln = ngx_http_cleanup_add(r, 0);

    if (cln == NULL
        || ngx_http_order_push_count(omcf->push, &ctx->identity.user)
           != NGX_OK)
    {
        return &ngx_http_order_internal;
    }

    ctx->counted = 1;
    cln->handler = ngx_http_order_push_room_cleanup;
    cln->data = r;

    return NULL;
}


static void
ngx_http_order_push_room_cleanup(void *data)
{
    ngx_http_request_t *r = data;

    ngx_http_order_ctx_t              *ctx;
    const ngx_http_order_main_conf_t  *omcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_order_module);

    if (ctx && ctx->counted) {
        omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);
        ctx->counted = 0;
        ngx_http_order_push_uncount(omcf->push, &ctx->identity.user);
    }
}


static ngx_int_t
ngx_http_order_push_count(ngx_http_order_push_t *push,
    const ngx_order_id_t *id)
{
    ngx_http_order_user_t  *user;

    user = (ngx_http_order_user_t *) ngx_order_tree_find(&push->users, id);

    if (user == NULL) {
        user = ngx_alloc(sizeof(ngx_http_order_user_t), push->log);
        if (user == NULL) {
            return NGX_ERROR;
        }

        user->clients = 0;
        user->node.id = *id;
        ngx_order_tree_insert(&push->users, &user->node);
    }

    user->clients++;
    push->nclients++;

    return NGX_OK;
}


void
ngx_http_order_push_uncount(ngx_http_order_push_t *push,
    const ngx_order_id_t *id)
{
    ngx_http_order_user_t  *user;

    user = (ngx_http_order_user_t *) ngx_order_tree_find(&push->users, id);

    push->nclients--;

    if (--user->clients == 0) {
        ngx_order_tree_delete(&push->users, &user->node);
        ngx_free(user);
    }
}
