/* The registry as a function of (state, input, now): records, gossip, repair, peers.
 *
 * The core never sleeps, sends, logs, allocates for a stranger, draws entropy or asks the time. Its host (the daemon,
 * the simulator, a fuzzer) feeds it:
 *
 *     nr_core_receive(core, now, from, plaintext)     a datagram that opened
 *     nr_core_expire(core, now)                       when nr_core_deadline has come
 *     the statements below                            what this node wants to say
 *
 * and after each of these drains it:
 *
 *     while (nr_core_next_datagram(core, &d)) seal and send d
 *     while (nr_core_next_event(core, &e)) act on e
 *
 * Records' bytes live with the host: the core keeps an index and asks through struct nr_core_host. All calls happen
 * on one thread; host callbacks must not call back into the core.
 *
 * Failure: no call leaves the core in a state that another call could not have made. Where a callback fails, the record
 * in question is as if it had not come (and counted). */
#ifndef NR_CORE_CORE_H
#define NR_CORE_CORE_H

#include "base/addr.h"
#include "base/time.h"
#include "core/stats.h"
#include "proto/body.h"
#include "proto/record.h"

struct nr_core;

/* What the core asks of its host. All functions are required unless said otherwise. */
struct nr_core_host {
    void *ctx;
    /* Pure functions of their arguments. */
    uint64_t (*hash8)(void *ctx, struct nr_bytes in);  /* H8 of the spec */
    uint64_t (*cookie)(void *ctx, struct nr_bytes in); /* under a secret of this process */
    void (*sign)(void *ctx, const char *domain, struct nr_bytes msg,
                 uint8_t sig[static NR_SIG_SIZE]); /* this node's key */
    int (*verify)(void *ctx, const uint8_t key[static NR_KEY_SIZE], const char *domain, struct nr_bytes msg,
                  const uint8_t sig[static NR_SIG_SIZE]);
    /* The store. `save` replaces what stands under the record's key; `load` gives the bytes, borrowed until the next
     * call of any of these; `drop` removes. `evidence` keeps a conflicting pair. 0 or an error. */
    int (*save)(void *ctx, const struct nr_record *rec, struct nr_now now);
    int (*load)(void *ctx, uint64_t key_hash, struct nr_bytes *raw);
    int (*drop)(void *ctx, const struct nr_record *rec);
    int (*evidence)(void *ctx, const struct nr_record *held, const struct nr_record *met);
    /* All records, with the hashes of their keys; stops at nonzero from `each` and returns it. Meanwhile the core calls
     * none of these that change the store. */
    int (*each)(void *ctx, int (*each)(void *arg, uint64_t key_hash, const struct nr_record *rec), void *arg);
    /* All records of one kind about one subject, whoever signed them; stops at nonzero from `each` and returns it. */
    int (*subject)(void *ctx, uint8_t kind, struct nr_bytes subject,
                   int (*each)(void *arg, const struct nr_record *rec), void *arg);
    /* No stamp at or above `limit` may be used before this has returned 0 and is durable. */
    int (*reserve)(void *ctx, uint64_t limit);
};

struct nr_core_config {
    uint8_t key[NR_KEY_SIZE];        /* this node's public key */
    struct nr_bytes node_id;         /* this node's id; copied */
    uint64_t seed;                   /* for the core's chance */
    uint64_t stamp_floor;            /* what was last reserved on disk; 0: nothing */
    uint32_t lease_s;                /* of NODE records; 0: 345,600 */
    uint32_t profile_lease_s;        /* 0: 365 days */
    uint32_t heartbeat_interval_ms;  /* of this node's own heartbeat; 0: none is made */
    uint32_t heartbeat_budget;       /* heartbeats a second of the whole cluster; 0: 200 */
    const struct nr_addr *advertise; /* addresses to state; borrowed for the call */
    size_t advertise_count;          /* 0: learn from what neighbours observe */
};

/* NULL when memory is short. `host` is copied, its ctx borrowed for the core's life. */
struct nr_core *nr_core_new(const struct nr_core_config *config, const struct nr_core_host *host);
void nr_core_free(struct nr_core *core);

/* Before nr_core_start: takes what the host's store holds, well-formed, its signatures checked when it was saved. What
 * is dead by this clock, or stamped too far ahead of it, stays in the store, aside: the clock may be wrong
 * (proto/README.md C.9). The core takes it back, or drops it, when it knows more. NR_E_NOMEM; what the host returns. */
int nr_core_restore(struct nr_core *core, struct nr_now now) NR_MUST_CHECK;
/* Takes the incarnation (reserves) and begins to gossip. */
int nr_core_start(struct nr_core *core, struct nr_now now) NR_MUST_CHECK;

/* Input. `from` is where the datagram came from, `plain` its opened content (borrowed for the call). */
void nr_core_receive(struct nr_core *core, struct nr_now now, const struct nr_addr *from, struct nr_bytes plain);
void nr_core_expire(struct nr_core *core, struct nr_now now);
/* When nr_core_expire wants to be called next, on the monotonic clock. */
int64_t nr_core_deadline(const struct nr_core *core);

/* Output. */
struct nr_datagram {
    struct nr_addr to;
    struct nr_bytes plain; /* borrowed until the next call into the core */
};
bool nr_core_next_datagram(struct nr_core *core, struct nr_datagram *out);

enum nr_event_type {
    NR_EVENT_RECORD,      /* a record was saved: kind, signer, subject, stamp, id */
    NR_EVENT_ENDED,       /* one was dropped at the end of its lease: likewise */
    NR_EVENT_PEER_UP,     /* a path was made: key, addr */
    NR_EVENT_PEER_DOWN,   /* a path was lost: key, addr */
    NR_EVENT_CONFLICT,    /* evidence was kept: kind, signer, subject, stamp */
    NR_EVENT_OWN_NEWER,   /* a newer record of our own was met: kind, subject, stamp */
    NR_EVENT_CLOCK_RESET, /* the hybrid clock had run beyond the limit and was taken back */
    NR_EVENT_LEARNED,     /* our own address as others see it changed: addr */
    NR_EVENT_JUDGED,      /* what a quorum of observers says of a node changed: signer (whom), subject, until_ms */
    NR_EVENT_CLOCK_STEP,  /* the wall clock was set, by step_ms: what readers see is to be computed anew */
};
struct nr_event {
    enum nr_event_type type;
    uint8_t kind;
    bool own; /* made here */
    uint8_t signer[NR_KEY_SIZE];
    uint8_t subject_len;
    uint8_t subject[NR_SUBJECT_MAX];
    uint64_t stamp;
    uint64_t id;
    struct nr_addr addr;
    int64_t until_ms; /* wall clock: gone until then, if it says nothing meanwhile; 0: not gone */
    int64_t step_ms;
};
/* At most 4,096 wait; beyond that records are refused and other events are left out. The host
 * drains after each input, so that this is not met. */
bool nr_core_next_event(struct nr_core *core, struct nr_event *out);

/* Statements. Each signs records with this node's key, saves and spreads them. 0 means saved by the host (not yet
 * durable: commits are the host's business). Errors: NR_E_INVALID (beyond the limits of A.4), NR_E_NOT_FOUND,
 * NR_E_DENIED (what this node has no right to say), and what the host's callbacks return. */

/* This node's own NODE record, or one it sponsors. `body->self`, `gossip`, `created_at_ms` and `updated_at_ms` are set
 * by the core. Registering counts as a heartbeat: one is made too. A record with the same content is not written again
 * (the heartbeat is). */
int nr_core_register(struct nr_core *core, struct nr_now now, struct nr_bytes node_id,
                     const struct nr_node_body *body) NR_MUST_CHECK;
/* A heartbeat for a node that is there. A `status` that differs from the declared state is first written into the NODE
 * record
 * (*durable: something was written that must be committed before it is answered). */
int nr_core_heartbeat(struct nr_core *core, struct nr_now now, struct nr_bytes node_id,
                      const struct nr_heartbeat_body *body, bool *durable) NR_MUST_CHECK;
/* What this node's own heartbeats carry from now on, those made by registering included, where they are given no
 * metrics: copied; a canonical map, or empty for none. NR_E_INVALID beyond the limits of A.4, NR_E_NOMEM: what was set
 * stays. */
int nr_core_set_metrics(struct nr_core *core, struct nr_bytes metrics) NR_MUST_CHECK;
/* Declares a state (maintenance, draining, left, online). */
int nr_core_declare(struct nr_core *core, struct nr_now now, struct nr_bytes node_id,
                    enum nr_state state) NR_MUST_CHECK;
/* Declares a sponsored node offline that is declared online or degraded and was not heard, anywhere that is known here,
 * since `silent_since_ms` (wall clock). *declared: it was; else nothing changed. Its next heartbeat or registration
 * through a sponsor takes it back. NR_E_DENIED for a node that speaks for itself, this one too. */
int nr_core_give_up(struct nr_core *core, struct nr_now now, struct nr_bytes node_id, int64_t silent_since_ms,
                    bool *declared) NR_MUST_CHECK;
/* NR_E_DENIED for a node that speaks for itself elsewhere. */
int nr_core_delete_node(struct nr_core *core, struct nr_now now, struct nr_bytes node_id) NR_MUST_CHECK;
int nr_core_put_profile(struct nr_core *core, struct nr_now now, struct nr_bytes role,
                        struct nr_bytes config) NR_MUST_CHECK;
int nr_core_delete_profile(struct nr_core *core, struct nr_now now, struct nr_bytes role) NR_MUST_CHECK;
/* Declares this node `left`, pushes that to every neighbour and says BYE. The core then only drains. */
int nr_core_leave(struct nr_core *core, struct nr_now now) NR_MUST_CHECK;

/* Peers. Seeds replace those set before (resolved by the host, at most 64); `remember` adds an address kept on disk. */
void nr_core_set_seeds(struct nr_core *core, const struct nr_addr *seeds, size_t count);
void nr_core_remember(struct nr_core *core, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr);
/* Addresses of this very process, so that it never greets itself. At most 32; replaces. */
void nr_core_set_own_addresses(struct nr_core *core, const struct nr_addr *addrs, size_t count);

struct nr_peer_info {
    uint8_t key[NR_KEY_SIZE];
    uint64_t incarnation;
    struct nr_addr addr;
    bool chosen;                /* we found it; else it found us */
    bool in_sync;               /* when last heard of it had the set that we had then */
    int64_t since_us, heard_us; /* monotonic */
    int64_t rtt_us;             /* -1: not measured */
    int64_t clock_offset_ms;    /* its wall clock less ours, when the path was made */
    uint64_t fingerprint;
    uint64_t bytes_in, bytes_out;
};
/* Paths in the order of their keys: *iter starts at 0. */
bool nr_core_next_peer(const struct nr_core *core, size_t *iter, struct nr_peer_info *out);

/* Why a node has its status, as this peer knows it (proto/README.md A.9). */
struct nr_standing_observer {
    uint8_t key[NR_KEY_SIZE];
    uint8_t node_id_len; /* 0: not known */
    uint8_t node_id[NR_SUBJECT_MAX];
    bool self;        /* this very peer */
    bool said;        /* a VERDICT of its about the node is held */
    bool counted;     /* and counts: no newer word of the node's own overrules it */
    int64_t since_ms; /* if said: when it last had a sign of the node, by its own wall clock */
    uint64_t stamp;   /* if said: of the VERDICT */
};
struct nr_standing {
    uint8_t key[NR_KEY_SIZE]; /* of who speaks for the node */
    bool peer;                /* it runs a peer daemon; else nobody observes it, and what follows says so */
    uint64_t heartbeat_stamp; /* of the newest one that counts; 0: none is held */
    bool has_via;
    uint8_t via[NR_KEY_SIZE]; /* the neighbour whose datagram brought that, as far as it is known */
    int64_t heard_us;         /* monotonic: the last sign over a path of this peer's own; -1: there is none */
    bool has_offset;
    int64_t clock_offset_ms;                                 /* its wall clock less ours, when the path was made */
    struct nr_standing_observer observers[NR_VERDICT_RANKS]; /* the first candidates, best first */
    size_t observer_count;
    size_t observing;               /* how many of these observe: the first NR_OBSERVERS_MAX */
    size_t quorum, counted;         /* so many must count, and do */
    bool gone;                      /* judged so */
    int64_t until_ms;               /* if gone: wall clock, when that lapses */
    bool observer, watches, doubts; /* this peer: ranks among the observing; is probed by it; asks for it just now */
};
/* 0; NR_E_NOT_FOUND: no such node is known (or it is deleted); what the host's callbacks return. */
int nr_core_standing(const struct nr_core *core, struct nr_now now, struct nr_bytes node_id,
                     struct nr_standing *out) NR_MUST_CHECK;

/* Facts. */
const struct nr_core_stats *nr_core_stats(const struct nr_core *core);
uint64_t nr_core_fingerprint(const struct nr_core *core);
uint64_t nr_core_incarnation(const struct nr_core *core);
size_t nr_core_record_count(const struct nr_core *core, enum nr_plane plane);
size_t nr_core_peer_count(const struct nr_core *core);
/* What lies in the host's store and is not held, because this clock cannot take it for alive. */
struct nr_aside_info {
    size_t count;
    size_t ahead;      /* of which stamped too far ahead of the clock */
    int64_t newest_ms; /* the newest of these stamps */
    bool confirmed;    /* most neighbours' clocks agree with this one */
};
void nr_core_aside(const struct nr_core *core, struct nr_aside_info *out);
bool nr_core_learned_address(const struct nr_core *core, struct nr_addr *out);
/* What the core holds under a key hash: its stamp and id; false: nothing (or dead). For checkers and tests. */
bool nr_core_lookup(const struct nr_core *core, struct nr_now now, uint64_t key_hash, uint64_t *stamp, uint64_t *id);

#endif
