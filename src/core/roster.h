/* The peers known, as observers are ranked over them (proto/README.md A.9): who signed a living NODE record that says
 * where its peer daemon is reached. 24 bytes a peer, found by the first eight bytes of its key; and which of them are
 * judged gone. Nothing depends on the order in which they came. */
#ifndef NR_CORE_ROSTER_H
#define NR_CORE_ROSTER_H

#include "base/err.h"
#include "base/rng.h"
#include "proto/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nr_peer {
    uint64_t key8;     /* the first eight bytes of its key */
    uint64_t key_hash; /* of its NODE record; 0: a free place */
    uint32_t heard_s;  /* its newest own stamp, in seconds since 1970 */
    uint32_t via;      /* the first four bytes of the key of who brought its newest heartbeat; 0: nobody */
};

struct nr_gone {
    uint64_t key8, key_hash;
    int64_t until_ms;   /* wall clock: when the leases of its quorum end */
    uint64_t own_stamp; /* its newest word when it was judged so */
};

struct nr_roster {
    struct nr_peer *places; /* open addressing by key8; room is no power of two */
    uint32_t room, count;
    struct nr_gone *gone; /* in ascending order of key8, then key hash */
    uint32_t gone_count, gone_room;
    uint32_t changes; /* grows whenever the candidates may be others */
};

void nr_roster_fini(struct nr_roster *p);
/* Makes room for one more, so that a put cannot fail. NR_E_NOMEM. */
int nr_roster_reserve(struct nr_roster *p) NR_MUST_CHECK;
/* One that is there stays as it is. Needs nr_roster_reserve before. */
struct nr_peer *nr_roster_put(struct nr_roster *p, uint64_t key8, uint64_t key_hash);
/* With its judgement, if there is one. */
void nr_roster_remove(struct nr_roster *p, uint64_t key8, uint64_t key_hash);
/* Borrowed until the next put or remove; NULL: none. */
struct nr_peer *nr_roster_find(const struct nr_roster *p, uint64_t key8, uint64_t key_hash);
/* Those of one key (it may speak for several nodes) in turn: *at starts at 0. NULL: no more. */
struct nr_peer *nr_roster_next_of_key(const struct nr_roster *p, uint64_t key8, uint32_t *at);
/* One whose key begins with these four bytes; NULL: none. */
const struct nr_peer *nr_roster_find_prefix(const struct nr_roster *p, uint32_t prefix);
/* One by chance (not quite uniform where most have gone); NULL: none. */
const struct nr_peer *nr_roster_random(const struct nr_roster *p, struct nr_rng *rng);
/* By the key hash alone: slow. */
const struct nr_peer *nr_roster_find_hash(const struct nr_roster *p, uint64_t key_hash);

/* NULL: it is not gone. Borrowed until the next judgement or removal. */
const struct nr_gone *nr_roster_gone(const struct nr_roster *p, uint64_t key8, uint64_t key_hash);
/* When the quorum against it ends; 0: it is not gone. */
int64_t nr_roster_gone_until_ms(const struct nr_roster *p, uint64_t key8, uint64_t key_hash);
/* 0: not gone. Of one that is gone already the word stays that it was first judged after. NR_E_NOMEM: nothing is
 * changed. */
int nr_roster_judge(struct nr_roster *p, uint64_t key8, uint64_t key_hash, int64_t until_ms,
                    uint64_t own_stamp) NR_MUST_CHECK;

/* The first candidates for a key, best first (A.9.1): the keys of peers that are not gone and were not silent for
 * NR_CANDIDATE_S. Returns how many, at most NR_VERDICT_RANKS. */
size_t nr_roster_rank(const struct nr_roster *p, uint64_t key8, int64_t wall_ms, uint64_t out[static NR_VERDICT_RANKS]);

/* SplitMix64's finaliser (C.5.2). */
static inline uint64_t nr_roster_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

#endif
