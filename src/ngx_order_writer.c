
/*
 * JSON, written into memory of a pool that grows as it is needed.
 */


#include <ngx_order_writer.h>


#define NGX_ORDER_WRITER_SIZE  65536


static u_char *ngx_order_write_name(ngx_order_writer_t *w, const char *name,
    size_t len);
static u_char *ngx_order_write_room(ngx_order_writer_t *w, size_t len);
static void ngx_order_write_end(ngx_order_writer_t *w, const u_char *p);


void
ngx_order_write_open(ngx_order_writer_t *w, const char *name, u_char bracket)
{
    u_char  *p;

    p = ngx_order_write_name(w, name, 1);

    if (p) {
        *p++ = bracket;
        ngx_order_write_end(w, p);
    }
}


void
ngx_order_write_close(ngx_order_writer_t *w, u_char bracket)
{
    u_char  *p;

    p = ngx_order_write_room(w, 1);

    if (p) {
        *p++ = bracket;
        ngx_order_write_end(w, p);
    }
}


void
ngx_order_write_text(ngx_order_writer_t *w, const char *name,
    const ngx_str_t *value)
{
    u_char  *p;

    p = ngx_order_write_name(w, name, ngx_order_json_size(value) + 2);

    if (p) {
        *p++ = '"';
        p = ngx_order_json_escape(p, value);
        *p++ = '"';
        ngx_order_write_end(w, p);
    }
}


void
ngx_order_write_string(ngx_order_writer_t *w, const char *name,
    const char *value)
{
    ngx_str_t  text;

    text.data = (u_char *) value;
    text.len = ngx_strlen(value);

    ngx_order_write_text(w, name, &text);
}


void
ngx_order_write_integer(ngx_order_writer_t *w, const char *name,
    int64_t value)
{
    u_char  *p;

    p = ngx_order_write_name(w, name, NGX_INT64_LEN);

    if (p) {
        ngx_order_write_end(w, ngx_sprintf(p, "%L", value));
    }
}


void
ngx_order_write_word(ngx_order_writer_t *w, const char *name,
    const char *word)
{
    u_char  *p;

    p = ngx_order_write_name(w, name, ngx_strlen(word));

    if (p) {
        ngx_order_write_end(w, ngx_cpymem(p, word, ngx_strlen(word)));
    }
}


/* What stands before a value of "len" bytes; returns where the value goes. */

static u_char *
ngx_order_write_name(ngx_order_writer_t *w, const char *name, size_t len)
{
    u_char     *p, last;
    ngx_str_t   text;

    text.data = (u_char *) name;
    text.len = name ? ngx_strlen(name) : 0;

    p = ngx_order_write_room(w, 4 + ngx_order_json_size(&text) + len);

    if (p == NULL) {
        return NULL;
    }

    last = w->text.len ? p[-1] : '{';

    if (last != '{' && last != '[') {
        *p++ = ',';
    }

    if (name) {
        *p++ = '"';
        p = ngx_order_json_escape(p, &text);
        *p++ = '"';
        *p++ = ':';
    }

    return p;
}


/* Where the next "len" bytes go; NULL if there is no memory for them. */

static u_char *
ngx_order_write_room(ngx_order_writer_t *w, size_t len)
{
    u_char  *p;
    size_t   size;

    if (w->failed) {
        return NULL;
    }

    if (w->size - w->text.len >= len) {
        return w->text.data + w->text.len;
    }

    size = 2 * w->size + len + NGX_ORDER_WRITER_SIZE;

    p = ngx_palloc(w->pool, size);
    if (p == NULL) {
        w->failed = 1;
        return NULL;
    }

    if (w->text.len) {
        ngx_memcpy(p, w->text.data, w->text.len);
        (void) ngx_pfree(w->pool, w->text.data);
    }

    w->text.data = p;
    w->size = size;

    return p + w->text.len;
}


static void
ngx_order_write_end(ngx_order_writer_t *w, const u_char *p)
{
    w->text.len = (size_t) (p - w->text.data);
}
