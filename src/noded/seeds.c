#include "noded/seeds.h"

#include "base/log.h"
#include "io/clock.h"

static void on_resolved(void *arg, const struct nr_addr *addrs, size_t count)
{
    struct seeds *s = arg;
    nr_log_debug("gossip: seeds resolved: addresses=%zu", count);
    nr_core_set_seeds(s->core, addrs, count);
    relay_drain(s->relay, nr_clock_now());
}

int seeds_set(struct seeds *s, const struct nr_conf *conf, const struct identity *id)
{
    const char *of_token[NR_TOKEN_SEEDS_MAX];
    size_t count;
    const char *const *names = nr_conf_list(conf, NR_CONF_JOIN, &count);
    if (count == 0) {
        for (size_t i = 0; i < id->seed_count; i++) of_token[i] = id->seeds[i];
        names = of_token;
        count = id->seed_count;
    }
    struct nr_resolver *resolver = nr_resolver_new(s->loop, names, count, on_resolved, s);
    if (!resolver) return NR_E_NOMEM;
    nr_resolver_free(s->resolver);
    s->resolver = resolver;
    return 0;
}

void seeds_fini(struct seeds *s)
{
    nr_resolver_free(s->resolver);
    s->resolver = NULL;
}
