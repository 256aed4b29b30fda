
/*
 * Signatures of webhooks.  The first byte says what is made of the rest, which
 * is a line each for id, timestamp and signatures, and the body: as it stands;
 * with a good signature put among the others; a good webhook with bytes of it
 * changed.
 *
 * What is accepted must bear a signature that we can make again, alone between
 * spaces; what is signed well is refused for its id or time only.
 */


#include <test.h>
#include <keys.h>
#include <ngx_order_webhook.h>
#include <openssl/err.h>
#include <openssl/hmac.h>


#define NOW        1800000000
#define TOLERANCE  300
#define LEN        47


static ngx_conf_t   *cf;
static ngx_array_t  *secrets;

static const char  *keys[] = { "0123456789abcdef01234567",
                               "abcdefghijklmnopqrstuvwx" };


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
    u_char      text[128];
    ngx_str_t   file, src, dst;
    ngx_uint_t  i;

    (void) argc;
    (void) argv;

    core();
    cf = conf_create(&test_log);

    dst.data = text;

    for (i = 0; i < 2; i++) {
        memcpy(dst.data, "whsec_", 6);
        dst.data += 6;
        src = str(keys[i]);
        ngx_encode_base64(&dst, &src);
        dst.data[dst.len] = '\n';
        dst.data += dst.len + 1;
    }

    file = str(file_of(text, dst.data - text));
    secrets = ngx_order_webhook_secrets(cf, &file);
    check(secrets && secrets->nelts == 2);

    return 0;
}


/* the LEN bytes of a signature by one of the keys */

static void
sign(u_char *p, ngx_uint_t key, const ngx_order_webhook_t *webhook,
    ngx_pool_t *pool)
{
    u_char        mac[32], *text, *end;
    ngx_str_t     src, dst;
    unsigned int  len;

    text = ngx_pnalloc(pool, webhook->id.len + webhook->timestamp.len
                             + webhook->body.len + 2);
    end = ngx_cpymem(text, webhook->id.data, webhook->id.len);
    *end++ = '.';
    end = ngx_cpymem(end, webhook->timestamp.data, webhook->timestamp.len);
    *end++ = '.';
    end = ngx_cpymem(end, webhook->body.data, webhook->body.len);

    check(HMAC(EVP_sha256(), keys[key], 24, text, end - text, mac, &len)
          != NULL);

    memcpy(p, "v1,", 3);
    src.data = mac;
    src.len = len;
    dst.data = p + 3;
    ngx_encode_base64(&dst, &src);
    check(dst.len == LEN - 3);
}


/* a copy of its own size, so that a byte too far is seen */

static ngx_str_t
copy(const uint8_t *p, size_t len, ngx_pool_t *pool)
{
    ngx_str_t  text;

    text.len = len;
    text.data = ngx_pnalloc(pool, len ? len : 1);
    memcpy(text.data, p, len);

    return text;
}


static ngx_str_t
line(const uint8_t **p, const uint8_t *last, ngx_pool_t *pool)
{
    ngx_str_t       text;
    const uint8_t  *end;

    end = memchr(*p, '\n', last - *p);
    end = end ? end : last;

    text = copy(*p, end - *p, pool);
    *p = end + (end < last);

    return text;
}


static int
signed_by_us(const ngx_order_webhook_t *webhook, ngx_pool_t *pool)
{
    size_t             i;
    u_char             text[LEN];
    ngx_uint_t         key;
    const ngx_str_t   *list;

    list = &webhook->signature;

    for (key = 0; key < 2; key++) {
        sign(text, key, webhook, pool);

        for (i = 0; i + LEN <= list->len; i++) {
            if (memcmp(list->data + i, text, LEN) == 0
                && (i == 0 || list->data[i - 1] == ' ')
                && (i + LEN == list->len || list->data[i + LEN] == ' '))
            {
                return 1;
            }
        }
    }

    return 0;
}


static void
verify(const ngx_order_webhook_t *webhook, ngx_pool_t *pool)
{
    time_t       sent;
    ngx_int_t    rc;
    const char  *reason;

    reason = NULL;
    rc = ngx_order_webhook_verify(secrets, webhook, TOLERANCE, NOW, &reason);

    check(ERR_peek_error() == 0);
    check(rc == NGX_OK || (rc == NGX_DECLINED && reason));

    sent = ngx_atotm(webhook->timestamp.data, webhook->timestamp.len);

    check((rc == NGX_OK)
          == (signed_by_us(webhook, pool)
              && sent >= NOW - TOLERANCE && sent <= NOW + TOLERANCE
              && webhook->id.len && webhook->id.len <= NGX_ORDER_WEBHOOK_ID
              && !memchr(webhook->id.data, '.', webhook->id.len)
              && webhook->signature.len <= NGX_ORDER_WEBHOOK_SIGNATURE));
}


/* puts a good signature among the others, or in place of them */

static void
add_signature(ngx_order_webhook_t *webhook, ngx_uint_t how, ngx_pool_t *pool)
{
    u_char  *p;

    p = ngx_pnalloc(pool, webhook->signature.len + LEN + 1);

    memcpy(p, webhook->signature.data, webhook->signature.len);
    p[webhook->signature.len] = ' ';
    sign(p + webhook->signature.len + 1, how & 1, webhook, pool);

    webhook->signature.data = p;
    webhook->signature.len += LEN + 1;
}


static void
change(ngx_str_t *text, const uint8_t *data, const uint8_t *last)
{
    for ( /* void */ ; last - data > 2; data += 3) {
        text->data[(data[0] << 8 | data[1]) % text->len] ^= data[2];
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_uint_t           how;
    ngx_pool_t          *pool;
    const uint8_t       *last;
    ngx_order_webhook_t  webhook;

    if (size < 2) {
        return 0;
    }

    last = data + size;
    how = *data++;
    pool = ngx_create_pool(4096, &test_log);

    if ((how & 3) == 3) {
        webhook.id = copy((u_char *) "msg_1", 5, pool);
        webhook.timestamp = copy((u_char *) "1800000001", 10, pool);
        webhook.body = copy((u_char *) "{\"type\":\"x\"}", 12, pool);
        webhook.signature = copy((u_char *) "v2,x", 4, pool);
        add_signature(&webhook, how >> 2, pool);

        change((how & 8) ? &webhook.body : (how & 16) ? &webhook.id
               : (how & 32) ? &webhook.timestamp : &webhook.signature,
               data, last);

    } else {
        webhook.id = line(&data, last, pool);
        webhook.timestamp = line(&data, last, pool);
        webhook.signature = line(&data, last, pool);
        webhook.body = copy(data, last - data, pool);

        if (how & 3) {
            add_signature(&webhook, how >> 2, pool);
        }
    }

    verify(&webhook, pool);

    ngx_destroy_pool(pool);

    return 0;
}
