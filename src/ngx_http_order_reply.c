
/*
 * The only code that answers.
 *
 * Everything is allocated from the request's pool.
 */


#include <ngx_http_order_reply.h>
#include <ngx_http_order_count.h>
#include <ngx_order_text.h>


typedef struct {
    ngx_uint_t    method;
    const char   *name;
} ngx_http_order_method_t;


static ngx_int_t ngx_http_order_reply_send(ngx_http_request_t *r,
    ngx_uint_t status, const ngx_str_t *type, ngx_str_t *body);
static ngx_int_t ngx_http_order_reply_intercepted(ngx_http_request_t *r,
    ngx_uint_t status);
static ngx_int_t ngx_http_order_reply_challenge(ngx_http_request_t *r,
    const ngx_http_order_problem_t *problem);
static ngx_int_t ngx_http_order_reply_retry(ngx_http_request_t *r,
    time_t after);
static const char *ngx_http_order_reply_fault_code(const ngx_array_t *faults);
static ngx_uint_t ngx_http_order_reply_tag_in(const ngx_str_t *list,
    const ngx_str_t *etag);


static const ngx_str_t  ngx_http_order_json_type =
    ngx_string("application/json");
static const ngx_str_t  ngx_http_order_problem_type =
    ngx_string("application/problem+json");


static const ngx_http_order_method_t  ngx_http_order_methods[] = {
    { NGX_HTTP_GET,    "GET, HEAD, " },
    { NGX_HTTP_POST,   "POST, " },
    { NGX_HTTP_PUT,    "PUT, " },
    { NGX_HTTP_PATCH,  "PATCH, " },
    { NGX_HTTP_DELETE, "DELETE, " },
    { 0, NULL }
};


ngx_int_t
ngx_http_order_reply_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = *value;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}


ngx_int_t
ngx_http_order_reply_json(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body)
{
    return ngx_http_order_reply_send(r, status, &ngx_http_order_json_type,
                                     body);
}


ngx_int_t
ngx_http_order_reply_as(ngx_http_request_t *r, const ngx_str_t *type,
    ngx_str_t *body)
{
    return ngx_http_order_reply_send(r, NGX_HTTP_OK, type, body);
}


static ngx_int_t
ngx_http_order_reply_send(ngx_http_request_t *r, ngx_uint_t status,
    const ngx_str_t *type, ngx_str_t *body)
{
    u_char       *end;
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    /* what is left of a body would be read as the next request */

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_order_count(r, status);

    r->headers_out.status = status;
    r->headers_out.content_length_n = body->len;

    /* nginx has no texts for these */

    if (status == 422) {
        ngx_str_set(&r->headers_out.status_line, "422 Unprocessable Content");

    } else if (status == 426) {
        ngx_str_set(&r->headers_out.status_line, "426 Upgrade Required");
    }

    if (body->len) {
        r->headers_out.content_type = *type;
        end = ngx_strlchr(type->data, type->data + type->len, ';');
        r->headers_out.content_type_len = end ? (size_t) (end - type->data)
                                              : type->len;

    } else {
        r->header_only = 1;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_order_reply_not_modified(ngx_http_request_t *r)
{
    ngx_http_order_count(r, NGX_HTTP_NOT_MODIFIED);

    r->headers_out.status = NGX_HTTP_NOT_MODIFIED;
    r->headers_out.content_length_n = -1;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


ngx_int_t
ngx_http_order_reply_problem(ngx_http_request_t *r,
    const ngx_http_order_problem_t *problem, const ngx_str_t *message,
    const ngx_str_t *members)
{
    u_char     *p;
    size_t      len;
    ngx_int_t   rc;
    ngx_str_t   body;

    static const char  format[] =
        "{\"type\":\"urn:order:problem:%V\",\"title\":\"%V\",\"status\":%ui,"
        "\"code\":\"%V\",\"message\":\"";
    static const char  rest[] =
        "\",\"canRetry\":%s,\"suggestedAction\":\"";

    rc = ngx_http_order_reply_intercepted(r, problem->status);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_http_order_reply_challenge(r, problem) != NGX_OK
        || ngx_http_order_reply_retry(r, problem->after) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (message == NULL) {
        message = &problem->message;
    }

    len = sizeof(format) + sizeof(rest) + 2 * problem->code.len
          + problem->title.len + NGX_INT_T_LEN + sizeof("false") + 8
          + ngx_order_json_size(message)
          + ngx_order_json_size(&problem->action)
          + (members ? members->len : 0);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body.data = p;

    p = ngx_sprintf(p, format, &problem->code, &problem->title,
                    problem->status, &problem->code);
    p = ngx_order_json_escape(p, message);
    p = ngx_sprintf(p, rest, problem->retry ? "true" : "false");
    p = ngx_order_json_escape(p, &problem->action);
    *p++ = '"';

    if (members && members->len) {
        p = ngx_sprintf(p, ",%V", members);
    }

    *p++ = '}';

    body.len = (size_t) (p - body.data);

    return ngx_http_order_reply_send(r, problem->status,
                                     &ngx_http_order_problem_type, &body);
}


/* error_page applies only where the operator said so, as for proxy_pass */

static ngx_int_t
ngx_http_order_reply_intercepted(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_uint_t                        i;
    ngx_http_err_page_t              *page;
    ngx_http_core_loc_conf_t         *clcf;
    const ngx_http_order_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_order_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!olcf->intercept_errors || clcf->error_pages == NULL) {
        return NGX_DECLINED;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if (page[i].status == (ngx_int_t) status) {
            ngx_http_order_count(r, status);
            return (ngx_int_t) status;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_order_reply_challenge(ngx_http_request_t *r,
    const ngx_http_order_problem_t *problem)
{
    ngx_str_t         value;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    if (problem->status != NGX_HTTP_UNAUTHORIZED) {
        return NGX_OK;
    }

    if (problem == &ngx_http_order_bad_token) {
        ngx_str_set(&value,
                    "Bearer realm=\"orders\", error=\"invalid_token\"");

    } else if (problem == &ngx_http_order_bad_signature) {

        /* a token would not help; the name of a scheme is free to choose */

        ngx_str_set(&value, "Standard-Webhooks realm=\"orders\"");

    } else {
        ngx_str_set(&value, "Bearer realm=\"orders\"");
    }

    if (ngx_http_order_reply_header(r, "WWW-Authenticate", &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    part = r->headers_out.headers.last;
    h = part->elts;
    r->headers_out.www_authenticate = &h[part->nelts - 1];

    return NGX_OK;
}


static ngx_int_t
ngx_http_order_reply_retry(ngx_http_request_t *r, time_t after)
{
    ngx_str_t  value;

    if (after == 0) {
        return NGX_OK;
    }

    value.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = (size_t) (ngx_sprintf(value.data, "%T", after) - value.data);

    return ngx_http_order_reply_header(r, "Retry-After", &value);
}


ngx_int_t
ngx_http_order_reply_faults(ngx_http_request_t *r, const ngx_array_t *faults)
{
    u_char                    *p;
    size_t                     len;
    ngx_str_t                  members;
    ngx_uint_t                 i;
    const char                *code;
    ngx_order_fault_t         *fault;
    ngx_http_order_problem_t   problem;

    fault = faults->elts;
    len = sizeof("\"errors\":[]");

    for (i = 0; i < faults->nelts; i++) {
        len += sizeof("{\"field\":\"\",\"message\":\"\"},")
               + ngx_order_json_size(&fault[i].field)
               + ngx_order_json_size(&fault[i].message);
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    members.data = p;
    p = ngx_sprintf(p, "\"errors\":[");

    for (i = 0; i < faults->nelts; i++) {
        p = ngx_sprintf(p, i ? ",{\"field\":\"" : "{\"field\":\"");
        p = ngx_order_json_escape(p, &fault[i].field);
        p = ngx_sprintf(p, "\",\"message\":\"");
        p = ngx_order_json_escape(p, &fault[i].message);
        p = ngx_sprintf(p, "\"}");
    }

    *p++ = ']';
    members.len = (size_t) (p - members.data);

    problem = ngx_http_order_bad_input;
    code = ngx_http_order_reply_fault_code(faults);

    if (code) {
        problem.code.data = (u_char *) code;
        problem.code.len = ngx_strlen(code);
        ngx_http_order_reply_words(&problem, &ngx_http_order_not_created);
    }

    return ngx_http_order_reply_problem(r, &problem, NULL, &members);
}


void
ngx_http_order_reply_words(ngx_http_order_problem_t *problem,
    const ngx_http_order_problem_t *words)
{
    problem->message = words->message;
    problem->action = words->action;
    problem->retry = words->retry;
}


/* the code that all faults have, if they have one */

static const char *
ngx_http_order_reply_fault_code(const ngx_array_t *faults)
{
    ngx_uint_t          i;
    ngx_order_fault_t  *fault;

    fault = faults->elts;

    for (i = 0; i < faults->nelts; i++) {
        if (fault[i].code == NULL || fault[i].code != fault[0].code) {
            return NULL;
        }
    }

    return faults->nelts ? fault[0].code : NULL;
}


ngx_int_t
ngx_http_order_reply_allow(ngx_http_request_t *r, ngx_uint_t allowed)
{
    u_char                         *p;
    ngx_str_t                       value;
    const ngx_http_order_method_t  *m;

    p = ngx_pnalloc(r->pool, 64);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    for (m = ngx_http_order_methods; m->name; m++) {
        if (allowed & m->method) {
            p = ngx_cpymem(p, m->name, ngx_strlen(m->name));
        }
    }

    value.len = (size_t) (p - value.data) - 2;

    if (ngx_http_order_reply_header(r, "Allow", &value) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_order_reply_problem(r, &ngx_http_order_bad_method, NULL,
                                        NULL);
}


const ngx_http_order_problem_t *
ngx_http_order_reply_failure(ngx_order_pg_status_e status, ngx_uint_t safe)
{
    switch (status) {

    case NGX_ORDER_PG_BUSY:
        return &ngx_http_order_queue_full;

    case NGX_ORDER_PG_DOWN:
    case NGX_ORDER_PG_WAITED:
        return &ngx_http_order_no_database;

    case NGX_ORDER_PG_TIMEOUT:
        return safe ? &ngx_http_order_slow_database
                    : &ngx_http_order_unknown_outcome;

    case NGX_ORDER_PG_LOST:
        return safe ? &ngx_http_order_no_database
                    : &ngx_http_order_unknown_outcome;

    default:
        return &ngx_http_order_internal;
    }
}


u_char *
ngx_http_order_reply_etag(u_char *p, const ngx_order_record_t *record,
    uint64_t labels_stamp)
{
    *p++ = '"';
    p = ngx_order_integer_print(p, record->epoch);
    *p++ = '.';
    p = ngx_order_integer_print(p, record->version);
    *p++ = '.';
    p = ngx_order_integer_print(p, (uint32_t) labels_stamp);
    *p++ = '"';

    return p;
}


ngx_uint_t
ngx_http_order_reply_matches(ngx_http_request_t *r, const ngx_str_t *etag)
{
    ngx_table_elt_t  *h;

    h = r->headers_in.if_none_match;

    if (h == NULL) {
        return 0;
    }

    if (h->value.len == etag->len
        && ngx_memcmp(h->value.data, etag->data, etag->len) == 0)
    {
        return 1;
    }

    return ngx_http_order_reply_tag_in(&h->value, etag);
}


/* a list of tags, compared weakly, or "*" (RFC 9110, 13.1.2) */

static ngx_uint_t
ngx_http_order_reply_tag_in(const ngx_str_t *list, const ngx_str_t *etag)
{
    u_char  *p, *end, *last;

    p = list->data;
    last = p + list->len;

    if (list->len == 1 && *p == '*') {
        return 1;
    }

    while (p < last) {

        while (p < last && (*p == ' ' || *p == '\t' || *p == ',')) {
            p++;
        }

        if (last - p > 2 && p[0] == 'W' && p[1] == '/') {
            p += 2;
        }

        if (p == last || *p != '"') {
            return 0;
        }

        end = ngx_strlchr(p + 1, last, '"');
        if (end == NULL) {
            return 0;
        }

        end++;

        if ((size_t) (end - p) == etag->len
            && ngx_memcmp(p, etag->data, etag->len) == 0)
        {
            return 1;
        }

        p = end;
    }

    return 0;
}
