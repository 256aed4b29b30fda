
/*
 * A route as an operation of OpenAPI 3.1.
 *
 * Rows of one method and path are one operation, with one of several bodies.
 */


#include <ngx_http_order_operation.h>
#include <ngx_http_order_answers.h>
#include <ngx_http_order_schema.h>


#define NGX_HTTP_ORDER_OPERATION_REF  128      /* bytes of a reference */


/* a word for a flag, a status or a place */

typedef struct {
    ngx_uint_t                     value;
    const char                    *word;
} ngx_http_order_word_t;


static void ngx_http_order_operation_who(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route);
static void ngx_http_order_operation_flags(ngx_order_writer_t *w,
    ngx_uint_t flags);
static void ngx_http_order_operation_roles(ngx_order_writer_t *w,
    ngx_uint_t roles);
static void ngx_http_order_operation_parameters(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route);
static void ngx_http_order_operation_parameter(ngx_order_writer_t *w,
    const ngx_order_field_t *field);
static void ngx_http_order_operation_protocol(ngx_order_writer_t *w);
static ngx_uint_t ngx_http_order_operation_told(
    const ngx_http_order_route_t *first, const ngx_http_order_route_t *route,
    const ngx_order_field_t *field);
static void ngx_http_order_operation_body(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route);
static void ngx_http_order_operation_content(ngx_order_writer_t *w,
    const char *type, const ngx_http_order_route_t *route, ngx_uint_t form);
static ngx_uint_t ngx_http_order_operation_flat(
    const ngx_order_field_t *field);
static void ngx_http_order_operation_responses(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route);
static void ngx_http_order_operation_response(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route);
static void ngx_http_order_operation_refusals(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route);
static void ngx_http_order_operation_stream(ngx_order_writer_t *w,
    const ngx_http_order_answer_t *answer);
static void ngx_http_order_operation_messages(ngx_order_writer_t *w,
    const char *name, ngx_uint_t where);
static void ngx_http_order_operation_reference(ngx_order_writer_t *w,
    const char *room, const ngx_str_t *name);
static void ngx_http_order_operation_headers(ngx_order_writer_t *w,
    ngx_uint_t flags);
static void ngx_http_order_operation_answers(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route);
static void ngx_http_order_operation_answer(ngx_order_writer_t *w,
    const char *name, const ngx_http_order_answer_t *answer);
static const ngx_http_order_route_t *ngx_http_order_operation_same(
    const ngx_http_order_route_t *route, ngx_uint_t status);
static const char *ngx_http_order_operation_word(
    const ngx_http_order_word_t *words, ngx_uint_t value);


static const ngx_http_order_word_t  ngx_http_order_flag_words[] = {
    { NGX_HTTP_ORDER_KEYED, "keyed" },
    { NGX_HTTP_ORDER_MATCHED, "matched" },
    { NGX_HTTP_ORDER_TAGGED, "tagged" },
    { NGX_HTTP_ORDER_LISTED, "listed" },
    { NGX_HTTP_ORDER_SIGNED, "signed" },
    { 0, NULL }
};


static const ngx_http_order_word_t  ngx_http_order_header_words[] = {
    { NGX_HTTP_ORDER_KEYED, "Idempotent-Replayed" },
    { NGX_HTTP_ORDER_TAGGED, "ETag" },
    { NGX_HTTP_ORDER_LISTED, "Link" },
    { 0, NULL }
};


static const ngx_http_order_word_t  ngx_http_order_status_words[] = {
    { NGX_HTTP_SWITCHING_PROTOCOLS, "Switching Protocols" },
    { NGX_HTTP_OK, "OK" },
    { NGX_HTTP_CREATED, "Created" },
    { NGX_HTTP_NO_CONTENT, "No Content" },
    { 0, NULL }
};


static const ngx_http_order_word_t  ngx_http_order_place_words[] = {
    { NGX_ORDER_IN_PATH, "path" },
    { NGX_ORDER_IN_QUERY, "query" },
    { NGX_ORDER_IN_HEADER, "header" },
    { 0, NULL }
};


/* headers that are read elsewhere than among a route's fields */

static const ngx_order_field_t  ngx_http_order_tagged_fields[] = {
    ngx_http_order_field("If-None-Match", HEADER, TEXT, 0, 0, 0),
    ngx_http_order_last
};


static const ngx_order_field_t  ngx_http_order_signed_fields[] = {
    ngx_http_order_field("webhook-timestamp", HEADER, INTEGER, 1, 0, 0),
    ngx_http_order_field("webhook-signature", HEADER, TEXT, 1, 1, 2048),
    ngx_http_order_last
};


void
ngx_http_order_operation(ngx_order_writer_t *w, const char *name,
    const ngx_http_order_route_t *route)
{
    ngx_order_write_open(w, name, '{');

    if (route->statement.name.len) {
        ngx_order_write_text(w, "operationId", &route->statement.name);
    }

    ngx_order_write_string(w, "summary", route->about);

    ngx_http_order_operation_who(w, route);
    ngx_http_order_operation_parameters(w, route);
    ngx_http_order_operation_body(w, route);
    ngx_http_order_operation_responses(w, route);

    ngx_order_write_close(w, '}');
}


static void
ngx_http_order_operation_who(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route)
{
    ngx_uint_t                     roles, flags;
    const ngx_http_order_route_t  *row;

    roles = 0;
    flags = 0;

    for (row = route; row; row = ngx_http_order_route_next(row)) {
        roles |= row->roles;
        flags |= row->flags;
    }

    ngx_http_order_operation_flags(w, flags);
    ngx_http_order_operation_roles(w, roles);
}


static void
ngx_http_order_operation_flags(ngx_order_writer_t *w, ngx_uint_t flags)
{
    const ngx_http_order_word_t  *flag;

    ngx_order_write_open(w, "x-flags", '[');

    for (flag = ngx_http_order_flag_words; flag->word; flag++) {
        if (flags & flag->value) {
            ngx_order_write_string(w, NULL, flag->word);
        }
    }

    ngx_order_write_close(w, ']');
}


/* who may, and with what: one of two ways to bring the token */

static void
ngx_http_order_operation_roles(ngx_order_writer_t *w, ngx_uint_t roles)
{
    ngx_uint_t    bit;
    const char  **scheme;

    static const char  *schemes[] = { "bearer", "cookie", NULL };

    ngx_order_write_open(w, "x-roles", '[');

    for (bit = NGX_ORDER_CUSTOMER; bit <= NGX_ORDER_SYSTEM; bit <<= 1) {
        if (roles & bit) {
            ngx_order_write_text(w, NULL, ngx_order_role_name(bit));
        }
    }

    ngx_order_write_close(w, ']');

    ngx_order_write_open(w, "security", '[');

    for (scheme = schemes; roles && *scheme; scheme++) {
        ngx_order_write_open(w, NULL, '{');
        ngx_order_write_open(w, *scheme, '[');
        ngx_order_write_close(w, ']');
        ngx_order_write_close(w, '}');
    }

    ngx_order_write_close(w, ']');
}


static void
ngx_http_order_operation_parameters(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route)
{
    const ngx_order_field_t       *field;
    const ngx_http_order_route_t  *row;

    ngx_order_write_open(w, "parameters", '[');

    for (row = route; row; row = ngx_http_order_route_next(row)) {
        for (field = row->fields; field->name.len; field++) {
            if (field->in != NGX_ORDER_IN_BODY
                && !ngx_http_order_operation_told(route, row, field))
            {
                ngx_http_order_operation_parameter(w, field);
            }
        }
    }

    if (route->flags & NGX_HTTP_ORDER_SIGNED) {
        for (field = ngx_http_order_signed_fields; field->name.len; field++) {
            ngx_http_order_operation_parameter(w, field);
        }
    }

    if (route->method == NGX_HTTP_GET
        && (route->flags & NGX_HTTP_ORDER_TAGGED))
    {
        ngx_http_order_operation_parameter(w, ngx_http_order_tagged_fields);
    }

    if (route->answer->messages & NGX_HTTP_ORDER_OF_WS) {
        ngx_http_order_operation_protocol(w);
    }

    ngx_order_write_close(w, ']');
}


/* a browser's WebSocket can send no header but this one */

static void
ngx_http_order_operation_protocol(ngx_order_writer_t *w)
{
    ngx_order_write_open(w, NULL, '{');
    ngx_order_write_string(w, "name", "Sec-WebSocket-Protocol");
    ngx_order_write_string(w, "in", "header");
    ngx_order_write_string(w, "description",
                           "order.v1 or order_update.v1; bearer.TOKEN");
    ngx_order_write_open(w, "schema", '{');
    ngx_order_write_string(w, "type", "string");
    ngx_order_write_close(w, '}');
    ngx_order_write_close(w, '}');
}


static void
ngx_http_order_operation_parameter(ngx_order_writer_t *w,
    const ngx_order_field_t *field)
{
    ngx_order_write_open(w, NULL, '{');
    ngx_order_write_text(w, "name", &field->name);
    ngx_order_write_string(w, "in",
                           ngx_http_order_operation_word(
                               ngx_http_order_place_words, field->in));

    if (field->required) {
        ngx_order_write_word(w, "required", "true");
    }

    ngx_http_order_schema(w, "schema", field, 0);
    ngx_order_write_close(w, '}');
}


/* has a row from the first to this one told of a parameter of this name */

static ngx_uint_t
ngx_http_order_operation_told(const ngx_http_order_route_t *first,
    const ngx_http_order_route_t *route, const ngx_order_field_t *field)
{
    const ngx_order_field_t  *other;

    for ( /* void */ ; first != route;
         first = ngx_http_order_route_next(first))
    {
        for (other = first->fields; other->name.len; other++) {
            if (other->in == field->in
                && other->name.len == field->name.len
                && ngx_memcmp(other->name.data, field->name.data,
                              field->name.len)
                   == 0)
            {
                return 1;
            }
        }
    }

    return 0;
}


static void
ngx_http_order_operation_body(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route)
{
    ngx_uint_t                     body, required, form;
    const ngx_order_field_t       *field;
    const ngx_http_order_route_t  *row;

    body = 0;
    required = 0;
    form = 0;

    for (row = route; row; row = ngx_http_order_route_next(row)) {
        form |= ngx_http_order_operation_flat(row->fields);

        for (field = row->fields; field->name.len; field++) {
            if (field->in == NGX_ORDER_IN_BODY) {
                body = 1;
                required |= field->required;
            }
        }
    }

    if (!body) {
        return;
    }

    ngx_order_write_open(w, "requestBody", '{');

    if (required) {
        ngx_order_write_word(w, "required", "true");
    }

    ngx_order_write_open(w, "content", '{');
    ngx_http_order_operation_content(w, "application/json", route, 0);

    if (form) {
        ngx_http_order_operation_content(w,
                               "application/x-www-form-urlencoded", route, 1);
    }

    ngx_order_write_close(w, '}');
    ngx_order_write_close(w, '}');
}


static void
ngx_http_order_operation_content(ngx_order_writer_t *w, const char *type,
    const ngx_http_order_route_t *route, ngx_uint_t form)
{
    ngx_uint_t                     several;
    const char                    *name;
    const ngx_http_order_route_t  *row;

    several = ngx_http_order_route_next(route) != NULL;

    ngx_order_write_open(w, type, '{');

    name = "schema";

    if (several) {
        ngx_order_write_open(w, "schema", '{');
        ngx_order_write_open(w, "oneOf", '[');
        name = NULL;
    }

    for (row = route; row; row = ngx_http_order_route_next(row)) {
        if (!form || ngx_http_order_operation_flat(row->fields)) {
            ngx_http_order_schema_object(w, name, row->fields,
                                         NGX_HTTP_ORDER_SCHEMA_NULLS
                                         |NGX_HTTP_ORDER_SCHEMA_CLOSED);
        }
    }

    if (several) {
        ngx_order_write_close(w, ']');
        ngx_order_write_close(w, '}');
    }

    ngx_order_write_close(w, '}');
}


/* may these come as a form: a form has no objects and no arrays */

static ngx_uint_t
ngx_http_order_operation_flat(const ngx_order_field_t *field)
{
    for ( /* void */ ; field->name.len; field++) {
        if (field->type == NGX_ORDER_OBJECT
            || field->type == NGX_ORDER_ARRAY)
        {
            return 0;
        }
    }

    return 1;
}


static void
ngx_http_order_operation_responses(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route)
{
    const ngx_http_order_route_t  *row;

    ngx_order_write_open(w, "responses", '{');

    for (row = route; row; row = ngx_http_order_route_next(row)) {
        if (ngx_http_order_operation_same(route, row->answer->status) == row)
        {
            ngx_http_order_operation_response(w, row);
        }
    }

    if (route->method == NGX_HTTP_GET
        && (route->flags & NGX_HTTP_ORDER_TAGGED))
    {
        ngx_order_write_open(w, "304", '{');
        ngx_order_write_string(w, "description", "Not Modified");
        ngx_http_order_operation_headers(w, NGX_HTTP_ORDER_TAGGED);
        ngx_order_write_close(w, '}');
    }

    ngx_http_order_operation_refusals(w, route);

    ngx_order_write_close(w, '}');
}


static void
ngx_http_order_operation_refusals(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route)
{
    const char  **status;

    static const ngx_str_t  problem = ngx_string("Problem");

    static const char  *statuses[] = { "400", "401", "403", "426", NULL };

    /* of an order that is final, and of which all is known */

    if (route->answer->messages & NGX_HTTP_ORDER_OF_ORDER) {
        ngx_order_write_open(w, "204", '{');
        ngx_order_write_string(w, "description", "No Content");
        ngx_order_write_close(w, '}');
    }

    if (route->answer->messages & NGX_HTTP_ORDER_OF_WS) {
        for (status = statuses; *status; status++) {
            ngx_order_write_open(w, *status, '{');
            ngx_http_order_operation_reference(w, "responses", &problem);
            ngx_order_write_close(w, '}');
        }
    }

    ngx_order_write_open(w, "default", '{');
    ngx_http_order_operation_reference(w, "responses", &problem);
    ngx_order_write_close(w, '}');
}


/* "route" is the first of its operation that answers this status */

static void
ngx_http_order_operation_response(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route)
{
    u_char  status[NGX_INT_T_LEN + 1];

    *ngx_sprintf(status, "%ui", route->answer->status) = '\0';

    ngx_order_write_open(w, (char *) status, '{');
    ngx_order_write_string(w, "description",
                           ngx_http_order_operation_word(
                               ngx_http_order_status_words,
                               route->answer->status));

    ngx_http_order_operation_headers(w, route->flags);

    if (route->answer->fields) {
        ngx_order_write_open(w, "content", '{');
        ngx_order_write_open(w, "application/json", '{');
        ngx_http_order_operation_answers(w, route);
        ngx_order_write_close(w, '}');
        ngx_order_write_close(w, '}');
    }

    if (route->answer->messages) {
        ngx_http_order_operation_stream(w, route->answer);
    }

    ngx_order_write_close(w, '}');
}


/* OpenAPI 3.1 has no words for the messages of a stream */

static void
ngx_http_order_operation_stream(ngx_order_writer_t *w,
    const ngx_http_order_answer_t *answer)
{
    if (answer->messages & NGX_HTTP_ORDER_OF_WS) {
        ngx_http_order_operation_messages(w, "x-messages",
                                          NGX_HTTP_ORDER_OF_WS);
        ngx_http_order_operation_messages(w, "x-client-messages",
                                          NGX_HTTP_ORDER_TO_WS);
        return;
    }

    ngx_order_write_open(w, "content", '{');
    ngx_order_write_open(w, "text/event-stream", '{');
    ngx_order_write_open(w, "schema", '{');
    ngx_order_write_string(w, "type", "string");
    ngx_order_write_close(w, '}');
    ngx_http_order_operation_messages(w, "x-messages", answer->messages);
    ngx_order_write_close(w, '}');
    ngx_order_write_close(w, '}');
}


static void
ngx_http_order_operation_messages(ngx_order_writer_t *w, const char *name,
    ngx_uint_t where)
{
    const ngx_http_order_message_t  *message;

    ngx_order_write_open(w, name, '{');
    ngx_order_write_open(w, "oneOf", '[');

    for (message = ngx_http_order_messages; message->name.len; message++) {
        if (message->where & where) {
            ngx_order_write_open(w, NULL, '{');
            ngx_http_order_operation_reference(w, "schemas", &message->name);
            ngx_order_write_close(w, '}');
        }
    }

    ngx_order_write_close(w, ']');
    ngx_order_write_close(w, '}');
}


static void
ngx_http_order_operation_reference(ngx_order_writer_t *w, const char *room,
    const ngx_str_t *name)
{
    u_char  ref[NGX_HTTP_ORDER_OPERATION_REF];

    *ngx_snprintf(ref, sizeof(ref) - 1, "#/components/%s/%V", room, name)
        = '\0';

    ngx_order_write_string(w, "$ref", (char *) ref);
}


static void
ngx_http_order_operation_headers(ngx_order_writer_t *w, ngx_uint_t flags)
{
    const ngx_http_order_word_t  *header;

    if ((flags & (NGX_HTTP_ORDER_KEYED|NGX_HTTP_ORDER_TAGGED
                  |NGX_HTTP_ORDER_LISTED))
        == 0)
    {
        return;
    }

    ngx_order_write_open(w, "headers", '{');

    for (header = ngx_http_order_header_words; header->word; header++) {
        if (flags & header->value) {
            ngx_order_write_open(w, header->word, '{');
            ngx_order_write_open(w, "schema", '{');
            ngx_order_write_string(w, "type", "string");
            ngx_order_write_close(w, '}');
            ngx_order_write_close(w, '}');
        }
    }

    ngx_order_write_close(w, '}');
}


static void
ngx_http_order_operation_answers(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route)
{
    ngx_uint_t                     status;
    const ngx_http_order_route_t  *next;

    status = route->answer->status;
    next = ngx_http_order_operation_same(ngx_http_order_route_next(route),
                                         status);

    if (next == NULL) {
        ngx_http_order_operation_answer(w, "schema", route->answer);
        return;
    }

    ngx_order_write_open(w, "schema", '{');
    ngx_order_write_open(w, "anyOf", '[');
    ngx_http_order_operation_answer(w, NULL, route->answer);

    while (next) {
        ngx_http_order_operation_answer(w, NULL, next->answer);
        next = ngx_http_order_operation_same(ngx_http_order_route_next(next),
                                             status);
    }

    ngx_order_write_close(w, ']');
    ngx_order_write_close(w, '}');
}


static void
ngx_http_order_operation_answer(ngx_order_writer_t *w, const char *name,
    const ngx_http_order_answer_t *answer)
{
    ngx_order_write_open(w, name, '{');

    if (answer->list) {
        ngx_order_write_string(w, "type", "array");
        ngx_order_write_open(w, "items", '{');
        ngx_http_order_operation_reference(w, "schemas", &answer->name);
        ngx_order_write_close(w, '}');

    } else {
        ngx_http_order_operation_reference(w, "schemas", &answer->name);
    }

    ngx_order_write_close(w, '}');
}


/* this row or the next one of its operation that answers that status */

static const ngx_http_order_route_t *
ngx_http_order_operation_same(const ngx_http_order_route_t *route,
    ngx_uint_t status)
{
    while (route && route->answer->status != status) {
        route = ngx_http_order_route_next(route);
    }

    return route;
}


static const char *
ngx_http_order_operation_word(const ngx_http_order_word_t *words,
    ngx_uint_t value)
{
    while (words->word && words->value != value) {
        words++;
    }

    return words->word ? words->word : "";
}
