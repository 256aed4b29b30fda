
/*
 * One text -> is it a value of a field's type.  Private to ngx_order_input.
 */


#ifndef _NGX_ORDER_CHECK_H_INCLUDED_
#define _NGX_ORDER_CHECK_H_INCLUDED_


#include <ngx_order_input.h>


/*
 * Checks a text against a field of any type but NGX_ORDER_OBJECT and
 * NGX_ORDER_ARRAY.
 *
 *     NGX_OK        *value is good, and may have been replaced by another
 *                   form of the same
 *     NGX_DECLINED  *message tells what is wrong; NUL terminated
 *     NGX_ERROR     no memory
 */
ngx_int_t ngx_order_check(const ngx_order_field_t *field, ngx_str_t *value,
    ngx_str_t *message, ngx_pool_t *pool);

/* Is n within the field's bounds, in "units".  As above. */
ngx_int_t ngx_order_check_bounds(const ngx_order_field_t *field, int64_t n,
    const char *units, ngx_str_t *message, ngx_pool_t *pool);


#endif /* _NGX_ORDER_CHECK_H_INCLUDED_ */
