
/*
 * The text of a place.  Allocates nothing, keeps nothing.
 */


#include <ngx_order_place.h>


#define NGX_ORDER_PLACE_PARTS  4


typedef struct {
    uint32_t       base;
    uint64_t       max;
} ngx_order_place_part_t;


static const u_char *ngx_order_place_number(const u_char *p,
    const u_char *last, const ngx_order_place_part_t *part, uint64_t *n);


static const ngx_order_place_part_t
    ngx_order_place_parts[NGX_ORDER_PLACE_PARTS] =
{
    { 10, UINT32_MAX },
    { 10, UINT32_MAX },
    { 16, UINT64_MAX },
    { 16, UINT64_MAX }
};


u_char *
ngx_order_place_print(u_char *p, const ngx_order_place_t *place)
{
    return ngx_sprintf(p, "%uD.%uD.%xL.%xL", place->epoch, place->version,
                       place->generation, place->seq);
}


ngx_int_t
ngx_order_place_parse(ngx_order_place_t *place, const u_char *text,
    size_t len)
{
    uint64_t       n[NGX_ORDER_PLACE_PARTS];
    ngx_uint_t     i;
    const u_char  *p, *last;

    p = text;
    last = text + len;

    for (i = 0; i < NGX_ORDER_PLACE_PARTS; i++) {

        if (i > 0 && (p == last || *p++ != '.')) {
            return NGX_ERROR;
        }

        p = ngx_order_place_number(p, last, &ngx_order_place_parts[i], &n[i]);
        if (p == NULL) {
            return NGX_ERROR;
        }
    }

    if (p != last) {
        return NGX_ERROR;
    }

    place->epoch = (uint32_t) n[0];
    place->version = (uint32_t) n[1];
    place->generation = n[2];
    place->seq = n[3];

    return NGX_OK;
}


/* Returns the end of the digits; NULL: none, too many, or not as printed. */

static const u_char *
ngx_order_place_number(const u_char *p, const u_char *last,
    const ngx_order_place_part_t *part, uint64_t *n)
{
    uint32_t       digit;
    const u_char  *start;

    *n = 0;

    for (start = p; p < last; p++) {

        if (*p >= '0' && *p <= '9') {
            digit = *p - '0';

        } else if (part->base == 16 && *p >= 'a' && *p <= 'f') {
            digit = *p - 'a' + 10;

        } else {
            break;
        }

        if (*n > (part->max - digit) / part->base) {
            return NULL;
        }

        *n = *n * part->base + digit;
    }

    if (p == start || (*start == '0' && p - start > 1)) {
        return NULL;
    }

    return p;
}
