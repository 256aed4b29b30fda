
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


static u_char *ngx_order_digits(u_char *p, ngx_uint_t value, ngx_uint_t n);


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
    u_char      c;
    ngx_uint_t  i, n, digit;

    if (len != NGX_ORDER_ID_TEXT) {
        return NGX_ERROR;
    }

    for (i = 0, n = 0; i < NGX_ORDER_ID_TEXT; i++) {
        c = text[i];

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') {
                return NGX_ERROR;
            }

            continue;
        }

        if (c >= '0' && c <= '9') {
            digit = c - '0';

        } else {
            c |= 0x20;

            if (c < 'a' || c > 'f') {
                return NGX_ERROR;
            }

            digit = c - 'a' + 10;
        }

        if (n % 2) {
            id->data[n / 2] |= (u_char) digit;

        } else {
            id->data[n / 2] = (u_char) (digit << 4);
        }

        n++;
    }

    return NGX_OK;
}


u_char *
ngx_order_id_print(u_char *p, const ngx_order_id_t *id)
{
    ngx_uint_t           i;
    static const u_char  hex[] = "0123456789abcdef";

    for (i = 0; i < NGX_ORDER_ID_LEN; i++) {

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *p++ = '-';
        }

        *p++ = hex[id->data[i] >> 4];
        *p++ = hex[id->data[i] & 0xf];
    }

    return p;
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

    p = ngx_order_digits(p, year, 4);
    *p++ = '-';
    p = ngx_order_digits(p, month, 2);
    *p++ = '-';
    p = ngx_order_digits(p, day + 1, 2);
    *p++ = 'T';
    p = ngx_order_digits(p, msec / 3600000, 2);
    *p++ = ':';
    p = ngx_order_digits(p, msec / 60000 % 60, 2);
    *p++ = ':';
    p = ngx_order_digits(p, msec / 1000 % 60, 2);
    *p++ = '.';
    p = ngx_order_digits(p, msec % 1000, 3);
    *p++ = 'Z';

    return p;
}


static u_char *
ngx_order_digits(u_char *p, ngx_uint_t value, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = n; i > 0; i--) {
        p[i - 1] = (u_char) ('0' + value % 10);
        value /= 10;
    }

    return p + n;
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

    if (identity->role == NGX_ORDER_ADMIN) {
        return 1;
    }

    if (ngx_order_id_eq(&identity->user, &nobody)) {
        return 0;
    }

    return ngx_order_id_eq(&identity->user, &record->buyer)
           || ngx_order_id_eq(&identity->user, &record->seller)
           || ngx_order_id_eq(&identity->user, &record->driver);
}
