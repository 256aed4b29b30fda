
/*
 * Files with secrets: read while the configuration is, by the rights of the
 * one who started nginx, so that workers need not.
 */


#ifndef _NGX_ORDER_SECRET_H_INCLUDED_
#define _NGX_ORDER_SECRET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Reads a file of less than "max" bytes; its name becomes a full one, relative
 * to the configuration.  The text is in cf->temp_pool, and not terminated: who
 * asked for it wipes it.  NGX_OK, or NGX_ERROR having logged at EMERG why not,
 * "what" coming before the file's name.
 */
ngx_int_t ngx_order_secret_read(ngx_conf_t *cf, const char *what,
    ngx_str_t *file, size_t max, ngx_str_t *text);


#endif /* _NGX_ORDER_SECRET_H_INCLUDED_ */
