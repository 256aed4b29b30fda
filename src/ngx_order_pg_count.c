
/*
 * What is counted of queries and of the pool's sessions.
 *
 * A query counts when it is answered; one whose caller went away, when the
 * server has answered it.  A session outside of the pool is the feed's, or
 * loads the zone.  What standbys are asked is counted by its caller.
 */


#include <ngx_order_pg_int.h>
#include <ngx_order_metrics.h>


#define NGX_ORDER_PG_FEED  NGX_ORDER_PG_LANES  /* the lane beside the pool's */


void
ngx_order_pg_count(ngx_uint_t pooled,
    const ngx_order_pg_statement_t *statement, ngx_order_pg_status_e status,
    uint64_t sent)
{
    ngx_uint_t  lane;

    lane = pooled ? statement->lane : (ngx_uint_t) NGX_ORDER_PG_FEED;

    ngx_order_metrics_add(NGX_ORDER_METRICS_QUERY
                          + lane * NGX_ORDER_METRICS_RESULTS + status, 1);

    if (sent) {
        ngx_order_metrics_time(lane, ngx_order_metrics_usec() - sent);
    }
}


void
ngx_order_pg_session_turn(ngx_order_pg_session_t *session,
    ngx_order_pg_state_e state)
{
    session->state = state;
    ngx_order_pg_session_count(session);
}


void
ngx_order_pg_session_count(ngx_order_pg_session_t *session)
{
    ngx_uint_t  gauge;

    if (session->lanes == 0 || session->conf->standby) {
        return;
    }

    switch (session->state) {

    case NGX_ORDER_PG_READY:
        gauge = session->inflight ? NGX_ORDER_METRICS_BUSY
                                  : NGX_ORDER_METRICS_IDLE;
        break;

    case NGX_ORDER_PG_RESOLVING:
    case NGX_ORDER_PG_CONNECTING:
    case NGX_ORDER_PG_PROVING:
        gauge = NGX_ORDER_METRICS_CONNECTING;
        break;

    default:
        gauge = NGX_ORDER_METRICS_DOWN;
    }

    if (session->counted && session->gauge == gauge) {
        return;
    }

    if (session->counted) {
        ngx_order_metrics_adjust(session->gauge, -1);
        session->counted = 0;
    }

    /* a worker that exits lets go of its connections: they are not down */

    if (gauge == NGX_ORDER_METRICS_DOWN && ngx_exiting) {
        return;
    }

    ngx_order_metrics_adjust(gauge, 1);

    session->gauge = gauge;
    session->counted = 1;
}
