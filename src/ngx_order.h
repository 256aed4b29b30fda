
/*
 * The vocabulary: ids, roles, identities and the record of an order.
 *
 * Nothing here allocates, logs or knows where a value came from.
 */


#ifndef _NGX_ORDER_H_INCLUDED_
#define _NGX_ORDER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_ORDER_VERSION      "1.0.0"

#define NGX_ORDER_ID_LEN       16      /* bytes of a UUID */
#define NGX_ORDER_ID_TEXT      36      /* characters of its canonical text */
#define NGX_ORDER_NUMBER_LEN   20      /* bytes of an order number, at most */
#define NGX_ORDER_TIME_TEXT    24      /* 2026-11-21T02:12:00.123Z */


/* roles are bits, so that a route may name a set of them */

#define NGX_ORDER_CUSTOMER     0x01
#define NGX_ORDER_MANAGER      0x02
#define NGX_ORDER_DRIVER       0x04
#define NGX_ORDER_ADMIN        0x08
#define NGX_ORDER_SYSTEM       0x10


typedef struct {
    u_char             data[NGX_ORDER_ID_LEN];
} ngx_order_id_t;


/* who is calling, as a verified token says */

typedef struct {
    ngx_order_id_t     user;
    ngx_uint_t         role;           /* one NGX_ORDER_* bit */
    time_t             expires;        /* seconds since the epoch, UTC */
} ngx_order_identity_t;


/*
 * One version of an order, in the form every copy of it has: the row that
 * PostgreSQL sends, the entry in shared memory, the change notice.
 * A record replaces another of the same order if its (epoch, version) is
 * greater; nothing else ever does.
 */

typedef struct {
    ngx_order_id_t     id;
    ngx_order_id_t     buyer;
    ngx_order_id_t     seller;         /* the user who manages the store */
    ngx_order_id_t     driver;         /* all zero: none is assigned */
    uint32_t           epoch;          /* timeline of the database */
    uint32_t           version;        /* 1 and up */
    int64_t            updated;        /* microseconds since 1970, UTC */
    uint16_t           status;         /* id of a status of a workflow */
    uint8_t            final;          /* no transition leads out of status */
    uint8_t            deleted;
    uint8_t            number_len;
    u_char             number[NGX_ORDER_NUMBER_LEN];
} ngx_order_record_t;


#define ngx_order_stamp(record)                                              \
    ((uint64_t) (record)->epoch << 32 | (record)->version)

#define ngx_order_id_eq(a, b)                                                \
    (ngx_memcmp((a)->data, (b)->data, NGX_ORDER_ID_LEN) == 0)


/*
 * Reads a UUID in its canonical form, 8-4-4-4-12 hexadecimal digits of either
 * case.  Returns NGX_OK, or NGX_ERROR for anything else.
 */
ngx_int_t ngx_order_id_parse(ngx_order_id_t *id, const u_char *text,
    size_t len);

/* Writes the 36 characters of the id, lower case; returns the end. */
u_char *ngx_order_id_print(u_char *p, const ngx_order_id_t *id);

/*
 * Is this text an order number: 1 to 20 characters of [A-Z0-9-], the first a
 * letter, and not a UUID.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_order_number_check(const u_char *text, size_t len);

/* Writes a number in decimal, 20 digits at most; returns the end. */
u_char *ngx_order_integer_print(u_char *p, uint64_t n);

/*
 * Writes microseconds since 1970 as 24 characters, 2026-11-21T02:12:00.123Z,
 * for the years 1970 to 9999; returns the end.
 */
u_char *ngx_order_time_print(u_char *p, int64_t usec);

/*
 * The role of that name, 0 if there is none.  "buyer" means customer,
 * "seller" and "store_manager" mean manager.
 */
ngx_uint_t ngx_order_role(const ngx_str_t *name);

/* The name of one role. */
const ngx_str_t *ngx_order_role_name(ngx_uint_t role);

/* May this caller see this order: its buyer, seller, driver, an admin or the
 * system. */
ngx_uint_t ngx_order_may_see(const ngx_order_identity_t *identity,
    const ngx_order_record_t *record);


#endif /* _NGX_ORDER_H_INCLUDED_ */
