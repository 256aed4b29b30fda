
/*
 * The fields of a request: where each comes from, and what is wrong.
 *
 * All that is made lives in the caller's pool.  A function that returns
 * NGX_OK may have found faults; NGX_ERROR means that there is no memory.
 */


#include <ngx_order_input_int.h>
#include <ngx_order_check.h>


static ngx_int_t ngx_order_input_path(ngx_order_reader_t *reader);
static ngx_int_t ngx_order_input_headers(ngx_order_reader_t *reader);
static ngx_int_t ngx_order_input_copy(ngx_order_reader_t *reader,
    ngx_uint_t i, const ngx_str_t *value);
static ngx_int_t ngx_order_input_query(ngx_order_reader_t *reader);
static ngx_int_t ngx_order_input_body(ngx_order_reader_t *reader);
static ngx_int_t ngx_order_input_args(ngx_order_reader_t *reader,
    const ngx_str_t *text, ngx_order_place_e in);
static ngx_int_t ngx_order_input_arg(ngx_order_reader_t *reader,
    u_char *start, u_char *last, ngx_order_place_e in);
static ngx_int_t ngx_order_input_unescape(ngx_str_t *dst, const u_char *p,
    const u_char *last, ngx_pool_t *pool);
static ngx_int_t ngx_order_input_text(ngx_order_reader_t *reader,
    ngx_uint_t i, ngx_str_t *value);
static ngx_int_t ngx_order_input_required(ngx_order_reader_t *reader);
static ngx_int_t ngx_order_input_add(ngx_order_input_t *input,
    const ngx_str_t *field, const char *message, const char *code);
static ngx_uint_t ngx_order_input_has_arg(const ngx_str_t *form,
    const ngx_str_t *name);
static size_t ngx_order_input_name_len(const ngx_order_frame_t *frame);
static u_char *ngx_order_input_name(u_char *p,
    const ngx_order_frame_t *frame);
static size_t ngx_order_input_cut(const ngx_str_t *name);


ngx_int_t
ngx_order_input_read(ngx_order_input_t *input,
    const ngx_order_field_t *fields, ngx_order_source_t *source,
    ngx_pool_t *pool)
{
    ngx_order_reader_t  reader;

    ngx_memzero(input, sizeof(ngx_order_input_t));
    ngx_memzero(&reader, sizeof(ngx_order_reader_t));

    reader.input = input;
    reader.fields = fields;
    reader.source = source;
    reader.pool = pool;

    if (ngx_array_init(&input->faults, pool, 4, sizeof(ngx_order_fault_t))
        != NGX_OK
        || ngx_order_input_path(&reader) != NGX_OK
        || ngx_order_input_headers(&reader) != NGX_OK
        || ngx_order_input_query(&reader) != NGX_OK
        || ngx_order_input_body(&reader) != NGX_OK
        || ngx_order_input_required(&reader) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return input->faults.nelts ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_order_input_path(ngx_order_reader_t *reader)
{
    ngx_uint_t        i;
    const ngx_str_t  *value;

    value = reader->source->path;

    for (i = 0; reader->fields[i].name.len; i++) {

        if (reader->fields[i].in == NGX_ORDER_IN_PATH
            && ngx_order_input_copy(reader, i, value++) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_input_headers(ngx_order_reader_t *reader)
{
    ngx_str_t                  value;
    ngx_uint_t                 i;
    const ngx_order_source_t  *source;

    source = reader->source;

    for (i = 0; reader->fields[i].name.len; i++) {

        if (reader->fields[i].in != NGX_ORDER_IN_HEADER) {
            continue;
        }

        value = source->header(source->data, &reader->fields[i].name);

        if (value.data && ngx_order_input_copy(reader, i, &value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_input_copy(ngx_order_reader_t *reader, ngx_uint_t i,
    const ngx_str_t *value)
{
    ngx_str_t  copy;

    copy.len = value->len;
    copy.data = ngx_pnalloc(reader->pool, value->len + 1);
    if (copy.data == NULL) {
        return NGX_ERROR;
    }

    *ngx_cpymem(copy.data, value->data, value->len) = '\0';

    return ngx_order_input_text(reader, i, &copy);
}


static ngx_int_t
ngx_order_input_query(ngx_order_reader_t *reader)
{
    return ngx_order_input_args(reader, &reader->source->query,
                                NGX_ORDER_IN_QUERY);
}


static ngx_int_t
ngx_order_input_body(ngx_order_reader_t *reader)
{
    if (reader->source->body.len == 0) {
        return NGX_OK;
    }

    if (reader->source->form) {
        return ngx_order_input_args(reader, &reader->source->body,
                                    NGX_ORDER_IN_BODY);
    }

    return ngx_order_input_json(reader);
}


static ngx_int_t
ngx_order_input_args(ngx_order_reader_t *reader, const ngx_str_t *text,
    ngx_order_place_e in)
{
    u_char  *p, *last, *end;

    if (text->len == 0) {
        return NGX_OK;
    }

    last = text->data + text->len;

    for (p = text->data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        if (reader->input->faults.nelts == NGX_ORDER_FAULTS) {
            return NGX_OK;
        }

        if (p < end && ngx_order_input_arg(reader, p, end, in) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_input_arg(ngx_order_reader_t *reader, u_char *start, u_char *last,
    ngx_order_place_e in)
{
    u_char             *equals;
    ngx_int_t           rc, i;
    ngx_str_t           value;
    ngx_order_frame_t   frame;

    equals = ngx_strlchr(start, last, '=');
    if (equals == NULL) {
        equals = last;
    }

    frame.up = NULL;
    frame.index = -1;

    rc = ngx_order_input_unescape(&frame.name, start, equals, reader->pool);

    if (rc == NGX_DECLINED) {
        ngx_str_set(&frame.name, "");
        return ngx_order_input_fault(reader, &frame,
                                     "a name is wrongly escaped");
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    i = ngx_order_input_find(reader->fields, in, &frame.name);

    if (i == NGX_DECLINED) {
        return ngx_order_input_fault(reader, &frame, "is not known");
    }

    if (reader->seen & (1u << i)) {
        reader->told |= 1u << i;
        return ngx_order_input_fault(reader, &frame,
                                     "is given more than once");
    }

    reader->seen |= 1u << i;

    rc = ngx_order_input_unescape(&value, equals + (equals < last), last,
                                  reader->pool);
    if (rc == NGX_DECLINED) {
        reader->told |= 1u << i;
        return ngx_order_input_fault(reader, &frame, "is wrongly escaped");
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    return value.len ? ngx_order_input_text(reader, i, &value) : NGX_OK;
}


/* NGX_DECLINED: a "%" without two hexadecimal digits */

static ngx_int_t
ngx_order_input_unescape(ngx_str_t *dst, const u_char *p, const u_char *last,
    ngx_pool_t *pool)
{
    u_char     *d;
    ngx_int_t   c;

    d = ngx_pnalloc(pool, last - p + 1);
    if (d == NULL) {
        return NGX_ERROR;
    }

    dst->data = d;

    while (p < last) {

        if (*p == '%') {
            c = (last - p > 2) ? ngx_hextoi((u_char *) p + 1, 2) : NGX_ERROR;
            if (c == NGX_ERROR) {
                return NGX_DECLINED;
            }

            *d++ = (u_char) c;
            p += 3;
            continue;
        }

        *d++ = (*p == '+') ? ' ' : *p;
        p++;
    }

    *d = '\0';
    dst->len = d - dst->data;

    return NGX_OK;
}


ngx_int_t
ngx_order_input_find(const ngx_order_field_t *fields, ngx_order_place_e in,
    const ngx_str_t *name)
{
    ngx_int_t  i;

    for (i = 0; fields[i].name.len; i++) {

        if (fields[i].in == in && fields[i].name.len == name->len
            && ngx_memcmp(fields[i].name.data, name->data, name->len) == 0)
        {
            return i;
        }
    }

    return NGX_DECLINED;
}


/* a value that did not come in JSON; NUL terminated */

static ngx_int_t
ngx_order_input_text(ngx_order_reader_t *reader, ngx_uint_t i,
    ngx_str_t *value)
{
    ngx_int_t                 rc;
    ngx_str_t                 message;
    ngx_order_frame_t         frame;
    const ngx_order_field_t  *field;

    field = &reader->fields[i];

    if (value->len == 0) {
        rc = NGX_DECLINED;
        ngx_str_set(&message, "must not be empty");

    } else if (field->type >= NGX_ORDER_OBJECT) {
        rc = NGX_DECLINED;
        ngx_str_set(&message, "must be sent as JSON");

    } else {
        rc = ngx_order_check(field, value, &message, reader->pool);
    }

    if (rc == NGX_OK) {
        reader->input->values[i] = *value;
        return NGX_OK;
    }

    reader->told |= 1u << i;

    frame.up = NULL;
    frame.name = field->name;
    frame.index = -1;

    return ngx_order_input_judge(reader, rc, &frame, &message);
}


/* of what did not come in JSON */

static ngx_int_t
ngx_order_input_required(ngx_order_reader_t *reader)
{
    ngx_uint_t          i;
    ngx_order_frame_t   frame;

    frame.up = NULL;
    frame.index = -1;

    for (i = 0; reader->fields[i].name.len; i++) {

        if (!reader->fields[i].required
            || reader->input->values[i].data
            || reader->told & (1u << i))
        {
            continue;
        }

        frame.name = reader->fields[i].name;

        if (ngx_order_input_fault(reader, &frame, "is required") != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* a check's answer: a fault is no error of ours */

ngx_int_t
ngx_order_input_judge(ngx_order_reader_t *reader, ngx_int_t rc,
    const ngx_order_frame_t *frame, const ngx_str_t *message)
{
    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_order_input_fault(reader, frame, (char *) message->data);
}


ngx_int_t
ngx_order_input_fault(ngx_order_reader_t *reader,
    const ngx_order_frame_t *frame, const char *message)
{
    ngx_str_t  field;

    if (reader->input->faults.nelts == NGX_ORDER_FAULTS) {
        return NGX_OK;
    }

    field.data = ngx_pnalloc(reader->pool, ngx_order_input_name_len(frame));
    if (field.data == NULL) {
        return NGX_ERROR;
    }

    field.len = ngx_order_input_name(field.data, frame) - field.data;

    return ngx_order_input_add(reader->input, &field, message, reader->code);
}


ngx_int_t
ngx_order_input_refuse(ngx_order_input_t *input, const ngx_str_t *field,
    const char *message)
{
    return ngx_order_input_add(input, field, message, NULL);
}


static ngx_int_t
ngx_order_input_add(ngx_order_input_t *input, const ngx_str_t *field,
    const char *message, const char *code)
{
    ngx_order_fault_t  *fault;

    if (input->faults.nelts == NGX_ORDER_FAULTS) {
        return NGX_OK;
    }

    fault = ngx_array_push(&input->faults);
    if (fault == NULL) {
        return NGX_ERROR;
    }

    fault->field = *field;
    fault->message.data = (u_char *) message;
    fault->message.len = ngx_strlen(message);
    fault->code = code;

    return NGX_OK;
}


static size_t
ngx_order_input_name_len(const ngx_order_frame_t *frame)
{
    size_t  len;

    for (len = 1; frame; frame = frame->up) {
        len += NGX_ORDER_NAME_LEN + NGX_INT_T_LEN + sizeof(".[]");
    }

    return len;
}


static u_char *
ngx_order_input_name(u_char *p, const ngx_order_frame_t *frame)
{
    if (frame->up) {
        p = ngx_order_input_name(p, frame->up);
        *p++ = '.';
    }

    p = ngx_cpymem(p, frame->name.data, ngx_order_input_cut(&frame->name));

    if (frame->index >= 0) {
        p = ngx_sprintf(p, "[%i]", frame->index);
    }

    return p;
}


/* bytes of a name that are told; none if it is not UTF-8 */

static size_t
ngx_order_input_cut(const ngx_str_t *name)
{
    ngx_uint_t     n;
    const u_char  *p, *last;

    last = name->data + name->len;

    for (p = name->data; p < last; p += n) {
        n = ngx_order_utf8(p, last);

        if (n == 0) {
            return 0;
        }

        if (p + n > name->data + NGX_ORDER_NAME_LEN) {
            break;
        }
    }

    return p - name->data;
}


ngx_int_t
ngx_order_input_has(ngx_order_source_t *source, const ngx_str_t *name,
    ngx_pool_t *pool)
{
    ngx_int_t  rc;

    if (source->body.len == 0) {
        return NGX_DECLINED;
    }

    if (source->form) {
        return ngx_order_input_has_arg(&source->body, name) ? NGX_OK
                                                            : NGX_DECLINED;
    }

    rc = ngx_order_input_root(source, pool);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED
        || ngx_order_json_type(source->root) != NGX_ORDER_JSON_OBJECT)
    {
        return NGX_ABORT;
    }

    return ngx_order_json_member(source->root, name) ? NGX_OK : NGX_DECLINED;
}


/* "name=..." at the beginning of an argument */

static ngx_uint_t
ngx_order_input_has_arg(const ngx_str_t *form, const ngx_str_t *name)
{
    u_char  *p, *last;

    last = form->data + form->len;

    for (p = form->data; p && p < last; p = ngx_strlchr(p, last, '&')) {

        p += (*p == '&');

        if ((size_t) (last - p) > name->len && p[name->len] == '='
            && ngx_memcmp(p, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
