
/*
 * The labels of the statuses, and the text of a poll made with them.
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


extern const ngx_order_pg_statement_t  ngx_order_workflow_statement;


/* Makes the worker's copy, empty; NULL: no memory. */
ngx_order_statuses_t *ngx_order_workflow_create(ngx_pool_t *pool);

/*
 * Reads the rows of ngx_order_workflow_statement.  A status that does not fit
 * is left out and logged.  NGX_OK, or NGX_ERROR if there is no row.
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


#endif /* _NGX_ORDER_WORKFLOW_H_INCLUDED_ */
