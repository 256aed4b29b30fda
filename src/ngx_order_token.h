
/*
 * Bearer string and keys -> verified identity (RFC 7519, RFC 7515, RFC 8725).
 *
 * The algorithm is the key's, never the token's word.  A verified token is
 * remembered in shared memory, under a keyed hash of its bytes, until it
 * expires; it is believed only while the key that verified it is among the
 * verifier's keys and the verifier's policy (issuer, audience) is the one it
 * was verified under.
 *
 * Errors name a cause for the log; a client is told no more than
 * "invalid_token" (RFC 6750).  No token and no key is ever logged.
 */


#ifndef _NGX_ORDER_TOKEN_H_INCLUDED_
#define _NGX_ORDER_TOKEN_H_INCLUDED_


#include <ngx_order.h>
#include <ngx_order_table.h>


#define NGX_ORDER_TOKEN_MAX    4096    /* bytes of a token, at most */


typedef struct ngx_order_token_key_s    ngx_order_token_key_t;
typedef struct ngx_order_token_cache_s  ngx_order_token_cache_t; /* shm */


typedef struct {
    ngx_array_t             *keys;      /* of ngx_order_token_key_t * */
    ngx_str_t                issuer;    /* empty: not asked for */
    ngx_str_t                audience;  /* empty: not asked for */
    time_t                   leeway;    /* seconds */
    uint64_t                 policy;    /* set by _policy() */
} ngx_order_token_verifier_t;


/* what a token is remembered under, for verifiers of that policy */

typedef struct {
    uint64_t                 policy;
    u_char                   hash[16];
} ngx_order_token_print_t;


/* Bytes of shared memory for "size" bytes of remembered tokens. */
size_t ngx_order_token_cache_size(size_t size);

/* Makes an empty one at page aligned "addr", with a random secret of its
 * own for the hash; NULL: no entropy. */
ngx_order_token_cache_t *ngx_order_token_cache_create(void *addr,
    size_t size, ngx_log_t *log);

/* How much of it is in use. */
void ngx_order_token_cache_use(const ngx_order_token_cache_t *cache,
    ngx_order_table_use_t *use);

/*
 * Reads a key file at configuration time.  "alg" is HS256 to HS512, RS256 to
 * RS512, ES256 or ES384; a file for HS* holds the secret's bytes (a trailing
 * newline is cut; 32 bytes at least), others a PEM public or private key.
 * "kid" may be empty: then the key is meant by tokens without a kid only; a
 * token without one is tried with all keys of its algorithm.  The key lives
 * in cf->pool and is freed with it.  Returns NULL, having logged at EMERG what
 * is wrong with which file.
 */
ngx_order_token_key_t *ngx_order_token_key(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *alg, ngx_str_t *kid);

/* Can this key sign: HS*, or a private key. */
ngx_uint_t ngx_order_token_key_signs(const ngx_order_token_key_t *key);
const ngx_str_t *ngx_order_token_key_kid(const ngx_order_token_key_t *key);

/* To be called when keys, issuer, audience and leeway are set. */
void ngx_order_token_policy(ngx_order_token_verifier_t *verifier);

/*
 * Takes the fingerprint of a token, and starts to load what is remembered of
 * it; _prefetch() goes on with that when some time has passed.
 */
void ngx_order_token_print(const ngx_order_token_verifier_t *verifier,
    const ngx_order_token_cache_t *cache, const ngx_str_t *token,
    ngx_order_token_print_t *print);
void ngx_order_token_prefetch(const ngx_order_token_cache_t *cache,
    const ngx_order_token_print_t *print);

/*
 * Verifies a token at the time "now".  With "cache" not NULL it is looked up
 * there first and remembered after.  "print" is the token's, if it was taken
 * before, or NULL.
 *
 *     NGX_OK        *identity is set
 *     NGX_DECLINED  refused; *reason names why, in a few words for the log
 *     NGX_ERROR     no memory, or the cryptographic library failed
 */
ngx_int_t ngx_order_token_verify(const ngx_order_token_verifier_t *verifier,
    ngx_order_token_cache_t *cache, const ngx_str_t *token,
    const ngx_order_token_print_t *print, time_t now,
    ngx_order_identity_t *identity, const char **reason);

/*
 * Issues a token: sub, role, iat, exp, and iss and aud where the verifier has
 * them, signed with "key", allocated from "pool".  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_order_token_issue(const ngx_order_token_verifier_t *verifier,
    const ngx_order_token_key_t *key, const ngx_order_identity_t *identity,
    time_t now, ngx_pool_t *pool, ngx_str_t *token);


#endif /* _NGX_ORDER_TOKEN_H_INCLUDED_ */
