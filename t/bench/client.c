
/*
 * What the clients of scripts/bench share: the clock, connections, the time
 * that a worker has used, and an end with a reason.
 */


#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


void
files_allow(uint32_t count)
{
    struct rlimit  limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    if (limit.rlim_max < count + 64) {
        die("%u connections need a higher limit of open files (ulimit -n)",
            count);
    }
}


int
dial(const char *address)
{
    int                 fd, one = 1;
    char                host[64], *port;
    struct sockaddr_in  in = { .sin_family = AF_INET };
    struct linger       reset = { .l_onoff = 1 };

    snprintf(host, sizeof(host), "%s", address);
    port = strchr(host, ':');

    if (port) {
        *port++ = '\0';
    }

    if (port == NULL || inet_pton(AF_INET, host, &in.sin_addr) != 1) {
        die("%s: is not ADDRESS:PORT", address);
    }

    in.sin_port = htons(atoi(port));
    fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1 || connect(fd, (struct sockaddr *) &in, sizeof(in)) == -1) {
        die("%s: %s", address, strerror(errno));
    }

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    /* no TIME_WAIT: the next run needs the ports */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));

    return fd;
}


uint64_t
now(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_MONOTONIC, &t);

    return t.tv_sec * 1000000000ull + t.tv_nsec;
}


double
worker_time(int pid)
{
    char           name[64], line[1024], *end;
    FILE          *in;
    unsigned long  user, system;

    if (pid == 0) {
        return 0;
    }

    snprintf(name, sizeof(name), "/proc/%d/stat", pid);
    in = fopen(name, "r");

    if (in == NULL || fgets(line, sizeof(line), in) == NULL
        || (end = strrchr(line, ')')) == NULL
        || sscanf(end + 2, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu"
                  " %lu", &user, &system) != 2)
    {
        die("%s: cannot be read", name);
    }

    fclose(in);

    return (user + system) / (double) sysconf(_SC_CLK_TCK);
}


void
die(const char *fmt, ...)
{
    va_list  args;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);

    exit(1);
}
