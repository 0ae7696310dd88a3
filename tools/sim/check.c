#include "tools/sim/check.h"

#include <stdlib.h>
#include <string.h>

#include "proto/message.h"
#include "proto/mp.h"
#include "tools/sim/world.h"

#define VERDICT_SILENCE_US 1000000
#define HELLO_PACE_US      1000000  /* to one address, C.1.5 */
#define HELLOS_A_SECOND    9        /* 8 of C.1.5, and C.2.2's one every 2 s */
#define HELLOS_AT_START    80       /* the seeds, and what is remembered */
#define SWEEP_GRACE_MS     5000     /* a dead record may lie this long until it is swept, */
#define ASIDE_GRACE_US     90000000 /* and aside, once the clock is confirmed */
#define ANOTHER_SUM_SALT   UINT64_C(0x9fb21c651e98df25)

void sim_check_init(struct sim_check *c)
{
    memset(c, 0, sizeof *c);
}

void sim_check_fini(struct sim_check *c)
{
    sim_map_fini(&c->set_of);
    free(c->sets);
}

/* Record against record */

/* What a record says before its body, of bytes that were decoded once. */
struct said {
    struct nr_bytes signer;
    uint64_t stamp;
    uint32_t lease_s;
};

static bool read_said(struct nr_bytes raw, struct said *out)
{
    struct nr_reader r;
    nr_reader_init(&r, raw);
    nr_read_u8(&r);
    nr_mp_read_uint(&r);
    nr_mp_read_uint(&r);
    out->signer = nr_mp_read_bin(&r);
    nr_mp_read_str(&r);
    out->stamp = nr_mp_read_uint(&r);
    out->lease_s = (uint32_t)nr_mp_read_uint(&r);
    return r.err == 0;
}

static void check_order(struct sim_node *n, const struct nr_record *rec, struct nr_now now)
{
    struct nr_bytes raw;
    struct said held;
    uint64_t hash = sim_crypto_key_hash(&n->world->crypto, rec);
    if (nr_store_get(n->store, hash, &raw) != 0) return;
    if (!read_said(raw, &held)) {
        sim_fail(n->world, "%s: its store holds what is no record", n->name);
        return;
    }
    if (nr_record_ends_ms(held.stamp, held.lease_s) <= now.wall_ms) return;
    /* Its clock was set back: what it said up there nobody takes, and it may say it anew (A.6.1). */
    if (nr_stamp_is_ahead(held.stamp, now.wall_ms)) return;
    if (n->drop_failed && nr_bytes_eq(raw, rec->raw))
        return; /* dead once, kept by a failing disk, and the clock went back */
    bool newer = rec->stamp != held.stamp ? rec->stamp > held.stamp : nr_record_id(rec->raw) > nr_record_id(raw);
    if (!newer)
        sim_fail(n->world, "%s goes back: %s %.*s from stamp %llx to %llx", n->name, nr_kind_name(rec->kind),
                 (int)rec->subject.len, (const char *)rec->subject.data, (unsigned long long)held.stamp,
                 (unsigned long long)rec->stamp);
}

void sim_check_save(struct sim_node *n, const struct nr_record *rec, struct nr_now now)
{
    struct sim_world *w = n->world;
    if (nr_record_ends_ms(rec->stamp, rec->lease_s) <= now.wall_ms) sim_fail(w, "%s saves a dead record", n->name);
    if (nr_stamp_is_ahead(rec->stamp, now.wall_ms))
        sim_fail(w, "%s saves a record stamped %lld ms ahead", n->name,
                 (long long)(nr_stamp_ms(rec->stamp) - now.wall_ms));
    if (sim_crypto_verify(&w->crypto, rec->signer, NR_RECORD_DOMAIN, nr_record_signed_part(rec), rec->sig) != 0)
        sim_fail(w, "%s saves a forged record", n->name);
    check_order(n, rec, now);
}

void sim_check_drop(struct sim_node *n, const struct nr_record *rec, struct nr_now now)
{
    if (nr_record_ends_ms(rec->stamp, rec->lease_s) > now.wall_ms)
        sim_fail(n->world, "%s drops a living %s of %.*s", n->name, nr_kind_name(rec->kind), (int)rec->subject.len,
                 (const char *)rec->subject.data);
}

void sim_check_sign(struct sim_node *n, struct nr_bytes msg)
{
    struct sim_guard *g = &n->guard;
    struct said said;
    if (!read_said(msg, &said) || !nr_bytes_eq(said.signer, nr_bytes(n->key.pub, NR_KEY_SIZE))) {
        sim_fail(n->world, "%s signs what is no record of its own", n->name);
        return;
    }
    if (said.stamp <= g->signed_stamp) g->went_back = true;
    if (said.stamp >= g->reserved) sim_fail(n->world, "%s signs a stamp that it has not reserved", n->name);
    g->signed_stamp = said.stamp;
}

/* Datagrams */

void sim_check_received(struct sim_node *n, const struct nr_addr *from, size_t size)
{
    sim_guard_contact(&n->guard, from)->bytes_in += size;
}

/* Counts the messages; true when the datagram is greetings and nothing else. */
static bool count_messages(struct sim_node *n, struct nr_reader *r, size_t size)
{
    struct sim_traffic *t = &n->world->traffic;
    struct nr_message m;
    bool hello_only = true;
    t->datagrams++;
    t->bytes += size;
    while (nr_message_next(r, &m)) {
        if (m.type == 0 || m.type >= NR_MSG_TYPES)
            sim_fail(n->world, "%s sends a message of no known type", n->name);
        else
            sim_traffic_message(t, &m, n->world->now_us);
        hello_only = hello_only && m.type == NR_MSG_HELLO;
    }
    return hello_only;
}

static void check_header(struct sim_node *n, const struct nr_header *h)
{
    struct sim_guard *g = &n->guard;
    if (memcmp(h->sender, n->key.pub, sizeof h->sender) != 0) sim_fail(n->world, "%s sends in another's name", n->name);
    if (g->number == 0 && h->incarnation <= g->incarnation)
        sim_fail(n->world, "%s starts with an incarnation not above its last", n->name);
    if (g->number > 0 && h->incarnation != g->incarnation)
        sim_fail(n->world, "%s changes its incarnation while it runs", n->name);
    if (h->number <= g->number)
        sim_fail(n->world, "%s sends number %llu twice", n->name, (unsigned long long)h->number);
    g->incarnation = h->incarnation;
    g->number = h->number;
}

/* For words only: to format an address for each datagram would cost more than to judge it. */
static const char *text_of(const struct nr_addr *a, char out[static NR_ADDR_TEXT])
{
    nr_addr_format(a, out);
    return out;
}

static void check_hello(struct sim_node *n, struct sim_contact *c, const struct nr_addr *a)
{
    char to[NR_ADDR_TEXT];
    struct sim_world *w = n->world;
    struct sim_guard *g = &n->guard;
    g->hellos++;
    if (c->hello_us >= 0 && w->now_us - c->hello_us < HELLO_PACE_US)
        sim_fail(w, "%s greets %s again after %lld us", n->name, text_of(a, to), (long long)(w->now_us - c->hello_us));
    int64_t seconds = (w->now_us - g->booted_us) / SIM_SECOND;
    if (g->hellos > HELLOS_AT_START + (uint64_t)seconds * HELLOS_A_SECOND)
        sim_fail(w, "%s has sent %llu HELLOs in %lld s", n->name, (unsigned long long)g->hellos, (long long)seconds);
    c->hello_us = w->now_us;
}

void sim_check_sent(struct sim_node *n, const struct nr_datagram *d)
{
    struct sim_world *w = n->world;
    struct nr_reader r;
    struct nr_header h;
    char to[NR_ADDR_TEXT];
    if (d->plain.len > NR_PLAIN_MAX) {
        sim_fail(w, "%s sends %zu bytes in one datagram", n->name, d->plain.len);
        return;
    }
    size_t size = d->plain.len + NR_ENVELOPE_SIZE;
    nr_reader_init(&r, d->plain);
    nr_header_decode(&r, &h);
    bool hello_only = count_messages(n, &r, size);
    if (r.err) {
        sim_fail(w, "%s sends a malformed datagram", n->name);
        return;
    }
    check_header(n, &h);
    if (w->trace.verbose >= 3)
        sim_trace_line(&w->trace, 3, w->now_us, "%s: %zu bytes to %s", n->name, size, text_of(&d->to, to));
    struct sim_contact *c = sim_guard_contact(&n->guard, &d->to);
    if (hello_only) {
        check_hello(n, c, &d->to);
    } else if (!c->validated) {
        c->bytes_out += size;
        double for_each = c->bytes_in ? (double)c->bytes_out / (double)c->bytes_in : 0;
        if (for_each > w->check.amplified) w->check.amplified = for_each;
        if (c->bytes_out > c->bytes_in)
            sim_fail(w, "%s has sent %llu bytes to %s, which has proven nothing and sent %llu", n->name,
                     (unsigned long long)c->bytes_out, text_of(&d->to, to), (unsigned long long)c->bytes_in);
    }
}

/* Verdicts */

/* A.9, C.7: who says so ranks for the node, and has not heard it for a second. */
void sim_check_verdict(struct sim_node *n, struct nr_bytes node_id)
{
    struct nr_standing s;
    struct nr_now now = sim_node_now(n);
    bool ranks = false;
    uint64_t made = nr_core_stats(n->core)->verdicts_made;
    if (made == n->verdicts_made) return; /* one of an earlier life, met at others */
    n->verdicts_made = made;
    if (nr_core_standing(n->core, now, node_id, &s) != 0) return;
    for (size_t i = 0; i < s.observer_count; i++) ranks = ranks || s.observers[i].self;
    if (!ranks)
        sim_fail(n->world, "%s calls %.*s gone, which it does not observe", n->name, (int)node_id.len,
                 (const char *)node_id.data);
    if (s.heard_us >= 0 && now.mono_us - s.heard_us < VERDICT_SILENCE_US)
        sim_fail(n->world, "%s calls %.*s gone, which it heard %lld ms ago", n->name, (int)node_id.len,
                 (const char *)node_id.data, (long long)((now.mono_us - s.heard_us) / 1000));
}

/* Whole nodes */

void sim_check_booted(struct sim_node *n)
{
    int64_t wall_ms = sim_node_now(n).wall_ms;
    /* What was dead once by a clock that others confirmed may be gone, though it went back. */
    if (n->latest_ms > wall_ms) wall_ms = n->latest_ms;
    for (size_t i = 0; i < n->guard.claim_count; i++) {
        const struct sim_claim *c = &n->guard.claims[i];
        struct nr_bytes raw;
        struct nr_record rec;
        if (!c->committed || c->committed_ends_ms <= wall_ms) continue;
        if (nr_store_get(n->store, c->key_hash, &raw) != 0 || nr_record_decode(raw, &rec) != 0)
            sim_fail(n->world, "%s has lost a committed record of its own", n->name);
        else if (rec.stamp < c->committed)
            sim_fail(n->world, "%s has an older record of its own than it had committed", n->name);
    }
}

struct whole {
    struct sim_node *node;
    struct nr_now now;
    uint64_t sum, another_sum;
    size_t counts[3]; /* by plane */
    size_t dead;
    size_t aside; /* in no index */
    bool excused; /* it has not had the time to look */
};

/* Dead, and the clock was confirmed for long enough to drop it. */
static bool overdue(const struct sim_node *n, int64_t dead_ms)
{
    int64_t since_us = n->confirmed_us > n->clock_set_us ? n->confirmed_us : n->clock_set_us;
    return n->confirmed_us >= 0 && dead_ms * 1000 > ASIDE_GRACE_US && n->world->now_us - since_us > ASIDE_GRACE_US &&
           n->world->now_us - n->awake_us > ASIDE_GRACE_US;
}

static int check_record(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    struct whole *s = arg;
    struct sim_node *n = s->node;
    uint64_t stamp;
    uint64_t held;
    uint64_t id = sim_crypto_id(&n->world->crypto, rec);
    int64_t dead_ms = s->now.wall_ms - nr_record_ends_ms(rec->stamp, rec->lease_s);
    if (overdue(n, dead_ms) && !n->drop_failed) {
        sim_fail(n->world, "%s holds a %s dead for %lld ms", n->name, nr_kind_name(rec->kind), (long long)dead_ms);
        return 1;
    }
    if (dead_ms >= 0 && (dead_ms <= SWEEP_GRACE_MS || s->excused)) {
        s->dead++;
        return 0;
    }
    if (!nr_core_lookup(n->core, s->now, key_hash, &stamp, &held)) {
        s->aside++;
        return 0;
    }
    if (stamp != rec->stamp || held != id) {
        sim_fail(n->world, "%s: its index and its store differ about a %s of %.*s", n->name, nr_kind_name(rec->kind),
                 (int)rec->subject.len, (const char *)rec->subject.data);
        return 1;
    }
    s->counts[nr_kind_plane(rec->kind)]++;
    if (nr_kind_plane(rec->kind) != NR_PLANE_COLD) return 0;
    s->sum += id;
    s->another_sum += sim_mix(id ^ ANOTHER_SUM_SALT);
    return 0;
}

/* One fingerprint, one set: over all nodes and all times. */
static void check_set(struct sim_world *w, const struct sim_node *n, const struct whole *s)
{
    struct sim_check *c = &w->check;
    const uint32_t *at = sim_map_get(&c->set_of, s->sum);
    if (at) {
        if (c->sets[*at] != s->another_sum) sim_fail(w, "%s: two sets under one fingerprint", n->name);
        return;
    }
    c->sets = sim_grow(c->sets, c->set_count, &c->set_capacity, sizeof *c->sets);
    sim_map_put(&c->set_of, s->sum, (uint32_t)c->set_count);
    c->sets[c->set_count++] = s->another_sum;
}

static bool lately(const struct sim_node *n, int64_t at_us)
{
    return n->world->now_us - at_us < SWEEP_GRACE_MS * 1000;
}

static void note_confirmed(struct sim_node *n, const struct nr_aside_info *aside)
{
    if (!aside->confirmed)
        n->confirmed_us = -1;
    else if (n->confirmed_us < 0)
        n->confirmed_us = n->world->now_us;
}

size_t sim_check_node(struct sim_node *n)
{
    struct sim_world *w = n->world;
    struct nr_aside_info aside;
    if (w->failed || n->state != SIM_UP) return 0;
    struct whole s = { .node = n, .now = sim_node_now(n) };
    s.excused = lately(n, n->awake_us) || lately(n, n->clock_set_us);
    w->check.whole++;
    sim_memory_check(n);
    nr_core_aside(n->core, &aside);
    note_confirmed(n, &aside);
    if (nr_store_each(n->store, check_record, &s) != 0) {
        sim_fail(w, "%s: its store cannot be read", n->name);
        return 0;
    }
    if (s.aside > aside.count)
        sim_fail(w, "%s: %zu records are in its store and not in its index, and it knows of %zu", n->name, s.aside,
                 aside.count);
    size_t records = s.counts[NR_PLANE_COLD] + s.counts[NR_PLANE_HOT] + s.counts[NR_PLANE_BRIEF];
    if (s.dead) return records;
    for (int plane = 0; plane < 3; plane++)
        if (nr_core_record_count(n->core, (enum nr_plane)plane) != s.counts[plane])
            sim_fail(w, "%s: %zu records of plane %d in its index, %zu in its store", n->name,
                     nr_core_record_count(n->core, (enum nr_plane)plane), plane, s.counts[plane]);
    if (nr_core_fingerprint(n->core) != s.sum) sim_fail(w, "%s: its fingerprint is not that of its records", n->name);
    check_set(w, n, &s);
    return records;
}

size_t sim_check_turn(struct sim_world *w)
{
    if (w->check.next >= w->node_count) w->check.next = 0;
    return sim_check_node(&w->nodes[w->check.next++]);
}

void sim_check_all(struct sim_world *w)
{
    for (size_t i = 0; i < w->node_count; i++) sim_check_node(&w->nodes[i]);
}
