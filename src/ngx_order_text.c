
/*
 * Text in UTF-8.  Nothing here allocates.
 */


#include <ngx_order_text.h>


static u_char *ngx_order_json_escape_one(u_char *p, const u_char *s,
    const u_char *last, ngx_uint_t *n);


ngx_uint_t
ngx_order_utf8(const u_char *p, const u_char *last)
{
    u_char      c;
    ngx_uint_t  i, n;

    c = *p;

    if (c < 0x80) {
        return 1;
    }

    n = (c >= 0xf0) ? 4 : (c >= 0xe0) ? 3 : 2;

    if (c < 0xc2 || c > 0xf4 || (size_t) (last - p) < n) {
        return 0;
    }

    for (i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    /* the same in fewer bytes, halves of a pair, beyond U+10FFFF */

    if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f)
        || (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
    {
        return 0;
    }

    return n;
}


size_t
ngx_order_json_size(const ngx_str_t *text)
{
    size_t         size;
    u_char         buf[6];
    ngx_uint_t     n;
    const u_char  *p, *last;

    size = 0;

    if (text->len == 0) {
        return size;
    }

    last = text->data + text->len;

    for (p = text->data; p < last; p += ngx_max(n, 1)) {
        size += ngx_order_json_escape_one(buf, p, last, &n) - buf;
    }

    return size;
}


u_char *
ngx_order_json_escape(u_char *p, const ngx_str_t *text)
{
    ngx_uint_t     n;
    const u_char  *s, *last;

    if (text->len == 0) {
        return p;
    }

    last = text->data + text->len;

    for (s = text->data; s < last; s += ngx_max(n, 1)) {
        p = ngx_order_json_escape_one(p, s, last, &n);
    }

    return p;
}


/* one character of "n" bytes; 0 if it is not UTF-8 */

static u_char *
ngx_order_json_escape_one(u_char *p, const u_char *s, const u_char *last,
    ngx_uint_t *n)
{
    const char         *short_form;

    static const char   special[] = "\"\\\b\f\n\r\t";
    static const char   letters[] = "\"\\bfnrt";

    *n = ngx_order_utf8(s, last);

    if (*n == 0) {
        return ngx_cpymem(p, "\xef\xbf\xbd", 3);
    }

    if (*n > 1) {
        return ngx_cpymem(p, s, *n);
    }

    if (*s >= 0x20 && *s != '"' && *s != '\\') {
        *p++ = *s;
        return p;
    }

    short_form = *s ? ngx_strchr(special, *s) : NULL;

    if (short_form) {
        *p++ = '\\';
        *p++ = letters[short_form - special];
        return p;
    }

    return ngx_sprintf(p, "\\u%04xd", (int) *s);
}
