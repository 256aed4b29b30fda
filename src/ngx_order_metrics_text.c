
/*
 * What the database says of the shop, kept for all who ask a worker.
 *
 * The writer, who holds the feed, writes the text that is not in use and then
 * turns the index.  A writer that was stopped and comes back may write where
 * its successor does: a text counts if its checksum does.
 */


#include <ngx_order_metrics.h>


void
ngx_order_metrics_tell(ngx_order_metrics_t *metrics, const ngx_str_t *text)
{
    ngx_uint_t                 next;
    ngx_order_metrics_text_t  *slot;

    next = !metrics->text;
    slot = &metrics->texts[next];

    slot->len = (uint32_t) text->len;
    slot->time = ngx_current_msec;
    ngx_memcpy(slot->data, text->data, text->len);
    slot->crc = ngx_crc32_long(text->data, text->len);

    ngx_memory_barrier();

    metrics->text = next;
}


ngx_int_t
ngx_order_metrics_told(const ngx_order_metrics_t *metrics, ngx_str_t *text,
    ngx_msec_t *age)
{
    ngx_uint_t                       i, n;
    const ngx_order_metrics_text_t  *slot;

    n = metrics->text;

    for (i = 0; i < 2; i++) {
        slot = &metrics->texts[(n + i) & 1];

        text->len = slot->len;
        *age = ngx_current_msec - slot->time;

        if ((ngx_msec_int_t) *age < 0) {
            *age = 0;
        }

        if (slot->time == 0 || text->len > NGX_ORDER_METRICS_TEXT) {
            continue;
        }

        ngx_memcpy(text->data, slot->data, text->len);

        if (ngx_crc32_long(text->data, text->len) == slot->crc) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
