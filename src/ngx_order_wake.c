
/*
 * Waking the other workers by datagrams.
 *
 * The socket is in the abstract namespace, so it leaves nothing behind when
 * its worker dies; its name is random and known from the slot alone.  Whoever
 * guesses it can make a worker look for what is not there.
 *
 * There is no timer, and nothing of it keeps an exiting worker alive.
 */


#include <ngx_order_wake.h>
#include <ngx_event.h>
#include <unistd.h>


#define NGX_ORDER_WAKE_DRAIN   64      /* datagrams read in one go */
#define NGX_ORDER_WAKE_NAME    17      /* a zero, and 16 digits */


struct ngx_order_wake_s {
    ngx_order_wake_slots_t  *slots;
    ngx_order_wake_slot_t   *slot;         /* NULL: not woken */
    ngx_connection_t        *connection;   /* NULL: closed */
    ngx_order_wake_pt        handler;
    void                    *data;
    ngx_log_t               *log;
};


static ngx_int_t ngx_order_wake_open(ngx_order_wake_t *wake, uint64_t *name);
static ngx_socket_t ngx_order_wake_socket(ngx_order_wake_t *wake,
    uint64_t *name);
static socklen_t ngx_order_wake_address(struct sockaddr_un *addr,
    uint64_t name);
static void ngx_order_wake_take(ngx_order_wake_t *wake, uint64_t name);
static ngx_uint_t ngx_order_wake_dead(ngx_atomic_uint_t pid);
static void ngx_order_wake_read_handler(ngx_event_t *rev);
static void ngx_order_wake_send(ngx_order_wake_t *wake,
    ngx_order_wake_slot_t *slot, ngx_atomic_uint_t pid);


ngx_order_wake_t *
ngx_order_wake_create(ngx_order_wake_slots_t *slots,
    ngx_order_wake_pt handler, void *data, ngx_pool_t *pool, ngx_log_t *log)
{
    uint64_t           name;
    ngx_order_wake_t  *wake;

    wake = ngx_pcalloc(pool, sizeof(ngx_order_wake_t));
    if (wake == NULL) {
        return NULL;
    }

    wake->slots = slots;
    wake->handler = handler;
    wake->data = data;
    wake->log = log;

    if (ngx_order_wake_open(wake, &name) == NGX_OK) {
        ngx_order_wake_take(wake, name);
    }

    return wake;
}


static ngx_int_t
ngx_order_wake_open(ngx_order_wake_t *wake, uint64_t *name)
{
    ngx_socket_t       fd;
    ngx_connection_t  *c;

    fd = ngx_order_wake_socket(wake, name);

    if (fd == (ngx_socket_t) -1) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, wake->log);

    if (c == NULL) {
        (void) ngx_close_socket(fd);
        return NGX_ERROR;
    }

    c->data = wake;
    c->log = wake->log;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->read->handler = ngx_order_wake_read_handler;
    c->read->log = wake->log;
    c->write->log = wake->log;

    if (ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
        ngx_close_connection(c);
        return NGX_ERROR;
    }

    wake->connection = c;

    return NGX_OK;
}


static ngx_socket_t
ngx_order_wake_socket(ngx_order_wake_t *wake, uint64_t *name)
{
    socklen_t           len;
    ngx_socket_t        fd;
    struct sockaddr_un  addr;

    do {
        if (getentropy(name, sizeof(*name)) != 0) {
            ngx_log_error(NGX_LOG_ERR, wake->log, ngx_errno,
                          "getentropy() failed: this worker is not woken");
            return (ngx_socket_t) -1;
        }

    } while (*name == 0);

    fd = socket(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (fd == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_ERR, wake->log, ngx_socket_errno,
                      ngx_socket_n " failed: this worker is not woken");
        return (ngx_socket_t) -1;
    }

    len = ngx_order_wake_address(&addr, *name);

    if (bind(fd, (struct sockaddr *) &addr, len) == -1) {
        ngx_log_error(NGX_LOG_ERR, wake->log, ngx_socket_errno,
                      "bind() failed: this worker is not woken");
        (void) ngx_close_socket(fd);
        return (ngx_socket_t) -1;
    }

    return fd;
}


static socklen_t
ngx_order_wake_address(struct sockaddr_un *addr, uint64_t name)
{
    u_char  *p;

    ngx_memzero(addr, sizeof(struct sockaddr_un));

    addr->sun_family = AF_UNIX;

    p = (u_char *) addr->sun_path;
    ngx_sprintf(p + 1, "%016xL", name);

    return offsetof(struct sockaddr_un, sun_path) + NGX_ORDER_WAKE_NAME;
}


/*
 * A slot with this worker's pid is that of a dead one, whose pid came round.
 * Between the two writes the name is that of the slot's last owner, where
 * nobody listens.
 */

static void
ngx_order_wake_take(ngx_order_wake_t *wake, uint64_t name)
{
    ngx_uint_t              i;
    ngx_atomic_uint_t       pid, own;
    ngx_order_wake_slot_t  *slot;

    own = (ngx_atomic_uint_t) ngx_pid;

    for (i = 0; i < NGX_ORDER_WAKE_SLOTS; i++) {
        slot = &wake->slots->slots[i];
        pid = slot->pid;

        if (pid != 0 && pid != own && !ngx_order_wake_dead(pid)) {
            continue;
        }

        if (ngx_atomic_cmp_set(&slot->pid, pid, own)) {
            __atomic_store_n(&slot->name, name, __ATOMIC_SEQ_CST);
            wake->slot = slot;
            return;
        }
    }

    ngx_log_error(NGX_LOG_ERR, wake->log, 0,
                  "all %d slots are taken: this worker is not woken",
                  NGX_ORDER_WAKE_SLOTS);
}


static ngx_uint_t
ngx_order_wake_dead(ngx_atomic_uint_t pid)
{
    return kill((pid_t) pid, 0) == -1 && ngx_errno == ESRCH;
}


/*
 * A flood does not keep the worker here: the event is level triggered, so
 * what is left is told again.  nginx also calls this to have the connection
 * closed.
 */

static void
ngx_order_wake_read_handler(ngx_event_t *rev)
{
    u_char             buf[8];
    ngx_uint_t         i;
    ngx_order_wake_t  *wake;
    ngx_connection_t  *c;

    c = rev->data;
    wake = c->data;

    if (c->close) {
        ngx_order_wake_close(wake);
        return;
    }

    for (i = 0; i < NGX_ORDER_WAKE_DRAIN; i++) {
        if (recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT) == -1) {
            break;
        }
    }

    if (i) {
        wake->handler(wake->data);
    }
}


void
ngx_order_wake_close(ngx_order_wake_t *wake)
{
    if (wake->slot) {
        (void) ngx_atomic_cmp_set(&wake->slot->pid,
                                  (ngx_atomic_uint_t) ngx_pid, 0);
        wake->slot = NULL;
    }

    if (wake->connection) {
        ngx_close_connection(wake->connection);
        wake->connection = NULL;
    }
}


void
ngx_order_wake_others(ngx_order_wake_t *wake)
{
    ngx_uint_t              i;
    ngx_atomic_uint_t       pid;
    ngx_order_wake_slot_t  *slot;

    if (wake->connection == NULL) {
        return;
    }

    for (i = 0; i < NGX_ORDER_WAKE_SLOTS; i++) {
        slot = &wake->slots->slots[i];
        pid = slot->pid;

        if (pid != 0 && slot != wake->slot) {
            ngx_order_wake_send(wake, slot, pid);
        }
    }
}


/* Where the other's queue is full, it will look anyway. */

static void
ngx_order_wake_send(ngx_order_wake_t *wake, ngx_order_wake_slot_t *slot,
    ngx_atomic_uint_t pid)
{
    uint64_t            name;
    socklen_t           len;
    struct sockaddr_un  addr;

    name = __atomic_load_n(&slot->name, __ATOMIC_SEQ_CST);

    if (name == 0) {
        return;
    }

    len = ngx_order_wake_address(&addr, name);

    if (sendto(wake->connection->fd, "", 1, MSG_DONTWAIT|MSG_NOSIGNAL,
               (struct sockaddr *) &addr, len)
        == -1
        && ngx_socket_errno == NGX_ECONNREFUSED
        && ngx_order_wake_dead(pid))
    {
        (void) ngx_atomic_cmp_set(&slot->pid, pid, 0);
    }
}
