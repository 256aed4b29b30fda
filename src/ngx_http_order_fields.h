
/*
 * What requests bring: the fields of each route, in the order of the
 * parameters of its SQL function.
 */


#ifndef _NGX_HTTP_ORDER_FIELDS_H_INCLUDED_
#define _NGX_HTTP_ORDER_FIELDS_H_INCLUDED_


#include <ngx_order_input.h>


/* name, place (BODY, PATH, QUERY, HEADER), type, required, min, max */

#define ngx_http_order_field(name, in, type, required, min, max)             \
    { ngx_string(name), NGX_ORDER_IN_##in, NGX_ORDER_##type, required,       \
      min, max, NULL, NULL }

/* words, separated by "|" */

#define ngx_http_order_enum(name, in, required, words)                       \
    { ngx_string(name), NGX_ORDER_IN_##in, NGX_ORDER_ENUM, required, 0, 0,   \
      words, NULL }

/* an OBJECT with at most "max" bytes, or an ARRAY with "min" to "max"
 * elements, in a body; "fields" may be NULL: any */

#define ngx_http_order_part(name, type, required, min, max, fields)          \
    { ngx_string(name), NGX_ORDER_IN_BODY, NGX_ORDER_##type, required,       \
      min, max, NULL, fields }

#define ngx_http_order_last                                                  \
    { ngx_null_string, NGX_ORDER_IN_BODY, NGX_ORDER_TEXT, 0, 0, 0, NULL,     \
      NULL }


/* the numbers of fields that handlers read themselves */

#define NGX_HTTP_ORDER_POLL_WAIT      2    /* seconds; the last one */

#define NGX_HTTP_ORDER_PUSH_PLACE     0    /* last_event_id */
#define NGX_HTTP_ORDER_EVENTS_HEADER  1    /* Last-Event-ID */
#define NGX_HTTP_ORDER_EVENTS_ORDER   2    /* id or number, of one order's */
#define NGX_HTTP_ORDER_WS_SUBSCRIBE   1    /* "all" or "none" */


extern const ngx_order_field_t  ngx_http_order_no_fields[];
extern const ngx_order_field_t  ngx_http_order_poll_fields[];
extern const ngx_order_field_t  ngx_http_order_id_fields[];
extern const ngx_order_field_t  ngx_http_order_order_fields[];
extern const ngx_order_field_t  ngx_http_order_page_fields[];

extern const ngx_order_field_t  ngx_http_order_login_fields[];
extern const ngx_order_field_t  ngx_http_order_products_fields[];
extern const ngx_order_field_t  ngx_http_order_workflow_fields[];

extern const ngx_order_field_t  ngx_http_order_cart_add_fields[];
extern const ngx_order_field_t  ngx_http_order_cart_update_fields[];
extern const ngx_order_field_t  ngx_http_order_place_fields[];
extern const ngx_order_field_t  ngx_http_order_from_cart_fields[];
extern const ngx_order_field_t  ngx_http_order_create_fields[];
extern const ngx_order_field_t  ngx_http_order_checkout_fields[];
extern const ngx_order_field_t  ngx_http_order_paid_fields[];

extern const ngx_order_field_t  ngx_http_order_list_fields[];
extern const ngx_order_field_t  ngx_http_order_user_fields[];
extern const ngx_order_field_t  ngx_http_order_user_list_fields[];
extern const ngx_order_field_t  ngx_http_order_buyer_fields[];
extern const ngx_order_field_t  ngx_http_order_seller_fields[];
extern const ngx_order_field_t  ngx_http_order_search_fields[];
extern const ngx_order_field_t  ngx_http_order_manager_fields[];
extern const ngx_order_field_t  ngx_http_order_tasks_fields[];
extern const ngx_order_field_t  ngx_http_order_notifications_fields[];
extern const ngx_order_field_t  ngx_http_order_analytics_fields[];

extern const ngx_order_field_t  ngx_http_order_update_fields[];
extern const ngx_order_field_t  ngx_http_order_manage_fields[];
extern const ngx_order_field_t  ngx_http_order_change_fields[];
extern const ngx_order_field_t  ngx_http_order_set_status_fields[];
extern const ngx_order_field_t  ngx_http_order_patch_fields[];
extern const ngx_order_field_t  ngx_http_order_cancel_fields[];
extern const ngx_order_field_t  ngx_http_order_delete_fields[];
extern const ngx_order_field_t  ngx_http_order_dispute_fields[];
extern const ngx_order_field_t  ngx_http_order_task_fields[];
extern const ngx_order_field_t  ngx_http_order_task_status_fields[];
extern const ngx_order_field_t  ngx_http_order_read_fields[];

extern const ngx_order_field_t  ngx_http_order_endpoint_add_fields[];
extern const ngx_order_field_t  ngx_http_order_endpoint_change_fields[];
extern const ngx_order_field_t  ngx_http_order_endpoint_act_fields[];
extern const ngx_order_field_t  ngx_http_order_deliveries_fields[];

extern const ngx_order_field_t  ngx_http_order_order_events_fields[];
extern const ngx_order_field_t  ngx_http_order_events_fields[];
extern const ngx_order_field_t  ngx_http_order_ws_fields[];

extern const ngx_order_field_t  ngx_http_order_payment_fields[];
extern const ngx_order_field_t  ngx_http_order_escrow_fields[];
extern const ngx_order_field_t  ngx_http_order_shipping_fields[];


#endif /* _NGX_HTTP_ORDER_FIELDS_H_INCLUDED_ */
