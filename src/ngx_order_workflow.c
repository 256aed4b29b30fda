
/*
 * The labels of the statuses, and the text of a poll made with them; the
 * words of notifications.
 *
 * The zone holds two sets of labels: the one in use is not written, the
 * other is, and then they change places.  A worker copies the one in use and
 * looks afterwards whether it was still that.
 */


#include <ngx_order_workflow.h>
#include <ngx_order_row.h>
#include <ngx_order_text.h>


/* the columns of api.statuses() */

#define NGX_ORDER_STATUS_ID        0
#define NGX_ORDER_STATUS_CODE      2
#define NGX_ORDER_STATUS_LABEL     3
#define NGX_ORDER_STATUS_EMOJI     4
#define NGX_ORDER_STATUS_MESSAGE   5
#define NGX_ORDER_STATUS_STEP      6
#define NGX_ORDER_STATUS_TOTAL     7
#define NGX_ORDER_STATUS_FINAL     8
#define NGX_ORDER_STATUS_AFTER     9
#define NGX_ORDER_STATUS_REVISION  10
#define NGX_ORDER_STATUS_EPOCH     11
#define NGX_ORDER_STATUS_OPENS     12
#define NGX_ORDER_STATUS_PIECE     13      /* the first of all */


typedef struct {
    ngx_uint_t   column;
    ngx_str_t    member;
} ngx_order_status_member_t;


static ngx_int_t ngx_order_workflow_status_read(ngx_order_status_t *status,
    const ngx_order_pg_query_t *query, ngx_uint_t row);
static ngx_int_t ngx_order_workflow_words_read(ngx_order_status_t *status,
    const ngx_order_pg_query_t *query, ngx_uint_t row);
static u_char *ngx_order_workflow_member(u_char *p, u_char *last,
    const ngx_str_t *member, const ngx_str_t *value);


const ngx_order_pg_statement_t  ngx_order_workflow_statement = {
    ngx_string("statuses"),
    ngx_string("select * from api.statuses()"),
    NGX_ORDER_PG_FILL
};


static const ngx_order_status_member_t  ngx_order_workflow_members[] = {
    { NGX_ORDER_STATUS_CODE,    ngx_string("\",\"status\":\"") },
    { NGX_ORDER_STATUS_LABEL,   ngx_string("\",\"status_label\":\"") },
    { NGX_ORDER_STATUS_EMOJI,   ngx_string("\",\"status_emoji\":\"") },
    { NGX_ORDER_STATUS_MESSAGE, ngx_string("\",\"message\":\"") },
    { 0, ngx_null_string }
};


ngx_order_statuses_t *
ngx_order_workflow_create(ngx_pool_t *pool)
{
    return ngx_pcalloc(pool, sizeof(ngx_order_statuses_t));
}


ngx_int_t
ngx_order_workflow_read(ngx_order_statuses_t *labels,
    const ngx_order_pg_query_t *query)
{
    int64_t     id, epoch, revision;
    ngx_uint_t  row, rows;

    rows = ngx_order_pg_rows(query);
    if (rows == 0) {
        return NGX_ERROR;
    }

    ngx_memzero(labels, sizeof(ngx_order_statuses_t));

    for (row = 0; row < rows; row++) {
        id = ngx_order_row_integer(query, row, NGX_ORDER_STATUS_ID, -1);

        if (id < 0 || id >= NGX_ORDER_STATUSES
            || ngx_order_workflow_status_read(&labels->status[id], query, row)
               != NGX_OK)
        {
            ngx_log_error(NGX_LOG_ERR, query->log, 0,
                          "status %L is left out: its id is not below %d or "
                          "its texts are longer than %d bytes together",
                          id, NGX_ORDER_STATUSES, NGX_ORDER_STATUS_TEXT);
        }
    }

    revision = ngx_order_row_integer(query, 0, NGX_ORDER_STATUS_REVISION, 1);
    epoch = ngx_order_row_integer(query, 0, NGX_ORDER_STATUS_EPOCH, 0);

    labels->stamp = (uint64_t) epoch << 32 | (uint32_t) revision;

    return NGX_OK;
}


ngx_int_t
ngx_order_workflow_publish(ngx_order_shared_t *shared,
    const ngx_order_pg_query_t *query)
{
    ngx_uint_t  next;

    next = !shared->current;

    if (ngx_order_workflow_read(&shared->labels[next], query) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memory_barrier();

    shared->current = next;
    shared->labels_stamp = shared->labels[next].stamp;

    return NGX_OK;
}


static ngx_int_t
ngx_order_workflow_status_read(ngx_order_status_t *status,
    const ngx_order_pg_query_t *query, ngx_uint_t row)
{
    u_char                           *p, *last;
    int64_t                           after;
    ngx_str_t                         code, value;
    const ngx_order_status_member_t  *m;

    code = ngx_order_row_text(query, row, NGX_ORDER_STATUS_CODE);

    if (ngx_order_json_size(&code) > NGX_ORDER_STATUS_CODE_LEN) {
        return NGX_ERROR;
    }

    status->code = (uint16_t) ngx_order_json_size(&code);

    p = status->text;
    last = p + NGX_ORDER_STATUS_TEXT;

    for (m = ngx_order_workflow_members; m->member.len; m++) {
        value = ngx_order_row_text(query, row, m->column);

        p = ngx_order_workflow_member(p, last, &m->member, &value);
        if (p == NULL) {
            return NGX_ERROR;
        }
    }

    p = ngx_slprintf(p, last, "\",\"progress_step\":%L,"
                     "\"progress_total\":%L,\"version\":",
                     ngx_order_row_integer(query, row,
                                           NGX_ORDER_STATUS_STEP, 0),
                     ngx_order_row_integer(query, row,
                                           NGX_ORDER_STATUS_TOTAL, 0));
    status->head = (uint16_t) (p - status->text);

    after = ngx_order_row_integer(query, row, NGX_ORDER_STATUS_AFTER, -1);

    p = ngx_slprintf(p, last, "\",\"final\":%s,\"poll_after\":",
                     ngx_order_row_integer(query, row,
                                           NGX_ORDER_STATUS_FINAL, 0)
                     ? "true" : "false");
    p = (after < 0) ? ngx_slprintf(p, last, "null}")
                    : ngx_slprintf(p, last, "%L}", after);

    if (p == last) {
        status->head = 0;
        return NGX_ERROR;
    }

    status->tail = (uint16_t) (p - status->text - status->head);

    status->opens_delivery = ngx_order_row_integer(query, row,
                                                   NGX_ORDER_STATUS_OPENS, 0)
                             != 0;

    if (ngx_order_workflow_words_read(status, query, row) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, query->log, 0,
                      "pushes say nothing of the notifications of status "
                      "\"%V\": their words are longer than %d bytes together",
                      &code, NGX_ORDER_STATUS_WORDS);
    }

    return NGX_OK;
}


/* The pieces stand one behind the other, behind the poll's texts. */

static ngx_int_t
ngx_order_workflow_words_read(ngx_order_status_t *status,
    const ngx_order_pg_query_t *query, ngx_uint_t row)
{
    u_char      *p, *last;
    size_t       size;
    ngx_str_t    value;
    ngx_uint_t   i;

    p = status->text + status->head + status->tail;
    last = status->text + sizeof(status->text);

    for (i = 0; i < NGX_ORDER_STATUS_PIECES; i++) {
        value = ngx_order_row_text(query, row, NGX_ORDER_STATUS_PIECE + i);

        size = ngx_order_json_size(&value);

        if (size > (size_t) (last - p)) {
            ngx_memzero(status->words, sizeof(status->words));
            return NGX_ERROR;
        }

        p = ngx_order_json_escape(p, &value);
        status->words[i] = (uint16_t) size;
    }

    return NGX_OK;
}


static u_char *
ngx_order_workflow_member(u_char *p, u_char *last, const ngx_str_t *member,
    const ngx_str_t *value)
{
    if (member->len + ngx_order_json_size(value) > (size_t) (last - p)) {
        return NULL;
    }

    p = ngx_cpymem(p, member->data, member->len);

    return ngx_order_json_escape(p, value);
}


void
ngx_order_workflow_update(ngx_order_statuses_t *copy,
    const ngx_order_shared_t *shared)
{
    ngx_uint_t  current;

    while (copy->stamp < shared->labels_stamp) {
        current = shared->current;
        ngx_memcpy(copy, &shared->labels[current],
                   sizeof(ngx_order_statuses_t));
        ngx_memory_barrier();

        if (current == shared->current) {
            break;
        }

        copy->stamp = 0;
    }
}


const ngx_order_status_t *
ngx_order_workflow_status(ngx_order_statuses_t *copy,
    const ngx_order_shared_t *shared, ngx_uint_t id)
{
    if (copy->stamp < shared->labels_stamp) {
        ngx_order_workflow_update(copy, shared);
    }

    if (id >= NGX_ORDER_STATUSES || copy->status[id].head == 0) {
        return NULL;
    }

    return &copy->status[id];
}


u_char *
ngx_order_workflow_render(u_char *p, const ngx_order_status_t *status,
    const ngx_order_record_t *record)
{
    p = ngx_cpymem(p, "{\"order_id\":\"", sizeof("{\"order_id\":\"") - 1);
    p = ngx_order_id_print(p, &record->id);

    p = ngx_cpymem(p, "\",\"order_number\":\"",
                   sizeof("\",\"order_number\":\"") - 1);
    p = ngx_cpymem(p, record->number, record->number_len);

    p = ngx_cpymem(p, status->text, status->head);
    p = ngx_order_integer_print(p, record->version);

    p = ngx_cpymem(p, ",\"updated_at\":\"", sizeof(",\"updated_at\":\"") - 1);
    p = ngx_order_time_print(p, record->updated);

    return ngx_cpymem(p, status->text + status->head, status->tail);
}


ngx_str_t
ngx_order_workflow_code(const ngx_order_status_t *status)
{
    ngx_str_t  code;

    code.data = (u_char *) status->text
                + ngx_order_workflow_members[0].member.len;
    code.len = status->code;

    return code;
}


ngx_int_t
ngx_order_workflow_words(const ngx_order_status_t *status,
    ngx_order_notice_e notice, ngx_order_words_t *words)
{
    u_char          *p;
    ngx_uint_t       i;
    const uint16_t  *len;

    p = (u_char *) status->text + status->head + status->tail;

    for (i = 0; i < notice * NGX_ORDER_STATUS_PARTS; i++) {
        p += status->words[i];
    }

    len = &status->words[i];

    words->type.data = p;
    words->type.len = *len++;

    words->title.data = words->type.data + words->type.len;
    words->title.len = *len++;

    words->before.data = words->title.data + words->title.len;
    words->before.len = *len++;

    words->after.data = words->before.data + words->before.len;
    words->after.len = *len;

    return words->type.len ? NGX_OK : NGX_DECLINED;
}
