
/*
 * The long poll: a poll that would be answered with 304 waits for the next
 * change of its order, or until its time is up, and is then answered as any
 * poll.
 *
 * "wait" is an argument of the poll, or a preference of the client's
 * (RFC 7240).
 */


#include <ngx_http_order_push_int.h>
#include <ngx_http_order_fields.h>
#include <ngx_http_order_identity.h>
#include <ngx_http_order_route.h>
#include <ngx_http_order_status.h>


#define NGX_HTTP_ORDER_WAIT_MAX  60    /* seconds */


typedef struct {
    ngx_order_sub_t          sub;          /* first: the hub's */
    ngx_queue_t              queue;        /* of all of the worker */
    ngx_event_t              timer;
    ngx_http_request_t      *request;
    ngx_http_order_push_t   *push;
    uint64_t                 stamp;
} ngx_http_order_hold_t;


static ngx_int_t ngx_http_order_push_hold_for(ngx_http_request_t *r,
    const ngx_order_record_t *record, ngx_msec_t wait);
static time_t ngx_http_order_push_prefers(ngx_http_request_t *r);
static ngx_int_t ngx_http_order_push_applied(ngx_http_request_t *r,
    time_t wait);
static void ngx_http_order_push_hold_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq);
static void ngx_http_order_push_hold_timer(ngx_event_t *ev);
static void ngx_http_order_push_hold_cleanup(void *data);
static void ngx_http_order_push_hold_done(ngx_http_order_hold_t *hold);


ngx_int_t
ngx_http_order_push_read_wait(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, ngx_order_input_t *input)
{
    ngx_int_t           rc;
    ngx_str_t           value;
    ngx_order_source_t  source;

    if (ngx_http_arg(r, (u_char *) "wait", 4, &value) != NGX_OK) {
        return NGX_OK;
    }

    ngx_memzero(&source, sizeof(ngx_order_source_t));

    source.query.data = value.data - (sizeof("wait=") - 1);
    source.query.len = value.len + sizeof("wait=") - 1;

    rc = ngx_order_input_read(input,
                    &ngx_http_order_poll_fields[NGX_HTTP_ORDER_POLL_WAIT],
                    &source, r->pool);

    if (rc == NGX_OK && input->values[0].data) {
        ctx->wait = (time_t) ngx_atoi(input->values[0].data,
                                      input->values[0].len);
    }

    return rc;
}


ngx_int_t
ngx_http_order_push_waits(ngx_http_request_t *r, ngx_http_order_ctx_t *ctx,
    const ngx_order_record_t *record)
{
    time_t                             wait, left;
    uint64_t                           seq;
    ngx_order_change_t                 change;
    const ngx_http_order_loc_conf_t   *olcf;
    const ngx_http_order_main_conf_t  *omcf;

    if (ctx->waited) {
        return NGX_DECLINED;
    }

    ctx->waited = 1;
    wait = ctx->wait;

    if (wait == 0) {
        wait = ngx_http_order_push_prefers(r);

        if (wait == 0) {
            return NGX_DECLINED;
        }

        if (ngx_http_order_push_applied(r, wait) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);

    /* a record that took its time, and was overtaken */

    if (ngx_order_trail_next(omcf->trail, &record->id,
                             ngx_order_stamp(record), &change, &seq)
        == NGX_OK)
    {
        return ngx_http_order_status_again(r);
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);
    left = ctx->identity.expires + olcf->verifier.leeway - ngx_time();

    return ngx_http_order_push_hold_for(r, record,
                                  (ngx_msec_t) ngx_min(wait, left) * 1000);
}


/* the seconds of "Prefer: wait=25"; 0: there are none */

static time_t
ngx_http_order_push_prefers(ngx_http_request_t *r)
{
    ngx_int_t               n;
    ngx_str_t               element;
    ngx_http_order_list_t   list;

    static const ngx_str_t  prefer = ngx_string("Prefer");

    ngx_memzero(&list, sizeof(ngx_http_order_list_t));

    while (ngx_http_order_header_next(r, &prefer, &list, &element)
           == NGX_OK)
    {
        if (element.len > 5
            && ngx_strncasecmp(element.data, (u_char *) "wait=", 5) == 0)
        {
            n = ngx_atoi(element.data + 5, element.len - 5);
            return n > 0 ? ngx_min(n, NGX_HTTP_ORDER_WAIT_MAX) : 0;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_order_push_applied(ngx_http_request_t *r, time_t wait)
{
    u_char     *p;
    ngx_str_t   value;

    p = ngx_pnalloc(r->pool, sizeof("wait=") + NGX_TIME_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = (size_t) (ngx_sprintf(p, "wait=%T", wait) - p);

    return ngx_http_order_reply_header(r, "Preference-Applied", &value);
}


static ngx_int_t
ngx_http_order_push_hold_for(ngx_http_request_t *r,
    const ngx_order_record_t *record, ngx_msec_t wait)
{
    ngx_http_cleanup_t                *cln;
    ngx_http_order_hold_t             *hold;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);

    hold = ngx_pcalloc(r->pool, sizeof(ngx_http_order_hold_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (hold == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    hold->request = r;
    hold->push = omcf->push;
    hold->stamp = ngx_order_stamp(record);
    hold->sub.handler = ngx_http_order_push_hold_handler;

    if (ngx_order_hub_join(omcf->hub, &hold->sub, NGX_ORDER_TOPIC_ORDER,
                           &record->id)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&hold->push->holds, &hold->queue);
    hold->push->nholds++;
    ngx_order_metrics_adjust(NGX_ORDER_METRICS_SUBSCRIBERS
                             + NGX_ORDER_LONG_POLL, 1);
    ngx_http_order_push_attend(hold->push);

    cln->handler = ngx_http_order_push_hold_cleanup;
    cln->data = hold;

    hold->timer.handler = ngx_http_order_push_hold_timer;
    hold->timer.data = hold;
    hold->timer.log = r->connection->log;
    ngx_add_timer(&hold->timer, wait);

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_DONE;
}


static void
ngx_http_order_push_hold_handler(ngx_order_sub_t *sub,
    const ngx_order_change_t *change, uint64_t seq)
{
    ngx_http_order_hold_t *hold = (ngx_http_order_hold_t *) sub;

    if (ngx_order_stamp(&change->record) > hold->stamp) {
        ngx_order_metrics_add(NGX_ORDER_METRICS_MESSAGE + NGX_ORDER_LONG_POLL,
                              1);
        ngx_http_order_push_hold_done(hold);
    }
}


static void
ngx_http_order_push_hold_timer(ngx_event_t *ev)
{
    ngx_http_order_push_hold_done(ev->data);
}


static void
ngx_http_order_push_hold_cleanup(void *data)
{
    ngx_http_order_hold_t *hold = data;

    if (hold->sub.topic == NULL) {
        return;
    }

    ngx_order_hub_leave(hold->push->omcf->hub, &hold->sub);

    ngx_queue_remove(&hold->queue);
    hold->push->nholds--;
    ngx_order_metrics_adjust(NGX_ORDER_METRICS_SUBSCRIBERS
                             + NGX_ORDER_LONG_POLL, -1);

    if (hold->timer.timer_set) {
        ngx_del_timer(&hold->timer);
    }
}


static void
ngx_http_order_push_hold_done(ngx_http_order_hold_t *hold)
{
    ngx_connection_t      *c;
    ngx_http_request_t    *r;

    ngx_http_order_push_hold_cleanup(hold);

    r = hold->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_http_finalize_request(r, ngx_http_order_status_again(r));
    ngx_http_run_posted_requests(c);
}


void
ngx_http_order_push_release(ngx_http_order_push_t *push, ngx_uint_t n)
{
    ngx_queue_t  *q;

    while (n-- && !ngx_queue_empty(&push->holds)) {
        q = ngx_queue_head(&push->holds);
        ngx_http_order_push_hold_done(
                           ngx_queue_data(q, ngx_http_order_hold_t, queue));
    }
}
