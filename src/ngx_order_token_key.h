
/*
 * One key of tokens: what it may verify and sign, and how (RFC 7518,
 * section 3).  Private to ngx_order_token*.c; others use ngx_order_token.h.
 *
 * A key has one algorithm, given by the configuration.
 */


#ifndef _NGX_ORDER_TOKEN_KEY_H_INCLUDED_
#define _NGX_ORDER_TOKEN_KEY_H_INCLUDED_


#include <ngx_order_token.h>


#define NGX_ORDER_TOKEN_HASH       32  /* bytes of a digest */
#define NGX_ORDER_TOKEN_SIGNATURE  1024    /* bytes, at most: of RSA with 8192
                                              bits */


/* an algorithm; "type" is OpenSSL's, 0 for HMAC; "half" the bytes of r, of s
   in a signature on a curve */

typedef struct {
    ngx_str_t                      name;
    const char                    *digest;
    int                            type;
    const char                    *curve;
    size_t                         half;
} ngx_order_token_alg_t;


struct ngx_order_token_key_s {
    const ngx_order_token_alg_t   *alg;
    ngx_str_t                      kid;
    uint64_t                       hash;   /* of algorithm, kid and material;
                                              the same for a private key and
                                              its public key */
    ngx_uint_t                     signs;

    struct evp_mac_ctx_st         *mac;    /* OpenSSL's; of HMAC, keyed */
    struct evp_pkey_st            *pkey;
    struct evp_md_ctx_st          *md;
};


/* NGX_OK, NGX_DECLINED: not this key's signature, NGX_ERROR: the library
 * failed. */
ngx_int_t ngx_order_token_key_verify(const ngx_order_token_key_t *key,
    const ngx_str_t *data, const ngx_str_t *signature);

/* Fills signature->data, of NGX_ORDER_TOKEN_SIGNATURE bytes, and sets its
 * len.  NGX_OK or NGX_ERROR. */
ngx_int_t ngx_order_token_key_sign(const ngx_order_token_key_t *key,
    const ngx_str_t *data, ngx_str_t *signature);

/* SHA-256 of "n" strings and their lengths.  NGX_OK or NGX_ERROR. */
ngx_int_t ngx_order_token_digest(u_char *hash, const ngx_str_t *strings,
    ngx_uint_t n);

/* NGX_OK, or NGX_ERROR: no entropy. */
ngx_int_t ngx_order_token_random(u_char *buf, size_t len);


#endif /* _NGX_ORDER_TOKEN_KEY_H_INCLUDED_ */
