/* From HOST:PORT to addresses. Numbers are taken at once; names are looked up beside the loop (by the system's own way:
 * hosts file, DNS, whatever it is set up for) and again every minute, each 5 s while one has never been found. */
#ifndef NR_IO_RESOLVER_H
#define NR_IO_RESOLVER_H

#include "base/addr.h"
#include "io/loop.h"

#define NR_RESOLVED_MAX 64

struct nr_resolver;

/* All addresses known now of all names, without doubles; a name that is not found now keeps those it had. */
typedef void nr_resolver_fn(void *arg, const struct nr_addr *addrs, size_t count);

/* Calls `fn` before it returns with the addresses that are numbers, and from the loop when names were found and their
 * addresses have changed. The names are copied; what is not HOST:PORT is left out. NULL: no memory. */
struct nr_resolver *nr_resolver_new(struct nr_loop *loop, const char *const *names, size_t count, nr_resolver_fn *fn,
                                    void *arg);
void nr_resolver_free(struct nr_resolver *r); /* takes NULL */

/* Looks up one HOST:PORT and waits for it: for a program's start. Fills at most `max` addresses. NR_E_INVALID (not
 * HOST:PORT), NR_E_NOT_FOUND. */
int nr_resolve_wait(const char *name, struct nr_addr *out, size_t max, size_t *count) NR_MUST_CHECK;

#endif
