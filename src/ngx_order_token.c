
/*
 * Tokens: verification, and the memory of verified ones.
 *
 * Of a token nothing but its header is interpreted before its signature was
 * verified, and of the header only which key is meant: the key decides the
 * algorithm.  JSON is read by jansson, whose objects live inside one call.
 * Nothing is logged here.
 */


#include <ngx_order_token.h>
#include <ngx_order_token_key.h>
#include <ngx_order_siphash.h>
#include <ngx_order_metrics.h>

#include <jansson.h>


#define NGX_ORDER_TOKEN_RULES  "order-token-1"    /* raised when what is
                                                     checked changes */
#define NGX_ORDER_TOKEN_HEAD   64    /* bytes before the table */


struct ngx_order_token_cache_s {
    u_char                         secret[NGX_ORDER_SIPHASH_LEN];
    ngx_order_table_t             *table;
};


/* what is remembered of a token, besides its hash and its exp */

typedef struct {
    ngx_order_id_t                 user;
    uint64_t                       key;
    uint32_t                       role;
    uint32_t                       unused;
} ngx_order_token_entry_t;


typedef struct {
    ngx_str_t                      data;       /* what is signed */
    ngx_str_t                      header;     /* decoded, like the rest */
    ngx_str_t                      payload;
    ngx_str_t                      signature;
    u_char                         buf[NGX_ORDER_TOKEN_MAX];
} ngx_order_token_parts_t;


static ngx_int_t ngx_order_token_check(
    const ngx_order_token_verifier_t *verifier,
    ngx_order_token_cache_t *cache, const ngx_str_t *token,
    const ngx_order_token_print_t *print, time_t now,
    ngx_order_identity_t *identity, const char **reason);
static ngx_int_t ngx_order_token_recall(
    const ngx_order_token_verifier_t *verifier,
    ngx_order_token_cache_t *cache, const u_char *hash, time_t now,
    ngx_order_identity_t *identity, const char **reason);
static void ngx_order_token_remember(ngx_order_token_cache_t *cache,
    const u_char *hash, const ngx_order_token_key_t *key,
    const ngx_order_identity_t *identity);
static ngx_int_t ngx_order_token_split(const ngx_str_t *token,
    ngx_order_token_parts_t *parts);
static u_char *ngx_order_token_decode(u_char *dst, ngx_str_t *part,
    const u_char *src, const u_char *last);
static ngx_int_t ngx_order_token_json(const ngx_str_t *text, json_t **json);
static ngx_int_t ngx_order_token_signed(
    const ngx_order_token_verifier_t *verifier,
    const ngx_order_token_parts_t *parts,
    const ngx_order_token_key_t **key, const char **reason);
static const char *ngx_order_token_header(json_t *header);
static ngx_int_t ngx_order_token_try(
    const ngx_order_token_verifier_t *verifier,
    const ngx_order_token_parts_t *parts, json_t *header,
    const ngx_order_token_key_t **found, const char **reason);
static const char *ngx_order_token_claims(
    const ngx_order_token_verifier_t *verifier, json_t *claims, time_t now,
    ngx_order_identity_t *identity);
static const char *ngx_order_token_times(
    const ngx_order_token_verifier_t *verifier, json_t *claims, time_t now,
    ngx_order_identity_t *identity);
static ngx_int_t ngx_order_token_time(json_t *claims, const char *name,
    int64_t *time);
static ngx_uint_t ngx_order_token_audience(json_t *aud,
    const ngx_str_t *audience);
static ngx_uint_t ngx_order_token_is(json_t *json, const ngx_str_t *value);


size_t
ngx_order_token_cache_size(size_t size)
{
    return NGX_ORDER_TOKEN_HEAD + ngx_align(size, 64);
}


ngx_order_token_cache_t *
ngx_order_token_cache_create(void *addr, size_t size, ngx_log_t *log)
{
    ngx_order_token_cache_t  *cache = addr;

    if (ngx_order_token_random(cache->secret, NGX_ORDER_SIPHASH_LEN)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "no random bytes for the memory of tokens");
        return NULL;
    }

    cache->table = ngx_order_table_create((u_char *) addr
                                          + NGX_ORDER_TOKEN_HEAD,
                                          ngx_align(size, 64),
                                          sizeof(ngx_order_token_entry_t));

    if (cache->table == NULL) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "%uz bytes are too little for the memory of tokens",
                      size);
        return NULL;
    }

    return cache;
}


void
ngx_order_token_cache_use(const ngx_order_token_cache_t *cache,
    ngx_order_table_use_t *use)
{
    ngx_order_table_use(cache->table, use);
}


void
ngx_order_token_policy(ngx_order_token_verifier_t *verifier)
{
    u_char     hash[NGX_ORDER_TOKEN_HASH];
    ngx_str_t  parts[4];

    ngx_str_set(&parts[0], NGX_ORDER_TOKEN_RULES);
    parts[1] = verifier->issuer;
    parts[2] = verifier->audience;
    parts[3].data = (u_char *) &verifier->leeway;
    parts[3].len = sizeof(time_t);

    if (ngx_order_token_digest(hash, parts, 4) != NGX_OK) {
        ngx_memzero(hash, NGX_ORDER_TOKEN_HASH);
    }

    ngx_memcpy(&verifier->policy, hash, sizeof(uint64_t));
}


void
ngx_order_token_print(const ngx_order_token_verifier_t *verifier,
    const ngx_order_token_cache_t *cache, const ngx_str_t *token,
    ngx_order_token_print_t *print)
{
    u_char  *p;
    u_char   buf[sizeof(uint64_t) + NGX_ORDER_TOKEN_MAX];

    print->policy = verifier->policy;

    p = ngx_cpymem(buf, &verifier->policy, sizeof(uint64_t));
    p = ngx_cpymem(p, token->data, ngx_min(token->len, NGX_ORDER_TOKEN_MAX));

    ngx_order_siphash(print->hash, cache->secret, buf, p - buf);

    ngx_order_table_prefetch(cache->table, print->hash);
}


void
ngx_order_token_prefetch(const ngx_order_token_cache_t *cache,
    const ngx_order_token_print_t *print)
{
    ngx_order_table_prefetch_entry(cache->table, print->hash);
}


ngx_int_t
ngx_order_token_verify(const ngx_order_token_verifier_t *verifier,
    ngx_order_token_cache_t *cache, const ngx_str_t *token,
    const ngx_order_token_print_t *print, time_t now,
    ngx_order_identity_t *identity, const char **reason)
{
    ngx_int_t                rc;
    ngx_uint_t               counter;
    ngx_order_token_print_t  taken;

    rc = NGX_AGAIN;
    counter = NGX_ORDER_METRICS_REMEMBERED;

    if (token->len == 0 || token->len > NGX_ORDER_TOKEN_MAX) {
        *reason = "it is empty or too long";
        rc = NGX_DECLINED;

    } else if (cache) {

        if (print == NULL || print->policy != verifier->policy) {
            ngx_order_token_print(verifier, cache, token, &taken);
            print = &taken;
        }

        rc = ngx_order_token_recall(verifier, cache, print->hash, now,
                                    identity, reason);
    }

    if (rc == NGX_AGAIN) {
        rc = ngx_order_token_check(verifier, cache, token, print, now,
                                   identity, reason);
        counter = NGX_ORDER_METRICS_VERIFIED;
    }

    if (rc != NGX_ERROR) {
        ngx_order_metrics_add(rc == NGX_OK ? counter
                                           : NGX_ORDER_METRICS_REFUSED, 1);
    }

    return rc;
}


/* One that is not remembered: its signature, and its claims. */

static ngx_int_t
ngx_order_token_check(const ngx_order_token_verifier_t *verifier,
    ngx_order_token_cache_t *cache, const ngx_str_t *token,
    const ngx_order_token_print_t *print, time_t now,
    ngx_order_identity_t *identity, const char **reason)
{
    json_t                       *claims;
    ngx_int_t                     rc;
    ngx_order_token_parts_t       parts;
    const ngx_order_token_key_t  *key;

    key = NULL;

    if (ngx_order_token_split(token, &parts) != NGX_OK) {
        *reason = "it is not three parts of base64url";
        return NGX_DECLINED;
    }

    rc = ngx_order_token_signed(verifier, &parts, &key, reason);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_order_token_json(&parts.payload, &claims);
    if (rc != NGX_OK) {
        *reason = "its payload is no JSON object or has duplicate members";
        return rc;
    }

    *reason = ngx_order_token_claims(verifier, claims, now, identity);

    json_decref(claims);

    if (*reason) {
        return NGX_DECLINED;
    }

    if (cache) {
        ngx_order_token_remember(cache, print->hash, key, identity);
    }

    return NGX_OK;
}


/* NGX_AGAIN: nothing is known of the token */

static ngx_int_t
ngx_order_token_recall(const ngx_order_token_verifier_t *verifier,
    ngx_order_token_cache_t *cache, const u_char *hash, time_t now,
    ngx_order_identity_t *identity, const char **reason)
{
    uint64_t                  exp;
    ngx_uint_t                i;
    ngx_order_token_key_t   **key;
    ngx_order_token_entry_t   entry;

    if (ngx_order_table_get(cache->table, hash, &exp, &entry) != NGX_OK) {
        return NGX_AGAIN;
    }

    key = verifier->keys->elts;

    for (i = 0; i < verifier->keys->nelts; i++) {
        if (key[i]->hash == entry.key) {
            goto found;
        }
    }

    return NGX_AGAIN;

found:

    if ((time_t) exp <= now - verifier->leeway) {
        *reason = "it has expired";
        return NGX_DECLINED;
    }

    identity->user = entry.user;
    identity->role = entry.role;
    identity->expires = (time_t) exp;

    return NGX_OK;
}


static void
ngx_order_token_remember(ngx_order_token_cache_t *cache, const u_char *hash,
    const ngx_order_token_key_t *key, const ngx_order_identity_t *identity)
{
    ngx_order_table_item_t   item;
    ngx_order_token_entry_t  entry;

    entry.user = identity->user;
    entry.key = key->hash;
    entry.role = (uint32_t) identity->role;
    entry.unused = 0;

    ngx_memzero(&item, sizeof(ngx_order_table_item_t));

    item.key = hash;
    item.payload = &entry;
    item.stamp = (uint64_t) identity->expires;

    (void) ngx_order_table_fill(cache->table, &item, NULL);
}


static ngx_int_t
ngx_order_token_split(const ngx_str_t *token, ngx_order_token_parts_t *parts)
{
    u_char  *p, *dot1, *dot2, *last;

    last = token->data + token->len;

    dot1 = ngx_strlchr(token->data, last, '.');
    if (dot1 == NULL) {
        return NGX_ERROR;
    }

    dot2 = ngx_strlchr(dot1 + 1, last, '.');
    if (dot2 == NULL) {
        return NGX_ERROR;
    }

    parts->data.data = token->data;
    parts->data.len = dot2 - token->data;

    p = ngx_order_token_decode(parts->buf, &parts->header, token->data, dot1);

    if (p) {
        p = ngx_order_token_decode(p, &parts->payload, dot1 + 1, dot2);
    }

    if (p) {
        p = ngx_order_token_decode(p, &parts->signature, dot2 + 1, last);
    }

    return p ? NGX_OK : NGX_ERROR;
}


/*
 * base64url without padding, in the one form that stands for these bytes:
 * ngx_decode_base64url() takes padding and ignores the bits that are left.
 * Returns the end of the bytes, NULL for anything else.
 */

static u_char *
ngx_order_token_decode(u_char *dst, ngx_str_t *part, const u_char *src,
    const u_char *last)
{
    uint32_t          n;
    ngx_uint_t        bits;
    const u_char     *c;

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_";

    part->data = dst;
    bits = 0;
    n = 0;

    for ( /* void */ ; src < last; src++) {
        c = *src ? (const u_char *) ngx_strchr(digits, *src) : NULL;
        if (c == NULL) {
            return NULL;
        }

        n = (n << 6 | (uint32_t) (c - (const u_char *) digits)) & 0xffff;
        bits += 6;

        if (bits >= 8) {
            bits -= 8;
            *dst++ = (u_char) (n >> bits);
        }
    }

    if (bits == 6 || (n & ((1u << bits) - 1))) {
        return NULL;
    }

    part->len = dst - part->data;

    return dst;
}


static ngx_int_t
ngx_order_token_json(const ngx_str_t *text, json_t **json)
{
    json_error_t  error;

    *json = json_loadb((char *) text->data, text->len,
                       JSON_REJECT_DUPLICATES, &error);

    if (*json == NULL) {
        /* jansson has no word for most of its failures to allocate */

        return error.text[0] ? NGX_DECLINED : NGX_ERROR;
    }

    if (!json_is_object(*json)) {
        json_decref(*json);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_order_token_signed(const ngx_order_token_verifier_t *verifier,
    const ngx_order_token_parts_t *parts, const ngx_order_token_key_t **key,
    const char **reason)
{
    json_t     *header;
    ngx_int_t   rc;

    rc = ngx_order_token_json(&parts->header, &header);
    if (rc != NGX_OK) {
        *reason = "its header is no JSON object or has duplicate members";
        return rc;
    }

    *reason = ngx_order_token_header(header);

    rc = *reason ? NGX_DECLINED
                 : ngx_order_token_try(verifier, parts, header, key, reason);

    json_decref(header);

    return rc;
}


/* returns what is wrong with the header, NULL if nothing is */

static const char *
ngx_order_token_header(json_t *header)
{
    json_t  *alg, *kid, *typ;
    u_char  *type;

    alg = json_object_get(header, "alg");
    kid = json_object_get(header, "kid");
    typ = json_object_get(header, "typ");

    if (!json_is_string(alg)) {
        return "its header names no algorithm";
    }

    if (kid && !json_is_string(kid)) {
        return "its kid is no string";
    }

    if (json_object_get(header, "crit")) {
        return "its header asks for an extension";
    }

    if (typ) {
        type = (u_char *) json_string_value(typ);

        if (type == NULL
            || (ngx_strcasecmp(type, (u_char *) "JWT") != 0
                && ngx_strcasecmp(type, (u_char *) "at+jwt") != 0))
        {
            return "it is of another type";
        }
    }

    return NULL;
}


/*
 * A kid means the keys of that kid, and a key without one is meant by no kid.
 * A token without kid is tried with every key.  In all cases the key's
 * algorithm must be the one that the header names.
 */

static ngx_int_t
ngx_order_token_try(const ngx_order_token_verifier_t *verifier,
    const ngx_order_token_parts_t *parts, json_t *header,
    const ngx_order_token_key_t **found, const char **reason)
{
    json_t                  *alg, *kid;
    ngx_int_t                rc;
    ngx_uint_t               i;
    ngx_order_token_key_t  **key;

    alg = json_object_get(header, "alg");
    kid = json_object_get(header, "kid");

    *reason = kid ? "no key has its kid" : "no key has its algorithm";

    key = verifier->keys->elts;

    for (i = 0; i < verifier->keys->nelts; i++) {

        if (kid && (key[i]->kid.len == 0
                    || !ngx_order_token_is(kid, &key[i]->kid)))
        {
            continue;
        }

        if (!ngx_order_token_is(alg, &key[i]->alg->name)) {
            *reason = "its algorithm is not the key's";
            continue;
        }

        rc = ngx_order_token_key_verify(key[i], &parts->data,
                                        &parts->signature);
        if (rc == NGX_OK) {
            *found = key[i];
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            *reason = "the cryptographic library failed";
            return NGX_ERROR;
        }

        *reason = "its signature is wrong";
    }

    return NGX_DECLINED;
}


/* returns what is wrong with the claims, NULL if nothing is */

static const char *
ngx_order_token_claims(const ngx_order_token_verifier_t *verifier,
    json_t *claims, time_t now, ngx_order_identity_t *identity)
{
    json_t      *sub, *role;
    ngx_str_t    name;
    const char  *reason;

    reason = ngx_order_token_times(verifier, claims, now, identity);
    if (reason) {
        return reason;
    }

    if (verifier->issuer.len
        && !ngx_order_token_is(json_object_get(claims, "iss"),
                               &verifier->issuer))
    {
        return "it is of another issuer";
    }

    if (verifier->audience.len
        && !ngx_order_token_audience(json_object_get(claims, "aud"),
                                     &verifier->audience))
    {
        return "it is for another audience";
    }

    sub = json_object_get(claims, "sub");

    if (!json_is_string(sub)
        || ngx_order_id_parse(&identity->user,
                              (u_char *) json_string_value(sub),
                              json_string_length(sub))
           != NGX_OK)
    {
        return "its sub is no UUID";
    }

    role = json_object_get(claims, "role");

    name.data = (u_char *) json_string_value(role);
    name.len = json_string_length(role);

    identity->role = name.data ? ngx_order_role(&name) : 0;

    return identity->role ? NULL : "its role is unknown";
}


static const char *
ngx_order_token_times(const ngx_order_token_verifier_t *verifier,
    json_t *claims, time_t now, ngx_order_identity_t *identity)
{
    int64_t    t;
    ngx_int_t  rc;

    if (ngx_order_token_time(claims, "exp", &t) != NGX_OK) {
        return "it has no exp";
    }

    if (t <= now - verifier->leeway) {
        return "it has expired";
    }

    identity->expires = t;

    rc = ngx_order_token_time(claims, "nbf", &t);

    if (rc == NGX_ERROR || (rc == NGX_OK && t > now + verifier->leeway)) {
        return "it is not valid yet";
    }

    rc = ngx_order_token_time(claims, "iat", &t);

    if (rc == NGX_ERROR || (rc == NGX_OK && t > now + verifier->leeway)) {
        return "it was issued in the future";
    }

    return NULL;
}


/* NGX_DECLINED: there is no such claim; NGX_ERROR: it is no time */

static ngx_int_t
ngx_order_token_time(json_t *claims, const char *name, int64_t *time)
{
    double   value;
    json_t  *claim;

    claim = json_object_get(claims, name);

    if (claim == NULL) {
        return NGX_DECLINED;
    }

    if (json_is_integer(claim)) {
        *time = json_integer_value(claim);
        return NGX_OK;
    }

    value = json_real_value(claim);

    if (!json_is_real(claim) || value < -1e15 || value > 1e15) {
        return NGX_ERROR;
    }

    *time = (int64_t) value;

    return NGX_OK;
}


static ngx_uint_t
ngx_order_token_audience(json_t *aud, const ngx_str_t *audience)
{
    size_t  i;

    for (i = 0; i < json_array_size(aud); i++) {
        if (ngx_order_token_is(json_array_get(aud, i), audience)) {
            return 1;
        }
    }

    return ngx_order_token_is(aud, audience);
}


static ngx_uint_t
ngx_order_token_is(json_t *json, const ngx_str_t *value)
{
    return json_is_string(json)
           && json_string_length(json) == value->len
           && ngx_memcmp(json_string_value(json), value->data, value->len)
              == 0;
}
