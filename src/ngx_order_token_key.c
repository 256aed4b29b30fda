
/*
 * Key files -> keys of tokens, at configuration time.
 *
 * A key and its contexts, which are OpenSSL's, are freed by a cleanup of
 * cf->pool.  OpenSSL's error queue is left empty, or nginx would report what
 * is in it as its own.  The text of a key is wiped after it was read.
 */


#include <ngx_order_token_key.h>
#include <ngx_order_secret.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>


#define NGX_ORDER_TOKEN_FILE      65536    /* bytes of a key file, at most */
#define NGX_ORDER_TOKEN_SECRET    32       /* bytes of a secret, at least */
#define NGX_ORDER_TOKEN_RSA_MIN   2048     /* bits */
#define NGX_ORDER_TOKEN_RSA_MAX   8192


static const ngx_order_token_alg_t *ngx_order_token_alg(
    const ngx_str_t *name);
static void ngx_order_token_key_free(void *data);
static ngx_int_t ngx_order_token_kid_check(const ngx_str_t *kid);
static const char *ngx_order_token_key_load(ngx_order_token_key_t *key,
    ngx_str_t *text);
static const char *ngx_order_token_key_secret(ngx_order_token_key_t *key,
    ngx_str_t *text);
static const char *ngx_order_token_key_pem(ngx_order_token_key_t *key,
    const ngx_str_t *text);
static const char *ngx_order_token_key_fits(const ngx_order_token_key_t *key);
static EVP_PKEY *ngx_order_token_pem(const ngx_str_t *text,
    ngx_uint_t is_private);
static int ngx_order_token_password(char *buf, int size, int rwflag,
    void *data);
static ngx_int_t ngx_order_token_key_identify(ngx_order_token_key_t *key,
    const ngx_str_t *material);


static const ngx_order_token_alg_t  ngx_order_token_algs[] = {
    { ngx_string("HS256"), "SHA256", EVP_PKEY_NONE, NULL, 0 },
    { ngx_string("HS384"), "SHA384", EVP_PKEY_NONE, NULL, 0 },
    { ngx_string("HS512"), "SHA512", EVP_PKEY_NONE, NULL, 0 },
    { ngx_string("RS256"), "SHA256", EVP_PKEY_RSA, NULL, 0 },
    { ngx_string("RS384"), "SHA384", EVP_PKEY_RSA, NULL, 0 },
    { ngx_string("RS512"), "SHA512", EVP_PKEY_RSA, NULL, 0 },
    { ngx_string("ES256"), "SHA256", EVP_PKEY_EC, "prime256v1", 32 },
    { ngx_string("ES384"), "SHA384", EVP_PKEY_EC, "secp384r1", 48 },
    { ngx_null_string, NULL, 0, NULL, 0 }
};


ngx_order_token_key_t *
ngx_order_token_key(ngx_conf_t *cf, ngx_str_t *file, ngx_str_t *alg,
    ngx_str_t *kid)
{
    ngx_str_t               text;
    const char             *wrong;
    ngx_pool_cleanup_t     *cln;
    ngx_order_token_key_t  *key;

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    key = ngx_pcalloc(cf->pool, sizeof(ngx_order_token_key_t));
    if (cln == NULL || key == NULL) {
        return NULL;
    }

    cln->handler = ngx_order_token_key_free;
    cln->data = key;

    key->kid.len = kid->len;
    key->kid.data = ngx_pstrdup(cf->pool, kid);
    if (key->kid.data == NULL) {
        return NULL;
    }

    key->alg = ngx_order_token_alg(alg);

    if (key->alg == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown algorithm \"%V\" of key \"%V\"",
                           alg, file);
        return NULL;
    }

    if (ngx_order_token_kid_check(kid) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "kid \"%V\" of key \"%V\" is not printable ASCII",
                           kid, file);
        return NULL;
    }

    if (ngx_order_secret_read(cf, "key", file, NGX_ORDER_TOKEN_FILE, &text)
        != NGX_OK)
    {
        return NULL;
    }

    wrong = ngx_order_token_key_load(key, &text);

    OPENSSL_cleanse(text.data, text.len);
    ERR_clear_error();

    if (wrong) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "key \"%V\" cannot be used for %V: %s",
                           file, &key->alg->name, wrong);
        return NULL;
    }

    return key;
}


static const ngx_order_token_alg_t *
ngx_order_token_alg(const ngx_str_t *name)
{
    const ngx_order_token_alg_t  *alg;

    for (alg = ngx_order_token_algs; alg->name.len; alg++) {
        if (alg->name.len == name->len
            && ngx_memcmp(alg->name.data, name->data, name->len) == 0)
        {
            return alg;
        }
    }

    return NULL;
}


static void
ngx_order_token_key_free(void *data)
{
    ngx_order_token_key_t  *key = data;

    EVP_MAC_CTX_free(key->mac);
    EVP_MD_CTX_free(key->md);
    EVP_PKEY_free(key->pkey);
}


/* it goes into the tokens that we issue */

static ngx_int_t
ngx_order_token_kid_check(const ngx_str_t *kid)
{
    size_t  i;

    for (i = 0; i < kid->len; i++) {
        if (kid->data[i] < 0x21 || kid->data[i] > 0x7e) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* returns what is wrong with the key, NULL if nothing is */

static const char *
ngx_order_token_key_load(ngx_order_token_key_t *key, ngx_str_t *text)
{
    int          len;
    u_char      *der;
    ngx_int_t    rc;
    ngx_str_t    material;
    const char  *wrong;

    if (key->alg->type == EVP_PKEY_NONE) {
        wrong = ngx_order_token_key_secret(key, text);
        if (wrong) {
            return wrong;
        }

        rc = ngx_order_token_key_identify(key, text);

        return (rc == NGX_OK) ? NULL : "no digest";
    }

    wrong = ngx_order_token_key_pem(key, text);
    if (wrong) {
        return wrong;
    }

    der = NULL;

    len = i2d_PUBKEY(key->pkey, &der);
    if (len <= 0) {
        return "it has no public part";
    }

    material.len = len;
    material.data = der;

    rc = ngx_order_token_key_identify(key, &material);

    OPENSSL_free(der);

    return (rc == NGX_OK) ? NULL : "no digest";
}


static const char *
ngx_order_token_key_secret(ngx_order_token_key_t *key, ngx_str_t *text)
{
    EVP_MAC     *mac;
    OSSL_PARAM   params[2];

    if (text->len && text->data[text->len - 1] == '\n') {
        text->len--;
    }

    if (text->len && text->data[text->len - 1] == '\r') {
        text->len--;
    }

    if (text->len < NGX_ORDER_TOKEN_SECRET) {
        return "it has less than 32 bytes";
    }

    if (ngx_memcmp(text->data, "-----BEGIN ", 11) == 0) {
        return "it is a PEM file, not a secret";
    }

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    key->mac = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) key->alg->digest,
                                                 0);
    params[1] = OSSL_PARAM_construct_end();

    if (key->mac == NULL
        || EVP_MAC_init(key->mac, text->data, text->len, params) != 1)
    {
        return "OpenSSL has no such HMAC";
    }

    key->signs = 1;

    return NULL;
}


static const char *
ngx_order_token_key_pem(ngx_order_token_key_t *key, const ngx_str_t *text)
{
    key->md = EVP_MD_CTX_new();
    if (key->md == NULL) {
        return "no memory";
    }

    key->pkey = ngx_order_token_pem(text, 1);

    if (key->pkey) {
        key->signs = 1;

    } else {
        key->pkey = ngx_order_token_pem(text, 0);
    }

    if (key->pkey == NULL) {
        return "it is no PEM private or public key without a password";
    }

    return ngx_order_token_key_fits(key);
}


static const char *
ngx_order_token_key_fits(const ngx_order_token_key_t *key)
{
    int     bits;
    char    curve[32];
    size_t  len;

    if (EVP_PKEY_get_base_id(key->pkey) != key->alg->type) {
        return "it is a key of another kind";
    }

    if (key->alg->type == EVP_PKEY_EC) {
        if (EVP_PKEY_get_group_name(key->pkey, curve, sizeof(curve), &len)
            != 1
            || ngx_strcmp(curve, key->alg->curve) != 0)
        {
            return "it is on another curve";
        }

        return NULL;
    }

    bits = EVP_PKEY_get_bits(key->pkey);

    if (bits < NGX_ORDER_TOKEN_RSA_MIN) {
        return "it has less than 2048 bits";
    }

    if (bits > NGX_ORDER_TOKEN_RSA_MAX) {
        return "it has more than 8192 bits";
    }

    return NULL;
}


static EVP_PKEY *
ngx_order_token_pem(const ngx_str_t *text, ngx_uint_t is_private)
{
    BIO       *bio;
    EVP_PKEY  *pkey;

    bio = BIO_new_mem_buf(text->data, (int) text->len);
    if (bio == NULL) {
        return NULL;
    }

    if (is_private) {
        pkey = PEM_read_bio_PrivateKey(bio, NULL, ngx_order_token_password,
                                       NULL);

    } else {
        pkey = PEM_read_bio_PUBKEY(bio, NULL, ngx_order_token_password, NULL);
    }

    BIO_free(bio);

    return pkey;
}


/* instead of OpenSSL's own, which asks at the terminal */

static int
ngx_order_token_password(char *buf, int size, int rwflag, void *data)
{
    (void) buf;
    (void) size;
    (void) rwflag;
    (void) data;

    return -1;
}


static ngx_int_t
ngx_order_token_key_identify(ngx_order_token_key_t *key,
    const ngx_str_t *material)
{
    u_char     hash[NGX_ORDER_TOKEN_HASH];
    ngx_str_t  parts[3];

    parts[0] = key->alg->name;
    parts[1] = key->kid;
    parts[2] = *material;

    if (ngx_order_token_digest(hash, parts, 3) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(&key->hash, hash, sizeof(uint64_t));

    return NGX_OK;
}


ngx_uint_t
ngx_order_token_key_signs(const ngx_order_token_key_t *key)
{
    return key->signs;
}


const ngx_str_t *
ngx_order_token_key_kid(const ngx_order_token_key_t *key)
{
    return &key->kid;
}
