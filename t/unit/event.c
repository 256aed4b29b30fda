
/*
 * Events: places, what is said of a change, and the words of notifications.
 * The database's rows are played here.
 */


#include <test.h>
#include <ngx_order_event.h>
#include <jansson.h>


#define ORDER   "01890a5d-ac96-774b-bcce-b302099a8057"
#define BUYER   "00000000-0000-7000-8000-000000000101"
#define SELLER  "00000000-0000-7000-8000-000000000103"
#define DRIVER  "00000000-0000-7000-8000-000000000107"
#define ADMIN   "00000000-0000-7000-8000-000000000109"

#define PENDING    21
#define CONFIRMED  22
#define PREPARING  2
#define LONGEST    1023
#define WORDY      7
#define UNKNOWN    99


typedef struct {
    int          id;
    const char  *code;
    const char  *label;
    const char  *emoji;
    const char  *message;
    int          final;
    int          opens;
    const char  *words[NGX_ORDER_STATUS_PIECES];
} row_t;


static char  longest[321], title[401], wordy[251];

static row_t  rows[] = {
    { PENDING, "pending", "Pending", "P", "Waiting for seller...", 0, 0,
      { "order_update", "T0", "Order ", ": P Waiting for seller...",
        "order_update", "T1", "Order ", " is now Pending",
        "order_created", "T2", "Your order ", " has been confirmed",
        "new_order", "T3", "You have a new order ", "",
        "order_stuck", "T4", "Order ", " is Pending since " } },
    { CONFIRMED, "confirmed", "Con\"firmed", "\xe2\x9c\x94", "Seller\\!", 1,
      0,
      { "order_update", "T0", "Order ", ": \xe2\x9c\x94 Seller\\!",
        "order_update", "T1", "Order ", " is now Con\"firmed",
        "order_created", "T2", "Your order ", " has been confirmed",
        "new_order", "T3", "You have a new order ", "",
        "order_stuck", "T4", "Order ", " is Con\"firmed since " } },
    { PREPARING, "preparing", "Preparing", "C", "Soon", 0, 1,
      { "order_update", "T", "b", "a", "order_update", "T", "b", "a",
        "order_created", "T", "b", "a", "new_order", "T", "b", "a",
        "order_stuck", "T", "b", "a" } },
    { LONGEST, "abcdefghijklmnopqrstuvwxyz_123", longest, "", "", 0, 1,
      { "order_update", title, "", "", "order_update", "T", "", "",
        "order_created", "T", "b", "a", "new_order", "T", "b", "a",
        "order_stuck", "T", "b", "a" } },
    { WORDY, "wordy", wordy, "", "", 0, 0,
      { "order_update", wordy, wordy, "", "order_update", wordy, wordy, "",
        "order_created", "T", "b", "a", "new_order", "T", "b", "a",
        "order_stuck", "T", "b", "a" } },
    { 1024, "beyond", "", "", "", 0, 0, { "" } },
    { 8, "a_code_that_is_longer_than_thirty", "", "", "", 0, 0, { "" } },
};


static ngx_order_shared_t    *shared;
static ngx_order_statuses_t  *labels;
static ngx_order_change_t     change;
static ngx_order_place_t      place = { 1, 5, 0xabc, 0x2a };
static size_t                 length;


/* --- the database */


ngx_uint_t
ngx_order_pg_rows(const ngx_order_pg_query_t *query)
{
    (void) query;

    return sizeof(rows) / sizeof(rows[0]);
}


static ngx_int_t
integer(ngx_str_t *value, uint32_t n)
{
    static u_char  bytes[4];

    bytes[0] = (u_char) (n >> 24);
    bytes[1] = (u_char) (n >> 16);
    bytes[2] = (u_char) (n >> 8);
    bytes[3] = (u_char) n;

    value->data = bytes;
    value->len = 4;

    return NGX_OK;
}


ngx_int_t
ngx_order_pg_value(const ngx_order_pg_query_t *query, ngx_uint_t row,
    ngx_uint_t column, ngx_str_t *value)
{
    const row_t  *r = &rows[row];

    (void) query;

    switch (column) {

    case 0:
        return integer(value, r->id);

    case 2:
        *value = str(r->code);
        return NGX_OK;

    case 3:
        *value = str(r->label);
        return NGX_OK;

    case 4:
        *value = str(r->emoji);
        return NGX_OK;

    case 5:
        *value = str(r->message);
        return NGX_OK;

    case 8:
        return integer(value, r->final);

    case 9:
        return r->final ? NGX_DECLINED : integer(value, 30);

    case 12:
        return integer(value, r->opens);

    default:
        if (column < 13) {
            return integer(value, 3);
        }

        if (r->words[column - 13] == NULL) {
            return NGX_DECLINED;
        }

        *value = str(r->words[column - 13]);
        return NGX_OK;
    }
}


/* --- what the tests say */


static ngx_order_id_t
id(const char *text)
{
    ngx_order_id_t  parsed;

    memset(&parsed, 0, sizeof(parsed));

    if (*text && ngx_order_id_parse(&parsed, (u_char *) text, strlen(text))
                 != NGX_OK)
    {
        abort();
    }

    return parsed;
}


static void
named(const char *actor, const char *name)
{
    change.actor = id(actor);
    change.name_len = (uint8_t) strlen(name);
    memcpy(change.name, name, strlen(name));
}


/* the change that each test begins with */

static void
begin(int old_status, int status)
{
    memset(&change, 0, sizeof(change));

    change.record.id = id(ORDER);
    change.record.buyer = id(BUYER);
    change.record.seller = id(SELLER);
    change.record.epoch = 1;
    change.record.version = 5;
    change.record.updated = INT64_C(1795227120123456);
    change.record.status = (uint16_t) status;
    change.record.number_len = 15;
    memcpy(change.record.number, "ORD-2026-000123", 15);
    change.old_status = (uint16_t) old_status;
    named(SELLER, "Alice Store");
}


/* The message, in as much memory as it may have; NULL if there is none or it
 * is no JSON.  "delivery" and "notice" stand for a dialect. */

#define DELIVERY  NGX_ORDER_DIALECTS
#define NOTICE    (NGX_ORDER_DIALECTS + 1)

static json_t *
rendered(ngx_order_audience_e audience, int dialect)
{
    u_char        *buf, *last;
    json_t        *root;
    json_error_t   error;

    buf = malloc(NGX_ORDER_EVENT_BODY);

    last = (dialect == NOTICE)
           ? ngx_order_event_notice(buf, labels, shared, &change, &place)
           : (dialect == DELIVERY)
           ? ngx_order_event_delivery(buf, labels, shared, &change, &place)
           : ngx_order_event_change(buf, labels, shared, &change, &place,
                                    audience, dialect);
    root = NULL;
    length = 0;

    if (last) {
        length = last - buf;
        root = json_loadb((char *) buf, length, JSON_REJECT_DUPLICATES,
                          &error);

        if (root == NULL) {
            note("no JSON: %s: %.*s", error.text, (int) length, buf);
        }
    }

    free(buf);

    return root;
}


static void
says(json_t *root, const char *expected, const char *title)
{
    char          *text;
    json_t        *other;
    json_error_t   error;

    other = json_loads(expected, 0, &error);

    if (other == NULL) {
        note("expected: %s", error.text);
    }

    if (!ok(root && other && json_equal(root, other), "%s", title)) {
        text = root ? json_dumps(root, 0) : NULL;
        note("got %s", text ? text : "nothing");
        free(text);
    }

    json_decref(root);
    json_decref(other);
}


/* one member of a message, and what it is */

static void
member(ngx_order_audience_e audience, int dialect, const char *name,
    const char *expected, const char *title)
{
    json_t  *root;

    root = rendered(audience, dialect);
    says(json_incref(json_object_get(root, name)), expected, title);
    json_decref(root);
}


static void
no_member(ngx_order_audience_e audience, const char *name, const char *title)
{
    json_t  *root;

    root = rendered(audience, NGX_ORDER_STATUS_UPDATE);
    ok(root && json_object_get(root, name) == NULL, "%s", title);
    json_decref(root);
}


/* --- places */


static void
round_trip(uint32_t epoch, uint32_t version, uint64_t generation,
    uint64_t seq, const char *expected)
{
    u_char             buf[NGX_ORDER_EVENT_ID];
    ngx_str_t          text;
    ngx_order_place_t  in, out;

    in.epoch = epoch;
    in.version = version;
    in.generation = generation;
    in.seq = seq;

    text.data = buf;
    text.len = ngx_order_place_print(buf, &in) - buf;
    is(&text, expected, "a place is %s", expected);

    memset(&out, 0xff, sizeof(out));
    ok(ngx_order_place_parse(&out, text.data, text.len) == NGX_OK
       && memcmp(&in, &out, sizeof(in)) == 0, "and is read back");
}


static void
places(void)
{
    size_t              i;
    ngx_str_t           text;
    ngx_order_place_t   out, before;

    static const char  *bad[] = {
        "", ".", "...", "1", "1.2", "1.2.3", "1.2.3.", ".2.3.4", "1..3.4",
        "1.2.3.4.", "1.2.3.4.5", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n",
        "+1.2.3.4", "-1.2.3.4", "1.-2.3.4", "1.2.+3.4", "1.2.0x3.4",
        "01.2.3.4", "1.02.3.4", "1.2.03.4", "1.2.3.00", "a.2.3.4",
        "1.b.3.4", "1.2.g.4", "1.2.A.4", "1.2.3.F", "1,2,3,4",
        "4294967296.2.3.4", "1.4294967296.3.4", "42949672950.2.3.4",
        "1.2.10000000000000000.4", "1.2.3.10000000000000000",
        "18446744073709551617.2.3.4",
        "99999999999999999999999999999999999999.2.3.4",
    };

    round_trip(0, 0, 0, 0, "0.0.0.0");
    round_trip(1, 17, 0xabcdef, 10, "1.17.abcdef.a");
    round_trip(UINT32_MAX, UINT32_MAX, UINT64_MAX, UINT64_MAX,
               "4294967295.4294967295.ffffffffffffffff.ffffffffffffffff");
    round_trip(INT32_MAX, 1U << 31, 1ULL << 63, INT64_MAX,
               "2147483647.2147483648.8000000000000000.7fffffffffffffff");

    memset(&before, 0x5a, sizeof(before));

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        out = before;
        text = str(bad[i]);
        ok(ngx_order_place_parse(&out, text.data, text.len) == NGX_ERROR
           && memcmp(&out, &before, sizeof(out)) == 0,
           "no place: \"%s\"", bad[i]);
    }

    ok(ngx_order_place_parse(&out, (u_char *) "1.2.3\0004", 7) == NGX_ERROR,
       "nor with a NUL in it");
}


/* --- changes */


#define S3_ORDER                                                             \
    "{\"_id\":\"" ORDER "\",\"orderNumber\":\"ORD-2026-000123\","             \
    "\"status\":\"confirmed\",\"oldStatus\":\"pending\",\"updatedBy\":"       \
    "{\"_id\":\"" SELLER "\",\"name\":\"Alice Store\"},"                      \
    "\"updatedAt\":\"2026-11-21T02:12:00.123Z\",\"version\":5,"               \
    "\"final\":true,\"deleted\":false}"

#define STATE                                                                \
    "{\"order_id\":\"" ORDER "\",\"order_number\":\"ORD-2026-000123\","       \
    "\"status\":\"confirmed\",\"status_label\":\"Con\\\"firmed\","            \
    "\"status_emoji\":\"\xe2\x9c\x94\",\"message\":\"Seller\\\\!\","          \
    "\"progress_step\":3,\"progress_total\":3,\"version\":5,"                 \
    "\"updated_at\":\"2026-11-21T02:12:00.123Z\",\"final\":true,"             \
    "\"poll_after\":null}"

#define NOTIFICATION(type, title, message, status)                           \
    "{\"type\":\"" type "\",\"title\":\"" title "\",\"message\":\""           \
    message "\",\"priority\":\"medium\","                                    \
    "\"createdAt\":\"2026-11-21T02:12:00.123Z\",\"data\":"                    \
    "{\"orderId\":\"" ORDER "\",\"orderNumber\":\"ORD-2026-000123\","         \
    "\"status\":" status "}}"

#define TO_BUYER                                                             \
    NOTIFICATION("order_update", "T0",                                       \
                 "Order ORD-2026-000123: \xe2\x9c\x94 Seller\\\\!",          \
                 "\"confirmed\",\"oldStatus\":\"pending\"")

#define TO_STAFF                                                             \
    NOTIFICATION("order_update", "T1",                                       \
                 "Order ORD-2026-000123 is now Con\\\"firmed",               \
                 "\"confirmed\",\"oldStatus\":\"pending\"")


static void
updates(void)
{
    begin(PENDING, CONFIRMED);
    change.record.final = 1;

    says(rendered(NGX_ORDER_TO_BUYER, NGX_ORDER_STATUS_UPDATE),
         "{\"type\":\"order_status_update\",\"id\":\"1.5.abc.2a\",\"order\":"
         S3_ORDER ",\"state\":" STATE ",\"notification\":" TO_BUYER "}",
         "S3: the buyer's message");
    says(rendered(NGX_ORDER_TO_STAFF, NGX_ORDER_STATUS_UPDATE),
         "{\"type\":\"order_status_update\",\"id\":\"1.5.abc.2a\",\"order\":"
         S3_ORDER ",\"state\":" STATE ",\"notification\":" TO_STAFF "}",
         "the seller's");
    says(rendered(NGX_ORDER_TO_OTHERS, NGX_ORDER_STATUS_UPDATE),
         "{\"type\":\"order_status_update\",\"id\":\"1.5.abc.2a\",\"order\":"
         S3_ORDER ",\"state\":" STATE "}", "anybody else's");

    says(rendered(NGX_ORDER_TO_BUYER, NGX_ORDER_UPDATE),
         "{\"type\":\"order_update\",\"id\":\"1.5.abc.2a\",\"orderId\":\""
         ORDER "\",\"update\":" S3_ORDER ",\"state\":" STATE
         ",\"notification\":" TO_BUYER "}", "S4: the buyer's message");
    says(rendered(NGX_ORDER_TO_STAFF, NGX_ORDER_UPDATE),
         "{\"type\":\"order_update\",\"id\":\"1.5.abc.2a\",\"orderId\":\""
         ORDER "\",\"update\":" S3_ORDER ",\"state\":" STATE
         ",\"notification\":" TO_STAFF "}", "the seller's");
    says(rendered(NGX_ORDER_TO_OTHERS, NGX_ORDER_UPDATE),
         "{\"type\":\"order_update\",\"id\":\"1.5.abc.2a\",\"orderId\":\""
         ORDER "\",\"update\":" S3_ORDER ",\"state\":" STATE "}",
         "anybody else's");
}


static void
state(void)
{
    u_char   poll[NGX_ORDER_WORKFLOW_BODY], event[NGX_ORDER_EVENT_BODY];
    u_char  *poll_last, *event_last;

    begin(PENDING, CONFIRMED);

    poll_last = ngx_order_workflow_render(poll,
                    ngx_order_workflow_status(labels, shared, CONFIRMED),
                    &change.record);
    event_last = ngx_order_event_change(event, labels, shared, &change,
                                        &place, NGX_ORDER_TO_OTHERS,
                                        NGX_ORDER_STATUS_UPDATE);

    *event_last = '\0';
    *poll_last = '\0';

    ok(strstr((char *) event, (char *) poll) != NULL,
       "the state is the poll's body, to the byte");
    ok(memchr(event, '\n', event_last - event) == NULL, "on one line");
}


static void
kinds(void)
{
    json_t  *root;

    /* a new order */

    begin(NGX_ORDER_NO_STATUS, PENDING);
    member(NGX_ORDER_TO_BUYER, NGX_ORDER_STATUS_UPDATE, "notification",
           NOTIFICATION("order_created", "T2",
                        "Your order ORD-2026-000123 has been confirmed",
                        "\"pending\""),
           "a new order: the buyer's notification");
    member(NGX_ORDER_TO_STAFF, NGX_ORDER_UPDATE, "notification",
           NOTIFICATION("new_order", "T3",
                        "You have a new order ORD-2026-000123",
                        "\"pending\""), "the seller's");
    no_member(NGX_ORDER_TO_OTHERS, "notification", "nobody else's");
    named("", "");
    member(NGX_ORDER_TO_BUYER, NGX_ORDER_STATUS_UPDATE, "order",
           "{\"_id\":\"" ORDER "\",\"orderNumber\":\"ORD-2026-000123\","
           "\"status\":\"pending\",\"oldStatus\":null,\"updatedBy\":"
           "{\"_id\":\"system\",\"name\":\"System\"},"
           "\"updatedAt\":\"2026-11-21T02:12:00.123Z\",\"version\":5,"
           "\"final\":false,\"deleted\":false}",
           "it had no status before; by no user");

    /* another change */

    begin(PENDING, PENDING);
    no_member(NGX_ORDER_TO_BUYER, "notification",
              "the status stays: no notification for the buyer");
    no_member(NGX_ORDER_TO_STAFF, "notification", "nor for the seller");
    named(BUYER, "");
    member(NGX_ORDER_TO_OTHERS, NGX_ORDER_UPDATE, "update",
           "{\"_id\":\"" ORDER "\",\"orderNumber\":\"ORD-2026-000123\","
           "\"status\":\"pending\",\"oldStatus\":\"pending\",\"updatedBy\":"
           "{\"_id\":\"" BUYER "\",\"name\":\"\"},"
           "\"updatedAt\":\"2026-11-21T02:12:00.123Z\",\"version\":5,"
           "\"final\":false,\"deleted\":false}",
           "the old status is the same; by somebody without a name");

    /* deleted */

    change.record.deleted = 1;
    no_member(NGX_ORDER_TO_BUYER, "state", "deleted: no state");
    no_member(NGX_ORDER_TO_BUYER, "notification", "no notification");
    member(NGX_ORDER_TO_STAFF, NGX_ORDER_STATUS_UPDATE, "order",
           "{\"_id\":\"" ORDER "\",\"orderNumber\":\"ORD-2026-000123\","
           "\"status\":\"pending\",\"oldStatus\":\"pending\",\"updatedBy\":"
           "{\"_id\":\"" BUYER "\",\"name\":\"\"},"
           "\"updatedAt\":\"2026-11-21T02:12:00.123Z\",\"version\":5,"
           "\"final\":false,\"deleted\":true}", "but all else");

    /* names */

    begin(PENDING, PENDING);
    named(SELLER, "\"A\\\x01\n\xc3\xa9\xf0\x9f\x98\x80\xc3");
    root = rendered(NGX_ORDER_TO_OTHERS, NGX_ORDER_STATUS_UPDATE);
    says(json_incref(json_object_get(json_object_get(root, "order"),
                                     "updatedBy")),
         "{\"_id\":\"" SELLER "\",\"name\":\"\\\"A\\\\\\u0001\\n"
         "\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd\"}",
         "a name is escaped, and what is not UTF-8 replaced");
    json_decref(root);

    /* statuses that nobody knows */

    begin(PENDING, UNKNOWN);
    ok(rendered(NGX_ORDER_TO_BUYER, NGX_ORDER_STATUS_UPDATE) == NULL
       && length == 0, "nothing is said of an unknown status");
    ok(rendered(0, DELIVERY) == NULL && length == 0, "nor to drivers");
    begin(UNKNOWN, PENDING);
    ok(rendered(NGX_ORDER_TO_BUYER, NGX_ORDER_UPDATE) == NULL && length == 0,
       "nor of an unknown one before");
    ok(rendered(0, DELIVERY) == NULL && length == 0, "nor to drivers");
    begin(2000, 1024);
    ok(rendered(NGX_ORDER_TO_BUYER, NGX_ORDER_UPDATE) == NULL && length == 0,
       "nor of one beyond all");
}


/* --- the longest of everything */


static void
longest_of_all(void)
{
    int     dialect, audience, old;
    size_t  most = 0;
    json_t  *root;

    begin(LONGEST, LONGEST);
    memset(&change.record.id, 0xff, sizeof(ngx_order_id_t));
    memset(&change.actor, 0xff, sizeof(ngx_order_id_t));
    memset(change.name, 0x01, NGX_ORDER_ACTOR_NAME);
    change.name_len = 255;
    memset(change.record.number, 'A', NGX_ORDER_NUMBER_LEN);
    change.record.number_len = NGX_ORDER_NUMBER_LEN;
    change.record.version = UINT32_MAX;
    place.epoch = place.version = UINT32_MAX;
    place.generation = place.seq = UINT64_MAX;

    /* from another status that is as long */

    labels->status[500] = labels->status[LONGEST];

    for (old = 0; old < 2; old++) {
        change.old_status = old ? 500 : NGX_ORDER_NO_STATUS;

        for (dialect = 0; dialect < NGX_ORDER_DIALECTS; dialect++) {
            for (audience = 0; audience < NGX_ORDER_AUDIENCES; audience++) {
                root = rendered(audience, dialect);
                ok(root && length <= NGX_ORDER_EVENT_BODY
                   && (json_object_get(root, "notification") != NULL)
                      == (audience != NGX_ORDER_TO_OTHERS),
                   "the longest fits: %d %d %d", dialect, audience, old);
                json_decref(root);
                most = ngx_max(most, length);
            }
        }
    }

    change.stuck_since = INT64_C(253402300799999999);
    root = rendered(0, NOTICE);
    ok(root && length <= most, "the longest notice is shorter");
    json_decref(root);

    note("%d bytes of %d", (int) most, NGX_ORDER_EVENT_BODY);

    memset(&labels->status[500], 0, sizeof(labels->status[500]));
    place = (ngx_order_place_t) { 1, 5, 0xabc, 0x2a };
}


static void
read_labels(ngx_pool_t *pool)
{
    ngx_str_t                  code;
    ngx_order_words_t          words;
    ngx_order_pg_query_t       query;
    const ngx_order_status_t  *status;

    memset(&query, 0, sizeof(query));
    query.log = &test_log;

    /* as long as fits; and longer than words may be */

    memset(longest, 'l', sizeof(longest) - 1);
    memset(title, 't', sizeof(title) - 1);
    memset(wordy, 'w', sizeof(wordy) - 1);

    shared = calloc(1, sizeof(ngx_order_shared_t));
    labels = ngx_order_workflow_create(pool);

    ok(ngx_order_workflow_publish(shared, &query) == NGX_OK,
       "the labels are read");
    ok(sizeof(ngx_order_status_t) <= 1024, "a status has 1024 bytes at most");

    status = ngx_order_workflow_status(labels, shared, CONFIRMED);
    code = ngx_order_workflow_code(status);
    is(&code, "confirmed", "a status has its code");
    ok(ngx_order_workflow_words(status, NGX_ORDER_CREATION_TO_STAFF, &words)
       == NGX_OK, "and words");
    is(&words.before, "You have a new order ", "where the number follows");
    is(&words.after, "", "and nothing more");

    status = ngx_order_workflow_status(labels, shared, WORDY);
    ok(status != NULL, "one whose words are too long can be polled");
    ok(status && ngx_order_workflow_words(status, NGX_ORDER_UPDATE_TO_BUYER,
                                          &words)
                 == NGX_DECLINED, "without words");

    begin(PENDING, WORDY);
    no_member(NGX_ORDER_TO_BUYER, "notification",
              "and a push has no notification then");

    ok(ngx_order_workflow_status(labels, shared, 8) == NULL,
       "one with a code that no workflow may have is left out");
    ok(strstr(logged, "status 8 is left out") != NULL, "which is logged");
}


/* --- who is told what */


static void
told(const char *user, ngx_uint_t role, ngx_order_audience_e expected,
    const char *title)
{
    ngx_order_identity_t  identity;

    memset(&identity, 0, sizeof(identity));
    identity.user = id(user);
    identity.role = role;

    ok(ngx_order_event_audience(&identity, &change) == expected, "%s", title);
}


static void
audiences(void)
{
    begin(PENDING, CONFIRMED);
    change.record.driver = id(DRIVER);

    told(BUYER, NGX_ORDER_CUSTOMER, NGX_ORDER_TO_BUYER, "to the buyer");
    told(BUYER, NGX_ORDER_ADMIN, NGX_ORDER_TO_BUYER, "whatever the role");
    told(SELLER, NGX_ORDER_MANAGER, NGX_ORDER_TO_STAFF, "to the seller");
    told(DRIVER, NGX_ORDER_DRIVER, NGX_ORDER_TO_OTHERS, "not to the driver");
    told(ADMIN, NGX_ORDER_ADMIN, NGX_ORDER_TO_OTHERS,
         "not to an admin of a store that does not want it");
    told(ADMIN, NGX_ORDER_SYSTEM, NGX_ORDER_TO_OTHERS, "not to the system");
    told("", NGX_ORDER_CUSTOMER, NGX_ORDER_TO_OTHERS, "not to nobody");

    change.admins = 1;
    told(ADMIN, NGX_ORDER_ADMIN, NGX_ORDER_TO_STAFF,
         "to an admin of one that does");
    told(ADMIN, NGX_ORDER_SYSTEM, NGX_ORDER_TO_OTHERS, "to no other role");
    change.record.seller = id("");
    told("", NGX_ORDER_CUSTOMER, NGX_ORDER_TO_OTHERS,
         "nobody is no seller either");

    begin(NGX_ORDER_NO_STATUS, PENDING);
    change.admins = 1;
    told(BUYER, NGX_ORDER_CUSTOMER, NGX_ORDER_TO_BUYER,
         "a new order: to the buyer");
    told(SELLER, NGX_ORDER_MANAGER, NGX_ORDER_TO_STAFF, "to the seller");
    told(ADMIN, NGX_ORDER_ADMIN, NGX_ORDER_TO_OTHERS, "to no admin");

    begin(PENDING, PENDING);
    change.admins = 1;
    told(BUYER, NGX_ORDER_CUSTOMER, NGX_ORDER_TO_OTHERS,
         "the same status: nobody is notified");
    told(SELLER, NGX_ORDER_MANAGER, NGX_ORDER_TO_OTHERS, "not the seller");
    told(ADMIN, NGX_ORDER_ADMIN, NGX_ORDER_TO_OTHERS, "no admin");

    begin(PENDING, CONFIRMED);
    change.record.deleted = 1;
    told(BUYER, NGX_ORDER_CUSTOMER, NGX_ORDER_TO_OTHERS,
         "nor of what is deleted");
}


/* --- notices */


static void
noticed(const char *user, ngx_uint_t role, int expected, const char *title)
{
    ngx_order_identity_t  identity;

    memset(&identity, 0, sizeof(identity));
    identity.user = id(user);
    identity.role = role;

    ok((int) ngx_order_event_noticed(&identity, &change) == expected, "%s",
       title);
}


static void
notices(void)
{
    begin(CONFIRMED, CONFIRMED);
    change.record.driver = id(DRIVER);
    change.record.updated = INT64_C(1795399920999999);
    change.stuck_since = INT64_C(1795227179999999);
    change.admins = 1;

    says(rendered(0, NOTICE),
         "{\"type\":\"notification\",\"id\":\"1.5.abc.2a\","
         "\"notification\":{\"type\":\"order_stuck\",\"title\":\"T4\","
         "\"message\":\"Order ORD-2026-000123 is Con\\\"firmed since "
         "2026-11-21 02:12 UTC\",\"priority\":\"high\","
         "\"createdAt\":\"2026-11-23T02:12:00.999Z\",\"data\":{"
         "\"orderId\":\"" ORDER "\",\"orderNumber\":\"ORD-2026-000123\","
         "\"status\":\"confirmed\"}}}", "an order is stuck");

    noticed(SELLER, NGX_ORDER_MANAGER, 1, "the seller is told");
    noticed(SELLER, NGX_ORDER_ADMIN, 1, "whatever the role");
    noticed(BUYER, NGX_ORDER_CUSTOMER, 0, "the buyer is not");
    noticed(DRIVER, NGX_ORDER_DRIVER, 0, "nor the driver");
    noticed(ADMIN, NGX_ORDER_ADMIN, 0, "nor an admin");
    noticed(ADMIN, NGX_ORDER_SYSTEM, 0, "nor the system");
    change.record.seller = id("");
    noticed("", NGX_ORDER_MANAGER, 0, "nor is nobody");

    change.record.status = WORDY;
    ok(rendered(0, NOTICE) == NULL && length == 0,
       "nothing is said without words");
    change.record.status = UNKNOWN;
    ok(rendered(0, NOTICE) == NULL && length == 0,
       "nor of an unknown status");
}


static void
delivery(int old_status, int status, const char *driver, int deleted,
    int expected, const char *title)
{
    json_t  *root;

    begin(old_status, status);
    change.record.driver = id(driver);
    change.record.deleted = (uint8_t) deleted;

    root = rendered(0, DELIVERY);

    ok(expected == -1 ? root == NULL
                      : json_is_boolean(json_object_get(root, "open"))
                        && json_is_true(json_object_get(root, "open"))
                           == expected,
       "deliveries: %s", title);

    json_decref(root);
}


static void
deliveries(void)
{
    begin(PENDING, PREPARING);
    says(rendered(0, DELIVERY),
         "{\"type\":\"delivery_request\",\"id\":\"1.5.abc.2a\",\"order\":"
         "{\"_id\":\"" ORDER "\",\"orderNumber\":\"ORD-2026-000123\","
         "\"version\":5,\"updatedAt\":\"2026-11-21T02:12:00.123Z\"},"
         "\"open\":true}", "a delivery opens");

    delivery(PENDING, PREPARING, "", 0, 1, "without a driver it opens");
    delivery(PENDING, PREPARING, DRIVER, 0, -1, "with one it does not");
    delivery(PREPARING, PREPARING, "", 0, -1, "it stays open");
    delivery(PREPARING, LONGEST, "", 0, -1, "also in the next such status");
    delivery(PREPARING, PREPARING, DRIVER, 0, 0, "a driver closes it");
    delivery(PREPARING, CONFIRMED, "", 0, 0, "so does another status");
    delivery(PREPARING, CONFIRMED, DRIVER, 0, 0, "with a driver, too");
    delivery(PREPARING, PREPARING, "", 1, 0, "and its deletion");
    delivery(PENDING, CONFIRMED, "", 0, -1, "other changes are nothing");
    delivery(PENDING, PENDING, DRIVER, 0, -1, "nor is a driver there");
    delivery(PENDING, PENDING, "", 1, -1, "nor another's deletion");
    delivery(NGX_ORDER_NO_STATUS, PREPARING, "", 0, -1,
             "a new order opens none, as in the database");
}


int
main(void)
{
    ngx_pool_t  *pool;

    core();
    pool = ngx_create_pool(4096, &test_log);

    places();
    read_labels(pool);
    updates();
    state();
    kinds();
    longest_of_all();
    audiences();
    notices();
    deliveries();

    free(shared);
    ngx_destroy_pool(pool);

    return done();
}
