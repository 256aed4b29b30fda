
/*
 * Messages that many clients share: a change is rendered once for each dress,
 * words and dialect that somebody has, and the same bytes go to all of them.
 */


#include <ngx_http_order_push_int.h>


static ngx_int_t ngx_http_order_push_render(ngx_http_order_client_t *client,
    ngx_http_order_frame_t *frame, const ngx_order_change_t *change,
    ngx_uint_t telling);


ngx_int_t
ngx_http_order_push_frame(ngx_http_order_client_t *client,
    const ngx_order_change_t *change, uint64_t seq, ngx_uint_t telling)
{
    ngx_http_order_frame_t  *frame, **p;

    p = &client->push->frames[client->dress->index][telling][client->dialect];
    frame = *p;

    if (frame == NULL) {
        frame = ngx_palloc(ngx_cycle->pool, sizeof(ngx_http_order_frame_t));
        if (frame == NULL) {
            return NGX_DECLINED;
        }

        frame->seq = 0;
        *p = frame;
    }

    if (frame->seq != seq || seq == 0) {
        frame->seq = seq;

        if (ngx_http_order_push_render(client, frame, change, telling)
            != NGX_OK)
        {
            frame->len = 0;
        }
    }

    if (frame->len == 0) {
        return NGX_DECLINED;
    }

    if (ngx_http_order_push_send(client, frame->data, frame->len) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_order_metrics_add(NGX_ORDER_METRICS_MESSAGE
                          + client->dress->transport, 1);

    return NGX_OK;
}


static ngx_int_t
ngx_http_order_push_render(ngx_http_order_client_t *client,
    ngx_http_order_frame_t *frame, const ngx_order_change_t *change,
    ngx_uint_t telling)
{
    u_char                            *p, body[NGX_ORDER_EVENT_BODY],
                                       text[NGX_ORDER_EVENT_ID];
    ngx_str_t                          id, json, event;
    ngx_order_place_t                  place;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = client->push->omcf;

    place.epoch = change->record.epoch;
    place.version = change->record.version;
    place.generation = ngx_order_ring_generation(omcf->zone->ring);
    place.seq = frame->seq ? frame->seq : ngx_http_order_push_seq(client);

    if (telling == NGX_HTTP_ORDER_DELIVERY) {
        ngx_str_set(&event, "delivery_request");
        p = ngx_order_event_delivery(body, omcf->labels, omcf->zone->shared,
                                     change, &place);

    } else if (telling == NGX_HTTP_ORDER_NOTICE) {
        ngx_str_set(&event, "notification");
        p = ngx_order_event_notice(body, omcf->labels, omcf->zone->shared,
                                   change, &place);

    } else {
        if (client->dialect == NGX_ORDER_UPDATE) {
            ngx_str_set(&event, "order_update");

        } else {
            ngx_str_set(&event, "order_status_update");
        }

        p = ngx_order_event_change(body, omcf->labels, omcf->zone->shared,
                                   change, &place,
                                   (ngx_order_audience_e) telling,
                                   (ngx_order_dialect_e) client->dialect);
    }

    if (p == NULL) {
        return NGX_DECLINED;
    }

    json.data = body;
    json.len = (size_t) (p - body);
    id.data = text;
    id.len = (size_t) (ngx_order_place_print(text, &place) - text);

    p = client->dress->wrap(frame->data, &event, &id, &json);
    frame->len = (size_t) (p - frame->data);

    return NGX_OK;
}
