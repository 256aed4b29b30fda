
/*
 * Every endpoint but the poll: input -> one SQL function -> shared memory ->
 * answer.
 */


#ifndef _NGX_HTTP_ORDER_CALL_H_INCLUDED_
#define _NGX_HTTP_ORDER_CALL_H_INCLUDED_


#include <ngx_http_order_reply.h>


/*
 * Looks at a request whose whole body is in call->body, before its fields are
 * read.  NULL: go on; else the problem that is answered.
 */
typedef const ngx_http_order_problem_t *(*ngx_http_order_check_pt)(
    ngx_http_order_call_t *call);

/* Sends the answer to a call that ended well; returns as a reply does. */
typedef ngx_int_t (*ngx_http_order_answer_pt)(ngx_http_order_call_t *call);


/* the columns of api.answer */

#define NGX_HTTP_ORDER_ANSWER_STATUS    0
#define NGX_HTTP_ORDER_ANSWER_BODY      1
#define NGX_HTTP_ORDER_ANSWER_REPLAYED  2
#define NGX_HTTP_ORDER_ANSWER_RECORD    3
#define NGX_HTTP_ORDER_ANSWER_CURSOR    14


struct ngx_http_order_call_s {
    ngx_order_pg_query_t         query;
    ngx_order_replica_read_t     read;     /* the query is one of a replica */
    ngx_order_pg_param_t         params[NGX_ORDER_PG_PARAMS];
    ngx_http_request_t          *request;
    ngx_http_order_ctx_t        *ctx;
    ngx_http_order_check_pt      check;    /* or NULL */
    ngx_http_order_answer_pt     answer;
    ngx_order_input_t            input;
    ngx_str_t                    body;
    ngx_uint_t                   repeats;
    ngx_order_ticket_t           ticket;   /* of the order that is named */
    ngx_order_id_t               id;
    unsigned                     has_ticket:1;
    unsigned                     running:1;
};


/* The handler of a route whose function answers api.answer. */
ngx_int_t ngx_http_order_call_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx);

/* The same with a check, or NULL, and with an answer of its own. */
ngx_int_t ngx_http_order_call_start(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx, ngx_http_order_check_pt check,
    ngx_http_order_answer_pt answer);

/* The answer to a call whose function answers api.answer. */
ngx_int_t ngx_http_order_call_answer(ngx_http_order_call_t *call);


#endif /* _NGX_HTTP_ORDER_CALL_H_INCLUDED_ */
