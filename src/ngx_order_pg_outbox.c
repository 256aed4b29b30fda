
/*
 * The outbox: queries that are answered, until their handlers are called from
 * its posted event.
 */


#include <ngx_order_pg_int.h>


void
ngx_order_pg_outbox_init(ngx_order_pg_outbox_t *outbox,
    ngx_event_handler_pt handler, void *data, ngx_log_t *log)
{
    ngx_queue_init(&outbox->queue);

    outbox->event.handler = handler;
    outbox->event.data = data;
    outbox->event.log = log;
}


/* a caller who asks again from inside its handler has to wait for a turn */

void
ngx_order_pg_outbox_post(ngx_order_pg_outbox_t *outbox)
{
    ngx_post_event(&outbox->event, outbox->delivering
                                   ? &ngx_posted_next_events
                                   : &ngx_posted_events);
}


/* the query is its caller's again when its handler is called */

void
ngx_order_pg_deliver(ngx_order_pg_outbox_t *outbox)
{
    ngx_queue_t           *q, answered;
    ngx_order_pg_query_t  *query, kept;     /* holds the result */

    if (ngx_queue_empty(&outbox->queue)) {
        return;
    }

    ngx_queue_init(&answered);
    ngx_queue_add(&answered, &outbox->queue);
    ngx_queue_init(&outbox->queue);

    outbox->delivering = 1;

    while (!ngx_queue_empty(&answered) && !outbox->closed) {
        q = ngx_queue_head(&answered);
        ngx_queue_remove(q);

        query = ngx_queue_data(q, ngx_order_pg_query_t, queue);
        query->stage = NGX_ORDER_PG_NOWHERE;
        kept.result = query->result;

        query->handler(query);

        ngx_order_pg_query_free(&kept);
    }

    outbox->delivering = 0;

    ngx_order_pg_forget(&answered);
}


void
ngx_order_pg_answer(ngx_order_pg_outbox_t *outbox,
    ngx_order_pg_query_t *query, ngx_order_pg_status_e status)
{
    if (query->stage == NGX_ORDER_PG_SENT) {
        query->elapsed = ngx_current_msec - query->started;
    }

    if (query->ahead == NULL) {
        ngx_order_pg_count(query->pool != NULL, query->statement, status,
                           query->stage == NGX_ORDER_PG_SENT ? query->began
                                                             : 0);
    }

    if (status != NGX_ORDER_PG_OK && status != NGX_ORDER_PG_REFUSED) {
        ngx_order_pg_query_free(query);
    }

    query->status = status;
    query->stage = NGX_ORDER_PG_ANSWERED;

    ngx_queue_insert_tail(&outbox->queue, &query->queue);
    ngx_order_pg_outbox_post(outbox);
}


void
ngx_order_pg_forget(ngx_queue_t *queue)
{
    ngx_queue_t           *q;
    ngx_order_pg_query_t  *query;

    while (!ngx_queue_empty(queue)) {
        q = ngx_queue_head(queue);
        ngx_queue_remove(q);

        query = ngx_queue_data(q, ngx_order_pg_query_t, queue);
        query->stage = NGX_ORDER_PG_NOWHERE;
        ngx_order_pg_query_free(query);
    }
}
