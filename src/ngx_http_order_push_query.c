
/*
 * A query for a subscription: one at a time, in memory of its own, so that a
 * subscription that asks for nothing pays for nothing.
 */


#include <ngx_http_order_push_int.h>


#define NGX_HTTP_ORDER_PUSH_AGAIN  1000    /* ms until the next attempt */


ngx_http_order_push_query_t *
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


ngx_http_order_push_query_t *
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


void
ngx_http_order_push_retry_later(ngx_http_order_watch_t *watch)
{
    ngx_http_order_push_t  *push;

    push = watch->client->push;
    push->retry = ngx_current_msec + NGX_HTTP_ORDER_PUSH_AGAIN;

    ngx_http_order_push_lose(watch);
}
