
/*
 * Drives ngx_order_pg from a test.
 *
 * A worker connects to the Unix socket that the test listens on, reads lines
 * of fields separated by tabs, and writes a line for each answer:
 *
 *     query    id lane sql [param ...]   t:text, n: (NULL) or b:bytes in hex
 *     many     id lane count sql [param ...]
 *     cancel   id
 *     open     sid
 *     close    sid                       a session outside the pool
 *     squery   sid id sql [param ...]
 *     stream   sid id timeout sql
 *     closing  sid id sql                a stream closed in its first row
 *     shut                               closes the pool
 *     usage
 *
 * For tests only: it leaks, and trusts its input.
 */


#include <ngx_order_pg.h>
#include <sys/resource.h>


#define NGX_ORDER_PG_TEST_IDS    8192
#define NGX_ORDER_PG_TEST_FIELDS 40


typedef struct {
    ngx_order_pg_conf_t        *database;
    ngx_str_t                   control;
    ngx_resolver_t             *resolver;

    ngx_order_pg_pool_t        *pg;
    ngx_connection_t           *connection;
    size_t                      len;
    u_char                      line[262144];
} ngx_order_pg_test_conf_t;


typedef struct {
    ngx_order_pg_query_t        query;
    ngx_order_pg_statement_t    statement;
    ngx_order_pg_param_t        params[NGX_ORDER_PG_PARAMS];
    ngx_order_pg_test_conf_t   *conf;
    ngx_uint_t                  id;
    ngx_uint_t                  rows;
    size_t                      bytes;
    uint32_t                    crc;
    ngx_order_pg_session_t     *close;
} ngx_order_pg_test_query_t;


static void *ngx_order_pg_test_create(ngx_cycle_t *cycle);
static char *ngx_order_pg_test_database(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_order_pg_test_resolver(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_order_pg_test_init(ngx_cycle_t *cycle);
static void ngx_order_pg_test_exit(ngx_cycle_t *cycle);
static void ngx_order_pg_test_read(ngx_event_t *rev);
static void ngx_order_pg_test_command(ngx_order_pg_test_conf_t *tcf,
    ngx_str_t *fields, ngx_uint_t n);
static ngx_order_pg_test_query_t *ngx_order_pg_test_query(
    ngx_order_pg_test_conf_t *tcf, ngx_uint_t id, ngx_uint_t lane,
    ngx_str_t *fields, ngx_uint_t n);
static void ngx_order_pg_test_row(ngx_order_pg_query_t *query);
static void ngx_order_pg_test_done(ngx_order_pg_query_t *query);
static void ngx_order_pg_test_event(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event, void *data);
static void ngx_order_pg_test_say(ngx_order_pg_test_conf_t *tcf,
    const char *fmt, ...);


static ngx_order_pg_test_query_t  *ngx_order_pg_tests[NGX_ORDER_PG_TEST_IDS];
static ngx_order_pg_session_t     *ngx_order_pg_sessions[16];
static ngx_uint_t                  ngx_order_pg_inside;


static ngx_command_t  ngx_order_pg_test_commands[] = {

    { ngx_string("order_database"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_1MORE,
      ngx_order_pg_test_database,
      0, 0, NULL },

    { ngx_string("order_resolver"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_TAKE1,
      ngx_order_pg_test_resolver,
      0, 0, NULL },

    { ngx_string("order_control"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0, offsetof(ngx_order_pg_test_conf_t, control), NULL },

      ngx_null_command
};


static ngx_core_module_t  ngx_order_pg_test_module_ctx = {
    ngx_string("order_pg_test"),
    ngx_order_pg_test_create,
    NULL
};


ngx_module_t  ngx_order_pg_test_module = {
    NGX_MODULE_V1,
    &ngx_order_pg_test_module_ctx,
    ngx_order_pg_test_commands,
    NGX_CORE_MODULE,
    NULL,
    NULL,
    ngx_order_pg_test_init,
    NULL,
    NULL,
    ngx_order_pg_test_exit,
    NULL,
    NGX_MODULE_V1_PADDING
};


static void *
ngx_order_pg_test_create(ngx_cycle_t *cycle)
{
    return ngx_pcalloc(cycle->pool, sizeof(ngx_order_pg_test_conf_t));
}


static char *
ngx_order_pg_test_resolver(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_order_pg_test_conf_t *tcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;
    tcf->resolver = ngx_resolver_create(cf, &value[1], 1);

    return tcf->resolver ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_order_pg_test_database(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_order_pg_test_conf_t *tcf = conf;

    u_char               *p;
    ngx_int_t             n;
    ngx_str_t            *value;
    ngx_uint_t            i;
    ngx_order_pg_conf_t  *db;

    db = ngx_pcalloc(cf->pool, sizeof(ngx_order_pg_conf_t));
    value = cf->args->elts;

    db->directive = value[0];
    db->conninfo = value[1];
    db->connections = 4;
    db->queue = 1024;
    db->connect_timeout = 1000;
    db->queue_timeout = 1000;
    db->timeout = 2000;
    db->prepare = 1;
    db->resolver = tcf->resolver;
    db->resolver_timeout = 2000;

    for (i = 2; i < cf->args->nelts; i++) {
        p = (u_char *) ngx_strchr(value[i].data, '=');
        n = ngx_atoi(p + 1, value[i].data + value[i].len - p - 1);

        switch (value[i].data[0]) {
        case 'c':
            db->connections = n;
            break;

        case 'q':
            db->queue = n;
            break;

        case 'h':
            db->connect_timeout = n;
            break;

        case 'w':
            db->queue_timeout = n;
            break;

        case 't':
            db->timeout = n;
            break;

        case 'p':
            db->prepare = n;
            break;

        case 's':
            db->password.data = p + 1;
            db->password.len = value[i].data + value[i].len - p - 1;
        }
    }

    tcf->database = db;

    return ngx_order_pg_conf_init(cf, db);
}


static ngx_int_t
ngx_order_pg_test_init(ngx_cycle_t *cycle)
{
    int                        s;
    struct sockaddr_un         sun;
    ngx_order_pg_test_conf_t  *tcf;
    static ngx_str_t           name = ngx_string("order test");

    tcf = (ngx_order_pg_test_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                                    ngx_order_pg_test_module);

    if (tcf->database == NULL || tcf->control.len == 0
        || ngx_process != NGX_PROCESS_WORKER)
    {
        return NGX_OK;
    }

    ngx_memzero(&sun, sizeof(sun));
    sun.sun_family = AF_UNIX;
    ngx_cpystrn((u_char *) sun.sun_path, tcf->control.data,
                sizeof(sun.sun_path));

    s = ngx_socket(AF_UNIX, SOCK_STREAM, 0);

    if (connect(s, (struct sockaddr *) &sun, sizeof(sun)) == -1) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno, "no control");
        return NGX_ERROR;
    }

    tcf->connection = ngx_get_connection(s, cycle->log);
    tcf->connection->data = tcf;
    tcf->connection->read->handler = ngx_order_pg_test_read;
    tcf->connection->read->log = cycle->log;
    tcf->connection->write->log = cycle->log;
    tcf->connection->read->resolver = 1;        /* not to be missed at exit */

    ngx_add_event(tcf->connection->read, NGX_READ_EVENT, NGX_LEVEL_EVENT);

    tcf->pg = ngx_order_pg_pool_create(tcf->database, &name, cycle->pool,
                                       cycle->log);

    return tcf->pg ? NGX_OK : NGX_ERROR;
}


static void
ngx_order_pg_test_exit(ngx_cycle_t *cycle)
{
    ngx_uint_t                 i;
    ngx_order_pg_test_conf_t  *tcf;

    tcf = (ngx_order_pg_test_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                                    ngx_order_pg_test_module);

    for (i = 0; i < 16; i++) {
        if (ngx_order_pg_sessions[i]) {
            ngx_order_pg_session_close(ngx_order_pg_sessions[i]);
        }
    }

    if (tcf->pg) {
        ngx_order_pg_pool_close(tcf->pg);
    }

    for (i = 0; i < NGX_ORDER_PG_TEST_IDS; i++) {
        free(ngx_order_pg_tests[i]);
    }

    if (tcf->connection) {
        ngx_close_connection(tcf->connection);
    }
}


static void
ngx_order_pg_test_read(ngx_event_t *rev)
{
    u_char                    *p, *start, *last, *tab;
    ssize_t                    n;
    ngx_str_t                  fields[NGX_ORDER_PG_TEST_FIELDS];
    ngx_uint_t                 i;
    ngx_connection_t          *c;
    ngx_order_pg_test_conf_t  *tcf;

    c = rev->data;
    tcf = c->data;

    n = read(c->fd, tcf->line + tcf->len, sizeof(tcf->line) - tcf->len);

    if (n <= 0) {
        ngx_del_event(rev, NGX_READ_EVENT, 0);
        return;
    }

    tcf->len += n;
    start = tcf->line;

    ngx_order_pg_inside = 1;

    while ((p = memchr(start, '\n', tcf->line + tcf->len - start)) != NULL) {
        last = p;
        *p = '\0';
        i = 0;

        for (p = start; i < NGX_ORDER_PG_TEST_FIELDS; p = tab + 1) {
            tab = memchr(p, '\t', last - p);
            fields[i].data = p;
            fields[i++].len = (tab ? tab : last) - p;

            if (tab == NULL) {
                break;
            }

            *tab = '\0';
        }

        ngx_order_pg_test_command(tcf, fields, i);
        start = last + 1;
    }

    ngx_order_pg_inside = 0;

    tcf->len -= start - tcf->line;
    ngx_memmove(tcf->line, start, tcf->len);
}


static void
ngx_order_pg_test_command(ngx_order_pg_test_conf_t *tcf, ngx_str_t *f,
    ngx_uint_t n)
{
    ngx_uint_t                  i, id, lane, count;
    struct rusage               usage;
    ngx_order_pg_test_query_t  *query;

    static ngx_str_t            name = ngx_string("order test session");

    if (ngx_strcmp(f[0].data, "query") == 0) {
        id = ngx_atoi(f[1].data, f[1].len);
        lane = ngx_atoi(f[2].data, f[2].len);
        query = ngx_order_pg_test_query(tcf, id, lane, &f[3], n - 3);
        ngx_order_pg_query(tcf->pg, &query->query);

    } else if (ngx_strcmp(f[0].data, "many") == 0) {
        id = ngx_atoi(f[1].data, f[1].len);
        lane = ngx_atoi(f[2].data, f[2].len);
        count = ngx_atoi(f[3].data, f[3].len);

        for (i = 0; i < count; i++) {
            query = ngx_order_pg_test_query(tcf, id + i, lane, &f[4], n - 4);
            ngx_order_pg_query(tcf->pg, &query->query);
        }

    } else if (ngx_strcmp(f[0].data, "cancel") == 0) {
        id = ngx_atoi(f[1].data, f[1].len);
        ngx_order_pg_cancel(&ngx_order_pg_tests[id]->query);
        ngx_memset(ngx_order_pg_tests[id], 0xa5,
                   sizeof(ngx_order_pg_test_query_t));
        free(ngx_order_pg_tests[id]);
        ngx_order_pg_tests[id] = NULL;

    } else if (ngx_strcmp(f[0].data, "open") == 0) {
        id = ngx_atoi(f[1].data, f[1].len);
        ngx_order_pg_sessions[id] = ngx_order_pg_session_open(tcf->database,
            &name, ngx_order_pg_test_event, tcf, ngx_cycle->pool,
            ngx_cycle->log);

    } else if (ngx_strcmp(f[0].data, "close") == 0) {
        id = ngx_atoi(f[1].data, f[1].len);
        ngx_order_pg_session_close(ngx_order_pg_sessions[id]);
        ngx_order_pg_sessions[id] = NULL;

    } else if (ngx_strcmp(f[0].data, "squery") == 0) {
        id = ngx_atoi(f[1].data, f[1].len);
        query = ngx_order_pg_test_query(tcf, ngx_atoi(f[2].data, f[2].len),
                                        0, &f[3], n - 3);
        ngx_order_pg_session_query(ngx_order_pg_sessions[id], &query->query);

    } else if (ngx_strcmp(f[0].data, "stream") == 0) {
        id = ngx_atoi(f[1].data, f[1].len);
        query = ngx_order_pg_test_query(tcf, ngx_atoi(f[2].data, f[2].len),
                                        0, &f[4], n - 4);
        ngx_order_pg_session_stream(ngx_order_pg_sessions[id], &query->query,
                                    ngx_order_pg_test_row,
                                    ngx_atoi(f[3].data, f[3].len));

    } else if (ngx_strcmp(f[0].data, "closing") == 0) {
        id = ngx_atoi(f[1].data, f[1].len);
        query = ngx_order_pg_test_query(tcf, ngx_atoi(f[2].data, f[2].len),
                                        0, &f[3], n - 3);
        query->close = ngx_order_pg_sessions[id];
        ngx_order_pg_sessions[id] = NULL;
        ngx_order_pg_session_stream(query->close, &query->query,
                                    ngx_order_pg_test_row, 5000);

    } else if (ngx_strcmp(f[0].data, "shut") == 0) {
        ngx_order_pg_pool_close(tcf->pg);
        ngx_order_pg_test_say(tcf, "shut\n");

    } else if (ngx_strcmp(f[0].data, "usage") == 0) {
        getrusage(RUSAGE_SELF, &usage);
        ngx_order_pg_test_say(tcf, "usage\t%M\t%P\n",
            (ngx_msec_t) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                * 1000
            + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000,
            ngx_pid);
    }
}


static ngx_order_pg_test_query_t *
ngx_order_pg_test_query(ngx_order_pg_test_conf_t *tcf, ngx_uint_t id,
    ngx_uint_t lane, ngx_str_t *f, ngx_uint_t n)
{
    ngx_uint_t                  i;
    ngx_order_pg_param_t       *param;
    ngx_order_pg_test_query_t  *query;

    u_char      *name, *sql;

    query = calloc(1, sizeof(ngx_order_pg_test_query_t));

    free(ngx_order_pg_tests[id]);
    ngx_order_pg_tests[id] = query;

    query->conf = tcf;
    query->id = id;

    sql = ngx_pnalloc(ngx_cycle->pool, f[0].len + 1);
    ngx_memcpy(sql, f[0].data, f[0].len + 1);
    query->statement.sql.data = sql;
    query->statement.sql.len = f[0].len;

    name = ngx_pnalloc(ngx_cycle->pool, 16);
    query->statement.name.data = name;
    query->statement.name.len = ngx_sprintf(name, "s%08xD%Z",
                                    ngx_crc32_long(sql, f[0].len)) - name - 1;
    query->statement.lane = lane;

    for (i = 1; i < n; i++) {
        param = &query->params[i - 1];

        if (f[i].data[0] == 'n') {
            continue;
        }

        param->data = ngx_pnalloc(ngx_cycle->pool, f[i].len);
        ngx_memcpy((u_char *) param->data, f[i].data + 2, f[i].len - 1);
        param->len = f[i].len - 2;

        if (f[i].data[0] == 'b') {
            param->binary = 1;
            param->len /= 2;

            for (n = 0; n < param->len; n++) {
                ((u_char *) param->data)[n] =
                                          ngx_hextoi(f[i].data + 2 + 2 * n, 2);
            }

            n = i + 1;
        }
    }

    query->query.statement = ngx_pcalloc(ngx_cycle->pool,
                                         sizeof(ngx_order_pg_statement_t));
    *(ngx_order_pg_statement_t *) query->query.statement = query->statement;
    query->query.params = query->params;
    query->query.nparams = i - 1;
    query->query.handler = ngx_order_pg_test_done;
    query->query.data = query;
    query->query.log = ngx_cycle->log;

    return query;
}


static void
ngx_order_pg_test_row(ngx_order_pg_query_t *q)
{
    ngx_str_t                   value;
    ngx_uint_t                  i;
    ngx_order_pg_test_query_t  *query;

    query = q->data;
    query->rows++;

    for (i = 0; i < ngx_order_pg_columns(q); i++) {
        if (ngx_order_pg_value(q, 0, i, &value) == NGX_OK) {
            query->bytes += value.len;

        } else {
            query->crc++;
        }
    }

    if (query->close) {
        ngx_order_pg_session_close(query->close);
        ngx_order_pg_test_say(query->conf, "closed\t%ui\n", query->id);
    }
}


static void
ngx_order_pg_test_done(ngx_order_pg_query_t *q)
{
    u_char                      hex[512];
    ngx_str_t                   value;
    ngx_uint_t                  rows, columns;
    ngx_order_pg_test_query_t  *query;

    static const char          *names[] = {
        "OK", "REFUSED", "BUSY", "DOWN", "WAITED", "TIMEOUT", "LOST"
    };

    query = q->data;
    rows = ngx_order_pg_rows(q);
    columns = ngx_order_pg_columns(q);

    hex[0] = '\0';
    value.len = 0;

    if (rows && columns && ngx_order_pg_value(q, 0, 0, &value) == NGX_OK) {
        query->crc = ngx_crc32_long(value.data, value.len);
        *ngx_hex_dump(hex, value.data, ngx_min(value.len, 128)) = '\0';

    } else if (rows) {
        ngx_cpystrn(hex, (u_char *) "null", 5);
    }

    ngx_order_pg_test_say(query->conf,
        "%s\t%ui\t%s\t%s\t%M\t%ui\t%ui\t%uz\t%uD\t%s\t%ui\t%uz\t%V\n",
        ngx_order_pg_inside ? "INSIDE" : "answer",
        query->id, names[q->status], q->sqlstate, q->elapsed, rows, columns,
        value.len, query->crc, hex, query->rows, query->bytes, &q->message);
}


static void
ngx_order_pg_test_event(ngx_order_pg_session_t *session,
    ngx_order_pg_event_e event, void *data)
{
    ngx_uint_t          i;

    static const char  *names[] = { "READY", "NOTIFY", "DOWN" };

    for (i = 0; ngx_order_pg_sessions[i] != session; i++) { /* void */ }

    ngx_order_pg_test_say(data, "%s\t%ui\t%s\n",
                          ngx_order_pg_inside ? "INSIDE" : "event",
                          i, names[event]);
}


static void
ngx_order_pg_test_say(ngx_order_pg_test_conf_t *tcf, const char *fmt, ...)
{
    u_char   text[2048], *p;
    va_list  args;

    va_start(args, fmt);
    p = ngx_vslprintf(text, text + sizeof(text), fmt, args);
    va_end(args);

    if (write(tcf->connection->fd, text, p - text) == -1) {
        return;
    }
}
