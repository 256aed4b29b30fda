
/*
 * order_health: is this worker alive, and may it be sent requests.
 */


#ifndef _NGX_HTTP_ORDER_HEALTH_H_INCLUDED_
#define _NGX_HTTP_ORDER_HEALTH_H_INCLUDED_


#include <ngx_http_order_reply.h>


/* order_health live|ready */
char *ngx_http_order_health(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Is the change feed of this instance as fresh as order_feed_timeout asks. */
ngx_uint_t ngx_http_order_feed_up(const ngx_http_order_main_conf_t *omcf);


#endif /* _NGX_HTTP_ORDER_HEALTH_H_INCLUDED_ */
