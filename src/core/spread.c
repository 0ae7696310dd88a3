/* Spreading what is new (proto/README.md C.3): push, announce, want, and records in pieces. There is no queue:
 * what was learnt lately stands at the end of each set's list, and every tick announces it again until its ticks are
 * over. */
#include "core/state.h"

#include "base/assert.h"

#define SERVED_HOPS  NR_HOPS_MAX /* what was asked for is not pushed on unasked */
#define TICK_IDS_MAX (4 * NR_IDS_MAX)

size_t nr_core_random_paths(struct nr_core *core, const struct nr_path *but, struct nr_path **out, size_t count)
{
    struct nr_path *pool[NR_PATHS_MAX];
    size_t n = 0, taken = 0;
    for (size_t i = 0; i < core->paths.count; i++)
        if (core->paths.list[i] != but) pool[n++] = core->paths.list[i];
    for (; taken < count && taken < n; taken++) {
        size_t pick = taken + nr_rng_below(&core->rng, (uint32_t)(n - taken));
        struct nr_path *chosen = pool[pick];
        pool[pick] = pool[taken];
        out[taken] = pool[taken] = chosen;
    }
    return taken;
}

struct nr_path *nr_core_random_confirmed(struct nr_core *core)
{
    struct nr_path *pool[NR_PATHS_MAX];
    uint32_t n = 0;
    for (size_t i = 0; i < core->paths.count; i++)
        if (core->paths.list[i]->confirmed) pool[n++] = core->paths.list[i];
    return n ? pool[nr_rng_below(&core->rng, n)] : NULL;
}

static void send_ids(struct nr_core *core, struct nr_path *path, uint8_t type, const uint64_t *ids, size_t count)
{
    struct nr_writer w;
    for (size_t at = 0, n; at < count; at += n) {
        n = count - at < NR_IDS_MAX ? count - at : NR_IDS_MAX;
        if (!nr_core_message(core, path, type, n * 8, &w)) return;
        nr_ids_encode(&w, type, ids + at, n);
    }
}

static void send_piece(struct nr_core *core, struct nr_path *path, struct nr_bytes raw, uint64_t id, size_t index)
{
    size_t at = index * NR_PIECE_SIZE, len = raw.len - at < NR_PIECE_SIZE ? raw.len - at : NR_PIECE_SIZE;
    struct nr_writer w;
    if (!nr_core_message(core, path, NR_MSG_PIECE, 11 + len, &w)) return;
    nr_piece_encode(
        &w, &(struct nr_piece){
                .id = id, .total = (uint16_t)raw.len, .index = (uint8_t)index, .bytes = nr_bytes(raw.data + at, len) });
}

void nr_core_announce(struct nr_core *core, struct nr_path *path, const uint64_t *ids, size_t count)
{
    send_ids(core, path, NR_MSG_ANNOUNCE, ids, count);
}

void nr_core_send_record(struct nr_core *core, struct nr_path *path, struct nr_bytes raw, uint64_t id, uint8_t hops)
{
    struct nr_writer w;
    if (raw.len > NR_PUSH_RECORD_MAX) {
        send_ids(core, path, NR_MSG_ANNOUNCE, &id, 1);
        return;
    }
    if (!nr_core_message(core, path, NR_MSG_PUSH, 1 + raw.len, &w)) return;
    nr_push_encode(&w, &(struct nr_push){ .hops = hops, .record = raw });
}

/* Announcements. */

static void start_ticks(struct nr_core *core, struct nr_now now, struct nr_entry *e)
{
    if (core->tick_us == NR_NEVER_US) core->tick_us = now.mono_us + NR_TICK_US;
    e->learnt_tick = core->tick;
}

static void push_to_all(struct nr_core *core, struct nr_entry *e, struct nr_bytes raw)
{
    for (size_t i = 0; i < core->paths.count; i++) nr_core_send_record(core, core->paths.list[i], raw, e->id, 0);
}

static void push_and_announce(struct nr_core *core, struct nr_entry *e, struct nr_bytes raw,
                              const struct nr_origin *origin)
{
    struct nr_path *to[7];
    size_t n = nr_core_random_paths(core, origin->from, to, 7);
    size_t pushes = origin->hops < NR_HOPS_MAX ? 4 : 0, announces = origin->newcomer ? 0 : 3;
    uint8_t hops = (uint8_t)(origin->from ? origin->hops + 1 : 0);
    for (size_t i = 0; i < n && i < pushes + announces; i++) {
        if (i < pushes)
            nr_core_send_record(core, to[i], raw, e->id, hops);
        else
            send_ids(core, to[i], NR_MSG_ANNOUNCE, &e->id, 1);
    }
}

void nr_core_spread(struct nr_core *core, struct nr_now now, struct nr_entry *e, struct nr_bytes raw,
                    const struct nr_origin *origin)
{
    if (nr_kind_plane(e->kind) == NR_PLANE_HOT) {
        nr_core_spread_hot(core, now, e, raw, origin);
        return;
    }
    if (origin->repair && core->repair.catching_up) return;
    start_ticks(core, now, e);
    bool few = core->paths.count <= NR_PUSH_ALL_MAX;
    if (few && origin->from) return;
    if (!nr_token_bucket_take(&core->pushes, 1, now.mono_us)) return;
    if (few)
        push_to_all(core, e, raw);
    else
        push_and_announce(core, e, raw, origin);
}

/* The ids of a plane learnt in the last ticks, newest first, behind the `n` that are there. */
static size_t lately_learnt(const struct nr_core *core, struct nr_now now, enum nr_plane plane,
                            uint64_t ids[static TICK_IDS_MAX], size_t n)
{
    const struct nr_set *set = &core->sets[plane];
    for (struct nr_entry *e = nr_set_newest(set); e && n < TICK_IDS_MAX; e = nr_set_older(set, e)) {
        if (e->learnt_tick == 0) continue;
        if (core->tick - e->learnt_tick >= NR_TICKS) break;
        if (!nr_entry_dead(e, now)) ids[n++] = e->id;
    }
    return n;
}

void nr_core_announce_tick(struct nr_core *core, struct nr_now now)
{
    if (now.mono_us < core->tick_us) return;
    uint64_t ids[TICK_IDS_MAX];
    struct nr_path *to[2];
    size_t n = lately_learnt(core, now, NR_PLANE_COLD, ids, 0);
    n = lately_learnt(core, now, NR_PLANE_BRIEF, ids, n);
    size_t paths = nr_core_random_paths(core, NULL, to, 2);
    if (paths == 0) { /* what nobody could hear is announced when somebody can */
        core->tick_us = now.mono_us + NR_TICK_US;
        return;
    }
    for (size_t i = 0; i < paths; i++) send_ids(core, to[i], NR_MSG_ANNOUNCE, ids, n);
    core->tick++;
    core->tick_us = n ? now.mono_us + NR_TICK_US : NR_NEVER_US;
}

/* Wanting. */

bool nr_core_want(struct nr_core *core, struct nr_now now, struct nr_path *path, uint64_t id, bool repair)
{
    if (nr_core_find_id(core, id) || nr_seen_has(&core->seen, id)) return false;
    struct nr_want *want = nr_wants_find(&core->wants, id);
    if (want) {
        if (want->asked != path->serial) want->other = path->serial;
        return false;
    }
    want = nr_wants_add(&core->wants, id);
    if (!want) return false;
    want->asked = path->serial;
    want->at_us = now.mono_us;
    want->repair = repair;
    if (core->wants_check_us == NR_NEVER_US) core->wants_check_us = now.mono_us + NR_WANT_TIMEOUT_US;
    return true;
}

void nr_core_ask(struct nr_core *core, struct nr_path *path, const uint64_t *ids, size_t count)
{
    send_ids(core, path, NR_MSG_WANT, ids, count);
}

void nr_core_on_announce(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_ids *ids)
{
    uint64_t ask[NR_IDS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < ids->count; i++)
        if (nr_core_want(core, now, path, nr_ids_at(ids, i), false)) ask[n++] = nr_ids_at(ids, i);
    nr_core_ask(core, path, ask, n);
}

static bool load_alive(struct nr_core *core, struct nr_now now, uint64_t id, struct nr_bytes *raw)
{
    struct nr_entry *e = nr_core_find_id(core, id);
    return e && !nr_entry_dead(e, now) && core->host.load(core->host.ctx, e->key_hash, raw) == 0;
}

bool nr_core_may_serve(struct nr_core *core, struct nr_now now, struct nr_path *path, size_t bytes)
{
    if (nr_token_bucket_take(&path->serve, (double)bytes, now.mono_us)) return true;
    core->stats.serve_limited++;
    return false;
}

void nr_core_on_want(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_ids *ids)
{
    struct nr_bytes raw;
    for (size_t i = 0; i < ids->count; i++) {
        uint64_t id = nr_ids_at(ids, i);
        if (!load_alive(core, now, id, &raw) || !nr_core_may_serve(core, now, path, raw.len)) continue;
        if (raw.len <= NR_PUSH_RECORD_MAX)
            nr_core_send_record(core, path, raw, id, SERVED_HOPS);
        else
            for (size_t p = 0; p < nr_piece_count(raw.len); p++) send_piece(core, path, raw, id, p);
    }
}

void nr_core_on_want_pieces(struct nr_core *core, struct nr_now now, struct nr_path *path, uint64_t id,
                            uint16_t missing)
{
    struct nr_bytes raw;
    if (!load_alive(core, now, id, &raw) || raw.len <= NR_PUSH_RECORD_MAX) return;
    for (size_t p = 0; p < nr_piece_count(raw.len); p++)
        if (missing >> p & 1 && nr_core_may_serve(core, now, path, NR_PIECE_SIZE)) send_piece(core, path, raw, id, p);
}

/* Whatever comes from the peer that a repair is under way with is its sign of life, and a record its progress. */
static struct nr_origin origin_of(struct nr_core *core, struct nr_now now, struct nr_path *path, uint8_t hops,
                                  bool wanted)
{
    bool repair = core->repair.path == path->serial && (wanted || hops >= NR_HOPS_MAX);
    if (repair) core->repair.heard_us = now.mono_us;
    return (struct nr_origin){ .from = path, .hops = hops, .repair = repair };
}

static bool is_hot(struct nr_bytes raw)
{
    return raw.len > 2 && nr_kind_plane(raw.data[2]) == NR_PLANE_HOT; /* array head, version, kind */
}

/* A heartbeat is served in answer to a PULL, and no progress of a repair. */
static void take_hot(struct nr_core *core, struct nr_now now, struct nr_bytes raw, struct nr_origin *origin)
{
    origin->repair = false;
    int err = nr_core_accept(core, now, raw, origin);
    if (origin->hops < NR_HOPS_MAX) return;
    if (err == 0) nr_core_pull_brought(core, now, origin->from);
    if (err == NR_E_EXISTS) nr_core_pull_held(core, now, raw);
}

static void take(struct nr_core *core, struct nr_now now, struct nr_bytes raw, struct nr_origin *origin)
{
    if (is_hot(raw))
        take_hot(core, now, raw, origin);
    else if (nr_core_accept(core, now, raw, origin) == 0 && origin->repair)
        core->repair.progress = true;
}

void nr_core_on_push(struct nr_core *core, struct nr_now now, struct nr_path *path, struct nr_bytes body)
{
    struct nr_push m;
    if (nr_push_decode(body, &m)) {
        core->stats.records_malformed++;
        return;
    }
    struct nr_origin origin = origin_of(core, now, path, m.hops, false);
    take(core, now, m.record, &origin);
}

void nr_core_on_piece(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_piece *piece)
{
    struct nr_want *want = nr_wants_find(&core->wants, piece->id);
    if (!want || want->asked != path->serial) return;
    uint16_t missing = want->pieced ? nr_want_missing(want) : 0;
    int got = nr_wants_piece(&core->wants, want, piece);
    if (got < 0) core->stats.pieces_dropped++;
    if (got >= 0 && nr_want_missing(want) != missing) {
        want->at_us = now.mono_us;
        want->tries = 0; /* as long as pieces come, it is not given up */
    }
    if (got != 1) return;
    uint8_t raw[NR_RECORD_MAX];
    size_t len = want->pieced->total;
    struct nr_origin origin = origin_of(core, now, path, SERVED_HOPS, want->repair);
    memcpy(raw, want->pieced->data, len);
    nr_wants_remove(&core->wants, piece->id); /* also when the bytes turn out to be others than the id says */
    take(core, now, nr_bytes(raw, len), &origin);
}

/* One want that has waited long enough: its missing pieces, another who has it, the same again, or the end. False:
 * given up. */
static bool ask_again(struct nr_core *core, struct nr_now now, struct nr_want *want)
{
    struct nr_writer w;
    struct nr_path *asked = nr_paths_find(&core->paths, want->asked);
    struct nr_path *other = nr_paths_find(&core->paths, want->other);
    if (++want->tries > NR_WANT_TRIES || (!asked && !other)) return false;
    want->at_us = now.mono_us;
    if (want->pieced && asked) {
        if (nr_core_message(core, asked, NR_MSG_WANT_PIECES, 10, &w))
            nr_want_pieces_encode(&w, want->id, nr_want_missing(want));
        return true;
    }
    if (other && !want->pieced) {
        want->other = want->asked;
        want->asked = other->serial;
        asked = other;
    }
    if (!asked) return false;
    send_ids(core, asked, NR_MSG_WANT, &want->id, 1);
    return true;
}

void nr_core_check_wants(struct nr_core *core, struct nr_now now)
{
    if (now.mono_us < core->wants_check_us) return;
    uint64_t given_up[64];
    size_t n = 0;
    for (uint32_t i = 0; i < core->wants.room; i++) {
        struct nr_want *want = &core->wants.slots[i];
        if (!want->id || now.mono_us - want->at_us < NR_WANT_TIMEOUT_US) continue;
        if (!ask_again(core, now, want) && n < 64) given_up[n++] = want->id;
    }
    for (size_t i = 0; i < n; i++) {
        core->stats.wants_unanswered++;
        nr_wants_remove(&core->wants, given_up[i]);
    }
    core->wants_check_us = core->wants.count ? now.mono_us + NR_WANT_TIMEOUT_US / 4 : NR_NEVER_US;
}
