
/*
 * What the columns of an answer hold: PostgreSQL's binary format -> the
 * vocabulary.
 */


#ifndef _NGX_ORDER_ROW_H_INCLUDED_
#define _NGX_ORDER_ROW_H_INCLUDED_


#include <ngx_order_pg.h>
#include <ngx_order_ring.h>


/* int2, int4, int8 or bool; "missing" for a NULL or a value of other size */
int64_t ngx_order_row_integer(const ngx_order_pg_query_t *query,
    ngx_uint_t row, ngx_uint_t column, int64_t missing);

/* text, not NUL-terminated; a NULL has len 0 and data NULL */
ngx_str_t ngx_order_row_text(const ngx_order_pg_query_t *query,
    ngx_uint_t row, ngx_uint_t column);

/* uuid: NGX_OK; NGX_DECLINED for a NULL, *id is zeroed then */
ngx_int_t ngx_order_row_id(const ngx_order_pg_query_t *query,
    ngx_uint_t row, ngx_uint_t column, ngx_order_id_t *id);

/*
 * The columns of api.record, from "column" on.  NGX_OK; NGX_DECLINED where
 * they are NULL; NGX_ERROR if they are not what they should be.
 */
#define NGX_ORDER_ROW_RECORD   11      /* columns of a record */

ngx_int_t ngx_order_row_record(const ngx_order_pg_query_t *query,
    ngx_uint_t row, ngx_uint_t column, ngx_order_record_t *record);

/*
 * The columns of a change, from "column" on: a record's, old_status, actor,
 * actor_name, notify_admins, stuck_since.  A name that is too long is cut.  As
 * above.
 */
ngx_int_t ngx_order_row_change(const ngx_order_pg_query_t *query,
    ngx_uint_t row, ngx_uint_t column, ngx_order_change_t *change);


#endif /* _NGX_ORDER_ROW_H_INCLUDED_ */
