
/*
 * Signatures of webhooks (Standard Webhooks 1.0.0, the symmetric scheme): an
 * HMAC-SHA256 over "id.timestamp.body", by a secret that both sides know.
 */


#ifndef _NGX_ORDER_WEBHOOK_H_INCLUDED_
#define _NGX_ORDER_WEBHOOK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_ORDER_WEBHOOK_ID         255   /* bytes of an id, at most */
#define NGX_ORDER_WEBHOOK_SIGNATURE  2048  /* of a list of signatures */
#define NGX_ORDER_WEBHOOK_SECRETS    8     /* in a file, at most */


/* what is signed, and the signatures; data NULL: there is no such header */

typedef struct {
    ngx_str_t    id;
    ngx_str_t    timestamp;
    ngx_str_t    signature;
    ngx_str_t    body;                 /* as it came, byte for byte */
} ngx_order_webhook_t;


/*
 * Reads secrets at configuration time: "whsec_" and the base64 of 24 to 64
 * bytes, one a line; empty lines and those that begin with "#" do not count.
 * NULL if they cannot be had; it was logged, without the secret.
 *
 * The file's name is made absolute in place.  The secrets live as long as
 * cf->pool and are wiped with it.
 */
ngx_array_t *ngx_order_webhook_secrets(ngx_conf_t *cf, ngx_str_t *file);

/*
 * Is one of the signatures made by one of the secrets, no more than
 * "tolerance" seconds before or after "now".
 *
 *     NGX_OK        it is
 *     NGX_DECLINED  it is not; *reason is a text for the log
 *     NGX_ERROR     the library failed
 */
ngx_int_t ngx_order_webhook_verify(const ngx_array_t *secrets,
    const ngx_order_webhook_t *webhook, time_t tolerance, time_t now,
    const char **reason);


#endif /* _NGX_ORDER_WEBHOOK_H_INCLUDED_ */
