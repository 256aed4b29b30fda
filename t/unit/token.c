
/*
 * Tokens: what is accepted, every way to be refused, what is remembered.
 */


#include <test.h>
#include <keys.h>
#include <ngx_order_siphash.h>
#include <jansson.h>
#include <openssl/err.h>
#include <stdio.h>


#define NOW    1800000000
#define SUB    "\"sub\":\"01890a5d-ac96-774b-bcce-b302099a8057\""
#define ROLE   "\"role\":\"customer\""
#define EXP    "\"exp\":1800000100"
#define CLAIMS "{" SUB "," ROLE "," EXP "}"
#define FULL   "{" SUB "," ROLE "," EXP ",\"iss\":\"shop\",\"aud\":\"api\"}"


enum { HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, KEYS };

static const char  *algs[] = { "HS256", "HS384", "HS512", "RS256", "RS384",
                               "RS512", "ES256", "ES384" };

static ngx_conf_t             *cf;
static char                   *secret_file, *rsa_file, *rsa_public;
static char                   *p256_file, *p256_public, *p384_file;
static ngx_order_token_key_t  *keys[KEYS];
static ngx_order_token_verifier_t  verifier;


static void
verifier_of(ngx_order_token_verifier_t *v, ngx_order_token_key_t **list,
    ngx_uint_t n, const char *issuer, const char *audience)
{
    ngx_uint_t               i;
    ngx_order_token_key_t  **key;

    memset(v, 0, sizeof(*v));

    v->keys = ngx_array_create(cf->pool, KEYS, sizeof(void *));
    v->issuer = str(issuer);
    v->audience = str(audience);
    v->leeway = 30;

    for (i = 0; i < n; i++) {
        key = ngx_array_push(v->keys);
        *key = list[i];
    }

    ngx_order_token_policy(v);
}


static const char *
verdict(const ngx_order_token_verifier_t *v, ngx_order_token_cache_t *cache,
    const ngx_str_t *token, time_t now)
{
    ngx_int_t             rc;
    const char           *reason;
    ngx_order_identity_t  identity;

    reason = "no reason";
    rc = ngx_order_token_verify(v, cache, token, NULL, now, &identity, &reason);

    if (ERR_peek_error()) {
        return "OpenSSL's error queue is not empty";
    }

    return (rc == NGX_OK) ? "ok" : (rc == NGX_ERROR) ? "error" : reason;
}


static void
judged(const char *title, const ngx_order_token_key_t *key,
    const char *header, const char *payload, const char *expected)
{
    ngx_str_t    token, h, p;
    const char  *got;

    h = str(header);
    p = str(payload);
    token = token_of(cf->pool, key, &h, &p);
    got = verdict(&verifier, NULL, &token, NOW);

    if (!ok(strcmp(got, expected) == 0, "%s: %s", title, expected)) {
        note("got: %s", got);
    }
}


static void
vectors(void)
{
    u_char      key[16], data[64], hash[16];
    ngx_uint_t  i;

    static const struct {
        size_t       len;
        const char  *hash;
    } known[] = {
        { 0,  "\xa3\x81\x7f\x04\xba\x25\xa8\xe6\x6d\xf6\x72\x14\xc7\x55\x02"
              "\x93" },
        { 1,  "\xda\x87\xc1\xd8\x6b\x99\xaf\x44\x34\x76\x59\x11\x9b\x22\xfc"
              "\x45" },
        { 8,  "\x3b\x62\xa9\xba\x62\x58\xf5\x61\x0f\x83\xe2\x64\xf3\x14\x97"
              "\xb4" },
        { 15, "\x54\x93\xe9\x99\x33\xb0\xa8\x11\x7e\x08\xec\x0f\x97\xcf\xc3"
              "\xd9" },
        { 63, "\x51\x50\xd1\x77\x2f\x50\x83\x4a\x50\x3e\x06\x9a\x97\x3f\xbd"
              "\x7c" }
    };

    for (i = 0; i < 16; i++) {
        key[i] = i;
    }

    for (i = 0; i < 64; i++) {
        data[i] = i;
    }

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        ngx_order_siphash(hash, key, data, known[i].len);
        ok(memcmp(hash, known[i].hash, 16) == 0,
           "SipHash-2-4-128 of its authors' vector of %zu bytes",
           known[i].len);
    }
}


static void
make_keys(void)
{
    int   i;
    char  kid[8];

    secret_file = file_of("0123456789abcdef0123456789abcdef\n", 33);
    rsa_file = pem_rsa(2048, &rsa_public);
    p256_file = pem_ec("P-256", &p256_public);
    p384_file = pem_ec("P-384", NULL);

    for (i = 0; i < KEYS; i++) {
        snprintf(kid, sizeof(kid), "k%d", i);
        keys[i] = key_of(cf, i < RS256 ? secret_file : i < ES256 ? rsa_file
                             : i == ES256 ? p256_file : p384_file,
                         algs[i], kid);

        if (!ok(keys[i] != NULL, "a key for %s", algs[i])) {
            note("%s", logged);
            exit(1);
        }
    }

    verifier_of(&verifier, keys, KEYS, "", "");
}


static void
refused_key(const char *title, const char *file, const char *alg,
    const char *kid, const char *expected)
{
    logged[0] = '\0';

    if (!ok(key_of(cf, file, alg, kid) == NULL
            && strstr(logged, expected) && strstr(logged, "[emerg]"),
            "refused as a key: %s (%s)", title, expected))
    {
        note("%s", logged);
    }
}


static void
refused_keys(void)
{
    char  *small, *broken, *big;

    small = file_of("0123456789abcdef0123456789abcde\n", 32);
    refused_key("a secret of 31 bytes", small, "HS256", "", "32 bytes");

    refused_key("RSA's public key as a secret", rsa_public, "HS256", "",
                "PEM file");
    refused_key("EC's private key as a secret", p256_file, "HS512", "",
                "PEM file");
    refused_key("RSA with 1024 bits", pem_rsa(1024, NULL), "RS256", "",
                "2048 bits");
    refused_key("EC's key for RS256", p256_file, "RS256", "", "another kind");
    refused_key("RSA's key for ES256", rsa_file, "ES256", "", "another kind");
    refused_key("P-384 for ES256", p384_file, "ES256", "", "another curve");
    refused_key("P-256 for ES384", p256_file, "ES384", "", "another curve");
    refused_key("secp256k1 for ES256", pem_ec("secp256k1", NULL), "ES256", "",
                "another curve");
    refused_key("a secret for RS256", secret_file, "RS256", "", "no PEM");

    broken = file_of("-----BEGIN PUBLIC KEY-----\nMIIB\n", 32);
    refused_key("a PEM that ends too early", broken, "RS256", "", "no PEM");

    refused_key("no algorithm none", secret_file, "none", "", "unknown alg");
    refused_key("no algorithm PS256", rsa_file, "PS256", "", "unknown alg");
    refused_key("no algorithm hs256", secret_file, "hs256", "",
                "unknown alg");
    refused_key("a kid with a line feed", secret_file, "HS256", "a\nb",
                "ASCII");
    refused_key("a file that is not there", "/nonexistent/key", "HS256", "",
                "No such file");

    big = calloc(1, 70000);
    refused_key("a file of 70000 bytes", file_of(big, 70000), "HS256", "",
                "too large");
    free(big);

    ok(key_of(cf, rsa_public, "RS256", "x") != NULL
       && !ngx_order_token_key_signs(key_of(cf, rsa_public, "RS256", "x"))
       && ngx_order_token_key_signs(keys[RS256]),
       "a public key verifies, and does not sign");

    ok(key_of(cf, rsa_public, "RS256", "k3")->hash == keys[RS256]->hash
       && key_of(cf, rsa_public, "RS256", "k4")->hash != keys[RS256]->hash
       && keys[RS256]->hash != keys[RS384]->hash,
       "a key is told by algorithm, kid and public part");
}


static void
accepted(void)
{
    int                   i;
    char                  header[64];
    ngx_str_t             token, h, p;
    const char           *reason;
    ngx_order_identity_t  identity;

    for (i = 0; i < KEYS; i++) {
        snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"k%d\"}",
                 algs[i], i);
        judged(algs[i], keys[i], header, CLAIMS, "ok");

        snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", algs[i]);
        judged("without kid", keys[i], header, CLAIMS, "ok");
    }

    h = str("{\"alg\":\"HS256\",\"kid\":\"k0\"}");
    p = str("{" SUB ",\"role\":\"seller\"," EXP "}");
    token = token_of(cf->pool, keys[HS256], &h, &p);

    ok(ngx_order_token_verify(&verifier, NULL, &token, NULL, NOW, &identity,
                              &reason) == NGX_OK
       && identity.role == NGX_ORDER_MANAGER
       && identity.expires == 1800000100
       && memcmp(identity.user.data, "\x01\x89\x0a\x5d\xac\x96\x77\x4b"
                 "\xbc\xce\xb3\x02\x09\x9a\x80\x57", 16) == 0,
       "the identity is what the claims say");
}


static void
headers(void)
{
    size_t              i;
    char                header[64];

    static const char  *none[] = { "none", "None", "NONE", "nOnE", "", "HS1",
                                   "hs256", "HS256 ", "RS256", "PS256",
                                   "ES512", "EdDSA", "HS512" };

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        snprintf(header, sizeof(header),
                 "{\"alg\":\"%s\",\"kid\":\"k0\"}", none[i]);
        judged(header, keys[HS256], header, CLAIMS,
               "its algorithm is not the key's");
        judged("and unsigned", NULL, header, CLAIMS,
               "its algorithm is not the key's");
    }

    judged("none without a kid", NULL, "{\"alg\":\"none\"}", CLAIMS,
           "its algorithm is not the key's");
    judged("HS256 unsigned", NULL, "{\"alg\":\"HS256\",\"kid\":\"k0\"}",
           CLAIMS, "its signature is wrong");
    judged("the kid of another key", keys[HS256],
           "{\"alg\":\"HS256\",\"kid\":\"k3\"}", CLAIMS,
           "its algorithm is not the key's");
    judged("a kid that no key has", keys[HS256],
           "{\"alg\":\"HS256\",\"kid\":\"k9\"}", CLAIMS,
           "no key has its kid");
    judged("an empty kid", keys[HS256],
           "{\"alg\":\"HS256\",\"kid\":\"\"}", CLAIMS, "no key has its kid");
    judged("a kid like a path", keys[HS256],
           "{\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}", CLAIMS,
           "no key has its kid");
    judged("a kid that is a number", keys[HS256],
           "{\"alg\":\"HS256\",\"kid\":0}", CLAIMS, "its kid is no string");
    judged("a kid of null", keys[HS256], "{\"alg\":\"HS256\",\"kid\":null}",
           CLAIMS, "its kid is no string");
    judged("crit", keys[HS256],
           "{\"alg\":\"HS256\",\"kid\":\"k0\",\"crit\":[\"b64\"]}", CLAIMS,
           "its header asks for an extension");
    judged("an empty crit", keys[HS256],
           "{\"alg\":\"HS256\",\"kid\":\"k0\",\"crit\":null}", CLAIMS,
           "its header asks for an extension");
    judged("typ jwt", keys[HS256], "{\"alg\":\"HS256\",\"typ\":\"jwt\"}",
           CLAIMS, "ok");
    judged("typ AT+JWT", keys[HS256],
           "{\"alg\":\"HS256\",\"typ\":\"AT+JWT\"}", CLAIMS, "ok");
    judged("typ of something else", keys[HS256],
           "{\"alg\":\"HS256\",\"typ\":\"JOSE\"}", CLAIMS,
           "it is of another type");
    judged("typ of a number", keys[HS256], "{\"alg\":\"HS256\",\"typ\":1}",
           CLAIMS, "it is of another type");
    judged("no alg", keys[HS256], "{\"kid\":\"k0\"}", CLAIMS,
           "its header names no algorithm");
    judged("alg of a number", keys[HS256], "{\"alg\":256}", CLAIMS,
           "its header names no algorithm");
    judged("two algs", keys[HS256],
           "{\"alg\":\"none\",\"alg\":\"HS256\",\"kid\":\"k0\"}", CLAIMS,
           "its header is no JSON object or has duplicate members");
    judged("a header that is an array", keys[HS256], "[\"HS256\"]", CLAIMS,
           "its header is no JSON object or has duplicate members");
    judged("an empty header", keys[HS256], "", CLAIMS,
           "its header is no JSON object or has duplicate members");
    judged("a header with a NUL", keys[HS256], "{\"alg\":\"HS256\\u0000\"}",
           CLAIMS, "its header is no JSON object or has duplicate members");
    judged("a header behind a header", keys[HS256],
           "{\"alg\":\"HS256\"}{\"alg\":\"HS256\"}", CLAIMS,
           "its header is no JSON object or has duplicate members");
}


static void
public_key_as_secret(void)
{
    FILE         *file;
    char          text[8192];
    size_t        n;
    ngx_uint_t    i;
    ngx_str_t     token, h, p;
    const char   *names[2];

    /* a signer who took the public key's text for a secret */

    ngx_order_token_key_t  *forger;

    names[0] = rsa_public;
    names[1] = p256_public;

    for (i = 0; i < 2; i++) {
        file = fopen(names[i], "r");
        text[0] = ' ';
        n = fread(text + 1, 1, sizeof(text) - 1, file);
        fclose(file);

        /* ours refuses such a file: let it begin elsewhere, then compare */

        forger = key_of(cf, file_of(text, n + 1), "HS256", i ? "k6" : "k3");

        h = str(i ? "{\"alg\":\"HS256\",\"kid\":\"k6\"}"
                  : "{\"alg\":\"HS256\",\"kid\":\"k3\"}");
        p = str(CLAIMS);
        token = token_of(cf->pool, forger, &h, &p);

        ok(strcmp(verdict(&verifier, NULL, &token, NOW),
                  "its algorithm is not the key's") == 0,
           "HS256 with the public key of %s as secret is refused",
           i ? "ES256" : "RS256");
    }
}


static void
claims(void)
{
    ngx_uint_t  i;

    static const struct {
        const char  *title;
        const char  *payload;
        const char  *expected;
    } cases[] = {
        { "expired, within the leeway", "{" SUB "," ROLE
          ",\"exp\":1799999971}", "ok" },
        { "expired", "{" SUB "," ROLE ",\"exp\":1799999970}",
          "it has expired" },
        { "exp of 0", "{" SUB "," ROLE ",\"exp\":0}", "it has expired" },
        { "exp below 0", "{" SUB "," ROLE ",\"exp\":-9223372036854775808}",
          "it has expired" },
        { "the greatest exp", "{" SUB "," ROLE
          ",\"exp\":9223372036854775807}", "ok" },
        { "exp beyond 64 bits", "{" SUB "," ROLE
          ",\"exp\":9223372036854775808}",
          "its payload is no JSON object or has duplicate members" },
        { "exp as a real", "{" SUB "," ROLE ",\"exp\":1.8000001e9}", "ok" },
        { "exp as a great real", "{" SUB "," ROLE ",\"exp\":1e300}",
          "it has no exp" },
        { "exp as a string", "{" SUB "," ROLE ",\"exp\":\"1800000100\"}",
          "it has no exp" },
        { "no exp", "{" SUB "," ROLE "}", "it has no exp" },
        { "exp of null", "{" SUB "," ROLE ",\"exp\":null}",
          "it has no exp" },
        { "two exps", "{" SUB "," ROLE "," EXP ",\"exp\":1900000000}",
          "its payload is no JSON object or has duplicate members" },
        { "two exps, one escaped", "{" SUB "," ROLE "," EXP
          ",\"\\u0065xp\":1900000000}",
          "its payload is no JSON object or has duplicate members" },
        { "nbf within the leeway", "{" SUB "," ROLE "," EXP
          ",\"nbf\":1800000030}", "ok" },
        { "not valid yet", "{" SUB "," ROLE "," EXP ",\"nbf\":1800000031}",
          "it is not valid yet" },
        { "nbf as a string", "{" SUB "," ROLE "," EXP ",\"nbf\":\"0\"}",
          "it is not valid yet" },
        { "issued now", "{" SUB "," ROLE "," EXP ",\"iat\":1800000000}",
          "ok" },
        { "issued in the future", "{" SUB "," ROLE "," EXP
          ",\"iat\":1800000031}", "it was issued in the future" },
        { "iat of true", "{" SUB "," ROLE "," EXP ",\"iat\":true}",
          "it was issued in the future" },
        { "no sub", "{" ROLE "," EXP "}", "its sub is no UUID" },
        { "sub of a number", "{\"sub\":1," ROLE "," EXP "}",
          "its sub is no UUID" },
        { "sub of a name", "{\"sub\":\"admin\"," ROLE "," EXP "}",
          "its sub is no UUID" },
        { "two subs", "{" SUB "," SUB "," ROLE "," EXP "}",
          "its payload is no JSON object or has duplicate members" },
        { "no role", "{" SUB "," EXP "}", "its role is unknown" },
        { "an unknown role", "{" SUB ",\"role\":\"root\"," EXP "}",
          "its role is unknown" },
        { "a list of roles", "{" SUB ",\"role\":[\"admin\"]," EXP "}",
          "its role is unknown" },
        { "an empty role", "{" SUB ",\"role\":\"\"," EXP "}",
          "its role is unknown" },
        { "a role and a NUL", "{" SUB ",\"role\":\"admin\\u0000\"," EXP "}",
          "its payload is no JSON object or has duplicate members" },
        { "a payload of null", "null",
          "its payload is no JSON object or has duplicate members" },
        { "an empty payload", "",
          "its payload is no JSON object or has duplicate members" },
        { "claims that we do not know", "{" SUB "," ROLE "," EXP
          ",\"x\":{\"y\":[1,2,{}]},\"email\":\"a\"}", "ok" },
        { NULL, NULL, NULL }
    };

    for (i = 0; cases[i].title; i++) {
        judged(cases[i].title, keys[HS256], "{\"alg\":\"HS256\"}",
               cases[i].payload, cases[i].expected);
    }
}


static void
nested(void)
{
    char        *payload;
    ngx_str_t    token, h, p;

    payload = calloc(1, 4096);
    strcpy(payload, "{\"x\":");
    memset(payload + strlen(payload), '[', 2900);

    h = str("{\"alg\":\"HS256\"}");
    p = str(payload);
    token = token_of(cf->pool, keys[HS256], &h, &p);

    ok(strcmp(verdict(&verifier, NULL, &token, NOW),
              "its payload is no JSON object or has duplicate members") == 0,
       "2900 open brackets are refused");

    p = str(CLAIMS);
    h = str(payload);
    token = token_of(cf->pool, keys[HS256], &h, &p);

    ok(strcmp(verdict(&verifier, NULL, &token, NOW),
              "its header is no JSON object or has duplicate members") == 0,
       "in the header too");

    free(payload);
}


static void
audiences(void)
{
    ngx_uint_t                  i;
    ngx_str_t                   token, h, p;
    const char                 *got;
    ngx_order_token_verifier_t  strict;

    static const struct {
        const char  *extra;
        const char  *expected;
    } cases[] = {
        { "\"iss\":\"shop\",\"aud\":\"api\"", "ok" },
        { "\"iss\":\"shop\",\"aud\":[\"web\",\"api\"]", "ok" },
        { "\"iss\":\"shop\",\"aud\":[]", "it is for another audience" },
        { "\"iss\":\"shop\",\"aud\":[[\"api\"]]",
          "it is for another audience" },
        { "\"iss\":\"shop\",\"aud\":\"web\"", "it is for another audience" },
        { "\"iss\":\"shop\",\"aud\":\"api2\"", "it is for another audience" },
        { "\"iss\":\"shop\",\"aud\":{\"api\":1}",
          "it is for another audience" },
        { "\"iss\":\"shop\"", "it is for another audience" },
        { "\"iss\":\"shop2\",\"aud\":\"api\"", "it is of another issuer" },
        { "\"iss\":[\"shop\"],\"aud\":\"api\"", "it is of another issuer" },
        { "\"iss\":null,\"aud\":\"api\"", "it is of another issuer" },
        { "\"aud\":\"api\"", "it is of another issuer" },
        { NULL, NULL }
    };

    verifier_of(&strict, keys, KEYS, "shop", "api");
    h = str("{\"alg\":\"HS256\"}");

    for (i = 0; cases[i].extra; i++) {
        p.data = ngx_pnalloc(cf->pool, 512);
        p.len = ngx_sprintf(p.data, "{" SUB "," ROLE "," EXP ",%s}",
                            cases[i].extra)
                - p.data;
        token = token_of(cf->pool, keys[HS256], &h, &p);
        got = verdict(&strict, NULL, &token, NOW);

        if (!ok(strcmp(got, cases[i].expected) == 0, "%s: %s",
                cases[i].extra, cases[i].expected))
        {
            note("got: %s", got);
        }
    }
}


static void
damaged(ngx_uint_t alg, ngx_order_token_cache_t *cache)
{
    int                    accepted;
    char                   header[64];
    u_char                *copy;
    size_t                 i;
    ngx_str_t              token, h, p, part;
    ngx_uint_t             bit;

    snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"k%d\"}",
             algs[alg], (int) alg);
    h = str(header);
    p = str(CLAIMS);
    token = token_of(cf->pool, keys[alg], &h, &p);

    ok(strcmp(verdict(&verifier, cache, &token, NOW), "ok") == 0,
       "%s, as it is", algs[alg]);

    accepted = 0;

    for (i = 0; i < token.len; i++) {
        part.data = malloc(i + 1);
        memcpy(part.data, token.data, i);
        part.len = i;
        accepted += strcmp(verdict(&verifier, cache, &part, NOW), "ok") == 0;
        free(part.data);
    }

    ok(accepted == 0, "%s, truncated at each of %zu lengths: %d accepted",
       algs[alg], token.len, accepted);

    accepted = 0;
    copy = malloc(token.len);
    part.data = copy;
    part.len = token.len;

    for (i = 0; i < token.len; i++) {
        for (bit = 0; bit < 8; bit++) {
            memcpy(copy, token.data, token.len);
            copy[i] ^= 1 << bit;
            accepted += strcmp(verdict(&verifier, cache, &part, NOW), "ok")
                        == 0;
        }
    }

    free(copy);

    ok(accepted == 0, "%s, each bit flipped: %d accepted", algs[alg],
       accepted);
}


static void
odd_forms(void)
{
    u_char       buf[8192];
    ngx_str_t    token, h, p, odd;
    ngx_uint_t   i;

    static const char  *tails[] = { ".", ".x", "=", "==", "A", " ", "\n",
                                    "\t", "+", "/", "%" };

    h = str("{\"alg\":\"HS256\"}");
    p = str(CLAIMS);
    token = token_of(cf->pool, keys[HS256], &h, &p);

    for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        odd.data = buf;
        odd.len = ngx_sprintf(buf, "%V%s", &token, tails[i]) - buf;
        ok(strcmp(verdict(&verifier, NULL, &odd, NOW), "ok") != 0,
           "a token with tail %d is refused", (int) i);

        odd.len = ngx_sprintf(buf, "%s%V", tails[i], &token) - buf;
        ok(strcmp(verdict(&verifier, NULL, &odd, NOW), "ok") != 0,
           "and in front");
    }

    odd = token;
    odd.len++;
    odd.data = buf;
    *ngx_cpymem(buf, token.data, token.len) = '\0';
    ok(strcmp(verdict(&verifier, NULL, &odd, NOW), "ok") != 0,
       "with a NUL at its end");

    memset(buf, 'A', sizeof(buf));
    odd.len = 4097;
    ok(strcmp(verdict(&verifier, NULL, &odd, NOW), "it is empty or too long")
       == 0, "4097 bytes");

    ngx_str_null(&odd);
    ok(strcmp(verdict(&verifier, NULL, &odd, NOW), "it is empty or too long")
       == 0, "no bytes");
}


/* the greatest token that is allowed, and one byte more */

static void
largest(void)
{
    char       *payload;
    size_t      n;
    ngx_str_t   token, h, p;

    payload = malloc(4096);
    h = str("{\"alg\":\"HS256\"}");
    token.len = 0;

    for (n = 2800; token.len <= NGX_ORDER_TOKEN_MAX; n++) {
        snprintf(payload, 4096, "{" SUB "," ROLE "," EXP ",\"x\":\"%0*d\"}",
                 (int) n, 0);
        p = str(payload);
        token = token_of(cf->pool, keys[HS256], &h, &p);

        if (token.len == NGX_ORDER_TOKEN_MAX
            || token.len == NGX_ORDER_TOKEN_MAX - 1)
        {
            ok(strcmp(verdict(&verifier, NULL, &token, NOW), "ok") == 0,
               "a token of %zu bytes is accepted", token.len);
        }
    }

    ok(strcmp(verdict(&verifier, NULL, &token, NOW),
              "it is empty or too long") == 0, "one of %zu is not", token.len);

    free(payload);
}


static void
signatures(void)
{
    u_char      raw[256], buf[2048];
    size_t      len;
    ngx_str_t   token, data, h, p;
    ngx_uint_t  i;

    h = str("{\"alg\":\"ES256\",\"kid\":\"k6\"}");
    p = str(CLAIMS);
    data = token_of(cf->pool, NULL, &h, &p);

    static const struct {
        const char  *title;
        size_t       len;
        int          r, s;
    } cases[] = {
        { "r and s of zero", 64, 0, 0 },
        { "r of zero", 64, 0, 1 },
        { "s of zero", 64, 1, 0 },
        { "r and s of one", 64, 1, 1 },
        { "r and s of all ones", 64, 0xff, 0xff },
        { "63 bytes", 63, 1, 1 },
        { "65 bytes", 65, 1, 1 },
        { "96 bytes", 96, 1, 1 },
        { "no bytes", 0, 0, 0 },
        { NULL, 0, 0, 0 }
    };

    for (i = 0; cases[i].title; i++) {
        memset(raw, 0, sizeof(raw));
        memset(raw, cases[i].r == 0xff ? 0xff : 0, 32);
        memset(raw + 32, cases[i].s == 0xff ? 0xff : 0, 32);
        raw[31] = cases[i].r;
        raw[63] = cases[i].s;

        memcpy(buf, data.data, data.len);
        token.data = buf;
        token.len = encode(buf + data.len, raw, cases[i].len) - buf;

        ok(strcmp(verdict(&verifier, NULL, &token, NOW),
                  "its signature is wrong") == 0,
           "an ES256 signature with %s is refused", cases[i].title);
    }

    /* DER, as a library may write it */

    len = 70;
    memset(raw, 0, sizeof(raw));
    memcpy(raw, "\x30\x44\x02\x20", 4);
    token.len = encode(buf + data.len, raw, len) - buf;
    ok(strcmp(verdict(&verifier, NULL, &token, NOW),
              "its signature is wrong") == 0,
       "an ES256 signature in DER is refused");

    h = str("{\"alg\":\"RS256\",\"kid\":\"k3\"}");
    data = token_of(cf->pool, NULL, &h, &p);
    memcpy(buf, data.data, data.len);
    memset(raw, 0, 256);

    for (i = 0; i < 3; i++) {
        len = i ? 256 : 0;
        raw[255] = i - 1;
        token.len = encode(buf + data.len, raw, len) - buf;
        ok(strcmp(verdict(&verifier, NULL, &token, NOW),
                  "its signature is wrong") == 0,
           "an RS256 signature of %zu bytes, %d, is refused", len,
           (int) i - 1);
    }
}


static ngx_order_token_cache_t *
cache_of(size_t size)
{
    void  *addr;

    addr = ngx_pmemalign(cf->pool, ngx_order_token_cache_size(size), 4096);

    memset(addr, 0, ngx_order_token_cache_size(size));

    return ngx_order_token_cache_create(addr, size, &test_log);
}


static void
remembered(void)
{
    ngx_str_t                   token, h, p;
    ngx_order_token_cache_t    *cache;
    ngx_order_token_verifier_t  first, second, rotated, other;

    cache = cache_of(65536);
    verifier_of(&first, keys, 1, "shop", "");

    h = str("{\"alg\":\"HS256\",\"kid\":\"k0\"}");
    p = str(FULL);
    token = token_of(cf->pool, keys[HS256], &h, &p);

    ok(strcmp(verdict(&first, cache, &token, NOW), "ok") == 0
       && strcmp(verdict(&first, cache, &token, NOW), "ok") == 0,
       "a remembered token is accepted again");

    /* a key whose contexts are gone cannot verify, it can only remember */

    {
        ngx_order_token_key_t   blind = *keys[HS256], *list[1];

        blind.alg = keys[HS512]->alg;
        list[0] = &blind;
        verifier_of(&second, list, 1, "shop", "");

        ok(strcmp(verdict(&second, cache, &token, NOW), "ok") == 0,
           "from memory, without verifying");
        ok(strcmp(verdict(&second, NULL, &token, NOW), "ok") != 0,
           "which would have failed");
    }

    ok(strcmp(verdict(&first, cache, &token, NOW + 129), "ok") == 0,
       "until exp and the leeway are over");
    ok(strcmp(verdict(&first, cache, &token, NOW + 130), "it has expired")
       == 0, "and no longer");

    verifier_of(&rotated, &keys[HS384], 1, "shop", "");
    ok(strcmp(verdict(&rotated, cache, &token, NOW), "no key has its kid")
       == 0, "not when the key is removed");

    verifier_of(&other, keys, 1, "other shop", "");
    ok(strcmp(verdict(&other, cache, &token, NOW), "it is of another issuer")
       == 0, "not for another issuer");

    verifier_of(&other, keys, 1, "shop", "web");
    ok(strcmp(verdict(&other, cache, &token, NOW),
              "it is for another audience") == 0,
       "not for another audience");

    verifier_of(&other, keys, 1, "hop", "s");
    verifier_of(&second, keys, 1, "hops", "");
    ok(other.policy != second.policy && first.policy != other.policy,
       "policies differ");

    p = str("{" SUB "," ROLE ",\"exp\":1}");
    token = token_of(cf->pool, keys[HS256], &h, &p);
    (void) verdict(&first, cache, &token, NOW);
    ok(strcmp(verdict(&first, cache, &token, NOW), "it has expired") == 0,
       "an expired token stays refused");
}


static void
capacity(void)
{
    size_t                     size;
    char                       payload[256];
    ngx_str_t                  token, h, p;
    ngx_uint_t                 i, n, held;
    ngx_order_table_use_t      use;
    ngx_order_token_key_t      blind, *list[1];
    ngx_order_token_cache_t   *cache;
    ngx_order_token_verifier_t v, memory;

    size = 9600 * 96;
    n = size / 96;
    cache = cache_of(size);

    ngx_order_token_cache_use(cache, &use);
    ok(use.capacity >= n && use.entries == 0,
       "%zu bytes have room for %d tokens: %d", size, (int) n,
       (int) use.capacity);

    blind = *keys[HS256];
    blind.alg = keys[HS512]->alg;
    list[0] = &blind;
    verifier_of(&v, keys, 1, "", "");
    verifier_of(&memory, list, 1, "", "");
    h = str("{\"alg\":\"HS256\",\"kid\":\"k0\"}");

    for (held = 0, i = 0; i < 2 * n; i++) {
        snprintf(payload, sizeof(payload),
                 "{" SUB "," ROLE "," EXP ",\"n\":%d}", (int) (i % n));
        p = str(payload);
        token = token_of(cf->temp_pool, keys[HS256], &h, &p);

        if (i < n) {
            (void) verdict(&v, cache, &token, NOW);

        } else {
            held += strcmp(verdict(&memory, cache, &token, NOW), "ok") == 0;
        }

        if (i % 1000 == 0) {
            ngx_reset_pool(cf->temp_pool);
        }
    }

    ok(held == n, "%d of %d tokens at 96 bytes each are remembered",
       (int) held, (int) n);
}


static void
issued(void)
{
    ngx_str_t                   token;
    ngx_uint_t                  i;
    const char                 *reason;
    ngx_order_identity_t        in, out;
    ngx_order_token_key_t      *public_key;
    ngx_order_token_verifier_t  v;

    memset(&in, 7, sizeof(in));
    in.role = NGX_ORDER_DRIVER;
    in.expires = NOW + 3600;

    verifier_of(&v, keys, KEYS, "sh\"op", "\xc3\xa9");

    for (i = 0; i < KEYS; i++) {
        memset(&out, 0, sizeof(out));

        ok(ngx_order_token_issue(&v, keys[i], &in, NOW, cf->pool, &token)
           == NGX_OK
           && ngx_order_token_verify(&v, NULL, &token, NULL, NOW, &out, &reason)
              == NGX_OK
           && memcmp(&in.user, &out.user, 16) == 0
           && in.role == out.role && in.expires == out.expires,
           "a token issued with %s is accepted", algs[i]);
    }

    public_key = key_of(cf, rsa_public, "RS256", "k3");
    ok(ngx_order_token_issue(&v, public_key, &in, NOW, cf->pool, &token)
       == NGX_ERROR, "a public key issues nothing");

    verifier_of(&v, keys, KEYS, "\xff", "");
    ok(ngx_order_token_issue(&v, keys[0], &in, NOW, cf->pool, &token)
       == NGX_ERROR, "an issuer that is no UTF-8 issues nothing");

    verifier_of(&v, keys, KEYS, "", "");
    in.role = NGX_ORDER_CUSTOMER|NGX_ORDER_ADMIN;
    ok(ngx_order_token_issue(&v, keys[0], &in, NOW, cf->pool, &token)
       == NGX_ERROR, "nor do two roles");

    ok(key_of(cf, secret_file, "HS256", "") != NULL, "a key without kid");
}


static void
keys_without_kid(void)
{
    ngx_str_t                   token, h, p;
    ngx_order_token_key_t      *list[2];
    ngx_order_token_verifier_t  v;

    list[0] = key_of(cf, secret_file, "HS256", "");
    list[1] = keys[HS384];
    verifier_of(&v, list, 2, "", "");

    p = str(CLAIMS);
    h = str("{\"alg\":\"HS256\"}");
    token = token_of(cf->pool, keys[HS256], &h, &p);
    ok(strcmp(verdict(&v, NULL, &token, NOW), "ok") == 0,
       "a token without kid is meant for a key without kid");

    h = str("{\"alg\":\"HS256\",\"kid\":\"k0\"}");
    token = token_of(cf->pool, keys[HS256], &h, &p);
    ok(strcmp(verdict(&v, NULL, &token, NOW), "no key has its kid") == 0,
       "a token with a kid is not");

    h = str("{\"alg\":\"HS256\",\"kid\":\"\"}");
    token = token_of(cf->pool, keys[HS256], &h, &p);
    ok(strcmp(verdict(&v, NULL, &token, NOW), "no key has its kid") == 0,
       "nor one with an empty kid");
}


/* jansson's memory fails at the 1st, 2nd, 3rd ... allocation */

static int  allowed;


static void *
failing(size_t size)
{
    return (allowed-- > 0) ? malloc(size) : NULL;
}


static void
no_memory(void)
{
    int                         n, i, errors, accepted;
    ngx_str_t                   token, h, p;
    const char                 *got;
    ngx_order_identity_t        identity;
    ngx_order_token_verifier_t  v;

    verifier_of(&v, keys, KEYS, "shop", "api");
    h = str("{\"alg\":\"HS256\",\"kid\":\"k0\"}");
    p = str(FULL);
    token = token_of(cf->pool, keys[HS256], &h, &p);
    errors = 0;

    json_set_alloc_funcs(failing, free);

    for (n = 0; n < 1000; n++) {
        allowed = n;
        got = verdict(&v, NULL, &token, NOW);

        if (strcmp(got, "ok") == 0) {
            break;
        }

        errors += strcmp(got, "error") == 0;
    }

    ok(n > 10 && n < 1000 && errors > n / 2,
       "without memory at each of %d allocations: %d errors, not accepted", n,
       errors);

    memset(&identity, 1, sizeof(identity));
    identity.role = NGX_ORDER_CUSTOMER;
    identity.expires = NOW + 100;
    accepted = 0;

    for (i = 0; i < 1000; i++) {
        allowed = i;

        if (ngx_order_token_issue(&v, keys[HS256], &identity, NOW, cf->pool,
                                  &token)
            != NGX_OK)
        {
            continue;
        }

        allowed = 1000;

        if (strcmp(verdict(&v, NULL, &token, NOW), "ok") != 0) {
            accepted = -1;
            break;
        }

        accepted++;
    }

    json_set_alloc_funcs(malloc, free);

    ok(accepted > 900, "and what is issued without memory is whole or not "
       "issued: %d", accepted);
}


static void
speed(void)
{
    char                      payload[128];
    uint64_t                  start;
    ngx_str_t                 token, h, p;
    const char               *reason;
    ngx_uint_t                i, n, alg;
    ngx_order_identity_t      identity;
    ngx_order_token_cache_t  *cache;

    cache = cache_of(1 << 20);
    snprintf(payload, sizeof(payload), CLAIMS);
    p = str(payload);

    for (alg = 0; alg < KEYS; alg++) {
        if (alg != HS256 && alg != RS256 && alg != ES256) {
            continue;
        }

        h.data = ngx_pnalloc(cf->pool, 64);
        h.len = ngx_sprintf(h.data, "{\"alg\":\"%s\",\"kid\":\"k%ui\"}",
                            algs[alg], alg) - h.data;
        token = token_of(cf->pool, keys[alg], &h, &p);
        n = (alg == HS256) ? 50000 : 2000;
        start = nsec();

        for (i = 0; i < n; i++) {
            (void) ngx_order_token_verify(&verifier, NULL, &token, NULL, NOW,
                                          &identity, &reason);
        }

        note("%s: verified in %d ns", algs[alg],
             (int) ((nsec() - start) / n));
    }

    h = str("{\"alg\":\"HS256\",\"kid\":\"k0\"}");
    token = token_of(cf->pool, keys[HS256], &h, &p);
    n = 1000000;
    start = nsec();

    for (i = 0; i < n; i++) {
        (void) ngx_order_token_verify(&verifier, cache, &token, NULL, NOW,
                                      &identity, &reason);
    }

    note("a remembered token of %zu bytes: %d ns", token.len,
         (int) ((nsec() - start) / n));
}


int
main(void)
{
    core();
    cf = conf_create(&test_log);

    vectors();
    make_keys();
    refused_keys();
    accepted();
    headers();
    public_key_as_secret();
    claims();
    nested();
    audiences();
    damaged(HS256, NULL);
    damaged(HS256, cache_of(1 << 20));
    damaged(RS256, NULL);
    damaged(ES256, NULL);
    damaged(ES384, cache_of(1 << 20));
    odd_forms();
    largest();
    signatures();
    remembered();
    capacity();
    issued();
    keys_without_kid();
    no_memory();
    speed();

    conf_destroy(cf);

    return done();
}
