
/*
 * Issuing tokens.  The JSON is jansson's, and lives inside one call.
 */


#include <ngx_order_token.h>
#include <ngx_order_token_key.h>

#include <jansson.h>


static json_t *ngx_order_token_payload(
    const ngx_order_token_verifier_t *verifier,
    const ngx_order_identity_t *identity, time_t now);
static void ngx_order_token_set(json_t *json, const char *name,
    const ngx_str_t *value);
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
    json_t     *header;
    ngx_str_t   data, signature;

    header = json_object();
    ngx_order_token_set(header, "alg", &key->alg->name);
    (void) json_object_set_new(header, "typ", json_string("JWT"));
    ngx_order_token_set(header, "kid", &key->kid);

    last = buf + NGX_ORDER_TOKEN_MAX;

    p = ngx_order_token_part(buf, last, header);
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
ngx_order_token_payload(const ngx_order_token_verifier_t *verifier,
    const ngx_order_identity_t *identity, time_t now)
{
    json_t     *json;
    u_char      id[NGX_ORDER_ID_TEXT];
    ngx_str_t   sub;

    json = json_object();

    sub.data = id;
    sub.len = ngx_order_id_print(id, &identity->user) - id;

    ngx_order_token_set(json, "sub", &sub);
    ngx_order_token_set(json, "role",
                        ngx_order_role_name(identity->role));
    ngx_order_token_set(json, "iss", &verifier->issuer);
    ngx_order_token_set(json, "aud", &verifier->audience);
    (void) json_object_set_new(json, "iat", json_integer(now));
    (void) json_object_set_new(json, "exp", json_integer(identity->expires));

    return json;
}


/* an empty value is left out */

static void
ngx_order_token_set(json_t *json, const char *name, const ngx_str_t *value)
{
    if (value && value->len) {
        (void) json_object_set_new(json, name,
                                   json_stringn((char *) value->data,
                                                value->len));
    }
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
