
/*
 * The directives whose arguments have a form of their own.
 *
 * Secrets are read from files here, while nginx still has the rights of the
 * one who started it, and are shown nowhere.
 */


#include <ngx_http_order_conf.h>
#include <ngx_order_secret.h>
#include <ngx_http_order_count.h>
#include <ngx_http_order_webhook.h>
#include <ngx_order_webhook.h>


#define NGX_HTTP_ORDER_ZONE_MIN      (1024 * 1024)
#define NGX_HTTP_ORDER_ZONE_CHANGES  (4 * 1024 * 1024)
#define NGX_HTTP_ORDER_PASSWORD      1024  /* bytes of its file, at most */


/* a parameter "name=value" of a directive, by its type */

typedef struct {
    ngx_str_t                  name;
    ngx_uint_t                 type;
    size_t                     offset;
} ngx_http_order_param_t;

#define NGX_HTTP_ORDER_PARAM_NUMBER  0
#define NGX_HTTP_ORDER_PARAM_TIME    1
#define NGX_HTTP_ORDER_PARAM_FLAG    2


static char *ngx_http_order_database_param(ngx_conf_t *cf,
    ngx_order_pg_conf_t *pgcf, ngx_str_t *param);
static char *ngx_http_order_password(ngx_conf_t *cf,
    ngx_order_pg_conf_t *pgcf, ngx_str_t *file);
static ngx_uint_t ngx_http_order_webhook_known(const ngx_str_t *source);


static ngx_http_order_param_t  ngx_http_order_database_params[] = {

    { ngx_string("connections="), NGX_HTTP_ORDER_PARAM_NUMBER,
      offsetof(ngx_order_pg_conf_t, connections) },

    { ngx_string("queue="), NGX_HTTP_ORDER_PARAM_NUMBER,
      offsetof(ngx_order_pg_conf_t, queue) },

    { ngx_string("connect_timeout="), NGX_HTTP_ORDER_PARAM_TIME,
      offsetof(ngx_order_pg_conf_t, connect_timeout) },

    { ngx_string("queue_timeout="), NGX_HTTP_ORDER_PARAM_TIME,
      offsetof(ngx_order_pg_conf_t, queue_timeout) },

    { ngx_string("timeout="), NGX_HTTP_ORDER_PARAM_TIME,
      offsetof(ngx_order_pg_conf_t, timeout) },

    { ngx_string("prepare="), NGX_HTTP_ORDER_PARAM_FLAG,
      offsetof(ngx_order_pg_conf_t, prepare) },

    { ngx_string("wait="), NGX_HTTP_ORDER_PARAM_TIME,
      offsetof(ngx_order_pg_conf_t, wait) },

    { ngx_null_string, 0, 0 }
};


/* each is the end of a route's path */

static const ngx_str_t  ngx_http_order_webhook_sources[] = {
    ngx_string("payment"),
    ngx_string("escrow"),
    ngx_string("shipping"),
    ngx_null_string
};


char *
ngx_http_order_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_order_main_conf_t *omcf = conf;

    u_char     *p;
    ssize_t     orders, tokens, changes, *part;
    ngx_str_t  *value, name, size;
    ngx_uint_t  i;

    if (omcf->zone) {
        return "is duplicate";
    }

    value = cf->args->elts;
    name = value[1];

    p = ngx_strlchr(name.data, name.data + name.len, ':');

    if (p == NULL || p == name.data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "order_zone: \"%V\" is not name:size", &value[1]);
        return NGX_CONF_ERROR;
    }

    size.data = p + 1;
    size.len = (size_t) (name.data + name.len - size.data);
    name.len = (size_t) (p - name.data);

    orders = ngx_parse_size(&size);
    tokens = orders / 4;
    changes = NGX_HTTP_ORDER_ZONE_CHANGES;

    for (i = 2; orders != NGX_ERROR && i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "tokens=", 7) == 0) {
            part = &tokens;

        } else if (ngx_strncmp(value[i].data, "changes=", 8) == 0) {
            part = &changes;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "order_zone: invalid parameter \"%V\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        p = ngx_strlchr(value[i].data, value[i].data + value[i].len, '=');
        size.data = p + 1;
        size.len = (size_t) (value[i].data + value[i].len - size.data);

        *part = ngx_parse_size(&size);

        if (*part == NGX_ERROR) {
            break;
        }
    }

    if (orders == NGX_ERROR || tokens == NGX_ERROR || changes == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "order_zone: invalid size \"%V\"", &size);
        return NGX_CONF_ERROR;
    }

    if (orders < NGX_HTTP_ORDER_ZONE_MIN
        || tokens < NGX_HTTP_ORDER_ZONE_MIN / 4
        || changes < NGX_HTTP_ORDER_ZONE_MIN / 16)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "order_zone \"%V\" is too small: 1m of orders, "
                           "256k of tokens and 64k of changes are the least",
                           &name);
        return NGX_CONF_ERROR;
    }

    omcf->zone = ngx_order_zone_add(cf, &name, (size_t) orders,
                                    (size_t) tokens, (size_t) changes,
                                    ngx_http_order_count_variant(),
                                    &ngx_http_order_module);

    return omcf->zone ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_order_database(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t             *value;
    ngx_uint_t             i;
    ngx_order_pg_conf_t  **slot, *pgcf;

    slot = (ngx_order_pg_conf_t **) ((u_char *) conf + cmd->offset);

    if (*slot) {
        return "is duplicate";
    }

    pgcf = ngx_pcalloc(cf->pool, sizeof(ngx_order_pg_conf_t));
    if (pgcf == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    pgcf->directive = cmd->name;
    pgcf->standby = (cmd->post != NULL);
    pgcf->conninfo = value[1];
    pgcf->connections = pgcf->standby ? 2 : 4;
    pgcf->queue = 1024;
    pgcf->connect_timeout = 1000;
    pgcf->queue_timeout = 1000;
    pgcf->timeout = 2000;
    pgcf->prepare = 1;
    pgcf->wait = 100;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_order_database_param(cf, pgcf, &value[i])
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (pgcf->standby && pgcf->wait >= pgcf->timeout) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%V: \"wait\" must be shorter than \"timeout\"",
                           &pgcf->directive);
        return NGX_CONF_ERROR;
    }

    *slot = pgcf;

    return NGX_CONF_OK;
}


static char *
ngx_http_order_database_param(ngx_conf_t *cf, ngx_order_pg_conf_t *pgcf,
    ngx_str_t *param)
{
    void                    *slot;
    ngx_int_t                n;
    ngx_str_t                value;
    ngx_http_order_param_t  *p;

    for (p = ngx_http_order_database_params; p->name.len; p++) {
        if (param->len > p->name.len
            && ngx_strncmp(param->data, p->name.data, p->name.len) == 0
            && (pgcf->standby
                || p->offset != offsetof(ngx_order_pg_conf_t, wait)))
        {
            break;
        }
    }

    value.data = param->data + p->name.len;
    value.len = param->len - p->name.len;
    slot = (u_char *) pgcf + p->offset;

    if (p->name.len == 0) {
        if (param->len > 14
            && ngx_strncmp(param->data, "password_file=", 14) == 0)
        {
            value.data += 14;
            value.len -= 14;
            return ngx_http_order_password(cf, pgcf, &value);
        }

    } else if (p->type == NGX_HTTP_ORDER_PARAM_FLAG) {
        if (value.len == 2 && ngx_strncmp(value.data, "on", 2) == 0) {
            *(ngx_flag_t *) slot = 1;
            return NGX_CONF_OK;
        }

        if (value.len == 3 && ngx_strncmp(value.data, "off", 3) == 0) {
            *(ngx_flag_t *) slot = 0;
            return NGX_CONF_OK;
        }

    } else {
        n = p->type == NGX_HTTP_ORDER_PARAM_TIME ? ngx_parse_time(&value, 0)
                                      : ngx_atoi(value.data, value.len);
        if (n > 0) {
            *(ngx_uint_t *) slot = (ngx_uint_t) n;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "%V: invalid parameter \"%V\"", &pgcf->directive,
                       param);

    return NGX_CONF_ERROR;
}


/* The first line of the file: read here, so that workers need not. */

static char *
ngx_http_order_password(ngx_conf_t *cf, ngx_order_pg_conf_t *pgcf,
    ngx_str_t *file)
{
    size_t      len;
    ngx_str_t   text;

    if (ngx_order_secret_read(cf, pgcf->standby ? "order_replica:"
                                                : "order_database:", file,
                              NGX_HTTP_ORDER_PASSWORD, &text)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (len = 0; len < text.len; len++) {
        if (text.data[len] == CR || text.data[len] == LF
            || text.data[len] == '\0')
        {
            break;
        }
    }

    if (len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%V: there is no password in \"%V\"",
                           &pgcf->directive, file);
        return NGX_CONF_ERROR;
    }

    pgcf->password.len = len;
    pgcf->password.data = ngx_pnalloc(cf->pool, len + 1);
    if (pgcf->password.data == NULL) {
        return NGX_CONF_ERROR;
    }

    *ngx_cpymem(pgcf->password.data, text.data, len) = '\0';
    ngx_explicit_memzero(text.data, text.len);

    return NGX_CONF_OK;
}


char *
ngx_http_order_jwt_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_order_loc_conf_t *olcf = conf;

    ngx_str_t               *value, alg, kid;
    ngx_uint_t               i;
    ngx_order_token_key_t  **key;

    value = cf->args->elts;
    ngx_str_null(&alg);
    ngx_str_null(&kid);

    for (i = 2; i < cf->args->nelts; i++) {

        if (value[i].len > 4 && ngx_strncmp(value[i].data, "alg=", 4) == 0) {
            alg.data = value[i].data + 4;
            alg.len = value[i].len - 4;
            continue;
        }

        if (value[i].len > 4 && ngx_strncmp(value[i].data, "kid=", 4) == 0) {
            kid.data = value[i].data + 4;
            kid.len = value[i].len - 4;
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "order_jwt_key: invalid parameter \"%V\"",
                           &value[i]);
        return NGX_CONF_ERROR;
    }

    if (alg.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "order_jwt_key: \"%V\" has no alg=", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (olcf->verifier.keys == NGX_CONF_UNSET_PTR) {
        olcf->verifier.keys = ngx_array_create(cf->pool, 2,
                                            sizeof(ngx_order_token_key_t *));
        if (olcf->verifier.keys == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    key = ngx_array_push(olcf->verifier.keys);
    if (key == NULL) {
        return NGX_CONF_ERROR;
    }

    *key = ngx_order_token_key(cf, &value[1], &alg, &kid);

    return *key ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_order_webhook_secret(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_order_loc_conf_t *olcf = conf;

    ngx_str_t                        *value;
    ngx_http_order_webhook_source_t  *source;

    value = cf->args->elts;

    if (!ngx_http_order_webhook_known(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "order_webhook_secret: unknown source \"%V\", it "
                           "must be \"payment\", \"escrow\" or \"shipping\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    if (olcf->webhook_secrets == NGX_CONF_UNSET_PTR) {
        olcf->webhook_secrets = ngx_array_create(cf->pool, 3,
                                     sizeof(ngx_http_order_webhook_source_t));
        if (olcf->webhook_secrets == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_order_webhook_source(olcf->webhook_secrets, &value[1])) {
        return "is duplicate";
    }

    source = ngx_array_push(olcf->webhook_secrets);
    if (source == NULL) {
        return NGX_CONF_ERROR;
    }

    source->source = value[1];
    source->secrets = ngx_order_webhook_secrets(cf, &value[2]);

    return source->secrets ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_uint_t
ngx_http_order_webhook_known(const ngx_str_t *source)
{
    const ngx_str_t  *known;

    for (known = ngx_http_order_webhook_sources; known->len; known++) {
        if (known->len == source->len
            && ngx_strncmp(known->data, source->data, source->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
