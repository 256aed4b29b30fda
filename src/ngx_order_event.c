
/*
 * A change -> JSON.  What depends on a status alone was escaped when the
 * labels were read; ids, order numbers and codes need no escaping; the name
 * of who changed the order is the one text that does.
 */


#include <ngx_order_event.h>
#include <ngx_order_text.h>


#define ngx_order_event_put(p, text)                                         \
    ngx_cpymem(p, text, sizeof(text) - 1)


static u_char *ngx_order_event_order(u_char *p,
    const ngx_order_change_t *change, const ngx_order_status_t *status,
    const ngx_order_status_t *old);
static u_char *ngx_order_event_actor(u_char *p,
    const ngx_order_change_t *change);
static u_char *ngx_order_event_notification(u_char *p,
    const ngx_order_change_t *change, const ngx_order_status_t *status,
    const ngx_order_status_t *old, ngx_order_audience_e audience);
static u_char *ngx_order_event_words(u_char *p,
    const ngx_order_change_t *change, const ngx_order_status_t *status,
    const ngx_order_status_t *old, ngx_order_notice_e notice);
static u_char *ngx_order_event_minute(u_char *p, int64_t usec);
static u_char *ngx_order_event_code(u_char *p,
    const ngx_order_status_t *status);
static u_char *ngx_order_event_number(u_char *p,
    const ngx_order_record_t *record);
static u_char *ngx_order_event_string(u_char *p, const ngx_str_t *text);


static const ngx_order_id_t  ngx_order_event_nobody;


/* the database stores a notification of it for somebody */

#define ngx_order_event_notifies(change)                                     \
    (!(change)->record.deleted                                               \
     && (change)->old_status != (change)->record.status)


ngx_uint_t
ngx_order_event_noticed(const ngx_order_identity_t *identity,
    const ngx_order_change_t *change)
{
    return !ngx_order_id_eq(&identity->user, &ngx_order_event_nobody)
           && ngx_order_id_eq(&identity->user, &change->record.seller);
}


ngx_order_audience_e
ngx_order_event_audience(const ngx_order_identity_t *identity,
    const ngx_order_change_t *change)
{
    if (!ngx_order_event_notifies(change)) {
        return NGX_ORDER_TO_OTHERS;
    }

    if (!ngx_order_id_eq(&identity->user, &ngx_order_event_nobody)) {

        if (ngx_order_id_eq(&identity->user, &change->record.buyer)) {
            return NGX_ORDER_TO_BUYER;
        }

        if (ngx_order_id_eq(&identity->user, &change->record.seller)) {
            return NGX_ORDER_TO_STAFF;
        }
    }

    /* admins are not told of new orders */

    if (identity->role == NGX_ORDER_ADMIN && change->admins
        && change->old_status != NGX_ORDER_NO_STATUS)
    {
        return NGX_ORDER_TO_STAFF;
    }

    return NGX_ORDER_TO_OTHERS;
}


u_char *
ngx_order_event_change(u_char *p, ngx_order_statuses_t *labels,
    const ngx_order_shared_t *shared, const ngx_order_change_t *change,
    const ngx_order_place_t *place, ngx_order_audience_e audience,
    ngx_order_dialect_e dialect)
{
    const ngx_order_status_t  *status, *old;

    old = NULL;

    if (change->old_status != NGX_ORDER_NO_STATUS) {
        old = ngx_order_workflow_status(labels, shared, change->old_status);
        if (old == NULL) {
            return NULL;
        }
    }

    status = ngx_order_workflow_status(labels, shared, change->record.status);
    if (status == NULL) {
        return NULL;
    }

    if (dialect == NGX_ORDER_UPDATE) {
        p = ngx_order_event_put(p, "{\"type\":\"order_update\",\"id\":\"");
        p = ngx_order_place_print(p, place);
        p = ngx_order_event_put(p, "\",\"orderId\":\"");
        p = ngx_order_id_print(p, &change->record.id);
        p = ngx_order_event_put(p, "\",\"update\":");

    } else {
        p = ngx_order_event_put(p, "{\"type\":\"order_status_update\","
                                   "\"id\":\"");
        p = ngx_order_place_print(p, place);
        p = ngx_order_event_put(p, "\",\"order\":");
    }

    p = ngx_order_event_order(p, change, status, old);

    if (!change->record.deleted) {
        p = ngx_order_event_put(p, ",\"state\":");
        p = ngx_order_workflow_render(p, status, &change->record);
    }

    p = ngx_order_event_notification(p, change, status, old, audience);
    *p++ = '}';

    return p;
}


static u_char *
ngx_order_event_order(u_char *p, const ngx_order_change_t *change,
    const ngx_order_status_t *status, const ngx_order_status_t *old)
{
    const ngx_order_record_t  *record;

    record = &change->record;

    p = ngx_order_event_put(p, "{\"_id\":\"");
    p = ngx_order_id_print(p, &record->id);
    p = ngx_order_event_put(p, "\",\"orderNumber\":\"");
    p = ngx_order_event_number(p, record);
    p = ngx_order_event_put(p, "\",\"status\":");
    p = ngx_order_event_code(p, status);
    p = ngx_order_event_put(p, ",\"oldStatus\":");
    p = ngx_order_event_code(p, old);
    p = ngx_order_event_put(p, ",\"updatedBy\":");
    p = ngx_order_event_actor(p, change);
    p = ngx_order_event_put(p, ",\"updatedAt\":\"");
    p = ngx_order_time_print(p, record->updated);
    p = ngx_order_event_put(p, "\",\"version\":");
    p = ngx_order_integer_print(p, record->version);

    p = record->final ? ngx_order_event_put(p, ",\"final\":true")
                      : ngx_order_event_put(p, ",\"final\":false");

    return record->deleted ? ngx_order_event_put(p, ",\"deleted\":true}")
                           : ngx_order_event_put(p, ",\"deleted\":false}");
}


static u_char *
ngx_order_event_actor(u_char *p, const ngx_order_change_t *change)
{
    ngx_str_t  name;

    if (ngx_order_id_eq(&change->actor, &ngx_order_event_nobody)) {
        return ngx_order_event_put(p, "{\"_id\":\"system\","
                                      "\"name\":\"System\"}");
    }

    name.data = (u_char *) change->name;
    name.len = ngx_min(change->name_len, NGX_ORDER_ACTOR_NAME);

    p = ngx_order_event_put(p, "{\"_id\":\"");
    p = ngx_order_id_print(p, &change->actor);
    p = ngx_order_event_put(p, "\",\"name\":\"");
    p = ngx_order_json_escape(p, &name);

    return ngx_order_event_put(p, "\"}");
}


/* As the database stored it: nothing where it stored none. */

static u_char *
ngx_order_event_notification(u_char *p, const ngx_order_change_t *change,
    const ngx_order_status_t *status, const ngx_order_status_t *old,
    ngx_order_audience_e audience)
{
    u_char              *last;
    ngx_order_notice_e   notice;

    if (audience == NGX_ORDER_TO_OTHERS
        || !ngx_order_event_notifies(change))
    {
        return p;
    }

    if (audience == NGX_ORDER_TO_BUYER) {
        notice = old ? NGX_ORDER_UPDATE_TO_BUYER
                     : NGX_ORDER_CREATION_TO_BUYER;

    } else {
        notice = old ? NGX_ORDER_UPDATE_TO_STAFF
                     : NGX_ORDER_CREATION_TO_STAFF;
    }

    last = ngx_order_event_words(p, change, status, old, notice);

    return last ? last : p;
}


u_char *
ngx_order_event_notice(u_char *p, ngx_order_statuses_t *labels,
    const ngx_order_shared_t *shared, const ngx_order_change_t *change,
    const ngx_order_place_t *place)
{
    const ngx_order_status_t  *status;

    status = ngx_order_workflow_status(labels, shared, change->record.status);
    if (status == NULL) {
        return NULL;
    }

    p = ngx_order_event_put(p, "{\"type\":\"notification\",\"id\":\"");
    p = ngx_order_place_print(p, place);
    *p++ = '"';

    p = ngx_order_event_words(p, change, status, NULL,
                              NGX_ORDER_STUCK_TO_STAFF);
    if (p == NULL) {
        return NULL;
    }

    *p++ = '}';

    return p;
}


/* The member "notification"; NULL: its words did not fit. */

static u_char *
ngx_order_event_words(u_char *p, const ngx_order_change_t *change,
    const ngx_order_status_t *status, const ngx_order_status_t *old,
    ngx_order_notice_e notice)
{
    ngx_order_words_t          words;
    const ngx_order_record_t  *record;

    if (ngx_order_workflow_words(status, notice, &words) != NGX_OK) {
        return NULL;
    }

    record = &change->record;

    p = ngx_order_event_put(p, ",\"notification\":{\"type\":\"");
    p = ngx_order_event_string(p, &words.type);
    p = ngx_order_event_put(p, "\",\"title\":\"");
    p = ngx_order_event_string(p, &words.title);
    p = ngx_order_event_put(p, "\",\"message\":\"");
    p = ngx_order_event_string(p, &words.before);
    p = ngx_order_event_number(p, record);
    p = ngx_order_event_string(p, &words.after);

    if (notice == NGX_ORDER_STUCK_TO_STAFF) {
        p = ngx_order_event_minute(p, change->stuck_since);
        p = ngx_order_event_put(p, "\",\"priority\":\"high\"");

    } else {
        p = ngx_order_event_put(p, "\",\"priority\":\"medium\"");
    }

    p = ngx_order_event_put(p, ",\"createdAt\":\"");
    p = ngx_order_time_print(p, record->updated);
    p = ngx_order_event_put(p, "\",\"data\":{\"orderId\":\"");
    p = ngx_order_id_print(p, &record->id);
    p = ngx_order_event_put(p, "\",\"orderNumber\":\"");
    p = ngx_order_event_number(p, record);
    p = ngx_order_event_put(p, "\",\"status\":");
    p = ngx_order_event_code(p, status);

    if (old) {
        p = ngx_order_event_put(p, ",\"oldStatus\":");
        p = ngx_order_event_code(p, old);
    }

    return ngx_order_event_put(p, "}}");
}


/* 2026-11-21 02:12 UTC */

static u_char *
ngx_order_event_minute(u_char *p, int64_t usec)
{
    u_char  text[24];

    (void) ngx_order_time_print(text, usec);

    p = ngx_cpymem(p, text, 10);
    *p++ = ' ';
    p = ngx_cpymem(p, text + 11, 5);

    return ngx_order_event_put(p, " UTC");
}


u_char *
ngx_order_event_delivery(u_char *p, ngx_order_statuses_t *labels,
    const ngx_order_shared_t *shared, const ngx_order_change_t *change,
    const ngx_order_place_t *place)
{
    ngx_uint_t                 open, was_open;
    const ngx_order_record_t  *record;
    const ngx_order_status_t  *status, *old;

    /* a new order has no task, whatever its status */

    if (change->old_status == NGX_ORDER_NO_STATUS) {
        return NULL;
    }

    record = &change->record;

    old = ngx_order_workflow_status(labels, shared, change->old_status);
    status = ngx_order_workflow_status(labels, shared, record->status);

    if (status == NULL || old == NULL) {
        return NULL;
    }

    was_open = old->opens_delivery;
    open = status->opens_delivery && !record->deleted
           && ngx_order_id_eq(&record->driver, &ngx_order_event_nobody);

    if (open == was_open) {
        return NULL;
    }

    p = ngx_order_event_put(p, "{\"type\":\"delivery_request\",\"id\":\"");
    p = ngx_order_place_print(p, place);
    p = ngx_order_event_put(p, "\",\"order\":{\"_id\":\"");
    p = ngx_order_id_print(p, &record->id);
    p = ngx_order_event_put(p, "\",\"orderNumber\":\"");
    p = ngx_order_event_number(p, record);
    p = ngx_order_event_put(p, "\",\"version\":");
    p = ngx_order_integer_print(p, record->version);
    p = ngx_order_event_put(p, ",\"updatedAt\":\"");
    p = ngx_order_time_print(p, record->updated);

    return open ? ngx_order_event_put(p, "\"},\"open\":true}")
                : ngx_order_event_put(p, "\"},\"open\":false}");
}


/* NULL: there is none */

static u_char *
ngx_order_event_code(u_char *p, const ngx_order_status_t *status)
{
    ngx_str_t  code;

    if (status == NULL) {
        return ngx_order_event_put(p, "null");
    }

    code = ngx_order_workflow_code(status);

    *p++ = '"';
    p = ngx_order_event_string(p, &code);
    *p++ = '"';

    return p;
}


static u_char *
ngx_order_event_number(u_char *p, const ngx_order_record_t *record)
{
    return ngx_cpymem(p, record->number, record->number_len);
}


static u_char *
ngx_order_event_string(u_char *p, const ngx_str_t *text)
{
    return ngx_cpymem(p, text->data, text->len);
}
