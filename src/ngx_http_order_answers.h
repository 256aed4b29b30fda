
/*
 * What routes answer when all is well, for /api/openapi.json.
 */


#ifndef _NGX_HTTP_ORDER_ANSWERS_H_INCLUDED_
#define _NGX_HTTP_ORDER_ANSWERS_H_INCLUDED_


#include <ngx_http_order_route.h>
#include <ngx_http_order_fields.h>


/* a member that is always there, and one that may be null or missing */

#define ngx_http_order_has(name, type)                                       \
    ngx_http_order_field(name, BODY, type, 1, 0, 0)

#define ngx_http_order_may(name, type)                                       \
    ngx_http_order_field(name, BODY, type, 0, 0, 0)

#define ngx_http_order_hold(name, type, fields)                              \
    ngx_http_order_part(name, type, 1, 0, 0, ngx_http_order_##fields##_members)

#define ngx_http_order_lend(name, type, fields)                              \
    ngx_http_order_part(name, type, 0, 0, 0, ngx_http_order_##fields##_members)

/* the members of an object of any names, or the elements of an array */

#define ngx_http_order_each(type)                                            \
    ngx_http_order_field("*", BODY, type, 1, 0, 0)

#define ngx_http_order_each_of(fields)                                       \
    ngx_http_order_hold("*", OBJECT, fields)

#define ngx_http_order_members(name)                                         \
    static const ngx_order_field_t  ngx_http_order_##name##_members[]

/* an answer: schema, status, is it a list, members */

#define ngx_http_order_answers(name, schema, status, list, members)          \
    const ngx_http_order_answer_t  ngx_http_order_answer_##name = {          \
        ngx_string(schema), status, list,                                    \
        ngx_http_order_##members##_members, 0                                \
    }

/* an answer that is a stream of messages: its status, and of which */

#define ngx_http_order_streams(name, status, messages)                       \
    const ngx_http_order_answer_t  ngx_http_order_answer_##name = {          \
        ngx_null_string, status, 0, NULL, messages                           \
    }


/* a message of a stream */

typedef struct {
    ngx_str_t                  name;   /* of its schema */
    ngx_uint_t                 where;  /* NGX_HTTP_ORDER_OF_* and _TO_* */
    const ngx_order_field_t   *fields;
} ngx_http_order_message_t;


/* All of them; the last one has an empty name. */
extern const ngx_http_order_message_t  ngx_http_order_messages[];

extern const ngx_order_field_t  ngx_http_order_poll_members[];


extern const ngx_http_order_answer_t  ngx_http_order_answer_nothing;
extern const ngx_http_order_answer_t  ngx_http_order_answer_poll;

extern const ngx_http_order_answer_t  ngx_http_order_answer_openapi;
extern const ngx_http_order_answer_t  ngx_http_order_answer_login;
extern const ngx_http_order_answer_t  ngx_http_order_answer_success;
extern const ngx_http_order_answer_t  ngx_http_order_answer_me;
extern const ngx_http_order_answer_t  ngx_http_order_answer_stores;
extern const ngx_http_order_answer_t  ngx_http_order_answer_products;
extern const ngx_http_order_answer_t  ngx_http_order_answer_product;
extern const ngx_http_order_answer_t  ngx_http_order_answer_workflow;

extern const ngx_http_order_answer_t  ngx_http_order_answer_cart_item;
extern const ngx_http_order_answer_t  ngx_http_order_answer_cart_added;
extern const ngx_http_order_answer_t  ngx_http_order_answer_cart;
extern const ngx_http_order_answer_t  ngx_http_order_answer_placed;
extern const ngx_http_order_answer_t  ngx_http_order_answer_from_cart;
extern const ngx_http_order_answer_t  ngx_http_order_answer_paid;

extern const ngx_http_order_answer_t  ngx_http_order_answer_bare;
extern const ngx_http_order_answer_t  ngx_http_order_answer_bare_created;
extern const ngx_http_order_answer_t  ngx_http_order_answer_bare_list;
extern const ngx_http_order_answer_t  ngx_http_order_answer_bare_checkout;
extern const ngx_http_order_answer_t  ngx_http_order_answer_full;
extern const ngx_http_order_answer_t  ngx_http_order_answer_full_created;
extern const ngx_http_order_answer_t  ngx_http_order_answer_list;
extern const ngx_http_order_answer_t  ngx_http_order_answer_checkout;
extern const ngx_http_order_answer_t  ngx_http_order_answer_found;
extern const ngx_http_order_answer_t  ngx_http_order_answer_detailed;
extern const ngx_http_order_answer_t  ngx_http_order_answer_stats;

extern const ngx_http_order_answer_t  ngx_http_order_answer_updated;
extern const ngx_http_order_answer_t  ngx_http_order_answer_managed;
extern const ngx_http_order_answer_t  ngx_http_order_answer_manager;
extern const ngx_http_order_answer_t  ngx_http_order_answer_status;
extern const ngx_http_order_answer_t  ngx_http_order_answer_disputed;
extern const ngx_http_order_answer_t  ngx_http_order_answer_tasks;
extern const ngx_http_order_answer_t  ngx_http_order_answer_task;

extern const ngx_http_order_answer_t  ngx_http_order_answer_timeline;
extern const ngx_http_order_answer_t  ngx_http_order_answer_history;
extern const ngx_http_order_answer_t  ngx_http_order_answer_tracking;
extern const ngx_http_order_answer_t  ngx_http_order_answer_notifications;
extern const ngx_http_order_answer_t  ngx_http_order_answer_notification;
extern const ngx_http_order_answer_t  ngx_http_order_answer_received;
extern const ngx_http_order_answer_t  ngx_http_order_answer_analytics;

extern const ngx_http_order_answer_t  ngx_http_order_answer_endpoint;
extern const ngx_http_order_answer_t  ngx_http_order_answer_endpoint_added;
extern const ngx_http_order_answer_t  ngx_http_order_answer_endpoint_secret;
extern const ngx_http_order_answer_t  ngx_http_order_answer_endpoints;
extern const ngx_http_order_answer_t  ngx_http_order_answer_delivery;
extern const ngx_http_order_answer_t  ngx_http_order_answer_delivery_added;
extern const ngx_http_order_answer_t  ngx_http_order_answer_deliveries;

extern const ngx_http_order_answer_t  ngx_http_order_answer_order_events;
extern const ngx_http_order_answer_t  ngx_http_order_answer_events;
extern const ngx_http_order_answer_t  ngx_http_order_answer_ws;


#endif /* _NGX_HTTP_ORDER_ANSWERS_H_INCLUDED_ */
