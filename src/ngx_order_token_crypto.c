
/*
 * Signatures of tokens, on OpenSSL's EVP.
 *
 * The contexts of a key are used by one call at a time and left ready for
 * the next.  OpenSSL's error queue is left empty, or nginx would report what
 * is in it as its own.
 */


#include <ngx_order_token_key.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>


#define NGX_ORDER_TOKEN_DER    128     /* bytes of an ECDSA signature */


static ngx_int_t ngx_order_token_mac(const ngx_order_token_key_t *key,
    const ngx_str_t *data, ngx_str_t *signature);
static ngx_int_t ngx_order_token_mac_verify(const ngx_order_token_key_t *key,
    const ngx_str_t *data, const ngx_str_t *signature);
static ngx_int_t ngx_order_token_pkey_verify(const ngx_order_token_key_t *key,
    const ngx_str_t *data, const ngx_str_t *signature);
static ngx_int_t ngx_order_token_pkey_sign(const ngx_order_token_key_t *key,
    const ngx_str_t *data, ngx_str_t *signature);
static int ngx_order_token_raw_to_der(u_char *der, const ngx_str_t *raw);
static ngx_int_t ngx_order_token_der_to_raw(ngx_str_t *signature,
    size_t half);


ngx_int_t
ngx_order_token_key_verify(const ngx_order_token_key_t *key,
    const ngx_str_t *data, const ngx_str_t *signature)
{
    ngx_int_t  rc;

    if (key->mac) {
        return ngx_order_token_mac_verify(key, data, signature);
    }

    rc = ngx_order_token_pkey_verify(key, data, signature);

    ERR_clear_error();

    return rc;
}


static ngx_int_t
ngx_order_token_mac(const ngx_order_token_key_t *key, const ngx_str_t *data,
    ngx_str_t *signature)
{
    if (EVP_MAC_init(key->mac, NULL, 0, NULL) != 1
        || EVP_MAC_update(key->mac, data->data, data->len) != 1
        || EVP_MAC_final(key->mac, signature->data, &signature->len,
                         EVP_MAX_MD_SIZE)
           != 1)
    {
        ERR_clear_error();
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_token_mac_verify(const ngx_order_token_key_t *key,
    const ngx_str_t *data, const ngx_str_t *signature)
{
    u_char     buf[EVP_MAX_MD_SIZE];
    ngx_str_t  mac;

    mac.data = buf;

    if (ngx_order_token_mac(key, data, &mac) != NGX_OK) {
        return NGX_ERROR;
    }

    if (mac.len != signature->len
        || CRYPTO_memcmp(mac.data, signature->data, mac.len) != 0)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_token_pkey_verify(const ngx_order_token_key_t *key,
    const ngx_str_t *data, const ngx_str_t *signature)
{
    int            len;
    u_char         der[NGX_ORDER_TOKEN_DER];
    const u_char  *p;

    p = signature->data;
    len = (int) signature->len;

    if (key->alg->half) {
        if (signature->len != 2 * key->alg->half) {
            return NGX_DECLINED;
        }

        p = der;

        len = ngx_order_token_raw_to_der(der, signature);
        if (len <= 0) {
            return len ? NGX_ERROR : NGX_DECLINED;
        }
    }

    if (EVP_DigestVerifyInit_ex(key->md, NULL, key->alg->digest, NULL, NULL,
                                key->pkey, NULL)
        != 1)
    {
        return NGX_ERROR;
    }

    if (EVP_DigestVerify(key->md, p, len, data->data, data->len) != 1) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* r and s of the same length -> DER; 0 if one of them is zero */

static int
ngx_order_token_raw_to_der(u_char *der, const ngx_str_t *raw)
{
    int         len, half;
    BIGNUM     *r, *s;
    ECDSA_SIG  *sig;

    half = (int) raw->len / 2;

    sig = ECDSA_SIG_new();
    r = BN_bin2bn(raw->data, half, NULL);
    s = BN_bin2bn(raw->data + half, half, NULL);

    if (sig == NULL || r == NULL || s == NULL) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return -1;
    }

    len = (BN_is_zero(r) || BN_is_zero(s)) ? 0 : 1;

    (void) ECDSA_SIG_set0(sig, r, s);

    if (len) {
        len = i2d_ECDSA_SIG(sig, &der);
    }

    ECDSA_SIG_free(sig);

    return len;
}


ngx_int_t
ngx_order_token_key_sign(const ngx_order_token_key_t *key,
    const ngx_str_t *data, ngx_str_t *signature)
{
    ngx_int_t  rc;

    if (!key->signs) {
        return NGX_ERROR;
    }

    if (key->mac) {
        return ngx_order_token_mac(key, data, signature);
    }

    rc = ngx_order_token_pkey_sign(key, data, signature);

    ERR_clear_error();

    return rc;
}


static ngx_int_t
ngx_order_token_pkey_sign(const ngx_order_token_key_t *key,
    const ngx_str_t *data, ngx_str_t *signature)
{
    signature->len = NGX_ORDER_TOKEN_SIGNATURE;

    if (EVP_DigestSignInit_ex(key->md, NULL, key->alg->digest, NULL, NULL,
                              key->pkey, NULL)
        != 1
        || EVP_DigestSign(key->md, signature->data, &signature->len,
                          data->data, data->len)
           != 1)
    {
        return NGX_ERROR;
    }

    if (key->alg->half) {
        return ngx_order_token_der_to_raw(signature, key->alg->half);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_token_der_to_raw(ngx_str_t *signature, size_t half)
{
    int            r, s;
    ECDSA_SIG     *sig;
    const u_char  *p;

    p = signature->data;

    sig = d2i_ECDSA_SIG(NULL, &p, (long) signature->len);
    if (sig == NULL) {
        return NGX_ERROR;
    }

    r = BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature->data, (int) half);
    s = BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature->data + half,
                     (int) half);
    signature->len = 2 * half;

    ECDSA_SIG_free(sig);

    return (r < 0 || s < 0) ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_order_token_digest(u_char *hash, const ngx_str_t *strings, ngx_uint_t n)
{
    int           ok;
    uint64_t      len;
    EVP_MD_CTX   *md;
    ngx_uint_t    i;

    md = EVP_MD_CTX_new();
    if (md == NULL) {
        return NGX_ERROR;
    }

    ok = EVP_DigestInit_ex(md, EVP_sha256(), NULL);

    for (i = 0; i < n; i++) {
        len = strings[i].len;

        ok = ok && EVP_DigestUpdate(md, &len, sizeof(uint64_t))
             && EVP_DigestUpdate(md, strings[i].data, strings[i].len);
    }

    ok = ok && EVP_DigestFinal_ex(md, hash, NULL);

    EVP_MD_CTX_free(md);

    return ok ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_order_token_random(u_char *buf, size_t len)
{
    if (RAND_bytes(buf, (int) len) != 1) {
        ERR_clear_error();
        return NGX_ERROR;
    }

    return NGX_OK;
}
