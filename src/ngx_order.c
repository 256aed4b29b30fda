
/*
 * The vocabulary: texts of ids, numbers, times and roles, and the rule who
 * may see an order.  Allocates nothing, keeps nothing, depends on nothing.
 */


#include <ngx_order.h>


#define NGX_ORDER_DAY_USEC  ((int64_t) 86400 * 1000000)


typedef struct {
    ngx_str_t      name;
    ngx_uint_t     role;
} ngx_order_role_name_t;


static ngx_uint_t ngx_order_hex_read(u_char *data, const u_char *text,
    ngx_uint_t n);
static u_char *ngx_order_hex_print(u_char *p, const u_char *data,
    ngx_uint_t n);
static u_char *ngx_order_pair_print(u_char *p, ngx_uint_t value,
    u_char behind);


/* values of the hexadecimal digits; N marks what is none */

#define NGX_ORDER_NO_DIGIT  0x80
#define N                   NGX_ORDER_NO_DIGIT

static const u_char  ngx_order_hex_digits[256] = {
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, N, N, N, N, N, N,
    N, 10, 11, 12, 13, 14, 15, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, 10, 11, 12, 13, 14, 15, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N
};

#undef N


/* the first name of a role is the one that is printed */

static const ngx_order_role_name_t  ngx_order_roles[] = {
    { ngx_string("customer"), NGX_ORDER_CUSTOMER },
    { ngx_string("manager"), NGX_ORDER_MANAGER },
    { ngx_string("driver"), NGX_ORDER_DRIVER },
    { ngx_string("admin"), NGX_ORDER_ADMIN },
    { ngx_string("system"), NGX_ORDER_SYSTEM },
    { ngx_string("buyer"), NGX_ORDER_CUSTOMER },
    { ngx_string("seller"), NGX_ORDER_MANAGER },
    { ngx_string("store_manager"), NGX_ORDER_MANAGER },
    { ngx_null_string, 0 }
};


ngx_int_t
ngx_order_id_parse(ngx_order_id_t *id, const u_char *text, size_t len)
{
    ngx_uint_t  wrong;

    if (len != NGX_ORDER_ID_TEXT || text[8] != '-' || text[13] != '-'
        || text[18] != '-' || text[23] != '-')
    {
        return NGX_ERROR;
    }

    wrong = ngx_order_hex_read(id->data, text, 4)
            | ngx_order_hex_read(id->data + 4, text + 9, 2)
            | ngx_order_hex_read(id->data + 6, text + 14, 2)
            | ngx_order_hex_read(id->data + 8, text + 19, 2)
            | ngx_order_hex_read(id->data + 10, text + 24, 6);

    return wrong ? NGX_ERROR : NGX_OK;
}


/* Returns 0 if all of the digits were some. */

static ngx_uint_t
ngx_order_hex_read(u_char *data, const u_char *text, ngx_uint_t n)
{
    ngx_uint_t  high, low, seen;

    for (seen = 0; n; n--) {
        high = ngx_order_hex_digits[*text++];
        low = ngx_order_hex_digits[*text++];

        seen |= high | low;
        *data++ = (u_char) (high << 4 | low);
    }

    return seen & NGX_ORDER_NO_DIGIT;
}


u_char *
ngx_order_id_print(u_char *p, const ngx_order_id_t *id)
{
    p = ngx_order_hex_print(p, id->data, 4);
    *p++ = '-';
    p = ngx_order_hex_print(p, id->data + 4, 2);
    *p++ = '-';
    p = ngx_order_hex_print(p, id->data + 6, 2);
    *p++ = '-';
    p = ngx_order_hex_print(p, id->data + 8, 2);
    *p++ = '-';

    return ngx_order_hex_print(p, id->data + 10, 6);
}


static u_char *
ngx_order_hex_print(u_char *p, const u_char *data, ngx_uint_t n)
{
    static const u_char  hex[] = "0123456789abcdef";

    for ( /* void */ ; n; n--) {
        *p++ = hex[*data >> 4];
        *p++ = hex[*data++ & 0xf];
    }

    return p;
}


u_char *
ngx_order_integer_print(u_char *p, uint64_t n)
{
    u_char  *last, text[NGX_INT64_LEN];

    last = text + NGX_INT64_LEN;

    do {
        *--last = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n);

    return ngx_cpymem(p, last, text + NGX_INT64_LEN - last);
}


ngx_int_t
ngx_order_number_check(const u_char *text, size_t len)
{
    u_char      c;
    ngx_uint_t  i;

    /* a UUID is longer */

    if (len == 0 || len > NGX_ORDER_NUMBER_LEN) {
        return NGX_ERROR;
    }

    if (text[0] < 'A' || text[0] > 'Z') {
        return NGX_ERROR;
    }

    for (i = 1; i < len; i++) {
        c = text[i];

        if ((c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-') {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


u_char *
ngx_order_time_print(u_char *p, int64_t usec)
{
    ngx_uint_t  days, msec, era, day, year, month;

    days = usec / NGX_ORDER_DAY_USEC;
    msec = usec % NGX_ORDER_DAY_USEC / 1000;

    /*
     * The Gregorian calendar repeats every 400 years of 146097 days.  Days
     * are counted from 1 March of the year 0, so that a leap day is the last
     * of its year: five months from March on have 153 days, and so on.
     */

    days += 719468;
    era = days / 146097;
    day = days % 146097;
    year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= year * 365 + year / 4 - year / 100;
    month = (day * 5 + 2) / 153;
    day -= (month * 153 + 2) / 5;

    year += era * 400;
    month += 3;

    if (month > 12) {
        month -= 12;
        year++;
    }

    p = ngx_order_pair_print(p, year / 100, '\0');
    p = ngx_order_pair_print(p - 1, year % 100, '-');
    p = ngx_order_pair_print(p, month, '-');
    p = ngx_order_pair_print(p, day + 1, 'T');
    p = ngx_order_pair_print(p, msec / 3600000, ':');
    p = ngx_order_pair_print(p, msec / 60000 % 60, ':');
    p = ngx_order_pair_print(p, msec / 1000 % 60, '.');
    *p++ = (u_char) ('0' + msec % 1000 / 100);

    return ngx_order_pair_print(p, msec % 100, 'Z');
}


/* two digits, and what comes behind them */

static u_char *
ngx_order_pair_print(u_char *p, ngx_uint_t value, u_char behind)
{
    *p++ = (u_char) ('0' + value / 10);
    *p++ = (u_char) ('0' + value % 10);
    *p++ = behind;

    return p;
}


ngx_uint_t
ngx_order_role(const ngx_str_t *name)
{
    const ngx_order_role_name_t  *r;

    for (r = ngx_order_roles; r->role; r++) {
        if (r->name.len == name->len
            && ngx_memcmp(r->name.data, name->data, name->len) == 0)
        {
            return r->role;
        }
    }

    return 0;
}


const ngx_str_t *
ngx_order_role_name(ngx_uint_t role)
{
    const ngx_order_role_name_t  *r;

    for (r = ngx_order_roles; r->role && r->role != role; r++) {
        /* void */
    }

    return &r->name;
}


ngx_uint_t
ngx_order_may_see(const ngx_order_identity_t *identity,
    const ngx_order_record_t *record)
{
    static const ngx_order_id_t  nobody;

    if (identity->role & (NGX_ORDER_ADMIN|NGX_ORDER_SYSTEM)) {
        return 1;
    }

    if (ngx_order_id_eq(&identity->user, &nobody)) {
        return 0;
    }

    return ngx_order_id_eq(&identity->user, &record->buyer)
           || ngx_order_id_eq(&identity->user, &record->seller)
           || ngx_order_id_eq(&identity->user, &record->driver);
}
