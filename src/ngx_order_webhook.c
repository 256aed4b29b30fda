
/*
 * Signatures of webhooks.
 *
 * A secret is a keyed context of OpenSSL's, which a cleanup of cf->pool frees
 * and wipes.  It is used by one call at a time and left ready for the next.
 * OpenSSL's error queue is left empty, or nginx would report what is in it as
 * its own.
 *
 * A signature is compared as text: what is not the base64 that we would write
 * does not match, and nothing of a stranger's is decoded.
 */


#include <ngx_order_webhook.h>
#include <ngx_order_secret.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>


#define NGX_ORDER_WEBHOOK_FILE  16384  /* bytes of a file, at most */
#define NGX_ORDER_WEBHOOK_MIN   24     /* bytes of a secret */
#define NGX_ORDER_WEBHOOK_MAX   64
#define NGX_ORDER_WEBHOOK_MAC   32     /* bytes of SHA-256 */
#define NGX_ORDER_WEBHOOK_TEXT  47     /* of "v1," and its base64 */


static ngx_int_t ngx_order_webhook_lines(ngx_conf_t *cf,
    const ngx_str_t *file, const ngx_str_t *text, ngx_array_t *secrets);
static const char *ngx_order_webhook_line(ngx_conf_t *cf,
    const ngx_str_t *line, ngx_array_t *secrets);
static const char *ngx_order_webhook_decode(const ngx_str_t *line,
    ngx_str_t *key);
static EVP_MAC_CTX *ngx_order_webhook_mac_create(ngx_conf_t *cf,
    const ngx_str_t *key);
static void ngx_order_webhook_mac_free(void *data);
static const char *ngx_order_webhook_wrong(const ngx_order_webhook_t *webhook,
    time_t tolerance, time_t now);
static ngx_uint_t ngx_order_webhook_signed(const ngx_str_t *list,
    const u_char *expected);
static ngx_int_t ngx_order_webhook_sign(EVP_MAC_CTX *mac,
    const ngx_order_webhook_t *webhook, u_char *text);


ngx_array_t *
ngx_order_webhook_secrets(ngx_conf_t *cf, ngx_str_t *file)
{
    ngx_int_t     rc;
    ngx_str_t     text;
    ngx_array_t  *secrets;

    secrets = ngx_array_create(cf->pool, 2, sizeof(EVP_MAC_CTX *));
    if (secrets == NULL
        || ngx_order_secret_read(cf, "order_webhook_secret:", file,
                                 NGX_ORDER_WEBHOOK_FILE, &text)
           != NGX_OK)
    {
        return NULL;
    }

    rc = ngx_order_webhook_lines(cf, file, &text, secrets);

    OPENSSL_cleanse(text.data, text.len);
    ERR_clear_error();

    return rc == NGX_OK ? secrets : NULL;
}


static ngx_int_t
ngx_order_webhook_lines(ngx_conf_t *cf, const ngx_str_t *file,
    const ngx_str_t *text, ngx_array_t *secrets)
{
    u_char      *p, *end, *last;
    ngx_str_t    line;
    ngx_uint_t   n;
    const char  *wrong;

    last = text->data + text->len;

    for (p = text->data, n = 1; p < last; p = end + 1, n++) {

        end = ngx_strlchr(p, last, LF);
        end = end ? end : last;

        line.data = p;
        line.len = (size_t) (end - p);

        if (line.len && p[line.len - 1] == CR) {
            line.len--;
        }

        if (line.len == 0 || *p == '#') {
            continue;
        }

        wrong = ngx_order_webhook_line(cf, &line, secrets);

        if (wrong) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "line %ui of \"%V\" is not a secret of "
                               "webhooks: %s", n, file, wrong);
            return NGX_ERROR;
        }
    }

    if (secrets->nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "there is no secret in \"%V\"", file);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* returns what is wrong with the line, NULL if nothing is */

static const char *
ngx_order_webhook_line(ngx_conf_t *cf, const ngx_str_t *line,
    ngx_array_t *secrets)
{
    u_char         bytes[ngx_base64_decoded_length(
                       ngx_base64_encoded_length(NGX_ORDER_WEBHOOK_MAX))];
    ngx_str_t      key;
    const char    *wrong;
    EVP_MAC_CTX  **mac;

    if (secrets->nelts == NGX_ORDER_WEBHOOK_SECRETS) {
        return "there are more than 8";
    }

    key.data = bytes;

    wrong = ngx_order_webhook_decode(line, &key);

    if (wrong == NULL) {
        mac = ngx_array_push(secrets);

        if (mac) {
            *mac = ngx_order_webhook_mac_create(cf, &key);
        }

        if (mac == NULL || *mac == NULL) {
            wrong = "no memory, or OpenSSL has no HMAC";
        }
    }

    OPENSSL_cleanse(bytes, sizeof(bytes));

    return wrong;
}


/* nginx's decoder lets much pass: what comes out must give the same again */

static const char *
ngx_order_webhook_decode(const ngx_str_t *line, ngx_str_t *key)
{
    u_char      text[ngx_base64_encoded_length(NGX_ORDER_WEBHOOK_MAX)];
    ngx_str_t   encoded, again;
    ngx_uint_t  same;

    if (line->len < 6 || ngx_strncmp(line->data, "whsec_", 6) != 0) {
        return "it does not begin with \"whsec_\"";
    }

    encoded.data = line->data + 6;
    encoded.len = line->len - 6;

    if (encoded.len > sizeof(text)) {
        return "it has more than 64 bytes";
    }

    if (ngx_decode_base64(key, &encoded) != NGX_OK) {
        return "it is not base64";
    }

    if (key->len < NGX_ORDER_WEBHOOK_MIN) {
        return "it has less than 24 bytes";
    }

    if (key->len > NGX_ORDER_WEBHOOK_MAX) {
        return "it has more than 64 bytes";
    }

    again.data = text;
    ngx_encode_base64(&again, key);

    same = again.len == encoded.len
           && CRYPTO_memcmp(again.data, encoded.data, encoded.len) == 0;

    OPENSSL_cleanse(text, sizeof(text));

    return same ? NULL : "it is not base64";
}


static EVP_MAC_CTX *
ngx_order_webhook_mac_create(ngx_conf_t *cf, const ngx_str_t *key)
{
    EVP_MAC             *mac;
    OSSL_PARAM           params[2];
    EVP_MAC_CTX         *ctx;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);

    cln->handler = ngx_order_webhook_mac_free;
    cln->data = ctx;

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    if (ctx == NULL || EVP_MAC_init(ctx, key->data, key->len, params) != 1) {
        return NULL;
    }

    return ctx;
}


static void
ngx_order_webhook_mac_free(void *data)
{
    EVP_MAC_CTX_free(data);
}


ngx_int_t
ngx_order_webhook_verify(const ngx_array_t *secrets,
    const ngx_order_webhook_t *webhook, time_t tolerance, time_t now,
    const char **reason)
{
    u_char         expected[NGX_ORDER_WEBHOOK_TEXT];
    ngx_uint_t     i, found;
    EVP_MAC_CTX  **mac;

    *reason = ngx_order_webhook_wrong(webhook, tolerance, now);

    if (*reason) {
        return NGX_DECLINED;
    }

    found = 0;
    mac = secrets->elts;

    for (i = 0; i < secrets->nelts; i++) {

        if (ngx_order_webhook_sign(mac[i], webhook, expected) != NGX_OK) {
            ERR_clear_error();
            return NGX_ERROR;
        }

        found |= ngx_order_webhook_signed(&webhook->signature, expected);
    }

    if (!found) {
        *reason = "no signature of version 1 by a secret of this source";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/*
 * A dot in an id could stand for another one of the dots that are signed, so
 * that one signature would be good for two webhooks.
 */

static const char *
ngx_order_webhook_wrong(const ngx_order_webhook_t *webhook, time_t tolerance,
    time_t now)
{
    time_t            sent;
    const ngx_str_t  *id;

    id = &webhook->id;

    if (id->data == NULL || webhook->timestamp.data == NULL
        || webhook->signature.data == NULL)
    {
        return "a header of the signature is missing";
    }

    if (id->len == 0 || id->len > NGX_ORDER_WEBHOOK_ID) {
        return "webhook-id must have 1 to 255 bytes";
    }

    if (ngx_strlchr(id->data, id->data + id->len, '.')) {
        return "webhook-id has a dot";
    }

    sent = ngx_atotm(webhook->timestamp.data, webhook->timestamp.len);

    if (sent == (time_t) NGX_ERROR) {
        return "webhook-timestamp is not a number of seconds";
    }

    if (now - sent > tolerance) {
        return "webhook-timestamp is too old";
    }

    if (sent - now > tolerance) {
        return "webhook-timestamp is in the future";
    }

    if (webhook->signature.len > NGX_ORDER_WEBHOOK_SIGNATURE) {
        return "webhook-signature is too long";
    }

    return NULL;
}


/* Is the expected one in a list that is separated by spaces: all are looked
 * at, each in the same time. */

static ngx_uint_t
ngx_order_webhook_signed(const ngx_str_t *list, const u_char *expected)
{
    u_char      *p, *end, *last;
    ngx_uint_t   found;

    found = 0;
    last = list->data + list->len;

    for (p = list->data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, ' ');
        end = end ? end : last;

        if ((size_t) (end - p) == NGX_ORDER_WEBHOOK_TEXT) {
            found |= CRYPTO_memcmp(p, expected, NGX_ORDER_WEBHOOK_TEXT) == 0;
        }
    }

    return found;
}


/* Writes the NGX_ORDER_WEBHOOK_TEXT bytes of a signature. */

static ngx_int_t
ngx_order_webhook_sign(EVP_MAC_CTX *mac, const ngx_order_webhook_t *webhook,
    u_char *text)
{
    size_t      len;
    u_char      bytes[NGX_ORDER_WEBHOOK_MAC];
    ngx_str_t   parts[5], src, dst;
    ngx_uint_t  i;

    parts[0] = webhook->id;
    ngx_str_set(&parts[1], ".");
    parts[2] = webhook->timestamp;
    ngx_str_set(&parts[3], ".");
    parts[4] = webhook->body;

    if (EVP_MAC_init(mac, NULL, 0, NULL) != 1) {
        return NGX_ERROR;
    }

    for (i = 0; i < 5; i++) {
        if (parts[i].len
            && EVP_MAC_update(mac, parts[i].data, parts[i].len) != 1)
        {
            return NGX_ERROR;
        }
    }

    if (EVP_MAC_final(mac, bytes, &len, sizeof(bytes)) != 1) {
        return NGX_ERROR;
    }

    src.data = bytes;
    src.len = len;
    dst.data = ngx_cpymem(text, "v1,", 3);

    ngx_encode_base64(&dst, &src);

    return NGX_OK;
}
