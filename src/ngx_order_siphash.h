
/*
 * SipHash-1-3 with 128 bits of output (Aumasson, Bernstein): a keyed hash
 * whose collisions cannot be found without the key.
 */


#ifndef _NGX_ORDER_SIPHASH_H_INCLUDED_
#define _NGX_ORDER_SIPHASH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_ORDER_SIPHASH_LEN  16      /* bytes of a key, and of a hash */


/* Hashes "len" bytes of "data" under the 16 bytes of "key". */
void ngx_order_siphash(u_char *hash, const u_char *key, const u_char *data,
    size_t len);


#endif /* _NGX_ORDER_SIPHASH_H_INCLUDED_ */
