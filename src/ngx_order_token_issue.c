
/*
 * Issuing tokens.  The JSON is jansson's, and lives inside one call.
 */


#include <ngx_order_token.h>
#include <ngx_order_token_key.h>

#include <jansson.h>


static json_t *ngx_order_token_header(const ngx_order_token_key_t *key);
static json_t *ngx_order_token_payload(
    const ngx_order_token_verifier_t *verifier,
    const ngx_order_identity_t *identity, time_t now);
static int ngx_order_token_set(json_t *json, const char *name,
    const ngx_str_t *value);
static json_t *ngx_order_token_whole(json_t *json, int failed);
static u_char *ngx_order_token_part(u_char *p, u_char *last, json_t *json);
static u_char *ngx_order_token_encode(u_char *p, u_char *last,
    ngx_str_t *part);


ngx_int_t
ngx_order_token_issue(const ngx_order_token_verifier_t *verifier,
    const ngx_order_token_key_t *key, const ngx_order_identity_t *identity,
    time_t now, ngx_pool_t *pool, ngx_str_t *token)
{
    u_char     *p, *last;
    u_char      buf[NGX_ORDER_TOKEN_MAX], mac[NGX_ORDER_TOKEN_SIGNATURE];
    ngx_str_t   data, signature;

    last = buf + NGX_ORDER_TOKEN_MAX;

    p = ngx_order_token_part(buf, last, ngx_order_token_header(key));
    if (p == NULL || p == last) {
        return NGX_ERROR;
    }

    *p++ = '.';

    p = ngx_order_token_part(p, last,
                             ngx_order_token_payload(verifier, identity,
                                                     now));
    if (p == NULL || p == last) {
        return NGX_ERROR;
    }

    data.data = buf;
    data.len = p - buf;
    signature.data = mac;

    if (ngx_order_token_key_sign(key, &data, &signature) != NGX_OK) {
        return NGX_ERROR;
    }

    *p++ = '.';

    p = ngx_order_token_encode(p, last, &signature);
    if (p == NULL) {
        return NGX_ERROR;
    }

    token->len = p - buf;
    token->data = ngx_pnalloc(pool, token->len);
    if (token->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(token->data, buf, token->len);

    return NGX_OK;
}


static json_t *
ngx_order_token_header(const ngx_order_token_key_t *key)
{
    int      failed;
    json_t  *json;

    json = json_object();

    failed = ngx_order_token_set(json, "alg", &key->alg->name)
             | json_object_set_new(json, "typ", json_string("JWT"))
             | ngx_order_token_set(json, "kid", &key->kid);

    return ngx_order_token_whole(json, failed);
}


static json_t *
ngx_order_token_payload(const ngx_order_token_verifier_t *verifier,
    const ngx_order_identity_t *identity, time_t now)
{
    int               failed;
    json_t           *json;
    u_char            id[NGX_ORDER_ID_TEXT];
    ngx_str_t         sub;
    const ngx_str_t  *role;

    role = ngx_order_role_name(identity->role);
    if (role->len == 0) {
        return NULL;
    }

    json = json_object();

    sub.data = id;
    sub.len = ngx_order_id_print(id, &identity->user) - id;

    failed = ngx_order_token_set(json, "sub", &sub)
             | ngx_order_token_set(json, "role", role)
             | ngx_order_token_set(json, "iss", &verifier->issuer)
             | ngx_order_token_set(json, "aud", &verifier->audience)
             | json_object_set_new(json, "iat", json_integer(now))
             | json_object_set_new(json, "exp",
                                   json_integer(identity->expires));

    return ngx_order_token_whole(json, failed);
}


/* an empty value is left out; not 0: no memory, or no UTF-8 */

static int
ngx_order_token_set(json_t *json, const char *name, const ngx_str_t *value)
{
    if (value->len == 0) {
        return 0;
    }

    return json_object_set_new(json, name,
                               json_stringn((char *) value->data,
                                            value->len));
}


static json_t *
ngx_order_token_whole(json_t *json, int failed)
{
    if (failed) {
        json_decref(json);
        return NULL;
    }

    return json;
}


/* frees the JSON; returns NULL if it has no room */

static u_char *
ngx_order_token_part(u_char *p, u_char *last, json_t *json)
{
    char       text[NGX_ORDER_TOKEN_MAX];
    size_t     len;
    ngx_str_t  part;

    len = json_dumpb(json, text, sizeof(text), JSON_COMPACT);

    json_decref(json);

    if (len == 0 || len > sizeof(text)) {
        return NULL;
    }

    part.data = (u_char *) text;
    part.len = len;

    return ngx_order_token_encode(p, last, &part);
}


static u_char *
ngx_order_token_encode(u_char *p, u_char *last, ngx_str_t *part)
{
    ngx_str_t  text;

    if (ngx_base64_encoded_length(part->len) > (size_t) (last - p)) {
        return NULL;
    }

    text.data = p;

    ngx_encode_base64url(&text, part);

    return p + text.len;
}
