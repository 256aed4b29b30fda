
/*
 * Reads that a standby may answer, and never with less than the client has
 * seen: the primary is asked how far it is, once for all reads that have come
 * by then, and the standby reads when it has replayed that.  Where it has not
 * in time, or there is none, the primary answers.
 */


#ifndef _NGX_ORDER_REPLICA_H_INCLUDED_
#define _NGX_ORDER_REPLICA_H_INCLUDED_


#include <ngx_order_pg.h>


#define NGX_ORDER_REPLICA_PARAMS  3


typedef struct ngx_order_replica_s  ngx_order_replica_t;


/* private to ngx_order_replica; zeroed at first */

typedef struct {
    ngx_queue_t                queue;
    ngx_order_replica_t       *replica;
    ngx_order_pg_query_t      *query;
    ngx_order_pg_handler_pt    handler;    /* the caller's */
    void                      *data;
    u_char                     lsn[8];
    u_char                     epoch[4];
    ngx_order_pg_param_t       params[NGX_ORDER_REPLICA_PARAMS];
    unsigned                   waiting:1;  /* for the position */
} ngx_order_replica_read_t;


/* "pg": the primary's.  NULL: no memory. */
ngx_order_replica_t *ngx_order_replica_create(const ngx_order_pg_conf_t *conf,
    ngx_order_pg_pool_t *pg, const ngx_str_t *name, ngx_pool_t *pool,
    ngx_log_t *log);

void ngx_order_replica_close(ngx_order_replica_t *replica);

/*
 * As ngx_order_pg_query(), on a standby or the primary.  The read lives as
 * long as the query.
 */
void ngx_order_replica_query(ngx_order_replica_t *replica,
    ngx_order_replica_read_t *read, ngx_order_pg_query_t *query);

/* Before ngx_order_pg_cancel() of its query; harmless where it is no read. */
void ngx_order_replica_cancel(ngx_order_replica_read_t *read);


#endif /* _NGX_ORDER_REPLICA_H_INCLUDED_ */
