
/*
 * PostgreSQL's binary format -> the vocabulary.  Nothing is copied but
 * records, changes and ids; text points into the answer.
 */


#include <ngx_order_row.h>


/* microseconds from 1970 to 2000, where PostgreSQL's time begins */

#define NGX_ORDER_ROW_2000  INT64_C(946684800000000)


int64_t
ngx_order_row_integer(const ngx_order_pg_query_t *query, ngx_uint_t row,
    ngx_uint_t column, int64_t missing)
{
    uint64_t    n;
    ngx_str_t   value;
    ngx_uint_t  i;

    if (ngx_order_pg_value(query, row, column, &value) != NGX_OK) {
        return missing;
    }

    n = 0;

    for (i = 0; i < value.len; i++) {
        n = n << 8 | value.data[i];
    }

    switch (value.len) {

    case 1:
        return (int64_t) n;

    case 2:
        return (int16_t) n;

    case 4:
        return (int32_t) n;

    case 8:
        return (int64_t) n;

    default:
        return missing;
    }
}


ngx_str_t
ngx_order_row_text(const ngx_order_pg_query_t *query, ngx_uint_t row,
    ngx_uint_t column)
{
    ngx_str_t  value;

    if (ngx_order_pg_value(query, row, column, &value) != NGX_OK) {
        ngx_str_null(&value);
    }

    return value;
}


ngx_int_t
ngx_order_row_id(const ngx_order_pg_query_t *query, ngx_uint_t row,
    ngx_uint_t column, ngx_order_id_t *id)
{
    ngx_str_t  value;

    if (ngx_order_pg_value(query, row, column, &value) != NGX_OK
        || value.len != NGX_ORDER_ID_LEN)
    {
        ngx_memzero(id, sizeof(ngx_order_id_t));
        return NGX_DECLINED;
    }

    ngx_memcpy(id->data, value.data, NGX_ORDER_ID_LEN);

    return NGX_OK;
}


ngx_int_t
ngx_order_row_record(const ngx_order_pg_query_t *query, ngx_uint_t row,
    ngx_uint_t column, ngx_order_record_t *record)
{
    int64_t    epoch, version, status, updated;
    ngx_str_t  number;

    ngx_memzero(record, sizeof(ngx_order_record_t));

    if (ngx_order_row_id(query, row, column, &record->id) != NGX_OK) {
        return NGX_DECLINED;
    }

    epoch = ngx_order_row_integer(query, row, column + 1, -1);
    version = ngx_order_row_integer(query, row, column + 2, -1);
    status = ngx_order_row_integer(query, row, column + 3, -1);
    record->final = ngx_order_row_integer(query, row, column + 4, 0) != 0;
    record->deleted = ngx_order_row_integer(query, row, column + 5, 0) != 0;
    (void) ngx_order_row_id(query, row, column + 6, &record->buyer);
    (void) ngx_order_row_id(query, row, column + 7, &record->seller);
    (void) ngx_order_row_id(query, row, column + 8, &record->driver);
    number = ngx_order_row_text(query, row, column + 9);
    updated = ngx_order_row_integer(query, row, column + 10, INT64_MIN);

    if (epoch < 0 || version < 0 || status < 0 || updated == INT64_MIN
        || number.len > NGX_ORDER_NUMBER_LEN)
    {
        return NGX_ERROR;
    }

    record->epoch = (uint32_t) epoch;
    record->version = (uint32_t) version;
    record->status = (uint16_t) status;
    record->updated = updated + NGX_ORDER_ROW_2000;
    record->number_len = (uint8_t) number.len;
    ngx_memcpy(record->number, number.data, number.len);

    return NGX_OK;
}


ngx_int_t
ngx_order_row_change(const ngx_order_pg_query_t *query, ngx_uint_t row,
    ngx_uint_t column, ngx_order_change_t *change)
{
    size_t     len;
    int64_t    since;
    ngx_int_t  rc;
    ngx_str_t  name;

    ngx_memzero(change, sizeof(ngx_order_change_t));

    rc = ngx_order_row_record(query, row, column, &change->record);

    if (rc != NGX_OK) {
        return rc;
    }

    column += NGX_ORDER_ROW_RECORD;

    change->old_status = (uint16_t) ngx_order_row_integer(query, row, column,
                                                   NGX_ORDER_NO_STATUS);
    (void) ngx_order_row_id(query, row, column + 1, &change->actor);
    name = ngx_order_row_text(query, row, column + 2);
    change->admins = ngx_order_row_integer(query, row, column + 3, 0) != 0;
    since = ngx_order_row_integer(query, row, column + 4, INT64_MIN);
    change->stuck_since = (since == INT64_MIN) ? 0
                                               : since + NGX_ORDER_ROW_2000;

    len = name.len;

    if (len > NGX_ORDER_ACTOR_NAME) {
        len = NGX_ORDER_ACTOR_NAME;

        /* not within a character */

        while (len && (name.data[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    change->name_len = (uint8_t) len;

    if (len) {
        ngx_memcpy(change->name, name.data, len);
    }

    return NGX_OK;
}
