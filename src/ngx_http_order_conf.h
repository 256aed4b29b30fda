
/*
 * The directives whose arguments have a form of their own.  Each is the "set"
 * of an ngx_command_t.
 */


#ifndef _NGX_HTTP_ORDER_CONF_H_INCLUDED_
#define _NGX_HTTP_ORDER_CONF_H_INCLUDED_


#include <ngx_http_order.h>


/* order_zone name:size [tokens=size] */
char *ngx_http_order_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * order_database conninfo [connections=number] [queue=number] [timeout=time]
 *     [connect_timeout=time] [queue_timeout=time] [prepare=on|off]
 *     [password_file=file]
 */
char *ngx_http_order_database(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* order_jwt_key file alg=name [kid=id] */
char *ngx_http_order_jwt_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* order_webhook_secret payment|escrow|shipping file */
char *ngx_http_order_webhook_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_ORDER_CONF_H_INCLUDED_ */
