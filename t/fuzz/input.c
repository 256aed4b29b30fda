
/*
 * Input.  The first byte chooses the fields and the body's form, the next
 * three the lengths of the query, of a path value and of a header; the rest
 * is the body.
 *
 * What is accepted must be what PostgreSQL takes: checked here by other means
 * than the parser's.
 */


#include <test.h>
#include <ngx_order_input.h>
#include <regex.h>


#define END  { ngx_null_string, 0, 0, 0, 0, 0, NULL, NULL }
#define FIELD(name, in, type, required, min, max, words, fields)             \
    { ngx_string(name), NGX_ORDER_IN_ ## in, NGX_ORDER_ ## type, required,   \
      min, max, words, fields }


static const ngx_order_field_t  item[] = {
    FIELD("id", BODY, UUID, 1, 0, 0, NULL, NULL),
    FIELD("n", BODY, INTEGER, 1, 1, 100, NULL, NULL),
    FIELD("o", BODY, OBJECT, 0, 0, 30, NULL, NULL),
    END
};

static const ngx_order_field_t  address[] = {
    FIELD("city", BODY, TEXT, 1, 1, 10, NULL, NULL),
    FIELD("items", BODY, ARRAY, 0, 0, 3, NULL, item),
    FIELD("when", BODY, TIME, 0, 0, 0, NULL, NULL),
    END
};

static const ngx_order_field_t  types[] = {
    FIELD("t", BODY, TEXT, 0, 0, 0, NULL, NULL),
    FIELD("u", BODY, UUID, 0, 0, 0, NULL, NULL),
    FIELD("v", BODY, UUID_OR_NUMBER, 0, 0, 0, NULL, NULL),
    FIELD("i", BODY, INTEGER, 0, 0, 0, NULL, NULL),
    FIELD("d", BODY, DECIMAL, 0, 0, 0, NULL, NULL),
    FIELD("b", BODY, BOOLEAN, 0, 0, 0, NULL, NULL),
    FIELD("y", BODY, DATE, 0, 0, 0, NULL, NULL),
    FIELD("w", BODY, TIME, 0, 0, 0, NULL, NULL),
    FIELD("e", BODY, ENUM, 0, 0, 0, "a|bc", NULL),
    FIELD("m", BODY, EMAIL, 0, 0, 0, NULL, NULL),
    FIELD("o", BODY, OBJECT, 0, 0, 0, NULL, NULL),
    FIELD("a", BODY, ARRAY, 0, 0, 0, NULL, NULL),
    END
};

static const ngx_order_field_t  bounds[] = {
    FIELD("t", BODY, TEXT, 1, 2, 4, NULL, NULL),
    FIELD("i", BODY, INTEGER, 0, -5, 5, NULL, NULL),
    FIELD("d", BODY, DECIMAL, 0, -5, 5, NULL, NULL),
    FIELD("o", BODY, OBJECT, 0, 0, 100, NULL, address),
    FIELD("a", BODY, ARRAY, 1, 1, 2, NULL, item),
    END
};

static const ngx_order_field_t  places[] = {
    FIELD("p", PATH, UUID_OR_NUMBER, 1, 0, 0, NULL, NULL),
    FIELD("Idempotency-Key", HEADER, TEXT, 0, 1, 255, NULL, NULL),
    FIELD("q", QUERY, TEXT, 1, 0, 0, NULL, NULL),
    FIELD("d", QUERY, DECIMAL, 0, 0, 1000, NULL, NULL),
    FIELD("i", QUERY, INTEGER, 0, 0, 0, NULL, NULL),
    FIELD("w", QUERY, TIME, 0, 0, 0, NULL, NULL),
    FIELD("e", QUERY, ENUM, 0, 0, 0, "a|bc", NULL),
    FIELD("d", BODY, DECIMAL, 0, 0, 0, NULL, NULL),
    END
};

static const ngx_order_field_t  path_text[] = {
    FIELD("p", PATH, TEXT, 1, 1, 30, NULL, NULL),
    FIELD("o", BODY, OBJECT, 1, 0, 0, NULL, address),
    END
};

static const ngx_order_field_t  *lists[] = { types, bounds, places,
                                             path_text };


/* by type; NULL: checked otherwise */

static const char  *patterns[] = {
    NULL,
    "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    "^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
        "|[A-Z][A-Z0-9-]{0,19})$",
    "^-?(0|[1-9][0-9]{0,18})$",
    "^-?(0|[1-9][0-9]{0,9})([.][0-9]{0,7}[1-9])?$",
    "^(true|false|0|1)$",
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
        "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?"
        "(Z|[+-](0[0-9]|1[0-5]):[0-5][0-9])$",
    "^(a|bc)$",
    "^[^@ ]+@[^@ ]+$",
    "^[{].*[}]$",
    "^[[].*[]]$"
};

static regex_t  compiled[12];


static void
check(int holds)
{
    if (!holds) {
        abort();
    }
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    ngx_uint_t  i;

    (void) argc;
    (void) argv;

    core();

    for (i = 1; i < 12; i++) {
        check(regcomp(&compiled[i], patterns[i], REG_EXTENDED|REG_NOSUB)
              == 0);
    }

    return 0;
}


static ngx_str_t
get_header(void *data, const ngx_str_t *name)
{
    check(strcmp((char *) name->data, "Idempotency-Key") == 0);

    return *(ngx_str_t *) data;
}


/* by the bit patterns of RFC 3629's table, one regular language at a time */

static int
is_utf8(const u_char *p, size_t len)
{
    size_t    i, n;
    uint32_t  c;

    for (i = 0; i < len; i += n) {
        c = p[i];
        n = (c < 0x80) ? 1 : (c >> 5 == 6) ? 2 : (c >> 4 == 14) ? 3
            : (c >> 3 == 30) ? 4 : 0;

        if (n == 0 || i + n > len) {
            return 0;
        }

        c &= (n == 1) ? 0x7f : (0x7f >> n);

        for (size_t j = 1; j < n; j++) {
            if (p[i + j] >> 6 != 2) {
                return 0;
            }

            c = c << 6 | (p[i + j] & 0x3f);
        }

        if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)
            || (n == 2 && c < 0x80) || (n == 3 && c < 0x800)
            || (n == 4 && c < 0x10000))
        {
            return 0;
        }
    }

    return 1;
}


/* JSON text that reads as itself */

static void
check_json(const ngx_str_t *value, ngx_pool_t *pool)
{
    u_char                  *buf;
    const ngx_order_json_t  *root;
    ngx_order_json_fault_t   fault;

    check(ngx_order_json_read(value, pool, &root, &fault) == NGX_OK);

    buf = malloc(value->len);
    check(ngx_order_json_write(buf, root) == buf + value->len);
    check(memcmp(buf, value->data, value->len) == 0);
    free(buf);
}


static void
check_values(const ngx_order_field_t *fields, const ngx_order_input_t *input,
    ngx_int_t rc, ngx_pool_t *pool)
{
    ngx_uint_t        i;
    const ngx_str_t  *value;

    for (i = 0; fields[i].name.len; i++) {
        value = &input->values[i];

        if (value->data == NULL) {
            check(rc != NGX_OK || !fields[i].required);
            continue;
        }

        check(value->data[value->len] == '\0');
        check(strlen((char *) value->data) == value->len);
        check(is_utf8(value->data, value->len));

        if (patterns[fields[i].type]) {
            check(regexec(&compiled[fields[i].type], (char *) value->data, 0,
                          NULL, 0)
                  == 0);
        }

        if (fields[i].type >= NGX_ORDER_OBJECT) {
            check_json(value, pool);
        }
    }
}


static void
check_faults(const ngx_order_input_t *input)
{
    ngx_uint_t          i;
    ngx_order_fault_t  *fault;

    fault = input->faults.elts;
    check(input->faults.nelts <= NGX_ORDER_FAULTS);

    for (i = 0; i < input->faults.nelts; i++) {
        check(is_utf8(fault[i].field.data, fault[i].field.len));
        check(fault[i].message.len > 0);
        check(is_utf8(fault[i].message.data, fault[i].message.len));
    }
}


/* of its own size, so that a byte too far is seen */

static ngx_str_t
take(const uint8_t **p, const uint8_t *last, size_t len, ngx_pool_t *pool)
{
    ngx_str_t  text;

    text.len = ngx_min(len, (size_t) (last - *p));
    text.data = text.len ? ngx_pnalloc(pool, text.len) : (u_char *) "";
    memcpy(text.data, *p, text.len);
    *p += text.len;

    return text;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t                 rc;
    ngx_str_t                 path, head;
    ngx_pool_t               *pool;
    const uint8_t            *p, *last;
    ngx_order_input_t         input;
    ngx_order_source_t        source;
    const ngx_order_field_t  *fields;

    if (size < 4) {
        return 0;
    }

    pool = ngx_create_pool(4096, &test_log);
    p = data + 4;
    last = data + size;
    fields = lists[data[0] & 3];

    memset(&source, 0, sizeof(source));
    source.form = (data[0] >> 2) & 1;
    source.query = take(&p, last, data[1], pool);
    path = take(&p, last, data[2], pool);
    head = take(&p, last, data[3], pool);
    source.body = take(&p, last, size, pool);

    if (head.len == 0 && (data[0] & 8)) {
        head.data = NULL;
    }

    source.path = &path;
    source.header = get_header;
    source.data = &head;

    rc = ngx_order_input_read(&input, fields, &source, pool);

    check(rc == NGX_OK || rc == NGX_DECLINED);
    check((rc == NGX_OK) == (input.faults.nelts == 0));

    check_values(fields, &input, rc, pool);
    check_faults(&input);

    ngx_destroy_pool(pool);

    return 0;
}
