
/*
 * The fields of a request that come in a JSON body.
 */


#include <ngx_order_input_int.h>
#include <ngx_order_check.h>


typedef struct {
    ngx_uint_t                  types;    /* bits of ngx_order_json_type_e */
    const char                 *message;
} ngx_order_kind_t;


static ngx_int_t ngx_order_input_members(ngx_order_reader_t *reader,
    const ngx_order_field_t *fields, const ngx_order_json_t *object,
    const ngx_order_frame_t *up, ngx_str_t *values);
static ngx_int_t ngx_order_input_unknown(ngx_order_reader_t *reader,
    const ngx_order_field_t *fields, const ngx_order_json_t *object,
    const ngx_order_frame_t *up);
static ngx_int_t ngx_order_input_value(ngx_order_reader_t *reader,
    const ngx_order_field_t *field, const ngx_order_json_t *json,
    const ngx_order_frame_t *frame, ngx_str_t *value);
static ngx_int_t ngx_order_input_object(ngx_order_reader_t *reader,
    const ngx_order_field_t *field, const ngx_order_json_t *json,
    const ngx_order_frame_t *frame, ngx_str_t *value);
static ngx_int_t ngx_order_input_array(ngx_order_reader_t *reader,
    const ngx_order_field_t *field, const ngx_order_json_t *json,
    const ngx_order_frame_t *frame, ngx_str_t *value);
static ngx_int_t ngx_order_input_element(ngx_order_reader_t *reader,
    const ngx_order_field_t *field, const ngx_order_json_t *json,
    const ngx_order_frame_t *frame);


/* the types of JSON that a field takes, in the order of ngx_order_type_e */

#define NGX_ORDER_KIND_STRING                                                \
    { 1 << NGX_ORDER_JSON_STRING, "must be a string" }

#define NGX_ORDER_KIND_NUMBER                                                \
    { 1 << NGX_ORDER_JSON_NUMBER | 1 << NGX_ORDER_JSON_STRING,               \
      "must be a number" }


static const ngx_order_kind_t  ngx_order_kinds[] = {
    NGX_ORDER_KIND_STRING,
    NGX_ORDER_KIND_STRING,
    NGX_ORDER_KIND_STRING,
    NGX_ORDER_KIND_NUMBER,
    NGX_ORDER_KIND_NUMBER,
    { 1 << NGX_ORDER_JSON_BOOLEAN, "must be true or false" },
    NGX_ORDER_KIND_STRING,
    NGX_ORDER_KIND_STRING,
    NGX_ORDER_KIND_STRING,
    NGX_ORDER_KIND_STRING,
    { 1 << NGX_ORDER_JSON_OBJECT, "must be an object" },
    { 1 << NGX_ORDER_JSON_ARRAY, "must be an array" }
};


ngx_int_t
ngx_order_input_json(ngx_order_reader_t *reader)
{
    ngx_int_t                rc;
    ngx_uint_t               i;
    ngx_order_frame_t        frame;
    const ngx_order_json_t  *root;

    /* what is missing is told by members(), or not at all */

    for (i = 0; reader->fields[i].name.len; i++) {
        if (reader->fields[i].in == NGX_ORDER_IN_BODY) {
            reader->told |= 1u << i;
        }
    }

    rc = ngx_order_input_root(reader->source, reader->pool);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    root = reader->source->root;

    frame.up = NULL;
    frame.index = -1;

    if (rc == NGX_DECLINED) {
        frame.name = reader->source->fault.member;
        return ngx_order_input_fault(reader, &frame,
                                     reader->source->fault.message);
    }

    if (ngx_order_json_type(root) != NGX_ORDER_JSON_OBJECT) {
        ngx_str_set(&frame.name, "");
        return ngx_order_input_fault(reader, &frame, "must be a JSON object");
    }

    /* all JSON texts together take no more than the body, but for the NULs */

    reader->text = ngx_pnalloc(reader->pool, reader->source->body.len
                                             + NGX_ORDER_FIELDS);
    if (reader->text == NULL) {
        return NGX_ERROR;
    }

    return ngx_order_input_members(reader, reader->fields, root, NULL,
                                   reader->input->values);
}


ngx_int_t
ngx_order_input_root(ngx_order_source_t *source, ngx_pool_t *pool)
{
    if (!source->read) {
        source->rc = ngx_order_json_read(&source->body, pool, &source->root,
                                         &source->fault);
        source->read = 1;
    }

    return source->rc;
}


/* "values" is NULL below the body's own members */

static ngx_int_t
ngx_order_input_members(ngx_order_reader_t *reader,
    const ngx_order_field_t *fields, const ngx_order_json_t *object,
    const ngx_order_frame_t *up, ngx_str_t *values)
{
    ngx_int_t                rc;
    ngx_uint_t               i;
    const char              *code;
    ngx_order_frame_t        frame;
    const ngx_order_json_t  *json;

    code = reader->code;

    if (ngx_order_input_unknown(reader, fields, object, up) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; fields[i].name.len; i++) {

        if (fields[i].in != NGX_ORDER_IN_BODY) {
            continue;
        }

        frame.up = up;
        frame.name = fields[i].name;
        frame.index = -1;

        if (fields[i].type == NGX_ORDER_OBJECT && fields[i].words) {
            reader->code = fields[i].words;
        }

        json = ngx_order_json_member(object, &fields[i].name);

        if (json) {
            rc = ngx_order_input_value(reader, &fields[i], json, &frame,
                                       values ? &values[i] : NULL);

        } else if (fields[i].required) {
            rc = ngx_order_input_fault(reader, &frame, "is required");

        } else {
            rc = NGX_OK;
        }

        reader->code = code;

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_input_unknown(ngx_order_reader_t *reader,
    const ngx_order_field_t *fields, const ngx_order_json_t *object,
    const ngx_order_frame_t *up)
{
    void               *iter;
    ngx_order_frame_t   frame;

    frame.up = up;
    frame.index = -1;
    iter = NULL;

    while (ngx_order_json_next(object, &iter, &frame.name)) {

        if (ngx_order_input_find(fields, NGX_ORDER_IN_BODY, &frame.name)
            == NGX_DECLINED
            && ngx_order_input_fault(reader, &frame, "is not known")
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_input_value(ngx_order_reader_t *reader,
    const ngx_order_field_t *field, const ngx_order_json_t *json,
    const ngx_order_frame_t *frame, ngx_str_t *value)
{
    ngx_int_t   rc;
    ngx_str_t   text, message;

    if (!(ngx_order_kinds[field->type].types
          & (1 << ngx_order_json_type(json))))
    {
        return ngx_order_input_fault(reader, frame,
                                     ngx_order_kinds[field->type].message);
    }

    if (field->type == NGX_ORDER_OBJECT) {
        return ngx_order_input_object(reader, field, json, frame, value);
    }

    if (field->type == NGX_ORDER_ARRAY) {
        return ngx_order_input_array(reader, field, json, frame, value);
    }

    text = ngx_order_json_text(json);

    if (text.len == 0 && field->required) {
        return ngx_order_input_fault(reader, frame, "must not be empty");
    }

    rc = ngx_order_check(field, &text, &message, reader->pool);

    if (rc == NGX_OK && value) {
        *value = text;
    }

    return ngx_order_input_judge(reader, rc, frame, &message);
}


static ngx_int_t
ngx_order_input_object(ngx_order_reader_t *reader,
    const ngx_order_field_t *field, const ngx_order_json_t *json,
    const ngx_order_frame_t *frame, ngx_str_t *value)
{
    u_char     *end;
    ngx_int_t   rc;
    ngx_str_t   message;

    /* what is inside is written to the same place, and so comes first */

    if (field->fields
        && ngx_order_input_members(reader, field->fields, json, frame, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    end = ngx_order_json_write(reader->text, json);

    rc = ngx_order_check_bounds(field, end - reader->text, " bytes long",
                                &message, reader->pool);
    if (rc != NGX_OK) {
        return ngx_order_input_judge(reader, rc, frame, &message);
    }

    if (value) {
        value->data = reader->text;
        value->len = end - reader->text;

        *end++ = '\0';
        reader->text = end;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_input_array(ngx_order_reader_t *reader,
    const ngx_order_field_t *field, const ngx_order_json_t *json,
    const ngx_order_frame_t *frame, ngx_str_t *value)
{
    ngx_int_t           rc;
    ngx_str_t           message;
    ngx_uint_t          i, n;
    ngx_order_frame_t   element;

    n = ngx_order_json_elements(json);

    rc = ngx_order_check_bounds(field, n, " elements", &message,
                                reader->pool);
    if (rc != NGX_OK) {
        return ngx_order_input_judge(reader, rc, frame, &message);
    }

    element = *frame;

    for (i = 0; i < n; i++) {
        element.index = i;

        if (ngx_order_input_element(reader, field,
                                    ngx_order_json_element(json, i),
                                    &element)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (value) {
        value->data = reader->text;
        reader->text = ngx_order_json_write(reader->text, json);
        value->len = reader->text - value->data;
        *reader->text++ = '\0';
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_input_element(ngx_order_reader_t *reader,
    const ngx_order_field_t *field, const ngx_order_json_t *json,
    const ngx_order_frame_t *frame)
{
    ngx_order_json_type_e  type;

    if (field->fields && field->fields->name.len == 1
        && field->fields->name.data[0] == '*')
    {
        return ngx_order_input_value(reader, field->fields, json, frame,
                                     NULL);
    }

    type = ngx_order_json_type(json);

    if (field->fields) {
        if (type != NGX_ORDER_JSON_OBJECT) {
            return ngx_order_input_fault(reader, frame, "must be an object");
        }

        return ngx_order_input_members(reader, field->fields, json, frame,
                                       NULL);
    }

    if (type != NGX_ORDER_JSON_OBJECT && type != NGX_ORDER_JSON_STRING) {
        return ngx_order_input_fault(reader, frame,
                                     "must be an object or a string");
    }

    return NGX_OK;
}
