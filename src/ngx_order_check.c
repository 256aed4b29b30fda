
/*
 * The types of fields.  What is let through here, PostgreSQL accepts as text,
 * uuid, bigint, numeric(18,8), boolean, date and timestamptz.
 *
 * Numbers stay decimal text from end to end.
 */


#include <ngx_order_check.h>


#define NGX_ORDER_DECIMAL_WHOLE     10         /* digits before the point */
#define NGX_ORDER_DECIMAL_FRACTION  8          /* and behind it, at most */
#define NGX_ORDER_DECIMAL_DIGITS    64         /* before it is normalised */
#define NGX_ORDER_DECIMAL_ONE       INT64_C(100000000)
#define NGX_ORDER_DECIMAL_LIMIT     INT64_C(10000000000)
#define NGX_ORDER_EMAIL_LEN         254        /* RFC 5321 */
#define NGX_ORDER_MESSAGE_LEN       80


typedef ngx_int_t (*ngx_order_check_pt)(const ngx_order_field_t *field,
    ngx_str_t *value, ngx_str_t *message, ngx_pool_t *pool);


/* a number, taken apart: 0.digits * 10^point */

typedef struct {
    u_char                 digits[NGX_ORDER_DECIMAL_DIGITS];
    ngx_int_t              n;
    ngx_int_t              point;
    ngx_uint_t             negative;
} ngx_order_decimal_t;


typedef struct {
    ngx_order_check_pt     check;
    ngx_str_t              message;
} ngx_order_check_t;


static ngx_int_t ngx_order_check_text(const ngx_order_field_t *field,
    ngx_str_t *value, ngx_str_t *message, ngx_pool_t *pool);
static ngx_int_t ngx_order_check_uuid(const ngx_order_field_t *field,
    ngx_str_t *value, ngx_str_t *message, ngx_pool_t *pool);
static ngx_int_t ngx_order_check_uuid_or_number(
    const ngx_order_field_t *field, ngx_str_t *value, ngx_str_t *message,
    ngx_pool_t *pool);
static ngx_int_t ngx_order_check_integer(const ngx_order_field_t *field,
    ngx_str_t *value, ngx_str_t *message, ngx_pool_t *pool);
static ngx_int_t ngx_order_check_int64(const ngx_str_t *value, int64_t *n);
static ngx_int_t ngx_order_check_decimal(const ngx_order_field_t *field,
    ngx_str_t *value, ngx_str_t *message, ngx_pool_t *pool);
static ngx_int_t ngx_order_decimal_read(ngx_order_decimal_t *decimal,
    const ngx_str_t *text);
static void ngx_order_decimal_trim(ngx_order_decimal_t *decimal);
static ngx_int_t ngx_order_decimal_print(const ngx_order_decimal_t *decimal,
    ngx_str_t *value, ngx_pool_t *pool);
static ngx_int_t ngx_order_decimal_within(const ngx_order_decimal_t *decimal,
    const ngx_order_field_t *field);
static ngx_int_t ngx_order_check_boolean(const ngx_order_field_t *field,
    ngx_str_t *value, ngx_str_t *message, ngx_pool_t *pool);
static ngx_int_t ngx_order_check_date(const ngx_order_field_t *field,
    ngx_str_t *value, ngx_str_t *message, ngx_pool_t *pool);
static ngx_int_t ngx_order_check_time(const ngx_order_field_t *field,
    ngx_str_t *value, ngx_str_t *message, ngx_pool_t *pool);
static ngx_int_t ngx_order_check_day(const u_char *p);
static ngx_int_t ngx_order_check_form(const u_char *p, const char *form);
static ngx_int_t ngx_order_check_enum(const ngx_order_field_t *field,
    ngx_str_t *value, ngx_str_t *message, ngx_pool_t *pool);
static ngx_int_t ngx_order_check_words(const ngx_order_field_t *field,
    ngx_str_t *message, ngx_pool_t *pool);
static ngx_int_t ngx_order_check_email(const ngx_order_field_t *field,
    ngx_str_t *value, ngx_str_t *message, ngx_pool_t *pool);
static ngx_int_t ngx_order_check_say(ngx_str_t *message, ngx_pool_t *pool,
    const char *text, int64_t n, const char *units);


/* in the order of ngx_order_type_e */

static const ngx_order_check_t  ngx_order_checks[] = {
    { ngx_order_check_text,
      ngx_string("must be text in UTF-8 without control characters") },
    { ngx_order_check_uuid,
      ngx_string("must be a UUID") },
    { ngx_order_check_uuid_or_number,
      ngx_string("must be a UUID or an order number") },
    { ngx_order_check_integer,
      ngx_string("must be a whole number") },
    { ngx_order_check_decimal,
      ngx_string("must be a number") },
    { ngx_order_check_boolean,
      ngx_string("must be true or false") },
    { ngx_order_check_date,
      ngx_string("must be a date like 2026-11-21") },
    { ngx_order_check_time,
      ngx_string("must be a time like 2026-11-21T02:12:00Z") },
    { ngx_order_check_enum,
      ngx_null_string },
    { ngx_order_check_email,
      ngx_string("must be an e-mail address") }
};


ngx_int_t
ngx_order_check(const ngx_order_field_t *field, ngx_str_t *value,
    ngx_str_t *message, ngx_pool_t *pool)
{
    *message = ngx_order_checks[field->type].message;

    return ngx_order_checks[field->type].check(field, value, message, pool);
}


ngx_int_t
ngx_order_check_bounds(const ngx_order_field_t *field, int64_t n,
    const char *units, ngx_str_t *message, ngx_pool_t *pool)
{
    if (field->min == 0 && field->max == 0) {
        return NGX_OK;
    }

    if (n < field->min) {
        return ngx_order_check_say(message, pool, "must be at least ",
                                   field->min, units);
    }

    if (n > field->max) {
        return ngx_order_check_say(message, pool, "must be at most ",
                                   field->max, units);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_check_text(const ngx_order_field_t *field, ngx_str_t *value,
    ngx_str_t *message, ngx_pool_t *pool)
{
    int64_t        chars;
    ngx_uint_t     n;
    const u_char  *p, *last;

    chars = 0;
    last = value->data + value->len;

    for (p = value->data; p < last; p += n) {
        n = ngx_order_utf8(p, last);

        if (n == 0 || *p == 0x7f
            || (*p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r'))
        {
            return NGX_DECLINED;
        }

        chars++;
    }

    return ngx_order_check_bounds(field, chars, " characters long", message,
                                  pool);
}


static ngx_int_t
ngx_order_check_uuid(const ngx_order_field_t *field, ngx_str_t *value,
    ngx_str_t *message, ngx_pool_t *pool)
{
    ngx_order_id_t  id;

    (void) field;
    (void) message;
    (void) pool;

    if (ngx_order_id_parse(&id, value->data, value->len) != NGX_OK) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_check_uuid_or_number(const ngx_order_field_t *field,
    ngx_str_t *value, ngx_str_t *message, ngx_pool_t *pool)
{
    if (ngx_order_number_check(value->data, value->len) == NGX_OK) {
        return NGX_OK;
    }

    return ngx_order_check_uuid(field, value, message, pool);
}


static ngx_int_t
ngx_order_check_integer(const ngx_order_field_t *field, ngx_str_t *value,
    ngx_str_t *message, ngx_pool_t *pool)
{
    int64_t  n;

    if (ngx_order_check_int64(value, &n) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_order_check_bounds(field, n, "", message, pool);
}


static ngx_int_t
ngx_order_check_int64(const ngx_str_t *value, int64_t *n)
{
    u_char      *p, *last;
    uint64_t     u, limit;
    ngx_uint_t   negative;

    p = value->data;
    last = p + value->len;

    negative = (p < last && *p == '-');
    limit = (uint64_t) INT64_MAX + negative;
    p += negative;

    if (p == last || (*p == '0' && last - p > 1)) {
        return NGX_ERROR;
    }

    for (u = 0; p < last; p++) {

        if (*p < '0' || *p > '9') {
            return NGX_ERROR;
        }

        if (u > (limit - (*p - '0')) / 10) {
            return NGX_ERROR;
        }

        u = u * 10 + (*p - '0');
    }

    *n = (int64_t) (negative ? 0 - u : u);

    return NGX_OK;
}


static ngx_int_t
ngx_order_check_decimal(const ngx_order_field_t *field, ngx_str_t *value,
    ngx_str_t *message, ngx_pool_t *pool)
{
    ngx_int_t            side;
    ngx_order_decimal_t  decimal;

    if (ngx_order_decimal_read(&decimal, value) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_order_decimal_trim(&decimal);

    if (decimal.point > NGX_ORDER_DECIMAL_WHOLE) {
        return ngx_order_check_say(message, pool, "must have at most ",
                                   NGX_ORDER_DECIMAL_WHOLE,
                                   " digits before the point");
    }

    if (decimal.n - decimal.point > NGX_ORDER_DECIMAL_FRACTION) {
        return ngx_order_check_say(message, pool, "must have at most ",
                                   NGX_ORDER_DECIMAL_FRACTION, " decimals");
    }

    side = ngx_order_decimal_within(&decimal, field);

    if (side < 0) {
        return ngx_order_check_say(message, pool, "must be at least ",
                                   field->min, "");
    }

    if (side > 0) {
        return ngx_order_check_say(message, pool, "must be at most ",
                                   field->max, "");
    }

    return ngx_order_decimal_print(&decimal, value, pool);
}


/* takes apart a number of JSON's grammar */

static ngx_int_t
ngx_order_decimal_read(ngx_order_decimal_t *decimal, const ngx_str_t *text)
{
    u_char     *p, *last;
    ngx_int_t   exponent;

    if (text->len > NGX_ORDER_DECIMAL_DIGITS
        || ngx_order_json_number(text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    p = text->data;
    last = p + text->len;

    ngx_memzero(decimal, sizeof(ngx_order_decimal_t));

    decimal->negative = (*p == '-');
    decimal->point = -1;
    p += decimal->negative;

    for ( /* void */ ; p < last && *p != 'e' && *p != 'E'; p++) {

        if (*p == '.') {
            decimal->point = decimal->n;

        } else {
            decimal->digits[decimal->n++] = *p;
        }
    }

    if (decimal->point < 0) {
        decimal->point = decimal->n;
    }

    if (p < last) {
        p++;
        p += (*p == '+');
        exponent = ngx_atoi(p + (*p == '-'), last - p - (*p == '-'));

        if (exponent == NGX_ERROR || exponent > 1000) {
            return NGX_ERROR;
        }

        decimal->point += (*p == '-') ? -exponent : exponent;
    }

    return NGX_OK;
}


/* leaves the digits that matter, none of zero */

static void
ngx_order_decimal_trim(ngx_order_decimal_t *decimal)
{
    ngx_int_t  zeros;

    while (decimal->n && decimal->digits[decimal->n - 1] == '0') {
        decimal->n--;
    }

    zeros = 0;

    while (zeros < decimal->n && decimal->digits[zeros] == '0') {
        zeros++;
    }

    decimal->n -= zeros;
    decimal->point -= zeros;

    ngx_memmove(decimal->digits, decimal->digits + zeros, decimal->n);

    if (decimal->n == 0) {
        decimal->point = 0;
        decimal->negative = 0;
    }
}


static ngx_int_t
ngx_order_decimal_print(const ngx_order_decimal_t *decimal, ngx_str_t *value,
    ngx_pool_t *pool)
{
    u_char     *p;
    ngx_int_t   i;

    p = ngx_pnalloc(pool, NGX_ORDER_DECIMAL_WHOLE + NGX_ORDER_DECIMAL_FRACTION
                          + sizeof("-0."));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    if (decimal->negative) {
        *p++ = '-';
    }

    if (decimal->point <= 0) {
        *p++ = '0';
    }

    for (i = ngx_min(decimal->point, 0);
         i < ngx_max(decimal->n, decimal->point);
         i++)
    {
        if (i == decimal->point) {
            *p++ = '.';
        }

        *p++ = (i < 0 || i >= decimal->n) ? '0' : decimal->digits[i];
    }

    value->len = p - value->data;
    *p = '\0';

    return NGX_OK;
}


/* below 0: less than the minimum; above: more than the maximum */

static ngx_int_t
ngx_order_decimal_within(const ngx_order_decimal_t *decimal,
    const ngx_order_field_t *field)
{
    int64_t    n, min, max;
    ngx_int_t  i;

    if (field->min == 0 && field->max == 0) {
        return 0;
    }

    n = 0;

    for (i = 0; i < decimal->point + NGX_ORDER_DECIMAL_FRACTION; i++) {
        n = n * 10 + ((i < decimal->n) ? decimal->digits[i] - '0' : 0);
    }

    if (decimal->negative) {
        n = -n;
    }

    min = ngx_max(field->min, -NGX_ORDER_DECIMAL_LIMIT);
    max = ngx_min(field->max, NGX_ORDER_DECIMAL_LIMIT);

    if (n < min * NGX_ORDER_DECIMAL_ONE) {
        return -1;
    }

    return n > max * NGX_ORDER_DECIMAL_ONE;
}


/* 1 and 0 are what forms send */

static ngx_int_t
ngx_order_check_boolean(const ngx_order_field_t *field, ngx_str_t *value,
    ngx_str_t *message, ngx_pool_t *pool)
{
    (void) field;
    (void) message;
    (void) pool;

    if ((value->len == 4 && ngx_memcmp(value->data, "true", 4) == 0)
        || (value->len == 5 && ngx_memcmp(value->data, "false", 5) == 0)
        || (value->len == 1 && (*value->data == '0' || *value->data == '1')))
    {
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_order_check_date(const ngx_order_field_t *field, ngx_str_t *value,
    ngx_str_t *message, ngx_pool_t *pool)
{
    (void) field;
    (void) message;
    (void) pool;

    if (value->len != 10) {
        return NGX_DECLINED;
    }

    return ngx_order_check_day(value->data);
}


/*
 * RFC 3339, with at most 9 digits of a fraction, and a zone that PostgreSQL
 * takes: it knows none that is 16 hours away.
 */

static ngx_int_t
ngx_order_check_time(const ngx_order_field_t *field, ngx_str_t *value,
    ngx_str_t *message, ngx_pool_t *pool)
{
    u_char      *p, *last;
    ngx_uint_t   digits;

    (void) field;
    (void) message;
    (void) pool;

    p = value->data;
    last = p + value->len;

    if (value->len < sizeof("2026-11-21T02:12:00Z") - 1
        || ngx_order_check_day(p) != NGX_OK
        || ngx_order_check_form(p + 10, "Tdd:dd:dd") != NGX_OK
        || ngx_atoi(p + 11, 2) > 23
        || ngx_atoi(p + 14, 2) > 59
        || ngx_atoi(p + 17, 2) > 59)
    {
        return NGX_DECLINED;
    }

    p += 19;

    if (*p == '.') {
        digits = 0;

        for (p++; p < last && *p >= '0' && *p <= '9'; p++) {
            digits++;
        }

        if (digits < 1 || digits > 9) {
            return NGX_DECLINED;
        }
    }

    if (last - p == 1 && *p == 'Z') {
        return NGX_OK;
    }

    if (last - p != 6 || (*p != '+' && *p != '-')
        || ngx_order_check_form(p + 1, "dd:dd") != NGX_OK
        || ngx_atoi(p + 1, 2) > 15
        || ngx_atoi(p + 4, 2) > 59)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_check_day(const u_char *p)
{
    ngx_int_t             year, month, day, days;

    static const u_char   length[] = { 31, 28, 31, 30, 31, 30,
                                       31, 31, 30, 31, 30, 31 };

    if (ngx_order_check_form(p, "dddd-dd-dd") != NGX_OK) {
        return NGX_DECLINED;
    }

    year = ngx_atoi((u_char *) p, 4);
    month = ngx_atoi((u_char *) p + 5, 2);
    day = ngx_atoi((u_char *) p + 8, 2);

    if (year < 1 || month < 1 || month > 12) {
        return NGX_DECLINED;
    }

    days = length[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 || year % 400 == 0)) {
        days++;
    }

    return (day >= 1 && day <= days) ? NGX_OK : NGX_DECLINED;
}


/* a "d" of the form is a digit, anything else stands for itself */

static ngx_int_t
ngx_order_check_form(const u_char *p, const char *form)
{
    for ( /* void */ ; *form; form++, p++) {

        if (*form == 'd' ? (*p < '0' || *p > '9') : (*p != (u_char) *form)) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_check_enum(const ngx_order_field_t *field, ngx_str_t *value,
    ngx_str_t *message, ngx_pool_t *pool)
{
    size_t       len;
    const char  *word;

    for (word = field->words; *word; word += len + (word[len] == '|')) {
        len = strcspn(word, "|");

        if (len == value->len && ngx_memcmp(word, value->data, len) == 0) {
            return NGX_OK;
        }
    }

    return ngx_order_check_words(field, message, pool);
}


static ngx_int_t
ngx_order_check_words(const ngx_order_field_t *field, ngx_str_t *message,
    ngx_pool_t *pool)
{
    u_char      *p;
    const char  *word;

    /* a separator takes two bytes */

    p = ngx_pnalloc(pool, sizeof("must be one of ")
                          + 2 * ngx_strlen(field->words));
    if (p == NULL) {
        return NGX_ERROR;
    }

    message->data = p;
    p = ngx_cpymem(p, "must be one of ", sizeof("must be one of ") - 1);

    for (word = field->words; *word; word++) {

        if (*word == '|') {
            *p++ = ',';
            *p++ = ' ';

        } else {
            *p++ = *word;
        }
    }

    *p = '\0';
    message->len = p - message->data;

    return NGX_DECLINED;
}


/* one "@" with something on both sides; more is the mail system's affair */

static ngx_int_t
ngx_order_check_email(const ngx_order_field_t *field, ngx_str_t *value,
    ngx_str_t *message, ngx_pool_t *pool)
{
    u_char  *p, *last;

    (void) field;
    (void) message;
    (void) pool;

    last = value->data + value->len;

    if (value->len > NGX_ORDER_EMAIL_LEN) {
        return NGX_DECLINED;
    }

    for (p = value->data; p < last; p += ngx_order_utf8(p, last)) {
        if (*p <= ' ' || *p == 0x7f || ngx_order_utf8(p, last) == 0) {
            return NGX_DECLINED;
        }
    }

    p = ngx_strlchr(value->data, last, '@');

    if (p == NULL || p == value->data || p + 1 == last
        || ngx_strlchr(p + 1, last, '@'))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_check_say(ngx_str_t *message, ngx_pool_t *pool, const char *text,
    int64_t n, const char *units)
{
    message->data = ngx_pnalloc(pool, NGX_ORDER_MESSAGE_LEN);
    if (message->data == NULL) {
        return NGX_ERROR;
    }

    message->len = ngx_snprintf(message->data, NGX_ORDER_MESSAGE_LEN,
                                "%s%L%s%Z", text, n, units)
                   - message->data - 1;

    return NGX_DECLINED;
}
