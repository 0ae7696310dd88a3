/* The core's own state, shared by its files (and by nobody else: the host sees core/core.h). Each part has a file of
 * its name; this header only puts them together, and names what they ask of each other. */
#ifndef NR_CORE_STATE_H
#define NR_CORE_STATE_H

#include "base/rng.h"
#include "core/clock.h"
#include "core/core.h"
#include "core/events.h"
#include "core/observe.h"
#include "core/outbox.h"
#include "core/roster.h"
#include "core/seen.h"
#include "core/set.h"
#include "core/wants.h"

#define NR_PLANES            3
#define NR_RECORDS_MAX       262144 /* of each plane */
#define NR_SEEDS_MAX         64
#define NR_REMEMBERED_MAX    128
#define NR_OWN_ADDRESSES_MAX 32
#define NR_GREETED_MAX       80 /* a second's HELLOs: none is forgotten too soon */
#define NR_ALIASES_MAX       64
#define NR_REFERRED_MAX      32 /* addresses that others told, waiting for their HELLO */
#define NR_NEWCOMERS_MAX     16 /* peers just learnt of, told of together */
#define NR_SIGNER_BUCKETS    256

#define NR_TICK_US             200000 /* announcements */
#define NR_TICKS               6
#define NR_CARE_US             750000 /* neighbours are looked after: then, a third more or less, with what comes next, */
#define NR_CARE_WAIT_US        500000  /* or after so much more for itself: an idle node need not wake for it alone */
#define NR_PROBES_BEGIN_US     1500000 /* within this, by chance */
#define NR_PROBES_IN_SYNC_US   10000000
#define NR_REPAIR_DIFFERS_US   3000000
#define NR_REPAIR_PAUSE_US     1000000
#define NR_REPAIR_PAUSE_MAX_US 8000000
#define NR_PUSH_ALL_MAX        9 /* neighbours */
#define NR_HOPS_MAX            3 /* pushes unasked below this */
#define NR_PATHS_WANTED        16
#define NR_LIST_RECORDS        40 /* a range of at most so many is listed */

/* A further address of a peer to which there is a path: it is not greeted while the path lasts. */
struct nr_alias {
    struct nr_addr addr;
    uint32_t path;
};

struct nr_greeted {
    struct nr_addr addr;
    int64_t at_us;
};

/* A repair under way: one at a time (proto/README.md C.5). Only its pace is remembered. */
struct nr_repair {
    uint32_t path;    /* with whom; 0: none */
    int64_t heard_us; /* last sign of it */
    uint32_t given;   /* to it unasked, this round */
    bool progress;    /* a record went either way */
    int64_t not_before_us;
    bool catching_up; /* since the start, until equal with somebody: what comes is old news, not announced on */
};

struct nr_walk {
    uint32_t path; /* whose hot records are walked; 0: no walk */
    uint64_t cursor;
    int64_t at_us; /* of the last page, asked for or come */
    uint8_t tries;
    bool wanted; /* none was finished since the last time without any path, or of standing still */
};

/* Hot records asked for by what is held already (proto/README.md C.4). */
struct nr_hot_pull {
    int64_t due_us;    /* the next */
    int64_t at_us;     /* when it is thought of: then, or later, with a PROBE */
    uint32_t path;     /* who was asked last */
    uint32_t turn;     /* of the observers, who is asked next */
    int64_t asked_us;  /* when */
    bool brought;      /* it has sent something */
    uint32_t idle;     /* pulls in a row that brought nothing */
    int64_t answer_us; /* how long that takes; falls slowly */
    uint32_t owed;     /* pushes of the newest record made here, to neighbours that come soon */
    uint64_t owed_key_hash;
    int64_t owed_until_us;
};

/* The wall clock as far as this node can judge it. */
struct nr_wall {
    int64_t skew_ms;   /* ahead of the monotonic clock, when last looked at */
    int64_t steady_us; /* since when it was not set */
    int64_t check_us, asked_us;
    bool confirmed; /* as last asked */
};

/* What is in the host's store and in no set, as last counted. */
struct nr_aside {
    size_t count;      /* all of it */
    size_t ahead;      /* of which stamped beyond this clock's reach, */
    bool others_ahead; /* by others too */
    int64_t newest_ms; /* the newest stamp among these */
    bool peers_back;   /* some that were taken back are peers, whom the roster lacks yet */
    int64_t look_us;   /* when the store is looked through again; NR_NEVER_US: nothing is aside */
};

struct nr_core {
    struct nr_core_host host;
    uint8_t key[NR_KEY_SIZE];
    uint8_t node_id[NR_SUBJECT_MAX];
    size_t node_id_len;
    struct nr_rng rng;
    struct nr_core_stats stats;
    struct nr_clock clock;
    struct nr_wall wall;
    struct nr_aside aside;
    uint64_t incarnation;
    uint64_t number;
    bool started, left;
    int64_t started_us;

    struct nr_set sets[NR_PLANES];
    struct nr_seen seen;
    struct nr_wants wants;
    int64_t wants_check_us;
    struct nr_outbox outbox;
    struct nr_events events;

    struct nr_paths paths;
    struct nr_addr seeds[NR_SEEDS_MAX];
    size_t seed_count;
    uint32_t alone; /* addresses chosen while there was no path */
    struct nr_addr remembered[NR_REMEMBERED_MAX];
    size_t remembered_count;
    struct nr_addr own_addrs[NR_OWN_ADDRESSES_MAX];
    size_t own_addr_count;
    struct nr_greeted greeted[NR_GREETED_MAX];
    size_t greeted_at;
    struct nr_alias aliases[NR_ALIASES_MAX];
    size_t alias_at;
    struct nr_addr referred[NR_REFERRED_MAX];
    size_t referred_count;
    struct nr_addr advertise[NR_GOSSIP_MAX];
    size_t advertise_count;
    bool advertise_fixed; /* given by configuration, not learnt */
    uint32_t eager;       /* HELLOs that may go out before the slow pace */
    int64_t care_us, fill_us, hello_us, rotate_us;
    struct nr_token_bucket hello_answers, hello_sends, proof_checks, first_repairs, referrals;

    uint32_t tick;   /* grows while there is something to announce */
    int64_t tick_us; /* NR_NEVER_US: nothing to announce */
    struct nr_token_bucket pushes;
    uint64_t newcomers[NR_NEWCOMERS_MAX]; /* ids of NODE records of peers that were not known */
    size_t newcomer_count;
    int64_t introduce_us;                 /* when others are told of them; NR_NEVER_US: there are none */
    struct nr_token_bucket introductions; /* at once, of one alone */
    struct nr_token_bucket signers[NR_SIGNER_BUCKETS];
    struct nr_repair repair;
    struct nr_walk walk;
    struct nr_hot_pull pull;

    struct nr_roster roster;
    struct nr_observers observers; /* of this node */
    struct nr_watches watches;     /* of others, by this one */
    int64_t judge_us;              /* when verdicts are counted anew; NR_NEVER_US: nothing has changed */
    uint64_t judge_from;           /* the key hash to go on from */
    uint32_t judged_changes;       /* `changes` of the peers when that began */
    int64_t answered_us;           /* when this node last answered a verdict about itself */

    uint32_t lease_s, profile_lease_s;
    uint32_t beat_interval_ms; /* as configured */
    uint32_t beat_promised_ms; /* what this node's last heartbeat said */
    uint32_t beat_budget;
    uint32_t beating;  /* nodes that beat, as last counted */
    bool beat_in_time; /* this node's heartbeat is made because it is due */
    int64_t beat_us, renew_us;
    int64_t held_us;    /* when what a sponsor holds back is looked through; NR_NEVER_US: there is nothing */
    int64_t restate_us; /* when this node says anew what it is; NR_NEVER_US: no need */
    int64_t restate_pause_us, restated_us;
    uint8_t *self_body; /* what this node last registered of itself, encoded; NULL: nothing yet */
    size_t self_body_len;
    uint8_t *metrics; /* of its own heartbeats; NULL: none */
    size_t metrics_len;
};

static inline struct nr_set *nr_core_set(struct nr_core *core, uint8_t kind)
{
    return &core->sets[nr_kind_plane(kind)];
}
/* The entry of a record of any plane. */
struct nr_entry *nr_core_find_id(const struct nr_core *core, uint64_t id);

/* Milliseconds and seconds. */
static inline int64_t nr_us(int64_t seconds)
{
    return seconds * 1000000;
}
static inline bool nr_entry_dead(const struct nr_entry *e, struct nr_now now)
{
    return nr_record_ends_ms(e->stamp, e->lease_s) <= now.wall_ms;
}

/* core.c: a writer over exactly one message with `len` bytes of body, which the caller encodes into it; false and
 * counted when there is no room. */
bool nr_core_message(struct nr_core *core, struct nr_path *path, uint8_t type, size_t len, struct nr_writer *w);

/* accept.c: takes a record by proto/README.md C.6. `from` NULL: our own. 0: taken, *entry is it. */
struct nr_origin {
    struct nr_path *from; /* NULL: made here */
    uint8_t hops;
    bool repair;   /* came of a repair */
    bool quiet;    /* made here, and not passed on (C.8) */
    bool later;    /* made here, and passed on a second later */
    bool urgent;   /* a heartbeat that clears its node of a VERDICT or of having been late */
    bool newcomer; /* of a peer that was not known: nr_core_introduce announces it */
};
int nr_core_accept(struct nr_core *core, struct nr_now now, struct nr_bytes raw,
                   const struct nr_origin *said) NR_MUST_CHECK;
uint64_t nr_core_key_hash(const struct nr_core *core, uint8_t kind, const uint8_t signer[static NR_KEY_SIZE],
                          struct nr_bytes subject);
/* enum nr_entry_flag. */
uint8_t nr_core_flags_of(const struct nr_core *core, const struct nr_record *rec);
/* Drops what has reached the end of its lease; from the store only where the clock is confirmed. */
void nr_core_drop_ended(struct nr_core *core, struct nr_now now);

/* wall.c: whether the clock was set, and whether it can be believed */
void nr_core_wall_start(struct nr_core *core, struct nr_now now);
/* Most neighbours' clocks agree with this one; where there are none see there. */
bool nr_core_wall_confirmed(struct nr_core *core, struct nr_now now);
void nr_core_wall_care(struct nr_core *core, struct nr_now now);

/* aside.c: what is in the host's store and cannot be taken for alive by this clock */
/* Looks through the store when that is due: takes back what lives by now; drops what has ended, and says anew what this
 * node said by a clock that was ahead, where the clock is confirmed. */
void nr_core_aside_care(struct nr_core *core, struct nr_now now, bool confirmed);
/* Takes back at once what lies there under this key hash, if it lives by now: it is about to be compared. */
void nr_core_aside_meet(struct nr_core *core, struct nr_now now, uint64_t key_hash);
/* One more lies there. */
void nr_core_aside_one(struct nr_core *core, struct nr_now now);
/* The clock was set back: what stands beyond its reach now leaves the sets. */
void nr_core_aside_ahead(struct nr_core *core, struct nr_now now);

/* spread.c */
void nr_core_spread(struct nr_core *core, struct nr_now now, struct nr_entry *e, struct nr_bytes raw,
                    const struct nr_origin *origin);
void nr_core_announce(struct nr_core *core, struct nr_path *path, const uint64_t *ids, size_t count);
void nr_core_send_record(struct nr_core *core, struct nr_path *path, struct nr_bytes raw, uint64_t id, uint8_t hops);
/* Whether this id is to be asked for from the path, which is remembered; nr_core_ask then asks for a run of them. */
bool nr_core_want(struct nr_core *core, struct nr_now now, struct nr_path *path, uint64_t id, bool repair);
void nr_core_ask(struct nr_core *core, struct nr_path *path, const uint64_t *ids, size_t count);
/* Takes `bytes` from what the path may still be sent on its request; false and counted: over its budget. */
bool nr_core_may_serve(struct nr_core *core, struct nr_now now, struct nr_path *path, size_t bytes);
void nr_core_on_push(struct nr_core *core, struct nr_now now, struct nr_path *path, struct nr_bytes body);
void nr_core_on_announce(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_ids *ids);
void nr_core_on_want(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_ids *ids);
void nr_core_on_piece(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_piece *piece);
void nr_core_on_want_pieces(struct nr_core *core, struct nr_now now, struct nr_path *path, uint64_t id,
                            uint16_t missing);
void nr_core_announce_tick(struct nr_core *core, struct nr_now now);
void nr_core_check_wants(struct nr_core *core, struct nr_now now);

/* pull.c: hot records */
void nr_core_spread_hot(struct nr_core *core, struct nr_now now, struct nr_entry *e, struct nr_bytes raw,
                        const struct nr_origin *origin);
/* A path is there: what was made here a moment ago, for few neighbours then, is for this one too. */
void nr_core_push_owed(struct nr_core *core, struct nr_now now, struct nr_path *path);
/* What was made here while there was nobody to hear it is offered again. */
void nr_core_offer_own(struct nr_core *core, struct nr_now now);
void nr_core_pull_care(struct nr_core *core, struct nr_now now);
void nr_core_on_pull(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_pull *m);
/* A hot record that was served came over the path: it was new here, or it was held already. */
void nr_core_pull_brought(struct nr_core *core, struct nr_now now, const struct nr_path *path);
void nr_core_pull_held(struct nr_core *core, struct nr_now now, struct nr_bytes raw);

/* beat.c: the pace of heartbeats */
void nr_core_set_budget(struct nr_core *core, uint32_t budget);
void nr_core_beat_care(struct nr_core *core, struct nr_now now);
/* Whether a heartbeat comes so long after the one before, of this stamp (0: none), that readers called its node late.
 */
bool nr_core_was_late(const struct nr_record *rec, uint64_t before);
/* The interval that this node's heartbeat says, which is being made; the next comes within it. */
uint32_t nr_core_promise_beat(struct nr_core *core, struct nr_now now);
/* Whether a sponsored node's heartbeat is passed on, after the one that is held; and the interval that it says where
 * its node said `said_ms`, 0 for none. */
bool nr_core_passes_on(const struct nr_core *core, struct nr_now now, const struct nr_entry *before);
uint32_t nr_core_sponsored_interval(const struct nr_core *core, uint32_t said_ms);
/* What is not told others at once: NR_ENTRY_HELD, unless no other has come by the end of the next window; NR_ENTRY_DUE,
 * for a second, and until the budget of pushes allows it. */
void nr_core_hold_back(struct nr_core *core, struct nr_now now, struct nr_entry *e, enum nr_entry_flag why);
void nr_core_held_care(struct nr_core *core, struct nr_now now);

/* repair.c, walk.c */
/* With a neighbour just met whose set differs; bounded, so that one that is met again and again does not keep others
 * waiting. */
void nr_core_repair_first(struct nr_core *core, struct nr_now now, struct nr_path *path);
void nr_core_repair_care(struct nr_core *core, struct nr_now now);
int64_t nr_core_repair_deadline(const struct nr_core *core);
void nr_core_on_split(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_split *m);
void nr_core_on_list(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_list *m);
void nr_core_walk_begin(struct nr_core *core, struct nr_now now, struct nr_path *path);
void nr_core_walk_care(struct nr_core *core, struct nr_now now);
void nr_core_on_walk(struct nr_core *core, struct nr_now now, struct nr_path *path, uint64_t cursor);
void nr_core_on_page(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_page *m);

/* greet.c: HELLO, PROOF, PING, PONG, BYE */
/* Whether a HELLO went out: the address was not greeted lately, and the pace allows it. */
bool nr_core_greet(struct nr_core *core, struct nr_now now, const struct nr_addr *to);
void nr_core_on_hello(struct nr_core *core, struct nr_now now, const struct nr_addr *from, const struct nr_hello *m);
/* The path that a PROOF has made or made anew; NULL: it did not hold. */
struct nr_path *nr_core_on_proof(struct nr_core *core, struct nr_now now, const struct nr_addr *from,
                                 const struct nr_header *h, const struct nr_proof *m);
void nr_core_ping(struct nr_core *core, struct nr_now now, struct nr_path *path);
void nr_core_on_pong(struct nr_core *core, struct nr_now now, struct nr_path *path, uint64_t nonce);
void nr_core_lose(struct nr_core *core, struct nr_path *path);
void nr_core_bye(struct nr_core *core, struct nr_path *path); /* says so, and loses it */

/* refer.c: REFER */
void nr_core_refer(struct nr_core *core, struct nr_path *path);
/* Instead of a path that there is no room for: other addresses, and BYE. Only to an address that has proven itself. */
void nr_core_turn_away(struct nr_core *core, const struct nr_addr *to);
void nr_core_on_refer(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_refer *m);
/* A peer was learnt of that was not known: others are told, together with those who come soon after it. */
void nr_core_introduce(struct nr_core *core, struct nr_now now, uint64_t id, const struct nr_origin *origin);
void nr_core_introduce_care(struct nr_core *core, struct nr_now now);
/* Takes one address that was told, by chance; false: there is none. */
bool nr_core_take_referred(struct nr_core *core, struct nr_addr *out);

/* neighbours.c: whom to greet, whom to keep */
void nr_core_care(struct nr_core *core, struct nr_now now);
/* An address was learnt: where there are too few paths it is for a HELLO now, not at the next tick. */
void nr_core_eager(struct nr_core *core, struct nr_now now);
/* One address by chance of a peer in the registry to which there is no path. */
bool nr_core_registry_address(struct nr_core *core, struct nr_addr *out);
bool nr_core_connected(const struct nr_core *core, const struct nr_addr *a);
void nr_core_learn_address(struct nr_core *core, struct nr_now now);

/* verdict.c: who is gone */
/* A record was taken: what it changes about peers, signs of life and judgements. */
void nr_core_verdict_follow(struct nr_core *core, struct nr_now now, const struct nr_record *rec,
                            const struct nr_entry *facts, const struct nr_origin *origin);
/* Whether this heartbeat overrules a VERDICT about its node that the one before, of the stamp `before`, did not. */
bool nr_core_overrules(const struct nr_core *core, const struct nr_record *rec, uint64_t before);
/* What was held under this key hash has reached the end of its lease; `rec` NULL: the host could not say what it was.
 */
void nr_core_verdict_ended(struct nr_core *core, struct nr_now now, const struct nr_record *rec, uint64_t key_hash);
/* Whether its signer may give this VERDICT (A.9.5). */
bool nr_core_may_judge(const struct nr_core *core, struct nr_now now, const struct nr_record *rec);
/* From the records restored; again when more were taken back. */
int nr_core_verdict_start(struct nr_core *core, struct nr_now now) NR_MUST_CHECK;
void nr_core_verdict_care(struct nr_core *core, struct nr_now now);
/* A VERDICT of this peer's own about the node whose NODE record stands under this key hash. */
int nr_core_say_verdict(struct nr_core *core, struct nr_now now, uint64_t key_hash, int64_t since_ms) NR_MUST_CHECK;

/* One node and what is said of it, for verdict.c and standing.c. */
struct nr_said {
    bool said, counted;
    int64_t since_ms, ends_ms;
    uint64_t stamp;
};
struct nr_trial {
    uint8_t key[NR_KEY_SIZE];
    uint8_t node_id[NR_SUBJECT_MAX];
    size_t node_id_len;
    uint64_t key_hash;
    uint64_t own_stamp;  /* the newest of its NODE record and its heartbeats */
    uint64_t beat_stamp; /* of its own heartbeats; 0: none */
    bool wins;           /* a reader sees this NODE record */
    uint64_t ranks[NR_VERDICT_RANKS];
    struct nr_said said[NR_VERDICT_RANKS]; /* of each */
    size_t count;
    size_t quorum, counted;
    int64_t until_ms; /* 0: not gone */
};
/* 0, NR_E_NOT_FOUND: no such peer; what the host returns. */
int nr_core_try_node(const struct nr_core *core, struct nr_now now, uint64_t key_hash,
                     struct nr_trial *out) NR_MUST_CHECK;
static inline struct nr_bytes nr_trial_node_id(const struct nr_trial *t)
{
    return nr_bytes(t->node_id, t->node_id_len);
}

/* observe.c: watching others */
void nr_core_on_probe(struct nr_core *core, struct nr_now now, struct nr_path *path, uint16_t interval_ms);
/* A peer has become known, which may have sent PROBEs before; or this node has become one. */
void nr_core_watch_newcomer(struct nr_core *core, struct nr_now now, uint64_t key8);
/* A datagram came over the path. */
void nr_core_sign(struct nr_core *core, struct nr_now now, struct nr_path *path);
/* A record of its own came, from wherever: with this stamp. */
void nr_core_own_word(struct nr_core *core, struct nr_now now, uint64_t key8, uint64_t stamp);
void nr_core_on_control(struct nr_core *core, uint64_t nonce);
/* Somebody said that this one is gone, or it ranks here now: is it? */
void nr_core_doubt(struct nr_core *core, struct nr_now now, const struct nr_trial *t);
/* This peer has itself said so: the verdict of that stamp is held. */
void nr_core_said(struct nr_core *core, struct nr_now now, const struct nr_trial *t, uint64_t stamp);
/* It was judged gone, and is not any more; `gone_stamp` was its last word before. */
void nr_core_taken_back(struct nr_core *core, struct nr_now now, const struct nr_trial *t, uint64_t gone_stamp);
/* A path to it is no more. */
void nr_core_watch_lost(struct nr_core *core, uint64_t key8);
void nr_core_unwatch(struct nr_core *core, uint64_t key8);
void nr_core_watch_care(struct nr_core *core, struct nr_now now);
int64_t nr_core_watch_deadline(const struct nr_core *core);

/* observers.c: being observed */
void nr_core_probe_care(struct nr_core *core, struct nr_now now);
int64_t nr_core_probe_deadline(const struct nr_core *core);
/* A PROOF came over the path: an observer that has just started, or to which there was no path, gets a PROBE now. */
void nr_core_probe_met(struct nr_core *core, struct nr_path *path);
/* The one whose turn it is, or the next to whom there is a path; NULL: there is none. */
struct nr_path *nr_core_observer(const struct nr_core *core, uint32_t turn);
/* Whether a path is kept for observation, this way or that. */
bool nr_core_path_serves(const struct nr_core *core, const struct nr_path *path);
/* HELLOs to where the peer says that it is reached: how many went out. */
size_t nr_core_greet_peer(struct nr_core *core, struct nr_now now, uint64_t key_hash);

/* author.c: what this node says */
int nr_core_state_record(struct nr_core *core, struct nr_now now, const struct nr_record_draft *draft,
                         uint64_t above) NR_MUST_CHECK;
/* This node's own NODE record, with a new stamp. An error: of the store; it is tried again in a while. */
int nr_core_restate_self(struct nr_core *core, struct nr_now now);
/* The same in a while: longer and longer when it happens again and again, as with a key that two machines hold. */
void nr_core_restate_soon(struct nr_core *core, struct nr_now now);
void nr_core_own_beat(struct nr_core *core, struct nr_now now);

/* renew.c */
void nr_core_renew(struct nr_core *core, struct nr_now now);
/* The clock was set ahead, from `was`: this node says anew what ended by that alone. */
void nr_core_say_ended_again(struct nr_core *core, struct nr_now now, struct nr_now was);
/* A record of this node's own, if it was seen by readers at `was`; false: it was not, or could not be said. */
bool nr_core_say_again(struct nr_core *core, struct nr_now now, struct nr_now was, uint64_t key_hash);

/* Whether its last word was of another set than ours is now. */
static inline bool nr_core_differs(const struct nr_core *core, const struct nr_path *path)
{
    return path->fingerprint != nr_core_fingerprint(core);
}

/* Up to `count` paths by chance, none twice, not `but`; returns how many. */
size_t nr_core_random_paths(struct nr_core *core, const struct nr_path *but, struct nr_path **out, size_t count);
/* One by chance that the other side has too; NULL: there is none. For questions whose silence would be read as "nothing
 * new". */
struct nr_path *nr_core_random_confirmed(struct nr_core *core);

#endif
