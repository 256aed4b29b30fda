
/*
 * What a WebSocket's client may say: subscribe, unsubscribe, ping,
 * authenticate.
 *
 * A message is read against the fields that its schema declares, in a pool of
 * its own.  What is wrong with one is told, and ends nothing.
 */


#include <ngx_http_order_push_ws.h>
#include <ngx_http_order_answers.h>


#define NGX_HTTP_ORDER_SAY_POOL    1024

/* the fields of messages, by their numbers */

#define NGX_HTTP_ORDER_SAY_TYPE     0
#define NGX_HTTP_ORDER_SAY_ORDER    1
#define NGX_HTTP_ORDER_SAY_VERSION  2
#define NGX_HTTP_ORDER_SAY_ID       3
#define NGX_HTTP_ORDER_SAY_TOKEN    1


/* a message that is being done */

typedef struct {
    ngx_http_order_client_t     *client;
    ngx_order_input_t           *input;
    ngx_pool_t                  *pool;
    ngx_order_id_t               id;       /* of the order that is meant */
    unsigned                     has_id:1;
} ngx_http_order_say_t;


typedef ngx_int_t (*ngx_http_order_say_pt)(ngx_http_order_say_t *say);


typedef struct {
    const char                  *type;
    ngx_http_order_say_pt        handler;
} ngx_http_order_verb_t;


/* an error that is told, and the client's to mend */

typedef struct {
    const char                  *code;
    const char                  *message;
} ngx_http_order_say_error_t;


static ngx_int_t ngx_http_order_say(ngx_http_order_say_t *say,
    const ngx_str_t *text);
static ngx_int_t ngx_http_order_say_read(ngx_http_order_say_t *say,
    const ngx_str_t *text);
static ngx_int_t ngx_http_order_say_unclear(ngx_http_order_say_t *say);
static ngx_int_t ngx_http_order_say_subscribe(ngx_http_order_say_t *say);
static ngx_int_t ngx_http_order_say_place(ngx_http_order_say_t *say,
    ngx_order_place_t *place);
static ngx_int_t ngx_http_order_say_unsubscribe(ngx_http_order_say_t *say);
static ngx_int_t ngx_http_order_say_ping(ngx_http_order_say_t *say);
static ngx_int_t ngx_http_order_say_authenticate(ngx_http_order_say_t *say);
static void ngx_http_order_say_order(ngx_http_order_say_t *say);
static ngx_int_t ngx_http_order_say_tell(ngx_http_order_say_t *say,
    const char *event, u_char *json, u_char *last);
static ngx_int_t ngx_http_order_say_wrong(ngx_http_order_say_t *say,
    const ngx_http_order_say_error_t *error);
static u_char *ngx_http_order_say_faults(u_char *p,
    const ngx_array_t *faults);


static const ngx_http_order_verb_t  ngx_http_order_verbs[] = {
    { "subscribe", ngx_http_order_say_subscribe },
    { "unsubscribe", ngx_http_order_say_unsubscribe },
    { "ping", ngx_http_order_say_ping },
    { "authenticate", ngx_http_order_say_authenticate },
    { NULL, NULL }
};


static const ngx_http_order_say_error_t  ngx_http_order_say_invalid = {
    "INVALID_MESSAGE", "This message is not valid."
};

static const ngx_http_order_say_error_t  ngx_http_order_say_again = {
    "ALREADY_SUBSCRIBED", "You are subscribed to this already."
};

static const ngx_http_order_say_error_t  ngx_http_order_say_never = {
    "NOT_SUBSCRIBED", "You are not subscribed to this."
};

static const ngx_http_order_say_error_t  ngx_http_order_say_many = {
    "TOO_MANY", "You have as many subscriptions as you may."
};

static const ngx_http_order_say_error_t  ngx_http_order_say_bad_token = {
    "INVALID_TOKEN", "The token is not valid; the one before stays."
};


void
ngx_http_order_ws_message(ngx_http_order_client_t *client,
    const ngx_str_t *text)
{
    ngx_int_t             rc;
    ngx_order_input_t     input;
    ngx_http_order_say_t  say;

    ngx_memzero(&say, sizeof(ngx_http_order_say_t));

    say.client = client;
    say.input = &input;
    say.pool = ngx_create_pool(NGX_HTTP_ORDER_SAY_POOL,
                               client->connection->log);

    if (say.pool == NULL) {
        ngx_http_order_push_end(client, &ngx_http_order_end_internal);
        return;
    }

    rc = ngx_http_order_say(&say, text);

    ngx_destroy_pool(say.pool);

    if (rc == NGX_ERROR) {
        ngx_http_order_push_end(client, &ngx_http_order_end_internal);
    }
}


/* NGX_OK: it was done, or what is wrong with it told; NGX_ERROR */

static ngx_int_t
ngx_http_order_say(ngx_http_order_say_t *say, const ngx_str_t *text)
{
    ngx_int_t                     rc;
    ngx_str_t                    *type;
    const ngx_http_order_verb_t  *verb;

    rc = ngx_http_order_say_read(say, text);

    if (rc == NGX_DECLINED) {
        return ngx_http_order_say_wrong(say, &ngx_http_order_say_invalid);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    type = &say->input->values[NGX_HTTP_ORDER_SAY_TYPE];

    for (verb = ngx_http_order_verbs; verb->type; verb++) {
        if (ngx_strcmp(type->data, verb->type) == 0) {
            return verb->handler(say);
        }
    }

    return NGX_ERROR;
}


/*
 * Reads it against each message that a client may send: the one whose type it
 * has decides.  NGX_OK, NGX_DECLINED: input->faults tells; or NGX_ERROR.
 */

static ngx_int_t
ngx_http_order_say_read(ngx_http_order_say_t *say, const ngx_str_t *text)
{
    ngx_int_t                        rc, has;
    ngx_order_source_t               source;
    const ngx_http_order_message_t  *message;

    static const ngx_str_t  type = ngx_string("type");

    ngx_memzero(&source, sizeof(ngx_order_source_t));
    source.body = *text;

    has = ngx_order_input_has(&source, &type, say->pool);
    if (has == NGX_ERROR) {
        return NGX_ERROR;
    }

    for (message = ngx_http_order_messages; message->name.len; message++) {

        if ((message->where & NGX_HTTP_ORDER_TO_WS) == 0) {
            continue;
        }

        rc = ngx_order_input_read(say->input, message->fields, &source,
                                  say->pool);

        if (rc == NGX_ERROR || has == NGX_ABORT
            || say->input->values[NGX_HTTP_ORDER_SAY_TYPE].data)
        {
            return rc;
        }
    }

    return ngx_http_order_say_unclear(say);
}


static ngx_int_t
ngx_http_order_say_unclear(ngx_http_order_say_t *say)
{
    static const ngx_str_t  type = ngx_string("type");

    say->input->faults.nelts = 0;

    if (ngx_order_input_refuse(say->input, &type,
                   "must be subscribe, unsubscribe, ping or authenticate")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_order_say_subscribe(ngx_http_order_say_t *say)
{
    ngx_int_t           rc;
    ngx_str_t          *order;
    ngx_order_place_t   place;

    rc = ngx_http_order_say_place(say, &place);

    if (rc == NGX_ABORT) {
        return ngx_http_order_say_wrong(say, &ngx_http_order_say_invalid);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    order = &say->input->values[NGX_HTTP_ORDER_SAY_ORDER];

    if (order->data == NULL) {
        rc = ngx_http_order_push_watch_all(say->client,
                                           rc == NGX_OK ? &place : NULL);

    } else {
        ngx_http_order_say_order(say);

        rc = ngx_http_order_push_watch(say->client,
                                       say->has_id ? &say->id : NULL, order,
                                       rc == NGX_OK ? &place : NULL);
    }

    switch (rc) {

    case NGX_DECLINED:
        return ngx_http_order_say_wrong(say, &ngx_http_order_say_again);

    case NGX_BUSY:
        return ngx_http_order_say_wrong(say, &ngx_http_order_say_many);

    default:
        return rc;
    }
}


/*
 * Where to go on from: an event's id, or an order's version.  NGX_OK,
 * NGX_DECLINED: nowhere; NGX_ABORT: input->faults tells; or NGX_ERROR.
 */

static ngx_int_t
ngx_http_order_say_place(ngx_http_order_say_t *say, ngx_order_place_t *place)
{
    ngx_str_t  *id, *version;

    static const ngx_str_t  id_name = ngx_string("id");
    static const ngx_str_t  version_name = ngx_string("version");

    id = &say->input->values[NGX_HTTP_ORDER_SAY_ID];
    version = &say->input->values[NGX_HTTP_ORDER_SAY_VERSION];

    if (version->data
        && say->input->values[NGX_HTTP_ORDER_SAY_ORDER].data == NULL)
    {
        return ngx_order_input_refuse(say->input, &version_name,
                                      "goes with orderId only")
               == NGX_OK ? NGX_ABORT : NGX_ERROR;
    }

    if (id->data) {
        if (ngx_order_place_parse(place, id->data, id->len) == NGX_OK) {
            return NGX_OK;
        }

        return ngx_order_input_refuse(say->input, &id_name,
                                      "must be the id of an event")
               == NGX_OK ? NGX_ABORT : NGX_ERROR;
    }

    if (version->data == NULL) {
        return NGX_DECLINED;
    }

    /* an epoch of 0 is the present one */

    ngx_memzero(place, sizeof(ngx_order_place_t));
    place->version = (uint32_t) ngx_atoi(version->data, version->len);

    return NGX_OK;
}


/* what was unsubscribed tells so itself */

static ngx_int_t
ngx_http_order_say_unsubscribe(ngx_http_order_say_t *say)
{
    ngx_int_t   rc;
    ngx_str_t  *order;

    order = &say->input->values[NGX_HTTP_ORDER_SAY_ORDER];

    if (order->data == NULL) {
        rc = ngx_http_order_push_unwatch(say->client, NULL, NULL);

    } else {
        ngx_http_order_say_order(say);

        rc = ngx_http_order_push_unwatch(say->client,
                                         say->has_id ? &say->id : NULL,
                                         order);
    }

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    return ngx_http_order_say_wrong(say, &ngx_http_order_say_never);
}


static ngx_int_t
ngx_http_order_say_ping(ngx_http_order_say_t *say)
{
    u_char  *p, buf[32];

    p = ngx_sprintf(buf, "{\"type\":\"pong\"}");

    return ngx_http_order_say_tell(say, "pong", buf, p);
}


/* A new token for the same caller prolongs; it never shortens. */

static ngx_int_t
ngx_http_order_say_authenticate(ngx_http_order_say_t *say)
{
    u_char                            *p, buf[64];
    time_t                             expires;
    ngx_int_t                          rc;
    const char                        *reason;
    ngx_order_identity_t               identity;
    ngx_http_order_client_t           *client;
    const ngx_http_order_main_conf_t  *omcf;

    client = say->client;
    omcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_order_module);

    rc = ngx_order_token_verify(&client->conf->verifier, omcf->zone->verified,
                           &say->input->values[NGX_HTTP_ORDER_SAY_TOKEN],
                           NULL, ngx_time(), &identity, &reason);

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_INFO, client->connection->log, 0,
                      "token refused: %s", reason);
        return ngx_http_order_say_wrong(say, &ngx_http_order_say_bad_token);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (!ngx_order_id_eq(&identity.user, &client->identity.user)
        || identity.role != client->identity.role)
    {
        ngx_http_order_push_end(client, &ngx_http_order_end_forbidden);
        return NGX_OK;
    }

    expires = ngx_max(identity.expires, client->identity.expires);
    ngx_http_order_push_prolong(client, expires);

    p = ngx_sprintf(buf, "{\"type\":\"authenticated\",\"expires\":%T}",
                    expires);

    return ngx_http_order_say_tell(say, "authenticated", buf, p);
}


/* The id of the order that is meant, where it is known without asking. */

static void
ngx_http_order_say_order(ngx_http_order_say_t *say)
{
    ngx_str_t                         *order;
    const ngx_http_order_main_conf_t  *omcf;

    omcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_order_module);

    order = &say->input->values[NGX_HTTP_ORDER_SAY_ORDER];

    say->has_id = ngx_order_id_parse(&say->id, order->data, order->len)
                  == NGX_OK
                  || ngx_order_cache_alias_get(omcf->zone->cache, order,
                                               &say->id)
                     == NGX_OK;
}


static ngx_int_t
ngx_http_order_say_tell(ngx_http_order_say_t *say, const char *event,
    u_char *json, u_char *last)
{
    ngx_str_t  id, text;

    ngx_str_null(&id);

    text.data = json;
    text.len = (size_t) (last - json);

    /* who takes nothing any more has been dropped */

    (void) ngx_http_order_push_tell(say->client, event, &id, &text);

    return NGX_OK;
}


static ngx_int_t
ngx_http_order_say_wrong(ngx_http_order_say_t *say,
    const ngx_http_order_say_error_t *error)
{
    u_char             *p, *json;
    size_t              len;
    ngx_str_t           order;
    ngx_uint_t          i;
    ngx_array_t        *faults;
    ngx_order_fault_t  *fault;

    ngx_str_null(&order);

    faults = error == &ngx_http_order_say_invalid ? &say->input->faults
                                                  : NULL;

    len = sizeof("{\"type\":\"error\",\"code\":\"\",\"message\":\"\","
                 "\"orderId\":\"\",\"errors\":[]}")
          + ngx_strlen(error->code) + ngx_strlen(error->message);

    if (error != &ngx_http_order_say_invalid
        && error != &ngx_http_order_say_bad_token)
    {
        order = say->input->values[NGX_HTTP_ORDER_SAY_ORDER];
        len += ngx_order_json_size(&order);
    }

    if (faults) {
        fault = faults->elts;

        for (i = 0; i < faults->nelts; i++) {
            len += sizeof("{\"field\":\"\",\"message\":\"\"},")
                   + ngx_order_json_size(&fault[i].field)
                   + ngx_order_json_size(&fault[i].message);
        }
    }

    json = ngx_pnalloc(say->pool, len);
    if (json == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(json, "{\"type\":\"error\",\"code\":\"%s\","
                    "\"message\":\"%s\"", error->code, error->message);

    if (order.data) {
        p = ngx_sprintf(p, ",\"orderId\":\"");
        p = ngx_order_json_escape(p, &order);
        *p++ = '"';
    }

    if (faults) {
        p = ngx_http_order_say_faults(p, faults);
    }

    *p++ = '}';

    return ngx_http_order_say_tell(say, "error", json, p);
}


static u_char *
ngx_http_order_say_faults(u_char *p, const ngx_array_t *faults)
{
    ngx_uint_t          i;
    ngx_order_fault_t  *fault;

    fault = faults->elts;

    p = ngx_sprintf(p, ",\"errors\":[");

    for (i = 0; i < faults->nelts; i++) {
        p = ngx_sprintf(p, i ? ",{\"field\":\"" : "{\"field\":\"");
        p = ngx_order_json_escape(p, &fault[i].field);
        p = ngx_sprintf(p, "\",\"message\":\"");
        p = ngx_order_json_escape(p, &fault[i].message);
        p = ngx_sprintf(p, "\"}");
    }

    *p++ = ']';

    return p;
}
