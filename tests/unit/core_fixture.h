/* A handful of cores that talk to each other in one process, for tests of the core's rules: real cryptography, a store
 * of plain arrays, a clock that a test moves, and a network without delay that a test can cut. Large and faulty
 * networks are the simulator's (tools/sim). */
#ifndef TESTS_CORE_FIXTURE_H
#define TESTS_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/core.h"
#include "crypto/crypto.h"

#define FIX_PEERS    12
#define FIX_START_MS INT64_C(1700000000000)

struct fix_record {
    uint64_t key_hash;
    size_t len;
    uint8_t *raw;
};

struct fix_peer {
    struct fix *fix;
    struct nr_core *core;
    struct nr_keypair key;
    char id[32];
    struct nr_addr addr;
    struct nr_addr second; /* it is reached here as well, and answers from where it was asked; family 0: not */
    struct nr_addr asked_at[FIX_PEERS]; /* by each other */
    struct fix_record *records;         /* of all planes */
    size_t count, room;
    uint64_t reserved;
    size_t evidence;
    int fail_saves; /* as long as it is not 0, saving returns it */
    bool cut;       /* hears nobody and is heard by nobody */
    bool still;     /* stopped: what comes is lost, and its timers wait */
    int64_t wall_offset_ms;
    struct nr_event last_event[16]; /* by type */
    size_t events[16];
};

struct fix {
    struct fix_peer peers[FIX_PEERS];
    size_t count;
    int64_t us;
    uint32_t lease_s; /* of NODE records; 0: the core's own */
    size_t sent;      /* datagrams */
    size_t woken;     /* how often a timer of a peer ran out */
    bool (*filter)(struct fix *f, struct fix_peer *from, const struct nr_datagram *d); /* false: lost */
    void *filter_arg;
};

void fix_init(struct fix *f, size_t count); /* started, each but the first with the first as its seed */
void fix_init_leased(struct fix *f, size_t count, uint32_t lease_s);
void fix_fini(struct fix *f);
struct nr_now fix_now(const struct fix *f, const struct fix_peer *p);
void fix_start(struct fix *f, size_t i);    /* makes and starts the core on what its store holds */
void fix_stop(struct fix *f, size_t i);     /* as a crash does */
void fix_wipe(struct fix *f, size_t i);     /* empties its store; the peer is stopped */
void fix_run_ms(struct fix *f, int64_t ms); /* moves time on; every datagram arrives at once */
/* Runs until the condition holds, at most `ms`; fails the test when it does not come to hold. */
void fix_until(struct fix *f, int64_t ms, bool (*cond)(struct fix *f, void *arg), void *arg, const char *what);
bool fix_all_equal(struct fix *f,
                   void *unused); /* all running, uncut peers: same fingerprint, and paths where there are others */
void fix_register(struct fix *f, size_t i, const char *node_id);
int fix_try_register(struct fix *f, size_t i, const char *node_id, const struct nr_node_body *body);
/* What a reader at peer i sees of a node: false: not there. */
bool fix_sees(struct fix *f, size_t i, const char *node_id, struct nr_node_body *body,
              uint8_t raw[static NR_RECORD_MAX]);
bool fix_there(struct fix *f, size_t i, const char *node_id);
/* Puts a signed record into the peer's store, as if saved in an earlier life. */
void fix_store(struct fix_peer *p, const struct nr_record *rec);
/* Signs a NODE record of a sponsored node as this peer would. */
size_t fix_make_node(const struct fix_peer *signer, const char *node_id, uint64_t stamp,
                     uint8_t raw[static NR_RECORD_MAX]);
const struct fix_record *fix_find(const struct fix_peer *p, uint64_t key_hash);
uint64_t fix_key_hash(const struct fix_peer *signer, uint8_t kind, const char *subject);

#endif
