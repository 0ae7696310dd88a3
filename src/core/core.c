/* The core's life: made, fed, drained. What each message does stands in the file of its noun (state.h). */
#include "core/state.h"

#include "base/assert.h"

#include <stdlib.h>

#define LEASE_S         345600 /* 72 h are left at the last sign of life, whenever it was renewed */
#define PROFILE_LEASE_S (365 * 86400)

static void config_apply(struct nr_core *core, const struct nr_core_config *c)
{
    nr_assert(nr_node_id_valid(c->node_id));
    nr_assert(c->advertise_count <= NR_GOSSIP_MAX);
    memcpy(core->key, c->key, NR_KEY_SIZE);
    memcpy(core->node_id, c->node_id.data, c->node_id.len);
    core->node_id_len = c->node_id.len;
    nr_rng_init(&core->rng, c->seed);
    nr_clock_init(&core->clock, c->stamp_floor);
    core->lease_s = c->lease_s ? c->lease_s : LEASE_S;
    core->profile_lease_s = c->profile_lease_s ? c->profile_lease_s : PROFILE_LEASE_S;
    core->beat_interval_ms = c->heartbeat_interval_ms;
    nr_core_set_budget(core, c->heartbeat_budget);
    for (size_t i = 0; i < c->advertise_count; i++) core->advertise[i] = c->advertise[i];
    core->advertise_count = c->advertise_count;
    core->advertise_fixed = c->advertise_count > 0;
}

struct nr_core *nr_core_new(const struct nr_core_config *config, const struct nr_core_host *host)
{
    struct nr_core *core = calloc(1, sizeof *core);
    if (!core) return NULL;
    core->host = *host;
    config_apply(core, config);
    nr_outbox_init(&core->outbox);
    core->aside.look_us = NR_NEVER_US;
    for (int i = 0; i < NR_PLANES; i++)
        if (nr_set_init(&core->sets[i], NR_RECORDS_MAX, i == NR_PLANE_COLD)) {
            nr_core_free(core);
            return NULL;
        }
    return core;
}

void nr_core_free(struct nr_core *core)
{
    if (!core) return;
    for (int i = 0; i < NR_PLANES; i++) nr_set_fini(&core->sets[i]);
    nr_wants_fini(&core->wants);
    nr_outbox_fini(&core->outbox);
    nr_events_fini(&core->events);
    nr_paths_fini(&core->paths);
    nr_roster_fini(&core->roster);
    nr_watches_fini(&core->watches);
    free(core->self_body);
    free(core->metrics);
    free(core);
}

static void timers_start(struct nr_core *core, struct nr_now now)
{
    core->started_us = now.mono_us;
    core->tick = 1;
    core->tick_us = core->wants_check_us = core->restate_us = core->beat_us = core->held_us = NR_NEVER_US;
    core->introduce_us = NR_NEVER_US;
    core->renew_us = now.mono_us + nr_us(60);
    core->rotate_us = now.mono_us + nr_us(30);
    core->care_us = core->fill_us = core->hello_us = core->pull.at_us = core->pull.due_us = now.mono_us;
    if (core->beat_interval_ms) core->beat_us = now.mono_us + (int64_t)core->beat_interval_ms * 1000;
    core->eager = 32;
    core->observers.probe_us = now.mono_us + nr_rng_below(&core->rng, NR_PROBES_BEGIN_US);
    core->observers.in_sync_by_us = now.mono_us + NR_PROBES_IN_SYNC_US;
    core->repair = (struct nr_repair){ .catching_up = true, .not_before_us = now.mono_us };
    core->walk.wanted = true;
    for (size_t i = 0; i < NR_GREETED_MAX; i++) core->greeted[i].at_us = now.mono_us - nr_us(60);
}

static void budgets_start(struct nr_core *core, struct nr_now now)
{
    nr_token_bucket_init(&core->hello_answers, 2000, 5000, now.mono_us);
    nr_token_bucket_init(&core->hello_sends, 8, 64, now.mono_us);
    nr_token_bucket_init(&core->proof_checks, 2000, 5000, now.mono_us);
    nr_token_bucket_init(&core->first_repairs, 0.5, 4, now.mono_us);
    nr_token_bucket_init(&core->referrals, 1, 64, now.mono_us);
    nr_token_bucket_init(&core->pushes, 100, 200, now.mono_us);
    nr_token_bucket_init(&core->introductions, 1, 8, now.mono_us);
    for (int i = 0; i < NR_SIGNER_BUCKETS; i++) nr_token_bucket_init(&core->signers[i], 1000, 10000, now.mono_us);
}

int nr_core_start(struct nr_core *core, struct nr_now now)
{
    nr_assert(!core->started);
    int err = nr_clock_next(&core->clock, &core->host, now, 0, &core->incarnation);
    if (err) return err;
    core->stats.clock_resets = core->clock.resets;
    if (core->clock.resets) (void)nr_events_add(&core->events, NR_EVENT_CLOCK_RESET);
    nr_core_wall_start(core, now);
    timers_start(core, now);
    budgets_start(core, now);
    err = nr_core_verdict_start(core, now);
    core->started = !err;
    return err;
}

/* Input. */

static void note_fingerprint(struct nr_core *core, struct nr_now now, struct nr_path *path, uint64_t fingerprint)
{
    path->fingerprint = fingerprint;
    if (!nr_core_differs(core, path))
        path->differs_since_us = NR_NEVER_US;
    else if (path->differs_since_us == NR_NEVER_US)
        path->differs_since_us = now.mono_us;
}

static void on_handshake(struct nr_core *core, struct nr_now now, const struct nr_addr *from, const struct nr_header *h,
                         const struct nr_message *m, bool *hello_answered)
{
    struct nr_hello hello;
    struct nr_proof proof;
    if (m->type == NR_MSG_HELLO && !*hello_answered && nr_hello_decode(m->body, &hello) == 0) {
        *hello_answered = true; /* one datagram, one answer: C.1.2 */
        nr_core_on_hello(core, now, from, &hello);
    }
    if (m->type != NR_MSG_PROOF || nr_proof_decode(m->body, &proof)) return;
    struct nr_path *path = nr_core_on_proof(core, now, from, h, &proof);
    if (!path) return;
    note_fingerprint(core, now, path, h->fingerprint);
    nr_core_push_owed(core, now, path);
    if (path->chosen)
        nr_core_repair_first(core, now, path);
    else if (nr_core_differs(core, path))
        nr_core_refer(core, path); /* it is new here, or was away: it may look for others */
    if (!core->repair.catching_up) nr_core_walk_begin(core, now, path);
}

static void on_ids(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_message *m)
{
    struct nr_ids ids;
    if (nr_ids_decode(m->body, &ids))
        core->stats.datagrams_malformed++;
    else if (m->type == NR_MSG_ANNOUNCE)
        nr_core_on_announce(core, now, path, &ids);
    else
        nr_core_on_want(core, now, path, &ids);
}

static void on_pieces(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_message *m)
{
    struct nr_piece piece;
    uint64_t id;
    uint16_t missing;
    if (m->type == NR_MSG_PIECE && nr_piece_decode(m->body, &piece) == 0)
        nr_core_on_piece(core, now, path, &piece);
    else if (m->type == NR_MSG_WANT_PIECES && nr_want_pieces_decode(m->body, &id, &missing) == 0)
        nr_core_on_want_pieces(core, now, path, id, missing);
    else
        core->stats.datagrams_malformed++;
}

static void on_repair(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_message *m)
{
    struct nr_split split;
    struct nr_list list;
    if (m->type == NR_MSG_SPLIT && nr_split_decode(m->body, &split) == 0)
        nr_core_on_split(core, now, path, &split);
    else if (m->type == NR_MSG_LIST && nr_list_decode(m->body, &list) == 0)
        nr_core_on_list(core, now, path, &list);
    else
        core->stats.datagrams_malformed++;
}

static void on_walk(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_message *m)
{
    struct nr_page page;
    uint64_t cursor;
    if (m->type == NR_MSG_WALK && nr_walk_decode(m->body, &cursor) == 0)
        nr_core_on_walk(core, now, path, cursor);
    else if (m->type == NR_MSG_PAGE && nr_page_decode(m->body, &page) == 0)
        nr_core_on_page(core, now, path, &page);
    else
        core->stats.datagrams_malformed++;
}

static void on_probe(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_message *m)
{
    uint16_t interval_ms;
    if (nr_probe_decode(m->body, &interval_ms))
        core->stats.datagrams_malformed++;
    else
        nr_core_on_probe(core, now, path, interval_ms);
}

static void on_pull(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_message *m)
{
    struct nr_pull pull;
    if (nr_pull_decode(m->body, &pull))
        core->stats.datagrams_malformed++;
    else
        nr_core_on_pull(core, now, path, &pull);
}

static void on_ping(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_message *m)
{
    uint64_t nonce;
    struct nr_writer w;
    if (nr_ping_decode(m->body, &nonce))
        core->stats.datagrams_malformed++;
    else if (m->type == NR_MSG_PONG)
        nr_core_on_pong(core, now, path, nonce);
    else if (nr_core_message(core, path, NR_MSG_PONG, 8, &w))
        nr_ping_encode(&w, NR_MSG_PONG, nonce);
}

static void on_refer(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_message *m)
{
    struct nr_refer refer;
    if (nr_refer_decode(m->body, &refer))
        core->stats.datagrams_malformed++;
    else
        nr_core_on_refer(core, now, path, &refer);
}

/* A message over a path. False: the path is gone. */
static bool on_message(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_message *m)
{
    switch (m->type) {
    case NR_MSG_PING:
    case NR_MSG_PONG: on_ping(core, now, path, m); break;
    case NR_MSG_BYE: nr_core_lose(core, path); return false;
    case NR_MSG_PUSH: nr_core_on_push(core, now, path, m->body); break;
    case NR_MSG_ANNOUNCE:
    case NR_MSG_WANT: on_ids(core, now, path, m); break;
    case NR_MSG_PIECE:
    case NR_MSG_WANT_PIECES: on_pieces(core, now, path, m); break;
    case NR_MSG_SPLIT:
    case NR_MSG_LIST: on_repair(core, now, path, m); break;
    case NR_MSG_WALK:
    case NR_MSG_PAGE: on_walk(core, now, path, m); break;
    case NR_MSG_PROBE: on_probe(core, now, path, m); break;
    case NR_MSG_PULL: on_pull(core, now, path, m); break;
    case NR_MSG_REFER: on_refer(core, now, path, m); break;
    default: break; /* handshakes are handled before; newer types are skipped */
    }
    return true;
}

static void count_in(struct nr_core *core, const struct nr_message *m)
{
    uint8_t type = m->type < NR_MSG_TYPES ? m->type : 0;
    core->stats.messages_in[type]++;
    core->stats.message_bytes_in[type] += NR_MESSAGE_HEAD + m->body.len;
}

/* What is cold comes first: hot records are walked with the first whose set is equal; walk_care looks for others. */
static void caught_up(struct nr_core *core, struct nr_now now, struct nr_path *path)
{
    core->repair.catching_up = false;
    nr_core_walk_begin(core, now, path);
}

/* The path that a datagram comes over (C.1); NULL: none, or its number is not new. */
static struct nr_path *path_of(struct nr_core *core, struct nr_now now, const struct nr_addr *from,
                               const struct nr_header *h, size_t len, bool *replayed)
{
    struct nr_path *path = nr_paths_find_peer(&core->paths, nr_be64(h->sender), h->incarnation);
    if (!path || !nr_addr_eq(&path->addr, from)) return NULL;
    *replayed = !nr_window_take(&path->window, h->number);
    if (*replayed) return NULL;
    path->heard_us = now.mono_us;
    path->bytes_in += len + NR_ENVELOPE_SIZE;
    note_fingerprint(core, now, path, h->fingerprint);
    if (path->differs_since_us == NR_NEVER_US) caught_up(core, now, path);
    nr_core_sign(core, now, path);
    return path;
}

static void messages(struct nr_core *core, struct nr_now now, const struct nr_addr *from, const struct nr_header *h,
                     struct nr_path *path, struct nr_reader *r)
{
    struct nr_message m;
    bool hello_answered = false, pathless = false;
    while (nr_message_next(r, &m)) {
        count_in(core, &m);
        if (m.type == NR_MSG_HELLO || m.type == NR_MSG_PROOF) {
            on_handshake(core, now, from, h, &m, &hello_answered);
            path = nr_paths_find_peer(&core->paths, nr_be64(h->sender), h->incarnation); /* it may be new, or gone */
            if (path && !nr_addr_eq(&path->addr, from)) path = NULL;
        } else if (!path) {
            pathless = true;
        } else {
            path->confirmed = true; /* who says something over it has it */
            if (!on_message(core, now, path, &m)) break;
        }
    }
    if (pathless) core->stats.datagrams_no_path++;
    if (r->err) core->stats.datagrams_malformed++;
}

void nr_core_receive(struct nr_core *core, struct nr_now now, const struct nr_addr *from, struct nr_bytes plain)
{
    struct nr_reader r;
    struct nr_header h;
    bool replayed = false;
    if (!core->started || core->left) return;
    core->stats.datagrams_in++;
    nr_reader_init(&r, plain);
    nr_header_decode(&r, &h);
    if (r.err)
        core->stats.datagrams_malformed++;
    else if (memcmp(h.sender, core->key, sizeof h.sender) == 0)
        core->stats.datagrams_own++;
    else {
        struct nr_path *path = path_of(core, now, from, &h, plain.len, &replayed);
        if (replayed)
            core->stats.datagrams_replayed++;
        else
            messages(core, now, from, &h, path, &r);
    }
}

void nr_core_expire(struct nr_core *core, struct nr_now now)
{
    if (!core->started || core->left) return;
    nr_core_wall_care(core, now);
    nr_core_drop_ended(core, now);
    if (now.mono_us >= core->restate_us) (void)nr_core_restate_self(core, now);
    nr_core_renew(core, now);
    nr_core_care(core, now);
    nr_core_repair_care(core, now);
    nr_core_check_wants(core, now);
    nr_core_verdict_care(core, now);
    nr_core_watch_care(core, now);
    nr_core_probe_care(core, now);
    nr_core_beat_care(core, now); /* behind the PROBEs, whose datagrams it shares, as a PULL does */
    nr_core_held_care(core, now);
    nr_core_introduce_care(core, now);
    nr_core_announce_tick(core, now);
    nr_core_pull_care(core, now);
}

int64_t nr_core_deadline(const struct nr_core *core)
{
    if (!core->started || core->left) return NR_NEVER_US;
    int64_t care_us = core->care_us + NR_CARE_WAIT_US;
    int64_t at[] = { care_us,          core->fill_us,
                     core->tick_us,    core->wants_check_us,
                     core->beat_us,    core->renew_us,
                     core->restate_us, nr_core_repair_deadline(core),
                     core->judge_us,   nr_core_probe_deadline(core),
                     core->pull.at_us, nr_core_watch_deadline(core),
                     core->held_us,    core->introduce_us };
    int64_t first = NR_NEVER_US;
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        if (at[i] < first) first = at[i];
    return first;
}

/* Output. */

bool nr_core_message(struct nr_core *core, struct nr_path *path, uint8_t type, size_t len, struct nr_writer *w)
{
    if (!nr_outbox_to_path(&core->outbox, path, NR_MESSAGE_HEAD + len, w)) {
        core->stats.outbox_full++;
        return false;
    }
    core->stats.messages_out[type]++;
    core->stats.message_bytes_out[type] += NR_MESSAGE_HEAD + len;
    return true;
}

bool nr_core_next_datagram(struct nr_core *core, struct nr_datagram *out)
{
    struct nr_parcel *p = nr_outbox_take(&core->outbox, &core->paths);
    if (!p) return false;
    struct nr_header h = { .incarnation = core->incarnation,
                           .number = ++core->number,
                           .fingerprint = nr_core_fingerprint(core) };
    memcpy(h.sender, core->key, sizeof h.sender);
    struct nr_writer w;
    nr_writer_init(&w, p->data, NR_HEADER_SIZE);
    nr_header_encode(&w, &h);
    nr_assert(!w.err && nr_writer_left(&w) == 0);
    struct nr_path *path = nr_paths_find(&core->paths, p->path);
    if (path) path->bytes_out += p->len + NR_ENVELOPE_SIZE;
    core->stats.datagrams_out++;
    *out = (struct nr_datagram){ .to = p->to, .plain = nr_bytes(p->data, p->len) };
    return true;
}

bool nr_core_next_event(struct nr_core *core, struct nr_event *out)
{
    return nr_events_take(&core->events, out);
}

/* Peers and facts. */

void nr_core_set_seeds(struct nr_core *core, const struct nr_addr *seeds, size_t count)
{
    nr_assert(count <= NR_SEEDS_MAX);
    bool same = count == core->seed_count;
    for (size_t i = 0; same && i < count; i++) same = nr_addr_eq(&seeds[i], &core->seeds[i]);
    if (same) return;
    memcpy(core->seeds, seeds, count * sizeof *seeds);
    core->seed_count = count;
    core->eager += (uint32_t)count;
    core->care_us = core->fill_us = 0;
}

void nr_core_remember(struct nr_core *core, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr)
{
    if (memcmp(key, core->key, NR_KEY_SIZE) == 0) return;
    for (size_t i = 0; i < core->remembered_count; i++)
        if (nr_addr_eq(&core->remembered[i], addr)) return;
    size_t at = core->remembered_count < NR_REMEMBERED_MAX ? core->remembered_count++
                                                           : nr_rng_below(&core->rng, NR_REMEMBERED_MAX);
    core->remembered[at] = *addr;
}

void nr_core_set_own_addresses(struct nr_core *core, const struct nr_addr *addrs, size_t count)
{
    core->own_addr_count = count < NR_OWN_ADDRESSES_MAX ? count : NR_OWN_ADDRESSES_MAX;
    memcpy(core->own_addrs, addrs, core->own_addr_count * sizeof *addrs);
}

bool nr_core_next_peer(const struct nr_core *core, size_t *iter, struct nr_peer_info *out)
{
    if (*iter >= core->paths.count) return false;
    const struct nr_path *p = core->paths.list[(*iter)++];
    *out = (struct nr_peer_info){ .incarnation = p->incarnation,
                                  .addr = p->addr,
                                  .chosen = p->chosen,
                                  .in_sync = p->differs_since_us == NR_NEVER_US,
                                  .since_us = p->since_us,
                                  .heard_us = p->heard_us,
                                  .rtt_us = p->rtt_us,
                                  .clock_offset_ms = p->clock_offset_ms,
                                  .fingerprint = p->fingerprint,
                                  .bytes_in = p->bytes_in,
                                  .bytes_out = p->bytes_out };
    memcpy(out->key, p->key, NR_KEY_SIZE);
    return true;
}

const struct nr_core_stats *nr_core_stats(const struct nr_core *core)
{
    return &core->stats;
}

uint64_t nr_core_fingerprint(const struct nr_core *core)
{
    return nr_set_sum(&core->sets[NR_PLANE_COLD], (struct nr_range){ 0 });
}

uint64_t nr_core_incarnation(const struct nr_core *core)
{
    return core->incarnation;
}

size_t nr_core_record_count(const struct nr_core *core, enum nr_plane plane)
{
    return core->sets[plane].count;
}

size_t nr_core_peer_count(const struct nr_core *core)
{
    return core->paths.count;
}

void nr_core_aside(const struct nr_core *core, struct nr_aside_info *out)
{
    const struct nr_aside *a = &core->aside;
    *out = (struct nr_aside_info){
        .count = a->count, .ahead = a->ahead, .newest_ms = a->newest_ms, .confirmed = core->wall.confirmed
    };
}

bool nr_core_learned_address(const struct nr_core *core, struct nr_addr *out)
{
    if (core->advertise_count == 0) return false;
    *out = core->advertise[0];
    return true;
}

bool nr_core_lookup(const struct nr_core *core, struct nr_now now, uint64_t key_hash, uint64_t *stamp, uint64_t *id)
{
    for (int i = 0; i < NR_PLANES; i++) {
        const struct nr_entry *e = nr_set_find(&core->sets[i], key_hash);
        if (!e || nr_entry_dead(e, now)) continue;
        *stamp = e->stamp;
        *id = e->id;
        return true;
    }
    return false;
}
