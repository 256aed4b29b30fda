
/*
 * Untrusted bytes -> checked fields.
 *
 * A route declares its fields; this reads them out of the path, the query
 * string, a header and the body (JSON or a form), checks each against its
 * declaration, and yields one text a field, in the order of the declaration,
 * as PostgreSQL will take it.  All wrong fields are told at once.  What a
 * field's type lets through, PostgreSQL accepts: no cast in the SQL functions
 * can fail on it.
 */


#ifndef _NGX_ORDER_INPUT_H_INCLUDED_
#define _NGX_ORDER_INPUT_H_INCLUDED_


#include <ngx_order.h>
#include <ngx_order_json.h>


#define NGX_ORDER_FIELDS       24      /* of a route, at most */
#define NGX_ORDER_FAULTS       32      /* told of one request, at most */
#define NGX_ORDER_NAME_LEN     64      /* bytes of a client's name, told */


/*
 * Bounds: min and max are both 0 where there are none.
 *
 * A value of null, and an empty value in a form or a query string, counts as
 * absent; an empty text for a required field is a fault.
 */


typedef enum {
    NGX_ORDER_TEXT = 0,        /* UTF-8, of the control characters only \t, \n
                                  and \r; min, max: characters */
    NGX_ORDER_UUID,
    NGX_ORDER_UUID_OR_NUMBER,  /* an order's id or its number */
    NGX_ORDER_INTEGER,         /* bigint; min, max: values; a string counts
                                  too */
    NGX_ORDER_DECIMAL,         /* numeric(18,8); min, max: values; a string
                                  counts too; becomes the shortest decimal
                                  text without an exponent */
    NGX_ORDER_BOOLEAN,         /* true or false, in forms also 1 or 0 */
    NGX_ORDER_DATE,            /* 2026-11-21, of the years 1 to 9999 */
    NGX_ORDER_TIME,            /* RFC 3339 with a zone, "T" and "Z" in upper
                                  case, at most 9 digits of a fraction */
    NGX_ORDER_ENUM,            /* one of "words", separated by "|" */
    NGX_ORDER_EMAIL,           /* at most 254 bytes */
    NGX_ORDER_OBJECT,          /* max: bytes of its JSON text */
    NGX_ORDER_ARRAY            /* of objects or strings, or of what "*" of
                                  its fields is; min, max: elements */
} ngx_order_type_e;


typedef enum {
    NGX_ORDER_IN_BODY = 0,
    NGX_ORDER_IN_PATH,
    NGX_ORDER_IN_QUERY,
    NGX_ORDER_IN_HEADER
} ngx_order_place_e;


typedef struct ngx_order_field_s  ngx_order_field_t;

struct ngx_order_field_s {
    ngx_str_t                  name;
    ngx_order_place_e          in;
    ngx_order_type_e           type;
    ngx_uint_t                 required;
    int64_t                    min;
    int64_t                    max;
    const char                *words;  /* of an enum; of an object: the code
                                          of a problem with it alone, or
                                          NULL */
    const ngx_order_field_t   *fields; /* of an object, of array elements;
                                          NULL: any.  Ends with an empty
                                          name. */
};


/* what a request brings; bodies and query strings are raw bytes; all that is
 * not known is zero */

typedef struct {
    const ngx_str_t           *path;   /* values of the path's parameters, in
                                          the order of the path fields */
    ngx_str_t                  query;
    ngx_str_t                  body;
    ngx_uint_t                 form;   /* the body is form-encoded */
    ngx_str_t                (*header)(void *data, const ngx_str_t *name);
    void                      *data;   /* of header(); its result has a NULL
                                          data where there is no such header */

    /* private to ngx_order_input: the body as JSON, which is read once */

    ngx_uint_t                 read;
    ngx_int_t                  rc;
    const ngx_order_json_t    *root;
    ngx_order_json_fault_t     fault;
} ngx_order_source_t;


typedef struct {
    ngx_str_t                  field;  /* as in the declaration; nested:
                                          "items[2].quantity"; a client's own
                                          name is cut; empty: the body as a
                                          whole */
    ngx_str_t                  message;
    const char                *code;   /* of the object that it is in; or
                                          NULL */
} ngx_order_fault_t;


typedef struct {
    ngx_str_t                  values[NGX_ORDER_FIELDS];
                                       /* NUL-terminated; data NULL: absent */
    ngx_array_t                faults; /* of ngx_order_fault_t */
} ngx_order_input_t;


/*
 * Reads all of "fields" (it ends with an empty name).  Objects and arrays
 * become their JSON text with numbers as they were written, and must come
 * in a JSON body.  Members of the
 * body and arguments of the query that are not declared are faults, as are
 * duplicate arguments, bytes that are not UTF-8, and \u0000.
 *
 *     NGX_OK        input->values are good
 *     NGX_DECLINED  input->faults tells what is wrong
 *     NGX_ERROR     no memory
 *
 * All is allocated from "pool".
 */
ngx_int_t ngx_order_input_read(ngx_order_input_t *input,
    const ngx_order_field_t *fields, ngx_order_source_t *source,
    ngx_pool_t *pool);

/*
 * Does the body bring this member, with a value: NGX_OK or NGX_DECLINED.
 * NGX_ABORT: it cannot be read; ngx_order_input_read() will tell why.
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_order_input_has(ngx_order_source_t *source,
    const ngx_str_t *name, ngx_pool_t *pool);

/* Adds a fault of that field, unless there are NGX_ORDER_FAULTS; both texts
 * live as long as "input". */
ngx_int_t ngx_order_input_refuse(ngx_order_input_t *input,
    const ngx_str_t *field, const char *message);


#endif /* _NGX_ORDER_INPUT_H_INCLUDED_ */
