
/*
 * The labels of the statuses, and the text of a poll made with them; the
 * words of notifications.
 *
 * The feed's worker reads the statuses of all workflows from the database,
 * renders what depends on the status alone, and puts it into the zone; each
 * worker answers from a copy of its own, made anew when the revision moved.
 */


#ifndef _NGX_ORDER_WORKFLOW_H_INCLUDED_
#define _NGX_ORDER_WORKFLOW_H_INCLUDED_


#include <ngx_order_zone.h>
#include <ngx_order_pg.h>


/* bytes of a rendered poll, at most */
#define NGX_ORDER_WORKFLOW_BODY   (NGX_ORDER_STATUS_TEXT + 192)


/* of what, and to whom, a notification is; in the order of the columns */

typedef enum {
    NGX_ORDER_UPDATE_TO_BUYER = 0,
    NGX_ORDER_UPDATE_TO_STAFF,
    NGX_ORDER_CREATION_TO_BUYER,
    NGX_ORDER_CREATION_TO_STAFF,
    NGX_ORDER_STUCK_TO_STAFF           /* behind "after", since when */
} ngx_order_notice_e;


/* its texts, as the insides of JSON strings */

typedef struct {
    ngx_str_t    type;
    ngx_str_t    title;
    ngx_str_t    before;               /* the order number, in the message */
    ngx_str_t    after;
} ngx_order_words_t;


extern const ngx_order_pg_statement_t  ngx_order_workflow_statement;


/* Makes the worker's copy, empty; NULL: no memory. */
ngx_order_statuses_t *ngx_order_workflow_create(ngx_pool_t *pool);

/*
 * Reads the rows of ngx_order_workflow_statement.  A status that does not fit
 * is left out and logged; one whose words do not fit is without them.  NGX_OK,
 * or NGX_ERROR if there is no row.
 */
ngx_int_t ngx_order_workflow_read(ngx_order_statuses_t *labels,
    const ngx_order_pg_query_t *query);

/* The same, into the zone: for the holder of the feed only. */
ngx_int_t ngx_order_workflow_publish(ngx_order_shared_t *shared,
    const ngx_order_pg_query_t *query);

/* Brings the worker's copy up to date with the zone. */
void ngx_order_workflow_update(ngx_order_statuses_t *copy,
    const ngx_order_shared_t *shared);

/*
 * The status of that id from the worker's copy, brought up to date first;
 * NULL if no such status is known.
 */
const ngx_order_status_t *ngx_order_workflow_status(
    ngx_order_statuses_t *copy, const ngx_order_shared_t *shared,
    ngx_uint_t id);

/*
 * Renders the body of a poll into "p", which has room for
 * NGX_ORDER_WORKFLOW_BODY bytes; returns the end.
 */
u_char *ngx_order_workflow_render(u_char *p, const ngx_order_status_t *status,
    const ngx_order_record_t *record);

/* The code of a status: NGX_ORDER_STATUS_CODE_LEN bytes at most, in no need of
 * escaping; valid as long as the status is. */
ngx_str_t ngx_order_workflow_code(const ngx_order_status_t *status);

/* The words of a notification about an order in this status; as valid.
 * NGX_OK, or NGX_DECLINED: they did not fit. */
ngx_int_t ngx_order_workflow_words(const ngx_order_status_t *status,
    ngx_order_notice_e notice, ngx_order_words_t *words);


#endif /* _NGX_ORDER_WORKFLOW_H_INCLUDED_ */
