
/*
 * The hub: who is told of what, in which order, and what becomes of those who
 * come and go meanwhile.  What a delivery is, is played here.
 */


#include <test.h>
#include <ngx_event.h>
#include <ngx_order_hub.h>


#define RING      (64 * 1024)
#define ORDERS    4           /* in the play of chance */
#define USERS     5
#define LISTENERS 600
#define CHANGES   20000


typedef struct listener_s  listener_t;

struct listener_s {
    ngx_order_sub_t      sub;              /* first */
    ngx_uint_t           n;                /* told */
    uint64_t             last;
    uint64_t             told;             /* by the hub, when it was told */
    ngx_order_change_t   change;
    int                  disorder;
    ngx_order_topic_e    type;
    int                  id;
    uint64_t             joined;
    void               (*act)(listener_t *l);
};


static ngx_pool_t           *pool;
static ngx_order_ring_t     *ring;
static ngx_order_trail_t    *trail;
static ngx_order_hub_t      *hub;
static ngx_order_change_t    change;
static uint32_t              version;
static int                   opens;        /* what is appended is a delivery,
                                              which "final" stands for */
static int64_t               stuck;        /* it is a notice */
static int                   gaps;
static uint64_t              gap_next;     /* where the hub was then */
static listener_t            a, b, c;
static int                   depth;


u_char *
ngx_order_event_delivery(u_char *p, ngx_order_statuses_t *labels,
    const ngx_order_shared_t *shared, const ngx_order_change_t *told,
    const ngx_order_place_t *place)
{
    (void) labels;
    (void) shared;
    (void) place;

    memset(p, ' ', NGX_ORDER_EVENT_BODY);

    return told->record.final ? p + NGX_ORDER_EVENT_BODY : NULL;
}


/* --- what the tests say */


/* 0: nobody */

static ngx_order_id_t
id(int n)
{
    ngx_order_id_t  made;

    memset(&made, 0, sizeof(made));
    memcpy(made.data, &n, sizeof(n));

    return made;
}


static void
gap(void *data)
{
    ok(data == &gaps, "the gap handler gets its data");
    gaps++;
    gap_next = ngx_order_hub_next(hub);
}


static void
fresh(void)
{
    ngx_order_ring_t  *memory;

    pool = ngx_create_pool(4096, &test_log);
    memory = ngx_pmemalign(pool, RING, 4096);

    ring = ngx_order_ring_create(memory, RING);
    trail = ngx_order_trail_create(ring, pool);
    hub = ngx_order_hub_create(ring, NULL, NULL, gap, &gaps, pool, &test_log);

    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    memset(&c, 0, sizeof(c));

    opens = 0;
    stuck = 0;
    gaps = 0;
    version = 0;
}


/* Whoever has not left is forgotten by then: the sanitizer sees the topic. */

static void
finish(void)
{
    ngx_order_hub_leave(hub, &a.sub);
    ngx_order_hub_leave(hub, &b.sub);
    ngx_order_hub_leave(hub, &c.sub);

    ok(ngx_queue_empty(&ngx_posted_next_events), "nothing is left to be done");

    ngx_destroy_pool(pool);
    hub = NULL;
}


static uint64_t
append(int order, int buyer, int seller, int driver)
{
    uint64_t  seq;

    memset(&change, 0, sizeof(change));

    change.record.id = id(order);
    change.record.buyer = id(buyer);
    change.record.seller = id(seller);
    change.record.driver = id(driver);
    change.record.epoch = 1;
    change.record.version = ++version;
    change.record.final = (uint8_t) opens;
    change.stuck_since = stuck;

    seq = ngx_order_ring_head(ring);

    if (ngx_order_trail_append(trail, &change) != NGX_OK) {
        abort();
    }

    return seq;
}


static void
append_gap(void)
{
    memset(&change, 0, sizeof(change));
    change.gap = 1;

    if (ngx_order_trail_append(trail, &change) != NGX_OK) {
        abort();
    }
}


static void
told(ngx_order_sub_t *sub, const ngx_order_change_t *told, uint64_t seq)
{
    listener_t  *l = (listener_t *) sub;

    l->disorder |= (seq <= l->last || depth > 0);
    depth++;
    l->n++;
    l->last = seq;
    l->change = *told;
    l->told = ngx_order_hub_told(hub);

    if (l->act) {
        l->act(l);
    }

    depth--;
}


static void
join(listener_t *l, ngx_order_topic_e type, int n)
{
    ngx_order_id_t  topic;

    topic = id(n);

    l->sub.handler = told;
    l->n = 0;
    l->last = 0;
    l->disorder = 0;
    l->type = type;
    l->id = n;
    l->joined = ngx_order_hub_next(hub);

    if (ngx_order_hub_join(hub, &l->sub, type,
                           type == NGX_ORDER_TOPIC_ALL
                           || type == NGX_ORDER_TOPIC_DELIVERIES
                           ? NULL : &topic)
        != NGX_OK)
    {
        abort();
    }
}


static void
leave(listener_t *l)
{
    ngx_order_hub_leave(hub, &l->sub);
}


/* A turn of nginx's loop; 0: there was nothing to do. */

static int
turn(void)
{
    ngx_event_t  *ev;
    ngx_queue_t  *q;

    if (ngx_queue_empty(&ngx_posted_next_events)) {
        return 0;
    }

    ngx_event_move_posted_next((ngx_cycle_t *) ngx_cycle);

    while (!ngx_queue_empty(&ngx_posted_events)) {
        q = ngx_queue_head(&ngx_posted_events);
        ev = ngx_queue_data(q, ngx_event_t, queue);
        ngx_delete_posted_event(ev);
        ev->handler(ev);
    }

    return 1;
}


/* Until the hub has told all. */

static void
run(void)
{
    ngx_order_hub_run(hub);

    while (turn()) { /* void */ }
}


/* --- the tests */


static void
topics(void)
{
    uint64_t    seq;
    listener_t  all, deliveries, other;

    fresh();

    memset(&all, 0, sizeof(all));
    memset(&deliveries, 0, sizeof(deliveries));
    memset(&other, 0, sizeof(other));

    ok(ngx_order_hub_next(hub) == 1 && ngx_order_hub_told(hub) == 0,
       "nothing was told yet");

    join(&a, NGX_ORDER_TOPIC_ORDER, 1);
    join(&b, NGX_ORDER_TOPIC_USER, 2);
    join(&c, NGX_ORDER_TOPIC_USER, 3);
    join(&all, NGX_ORDER_TOPIC_ALL, 0);
    join(&deliveries, NGX_ORDER_TOPIC_DELIVERIES, 0);
    join(&other, NGX_ORDER_TOPIC_USER, 1);

    ok(ngx_order_hub_type(&a.sub) == NGX_ORDER_TOPIC_ORDER
       && ngx_order_hub_type(&b.sub) == NGX_ORDER_TOPIC_USER
       && ngx_order_hub_type(&all.sub) == NGX_ORDER_TOPIC_ALL
       && ngx_order_hub_type(&deliveries.sub) == NGX_ORDER_TOPIC_DELIVERIES,
       "the topics have types");
    ok(memcmp(ngx_order_hub_id(&b.sub), &(ngx_order_id_t[1]) { id(2) },
              NGX_ORDER_ID_LEN) == 0, "and ids");

    ngx_order_hub_run(hub);
    ok(a.n + b.n + c.n + all.n == 0, "there is nothing to be told of");

    seq = append(1, 2, 3, 4);
    ngx_order_hub_run(hub);

    ok(a.n == 1 && a.last == seq, "an order's topic is told of its change");
    ok(a.change.record.version == version
       && a.change.record.buyer.data[0] == 2, "which is that of the ring");
    ok(b.n == 1 && b.last == seq, "the buyer's is");
    ok(c.n == 1, "the seller's is");
    ok(all.n == 1, "that of all is");
    ok(deliveries.n == 0, "that of deliveries is not, if there is none");
    ok(other.n == 0, "an order's id is no user's");
    ok(ngx_order_hub_next(hub) == seq + 1 && ngx_order_hub_told(hub) == seq,
       "all were told");

    append(5, 6, 7, 3);
    ngx_order_hub_run(hub);
    ok(a.n == 1 && b.n == 1, "others' orders are not told of");
    ok(c.n == 2, "the driver's topic is told");
    ok(all.n == 2, "that of all again");

    opens = 1;
    append(5, 6, 7, 0);
    ngx_order_hub_run(hub);
    ok(deliveries.n == 1 && deliveries.last == seq + 2,
       "that of deliveries of a delivery");

    leave(&all);
    leave(&deliveries);
    leave(&b);
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(all.n == 3 && deliveries.n == 1 && b.n == 1 && a.n == 2,
       "who has left is not told");

    leave(&all);
    ok(all.sub.topic == NULL, "to leave twice is harmless");

    join(&all, NGX_ORDER_TOPIC_ALL, 0);
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(all.n == 1, "who comes back is told again");

    leave(&all);
    leave(&other);
    finish();
}


/* of a notice the seller is told, and those who see all */

static void
notices(void)
{
    listener_t  all, deliveries, driver;

    fresh();

    memset(&all, 0, sizeof(all));
    memset(&deliveries, 0, sizeof(deliveries));
    memset(&driver, 0, sizeof(driver));

    join(&a, NGX_ORDER_TOPIC_ORDER, 1);
    join(&b, NGX_ORDER_TOPIC_USER, 2);
    join(&c, NGX_ORDER_TOPIC_USER, 3);
    join(&driver, NGX_ORDER_TOPIC_USER, 4);
    join(&all, NGX_ORDER_TOPIC_ALL, 0);
    join(&deliveries, NGX_ORDER_TOPIC_DELIVERIES, 0);

    opens = 1;
    stuck = 7;
    append(1, 2, 3, 4);
    ngx_order_hub_run(hub);

    ok(c.n == 1 && c.change.stuck_since == 7 && all.n == 1,
       "the seller is told of a notice, and who sees all");
    ok(a.n + b.n + driver.n + deliveries.n == 0, "nobody else is");
    ok(ngx_order_hub_told(hub) == 1, "all were told");

    stuck = 0;
    append(1, 2, 3, 4);
    ngx_order_hub_run(hub);
    ok(a.n == 1 && b.n == 1 && c.n == 2 && driver.n == 1 && all.n == 2
       && deliveries.n == 1, "of what comes after it everybody is");

    leave(&all);
    leave(&deliveries);
    leave(&driver);
    finish();
}


static void
once(void)
{
    fresh();

    join(&a, NGX_ORDER_TOPIC_USER, 2);
    join(&b, NGX_ORDER_TOPIC_USER, 2);
    join(&c, NGX_ORDER_TOPIC_USER, 0);

    append(1, 2, 2, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 1 && b.n == 1, "a buyer who is the seller is told once");

    append(1, 2, 2, 2);
    ngx_order_hub_run(hub);
    ok(a.n == 2 && b.n == 2, "and who is the driver, too");

    append(1, 3, 2, 2);
    append(1, 2, 3, 2);
    ngx_order_hub_run(hub);
    ok(a.n == 4 && b.n == 4 && !a.disorder, "in any of them");

    finish();
}


static void
order(void)
{
    int  i;

    fresh();

    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);

    join(&a, NGX_ORDER_TOPIC_ORDER, 1);
    join(&b, NGX_ORDER_TOPIC_ALL, 0);

    for (i = 0; i < 50; i++) {
        append(1 + i % 2, 2, 3, 0);
    }

    ngx_order_hub_run(hub);
    ok(a.n == 25 && b.n == 50, "what came together is told");
    ok(!a.disorder && !b.disorder && b.last == 51, "in order of the ring");

    finish();
}


/* what was not told before is what a new one is told first */

static void
places(void)
{
    fresh();

    append(1, 2, 3, 0);
    join(&a, NGX_ORDER_TOPIC_ORDER, 1);
    ok(a.sub.seq == 1, "a change that the hub has not told is to come");
    ngx_order_hub_run(hub);
    ok(a.n == 1, "and comes");

    join(&b, NGX_ORDER_TOPIC_ORDER, 1);
    ok(b.sub.seq == 2, "one that it has told is not");

    b.sub.seq = 5;

    append(1, 2, 3, 0);
    append(1, 2, 3, 0);
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 4 && b.n == 0, "changes before a place to come are not told");

    append(1, 2, 3, 0);
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(b.n == 2 && b.last == 6, "the one there is, and what follows");

    finish();
}


static void
joins_order(listener_t *l)
{
    l->act = NULL;
    join(&b, NGX_ORDER_TOPIC_ORDER, 1);
    ngx_order_hub_run(hub);
}


static void
joins_user(listener_t *l)
{
    l->act = NULL;
    join(&c, NGX_ORDER_TOPIC_USER, 2);
}


static void
leaves(listener_t *l)
{
    leave(l);
}


/* as a client that is dropped does with all of its subscriptions */

static void
all_leave(listener_t *l)
{
    (void) l;

    leave(&a);
    leave(&b);
    leave(&c);
}


static void
runs(listener_t *l)
{
    (void) l;

    ngx_order_hub_run(hub);
}


static void
leaves_and_comes(listener_t *l)
{
    l->act = NULL;
    leave(l);
    join(l, l->type, l->id);
    l->n = 100;
}


static listener_t  *gone;


static void
vanishes(listener_t *l)
{
    leave(l);
    ngx_free(l);
    gone = NULL;
}


static void
meanwhile(void)
{
    fresh();
    join(&a, NGX_ORDER_TOPIC_ORDER, 1);
    a.act = joins_order;
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 1 && a.told == 0, "while a change is told, not all were");
    ok(b.n == 0, "who joins meanwhile is not told of it");
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 2 && b.n == 1, "but of the next");
    finish();

    fresh();
    join(&a, NGX_ORDER_TOPIC_USER, 2);
    a.act = joins_order;
    append(1, 2, 3, 0);
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 2 && b.n == 1 && b.last == 2,
       "nor does one in a topic that was not there");
    finish();

    fresh();
    join(&a, NGX_ORDER_TOPIC_ALL, 0);
    join(&b, NGX_ORDER_TOPIC_USER, 2);
    a.act = joins_user;
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(b.n == 1 && c.n == 0, "nor one in a topic that is still to be told");
    finish();

    fresh();
    a.act = b.act = runs;
    join(&a, NGX_ORDER_TOPIC_ORDER, 1);
    join(&b, NGX_ORDER_TOPIC_ORDER, 1);
    append(1, 2, 3, 0);
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 2 && b.n == 2 && !a.disorder && !b.disorder,
       "who runs the hub when it is told changes nothing");
    finish();
}


static void
some_leave(void)
{
    fresh();
    join(&a, NGX_ORDER_TOPIC_ORDER, 1);
    join(&b, NGX_ORDER_TOPIC_ORDER, 1);
    join(&c, NGX_ORDER_TOPIC_ORDER, 1);
    b.act = leaves;
    append(1, 2, 3, 0);
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 2 && b.n == 1 && c.n == 2, "one may leave when it is told");
    finish();

    fresh();
    join(&a, NGX_ORDER_TOPIC_ORDER, 1);
    join(&b, NGX_ORDER_TOPIC_ORDER, 1);
    join(&c, NGX_ORDER_TOPIC_USER, 2);
    a.act = leaves_and_comes;
    b.act = leaves_and_comes;
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 100 && b.n == 100 && c.n == 1,
       "who leaves and comes again is not told again");
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 101 && b.n == 101, "but of the next, too");
    finish();

    fresh();
    a.act = b.act = c.act = leaves;
    join(&a, NGX_ORDER_TOPIC_ORDER, 1);
    join(&b, NGX_ORDER_TOPIC_ORDER, 1);
    join(&c, NGX_ORDER_TOPIC_USER, 2);
    append(1, 2, 3, 0);
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 1 && b.n == 1 && c.n == 1 && ngx_order_hub_told(hub) == 2,
       "a topic may empty while it is told");
    join(&a, NGX_ORDER_TOPIC_ORDER, 1);
    a.act = NULL;
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 1, "and is there again for who comes");
    finish();

    fresh();
    a.act = b.act = c.act = all_leave;
    join(&a, NGX_ORDER_TOPIC_ORDER, 1);
    join(&b, NGX_ORDER_TOPIC_ORDER, 1);
    join(&c, NGX_ORDER_TOPIC_USER, 2);
    append(1, 2, 3, 0);
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n + b.n + c.n == 1 && ngx_order_hub_told(hub) == 2,
       "one may make all others leave");
    finish();

    fresh();
    gone = ngx_calloc(sizeof(listener_t), &test_log);
    gone->act = vanishes;
    join(gone, NGX_ORDER_TOPIC_USER, 2);
    join(&b, NGX_ORDER_TOPIC_USER, 2);
    append(1, 2, 2, 2);
    append(1, 2, 2, 2);
    ngx_order_hub_run(hub);
    ok(gone == NULL && b.n == 2, "one may leave and free itself");
    finish();
}


/* --- many */


static listener_t  many[LISTENERS];


static ngx_uint_t
how_many_told(ngx_uint_t n)
{
    ngx_uint_t  i, yes;

    for (i = 0, yes = 0; i < LISTENERS; i++) {
        yes += many[i].n == n;
    }

    return yes;
}


static void
join_many(ngx_order_topic_e type, int n)
{
    int  i;

    memset(many, 0, sizeof(many));

    for (i = 0; i < LISTENERS; i++) {
        join(&many[i], type, n);
    }
}


static void
leave_many(void)
{
    int  i;

    for (i = 0; i < LISTENERS; i++) {
        leave(&many[i]);
    }
}


/* the one who is told next; NULL: all were */

static listener_t *
next_told(void)
{
    int  i;

    /* it has told from the last who came to the first */

    for (i = LISTENERS - 1; i >= 0; i--) {
        if (many[i].n == 0) {
            return &many[i];
        }
    }

    return NULL;
}


static void
slices(void)
{
    ngx_uint_t   n;
    listener_t  *next;

    fresh();
    join_many(NGX_ORDER_TOPIC_ALL, 0);

    append(1, 2, 3, 0);
    append(1, 2, 3, 0);

    ngx_order_hub_run(hub);
    n = how_many_told(1);
    ok(n > 0 && n <= 256 && n + how_many_told(0) == LISTENERS,
       "many are not told in one turn: %lu", (unsigned long) n);
    ok(ngx_order_hub_next(hub) == 2 && ngx_order_hub_told(hub) == 0,
       "meanwhile not all were told");

    ngx_order_hub_run(hub);
    ok(how_many_told(1) == n, "who runs the hub does not hurry it");

    join(&a, NGX_ORDER_TOPIC_ALL, 0);
    join(&b, NGX_ORDER_TOPIC_ORDER, 1);
    ok(a.sub.seq == 2, "who comes between the turns is not told of this one");

    next = next_told();
    leave(next);

    ok(turn(), "the hub has work for the next turn");
    ok(next->n == 0, "the one it stood before has left");
    ok(how_many_told(1) == 2 * n, "as many are told then");
    ok(turn() && how_many_told(0) == 1, "then the rest");
    ok(how_many_told(2) > 0 && ngx_order_hub_told(hub) == 1
       && ngx_order_hub_next(hub) == 3, "the next change follows at once");
    ok(a.n == 0 || a.last == 2, "which is new to who came");

    while (turn()) { /* void */ }

    ok(how_many_told(2) == LISTENERS - 1 && ngx_order_hub_told(hub) == 2,
       "all were told of both");
    ok(a.n == 1 && a.last == 2 && b.n == 1 && b.last == 2,
       "who came of the second");

    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(a.n == 2, "what came last is told first");
    leave_many();
    ok(turn() && ngx_order_hub_told(hub) == 3, "all may leave between turns");

    while (turn()) { /* void */ }

    finish();

    fresh();
    join_many(NGX_ORDER_TOPIC_USER, 2);
    append(1, 2, 2, 2);
    ngx_order_hub_run(hub);
    leave_many();

    while (turn()) { /* void */ }

    join_many(NGX_ORDER_TOPIC_USER, 2);
    append(1, 2, 2, 2);
    append(1, 3, 3, 2);
    ngx_order_hub_run(hub);

    while (turn()) { /* void */ }

    ok(how_many_told(2) == LISTENERS,
       "a topic that emptied between turns is there again");
    leave_many();
    finish();
}


/* Exactly so many that a slice is used up. */

static void
just_a_slice(void)
{
    int  i;

    fresh();
    memset(many, 0, sizeof(many));

    for (i = 0; i < 256; i++) {
        join(&many[i], NGX_ORDER_TOPIC_ALL, 0);
    }

    append(1, 2, 3, 0);
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(how_many_told(1) == 256 && ngx_order_hub_told(hub) == 1,
       "a slice that is just used up has told all");

    while (turn()) { /* void */ }

    ok(how_many_told(2) == 256 && ngx_order_hub_told(hub) == 2,
       "and the next change follows");
    leave_many();
    finish();
}


/* --- gaps */


static void
lost(void)
{
    uint64_t  i, head;

    fresh();
    join(&a, NGX_ORDER_TOPIC_ALL, 0);

    append(1, 2, 3, 0);
    append_gap();
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(gaps == 1 && gap_next == 3, "a gap is told of, in its place");
    ok(a.n == 2 && a.last == 3, "not as a change; what follows is told");

    append_gap();
    append_gap();
    ngx_order_hub_run(hub);
    ok(gaps == 3 && ngx_order_hub_told(hub) == 5, "each of them");

    for (i = 0; i < ngx_order_ring_capacity(ring); i++) {
        append(1, 2, 3, 0);
    }

    run();
    ok(gaps == 3 && a.n == 2 + i, "a whole ring of changes is told");

    for (i = 0; i < ngx_order_ring_capacity(ring) * 3; i++) {
        append(1, 2, 3, 0);
    }

    a.n = 0;
    head = ngx_order_ring_head(ring);
    logged[0] = '\0';
    run();
    ok(gaps == 4, "one who was overrun is told so once");
    ok(logged[0], "and so is who reads the log");
    ok(gap_next == ngx_order_ring_tail(ring)
       && a.n == ngx_order_ring_capacity(ring) && a.last == head - 1
       && !a.disorder, "what the ring has is told");
    ok(ngx_order_hub_told(hub) == head - 1, "all were told");
    finish();

    /* between two slices */

    fresh();
    join_many(NGX_ORDER_TOPIC_ALL, 0);
    append(1, 2, 3, 0);
    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);

    for (i = 0; i < ngx_order_ring_capacity(ring) + 1; i++) {
        append(1, 2, 3, 0);
    }

    while (turn()) { /* void */ }

    for (i = 0; i < LISTENERS && !many[i].disorder; i++) { /* void */ }

    ok(gaps == 1 && i == LISTENERS
       && how_many_told(1 + ngx_order_ring_capacity(ring)) == LISTENERS,
       "a hub that is overrun amidst a change tells that one, and goes on");
    leave_many();
    finish();
}


/* --- memory */


static void
memory(void)
{
    int          i;
    listener_t  *l;

    fresh();
    l = ngx_calloc(10000 * sizeof(listener_t), &test_log);

    for (i = 0; i < 10000; i++) {
        join(&l[i], i % 2 ? NGX_ORDER_TOPIC_USER : NGX_ORDER_TOPIC_ORDER,
             i + 1);
    }

    append(1, 2, 3, 0);
    ngx_order_hub_run(hub);
    ok(l[0].n == 1 && l[1].n == 1 && l[2].n == 0, "ten thousand topics");

    for (i = 0; i < 10000; i++) {
        leave(&l[i * 7 % 10000]);
    }

    ngx_free(l);
    finish();
}


/* --- the play of chance: each is told of what it asked for, from when it
 * came to when it left, once, in order */


static struct {
    int                  order, buyer, seller, driver, opens, stuck;
} past[CHANGES + 1];

static uint64_t             state;
static int                  wrong;


static int
chance(int n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (int) (state % (uint64_t) n);
}


static int
concerns(const listener_t *l, uint64_t seq)
{
    if (past[seq].stuck) {
        return l->type == NGX_ORDER_TOPIC_ALL
               || (l->type == NGX_ORDER_TOPIC_USER
                   && past[seq].seller == l->id);
    }

    switch (l->type) {

    case NGX_ORDER_TOPIC_ORDER:
        return past[seq].order == l->id;

    case NGX_ORDER_TOPIC_USER:
        return past[seq].buyer == l->id || past[seq].seller == l->id
               || past[seq].driver == l->id;

    case NGX_ORDER_TOPIC_ALL:
        return 1;

    default:
        return past[seq].opens;
    }
}


/* "until": all up to there were told, and of later ones no more than one. */

static void
judge(const listener_t *l, uint64_t until)
{
    uint64_t    seq;
    ngx_uint_t  n;

    for (seq = l->joined, n = 0; seq <= until; seq++) {
        n += concerns(l, seq);
    }

    if (l->disorder || l->n < n || l->n > n + (l->last > until)
        || l->last > until + 1
        || (l->n && (l->last < l->joined || !concerns(l, l->last))))
    {
        wrong++;
    }
}


static void plays(listener_t *l);


static void
comes(listener_t *l)
{
    l->act = plays;
    join(l, chance(2) ? chance(2) ? NGX_ORDER_TOPIC_ALL
                                  : NGX_ORDER_TOPIC_DELIVERIES
                      : chance(2) ? NGX_ORDER_TOPIC_ORDER
                                  : NGX_ORDER_TOPIC_USER,
         1 + chance(ORDERS));
}


static void
goes(listener_t *l)
{
    leave(l);
    judge(l, ngx_order_hub_told(hub));
}


static void
plays(listener_t *l)
{
    listener_t  *other;

    if (chance(50) == 0) {
        goes(l);

        if (chance(2)) {
            comes(l);
        }
    }

    other = &many[chance(LISTENERS)];

    if (chance(10) == 0) {
        if (other->sub.topic == NULL) {
            comes(other);

        } else if (other != l) {
            goes(other);
        }
    }
}


static void
play(void)
{
    int          i, n;
    uint64_t     seq;
    listener_t  *l;

    fresh();
    memset(many, 0, sizeof(many));
    opens = 0;

    state = nsec() | 1;
    note("seed %llu", (unsigned long long) state);

    for (n = 0; n < CHANGES; n++) {
        opens = chance(2);
        stuck = chance(10) == 0;
        seq = ngx_order_ring_head(ring);
        past[seq].opens = opens;
        past[seq].stuck = (int) stuck;
        past[seq].order = 1 + chance(ORDERS);
        past[seq].buyer = 1 + chance(USERS);
        past[seq].seller = 1 + chance(USERS);
        past[seq].driver = chance(USERS);

        append(past[seq].order, past[seq].buyer, past[seq].seller,
               past[seq].driver);

        ngx_order_hub_run(hub);

        for (i = chance(4); i >= 0 && turn(); i--) {
            if (many[i].sub.topic) {
                goes(&many[i]);
            }
        }

        for (i = chance(20); i > 0; i--) {
            l = &many[chance(LISTENERS)];

            if (l->sub.topic == NULL) {
                comes(l);

            } else if (chance(4) == 0) {
                goes(l);
            }
        }

        /* not so far behind that it is overrun */

        if (ngx_order_ring_head(ring) - ngx_order_hub_next(hub)
            > ngx_order_ring_capacity(ring) / 2)
        {
            while (turn()) { /* void */ }
        }
    }

    while (turn()) { /* void */ }

    for (i = 0; i < LISTENERS; i++) {
        if (many[i].sub.topic) {
            goes(&many[i]);
        }
    }

    ok(wrong == 0 && gaps == 0 && ngx_order_hub_told(hub) == CHANGES,
       "who comes and goes is told what there was meanwhile");
    note("%d were not, %d gaps", wrong, gaps);
    finish();
}


int
main(void)
{
    core();

    ngx_queue_init(&ngx_posted_events);
    ngx_queue_init(&ngx_posted_next_events);

    topics();
    notices();
    once();
    order();
    places();
    meanwhile();
    some_leave();
    slices();
    just_a_slice();
    lost();
    memory();
    play();

    return done();
}
