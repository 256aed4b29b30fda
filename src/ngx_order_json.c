
/*
 * JSON on jansson, which is strict, tells duplicate members, and is alone in
 * this file; but it turns numbers into doubles.  So it is given a copy of the
 * text in which each number is a string that starts with \u0000, which no
 * string of the client's may contain.  Making the copy also counts depth and
 * values before anything is allocated for them, and knows at which member it
 * is when it finds a fault.
 *
 * jansson's objects are freed by a cleanup of the pool.
 */


#include <ngx_order_json.h>

#include <jansson.h>


#define NGX_ORDER_JSON_MARK    "\"\\u0000"
#define NGX_ORDER_JSON_DIGITS  64      /* characters of a number, at most */


typedef struct {
    const u_char            *p;
    const u_char            *last;
    u_char                  *out;
    ngx_uint_t               depth;
    ngx_uint_t               values;
    ngx_str_t                string;   /* the one that ended last */
    ngx_str_t                member;   /* where we are; empty: not known */
} ngx_order_json_copy_t;


static void ngx_order_json_free(void *data);
static json_t *ngx_order_json_parse(const ngx_str_t *text,
    ngx_order_json_fault_t *fault, ngx_int_t *rc);
static void ngx_order_json_refused(const ngx_str_t *text,
    const json_error_t *error, ngx_order_json_fault_t *fault);
static const char *ngx_order_json_copy(ngx_order_json_copy_t *copy);
static const char *ngx_order_json_copy_string(ngx_order_json_copy_t *copy);
static ngx_uint_t ngx_order_json_copy_escape(const u_char *p,
    const u_char *last);
static const char *ngx_order_json_copy_number(ngx_order_json_copy_t *copy);
static ngx_uint_t ngx_order_json_is_number(u_char c);
static ngx_uint_t ngx_order_json_is_huge(const ngx_str_t *number);
static ngx_int_t ngx_order_json_digits(u_char **p, const u_char *last);
static const char *ngx_order_json_copy_mark(ngx_order_json_copy_t *copy);
static u_char *ngx_order_json_write_object(u_char *p,
    const ngx_order_json_t *json);
static u_char *ngx_order_json_write_array(u_char *p,
    const ngx_order_json_t *json);
static u_char *ngx_order_json_write_string(u_char *p, const ngx_str_t *text);


ngx_int_t
ngx_order_json_read(const ngx_str_t *text, ngx_pool_t *pool,
    const ngx_order_json_t **root, ngx_order_json_fault_t *fault)
{
    size_t                  size;
    ngx_int_t               rc;
    ngx_str_t               copied;
    ngx_pool_cleanup_t     *cln;
    ngx_order_json_copy_t   copy;

    ngx_memzero(&copy, sizeof(ngx_order_json_copy_t));

    ngx_str_set(&copy.string, "");
    ngx_str_set(&copy.member, "");
    ngx_str_set(&fault->member, "");

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    size = ngx_min(text->len, NGX_ORDER_JSON_VALUES)
           * sizeof(NGX_ORDER_JSON_MARK);

    copied.data = ngx_palloc(pool, text->len + size + 1);
    if (copied.data == NULL) {
        return NGX_ERROR;
    }

    copy.p = text->data;
    copy.last = text->data + text->len;
    copy.out = copied.data;

    fault->message = ngx_order_json_copy(&copy);

    if (fault->message) {
        fault->member = copy.member;
        rc = NGX_DECLINED;

    } else {
        copied.len = copy.out - copied.data;

        cln->data = ngx_order_json_parse(&copied, fault, &rc);
        cln->handler = ngx_order_json_free;

        *root = cln->data;
    }

    if (fault->member.len == 0) {
        (void) ngx_pfree(pool, copied.data);
    }

    return rc;
}


static void
ngx_order_json_free(void *data)
{
    json_decref(data);
}


/* jansson has no word for most of its failures to allocate */

static json_t *
ngx_order_json_parse(const ngx_str_t *text, ngx_order_json_fault_t *fault,
    ngx_int_t *rc)
{
    json_t        *json;
    json_error_t   error;

    json = json_loadb((char *) text->data, text->len,
                      JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL, &error);

    if (json) {
        *rc = NGX_OK;

    } else if (error.text[0] == '\0') {
        *rc = NGX_ERROR;

    } else {
        ngx_order_json_refused(text, &error, fault);
        *rc = NGX_DECLINED;
    }

    return json;
}


/* jansson stops behind the second of two members of the same name */

static void
ngx_order_json_refused(const ngx_str_t *text, const json_error_t *error,
    ngx_order_json_fault_t *fault)
{
    u_char  *p, *end;

    fault->message = "is not valid JSON";

    if (json_error_code(error) != json_error_duplicate_key
        || error->position < 2 || (size_t) error->position > text->len)
    {
        return;
    }

    fault->message = "is given more than once";

    end = text->data + error->position - 1;

    for (p = end - 1; p > text->data; p--) {
        if (*p == '"' && p[-1] != '\\') {
            fault->member.data = p + 1;
            fault->member.len = end - p - 1;
            return;
        }
    }
}


/* returns what is wrong, NULL if nothing was found here */

static const char *
ngx_order_json_copy(ngx_order_json_copy_t *copy)
{
    u_char       c;
    const char  *wrong;

    while (copy->p < copy->last) {
        c = *copy->p;

        if (copy->values == NGX_ORDER_JSON_VALUES) {
            return "has too many names and values";
        }

        if (c == '"') {
            copy->values++;
            wrong = ngx_order_json_copy_string(copy);

        } else if (c == '-' || (c >= '0' && c <= '9')) {
            copy->values++;
            wrong = ngx_order_json_copy_number(copy);

        } else {
            wrong = ngx_order_json_copy_mark(copy);
        }

        if (wrong) {
            return wrong;
        }
    }

    return NULL;
}


static const char *
ngx_order_json_copy_string(ngx_order_json_copy_t *copy)
{
    ngx_uint_t     n;
    const u_char  *start;

    start = copy->p;
    *copy->out++ = *copy->p++;

    while (copy->p < copy->last) {

        if (*copy->p == '"') {
            *copy->out++ = *copy->p++;

            copy->string.data = (u_char *) start + 1;
            copy->string.len = copy->p - start - 2;

            return NULL;
        }

        n = ngx_order_utf8(copy->p, copy->last);

        if (n == 0) {
            return "is not UTF-8";
        }

        if (*copy->p < 0x20) {
            return "must not contain control characters";
        }

        if (*copy->p == '\\' && copy->last - copy->p > 1) {
            n = 1 + ngx_order_utf8(copy->p + 1, copy->last);

            if (copy->last - copy->p >= 6
                && ngx_memcmp(copy->p, "\\u0000", 6) == 0)
            {
                return "must not contain \\u0000";
            }

            if (copy->p[1] == 'u') {
                n = ngx_order_json_copy_escape(copy->p, copy->last);

                if (n == 0) {
                    return "is not valid JSON";
                }
            }
        }

        copy->out = ngx_cpymem(copy->out, copy->p, n);
        copy->p += n;
    }

    return "is not valid JSON";
}


/* bytes of a \u, of two where they are a pair; 0: it is none, or a half */

static ngx_uint_t
ngx_order_json_copy_escape(const u_char *p, const u_char *last)
{
    ngx_int_t  c;

    c = (last - p < 6) ? NGX_ERROR : ngx_hextoi((u_char *) p + 2, 4);

    if (c == NGX_ERROR || c < 0xd800 || c > 0xdfff) {
        return (c == NGX_ERROR) ? 0 : 6;
    }

    if (c > 0xdbff || last - p < 12 || p[6] != '\\' || p[7] != 'u') {
        return 0;
    }

    c = ngx_hextoi((u_char *) p + 8, 4);

    return (c >= 0xdc00 && c <= 0xdfff) ? 12 : 0;
}


static const char *
ngx_order_json_copy_number(ngx_order_json_copy_t *copy)
{
    ngx_str_t  number;

    number.data = (u_char *) copy->p;

    while (copy->p < copy->last && ngx_order_json_is_number(*copy->p)) {
        copy->p++;
    }

    number.len = copy->p - number.data;

    if (ngx_order_json_number(&number) != NGX_OK) {
        return "is not valid JSON";
    }

    if (ngx_order_json_is_huge(&number)) {
        return "is a number with too many digits";
    }

    copy->out = ngx_cpymem(copy->out, NGX_ORDER_JSON_MARK,
                           sizeof(NGX_ORDER_JSON_MARK) - 1);
    copy->out = ngx_cpymem(copy->out, number.data, number.len);
    *copy->out++ = '"';

    return NULL;
}


static ngx_uint_t
ngx_order_json_is_number(u_char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.'
           || c == 'e' || c == 'E';
}


/* PostgreSQL refuses numbers of some 130,000 digits; we do earlier */

static ngx_uint_t
ngx_order_json_is_huge(const ngx_str_t *number)
{
    size_t   digits;
    u_char  *p, *last;

    last = number->data + number->len;
    digits = 0;

    for (p = last - 1; p > number->data && *p >= '0' && *p <= '9'; p--) {
        digits++;
    }

    if (*p == '+' || *p == '-') {
        p--;
    }

    return number->len > NGX_ORDER_JSON_DIGITS
           || (p > number->data && (*p | 0x20) == 'e' && digits > 3);
}


ngx_int_t
ngx_order_json_number(const ngx_str_t *text)
{
    u_char  *p, *last;

    p = text->data;
    last = p + text->len;

    if (p < last && *p == '-') {
        p++;
    }

    if (p < last && *p == '0') {
        p++;

    } else if (ngx_order_json_digits(&p, last) != NGX_OK) {
        return NGX_ERROR;
    }

    if (p < last && *p == '.') {
        p++;

        if (ngx_order_json_digits(&p, last) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (p < last && (*p == 'e' || *p == 'E')) {
        p++;

        if (p < last && (*p == '+' || *p == '-')) {
            p++;
        }

        if (ngx_order_json_digits(&p, last) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return (p == last) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_order_json_digits(u_char **p, const u_char *last)
{
    const u_char  *start;

    start = *p;

    while (*p < last && **p >= '0' && **p <= '9') {
        (*p)++;
    }

    return (*p > start) ? NGX_OK : NGX_ERROR;
}


/* what is neither a string nor a number */

static const char *
ngx_order_json_copy_mark(ngx_order_json_copy_t *copy)
{
    switch (*copy->p) {

    case ':':
        copy->member = copy->string;
        break;

    case '{':
        copy->member.len = 0;

        /* fall through */

    case '[':
        copy->values++;

        if (++copy->depth > NGX_ORDER_DEPTH) {
            return "is nested too deep";
        }

        break;

    case '}':
    case ']':
        copy->depth--;

        /* fall through */

    case ',':
        copy->member.len = 0;
        break;
    }

    *copy->out++ = *copy->p++;

    return NULL;
}


ngx_order_json_type_e
ngx_order_json_type(const ngx_order_json_t *json)
{
    const json_t  *value = (const json_t *) json;

    switch (json_typeof(value)) {

    case JSON_OBJECT:
        return NGX_ORDER_JSON_OBJECT;

    case JSON_ARRAY:
        return NGX_ORDER_JSON_ARRAY;

    case JSON_TRUE:
    case JSON_FALSE:
        return NGX_ORDER_JSON_BOOLEAN;

    case JSON_STRING:
        if (json_string_length(value) && *json_string_value(value) == '\0') {
            return NGX_ORDER_JSON_NUMBER;
        }

        return NGX_ORDER_JSON_STRING;

    default:
        return NGX_ORDER_JSON_NULL;
    }
}


ngx_str_t
ngx_order_json_text(const ngx_order_json_t *json)
{
    ngx_str_t      text;
    const json_t  *value = (const json_t *) json;

    switch (ngx_order_json_type(json)) {

    case NGX_ORDER_JSON_STRING:
        text.data = (u_char *) json_string_value(value);
        text.len = json_string_length(value);
        break;

    case NGX_ORDER_JSON_NUMBER:
        text.data = (u_char *) json_string_value(value) + 1;
        text.len = json_string_length(value) - 1;
        break;

    case NGX_ORDER_JSON_BOOLEAN:
        text.data = (u_char *) (json_is_true(value) ? "true" : "false");
        text.len = ngx_strlen(text.data);
        break;

    default:
        ngx_str_null(&text);
        break;
    }

    return text;
}


const ngx_order_json_t *
ngx_order_json_member(const ngx_order_json_t *json, const ngx_str_t *name)
{
    json_t  *value;

    value = json_object_get((const json_t *) json, (char *) name->data);

    return json_is_null(value) ? NULL : (ngx_order_json_t *) value;
}


const ngx_order_json_t *
ngx_order_json_next(const ngx_order_json_t *json, void **iter,
    ngx_str_t *name)
{
    json_t  *object = (json_t *) json;

    *iter = (*iter == NULL) ? json_object_iter(object)
                            : json_object_iter_next(object, *iter);

    if (*iter == NULL) {
        return NULL;
    }

    name->data = (u_char *) json_object_iter_key(*iter);
    name->len = ngx_strlen(name->data);

    return (ngx_order_json_t *) json_object_iter_value(*iter);
}


ngx_uint_t
ngx_order_json_elements(const ngx_order_json_t *json)
{
    return json_array_size((const json_t *) json);
}


const ngx_order_json_t *
ngx_order_json_element(const ngx_order_json_t *json, ngx_uint_t i)
{
    return (ngx_order_json_t *) json_array_get((const json_t *) json, i);
}


u_char *
ngx_order_json_write(u_char *p, const ngx_order_json_t *json)
{
    ngx_str_t  text;

    switch (ngx_order_json_type(json)) {

    case NGX_ORDER_JSON_OBJECT:
        return ngx_order_json_write_object(p, json);

    case NGX_ORDER_JSON_ARRAY:
        return ngx_order_json_write_array(p, json);

    case NGX_ORDER_JSON_STRING:
        text = ngx_order_json_text(json);
        return ngx_order_json_write_string(p, &text);

    case NGX_ORDER_JSON_NULL:
        return ngx_cpymem(p, "null", 4);

    default:
        text = ngx_order_json_text(json);
        return ngx_cpymem(p, text.data, text.len);
    }
}


static u_char *
ngx_order_json_write_object(u_char *p, const ngx_order_json_t *json)
{
    void                    *iter;
    ngx_str_t                name;
    const ngx_order_json_t  *value;

    iter = NULL;
    *p++ = '{';

    while ((value = ngx_order_json_next(json, &iter, &name)) != NULL) {
        if (p[-1] != '{') {
            *p++ = ',';
        }

        p = ngx_order_json_write_string(p, &name);
        *p++ = ':';
        p = ngx_order_json_write(p, value);
    }

    *p++ = '}';

    return p;
}


static u_char *
ngx_order_json_write_array(u_char *p, const ngx_order_json_t *json)
{
    ngx_uint_t  i, n;

    n = ngx_order_json_elements(json);
    *p++ = '[';

    for (i = 0; i < n; i++) {
        if (i > 0) {
            *p++ = ',';
        }

        p = ngx_order_json_write(p, ngx_order_json_element(json, i));
    }

    *p++ = ']';

    return p;
}


static u_char *
ngx_order_json_write_string(u_char *p, const ngx_str_t *text)
{
    *p++ = '"';
    p = ngx_order_json_escape(p, text);
    *p++ = '"';

    return p;
}
