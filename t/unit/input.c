
/*
 * Input: what each type takes, from each place, and what is said about the
 * rest.
 */


#include <test.h>
#include <ngx_order_input.h>
#include <jansson.h>
#include <stdio.h>


#define END  { ngx_null_string, 0, 0, 0, 0, 0, NULL, NULL }


static ngx_pool_t         *pool;
static ngx_order_input_t   input;


/* one field "f" of that type, at that place */

static ngx_order_field_t  one[2] = {
    { ngx_string("f"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT, 0, 0, 0, NULL,
      NULL },
    END
};


static ngx_str_t
header(void *data, const ngx_str_t *name)
{
    ngx_str_t  *value = data, none = ngx_null_string;

    return (value && ngx_strcmp(name->data, "Idempotency-Key") == 0)
           ? *value : none;
}


static ngx_int_t
read_body(const ngx_order_field_t *fields, const ngx_str_t *body, int form)
{
    ngx_order_source_t  source;

    memset(&source, 0, sizeof(source));
    source.body = *body;
    source.form = form;
    source.header = header;

    return ngx_order_input_read(&input, fields, &source, pool);
}


/* "field: message" of fault i; "" if there is none */

static const char *
fault(ngx_uint_t i)
{
    static char         text[512];
    ngx_order_fault_t  *f;

    if (i >= input.faults.nelts) {
        return "";
    }

    f = (ngx_order_fault_t *) input.faults.elts + i;

    snprintf(text, sizeof(text), "%.*s: %.*s", (int) f->field.len,
             (char *) f->field.data, (int) f->message.len,
             (char *) f->message.data);

    return text;
}


static void
says(ngx_int_t rc, const char *expected, const char *title)
{
    if (!ok(rc == NGX_DECLINED && strcmp(fault(0), expected) == 0,
            "%s -> %s", title, expected))
    {
        note("got %d, \"%s\"", (int) rc, fault(0));
    }
}


typedef struct {
    ngx_order_type_e   type;
    const char        *json;         /* the value of "f" */
    const char        *expected;     /* its text, or what is wrong with it */
    int64_t            min;
    int64_t            max;
} value_t;


static const value_t  good[] = {
    { NGX_ORDER_TEXT, "\"a\"", "a", 0, 0 },
    { NGX_ORDER_TEXT, "\"\"", "", 0, 0 },
    { NGX_ORDER_TEXT, "\"\\u00e9\\ud83d\\ude00\"", "\xc3\xa9\xf0\x9f\x98\x80",
      2, 2 },
    { NGX_ORDER_TEXT, "\"\xc3\xa9\xf0\x9f\x98\x80\"",
      "\xc3\xa9\xf0\x9f\x98\x80", 2, 2 },
    { NGX_ORDER_TEXT, "\"a\\tb\\nc\\rd\\\\u0000\"", "a\tb\nc\rd\\u0000", 0,
      0 },
    { NGX_ORDER_TEXT, "\"12.50\"", "12.50", 0, 0 },
    { NGX_ORDER_UUID, "\"01890A5D-ac96-774b-bcce-b302099a8057\"",
      "01890A5D-ac96-774b-bcce-b302099a8057", 0, 0 },
    { NGX_ORDER_UUID_OR_NUMBER, "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
      "01890a5d-ac96-774b-bcce-b302099a8057", 0, 0 },
    { NGX_ORDER_UUID_OR_NUMBER, "\"ORD-2026-000123\"", "ORD-2026-000123", 0,
      0 },
    { NGX_ORDER_INTEGER, "0", "0", 0, 0 },
    { NGX_ORDER_INTEGER, "-0", "-0", 0, 0 },
    { NGX_ORDER_INTEGER, "\"17\"", "17", 0, 0 },
    { NGX_ORDER_INTEGER, "17", "17", 17, 17 },
    { NGX_ORDER_INTEGER, "-5", "-5", -5, -1 },
    { NGX_ORDER_INTEGER, "9223372036854775807", "9223372036854775807", 0,
      0 },
    { NGX_ORDER_INTEGER, "-9223372036854775808", "-9223372036854775808", 0,
      0 },
    { NGX_ORDER_INTEGER, "99999999999", "99999999999", 0, 0 },
    { NGX_ORDER_DECIMAL, "0.1", "0.1", 0, 0 },
    { NGX_ORDER_DECIMAL, "12345678.12345678", "12345678.12345678", 0, 0 },
    { NGX_ORDER_DECIMAL, "\"12345678.12345678\"", "12345678.12345678", 0,
      0 },
    { NGX_ORDER_DECIMAL, "9999999999.99999999", "9999999999.99999999", 0,
      0 },
    { NGX_ORDER_DECIMAL, "-9999999999.99999999", "-9999999999.99999999", 0,
      0 },
    { NGX_ORDER_DECIMAL, "1e2", "100", 0, 0 },
    { NGX_ORDER_DECIMAL, "1E+2", "100", 0, 0 },
    { NGX_ORDER_DECIMAL, "1E-8", "0.00000001", 0, 0 },
    { NGX_ORDER_DECIMAL, "12.5e1", "125", 0, 0 },
    { NGX_ORDER_DECIMAL, "12.5e-2", "0.125", 0, 0 },
    { NGX_ORDER_DECIMAL, "1e9", "1000000000", 0, 0 },
    { NGX_ORDER_DECIMAL, "0.00000001e17", "1000000000", 0, 0 },
    { NGX_ORDER_DECIMAL, "100000000000000000000e-20", "1", 0, 0 },
    { NGX_ORDER_DECIMAL, "-0", "0", 0, 0 },
    { NGX_ORDER_DECIMAL, "-0.0e5", "0", 0, 0 },
    { NGX_ORDER_DECIMAL, "0e999", "0", 0, 0 },
    { NGX_ORDER_DECIMAL, "10.50", "10.5", 0, 0 },
    { NGX_ORDER_DECIMAL, "1.000000000000", "1", 0, 0 },
    { NGX_ORDER_DECIMAL, "0.30000000000000000000", "0.3", 0, 0 },
    { NGX_ORDER_DECIMAL, "9007199254.74099301", "9007199254.74099301", 0,
      0 },
    { NGX_ORDER_DECIMAL, "5", "5", 5, 5 },
    { NGX_ORDER_DECIMAL, "-5", "-5", -5, 0 },
    { NGX_ORDER_DECIMAL, "0.00000001", "0.00000001", 0, 1 },
    { NGX_ORDER_DECIMAL, "9999999999.99999999", "9999999999.99999999",
      INT64_MIN, INT64_MAX },
    { NGX_ORDER_BOOLEAN, "true", "true", 0, 0 },
    { NGX_ORDER_BOOLEAN, "false", "false", 0, 0 },
    { NGX_ORDER_DATE, "\"2026-11-21\"", "2026-11-21", 0, 0 },
    { NGX_ORDER_DATE, "\"2024-02-29\"", "2024-02-29", 0, 0 },
    { NGX_ORDER_DATE, "\"2000-02-29\"", "2000-02-29", 0, 0 },
    { NGX_ORDER_DATE, "\"0001-01-01\"", "0001-01-01", 0, 0 },
    { NGX_ORDER_DATE, "\"9999-12-31\"", "9999-12-31", 0, 0 },
    { NGX_ORDER_TIME, "\"2026-11-21T02:12:00Z\"", "2026-11-21T02:12:00Z", 0,
      0 },
    { NGX_ORDER_TIME, "\"2026-11-21T23:59:59.123456789+15:59\"",
      "2026-11-21T23:59:59.123456789+15:59", 0, 0 },
    { NGX_ORDER_TIME, "\"0001-01-01T00:00:00-15:59\"",
      "0001-01-01T00:00:00-15:59", 0, 0 },
    { NGX_ORDER_ENUM, "\"card\"", "card", 0, 0 },
    { NGX_ORDER_ENUM, "\"cash on delivery\"", "cash on delivery", 0, 0 },
    { NGX_ORDER_EMAIL, "\"a@b\"", "a@b", 0, 0 },
    { NGX_ORDER_EMAIL, "\"\xc3\xa9@\xc3\xa9.fr\"", "\xc3\xa9@\xc3\xa9.fr", 0,
      0 },
    { NGX_ORDER_OBJECT, "{ }", "{}", 0, 0 },
    { NGX_ORDER_OBJECT, "{\"a\": [1.10, -0, 1e-999, 123456789012345678901234"
      "567890.123, true, null, \"\\u00e9\\/\\\"\\b\\u0001\"]}",
      "{\"a\":[1.10,-0,1e-999,123456789012345678901234567890.123,true,null,"
      "\"\xc3\xa9/\\\"\\b\\u0001\"]}", 0, 0 },
    { NGX_ORDER_OBJECT, "{\"\": {\"b\" : {}}}", "{\"\":{\"b\":{}}}", 0, 13 },
    { NGX_ORDER_ARRAY, "[]", "[]", 0, 0 },
    { NGX_ORDER_ARRAY, "[ \"a\" , {\"b\":2.0} ]", "[\"a\",{\"b\":2.0}]", 2,
      2 },
    { 0, NULL, NULL, 0, 0 }
};


static const value_t  bad[] = {
    { NGX_ORDER_TEXT, "1", "must be a string", 0, 0 },
    { NGX_ORDER_TEXT, "true", "must be a string", 0, 0 },
    { NGX_ORDER_TEXT, "{}", "must be a string", 0, 0 },
    { NGX_ORDER_TEXT, "[\"a\"]", "must be a string", 0, 0 },
    { NGX_ORDER_TEXT, "\"\\u0007\"",
      "must be text in UTF-8 without control characters", 0, 0 },
    { NGX_ORDER_TEXT, "\"\\u007f\"",
      "must be text in UTF-8 without control characters", 0, 0 },
    { NGX_ORDER_TEXT, "\"\\u0000\"", "must not contain \\u0000", 0, 0 },
    { NGX_ORDER_TEXT, "\"a\\u0000b\"", "must not contain \\u0000", 0, 0 },
    { NGX_ORDER_TEXT, "\"a\xff\"", "is not UTF-8", 0, 0 },
    { NGX_ORDER_TEXT, "\"\xc0\x80\"", "is not UTF-8", 0, 0 },
    { NGX_ORDER_TEXT, "\"\xed\xa0\x80\"", "is not UTF-8", 0, 0 },
    { NGX_ORDER_TEXT, "\"\xf4\x90\x80\x80\"", "is not UTF-8", 0, 0 },
    { NGX_ORDER_TEXT, "\"\xe2\x82\"", "is not UTF-8", 0, 0 },
    { NGX_ORDER_TEXT, "\"ab\"", "must be at least 3 characters long", 3, 5 },
    { NGX_ORDER_TEXT, "\"\xc3\xa9\xc3\xa9\xc3\xa9\"",
      "must be at most 2 characters long", 1, 2 },
    { NGX_ORDER_UUID, "\"01890a5dac96774bbcceb302099a8057\"",
      "must be a UUID", 0, 0 },
    { NGX_ORDER_UUID, "\"ORD-2026-000123\"", "must be a UUID", 0, 0 },
    { NGX_ORDER_UUID, "7", "must be a string", 0, 0 },
    { NGX_ORDER_UUID_OR_NUMBER, "\"ord 1\"",
      "must be a UUID or an order number", 0, 0 },
    { NGX_ORDER_INTEGER, "1.0", "must be a whole number", 0, 0 },
    { NGX_ORDER_INTEGER, "1e2", "must be a whole number", 0, 0 },
    { NGX_ORDER_INTEGER, "\"\"", "must be a whole number", 0, 0 },
    { NGX_ORDER_INTEGER, "\"-\"", "must be a whole number", 0, 0 },
    { NGX_ORDER_INTEGER, "\"+1\"", "must be a whole number", 0, 0 },
    { NGX_ORDER_INTEGER, "\" 1\"", "must be a whole number", 0, 0 },
    { NGX_ORDER_INTEGER, "\"007\"", "must be a whole number", 0, 0 },
    { NGX_ORDER_INTEGER, "\"1x\"", "must be a whole number", 0, 0 },
    { NGX_ORDER_INTEGER, "9223372036854775808", "must be a whole number", 0,
      0 },
    { NGX_ORDER_INTEGER, "-9223372036854775809", "must be a whole number", 0,
      0 },
    { NGX_ORDER_INTEGER, "99999999999999999999999", "must be a whole number",
      0, 0 },
    { NGX_ORDER_INTEGER, "0", "must be at least 1", 1, 100 },
    { NGX_ORDER_INTEGER, "101", "must be at most 100", 1, 100 },
    { NGX_ORDER_INTEGER, "true", "must be a number", 0, 0 },
    { NGX_ORDER_DECIMAL, "0.000000001", "must have at most 8 decimals", 0,
      0 },
    { NGX_ORDER_DECIMAL, "1e-9", "must have at most 8 decimals", 0, 0 },
    { NGX_ORDER_DECIMAL, "1.123456789", "must have at most 8 decimals", 0,
      0 },
    { NGX_ORDER_DECIMAL, "1e-999", "must have at most 8 decimals", 0, 0 },
    { NGX_ORDER_DECIMAL, "10000000000",
      "must have at most 10 digits before the point", 0, 0 },
    { NGX_ORDER_DECIMAL, "1e10",
      "must have at most 10 digits before the point", 0, 0 },
    { NGX_ORDER_DECIMAL, "1e999",
      "must have at most 10 digits before the point", 0, 0 },
    { NGX_ORDER_DECIMAL, "1e1000", "is a number with too many digits", 0,
      0 },
    { NGX_ORDER_DECIMAL, "10000000000000000000000000000000000000000000000000"
      "000000000000000", "is a number with too many digits", 0, 0 },
    { NGX_ORDER_DECIMAL, "\"1e99999999999999999999\"", "must be a number", 0,
      0 },
    { NGX_ORDER_DECIMAL, "\"NaN\"", "must be a number", 0, 0 },
    { NGX_ORDER_DECIMAL, "\"Infinity\"", "must be a number", 0, 0 },
    { NGX_ORDER_DECIMAL, "\"1,5\"", "must be a number", 0, 0 },
    { NGX_ORDER_DECIMAL, "\".5\"", "must be a number", 0, 0 },
    { NGX_ORDER_DECIMAL, "\"5.\"", "must be a number", 0, 0 },
    { NGX_ORDER_DECIMAL, "\"0x10\"", "must be a number", 0, 0 },
    { NGX_ORDER_DECIMAL, "\"\"", "must be a number", 0, 0 },
    { NGX_ORDER_DECIMAL, "-0.00000001", "must be at least 0", 0, 10 },
    { NGX_ORDER_DECIMAL, "10.00000001", "must be at most 10", 0, 10 },
    { NGX_ORDER_BOOLEAN, "\"true\"", "must be true or false", 0, 0 },
    { NGX_ORDER_BOOLEAN, "1", "must be true or false", 0, 0 },
    { NGX_ORDER_DATE, "\"2026-02-30\"", "must be a date like 2026-11-21", 0,
      0 },
    { NGX_ORDER_DATE, "\"2023-02-29\"", "must be a date like 2026-11-21", 0,
      0 },
    { NGX_ORDER_DATE, "\"1900-02-29\"", "must be a date like 2026-11-21", 0,
      0 },
    { NGX_ORDER_DATE, "\"2026-04-31\"", "must be a date like 2026-11-21", 0,
      0 },
    { NGX_ORDER_DATE, "\"2026-13-01\"", "must be a date like 2026-11-21", 0,
      0 },
    { NGX_ORDER_DATE, "\"2026-00-01\"", "must be a date like 2026-11-21", 0,
      0 },
    { NGX_ORDER_DATE, "\"0000-01-01\"", "must be a date like 2026-11-21", 0,
      0 },
    { NGX_ORDER_DATE, "\"2026-1-1\"", "must be a date like 2026-11-21", 0,
      0 },
    { NGX_ORDER_DATE, "\"2026-11-21T00:00:00Z\"",
      "must be a date like 2026-11-21", 0, 0 },
    { NGX_ORDER_DATE, "\"today\"", "must be a date like 2026-11-21", 0, 0 },
    { NGX_ORDER_TIME, "\"2026-11-21T02:12:00\"",
      "must be a time like 2026-11-21T02:12:00Z", 0, 0 },
    { NGX_ORDER_TIME, "\"2026-11-21 02:12:00Z\"",
      "must be a time like 2026-11-21T02:12:00Z", 0, 0 },
    { NGX_ORDER_TIME, "\"2026-11-21T24:00:00Z\"",
      "must be a time like 2026-11-21T02:12:00Z", 0, 0 },
    { NGX_ORDER_TIME, "\"2026-11-21T02:60:00Z\"",
      "must be a time like 2026-11-21T02:12:00Z", 0, 0 },
    { NGX_ORDER_TIME, "\"2026-11-21T02:12:00.Z\"",
      "must be a time like 2026-11-21T02:12:00Z", 0, 0 },
    { NGX_ORDER_TIME, "\"2026-11-21T02:12:00.1234567890Z\"",
      "must be a time like 2026-11-21T02:12:00Z", 0, 0 },
    { NGX_ORDER_TIME, "\"2026-11-21T02:12:00+16:00\"",
      "must be a time like 2026-11-21T02:12:00Z", 0, 0 },
    { NGX_ORDER_TIME, "\"2026-11-21T02:12:00+1:00\"",
      "must be a time like 2026-11-21T02:12:00Z", 0, 0 },
    { NGX_ORDER_TIME, "\"2026-11-21T02:12:00ZZ\"",
      "must be a time like 2026-11-21T02:12:00Z", 0, 0 },
    { NGX_ORDER_TIME, "\"2026-02-30T02:12:00Z\"",
      "must be a time like 2026-11-21T02:12:00Z", 0, 0 },
    { NGX_ORDER_ENUM, "\"\"", "must be one of card, cash on delivery", 0,
      0 },
    { NGX_ORDER_ENUM, "\"Card\"", "must be one of card, cash on delivery", 0,
      0 },
    { NGX_ORDER_ENUM, "\"card|\"", "must be one of card, cash on delivery",
      0, 0 },
    { NGX_ORDER_ENUM, "\"car\"", "must be one of card, cash on delivery", 0,
      0 },
    { NGX_ORDER_EMAIL, "\"a\"", "must be an e-mail address", 0, 0 },
    { NGX_ORDER_EMAIL, "\"@b\"", "must be an e-mail address", 0, 0 },
    { NGX_ORDER_EMAIL, "\"a@\"", "must be an e-mail address", 0, 0 },
    { NGX_ORDER_EMAIL, "\"a@b@c\"", "must be an e-mail address", 0, 0 },
    { NGX_ORDER_EMAIL, "\"a b@c\"", "must be an e-mail address", 0, 0 },
    { NGX_ORDER_EMAIL, "\"a\\n@c\"", "must be an e-mail address", 0, 0 },
    { NGX_ORDER_OBJECT, "[]", "must be an object", 0, 0 },
    { NGX_ORDER_OBJECT, "\"{}\"", "must be an object", 0, 0 },
    { NGX_ORDER_OBJECT, "{\"a\":12}", "must be at most 7 bytes long", 0, 7 },
    { NGX_ORDER_ARRAY, "{}", "must be an array", 0, 0 },
    { NGX_ORDER_ARRAY, "[]", "must be at least 1 elements", 1, 2 },
    { NGX_ORDER_ARRAY, "[\"a\",\"b\",\"c\"]", "must be at most 2 elements",
      1, 2 },
    { 0, NULL, NULL, 0, 0 }
};


static void
values(const value_t *list, int is_good)
{
    char            body[512], expected[256];
    ngx_int_t       rc;
    ngx_str_t       text;
    const value_t  *v;

    for (v = list; v->json; v++) {
        one[0].type = v->type;
        one[0].min = v->min;
        one[0].max = v->max;
        one[0].words = "card|cash on delivery";
        one[0].required = 0;

        snprintf(body, sizeof(body), "{\"f\":%s}", v->json);
        text = str(body);
        rc = read_body(one, &text, 0);

        if (is_good) {
            is(&input.values[0], v->expected, "type %d takes %s",
               (int) v->type, v->json);

            if (rc != NGX_OK) {
                note("got %d, \"%s\"", (int) rc, fault(0));

            } else if (input.values[0].data[input.values[0].len] != '\0') {
                ok(0, "NUL terminated");
            }

        } else {
            snprintf(expected, sizeof(expected), "f: %s", v->expected);
            says(rc, expected, body);
        }
    }

    one[0].min = 0;
    one[0].max = 0;
    one[0].type = NGX_ORDER_TEXT;
}


static void
documents(void)
{
    ngx_str_t   text;
    ngx_uint_t  i;

    static const char  *invalid[] = {
        "{", "}", "{}}", "{} x", "{\"f\":}", "{\"f\"}", "{f:1}", "{'f':1}",
        "{\"f\":\"a\",}", "{\"f\":\"a\"", "{\"f\":\"a", "{\"f\":\"a\\",
        "{\"f\":tru}", "{\"f\":True}", "{\"f\":NaN}", "{\"f\":Infinity}",
        "{\"f\":-Infinity}", "{\"f\":01}", "{\"f\":-01}", "{\"f\":1.}",
        "{\"f\":.5}", "{\"f\":+1}", "{\"f\":-}", "{\"f\":1e}", "{\"f\":1e+}",
        "{\"f\":0x10}", "{\"f\":1-2}", "{\"f\":1 2}", "{\"f\":--1}",
        "{\"f\":\"\\x\"}", "{\"f\":\"\\u12G4\"}", "{\"f\":\"\\ud800\"}",
        "{\"f\":\"\\udc00\\ud800\"}", "/**/{}", "{}//", "\xef\xbb\xbf{}",
        " ", "{1:2}", "{\"f\":1}{\"f\":1}", "{\"f\":\"a\"\"b\"}", "\xff",
        "{\"f\":[1,2}", "nul", NULL
    };

    static const char  *other[] = { "[]", "1", "\"a\"", "true", "null", "-0",
                                    "[{}]", NULL };

    for (i = 0; invalid[i]; i++) {
        text = str(invalid[i]);
        ok(read_body(one, &text, 0) == NGX_DECLINED
           && input.faults.nelts == 1
           && strstr(fault(0), ": is not valid JSON"),
           "no JSON: %s", invalid[i]);
    }

    for (i = 0; other[i]; i++) {
        text = str(other[i]);
        ok(read_body(one, &text, 0) == NGX_DECLINED
           && strstr(fault(0), "JSON"), "no object: %s: %s", other[i],
           fault(0));
    }

    text.data = (u_char *) "{\"f\":\"a\0b\"}";
    text.len = 11;
    says(read_body(one, &text, 0), "f: must not contain control characters",
         "a NUL");

    text = str("{\"f\":\"a\tb\"}");
    says(read_body(one, &text, 0), "f: must not contain control characters",
         "a tab");

    text = str("{\"f\":\"a\nb\"}");
    says(read_body(one, &text, 0), "f: must not contain control characters",
         "a line feed");

    text.data = (u_char *) "{}\0";
    text.len = 3;
    says(read_body(one, &text, 0), ": is not valid JSON", "a NUL behind");
}


static void
nesting(void)
{
    char       *body;
    int         i, n;
    ngx_str_t   text;

    static const ngx_order_field_t  any[] = {
        { ngx_string("f"), NGX_ORDER_IN_BODY, NGX_ORDER_OBJECT, 0, 0, 0,
          NULL, NULL },
        END
    };

    body = malloc(600000);

    for (n = 15; n < 18; n++) {
        strcpy(body, "{\"f\":{\"a\":");

        for (i = 0; i < n - 2; i++) {
            strcat(body, "[");
        }

        for (i = 0; i < n - 2; i++) {
            strcat(body, "]");
        }

        strcat(body, "}}");
        text = str(body);

        if (n <= NGX_ORDER_DEPTH) {
            ok(read_body(any, &text, 0) == NGX_OK, "depth %d", n);

        } else {
            says(read_body(any, &text, 0), "a: is nested too deep", body);
        }
    }

    strcpy(body, "{\"f\":{\"a\":");
    memset(body + strlen(body), '[', 500000);
    body[500000] = '\0';
    text = str(body);
    says(read_body(any, &text, 0), "a: is nested too deep",
         "half a million brackets");

    strcpy(body, "{\"f\":{\"a\":[");

    for (i = 0; i < 10000; i++) {
        strcpy(body + 11 + 3 * i, "[],");
    }

    text = str(body);
    says(read_body(any, &text, 0), ": has too many names and values",
         "ten thousand arrays");

    text.len = 0;

    for (i = 0; i < 10000; i++) {
        text.len += sprintf(body + text.len, "1 ");
    }

    says(read_body(any, &text, 0), ": has too many names and values",
         "ten thousand numbers without commas");

    free(body);
}


/* a route that has it all */

static const ngx_order_field_t  item_fields[] = {
    { ngx_string("product_id"), NGX_ORDER_IN_BODY, NGX_ORDER_UUID, 1, 0, 0,
      NULL, NULL },
    { ngx_string("quantity"), NGX_ORDER_IN_BODY, NGX_ORDER_INTEGER, 1, 1,
      100, NULL, NULL },
    END
};

static const ngx_order_field_t  address_fields[] = {
    { ngx_string("city"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT, 1, 1, 10, NULL,
      NULL },
    { ngx_string("geo"), NGX_ORDER_IN_BODY, NGX_ORDER_OBJECT, 0, 0, 20, NULL,
      NULL },
    END
};

static const ngx_order_field_t  all[] = {
    { ngx_string("id"), NGX_ORDER_IN_PATH, NGX_ORDER_UUID_OR_NUMBER, 1, 0, 0,
      NULL, NULL },
    { ngx_string("Idempotency-Key"), NGX_ORDER_IN_HEADER, NGX_ORDER_TEXT, 0,
      1, 16, NULL, NULL },
    { ngx_string("limit"), NGX_ORDER_IN_QUERY, NGX_ORDER_INTEGER, 0, 1, 100,
      NULL, NULL },
    { ngx_string("items"), NGX_ORDER_IN_BODY, NGX_ORDER_ARRAY, 1, 1, 50,
      NULL, item_fields },
    { ngx_string("address"), NGX_ORDER_IN_BODY, NGX_ORDER_OBJECT, 0, 0, 0,
      NULL, address_fields },
    { ngx_string("total"), NGX_ORDER_IN_BODY, NGX_ORDER_DECIMAL, 0, 0, 0,
      NULL, NULL },
    { ngx_string("gift"), NGX_ORDER_IN_BODY, NGX_ORDER_BOOLEAN, 0, 0, 0,
      NULL, NULL },
    { ngx_string("name"), NGX_ORDER_IN_PATH, NGX_ORDER_TEXT, 1, 1, 30, NULL,
      NULL },
    END
};

#define ITEM  "{\"product_id\":\"01890a5d-ac96-774b-bcce-b302099a8057\","    \
              "\"quantity\":"


static ngx_int_t
read_all(const char *id, const char *key, const char *query,
    const char *body)
{
    ngx_str_t           path[2], value;
    ngx_order_source_t  source;

    memset(&source, 0, sizeof(source));

    path[0] = str(id);
    path[1] = str("shop");
    value = str(key ? key : "");

    source.path = path;
    source.query = str(query);
    source.body = str(body);
    source.header = header;
    source.data = key ? &value : NULL;

    return ngx_order_input_read(&input, all, &source, pool);
}


static void
faults(const char *title, const char **expected)
{
    ngx_uint_t  i;

    for (i = 0; expected[i]; i++) {
        if (!ok(strcmp(fault(i), expected[i]) == 0, "%s -> %s", title,
                expected[i]))
        {
            note("got \"%s\"", fault(i));
        }
    }

    ok(input.faults.nelts == i, "%s: %d faults", title, (int) i);
}


static void
whole_request(void)
{
    ngx_int_t  rc;

    rc = read_all("ORD-1", "key 1", "limit=20", "{\"items\":[" ITEM "2},"
                  ITEM "\"3\"}],\"address\":{\"city\":\"Rome\",\"geo\":"
                  "{\"lat\":41.90}},\"total\":1e1,\"gift\":null}");

    ok(rc == NGX_OK && input.faults.nelts == 0, "a good request");
    is(&input.values[0], "ORD-1", "from the path");
    is(&input.values[1], "key 1", "from a header");
    is(&input.values[2], "20", "from the query");
    is(&input.values[3], "[" ITEM "2}," ITEM "\"3\"}]", "an array");
    is(&input.values[4], "{\"city\":\"Rome\",\"geo\":{\"lat\":41.90}}",
       "an object");
    is(&input.values[5], "10", "a decimal");
    ok(input.values[6].data == NULL, "null is absent");
    is(&input.values[7], "shop", "the second of the path");

    rc = read_all("x", "", "limit=0&limit=1&x=1&%41=2",
                  "{\"items\":[" ITEM "0}," ITEM "2,\"size\":1},7],"
                  "\"address\":{\"city\":\"\",\"geo\":{\"latitude\":"
                  "12345678.9}},\"total\":\"x\",\"gift\":\"no\","
                  "\"more\":1}");
    ok(rc == NGX_DECLINED, "a request with every fault");

    faults("told at once", (const char *[]) {
        "id: must be a UUID or an order number",
        "Idempotency-Key: must not be empty",
        "limit: must be at least 1",
        "limit: is given more than once",
        "x: is not known",
        "A: is not known",
        "more: is not known",
        "items[0].quantity: must be at least 1",
        "items[1].size: is not known",
        "items[2]: must be an object",
        "address.city: must not be empty",
        "address.geo: must be at most 20 bytes long",
        "total: must be a number",
        "gift: must be true or false",
        NULL });

    rc = read_all("ORD-1", NULL, "", "");
    ok(rc == NGX_DECLINED, "no body");
    faults("no body", (const char *[]) { "items: is required", NULL });

    rc = read_all("ORD-1", NULL, "", "{\"items\":null}");
    faults("null", (const char *[]) { "items: is required", NULL });

    rc = read_all("ORD-1", NULL, "limit=", "{\"items\":[{}]}");
    faults("inside", (const char *[]) {
        "items[0].product_id: is required",
        "items[0].quantity: is required", NULL });

    rc = read_all("ORD-1", NULL, "limit", "{\"items\":[{}],");
    faults("broken", (const char *[]) { ": is not valid JSON", NULL });

    rc = read_all("", NULL, "", "{\"items\":[" ITEM "2}]}");
    faults("empty path", (const char *[]) { "id: must not be empty", NULL });

    rc = read_all("ORD-1", "\xff", "", "{\"items\":[" ITEM "2}]}");
    faults("a header", (const char *[]) {
        "Idempotency-Key: must be text in UTF-8 without control characters",
        NULL });
}


/* an array whose elements are not objects: "*" tells of them */

static const ngx_order_field_t  word_fields[] = {
    { ngx_string("*"), NGX_ORDER_IN_BODY, NGX_ORDER_ENUM, 1, 0, 0,
      "red|green", NULL },
    END
};

static const ngx_order_field_t  words[] = {
    { ngx_string("words"), NGX_ORDER_IN_BODY, NGX_ORDER_ARRAY, 1, 1, 3, NULL,
      word_fields },
    END
};


static void
elements(void)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    text = str("{\"words\":[\"red\",\"green\",\"red\"]}");
    rc = read_body(words, &text, 0);
    ok(rc == NGX_OK, "an array of words");
    is(&input.values[0], "[\"red\",\"green\",\"red\"]", "as it was sent");

    text = str("{\"words\":[\"blue\",{\"*\":\"red\"},\"\"]}");
    rc = read_body(words, &text, 0);
    ok(rc == NGX_DECLINED, "an array of others");
    faults("each is told of", (const char *[]) {
        "words[0]: must be one of red, green",
        "words[1]: must be a string",
        "words[2]: must not be empty",
        NULL });
}


static void
duplicates(void)
{
    ngx_str_t  text;

    text = str("{\"f\":\"a\",\"f\":\"b\"}");
    says(read_body(one, &text, 0), "f: is given more than once", "twice");

    text = str("{\"f\":\"a\", \"\\u0066\" :\"b\"}");
    says(read_body(one, &text, 0), "\\u0066: is given more than once",
         "escaped");

    text = str("{\"f\":\"a\", \"a\\\"b\":1,\"a\\\"b\":2}");
    says(read_body(one, &text, 0), "a\\\"b: is given more than once",
         "with a quote");

    text = str("{\"f\":\"a\", \"a\\\\\":1,\"a\\\\\":2}");
    says(read_body(one, &text, 0), "a\\\\: is given more than once",
         "with a backslash at its end");

    text = str("{\"f\":\"a\", \"\":1,\"\":2}");
    says(read_body(one, &text, 0), ": is given more than once", "empty");

    text = str("{\"f\":{\"x\":{\"y\":1,\"y\":1}}}");
    says(read_body(one, &text, 0), "y: is given more than once", "inside");

    text = str("{\"f\":1,\"x\\u0000y\":1}");
    says(read_body(one, &text, 0), ": must not contain \\u0000",
         "a NUL in a name");
}


static void
forms(void)
{
    ngx_str_t  text;

    text = str("f=a+b%2b%C3%a9%26");
    ok(read_body(one, &text, 1) == NGX_OK, "a form");
    is(&input.values[0], "a b+\xc3\xa9&", "is unescaped");

    text = str("&&f=a=b&");
    ok(read_body(one, &text, 1) == NGX_OK, "a form with ampersands");
    is(&input.values[0], "a=b", "takes the first equals sign");

    text = str("%66=1");
    ok(read_body(one, &text, 1) == NGX_OK, "an escaped name");
    is(&input.values[0], "1", "is the name");

    text = str("f=&f=a");
    says(read_body(one, &text, 1), "f: is given more than once", "f=&f=a");

    text = str("f=%");
    says(read_body(one, &text, 1), "f: is wrongly escaped", "f=%");

    text = str("f=%4");
    says(read_body(one, &text, 1), "f: is wrongly escaped", "f=%4");

    text = str("f=%gg");
    says(read_body(one, &text, 1), "f: is wrongly escaped", "f=%gg");

    text = str("%=1");
    says(read_body(one, &text, 1), ": a name is wrongly escaped", "%=1");

    text = str("f=%00");
    says(read_body(one, &text, 1),
         "f: must be text in UTF-8 without control characters", "f=%00");

    text = str("f%00=1");
    ok(read_body(one, &text, 1) == NGX_DECLINED, "f%%00=1");

    text = str("f=%ff");
    says(read_body(one, &text, 1),
         "f: must be text in UTF-8 without control characters", "f=%ff");

    text = str("%ff=1");
    says(read_body(one, &text, 1), ": is not known", "%ff=1");

    one[0].required = 1;
    text = str("f=");
    says(read_body(one, &text, 1), "f: is required", "f=");

    text = str("f");
    says(read_body(one, &text, 1), "f: is required", "f");

    text = str("{\"f\":\"\"}");
    says(read_body(one, &text, 0), "f: must not be empty", "{\"f\":\"\"}");
    one[0].required = 0;

    one[0].type = NGX_ORDER_OBJECT;
    text = str("f={}");
    says(read_body(one, &text, 1), "f: must be sent as JSON", "f={}");

    one[0].type = NGX_ORDER_BOOLEAN;
    text = str("f=1");
    ok(read_body(one, &text, 1) == NGX_OK, "a boolean of a form");
    text = str("f=on");
    says(read_body(one, &text, 1), "f: must be true or false", "f=on");
    one[0].type = NGX_ORDER_TEXT;
}


static void
names(void)
{
    char       *body, expected[256];
    int         i;
    size_t      n;
    ngx_str_t   text;

    /* 63 letters and a character of two bytes: it does not fit */

    body = malloc(100000);
    n = sprintf(body, "{\"%063d\xc3\xa9xyz\":1}", 0);
    text = str(body);
    snprintf(expected, sizeof(expected), "%063d: is not known", 0);
    says(read_body(one, &text, 0), expected, "a long name");

    n = sprintf(body, "%062d%%C3%%A9xyz=1", 0);
    text = str(body);
    snprintf(expected, sizeof(expected), "%062d\xc3\xa9: is not known", 0);
    says(read_body(one, &text, 1), expected, "a long name in a form");

    n = sprintf(body, "{");

    for (i = 0; i < 1000; i++) {
        n += sprintf(body + n, "%s\"x%d\":1", i ? "," : "", i);
    }

    sprintf(body + n, "}");
    text = str(body);
    ok(read_body(one, &text, 0) == NGX_DECLINED
       && input.faults.nelts == NGX_ORDER_FAULTS,
       "of 1000 unknown members %d are told", NGX_ORDER_FAULTS);

    for (n = 0, i = 0; i < 1000; i++) {
        n += sprintf(body + n, "&x%d=1", i);
    }

    text = str(body);
    ok(read_body(one, &text, 1) == NGX_DECLINED
       && input.faults.nelts == NGX_ORDER_FAULTS,
       "and of 1000 unknown arguments");

    free(body);
}


static void
escapes(void)
{
    u_char      buf[256];
    ngx_str_t   text, out;
    ngx_uint_t  i;

    static const struct {
        const char  *text;
        const char  *expected;
    } cases[] = {
        { "", "" },
        { "a/b \xc3\xa9 \xf0\x9f\x98\x80", "a/b \xc3\xa9 \xf0\x9f\x98\x80" },
        { "\"\\\b\f\n\r\t", "\\\"\\\\\\b\\f\\n\\r\\t" },
        { "\x01\x1f\x7f", "\\u0001\\u001f\x7f" },
        { "a\xff" "b\xc3", "a\xef\xbf\xbd" "b\xef\xbf\xbd" },
        { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" },
        { NULL, NULL }
    };

    for (i = 0; cases[i].text; i++) {
        text = str(cases[i].text);
        out.data = buf;
        out.len = ngx_order_json_escape(buf, &text) - buf;

        is(&out, cases[i].expected, "escaped: case %d", (int) i);
        ok(ngx_order_json_size(&text) == out.len, "and counted");
    }

    text.data = (u_char *) "\0";
    text.len = 1;
    out.len = ngx_order_json_escape(buf, &text) - buf;
    is(&out, "\\u0000", "NUL escaped");
}


/* nested objects whose texts are all but the whole body */

static void
room(void)
{
    char       *body;
    ngx_str_t   text;

    static const ngx_order_field_t  inner[] = {
        { ngx_string("b"), NGX_ORDER_IN_BODY, NGX_ORDER_OBJECT, 0, 0,
          100000, NULL, NULL },
        END
    };

    static const ngx_order_field_t  outer[] = {
        { ngx_string("a"), NGX_ORDER_IN_BODY, NGX_ORDER_OBJECT, 0, 0,
          100000, NULL, inner },
        { ngx_string("c"), NGX_ORDER_IN_BODY, NGX_ORDER_ARRAY, 0, 0, 0, NULL,
          inner },
        END
    };

    body = malloc(20000);
    sprintf(body, "{\"a\":{\"b\":{\"x\":\"%05000d\"}},"
            "\"c\":[{\"b\":{\"x\":\"%05000d\"}}]}", 0, 0);
    text.len = strlen(body);
    text.data = malloc(text.len);
    memcpy(text.data, body, text.len);

    ok(read_body(outer, &text, 0) == NGX_OK
       && input.values[0].len == 5000 + sizeof("{\"b\":{\"x\":\"\"}}") - 1
       && input.values[1].len == 5000 + sizeof("[{\"b\":{\"x\":\"\"}}]") - 1,
       "nested texts have room");

    free(text.data);
    free(body);
}


/* jansson's memory fails at the 1st, 2nd, 3rd ... allocation */

static int  allowed;


/* which members a body brings */

static void
members(void)
{
    int                      i;
    ngx_int_t                rc;
    ngx_order_source_t       source;

    static const ngx_str_t   name = ngx_string("a");

    static const struct {
        const char          *body;
        int                  form;
        ngx_int_t            expected;
    } cases[] = {
        { "", 0, NGX_DECLINED },
        { "{}", 0, NGX_DECLINED },
        { "{\"a\":1}", 0, NGX_OK },
        { "{\"b\":{\"a\":1}}", 0, NGX_DECLINED },
        { "{\"a\":null}", 0, NGX_DECLINED },
        { "{\"a\":1", 0, NGX_ABORT },
        { "[\"a\"]", 0, NGX_ABORT },
        { "a=1", 1, NGX_OK },
        { "b=2&a=1", 1, NGX_OK },
        { "b=a=1", 1, NGX_DECLINED },
        { "aa=1&b=2", 1, NGX_DECLINED },
        { "a", 1, NGX_DECLINED },
        { "b&", 1, NGX_DECLINED }
    };

    for (i = 0; i < (int) (sizeof(cases) / sizeof(cases[0])); i++) {
        memset(&source, 0, sizeof(source));
        source.body.data = (u_char *) cases[i].body;
        source.body.len = strlen(cases[i].body);
        source.form = cases[i].form;

        rc = ngx_order_input_has(&source, &name, pool);

        ok(rc == cases[i].expected, "\"%s\" brings \"a\": %d",
           cases[i].body, (int) rc);
    }
}


/* faults inside of an object that has a code of its own */

static void
codes(void)
{
    ngx_str_t                        body;
    ngx_order_fault_t               *f;

    static const ngx_str_t           field = ngx_string("later");

    static const ngx_order_field_t   place[] = {
        { ngx_string("street"), NGX_ORDER_IN_BODY, NGX_ORDER_TEXT, 1, 1, 5,
          NULL, NULL },
        END
    };

    static const ngx_order_field_t   fields[] = {
        { ngx_string("place"), NGX_ORDER_IN_BODY, NGX_ORDER_OBJECT, 1, 0, 99,
          "BAD_PLACE", place },
        { ngx_string("n"), NGX_ORDER_IN_BODY, NGX_ORDER_INTEGER, 1, 1, 5,
          NULL, NULL },
        END
    };

    ngx_str_set(&body, "{\"place\":{\"x\":1},\"n\":9}");
    ok(read_body(fields, &body, 0) == NGX_DECLINED
       && input.faults.nelts == 3, "three faults");

    f = input.faults.elts;
    ok(f[0].code && strcmp(f[0].code, "BAD_PLACE") == 0
       && f[1].code == f[0].code, "those inside have the object's code");
    ok(f[2].code == NULL, "the one behind has none");

    ngx_str_set(&body, "{\"n\":1}");
    ok(read_body(fields, &body, 0) == NGX_DECLINED
       && ((ngx_order_fault_t *) input.faults.elts)->code,
       "so has the object itself when it is missing");

    ok(ngx_order_input_refuse(&input, &field, "is wrong") == NGX_OK
       && strcmp(fault(1), "later: is wrong") == 0, "a fault found later");
}


static void *
failing(size_t size)
{
    return (allowed-- > 0) ? malloc(size) : NULL;
}


static void
no_memory(void)
{
    int        n, refused, errors;
    ngx_int_t  rc;

    refused = 0;
    errors = 0;
    json_set_alloc_funcs(failing, free);

    for (n = 0; n < 1000; n++) {
        allowed = n;

        rc = read_all("ORD-1", "key 1", "limit=20", "{\"items\":[" ITEM "2},"
                      ITEM "\"3\"}],\"address\":{\"city\":\"Rome\",\"geo\":"
                      "{\"lat\":41.90}},\"total\":1e1,\"gift\":null}");
        if (rc == NGX_OK) {
            break;
        }

        errors += (rc == NGX_ERROR);
        refused += (rc == NGX_DECLINED);
    }

    json_set_alloc_funcs(malloc, free);

    ok(rc == NGX_OK && n > 20 && refused < errors,
       "without memory at each of %d allocations: %d errors, %d refused", n,
       errors, refused);
}


int
main(void)
{
    core();
    pool = ngx_create_pool(16384, &test_log);

    values(good, 1);
    values(bad, 0);
    documents();
    nesting();
    whole_request();
    elements();
    duplicates();
    forms();
    names();
    escapes();
    room();
    members();
    codes();
    no_memory();

    ngx_destroy_pool(pool);

    return done();
}
