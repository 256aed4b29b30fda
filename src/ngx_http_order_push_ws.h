
/*
 * WebSocket: what its handshake and its dress share.
 */


#ifndef _NGX_HTTP_ORDER_PUSH_WS_H_INCLUDED_
#define _NGX_HTTP_ORDER_PUSH_WS_H_INCLUDED_


#include <ngx_http_order_push.h>


/* Takes bytes that a client sent. */
void ngx_http_order_ws_bytes(ngx_http_order_client_t *client, u_char *data,
    size_t len);

/* Does what a client's message, UTF-8 as it came, asks for. */
void ngx_http_order_ws_message(ngx_http_order_client_t *client,
    const ngx_str_t *text);


#endif /* _NGX_HTTP_ORDER_PUSH_WS_H_INCLUDED_ */
