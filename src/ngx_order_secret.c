
/*
 * Files with secrets.
 */


#include <ngx_order_secret.h>


ngx_int_t
ngx_order_secret_read(ngx_conf_t *cf, const char *what, ngx_str_t *file,
    size_t max, ngx_str_t *text)
{
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_err_t  err;

    text->data = ngx_pnalloc(cf->temp_pool, max);

    if (text->data == NULL || ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK)
    {
        return NGX_ERROR;
    }

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "%s " ngx_open_file_n " \"%V\" failed", what,
                           file);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, text->data, max);
    err = (n < 0) ? ngx_errno : 0;

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", file);
    }

    if (n < 0 || (size_t) n == max) {
        ngx_explicit_memzero(text->data, max);
        ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                           "%s \"%V\" cannot be read or is too large", what,
                           file);
        return NGX_ERROR;
    }

    text->len = (size_t) n;

    return NGX_OK;
}
