
/*
 * Webhooks: what a secrets file may hold, which signatures hold, every way to
 * be refused.
 */


#include <test.h>
#include <keys.h>
#include <ngx_order_webhook.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <stdio.h>


/* the example of the reference libraries */

#define SECRET  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER   "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define ID      "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define SENT    "1614265330"
#define BODY    "{\"test\": 2432232314}"
#define SIGNED  "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define WRONG   "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="

#define NOW     1614265330


static ngx_conf_t   *cf;
static ngx_array_t  *secrets;


static ngx_array_t *
secrets_of(const char *text)
{
    char       *name;
    ngx_str_t   file;

    name = file_of(text, strlen(text));
    file.data = (u_char *) name;
    file.len = strlen(name);
    logged[0] = '\0';

    return ngx_order_webhook_secrets(cf, &file);
}


static ngx_str_t
header(const char *text)
{
    ngx_str_t  value;

    value.data = (u_char *) text;
    value.len = text ? strlen(text) : 0;

    return value;
}


static const char *
verdict(const ngx_array_t *by, const char *id, const char *sent,
    const char *signature, const char *body, time_t tolerance, time_t now)
{
    ngx_int_t            rc;
    const char          *reason;
    ngx_order_webhook_t  webhook;

    webhook.id = header(id);
    webhook.timestamp = header(sent);
    webhook.signature = header(signature);
    webhook.body = header(body);
    reason = "no reason";

    rc = ngx_order_webhook_verify(by, &webhook, tolerance, now, &reason);

    if (ERR_peek_error()) {
        return "OpenSSL's error queue is not empty";
    }

    return rc == NGX_OK ? "ok" : rc == NGX_ERROR ? "error" : reason;
}


static void
judged(const char *title, const char *got, const char *expected)
{
    if (!ok(strcmp(got, expected) == 0, "%s: %s", title, expected)) {
        note("got: %s", got);
    }
}


/* a signature by the bytes of SECRET, made by another function of OpenSSL */

static const char *
sign(const char *id, const char *sent, const char *body)
{
    char           text[4096];
    u_char         key[32], mac[32];
    unsigned int   len;
    ngx_str_t      src, dst;

    static char    signature[64];

    src = header(&SECRET[6]);
    dst.data = key;
    ngx_decode_base64(&dst, &src);

    len = snprintf(text, sizeof(text), "%s.%s.%s", id, sent, body);
    HMAC(EVP_sha256(), key, dst.len, (u_char *) text, len, mac, &len);

    src.data = mac;
    src.len = len;
    memcpy(signature, "v1,", 3);
    dst.data = (u_char *) signature + 3;
    ngx_encode_base64(&dst, &src);
    dst.data[dst.len] = '\0';

    return signature;
}


static void
good(void)
{
    judged("the reference libraries' example",
           verdict(secrets, ID, SENT, SIGNED, BODY, 300, NOW), "ok");
    judged("an empty body",
           verdict(secrets, ID, SENT, sign(ID, SENT, ""), "", 300, NOW), "ok");
    judged("an id of one byte",
           verdict(secrets, "x", SENT, sign("x", SENT, BODY), BODY, 300, NOW),
           "ok");
    judged("a body with dots",
           verdict(secrets, ID, SENT, sign(ID, SENT, "1.2.3"), "1.2.3", 300,
                   NOW), "ok");
    judged("the same again: the context is left as it was",
           verdict(secrets, ID, SENT, SIGNED, BODY, 300, NOW), "ok");
}


static void
headers(void)
{
    char  id[258];

    static const char  missing[] = "a header of the signature is missing";

    judged("no webhook-id",
           verdict(secrets, NULL, SENT, SIGNED, BODY, 300, NOW), missing);
    judged("no webhook-timestamp",
           verdict(secrets, ID, NULL, SIGNED, BODY, 300, NOW), missing);
    judged("no webhook-signature",
           verdict(secrets, ID, SENT, NULL, BODY, 300, NOW), missing);

    judged("an empty id",
           verdict(secrets, "", SENT, sign("", SENT, BODY), BODY, 300, NOW),
           "webhook-id must have 1 to 255 bytes");

    memset(id, 'x', sizeof(id));
    id[255] = '\0';
    judged("an id of 255 bytes",
           verdict(secrets, id, SENT, sign(id, SENT, BODY), BODY, 300, NOW),
           "ok");

    id[255] = 'x';
    id[256] = '\0';
    judged("an id of 256 bytes",
           verdict(secrets, id, SENT, sign(id, SENT, BODY), BODY, 300, NOW),
           "webhook-id must have 1 to 255 bytes");

    judged("an id with a dot, though the signature holds",
           verdict(secrets, "a.b", SENT, sign("a.b", SENT, BODY), BODY, 300,
                   NOW), "webhook-id has a dot");
}


static void
timestamps(void)
{
    ngx_uint_t   i;

    static const char  *numbers[] = {
        "", "x", "-1", "+1614265330", "1614265330.0", " 1614265330", "0x10",
        "1614265330x", "1e9", "9223372036854775808",
        "99999999999999999999999999"
    };

    judged("300 seconds old",
           verdict(secrets, ID, SENT, SIGNED, BODY, 300, NOW + 300), "ok");
    judged("301 seconds old",
           verdict(secrets, ID, SENT, SIGNED, BODY, 300, NOW + 301),
           "webhook-timestamp is too old");
    judged("300 seconds ahead",
           verdict(secrets, ID, SENT, SIGNED, BODY, 300, NOW - 300), "ok");
    judged("301 seconds ahead",
           verdict(secrets, ID, SENT, SIGNED, BODY, 300, NOW - 301),
           "webhook-timestamp is in the future");
    judged("no tolerance, the same second",
           verdict(secrets, ID, SENT, SIGNED, BODY, 0, NOW), "ok");
    judged("no tolerance, the next second",
           verdict(secrets, ID, SENT, SIGNED, BODY, 0, NOW + 1),
           "webhook-timestamp is too old");
    judged("the largest number",
           verdict(secrets, ID, "9223372036854775807",
                   sign(ID, "9223372036854775807", BODY), BODY, 300, NOW),
           "webhook-timestamp is in the future");
    judged("zero, and the largest tolerance",
           verdict(secrets, ID, "0", sign(ID, "0", BODY), BODY,
                   NGX_MAX_TIME_T_VALUE, NOW), "ok");

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        judged(numbers[i],
               verdict(secrets, ID, numbers[i], sign(ID, numbers[i], BODY),
                       BODY, 300, NOW),
               "webhook-timestamp is not a number of seconds");
    }
}


static void
signatures(void)
{
    char         list[4096];
    ngx_uint_t   i;

    static const char  none[] =
        "no signature of version 1 by a secret of this source";

    static const char  *lists[] = {
        "",
        " ",
        "v1",
        "v1,",
        WRONG,
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE==",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
        "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE",
        "V1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1 g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=,",
        WRONG "," SIGNED,
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    };

    static const char  *goods[] = {
        WRONG " " SIGNED,
        SIGNED " " WRONG,
        "v1a,abc v2,abc " WRONG " " SIGNED " v3,x",
        "  " SIGNED "  ",
        SIGNED " v1,x"
    };

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        judged(lists[i], verdict(secrets, ID, SENT, lists[i], BODY, 300, NOW),
               none);
    }

    for (i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
        judged(goods[i], verdict(secrets, ID, SENT, goods[i], BODY, 300, NOW),
               "ok");
    }

    memset(list, ' ', sizeof(list));
    memcpy(list + 2048 - 47, SIGNED, 47);
    list[2048] = '\0';
    judged("a list of 2048 bytes",
           verdict(secrets, ID, SENT, list, BODY, 300, NOW), "ok");

    memset(list, ' ', sizeof(list));
    memcpy(list, SIGNED, 47);
    list[2049] = '\0';
    judged("a list of 2049 bytes",
           verdict(secrets, ID, SENT, list, BODY, 300, NOW),
           "webhook-signature is too long");
}


static void
changes(void)
{
    char         body[sizeof(BODY)], signature[sizeof(SIGNED)];
    ngx_uint_t   i, refused;

    static const char  none[] =
        "no signature of version 1 by a secret of this source";

    refused = 0;

    for (i = 0; i < 8 * (sizeof(BODY) - 1); i++) {
        memcpy(body, BODY, sizeof(BODY));
        body[i / 8] ^= 1 << i % 8;
        refused += strcmp(verdict(secrets, ID, SENT, SIGNED, body, 300, NOW),
                          none) == 0;
    }

    ok(refused == 8 * (sizeof(BODY) - 1), "a body with any one bit changed");

    refused = 0;

    for (i = 0; i < 8 * (sizeof(SIGNED) - 1); i++) {
        memcpy(signature, SIGNED, sizeof(SIGNED));
        signature[i / 8] ^= 1 << i % 8;
        refused += strcmp(verdict(secrets, ID, SENT, signature, BODY, 300,
                                  NOW), none) == 0;
    }

    ok(refused == 8 * (sizeof(SIGNED) - 1),
       "a signature with any one bit changed");

    judged("another id",
           verdict(secrets, ID "x", SENT, SIGNED, BODY, 300, NOW), none);
    judged("another timestamp",
           verdict(secrets, ID, "1614265331", SIGNED, BODY, 300, NOW), none);
    judged("the same number, written otherwise",
           verdict(secrets, ID, "0" SENT, SIGNED, BODY, 300, NOW), none);
    judged("a longer body",
           verdict(secrets, ID, SENT, SIGNED, BODY " ", 300, NOW), none);
    judged("no body", verdict(secrets, ID, SENT, SIGNED, "", 300, NOW), none);
}


static void
rotation(void)
{
    ngx_array_t  *both, *other;

    both = secrets_of("# new, since November\r\n" OTHER "\r\n\r\n"
                      "# old\n" SECRET);
    other = secrets_of(OTHER "\n");

    if (!ok(both && other, "secrets with comments and empty lines")) {
        note("%s", logged);
        return;
    }

    ok(both->nelts == 2, "two secrets in one file");
    judged("the second of two secrets",
           verdict(both, ID, SENT, SIGNED, BODY, 300, NOW), "ok");
    judged("the second secret, the second signature",
           verdict(both, ID, SENT, WRONG " " SIGNED, BODY, 300, NOW), "ok");
    judged("by a secret of somebody else",
           verdict(other, ID, SENT, SIGNED, BODY, 300, NOW),
           "no signature of version 1 by a secret of this source");
}


static void
refused_file(const char *title, const char *text, const char *expected)
{
    if (!ok(secrets_of(text) == NULL && strstr(logged, expected)
            && strstr(logged, "[emerg]") && !strstr(logged, "MfKQ9r8GK"),
            "refused as secrets: %s (%s)", title, expected))
    {
        note("%s", logged);
    }
}


static void
files(void)
{
    char       *text;
    ngx_str_t   file;

    refused_file("an empty file", "", "there is no secret in");
    refused_file("comments only", "# a\n\n#b\n", "there is no secret in");
    refused_file("no prefix", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
                 "line 1 of");
    refused_file("another prefix",
                 "#\n\nwhpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
                 "does not begin with \"whsec_\"");
    refused_file("the prefix alone", SECRET "\n# x\nwhsec_\n", "line 3 of");
    refused_file("a part of the prefix", SECRET "\nwhs\n", "line 2 of");
    refused_file("23 bytes", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaQ=\n",
                 "it has less than 24 bytes");
    refused_file("65 bytes", "whsec_"
                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
                 "it has more than 64 bytes");
    refused_file("200 characters", "whsec_"
                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 "\n",
                 "it has more than 64 bytes");
    refused_file("not base64", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!\n",
                 "it is not base64");
    refused_file("base64url", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_\n",
                 "it is not base64");
    refused_file("no padding",
                 "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
                 "it is not base64");
    refused_file("more behind the padding",
                 "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=x\n",
                 "it is not base64");
    refused_file("a space behind it", SECRET " \n", "it is not base64");
    refused_file("a space before it", " " SECRET "\n", "line 1 of");
    refused_file("two on a line", SECRET SECRET "\n", "it is not base64");
    refused_file("nine secrets", SECRET "\n" SECRET "\n" SECRET "\n" SECRET
                 "\n" SECRET "\n" SECRET "\n" SECRET "\n" SECRET "\n" SECRET,
                 "line 9 of");

    ok(secrets_of("whsec_"
                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                  "AAAAAAAAAAAAAAAAAAAAAAAAAA==\n") != NULL,
       "a secret of 64 bytes");

    text = malloc(16385);
    memset(text, '\n', 16384);
    text[16384] = '\0';
    refused_file("16384 bytes", text, "cannot be read or is too large");
    free(text);

    ngx_str_set(&file, "/nonexistent/secrets");
    logged[0] = '\0';
    ok(ngx_order_webhook_secrets(cf, &file) == NULL
       && strstr(logged, "[emerg]") && strstr(logged, "failed (2:"),
       "a file that is not there");

    ngx_str_set(&file, "/");
    logged[0] = '\0';
    ok(ngx_order_webhook_secrets(cf, &file) == NULL
       && strstr(logged, "[emerg]") && strstr(logged, "cannot be read"),
       "a directory");
}


int
main(void)
{
    core();
    cf = conf_create(&test_log);

    secrets = secrets_of(SECRET "\n");

    if (!ok(secrets != NULL, "a file with one secret")) {
        note("%s", logged);
        return 1;
    }

    good();
    headers();
    timestamps();
    signatures();
    changes();
    rotation();
    files();

    ok(ERR_peek_error() == 0, "OpenSSL's error queue is empty");

    conf_destroy(cf);

    return done();
}
