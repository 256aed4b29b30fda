
#include <keys.h>
#include <openssl/evp.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>


static char      names[64][32];
static unsigned  files;


ngx_conf_t *
conf_create(ngx_log_t *log)
{
    ngx_conf_t  *cf;

    cf = calloc(1, sizeof(ngx_conf_t));

    cf->log = log;
    cf->pool = ngx_create_pool(16384, log);
    cf->temp_pool = ngx_create_pool(16384, log);
    cf->cycle = ngx_pcalloc(cf->pool, sizeof(ngx_cycle_t));
    cf->cycle->log = log;
    ngx_str_set(&cf->cycle->conf_prefix, "/");
    ngx_str_set(&cf->cycle->prefix, "/");

    return cf;
}


void
conf_destroy(ngx_conf_t *cf)
{
    ngx_destroy_pool(cf->temp_pool);
    ngx_destroy_pool(cf->pool);
    free(cf);
}


static void
remove_files(void)
{
    while (files) {
        unlink(names[--files]);
    }
}


char *
file_of(const void *bytes, size_t len)
{
    int    fd;
    char  *name;

    if (files == 0) {
        atexit(remove_files);
    }

    if (files == sizeof(names) / sizeof(names[0])) {
        abort();
    }

    name = names[files++];
    strcpy(name, "/tmp/order-key-XXXXXX");
    fd = mkstemp(name);

    if (fd < 0 || write(fd, bytes, len) != (ssize_t) len || close(fd) != 0) {
        perror(name);
        exit(2);
    }

    return name;
}


static char *
pem_of(EVP_PKEY *pkey, int public_part)
{
    BIO   *bio;
    char  *text, *name;
    long   len;

    bio = BIO_new(BIO_s_mem());

    if (public_part) {
        PEM_write_bio_PUBKEY(bio, pkey);

    } else {
        PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
    }

    len = BIO_get_mem_data(bio, &text);
    name = file_of(text, len);
    BIO_free(bio);

    return name;
}


char *
pem_rsa(unsigned int bits, char **public_file)
{
    char      *name;
    EVP_PKEY  *pkey;

    pkey = EVP_RSA_gen(bits);
    name = pem_of(pkey, 0);

    if (public_file) {
        *public_file = pem_of(pkey, 1);
    }

    EVP_PKEY_free(pkey);

    return name;
}


char *
pem_ec(const char *curve, char **public_file)
{
    char      *name;
    EVP_PKEY  *pkey;

    pkey = EVP_EC_gen(curve);
    name = pem_of(pkey, 0);

    if (public_file) {
        *public_file = pem_of(pkey, 1);
    }

    EVP_PKEY_free(pkey);

    return name;
}


ngx_order_token_key_t *
key_of(ngx_conf_t *cf, const char *file, const char *alg, const char *kid)
{
    ngx_str_t  name, a, k;

    name.data = (u_char *) file;
    name.len = strlen(file);
    a.data = (u_char *) alg;
    a.len = strlen(alg);
    k.data = (u_char *) kid;
    k.len = strlen(kid);

    return ngx_order_token_key(cf, &name, &a, &k);
}


u_char *
encode(u_char *p, const u_char *text, size_t len)
{
    ngx_str_t  src, dst;

    src.data = (u_char *) text;
    src.len = len;
    dst.data = p;

    ngx_encode_base64url(&dst, &src);

    return p + dst.len;
}


ngx_str_t
token_of(ngx_pool_t *pool, const ngx_order_token_key_t *key,
    const ngx_str_t *header, const ngx_str_t *payload)
{
    u_char     *p, bytes[NGX_ORDER_TOKEN_SIGNATURE];
    ngx_str_t   token, signature;

    token.data = ngx_palloc(pool, 2 * (header->len + payload->len) + 2048);

    p = encode(token.data, header->data, header->len);
    *p++ = '.';
    p = encode(p, payload->data, payload->len);

    token.len = p - token.data;
    signature.data = bytes;
    signature.len = 0;

    if (key && ngx_order_token_key_sign(key, &token, &signature) != NGX_OK) {
        abort();
    }

    *p++ = '.';
    p = encode(p, signature.data, signature.len);
    token.len = p - token.data;

    return token;
}
