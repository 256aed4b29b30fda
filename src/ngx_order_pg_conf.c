
/*
 * Conninfo -> hosts and the parameters of PQconnectStartParams().
 *
 * libpq's own parser takes the text apart and the hosts are set aside: each
 * of their addresses is an attempt of its own.  All is allocated from the
 * configuration's pool.  Nothing here connects, and neither the conninfo nor
 * the password is ever logged.
 */


#include <ngx_order_pg_int.h>
#include <libpq-fe.h>


#define NGX_ORDER_PG_DEFAULT_PORT  5432


typedef struct {
    ngx_array_t               *host;
    ngx_array_t               *hostaddr;
    ngx_array_t               *port;
} ngx_order_pg_lists_t;


typedef char *(*ngx_order_pg_take_pt)(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf, ngx_order_pg_lists_t *lists,
    const PQconninfoOption *option);


typedef struct {
    const char                *keyword;
    ngx_order_pg_take_pt       take;
    const char                *why;    /* of a refusal */
} ngx_order_pg_keyword_t;


static void ngx_order_pg_conf_unparsed(ngx_conf_t *cf,
    const ngx_order_pg_conf_t *conf, const char *error);
static char *ngx_order_pg_conf_option(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf, ngx_order_pg_lists_t *lists,
    const PQconninfoOption *option);
static char *ngx_order_pg_conf_refuse(ngx_conf_t *cf,
    const ngx_order_pg_conf_t *conf, const ngx_order_pg_keyword_t *keyword);
static char *ngx_order_pg_conf_list(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf, ngx_order_pg_lists_t *lists,
    const PQconninfoOption *option);
static char *ngx_order_pg_conf_file(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf, ngx_order_pg_lists_t *lists,
    const PQconninfoOption *option);
static char *ngx_order_pg_conf_target(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf, ngx_order_pg_lists_t *lists,
    const PQconninfoOption *option);
static char *ngx_order_pg_conf_startup(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf, ngx_order_pg_lists_t *lists,
    const PQconninfoOption *option);
static char *ngx_order_pg_conf_ignore(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf, ngx_order_pg_lists_t *lists,
    const PQconninfoOption *option);
static char *ngx_order_pg_conf_defaults(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf);
static char *ngx_order_pg_conf_hosts(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf, const ngx_order_pg_lists_t *lists);
static char *ngx_order_pg_conf_host(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf, ngx_order_pg_host_t *host,
    const ngx_str_t *hostaddr);
static ngx_uint_t ngx_order_pg_conf_literal(const ngx_str_t *text);
static char *ngx_order_pg_conf_resolve(ngx_conf_t *cf,
    const ngx_order_pg_conf_t *conf, ngx_order_pg_host_t *host);
static char *ngx_order_pg_conf_check(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf);
static ngx_array_t *ngx_order_pg_conf_split(ngx_pool_t *pool,
    const char *text);
static char *ngx_order_pg_conf_push(ngx_conf_t *cf,
    ngx_order_pg_conf_t *conf, const char *keyword, const char *value);
static char *ngx_order_pg_conf_copy(ngx_pool_t *pool, const void *data,
    size_t len);


static const ngx_order_pg_keyword_t  ngx_order_pg_keywords[] = {

    { "host", ngx_order_pg_conf_list, NULL },
    { "hostaddr", ngx_order_pg_conf_list, NULL },
    { "port", ngx_order_pg_conf_list, NULL },
    { "target_session_attrs", ngx_order_pg_conf_target, NULL },
    { "options", ngx_order_pg_conf_startup, NULL },

    { "sslcert", ngx_order_pg_conf_file, NULL },
    { "sslkey", ngx_order_pg_conf_file, NULL },
    { "sslrootcert", ngx_order_pg_conf_file, NULL },
    { "sslcrl", ngx_order_pg_conf_file, NULL },
    { "sslcrldir", ngx_order_pg_conf_file, NULL },
    { "passfile", ngx_order_pg_conf_file, NULL },

    { "application_name", ngx_order_pg_conf_ignore, NULL },
    { "client_encoding", ngx_order_pg_conf_ignore, NULL },

    { "password", NULL, "a password must not be in it, use password_file=" },
    { "sslpassword", NULL, "\"sslpassword\" must not be in it, "
                           "use a key without a password" },
    { "connect_timeout", NULL, "use connect_timeout= of the directive" },
    { "service", NULL, "\"service\" is not supported" },
    { "replication", NULL, "\"replication\" is not supported" },

    { NULL, NULL, NULL }
};


static const ngx_order_pg_option_t  ngx_order_pg_defaults[] = {
    { "gssencmode", "disable" },
    { "keepalives_idle", "15" },
    { "keepalives_interval", "5" },
    { "keepalives_count", "3" },
    { "tcp_user_timeout", "10000" },
    { NULL, NULL }
};


static const char  *ngx_order_pg_targets[] = {
    "any", "read-write", "read-only", "primary", "standby", "prefer-standby",
    NULL
};


char *
ngx_order_pg_conf_init(ngx_conf_t *cf, ngx_order_pg_conf_t *conf)
{
    char                  *rv, *text, *error;
    PQconninfoOption      *options, *option;
    ngx_order_pg_lists_t   lists;

    ngx_memzero(&lists, sizeof(ngx_order_pg_lists_t));

    conf->params = ngx_array_create(cf->pool, 16,
                                    sizeof(ngx_order_pg_option_t));
    text = ngx_order_pg_conf_copy(cf->pool, conf->conninfo.data,
                                  conf->conninfo.len);
    if (conf->params == NULL || text == NULL) {
        return NGX_CONF_ERROR;
    }

    error = NULL;
    options = PQconninfoParse(text, &error);

    if (options == NULL) {
        ngx_order_pg_conf_unparsed(cf, conf, error);
        PQfreemem(error);
        return NGX_CONF_ERROR;
    }

    rv = NGX_CONF_OK;

    for (option = options; option->keyword && rv == NGX_CONF_OK; option++) {
        if (option->val) {
            rv = ngx_order_pg_conf_option(cf, conf, &lists, option);
        }
    }

    PQconninfoFree(options);

    if (rv != NGX_CONF_OK
        || ngx_order_pg_conf_defaults(cf, conf) != NGX_CONF_OK
        || ngx_order_pg_conf_hosts(cf, conf, &lists) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_order_pg_conf_check(cf, conf);
}


/* Other messages than this one may show a value, which may be a secret. */

static void
ngx_order_pg_conf_unparsed(ngx_conf_t *cf, const ngx_order_pg_conf_t *conf,
    const char *error)
{
    static const char  unknown[] = "invalid connection option \"";

    if (error && ngx_strncmp(error, unknown, sizeof(unknown) - 1) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%*s in \"%V\"",
                           strcspn(error, "\n"), error, &conf->directive);
        return;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid connection string in \"%V\"",
                       &conf->directive);
}


static char *
ngx_order_pg_conf_option(ngx_conf_t *cf, ngx_order_pg_conf_t *conf,
    ngx_order_pg_lists_t *lists, const PQconninfoOption *option)
{
    const ngx_order_pg_keyword_t  *keyword;

    for (keyword = ngx_order_pg_keywords; keyword->keyword; keyword++) {

        if (ngx_strcmp(keyword->keyword, option->keyword) == 0) {
            return keyword->take ? keyword->take(cf, conf, lists, option)
                                 : ngx_order_pg_conf_refuse(cf, conf, keyword);
        }
    }

    return ngx_order_pg_conf_push(cf, conf, option->keyword, option->val);
}


static char *
ngx_order_pg_conf_refuse(ngx_conf_t *cf, const ngx_order_pg_conf_t *conf,
    const ngx_order_pg_keyword_t *keyword)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid connection string in \"%V\": %s",
                       &conf->directive, keyword->why);
    return NGX_CONF_ERROR;
}


static char *
ngx_order_pg_conf_list(ngx_conf_t *cf, ngx_order_pg_conf_t *conf,
    ngx_order_pg_lists_t *lists, const PQconninfoOption *option)
{
    ngx_array_t  *list;

    list = ngx_order_pg_conf_split(cf->pool, option->val);
    if (list == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_strcmp(option->keyword, "host") == 0) {
        lists->host = list;

    } else if (ngx_strcmp(option->keyword, "hostaddr") == 0) {
        lists->hostaddr = list;

    } else {
        lists->port = list;
    }

    return NGX_CONF_OK;
}


/* as for nginx's own directives, files are relative to the configuration */

static char *
ngx_order_pg_conf_file(ngx_conf_t *cf, ngx_order_pg_conf_t *conf,
    ngx_order_pg_lists_t *lists, const PQconninfoOption *option)
{
    ngx_str_t  file;

    if (option->val[0] == '\0' || ngx_strcmp(option->val, "system") == 0) {
        return ngx_order_pg_conf_push(cf, conf, option->keyword, option->val);
    }

    file.data = (u_char *) option->val;
    file.len = ngx_strlen(option->val);

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_order_pg_conf_push(cf, conf, option->keyword,
                                  (char *) file.data);
}


/* libpq sees single hosts, so a preference between them is ours to keep */

static char *
ngx_order_pg_conf_target(ngx_conf_t *cf, ngx_order_pg_conf_t *conf,
    ngx_order_pg_lists_t *lists, const PQconninfoOption *option)
{
    ngx_uint_t  i;

    for (i = 0; ngx_order_pg_targets[i]; i++) {
        if (ngx_strcmp(ngx_order_pg_targets[i], option->val) == 0) {
            conf->target = ngx_order_pg_targets[i];
            conf->rounds = (ngx_strcmp(conf->target, "prefer-standby") == 0)
                           ? 2 : 1;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid target_session_attrs \"%s\" in \"%V\"",
                       option->val, &conf->directive);
    return NGX_CONF_ERROR;
}


static char *
ngx_order_pg_conf_startup(ngx_conf_t *cf, ngx_order_pg_conf_t *conf,
    ngx_order_pg_lists_t *lists, const PQconninfoOption *option)
{
    conf->options = ngx_order_pg_conf_copy(cf->pool, option->val,
                                           ngx_strlen(option->val));

    return conf->options ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* what the module sets itself */

static char *
ngx_order_pg_conf_ignore(ngx_conf_t *cf, ngx_order_pg_conf_t *conf,
    ngx_order_pg_lists_t *lists, const PQconninfoOption *option)
{
    return NGX_CONF_OK;
}


static char *
ngx_order_pg_conf_defaults(ngx_conf_t *cf, ngx_order_pg_conf_t *conf)
{
    char                         *password;
    ngx_uint_t                    i;
    ngx_order_pg_option_t        *params;
    const ngx_order_pg_option_t  *option;

    if (conf->target == NULL) {
        conf->target = conf->standby ? "standby" : "any";
        conf->rounds = 1;
    }

    for (option = ngx_order_pg_defaults; option->keyword; option++) {
        params = conf->params->elts;

        for (i = 0; i < conf->params->nelts; i++) {
            if (ngx_strcmp(params[i].keyword, option->keyword) == 0) {
                break;
            }
        }

        if (i == conf->params->nelts
            && ngx_order_pg_conf_push(cf, conf, option->keyword,
                                      option->value)
               != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (conf->password.len == 0) {
        return NGX_CONF_OK;
    }

    password = ngx_order_pg_conf_copy(cf->pool, conf->password.data,
                                      conf->password.len);
    if (password == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_order_pg_conf_push(cf, conf, "password", password);
}


static char *
ngx_order_pg_conf_hosts(ngx_conf_t *cf, ngx_order_pg_conf_t *conf,
    const ngx_order_pg_lists_t *lists)
{
    ngx_str_t            *host, *hostaddr, *port;
    ngx_uint_t            i, n, nports;
    ngx_order_pg_host_t  *h;

    n = lists->hostaddr ? lists->hostaddr->nelts
                        : lists->host ? lists->host->nelts : 1;
    nports = lists->port ? lists->port->nelts : 0;

    if ((lists->host && lists->host->nelts != n)
        || (nports > 1 && nports != n))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "hosts, addresses and ports in \"%V\" differ in "
                           "number", &conf->directive);
        return NGX_CONF_ERROR;
    }

    host = lists->host ? lists->host->elts : NULL;
    hostaddr = lists->hostaddr ? lists->hostaddr->elts : NULL;
    port = lists->port ? lists->port->elts : NULL;

    conf->hosts = ngx_array_create(cf->pool, n, sizeof(ngx_order_pg_host_t));
    if (conf->hosts == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < n; i++) {
        h = ngx_array_push(conf->hosts);        /* never grows */
        ngx_memzero(h, sizeof(ngx_order_pg_host_t));

        if (host) {
            h->name = host[i];
        }

        if (port) {
            h->port = port[nports == 1 ? 0 : i];
        }

        if (ngx_order_pg_conf_host(cf, conf, h,
                                   hostaddr ? &hostaddr[i] : NULL)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_order_pg_conf_host(ngx_conf_t *cf, ngx_order_pg_conf_t *conf,
    ngx_order_pg_host_t *host, const ngx_str_t *hostaddr)
{
    ngx_int_t         port;
    const ngx_str_t  *literal;

    port = host->port.len ? ngx_atoi(host->port.data, host->port.len) : 1;

    if (port < 1 || port > 65535) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid port \"%V\" in \"%V\"",
                           &host->port, &conf->directive);
        return NGX_CONF_ERROR;
    }

    literal = (hostaddr && hostaddr->len) ? hostaddr : &host->name;

    if (literal->len == 0
        || literal->data[0] == '/' || literal->data[0] == '@')
    {
        host->local = 1;
        return NGX_CONF_OK;
    }

    if (ngx_order_pg_conf_literal(literal)) {
        host->addrs = (ngx_str_t *) literal;
        host->naddrs = 1;
        return NGX_CONF_OK;
    }

    if (literal == hostaddr) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid hostaddr \"%V\" in \"%V\"",
                           hostaddr, &conf->directive);
        return NGX_CONF_ERROR;
    }

    return conf->resolver ? NGX_CONF_OK
                          : ngx_order_pg_conf_resolve(cf, conf, host);
}


static ngx_uint_t
ngx_order_pg_conf_literal(const ngx_str_t *text)
{
#if (NGX_HAVE_INET6)
    struct in6_addr  addr;

    if (ngx_inet6_addr(text->data, text->len, addr.s6_addr) == NGX_OK) {
        return 1;
    }
#endif

    return ngx_inet_addr(text->data, text->len) != INADDR_NONE;
}


static char *
ngx_order_pg_conf_resolve(ngx_conf_t *cf, const ngx_order_pg_conf_t *conf,
    ngx_order_pg_host_t *host)
{
    u_char      text[NGX_SOCKADDR_STRLEN];
    size_t      len;
    ngx_url_t   u;
    ngx_uint_t  i;

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url = host->name;
    u.host = host->name;
    u.port = NGX_ORDER_PG_DEFAULT_PORT;

    if (ngx_inet_resolve_host(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in host \"%V\" of \"%V\"",
                           u.err ? u.err : "no memory", &host->name,
                           &conf->directive);
        return NGX_CONF_ERROR;
    }

    host->addrs = ngx_palloc(cf->pool, u.naddrs * sizeof(ngx_str_t));
    if (host->addrs == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < u.naddrs && i < NGX_ORDER_PG_ADDRS; i++) {
        len = ngx_sock_ntop(u.addrs[i].sockaddr, u.addrs[i].socklen, text,
                            NGX_SOCKADDR_STRLEN, 0);

        host->addrs[i].len = len;
        host->addrs[i].data = (u_char *)
                              ngx_order_pg_conf_copy(cf->pool, text, len);
        if (host->addrs[i].data == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    host->naddrs = i;

    return NGX_CONF_OK;
}


/*
 * libpq looks at the values of its parameters only when it connects.  So let
 * it connect, to where nothing can ever listen, and see what it complains of.
 */

static char *
ngx_order_pg_conf_check(ngx_conf_t *cf, ngx_order_pg_conf_t *conf)
{
    char                   *rv, *message, *end;
    PGconn                 *conn;
    ngx_uint_t              i, n;
    const char            **keywords, **values;
    ngx_order_pg_option_t  *params;

    params = conf->params->elts;
    n = conf->params->nelts;

    keywords = ngx_pcalloc(cf->pool, 2 * (n + 2) * sizeof(char *));
    if (keywords == NULL) {
        return NGX_CONF_ERROR;
    }

    values = keywords + n + 2;

    for (i = 0; i < n; i++) {
        keywords[i] = params[i].keyword;
        values[i] = params[i].value;
    }

    keywords[n] = "host";
    values[n] = "/dev/null";

    conn = PQconnectStartParams(keywords, values, 0);
    if (conn == NULL) {
        return NGX_CONF_ERROR;
    }

    rv = NGX_CONF_OK;
    message = PQerrorMessage(conn);

    if (ngx_strncmp(message, "connection to server", 20) != 0
        && ngx_strstr(message, " value") != NULL)
    {
        end = ngx_strchr(message, '\n');
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%*s in \"%V\"",
                           end ? (size_t) (end - message)
                               : ngx_strlen(message),
                           message, &conf->directive);
        rv = NGX_CONF_ERROR;
    }

    PQfinish(conn);

    return rv;
}


/* "a,,b" -> "a", "", "b" */

static ngx_array_t *
ngx_order_pg_conf_split(ngx_pool_t *pool, const char *text)
{
    size_t        len;
    ngx_str_t    *part;
    ngx_array_t  *list;

    list = ngx_array_create(pool, 2, sizeof(ngx_str_t));
    if (list == NULL) {
        return NULL;
    }

    for ( ;; ) {
        len = strcspn(text, ",");

        part = ngx_array_push(list);
        if (part == NULL) {
            return NULL;
        }

        part->len = len;
        part->data = (u_char *) ngx_order_pg_conf_copy(pool, text, len);

        if (part->data == NULL) {
            return NULL;
        }

        if (text[len] == '\0') {
            return list;
        }

        text += len + 1;
    }
}


static char *
ngx_order_pg_conf_push(ngx_conf_t *cf, ngx_order_pg_conf_t *conf,
    const char *keyword, const char *value)
{
    ngx_order_pg_option_t  *param;

    param = ngx_array_push(conf->params);
    if (param == NULL) {
        return NGX_CONF_ERROR;
    }

    param->keyword = ngx_order_pg_conf_copy(cf->pool, keyword,
                                            ngx_strlen(keyword));
    param->value = ngx_order_pg_conf_copy(cf->pool, value,
                                          ngx_strlen(value));

    return (param->keyword && param->value) ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_order_pg_conf_copy(ngx_pool_t *pool, const void *data, size_t len)
{
    char  *p;

    p = ngx_pnalloc(pool, len + 1);
    if (p == NULL) {
        return NULL;
    }

    ngx_memcpy(p, data, len);
    p[len] = '\0';

    return p;
}
