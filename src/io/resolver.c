/* getaddrinfo_a of the C library runs the look-ups on threads of its own; a timer asks whether they are done. One that
 * cannot be cancelled when the resolver is freed keeps its memory: the thread still writes there. */
#include "io/resolver.h"

#include <netdb.h>
#include <stdlib.h>

#include "conf/hostport.h"
#include "io/clock.h"
#include "io/sockaddr.h"

#define AGAIN_MS    60000
#define MISSING_MS  5000 /* while a name has not been found once, as before the network is up */
#define POLL_MIN_MS 10
#define POLL_MAX_MS 500
#define PER_NAME    8

struct name {
    struct nr_hostport hp;
    struct addrinfo hints;
    struct gaicb request;
    struct nr_addr addrs[PER_NAME];
    size_t count;
    bool asked;
};

struct nr_resolver {
    struct nr_timer *timer;
    nr_resolver_fn *fn;
    void *arg;
    int64_t poll_ms;
    int64_t round_us; /* when the last round began */
    size_t count;
    struct name *names[];
};

static size_t take_list(const struct addrinfo *list, uint16_t port, struct nr_addr *out, size_t max)
{
    size_t n = 0;
    for (; list && n < max; list = list->ai_next) {
        if (!nr_addr_from_sockaddr(list->ai_addr, &out[n])) continue;
        out[n++].port = port;
    }
    return n;
}

static const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };

static int resolve_number(const struct nr_hostport *hp, struct nr_addr *out)
{
    struct addrinfo h = hints, *list = NULL;
    h.ai_flags = AI_NUMERICHOST;
    if (getaddrinfo(hp->host, NULL, &h, &list) != 0) return NR_E_INVALID;
    size_t n = take_list(list, hp->port, out, 1);
    freeaddrinfo(list);
    return n == 1 ? 0 : NR_E_INVALID;
}

static bool contains(const struct nr_addr *list, size_t count, const struct nr_addr *a)
{
    for (size_t i = 0; i < count; i++) {
        if (nr_addr_eq(&list[i], a)) return true;
    }
    return false;
}

static void report(struct nr_resolver *r)
{
    struct nr_addr all[NR_RESOLVED_MAX];
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++) {
        for (size_t k = 0; k < r->names[i]->count && n < NR_RESOLVED_MAX; k++) {
            if (!contains(all, n, &r->names[i]->addrs[k])) all[n++] = r->names[i]->addrs[k];
        }
    }
    r->fn(r->arg, all, n);
}

static void ask(struct name *n)
{
    struct gaicb *list[] = { &n->request };
    n->request = (struct gaicb){ .ar_name = n->hp.host, .ar_request = &n->hints };
    n->asked = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) == 0;
}

/* Returns whether the addresses have changed. */
static bool take_answer(struct name *n)
{
    struct nr_addr found[PER_NAME];
    int err = gai_error(&n->request);
    if (err == EAI_INPROGRESS) return false;
    n->asked = false;
    size_t count = err == 0 ? take_list(n->request.ar_result, n->hp.port, found, PER_NAME) : 0;
    if (err == 0) freeaddrinfo(n->request.ar_result);
    if (count == 0) return false;
    bool same = count == n->count;
    for (size_t i = 0; same && i < count; i++) same = contains(n->addrs, n->count, &found[i]);
    memcpy(n->addrs, found, count * sizeof *found);
    n->count = count;
    return !same;
}

/* Between two rounds. */
static int64_t pause_ms(const struct nr_resolver *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->names[i]->count == 0) return MISSING_MS;
    }
    return AGAIN_MS;
}

static void resolver_fired(void *arg)
{
    struct nr_resolver *r = arg;
    bool changed = false, waiting = false;
    int64_t now_us = nr_clock_now().mono_us;
    bool round = now_us - r->round_us >= pause_ms(r) * 1000;
    if (round) {
        r->round_us = now_us;
        r->poll_ms = POLL_MIN_MS;
    }
    for (size_t i = 0; i < r->count; i++) {
        struct name *n = r->names[i];
        if (n->asked) changed |= take_answer(n);
        if (round && !n->hp.numeric && !n->asked) ask(n);
        waiting |= n->asked;
    }
    nr_timer_in(r->timer, waiting ? r->poll_ms : pause_ms(r));
    r->poll_ms = r->poll_ms * 2 < POLL_MAX_MS ? r->poll_ms * 2 : POLL_MAX_MS;
    if (changed) report(r); /* last: the callback may free the resolver */
}

static int name_add(struct nr_resolver *r, const char *text)
{
    struct nr_hostport hp;
    if (nr_hostport_parse(nr_bytes_str(text), &hp) != 0) return 0;
    struct name *n = calloc(1, sizeof *n);
    if (!n) return NR_E_NOMEM;
    n->hp = hp;
    n->hints = hints;
    if (hp.numeric && resolve_number(&hp, &n->addrs[0]) == 0) n->count = 1;
    r->names[r->count++] = n;
    return 0;
}

struct nr_resolver *nr_resolver_new(struct nr_loop *loop, const char *const *names, size_t count, nr_resolver_fn *fn,
                                    void *arg)
{
    struct nr_resolver *r = calloc(1, sizeof *r + count * sizeof *r->names);
    if (!r) return NULL;
    r->fn = fn;
    r->arg = arg;
    r->timer = nr_timer_new(loop, resolver_fired, r);
    int err = r->timer ? 0 : NR_E_NOMEM;
    bool any_name = false;
    for (size_t i = 0; i < count && !err; i++) err = name_add(r, names[i]);
    if (err) {
        nr_resolver_free(r);
        return NULL;
    }
    for (size_t i = 0; i < r->count; i++) any_name |= !r->names[i]->hp.numeric;
    r->round_us = nr_clock_now().mono_us - AGAIN_MS * INT64_C(1000);
    if (any_name) nr_timer_in(r->timer, 0);
    report(r);
    return r;
}

static void name_free(struct name *n)
{
    if (n->asked && gai_cancel(&n->request) == EAI_NOTCANCELED) return;
    if (n->asked && gai_error(&n->request) == 0) freeaddrinfo(n->request.ar_result);
    free(n);
}

void nr_resolver_free(struct nr_resolver *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->count; i++) name_free(r->names[i]);
    nr_timer_free(r->timer);
    free(r);
}

int nr_resolve_wait(const char *name, struct nr_addr *out, size_t max, size_t *count)
{
    struct nr_hostport hp;
    struct addrinfo *list = NULL;
    if (nr_hostport_parse(nr_bytes_str(name), &hp) != 0) return NR_E_INVALID;
    if (getaddrinfo(hp.host, NULL, &hints, &list) != 0) return NR_E_NOT_FOUND;
    *count = take_list(list, hp.port, out, max);
    freeaddrinfo(list);
    return *count > 0 ? 0 : NR_E_NOT_FOUND;
}
