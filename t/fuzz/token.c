
/*
 * Tokens.  The first byte says what is made of the rest: a token as it
 * stands; header and payload (one per line), signed with one of the keys; the
 * same with a third line as signature; a good token with bytes changed.
 *
 * What is accepted must bear a signature that we can make again, and be
 * accepted from memory as well.
 */


#include <test.h>
#include <keys.h>
#include <openssl/err.h>


#define NOW  1800000000


enum { HS256, RS256, ES256, KEYS };

static ngx_conf_t                 *cf;
static ngx_order_token_key_t      *keys[KEYS];
static ngx_order_token_verifier_t  verifier;
static ngx_order_token_cache_t    *cache;

static ngx_str_t  header = ngx_string("{\"alg\":\"HS256\",\"kid\":\"h\"}");
static ngx_str_t  payload = ngx_string(
    "{\"sub\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"role\":\"admin\","
    "\"exp\":1800000100,\"nbf\":1,\"iat\":1.5,\"aud\":[\"api\"],"
    "\"iss\":\"shop\"}");


static void
check(int holds)
{
    if (!holds) {
        abort();
    }
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    void                   *addr;
    ngx_uint_t              i;
    ngx_order_token_key_t **key;

    (void) argc;
    (void) argv;

    core();
    cf = conf_create(&test_log);

    keys[HS256] = key_of(cf, file_of("0123456789abcdef0123456789abcdef", 32),
                         "HS256", "h");
    keys[RS256] = key_of(cf, pem_rsa(2048, NULL), "RS256", "r");
    keys[ES256] = key_of(cf, pem_ec("P-256", NULL), "ES256", "");

    verifier.keys = ngx_array_create(cf->pool, KEYS, sizeof(void *));
    ngx_str_set(&verifier.issuer, "shop");
    ngx_str_set(&verifier.audience, "api");
    verifier.leeway = 30;

    for (i = 0; i < KEYS; i++) {
        check(keys[i] != NULL);
        key = ngx_array_push(verifier.keys);
        *key = keys[i];
    }

    ngx_order_token_policy(&verifier);

    addr = ngx_pmemalign(cf->pool, ngx_order_token_cache_size(1 << 20), 4096);
    memset(addr, 0, ngx_order_token_cache_size(1 << 20));
    cache = ngx_order_token_cache_create(addr, 1 << 20, &test_log);
    check(cache != NULL);

    return 0;
}


static ngx_str_t
line(const uint8_t **p, const uint8_t *last)
{
    ngx_str_t       text;
    const uint8_t  *end;

    end = memchr(*p, '\n', last - *p);
    end = end ? end : last;

    text.data = (u_char *) *p;
    text.len = end - *p;
    *p = end + (end < last);

    return text;
}


/* the token is one of ours: it has the signature that its key makes */

static int
genuine(const ngx_str_t *token, ngx_pool_t *pool)
{
    u_char     *dot, *end, bytes[NGX_ORDER_TOKEN_SIGNATURE];
    ngx_str_t   data, mac, text;
    ngx_uint_t  i;

    dot = token->data + token->len;
    while (*--dot != '.') { /* void */ }

    data.data = token->data;
    data.len = dot - token->data;
    text.data = ngx_pnalloc(pool, 2048);

    for (i = HS256; i <= RS256; i++) {
        mac.data = bytes;
        check(ngx_order_token_key_sign(keys[i], &data, &mac) == NGX_OK);
        end = encode(text.data, mac.data, mac.len);

        if ((size_t) (end - text.data)
            == (size_t) (token->data + token->len - dot - 1)
            && memcmp(text.data, dot + 1, end - text.data) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
verify(const ngx_str_t *token, ngx_pool_t *pool, int signed_by_us)
{
    ngx_int_t              rc, again;
    ngx_str_t              copy;
    const char            *reason, *second;
    ngx_order_identity_t   identity, remembered;

    /* of its own size, so that a byte too far is seen */

    copy.len = token->len;
    copy.data = malloc(copy.len);
    memcpy(copy.data, token->data, copy.len);

    reason = NULL;
    rc = ngx_order_token_verify(&verifier, NULL, &copy, NULL, NOW, &identity,
                                &reason);

    check(rc == NGX_OK || (rc == NGX_DECLINED && reason));
    check(ERR_peek_error() == 0);

    again = ngx_order_token_verify(&verifier, cache, &copy, NULL, NOW,
                                   &remembered, &second);
    check(rc == again);

    if (rc == NGX_OK) {
        check(signed_by_us || genuine(&copy, pool));
        check(identity.expires > NOW - 30);
        check(ngx_order_role_name(identity.role)->len);

        again = ngx_order_token_verify(&verifier, cache, &copy, NULL, NOW,
                                       &remembered, &second);
        check(again == NGX_OK);
        check(memcmp(&identity.user, &remembered.user, 16) == 0);
        check(identity.role == remembered.role);
        check(identity.expires == remembered.expires);
    }

    free(copy.data);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          n;
    ngx_str_t       token, h, p, signature;
    ngx_uint_t      how;
    ngx_pool_t     *pool;
    const uint8_t  *last;

    if (size < 2) {
        return 0;
    }

    last = data + size;
    how = *data++;
    pool = ngx_create_pool(4096, &test_log);

    switch (how & 3) {

    case 0:
        token.data = (u_char *) data;
        token.len = last - data;
        verify(&token, pool, 0);
        break;

    case 1:
        h = line(&data, last);
        p = line(&data, last);
        how = (how & 0xf0) ? HS256 : (how & 4) ? RS256 : ES256;
        token = token_of(pool, keys[how], &h, &p);
        verify(&token, pool, 1);
        break;

    case 2:
        h = line(&data, last);
        p = line(&data, last);
        signature.data = (u_char *) data;
        signature.len = last - data;
        token = token_of(pool, NULL, &h, &p);
        h.data = ngx_pnalloc(pool, token.len + 2 * signature.len + 4);
        memcpy(h.data, token.data, token.len);
        h.len = encode(h.data + token.len, signature.data, signature.len)
                - h.data;
        verify(&h, pool, 0);
        break;

    default:
        token = token_of(pool, keys[(how & 0x40) ? RS256 : HS256],
                         (how & 0x40) ? &(ngx_str_t)
                         ngx_string("{\"alg\":\"RS256\",\"kid\":\"r\"}")
                         : &header, &payload);

        for (n = 0; n + 2 < (size_t) (last - data); n += 3) {
            token.data[(data[n] << 8 | data[n + 1]) % token.len] ^= data[n + 2];
        }

        verify(&token, pool, 0);
    }

    ngx_destroy_pool(pool);

    return 0;
}
