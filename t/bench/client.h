
/*
 * What the clients of scripts/bench share.
 */


#ifndef _CLIENT_H_INCLUDED_
#define _CLIENT_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


/* Raises the limit of open files for so many connections, or ends. */
void files_allow(uint32_t count);

/* A connection to "127.0.0.1:8080". */
int  dial(const char *address);

/* Nanoseconds of the monotonic clock. */
uint64_t  now(void);

/* User and system time of the process in seconds; 0: of none. */
double  worker_time(int pid);

/* Ends the program, with a line that says why. */
void die(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));


#endif /* _CLIENT_H_INCLUDED_ */
