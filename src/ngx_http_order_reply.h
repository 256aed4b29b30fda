
/*
 * The only code that answers: success, not modified, problem, Retry-After.
 *
 * Each function sends the answer and returns what is to be returned from a
 * content handler, or given to ngx_http_finalize_request().
 */


#ifndef _NGX_HTTP_ORDER_REPLY_H_INCLUDED_
#define _NGX_HTTP_ORDER_REPLY_H_INCLUDED_


#include <ngx_http_order.h>


#define NGX_HTTP_ORDER_ETAG_LEN  (3 * NGX_INT32_LEN + 4)


/* a refusal or failure, as a client is told of it (RFC 9457) */

typedef struct {
    ngx_uint_t          status;
    ngx_str_t           code;
    ngx_str_t           title;
    ngx_str_t           message;       /* unless there is a better one */
    ngx_str_t           action;        /* suggestedAction */
    ngx_uint_t          retry;         /* canRetry */
    time_t              after;         /* Retry-After, seconds; 0: none */
} ngx_http_order_problem_t;


extern const ngx_http_order_problem_t  ngx_http_order_no_route;
extern const ngx_http_order_problem_t  ngx_http_order_bad_method;
extern const ngx_http_order_problem_t  ngx_http_order_no_token;
extern const ngx_http_order_problem_t  ngx_http_order_bad_token;
extern const ngx_http_order_problem_t  ngx_http_order_bad_signature;
extern const ngx_http_order_problem_t  ngx_http_order_forbidden;
extern const ngx_http_order_problem_t  ngx_http_order_cross_origin;
extern const ngx_http_order_problem_t  ngx_http_order_not_found;
extern const ngx_http_order_problem_t  ngx_http_order_bad_input;
extern const ngx_http_order_problem_t  ngx_http_order_bad_type;
extern const ngx_http_order_problem_t  ngx_http_order_too_large;
extern const ngx_http_order_problem_t  ngx_http_order_version;
extern const ngx_http_order_problem_t  ngx_http_order_upgrade;
extern const ngx_http_order_problem_t  ngx_http_order_handshake;
extern const ngx_http_order_problem_t  ngx_http_order_queue_full;
extern const ngx_http_order_problem_t  ngx_http_order_no_room;
extern const ngx_http_order_problem_t  ngx_http_order_too_many;
extern const ngx_http_order_problem_t  ngx_http_order_no_database;
extern const ngx_http_order_problem_t  ngx_http_order_slow_database;
extern const ngx_http_order_problem_t  ngx_http_order_unknown_outcome;
extern const ngx_http_order_problem_t  ngx_http_order_repeat_outcome;
extern const ngx_http_order_problem_t  ngx_http_order_internal;
extern const ngx_http_order_problem_t  ngx_http_order_not_created;


/* Adds a header to the answer; the value must outlive the request. */
ngx_int_t ngx_http_order_reply_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);

/* An answer with a JSON body, or with none if body->len is 0. */
ngx_int_t ngx_http_order_reply_json(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body);

/* 200 with a body of that type, which may have parameters. */
ngx_int_t ngx_http_order_reply_as(ngx_http_request_t *r,
    const ngx_str_t *type, ngx_str_t *body);

/* 304 with the headers that were added. */
ngx_int_t ngx_http_order_reply_not_modified(ngx_http_request_t *r);

/*
 * A problem.  "message" replaces the problem's own if it is not NULL;
 * "members" is the inside of a JSON object to go along, or NULL.
 */
ngx_int_t ngx_http_order_reply_problem(ngx_http_request_t *r,
    const ngx_http_order_problem_t *problem, const ngx_str_t *message,
    const ngx_str_t *members);

/* The faults of an input, as problem 400 with all of them. */
ngx_int_t ngx_http_order_reply_faults(ngx_http_request_t *r,
    const ngx_array_t *faults);

/* 405 with Allow; "allowed" are nginx's bits of methods. */
ngx_int_t ngx_http_order_reply_allow(ngx_http_request_t *r,
    ngx_uint_t allowed);

/* What a query that did not end well means; "safe": it may be repeated. */
const ngx_http_order_problem_t *ngx_http_order_reply_failure(
    ngx_order_pg_status_e status, ngx_uint_t safe);

/* Writes the ETag of a version, quotes included; returns the end. */
u_char *ngx_http_order_reply_etag(u_char *p, const ngx_order_record_t *record,
    uint64_t labels_stamp);

/* Puts the words of another problem in place of a problem's own. */
void ngx_http_order_reply_words(ngx_http_order_problem_t *problem,
    const ngx_http_order_problem_t *words);

/* Does the If-None-Match of this request name that tag. */
ngx_uint_t ngx_http_order_reply_matches(ngx_http_request_t *r,
    const ngx_str_t *etag);


#endif /* _NGX_HTTP_ORDER_REPLY_H_INCLUDED_ */
