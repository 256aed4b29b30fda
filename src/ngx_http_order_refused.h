
/*
 * What the database raised -> what the client is told.
 */


#ifndef _NGX_HTTP_ORDER_REFUSED_H_INCLUDED_
#define _NGX_HTTP_ORDER_REFUSED_H_INCLUDED_


#include <ngx_http_order_reply.h>


/*
 * Answers with the problem of query->sqlstate.  The message and detail of our
 * own SQLSTATEs (OMxxx) go to the client; those of any other are logged only.
 * "words", if it is not NULL, is what to say of these, and of a stock that
 * does not do.
 */
ngx_int_t ngx_http_order_refused(ngx_http_request_t *r,
    const ngx_order_pg_query_t *query,
    const ngx_http_order_problem_t *words);

/* Was nothing done, and is it worth doing again at once. */
ngx_uint_t ngx_http_order_refused_transient(const char *sqlstate);


#endif /* _NGX_HTTP_ORDER_REFUSED_H_INCLUDED_ */
