
/*
 * Waking other workers: whom a datagram reaches, what becomes of slots, and
 * that nothing is left open.  The workers are of this process; children that
 * do nothing lend them their pids.
 */


#include <test.h>
#include <ngx_event.h>
#include <ngx_order_wake.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>


#define CONNECTIONS  8


typedef struct {
    pid_t                    pid;
    ngx_order_wake_t        *wake;
    ngx_connection_t        *connection;
    ngx_order_wake_slot_t   *slot;
    int                      woken;
} worker_t;


static ngx_order_wake_slots_t  slots;
static ngx_cycle_t             cycle;
static ngx_connection_t        connections[CONNECTIONS];
static ngx_event_t             reads[CONNECTIONS], writes[CONNECTIONS];
static ngx_atomic_t            counter;
static ngx_pool_t             *pool;


static ngx_int_t
add(ngx_event_t *ev, ngx_int_t event, ngx_uint_t flags)
{
    ev->active = (event == NGX_READ_EVENT && flags == NGX_LEVEL_EVENT);

    return NGX_OK;
}


static ngx_int_t
del(ngx_event_t *ev, ngx_int_t event, ngx_uint_t flags)
{
    (void) event;
    (void) flags;

    ev->active = 0;

    return NGX_OK;
}


/* An event loop with but connections. */

static void
loop(void)
{
    int  i;

    for (i = 0; i < CONNECTIONS; i++) {
        connections[i].read = &reads[i];
        connections[i].write = &writes[i];
        connections[i].fd = (ngx_socket_t) -1;
        connections[i].data = i + 1 < CONNECTIONS ? &connections[i + 1] : NULL;
    }

    cycle.log = &test_log;
    cycle.connections = connections;
    cycle.connection_n = CONNECTIONS;
    cycle.free_connections = connections;
    cycle.free_connection_n = CONNECTIONS;

    ngx_cycle = &cycle;
    ngx_connection_counter = &counter;
    ngx_event_actions.add = add;
    ngx_event_actions.del = del;
}


static pid_t
child(void)
{
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        alarm(60);
        pause();
        _exit(0);
    }

    return pid;
}


static void
end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}


static void
woken(void *data)
{
    worker_t  *w = data;

    w->woken++;
}


static ngx_order_wake_slot_t *
slot_of(pid_t pid)
{
    int  i;

    for (i = 0; i < NGX_ORDER_WAKE_SLOTS; i++) {
        if (slots.slots[i].pid == (ngx_atomic_uint_t) pid) {
            return &slots.slots[i];
        }
    }

    return NULL;
}


static void
start(worker_t *w)
{
    logged[0] = '\0';
    w->pid = child();
    w->woken = 0;
    w->connection = cycle.free_connections;

    ngx_pid = w->pid;
    w->wake = ngx_order_wake_create(&slots, woken, w, pool, &test_log);
    w->slot = slot_of(w->pid);
}


static void
stop(worker_t *w)
{
    ngx_pid = w->pid;
    ngx_order_wake_close(w->wake);
    end(w->pid);
}


static int
readable(const worker_t *w)
{
    struct pollfd  fd;

    fd.fd = w->connection->fd;
    fd.events = POLLIN;

    return poll(&fd, 1, 0) == 1;
}


/* One turn of the worker's loop: how often was it woken. */

static int
turn(worker_t *w)
{
    w->woken = 0;

    if (readable(w)) {
        w->connection->read->handler(w->connection->read);
    }

    return w->woken;
}


static void
reach(void)
{
    int       i;
    worker_t  a, b, c;

    start(&a);
    start(&b);
    start(&c);

    ok(a.slot && b.slot && c.slot && a.slot->name && b.slot->name
       && a.slot->name != b.slot->name, "each worker has a slot and a name");
    ok(a.connection->read->active && !a.connection->write->active
       && !a.connection->read->timer_set, "and waits for nothing else");
    ok(turn(&a) + turn(&b) + turn(&c) == 0, "nobody is woken for nothing");

    ngx_order_wake_others(a.wake);
    ok(turn(&b) == 1 && turn(&c) == 1, "the others are woken");
    ok(turn(&a) == 0, "who wakes them is not");

    for (i = 0; i < 5; i++) {
        ngx_order_wake_others(b.wake);
    }

    ok(turn(&a) == 1 && turn(&c) == 1, "often meanwhile is once");
    ok(!readable(&a) && turn(&a) == 0, "and no more");

    for (i = 0; i < 2000; i++) {
        ngx_order_wake_others(b.wake);
    }

    ok(readable(&a) && readable(&c),
       "one that does not read holds nobody up");

    while (readable(&a)) {
        (void) turn(&a);
    }

    (void) turn(&c);
    a.woken = 0;
    a.connection->read->handler(a.connection->read);
    ok(a.woken == 0, "an event without a datagram is nothing");

    stop(&b);
    ok(slot_of(b.pid) == NULL && b.connection->fd == (ngx_socket_t) -1,
       "who closes has no slot and no socket");
    b.woken = 0;
    ngx_order_wake_others(a.wake);
    ok(turn(&c) == 1 && b.woken == 0, "and is not woken");
    ngx_order_wake_others(b.wake);
    ok(turn(&c) == 0, "nor wakes");
    ngx_order_wake_close(b.wake);

    stop(&a);
    stop(&c);
    ok(cycle.free_connection_n == CONNECTIONS, "all connections are back");
}


static void
dead(void)
{
    worker_t  a, b, c;

    start(&a);
    start(&b);
    end(b.pid);
    start(&c);
    ok(c.slot == b.slot, "the slot of a dead worker is taken");

    /* the socket goes first, then the process */

    ngx_pid = b.pid;
    ngx_order_wake_close(b.wake);
    ok(c.slot->pid == (ngx_atomic_uint_t) c.pid, "which is not its any more");

    close(c.connection->fd);
    ngx_order_wake_others(a.wake);
    ok(slot_of(c.pid) == c.slot, "one who cannot be reached keeps its slot");
    end(c.pid);
    ngx_order_wake_others(a.wake);
    ok(slot_of(c.pid) == NULL, "if alive");

    c.connection->fd = dup(0);
    ngx_order_wake_close(c.wake);

    /* a pid that came round */

    ngx_pid = a.pid;
    c.connection = cycle.free_connections;
    c.wake = ngx_order_wake_create(&slots, woken, &c, pool, &test_log);
    ok(slot_of(a.pid) == a.slot && a.slot->name != 0
       && slot_of(a.pid)->pid == (ngx_atomic_uint_t) a.pid,
       "a slot with one's own pid is one's own");
    ngx_order_wake_close(c.wake);

    stop(&a);
}


static void
full(void)
{
    int       i;
    worker_t  a, b;

    start(&a);

    for (i = 0; i < NGX_ORDER_WAKE_SLOTS; i++) {
        if (slots.slots[i].pid == 0) {
            slots.slots[i].pid = getpid();
        }
    }

    start(&b);
    ok(b.wake && b.slot == NULL && strstr(logged, "all 256 slots are taken"),
       "who finds no slot says so");
    ngx_order_wake_others(b.wake);
    ok(turn(&a) == 1, "and wakes others");
    ngx_order_wake_others(a.wake);
    ok(turn(&b) == 0, "but is not woken");

    stop(&a);
    stop(&b);
    ngx_memzero(&slots, sizeof(slots));
}


static void
shutdown_timer(void)
{
    worker_t  a, b;

    start(&a);
    start(&b);

    /* as nginx does when worker_shutdown_timeout is over */

    ngx_pid = a.pid;
    ngx_order_wake_others(b.wake);
    a.connection->close = 1;
    a.connection->error = 1;
    a.connection->read->handler(a.connection->read);

    ok(a.woken == 0 && slot_of(a.pid) == NULL
       && a.connection->fd == (ngx_socket_t) -1,
       "a connection that nginx wants closed is closed");

    ngx_order_wake_others(a.wake);
    stop(&a);
    stop(&b);
}


static void
nothing(void)
{
    worker_t  a, b;

    start(&b);
    cycle.free_connections = NULL;
    start(&a);
    ok(a.wake && a.slot == NULL && logged[0],
       "a worker without a free connection lives without");
    ngx_order_wake_others(a.wake);
    ok(turn(&b) == 0, "nor wakes anybody");
    stop(&a);
    stop(&b);
}


int
main(void)
{
    alarm(60);
    core();
    loop();

    pool = ngx_create_pool(4096, &test_log);

    reach();
    dead();
    full();
    shutdown_timer();
    nothing();

    ngx_destroy_pool(pool);

    return done();
}
