/* Records asked for and not yet here: whom we asked, who else has them, and the pieces of large ones that came
 * (proto/README.md C.3.3). Bounded: in all, and in memory of pieces a peer. */
#ifndef NR_CORE_WANTS_H
#define NR_CORE_WANTS_H

#include "base/err.h"
#include "proto/message.h"

#define NR_WANTS_MAX       4096
#define NR_WANT_TRIES      6
#define NR_WANT_TIMEOUT_US 400000
#define NR_PIECED_MAX      64 /* records in pieces at once */
#define NR_PIECED_PER_PEER 8

struct nr_pieced {
    uint16_t total;
    uint16_t have; /* bitmap */
    uint8_t data[NR_RECORD_MAX];
};

struct nr_want {
    uint64_t id;    /* 0: free slot */
    uint32_t asked; /* the path */
    uint32_t other; /* the path of another that has it; 0: none known */
    int64_t at_us;  /* asked, or its last piece came */
    struct nr_pieced *pieced;
    uint8_t tries;
    bool repair; /* asked for in a repair: counts as its progress */
};

struct nr_wants {
    struct nr_want *slots; /* open addressing by id */
    uint32_t room;         /* a power of two, or 0 */
    uint32_t count;
    uint32_t pieced;
};

void nr_wants_fini(struct nr_wants *w);
/* Borrowed until the next add or remove. */
struct nr_want *nr_wants_find(const struct nr_wants *w, uint64_t id);
/* A new want with its id set, the rest zero; NULL: full or no memory. The id must not be there. */
struct nr_want *nr_wants_add(struct nr_wants *w, uint64_t id);
void nr_wants_remove(struct nr_wants *w, uint64_t id);

/* Takes a piece of a wanted record. 1: all are here (want->pieced->data, total), 0: not yet; NR_E_INVALID (another
 * total), NR_E_FULL (over a bound), NR_E_NOMEM: the piece is dropped. */
int nr_wants_piece(struct nr_wants *w, struct nr_want *want, const struct nr_piece *piece) NR_MUST_CHECK;
/* The pieces still missing, as WANT_PIECES says it. */
uint16_t nr_want_missing(const struct nr_want *want);

#endif
