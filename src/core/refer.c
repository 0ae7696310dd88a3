/* Telling a newcomer of other peers, and being told (proto/README.md C.2.4, C.2.5), so that a seed is not where
 * everybody queues. An address that somebody told is good for one HELLO and for nothing else. */
#include "core/state.h"

#define REFER_COUNT     16
#define TURN_AWAY_SIZE  (2 * NR_MESSAGE_HEAD + TURN_AWAY_COUNT * NR_ADDR_WIRE)
#define TURN_AWAY_COUNT 7

#define INTRODUCE_WITHIN_US 100000

static_assert(REFER_COUNT <= NR_REFER_MAX, "all are told in one message");
static_assert(TURN_AWAY_SIZE <= NR_MESSAGE_HEAD + NR_HELLO_SIZE + NR_MESSAGE_HEAD + 8,
              "who is turned away gets no more than the PROOF and PING that came");
static_assert(NR_NEWCOMERS_MAX <= NR_IDS_MAX, "all are announced in one message");

static bool listed(const struct nr_addr *list, size_t n, const struct nr_addr *a)
{
    for (size_t i = 0; i < n; i++)
        if (nr_addr_eq(&list[i], a)) return true;
    return false;
}

/* Loopback means another machine to a peer that is not on this one. */
static bool reachable_for(const struct nr_addr *a, const struct nr_addr *newcomer)
{
    return nr_addr_is_unicast(a) && !nr_addr_eq(a, newcomer) &&
           (!nr_addr_is_loopback(a) || nr_addr_is_loopback(newcomer));
}

/* Half of them neighbours, half peers of the registry, by chance: while all start together only neighbours are known,
 * and where many join a cluster that stands most neighbours are newcomers too. */
static size_t choose(struct nr_core *core, const struct nr_addr *newcomer, struct nr_addr *out, size_t count)
{
    struct nr_path *paths[REFER_COUNT];
    struct nr_addr a;
    size_t n = 0, found = nr_core_random_paths(core, NULL, paths, count);
    for (size_t i = 0; i < count / 2 && nr_core_registry_address(core, &a); i++)
        if (reachable_for(&a, newcomer) && !listed(out, n, &a)) out[n++] = a;
    for (size_t i = 0; i < found && n < count; i++)
        if (reachable_for(&paths[i]->addr, newcomer) && !listed(out, n, &paths[i]->addr)) out[n++] = paths[i]->addr;
    return n;
}

void nr_core_refer(struct nr_core *core, struct nr_path *path)
{
    struct nr_addr addrs[NR_REFER_MAX];
    struct nr_writer w;
    size_t n = choose(core, &path->addr, addrs, REFER_COUNT);
    if (n && nr_core_message(core, path, NR_MSG_REFER, n * NR_ADDR_WIRE, &w)) nr_refer_encode(&w, addrs, n);
}

void nr_core_turn_away(struct nr_core *core, const struct nr_addr *to)
{
    struct nr_addr addrs[NR_REFER_MAX];
    struct nr_writer w;
    size_t n = choose(core, to, addrs, TURN_AWAY_COUNT), refer = n ? NR_MESSAGE_HEAD + n * NR_ADDR_WIRE : 0;
    if (!nr_outbox_to_addr(&core->outbox, to, refer + NR_MESSAGE_HEAD, &w)) {
        core->stats.outbox_full++;
        return;
    }
    if (n) nr_refer_encode(&w, addrs, n);
    nr_bye_encode(&w);
    core->stats.messages_out[NR_MSG_REFER] += n > 0;
    core->stats.message_bytes_out[NR_MSG_REFER] += refer;
    core->stats.messages_out[NR_MSG_BYE]++;
    core->stats.message_bytes_out[NR_MSG_BYE] += NR_MESSAGE_HEAD;
}

void nr_core_on_refer(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_refer *m)
{
    bool asked = path->chosen && !path->referred && core->paths.count < NR_PATHS_WANTED;
    path->referred = true;
    if (!asked) return;
    for (size_t i = 0; i < m->count; i++) {
        struct nr_addr a = nr_refer_at(m, i);
        if (!nr_addr_is_unicast(&a) || nr_core_connected(core, &a) || listed(core->referred, core->referred_count, &a))
            continue;
        if (!nr_token_bucket_take(&core->referrals, 1, now.mono_us)) return;
        size_t at =
            core->referred_count < NR_REFERRED_MAX ? core->referred_count++ : nr_rng_below(&core->rng, NR_REFERRED_MAX);
        core->referred[at] = a;
        nr_core_eager(core, now);
    }
}

bool nr_core_take_referred(struct nr_core *core, struct nr_addr *out)
{
    while (core->referred_count) {
        size_t at = nr_rng_below(&core->rng, (uint32_t)core->referred_count);
        *out = core->referred[at];
        core->referred[at] = core->referred[--core->referred_count];
        if (!nr_core_connected(core, out)) return true;
    }
    return false;
}

/* What spreads a record leaves a few to the next tick: among few neighbours the maker's push reaches all, and a
 * newcomer has not met them all yet; among many each learner tells only some. A newcomer is told of to more, so that
 * one who joins is known everywhere at once. Those who join together are told of together: a datagram for each of them
 * costs more than all that they say. Where very many join, the budget of pushes leaves it to the ticks. */
void nr_core_introduce(struct nr_core *core, struct nr_now now, uint64_t id, const struct nr_origin *origin)
{
    if (!origin->from || (origin->repair && core->repair.catching_up)) return;
    if (!nr_token_bucket_take(&core->pushes, 1, now.mono_us)) return;
    core->newcomers[core->newcomer_count++] = id;
    if (core->newcomer_count == NR_NEWCOMERS_MAX || nr_token_bucket_take(&core->introductions, 1, now.mono_us))
        core->introduce_us = now.mono_us;
    else if (core->introduce_us == NR_NEVER_US)
        core->introduce_us = now.mono_us + INTRODUCE_WITHIN_US;
    nr_core_introduce_care(core, now);
}

void nr_core_introduce_care(struct nr_core *core, struct nr_now now)
{
    struct nr_path *to[NR_PUSH_ALL_MAX];
    if (now.mono_us < core->introduce_us) return;
    size_t n = nr_core_random_paths(core, NULL, to, NR_PUSH_ALL_MAX);
    for (size_t i = 0; i < n; i++) nr_core_announce(core, to[i], core->newcomers, core->newcomer_count);
    core->newcomer_count = 0;
    core->introduce_us = NR_NEVER_US;
}
