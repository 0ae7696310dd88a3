/* Making, keeping and losing paths (proto/README.md C.1). A stranger costs no memory: cookies are computed again, and a
 * path begins only with a fresh signature over a cookie that was sent to that very address. */
#include "core/state.h"

#include "base/assert.h"

#define COOKIE_EPOCH_US 60000000
#define SERVE_RATE      2000000.0
#define SERVE_BURST     131072.0
#define RECORDS_RATE    5000.0
#define RECORDS_BURST   20000.0
#define EAGER_FOR_PATH  2
#define PATH_YOUNG_US   300000

static uint64_t cookie_at(const struct nr_core *core, const struct nr_addr *addr, int64_t epoch)
{
    uint8_t buf[NR_ADDR_WIRE + 8];
    nr_addr_to_wire(addr, buf);
    nr_put_be64(buf + NR_ADDR_WIRE, (uint64_t)epoch);
    uint64_t cookie = core->host.cookie(core->host.ctx, nr_bytes(buf, sizeof buf));
    return cookie ? cookie : 1; /* zero means none */
}

static uint64_t cookie_for(const struct nr_core *core, struct nr_now now, const struct nr_addr *addr)
{
    return cookie_at(core, addr, now.mono_us / COOKIE_EPOCH_US);
}

static bool cookie_holds(const struct nr_core *core, struct nr_now now, const struct nr_addr *addr, uint64_t cookie)
{
    int64_t epoch = now.mono_us / COOKIE_EPOCH_US;
    return cookie == cookie_at(core, addr, epoch) || cookie == cookie_at(core, addr, epoch - 1);
}

static void count_out(struct nr_core *core, uint8_t type, size_t len)
{
    core->stats.messages_out[type]++;
    core->stats.message_bytes_out[type] += len;
}

static bool message_to(struct nr_core *core, const struct nr_addr *to, uint8_t type, size_t len, struct nr_writer *w)
{
    if (!nr_outbox_to_addr(&core->outbox, to, NR_MESSAGE_HEAD + len, w)) {
        core->stats.outbox_full++;
        return false;
    }
    count_out(core, type, NR_MESSAGE_HEAD + len);
    return true;
}

static bool is_own_address(const struct nr_core *core, const struct nr_addr *a)
{
    for (size_t i = 0; i < core->own_addr_count; i++)
        if (nr_addr_eq(&core->own_addrs[i], a)) return true;
    return false;
}

static bool greeted_lately(const struct nr_core *core, struct nr_now now, const struct nr_addr *to)
{
    for (size_t i = 0; i < NR_GREETED_MAX; i++)
        if (now.mono_us - core->greeted[i].at_us < nr_us(1) && nr_addr_eq(&core->greeted[i].addr, to)) return true;
    return false;
}

bool nr_core_greet(struct nr_core *core, struct nr_now now, const struct nr_addr *to)
{
    if (!nr_addr_is_unicast(to) || is_own_address(core, to) || greeted_lately(core, now, to)) return false;
    if (!nr_token_bucket_take(&core->hello_sends, 1, now.mono_us)) return false;
    core->greeted[core->greeted_at++ % NR_GREETED_MAX] = (struct nr_greeted){ .addr = *to, .at_us = now.mono_us };
    struct nr_hello m = { .cookie = cookie_for(core, now, to), .time_ms = now.wall_ms };
    memcpy(m.key, core->key, NR_KEY_SIZE);
    struct nr_writer w;
    if (!message_to(core, to, NR_MSG_HELLO, NR_HELLO_SIZE, &w)) return false;
    nr_hello_encode(&w, &m);
    return true;
}

/* With a path it goes into the path's open datagram, so that what follows it cannot overtake it. */
static void send_proof(struct nr_core *core, struct nr_now now, const struct nr_addr *to, struct nr_path *path,
                       const uint8_t verifier[static NR_KEY_SIZE], uint64_t echo, uint64_t cookie)
{
    struct nr_writer w;
    if (path ? !nr_core_message(core, path, NR_MSG_PROOF, NR_HELLO_SIZE, &w)
             : !message_to(core, to, NR_MSG_PROOF, NR_HELLO_SIZE, &w))
        return;
    struct nr_proof m = { .echo = echo, .cookie = cookie, .time_ms = now.wall_ms, .observed = *to };
    memcpy(m.key, core->key, NR_KEY_SIZE);
    uint8_t part[NR_PROOF_SIGNED];
    nr_proof_signed_part(part, echo, core->key, verifier);
    /* The domain leads the signed part already: the host signs domain and rest, so hand it the rest. */
    core->host.sign(core->host.ctx, NR_PATH_DOMAIN,
                    nr_bytes(part + sizeof NR_PATH_DOMAIN, sizeof part - sizeof NR_PATH_DOMAIN), m.sig);
    nr_proof_encode(&w, &m);
}

void nr_core_on_hello(struct nr_core *core, struct nr_now now, const struct nr_addr *from, const struct nr_hello *m)
{
    if (memcmp(m->key, core->key, NR_KEY_SIZE) == 0) {
        core->stats.datagrams_own++;
        return;
    }
    if (!nr_addr_is_unicast(from) || !nr_token_bucket_take(&core->hello_answers, 1, now.mono_us)) {
        core->stats.hellos_limited++;
        return;
    }
    send_proof(core, now, from, NULL, m->key, m->cookie, cookie_for(core, now, from));
}

static bool proof_holds(struct nr_core *core, struct nr_now now, const struct nr_addr *from, const struct nr_header *h,
                        const struct nr_proof *m)
{
    if (memcmp(h->sender, m->key, sizeof h->sender) != 0 || memcmp(m->key, core->key, NR_KEY_SIZE) == 0) return false;
    if (!cookie_holds(core, now, from, m->echo) || !nr_token_bucket_take(&core->proof_checks, 1, now.mono_us))
        return false;
    uint8_t part[NR_PROOF_SIGNED];
    nr_proof_signed_part(part, m->echo, m->key, core->key);
    core->stats.signatures_checked++;
    return core->host.verify(core->host.ctx, m->key, NR_PATH_DOMAIN,
                             nr_bytes(part + sizeof NR_PATH_DOMAIN, sizeof part - sizeof NR_PATH_DOMAIN), m->sig) == 0;
}

static void event_peer(struct nr_core *core, enum nr_event_type type, const struct nr_path *path)
{
    struct nr_event *e = nr_events_add(&core->events, type);
    if (!e) return;
    memcpy(e->signer, path->key, NR_KEY_SIZE);
    e->addr = path->addr;
}

/* A place in a full table: one by chance that has had time to hand over what a newcomer needs gives way. */
static void make_room(struct nr_core *core, struct nr_now now)
{
    struct nr_path *path;
    for (int tries = 0; tries < 8 && core->paths.count >= NR_PATHS_MAX; tries++)
        if (nr_core_random_paths(core, NULL, &path, 1) && now.mono_us - path->since_us > PATH_YOUNG_US &&
            !nr_core_path_serves(core, path))
            nr_core_bye(core, path);
}

static struct nr_path *path_make(struct nr_core *core, struct nr_now now, const struct nr_proof *m)
{
    make_room(core, now);
    struct nr_path *path = nr_paths_add(&core->paths, m->key);
    if (!path) return NULL;
    path->since_us = now.mono_us;
    path->rtt_us = -1;
    path->differs_since_us = NR_NEVER_US;
    nr_token_bucket_init(&path->serve, SERVE_RATE, SERVE_BURST, now.mono_us);
    nr_token_bucket_init(&path->records, RECORDS_RATE, RECORDS_BURST, now.mono_us);
    core->stats.paths_made++;
    core->eager += EAGER_FOR_PATH;
    return path;
}

/* The path as it now stands: same peer, perhaps started anew or moved. */
static void path_prove(struct nr_path *path, struct nr_now now, const struct nr_addr *from, const struct nr_header *h,
                       const struct nr_proof *m)
{
    if (path->incarnation != h->incarnation) {
        nr_window_begin(&path->window, h->number);
        path->probe_ms = 0;
    }
    if (!nr_addr_eq(&path->addr, from)) path->open = 0; /* what is under way goes to the old address */
    path->incarnation = h->incarnation;
    path->addr = *from;
    path->heard_us = now.mono_us;
    path->pings_unanswered = 0;
    path->ping_nonce = 0;
    path->confirmed = false;
    path->clock_offset_ms = m->time_ms - now.wall_ms;
    path->observed = m->observed;
}

/* The path that a PROOF speaks of: the same incarnation wherever it is now, or an earlier one at the same address. */
static struct nr_path *path_meant(const struct nr_core *core, const struct nr_addr *from, const struct nr_header *h)
{
    uint64_t key8 = nr_be64(h->sender);
    struct nr_path *same = nr_paths_find_peer(&core->paths, key8, h->incarnation);
    struct nr_path *there = nr_paths_find_addr(&core->paths, from);
    if (same) return same;
    return there && nr_key8(there->key) == key8 ? there : NULL;
}

/* Asked for a sign, and silent for a second at least. */
static bool is_missed(const struct nr_path *path)
{
    return !path->confirmed && path->pings_unanswered >= 2;
}

/* A cookie lives longer than one exchange, so a PROOF may come again: from an older incarnation, or with a number that
 * was seen. Over the path itself the number was taken before this is asked. A peer whose clock was set back starts with
 * an incarnation below its last: it is taken where the later one is missed. */
static bool replayed(struct nr_path *path, const struct nr_addr *from, const struct nr_header *h)
{
    if (h->incarnation != path->incarnation) return h->incarnation < path->incarnation && !is_missed(path);
    return !nr_addr_eq(from, &path->addr) && !nr_window_take(&path->window, h->number);
}

/* A peer that can be reached at several addresses is not greeted at the others. */
static void note_alias(struct nr_core *core, const struct nr_path *path, const struct nr_addr *addr)
{
    core->aliases[core->alias_at++ % NR_ALIASES_MAX] = (struct nr_alias){ .addr = *addr, .path = path->serial };
}

struct nr_path *nr_core_on_proof(struct nr_core *core, struct nr_now now, const struct nr_addr *from,
                                 const struct nr_header *h, const struct nr_proof *m)
{
    struct nr_path *path = path_meant(core, from, h);
    bool holds = proof_holds(core, now, from, h, m);
    if (!holds || (path && replayed(path, from, h))) {
        /* Is the path of the later incarnation alive? That is asked soon, as of one that nothing has come over. */
        if (holds && h->incarnation < path->incarnation) path->confirmed = false;
        core->stats.proofs_refused++;
        return NULL;
    }
    bool fresh = !path || !nr_addr_eq(&path->addr, from) || path->incarnation != h->incarnation;
    if (path && !nr_addr_eq(&path->addr, from)) note_alias(core, path, &path->addr);
    if (!path) path = path_make(core, now, m);
    if (!path) {
        nr_core_turn_away(core, from); /* no room: it shall look elsewhere */
        return NULL;
    }
    path_prove(path, now, from, h, m);
    if (m->cookie) {
        path->chosen = true;
        send_proof(core, now, from, path, m->key, m->cookie, 0);
        nr_core_ping(core, now, path); /* the answer says that the other side has the path too */
    }
    if (fresh) event_peer(core, NR_EVENT_PEER_UP, path);
    nr_core_learn_address(core, now);
    nr_core_sign(core, now, path);
    nr_core_probe_met(core, path);
    return path;
}

void nr_core_ping(struct nr_core *core, struct nr_now now, struct nr_path *path)
{
    struct nr_writer w;
    path->ping_nonce = nr_rng_u64(&core->rng) | 1;
    path->ping_sent_us = now.mono_us;
    path->pings_unanswered++;
    if (nr_core_message(core, path, NR_MSG_PING, 8, &w)) nr_ping_encode(&w, NR_MSG_PING, path->ping_nonce);
}

void nr_core_on_pong(struct nr_core *core, struct nr_now now, struct nr_path *path, uint64_t nonce)
{
    nr_core_on_control(core, nonce);
    if (path->ping_nonce == 0 || nonce != path->ping_nonce) return;
    path->rtt_us = now.mono_us - path->ping_sent_us;
    path->ping_nonce = 0;
    path->pings_unanswered = 0;
    nr_core_walk_begin(core, now, path);
}

void nr_core_lose(struct nr_core *core, struct nr_path *path)
{
    core->stats.paths_lost++;
    event_peer(core, NR_EVENT_PEER_DOWN, path);
    uint64_t key8 = nr_key8(path->key);
    nr_paths_remove(&core->paths, path);
    nr_core_watch_lost(core, key8);
    if (core->paths.count == 0) core->walk.wanted = true;
}
