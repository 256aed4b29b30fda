
/*
 * The route table as an OpenAPI 3.1 document: rendered once, when the
 * configuration is read, and answered from memory.
 */


#include <ngx_http_order_openapi.h>
#include <ngx_http_order_answers.h>
#include <ngx_http_order_handler.h>
#include <ngx_http_order_operation.h>
#include <ngx_http_order_reply.h>
#include <ngx_http_order_schema.h>
#include <ngx_sha1.h>


#define NGX_HTTP_ORDER_OPENAPI_TAG  8      /* bytes of a digest in the ETag */


static void ngx_http_order_openapi_document(ngx_order_writer_t *w);
static void ngx_http_order_openapi_paths(ngx_order_writer_t *w);
static void ngx_http_order_openapi_path(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route);
static void ngx_http_order_openapi_template(ngx_order_writer_t *w,
    const ngx_str_t *path);
static const ngx_http_order_route_t *ngx_http_order_openapi_first(
    const ngx_http_order_route_t *route, ngx_uint_t method);
static void ngx_http_order_openapi_components(ngx_order_writer_t *w);
static void ngx_http_order_openapi_schemas(ngx_order_writer_t *w);
static const ngx_http_order_route_t *ngx_http_order_openapi_named(
    const ngx_str_t *name);
static void ngx_http_order_openapi_security(ngx_order_writer_t *w);


static const struct {
    ngx_uint_t    method;
    const char   *name;
} ngx_http_order_openapi_methods[] = {
    { NGX_HTTP_GET,    "get" },
    { NGX_HTTP_POST,   "post" },
    { NGX_HTTP_PUT,    "put" },
    { NGX_HTTP_PATCH,  "patch" },
    { NGX_HTTP_DELETE, "delete" },
    { 0, NULL }
};


static const ngx_order_field_t  ngx_http_order_fault_fields[] = {
    ngx_http_order_field("field", BODY, TEXT, 1, 0, 0),
    ngx_http_order_field("message", BODY, TEXT, 1, 0, 0),
    ngx_http_order_last
};


/* the members that all problems have, and that of wrong input */

static const ngx_order_field_t  ngx_http_order_problem_fields[] = {
    ngx_http_order_field("type", BODY, TEXT, 1, 0, 0),
    ngx_http_order_field("title", BODY, TEXT, 1, 0, 0),
    ngx_http_order_field("status", BODY, INTEGER, 1, 400, 599),
    ngx_http_order_field("code", BODY, TEXT, 1, 0, 0),
    ngx_http_order_field("message", BODY, TEXT, 1, 0, 0),
    ngx_http_order_field("canRetry", BODY, BOOLEAN, 1, 0, 0),
    ngx_http_order_field("suggestedAction", BODY, TEXT, 1, 0, 0),
    ngx_http_order_part("errors", ARRAY, 0, 0, 0,
                        ngx_http_order_fault_fields),
    ngx_http_order_last
};


ngx_http_order_openapi_t *
ngx_http_order_openapi_create(ngx_conf_t *cf)
{
    u_char                    *p, digest[20];
    ngx_sha1_t                 sha1;
    ngx_order_writer_t         w;
    ngx_http_order_openapi_t  *openapi;

    ngx_memzero(&w, sizeof(ngx_order_writer_t));
    w.pool = cf->temp_pool;

    ngx_http_order_openapi_document(&w);

    openapi = ngx_palloc(cf->pool, sizeof(ngx_http_order_openapi_t));
    p = ngx_pnalloc(cf->pool, 2 * NGX_HTTP_ORDER_OPENAPI_TAG + 2);

    if (w.failed || openapi == NULL || p == NULL) {
        return NULL;
    }

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, w.text.data, w.text.len);
    ngx_sha1_final(digest, &sha1);

    openapi->etag.data = p;
    *p++ = '"';
    p = ngx_hex_dump(p, digest, NGX_HTTP_ORDER_OPENAPI_TAG);
    *p++ = '"';
    openapi->etag.len = (size_t) (p - openapi->etag.data);

    openapi->text.len = w.text.len;
    openapi->text.data = ngx_pstrdup(cf->pool, &w.text);

    return openapi->text.data ? openapi : NULL;
}


static void
ngx_http_order_openapi_document(ngx_order_writer_t *w)
{
    ngx_order_write_open(w, NULL, '{');
    ngx_order_write_string(w, "openapi", "3.1.0");

    ngx_order_write_open(w, "info", '{');
    ngx_order_write_string(w, "title", "Order API");
    ngx_order_write_string(w, "version", "1");
    ngx_order_write_close(w, '}');

    ngx_http_order_openapi_paths(w);
    ngx_http_order_openapi_components(w);

    ngx_order_write_close(w, '}');
}


static void
ngx_http_order_openapi_paths(ngx_order_writer_t *w)
{
    const ngx_http_order_route_t  *route;

    ngx_order_write_open(w, "paths", '{');

    for (route = ngx_http_order_routes; route->path.len; route++) {
        if (ngx_http_order_openapi_first(route, 0) == route) {
            ngx_http_order_openapi_path(w, route);
        }
    }

    ngx_order_write_close(w, '}');
}


static void
ngx_http_order_openapi_path(ngx_order_writer_t *w,
    const ngx_http_order_route_t *route)
{
    ngx_uint_t                     i;
    const ngx_http_order_route_t  *first;

    ngx_http_order_openapi_template(w, &route->path);

    for (i = 0; ngx_http_order_openapi_methods[i].name; i++) {
        first = ngx_http_order_openapi_first(route,
                                     ngx_http_order_openapi_methods[i].method);
        if (first) {
            ngx_http_order_operation(w, ngx_http_order_openapi_methods[i].name,
                                     first);
        }
    }

    ngx_order_write_close(w, '}');
}


/* opens the member of a path, in which ":id" has become "{id}" */

static void
ngx_http_order_openapi_template(ngx_order_writer_t *w, const ngx_str_t *path)
{
    u_char      *name, *p;
    size_t       i;
    ngx_uint_t   inside;

    name = ngx_pnalloc(w->pool, 2 * path->len + 2);
    if (name == NULL) {
        w->failed = 1;
        return;
    }

    p = name;
    inside = 0;

    for (i = 0; i < path->len; i++) {

        if (path->data[i] == ':') {
            *p++ = '{';
            inside = 1;
            continue;
        }

        if (path->data[i] == '/' && inside) {
            *p++ = '}';
            inside = 0;
        }

        *p++ = path->data[i];
    }

    if (inside) {
        *p++ = '}';
    }

    *p = '\0';

    ngx_order_write_open(w, (char *) name, '{');
}


/* The first row of this row's path, of that method or of any (0); or NULL. */

static const ngx_http_order_route_t *
ngx_http_order_openapi_first(const ngx_http_order_route_t *route,
    ngx_uint_t method)
{
    const ngx_http_order_route_t  *first;

    for (first = ngx_http_order_routes; first->path.len; first++) {
        if ((method == 0 || first->method == method)
            && first->path.len == route->path.len
            && ngx_memcmp(first->path.data, route->path.data,
                          route->path.len)
               == 0)
        {
            return first;
        }
    }

    return NULL;
}


static void
ngx_http_order_openapi_components(ngx_order_writer_t *w)
{
    ngx_order_write_open(w, "components", '{');

    ngx_http_order_openapi_schemas(w);

    ngx_order_write_open(w, "responses", '{');
    ngx_order_write_open(w, "Problem", '{');
    ngx_order_write_string(w, "description",
                           "a refusal or a failure (RFC 9457)");
    ngx_order_write_open(w, "content", '{');
    ngx_order_write_open(w, "application/problem+json", '{');
    ngx_order_write_open(w, "schema", '{');
    ngx_order_write_string(w, "$ref", "#/components/schemas/Problem");
    ngx_order_write_close(w, '}');
    ngx_order_write_close(w, '}');
    ngx_order_write_close(w, '}');
    ngx_order_write_close(w, '}');
    ngx_order_write_close(w, '}');

    ngx_http_order_openapi_security(w);

    ngx_order_write_close(w, '}');
}


/*
 * Answers of one name are one schema.  Of a message there is no member that
 * is not told of.
 */

static void
ngx_http_order_openapi_schemas(ngx_order_writer_t *w)
{
    const ngx_http_order_route_t    *route;
    const ngx_http_order_message_t  *message;

    ngx_order_write_open(w, "schemas", '{');

    ngx_http_order_schema_object(w, "Problem", ngx_http_order_problem_fields,
                                 NGX_HTTP_ORDER_SCHEMA_NULLS);

    for (route = ngx_http_order_routes; route->path.len; route++) {
        if (route->answer->fields
            && ngx_http_order_openapi_named(&route->answer->name) == route)
        {
            ngx_http_order_schema_object(w, (char *) route->answer->name.data,
                                         route->answer->fields,
                                         NGX_HTTP_ORDER_SCHEMA_NULLS);
        }
    }

    for (message = ngx_http_order_messages; message->name.len; message++) {
        ngx_http_order_schema_object(w, (char *) message->name.data,
                                     message->fields,
                                     NGX_HTTP_ORDER_SCHEMA_NULLS
                                     |NGX_HTTP_ORDER_SCHEMA_CLOSED);
    }

    ngx_order_write_close(w, '}');
}


/* The first row whose answer has that name. */

static const ngx_http_order_route_t *
ngx_http_order_openapi_named(const ngx_str_t *name)
{
    const ngx_http_order_route_t  *route;

    for (route = ngx_http_order_routes; route->path.len; route++) {
        if (route->answer->name.len == name->len
            && ngx_memcmp(route->answer->name.data, name->data, name->len)
               == 0)
        {
            break;
        }
    }

    return route;
}


static void
ngx_http_order_openapi_security(ngx_order_writer_t *w)
{
    ngx_order_write_open(w, "securitySchemes", '{');

    ngx_order_write_open(w, "bearer", '{');
    ngx_order_write_string(w, "type", "http");
    ngx_order_write_string(w, "scheme", "bearer");
    ngx_order_write_string(w, "bearerFormat", "JWT");
    ngx_order_write_close(w, '}');

    ngx_order_write_open(w, "cookie", '{');
    ngx_order_write_string(w, "type", "apiKey");
    ngx_order_write_string(w, "in", "cookie");
    ngx_order_write_string(w, "name", NGX_HTTP_ORDER_COOKIE);
    ngx_order_write_close(w, '}');

    ngx_order_write_close(w, '}');
}


ngx_int_t
ngx_http_order_openapi_handler(ngx_http_request_t *r,
    ngx_http_order_ctx_t *ctx)
{
    ngx_str_t                          text, etag, control;
    const ngx_http_order_problem_t    *problem;
    const ngx_http_order_main_conf_t  *omcf;

    problem = ngx_http_order_refusal(r, ctx);
    if (problem) {
        return ngx_http_order_reply_problem(r, problem, NULL, NULL);
    }

    omcf = ngx_http_get_module_main_conf(r, ngx_http_order_module);

    text = omcf->openapi->text;
    etag = omcf->openapi->etag;
    ngx_str_set(&control, "no-cache");

    if (ngx_http_order_reply_header(r, "ETag", &etag) != NGX_OK
        || ngx_http_order_reply_header(r, "Cache-Control", &control)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_order_reply_matches(r, &etag)) {
        return ngx_http_order_reply_not_modified(r);
    }

    return ngx_http_order_reply_json(r, NGX_HTTP_OK, &text);
}
