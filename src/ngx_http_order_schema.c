
/*
 * Fields as JSON Schema.
 */


#include <ngx_http_order_schema.h>


/* a type of fields, and what its bounds are of */

typedef struct {
    const char    *type;
    const char    *format;
    const char    *min;
    const char    *max;
} ngx_http_order_schema_type_t;


static ngx_uint_t ngx_http_order_schema_alike(
    const ngx_order_field_t *fields);
static void ngx_http_order_schema_type(ngx_order_writer_t *w,
    const ngx_order_field_t *field, ngx_uint_t may_be_null);
static void ngx_http_order_schema_bounds(ngx_order_writer_t *w,
    const ngx_order_field_t *field);
static void ngx_http_order_schema_words(ngx_order_writer_t *w,
    const char *words, ngx_uint_t may_be_null);
static void ngx_http_order_schema_members(ngx_order_writer_t *w,
    const ngx_order_field_t *fields, ngx_uint_t flags);
static void ngx_http_order_schema_required(ngx_order_writer_t *w,
    const ngx_order_field_t *fields);


/* in the order of ngx_order_type_e */

static const ngx_http_order_schema_type_t  ngx_http_order_schema_types[] = {
    { "string",  NULL,        "minLength", "maxLength" },
    { "string",  "uuid",      NULL,        NULL },
    { "string",  NULL,        NULL,        NULL },
    { "integer", NULL,        "minimum",   "maximum" },
    { "number",  NULL,        "minimum",   "maximum" },
    { "boolean", NULL,        NULL,        NULL },
    { "string",  "date",      NULL,        NULL },
    { "string",  "date-time", NULL,        NULL },
    { "string",  NULL,        NULL,        NULL },
    { "string",  "email",     "minLength", "maxLength" },
    { "object",  NULL,        NULL,        NULL },
    { "array",   NULL,        "minItems",  "maxItems" }
};


void
ngx_http_order_schema(ngx_order_writer_t *w, const char *name,
    const ngx_order_field_t *field, ngx_uint_t flags)
{
    ngx_uint_t  may_be_null;

    may_be_null = !field->required && (flags & NGX_HTTP_ORDER_SCHEMA_NULLS);

    ngx_order_write_open(w, name, '{');

    ngx_http_order_schema_type(w, field, may_be_null);
    ngx_http_order_schema_bounds(w, field);

    switch (field->type) {

    case NGX_ORDER_UUID_OR_NUMBER:
        ngx_order_write_string(w, "pattern",
                               "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}"
                               "-[0-9A-Fa-f]{12}|[A-Z][0-9A-Z-]{0,19})$");
        break;

    case NGX_ORDER_ENUM:
        ngx_http_order_schema_words(w, field->words, may_be_null);
        break;

    case NGX_ORDER_OBJECT:
        if (ngx_http_order_schema_alike(field->fields)) {
            ngx_http_order_schema(w, "additionalProperties", field->fields,
                                  flags);

        } else if (field->fields) {
            ngx_http_order_schema_members(w, field->fields, flags);
        }
        break;

    case NGX_ORDER_ARRAY:
        if (ngx_http_order_schema_alike(field->fields)) {
            ngx_http_order_schema(w, "items", field->fields, flags);

        } else if (field->fields) {
            ngx_http_order_schema_object(w, "items", field->fields, flags);
        }
        break;

    default:
        break;
    }

    ngx_order_write_close(w, '}');
}


/* "*" is every member of an object, whatever its name, or every element */

static ngx_uint_t
ngx_http_order_schema_alike(const ngx_order_field_t *fields)
{
    return fields && fields[0].name.len == 1 && fields[0].name.data[0] == '*';
}


static void
ngx_http_order_schema_type(ngx_order_writer_t *w,
    const ngx_order_field_t *field, ngx_uint_t may_be_null)
{
    const ngx_http_order_schema_type_t  *type;

    type = &ngx_http_order_schema_types[field->type];

    if (may_be_null) {
        ngx_order_write_open(w, "type", '[');
        ngx_order_write_string(w, NULL, type->type);
        ngx_order_write_string(w, NULL, "null");
        ngx_order_write_close(w, ']');

    } else {
        ngx_order_write_string(w, "type", type->type);
    }

    if (type->format) {
        ngx_order_write_string(w, "format", type->format);
    }
}


static void
ngx_http_order_schema_bounds(ngx_order_writer_t *w,
    const ngx_order_field_t *field)
{
    u_char                               buf[64];
    const ngx_http_order_schema_type_t  *type;

    type = &ngx_http_order_schema_types[field->type];

    if (field->min == 0 && field->max == 0) {
        return;
    }

    if (type->min) {
        ngx_order_write_integer(w, type->min, field->min);
        ngx_order_write_integer(w, type->max, field->max);
    }

    if (field->type == NGX_ORDER_OBJECT) {
        *ngx_sprintf(buf, "at most %L bytes", field->max) = '\0';
        ngx_order_write_string(w, "description", (char *) buf);
    }
}


static void
ngx_http_order_schema_words(ngx_order_writer_t *w, const char *words,
    ngx_uint_t may_be_null)
{
    u_char     *p, *end, *last;
    ngx_str_t   word;

    p = (u_char *) words;
    last = p + ngx_strlen(words);

    ngx_order_write_open(w, "enum", '[');

    for ( /* void */ ; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, '|');
        end = end ? end : last;

        word.data = p;
        word.len = (size_t) (end - p);
        ngx_order_write_text(w, NULL, &word);
    }

    if (may_be_null) {
        ngx_order_write_word(w, NULL, "null");
    }

    ngx_order_write_close(w, ']');
}


void
ngx_http_order_schema_object(ngx_order_writer_t *w, const char *name,
    const ngx_order_field_t *fields, ngx_uint_t flags)
{
    ngx_order_write_open(w, name, '{');
    ngx_order_write_string(w, "type", "object");
    ngx_http_order_schema_members(w, fields, flags);
    ngx_order_write_close(w, '}');
}


static void
ngx_http_order_schema_members(ngx_order_writer_t *w,
    const ngx_order_field_t *fields, ngx_uint_t flags)
{
    const ngx_order_field_t  *field;

    ngx_order_write_open(w, "properties", '{');

    for (field = fields; field->name.len; field++) {
        if (field->in == NGX_ORDER_IN_BODY) {
            ngx_http_order_schema(w, (char *) field->name.data, field, flags);
        }
    }

    ngx_order_write_close(w, '}');

    ngx_http_order_schema_required(w, fields);

    if (flags & NGX_HTTP_ORDER_SCHEMA_CLOSED) {
        ngx_order_write_word(w, "additionalProperties", "false");
    }
}


static void
ngx_http_order_schema_required(ngx_order_writer_t *w,
    const ngx_order_field_t *fields)
{
    const ngx_order_field_t  *field;

    ngx_order_write_open(w, "required", '[');

    for (field = fields; field->name.len; field++) {
        if (field->in == NGX_ORDER_IN_BODY && field->required) {
            ngx_order_write_text(w, NULL, &field->name);
        }
    }

    ngx_order_write_close(w, ']');
}
