
/* Keys and hand-made tokens, for the unit tests and the fuzzers. */


#ifndef _UNIT_KEYS_H_INCLUDED_
#define _UNIT_KEYS_H_INCLUDED_


#include <ngx_order_token.h>
#include <ngx_order_token_key.h>


/* A configuration with a pool and a cycle of its own. */
ngx_conf_t *conf_create(ngx_log_t *log);
void conf_destroy(ngx_conf_t *cf);

/* The name of a temporary file that holds the bytes; removed at the end. */
char *file_of(const void *bytes, size_t len);

/* Temporary files with a new key of that kind: "RSA" and its bits, or "EC"
   and its curve; the private key, or its public part. */
char *pem_rsa(unsigned int bits, char **public_file);
char *pem_ec(const char *curve, char **public_file);

/* The key in the file, or NULL. */
ngx_order_token_key_t *key_of(ngx_conf_t *cf, const char *file,
    const char *alg, const char *kid);

/* A token of these texts, whatever they are, signed with that key. */
ngx_str_t token_of(ngx_pool_t *pool, const ngx_order_token_key_t *key,
    const ngx_str_t *header, const ngx_str_t *payload);

/* The base64url of text, appended at p; returns the end. */
u_char *encode(u_char *p, const u_char *text, size_t len);


#endif /* _UNIT_KEYS_H_INCLUDED_ */
