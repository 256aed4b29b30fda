
/* Ids, order numbers, places, times and escaped text. */


#include <test.h>
#include <ngx_order.h>
#include <ngx_order_json.h>
#include <ngx_order_place.h>
#include <time.h>


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
    (void) argc;
    (void) argv;

    core();

    return 0;
}


static void
id(const u_char *text, size_t len)
{
    u_char          out[NGX_ORDER_ID_TEXT];
    ngx_uint_t      i;
    ngx_order_id_t  parsed, again;

    if (ngx_order_id_parse(&parsed, text, len) == NGX_OK) {
        check(len == NGX_ORDER_ID_TEXT);
        check(ngx_order_id_print(out, &parsed) == out + NGX_ORDER_ID_TEXT);

        for (i = 0; i < len; i++) {
            check(ngx_tolower(text[i]) == out[i]);
        }

        check(ngx_order_number_check(text, len) == NGX_ERROR);
    }

    if (len >= NGX_ORDER_ID_LEN) {
        memcpy(parsed.data, text, NGX_ORDER_ID_LEN);
        (void) ngx_order_id_print(out, &parsed);
        check(ngx_order_id_parse(&again, out, NGX_ORDER_ID_TEXT) == NGX_OK);
        check(ngx_order_id_eq(&parsed, &again));
    }
}


static void
number(const u_char *text, size_t len)
{
    size_t  i;

    if (ngx_order_number_check(text, len) != NGX_OK) {
        return;
    }

    check(len >= 1 && len <= NGX_ORDER_NUMBER_LEN);
    check(text[0] >= 'A' && text[0] <= 'Z');

    for (i = 0; i < len; i++) {
        check((text[i] >= 'A' && text[i] <= 'Z') || text[i] == '-'
              || (text[i] >= '0' && text[i] <= '9'));
    }
}


static void
place(const u_char *text, size_t len)
{
    u_char             out[NGX_ORDER_EVENT_ID];
    ngx_order_place_t  parsed, again;

    if (ngx_order_place_parse(&parsed, text, len) == NGX_OK) {
        check(ngx_order_place_print(out, &parsed) == out + len);
        check(memcmp(out, text, len) == 0);
    }

    if (len >= sizeof(parsed)) {
        memcpy(&parsed, text, sizeof(parsed));
        len = ngx_order_place_print(out, &parsed) - out;
        check(ngx_order_place_parse(&again, out, len) == NGX_OK);
        check(memcmp(&parsed, &again, sizeof(parsed)) == 0);
    }
}


static void
time_text(const u_char *bytes)
{
    char       expected[64];
    u_char     out[NGX_ORDER_TIME_TEXT];
    time_t     sec;
    int64_t    usec;
    uint64_t   n;
    struct tm  tm;

    memcpy(&n, bytes, sizeof(n));

    /* 1970 to 9999 */

    usec = (int64_t) (n % UINT64_C(253402300800000000));
    sec = usec / 1000000;
    gmtime_r(&sec, &tm);

    snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
             tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
             tm.tm_min, tm.tm_sec, (int) (usec / 1000 % 1000));

    check(ngx_order_time_print(out, usec) == out + NGX_ORDER_TIME_TEXT);
    check(memcmp(out, expected, NGX_ORDER_TIME_TEXT) == 0);
}


static void
escaped(const u_char *text, size_t len)
{
    u_char                  *buf;
    size_t                   size, i, n;
    ngx_str_t                in, out;
    ngx_pool_t              *pool;
    const ngx_order_json_t  *root, *element;
    ngx_order_json_fault_t   fault;

    in.data = (u_char *) text;
    in.len = len;

    size = ngx_order_json_size(&in);
    buf = malloc(size + 4);
    memcpy(buf, "[\"", 2);
    check(ngx_order_json_escape(buf + 2, &in) == buf + 2 + size);
    memcpy(buf + 2 + size, "\"]", 2);

    out.data = buf;
    out.len = size + 4;

    for (i = 0, n = 0; i < len; i++) {
        n += text[i] == '\0';
    }

    pool = ngx_create_pool(4096, &test_log);

    if (n) {
        check(ngx_order_json_read(&out, pool, &root, &fault)
              == NGX_DECLINED);

    } else {
        check(ngx_order_json_read(&out, pool, &root, &fault) == NGX_OK);
        element = ngx_order_json_element(root, 0);
        check(ngx_order_json_type(element) == NGX_ORDER_JSON_STRING);
        out = ngx_order_json_text(element);
        check(ngx_order_json_size(&out) == size);
    }

    ngx_destroy_pool(pool);
    free(buf);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char     *copy;
    ngx_str_t   name;
    ngx_uint_t  role;

    if (size == 0) {
        return 0;
    }

    copy = malloc(size);
    memcpy(copy, data, size);

    id(copy, size);
    number(copy, size);
    place(copy, size);
    escaped(copy, size);

    if (size >= 8) {
        time_text(copy);
    }

    name.data = copy;
    name.len = size;
    role = ngx_order_role(&name);
    check(role == 0 || ngx_order_role_name(role)->len);

    free(copy);

    return 0;
}
