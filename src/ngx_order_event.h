
/*
 * What a subscriber is told, as JSON: the same text for Server-Sent Events
 * and WebSocket (S3, S4).
 */


#ifndef _NGX_ORDER_EVENT_H_INCLUDED_
#define _NGX_ORDER_EVENT_H_INCLUDED_


#include <ngx_order_place.h>
#include <ngx_order_ring.h>
#include <ngx_order_workflow.h>


/* bytes of a message about a change, at most */
#define NGX_ORDER_EVENT_BODY   3072


/* whose words a message has */

typedef enum {
    NGX_ORDER_TO_BUYER = 0,
    NGX_ORDER_TO_STAFF,                /* the seller, and admins where the
                                          store notifies them */
    NGX_ORDER_TO_OTHERS,               /* nobody who is notified */
    NGX_ORDER_AUDIENCES
} ngx_order_audience_e;


/* which document's message */

typedef enum {
    NGX_ORDER_STATUS_UPDATE = 0,       /* S3: order_status_update */
    NGX_ORDER_UPDATE,                  /* S4: order_update */
    NGX_ORDER_DIALECTS
} ngx_order_dialect_e;


/* Is this caller the one who is told of a notice. */
ngx_uint_t ngx_order_event_noticed(const ngx_order_identity_t *identity,
    const ngx_order_change_t *change);

/*
 * Whose words this caller is told of this change: NGX_ORDER_TO_OTHERS where
 * the database stored no notification of it for him, so that one text does
 * for all when nobody is notified.
 */
ngx_order_audience_e ngx_order_event_audience(
    const ngx_order_identity_t *identity, const ngx_order_change_t *change);

/*
 * Renders a change into "p", which has room for NGX_ORDER_EVENT_BODY bytes;
 * returns the end, or NULL where the status or the one before is not known:
 * not yet, or, once the labels are those of the change, not any more.  The
 * notification's createdAt is the order's updatedAt.
 */
u_char *ngx_order_event_change(u_char *p, ngx_order_statuses_t *labels,
    const ngx_order_shared_t *shared, const ngx_order_change_t *change,
    const ngx_order_place_t *place, ngx_order_audience_e audience,
    ngx_order_dialect_e dialect);

/*
 * Renders a notice, {"type":"notification",…}, as the database stored it: the
 * notification that an order is stuck, to its seller.  Returns the end, or
 * NULL where the status is not known, or its words did not fit.
 */
u_char *ngx_order_event_notice(u_char *p, ngx_order_statuses_t *labels,
    const ngx_order_shared_t *shared, const ngx_order_change_t *change,
    const ngx_order_place_t *place);

/*
 * Renders that a delivery is open for drivers to take, or is not any more:
 * {"type":"delivery_request",…}.  It opens when the order comes to a status
 * that opens deliveries and has no driver.  It closes when the order leaves
 * that status or is deleted, or has a driver there, which may be told again
 * with each change until it leaves.  Returns the end, or NULL where this
 * change does not concern drivers at large, or a status is not known.
 */
u_char *ngx_order_event_delivery(u_char *p, ngx_order_statuses_t *labels,
    const ngx_order_shared_t *shared, const ngx_order_change_t *change,
    const ngx_order_place_t *place);


#endif /* _NGX_ORDER_EVENT_H_INCLUDED_ */
