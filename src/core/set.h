/* An index of records: what is held under which key, in which order it was learnt, when it ends, and the sums that
 * repair compares (proto/README.md C.5). It holds no record bytes.
 *
 * Buckets are the leading bits of the key hash, each a short chain in ascending order, so that a range is walked in
 * order; a tree of sums and counts over the buckets makes the sum of any range a look-up (sets that are reconciled have
 * it, others do without). Ids are found in a table that holds some of their bits, so that an id that is not here, as
 * most of those announced, costs one look. Everything is in arrays addressed by 32-bit numbers: 48 bytes an entry and
 * some 10 around it, because the simulator holds thousands of these. */
#ifndef NR_CORE_SET_H
#define NR_CORE_SET_H

#include "base/err.h"
#include "base/rng.h"
#include "proto/message.h"

enum nr_entry_flag {
    NR_ENTRY_OWN = 1,     /* signed with this node's key */
    NR_ENTRY_PEER = 2,    /* a node that states where its peer daemon is reached */
    NR_ENTRY_DELETED = 4, /* says that its subject is gone */
    NR_ENTRY_HELD = 8,    /* a sponsored node's heartbeat that nobody else was told (proto/README.md C.8) */
    NR_ENTRY_DUE = 16,    /* a hot record made here whose push waits a second, or for the budget */
};

struct nr_entry {
    uint64_t key_hash;
    uint64_t id;
    uint64_t stamp;
    uint32_t lease_s;
    uint32_t chain;        /* next in its bucket */
    uint32_t newer, older; /* neighbours in the order learnt */
    uint32_t learnt_tick;  /* 0: not to be announced; of a hot record see pull.c */
    uint16_t size;         /* of the record, in bytes */
    uint8_t kind;          /* 0: a free place */
    uint8_t flags;
};
static_assert(sizeof(struct nr_entry) == 48, "thousands of thousands of these in a simulation");

struct nr_set {
    struct nr_entry *entries; /* [0] is nobody */
    uint32_t used, room, free;
    uint32_t count;
    uint32_t max;
    unsigned bits; /* 1 << bits buckets */
    uint32_t *heads;
    bool summed;
    uint64_t *sums; /* tree: the root at 1, bucket b at (1 << bits) + b; NULL where it is not summed */
    uint32_t *counts;
    uint32_t *ids; /* open addressing: an entry in the low bits, bits of its id above; 0: free */
    uint32_t id_mask;
    int64_t first_end_ms; /* no entry ends before */
    int64_t next_end_ms;  /* of those that a look for ended ones has passed */
    uint32_t look_at;     /* where that look goes on */
    uint32_t newest, oldest;
};

#define NR_SET_ENTRY_BITS 19 /* what an entry's number takes; `max` lies below */

/* 0 or NR_E_NOMEM. At most `max` entries. `summed`: nr_set_sum and nr_set_count will be asked. */
int nr_set_init(struct nr_set *s, uint32_t max, bool summed) NR_MUST_CHECK;
void nr_set_fini(struct nr_set *s);

/* Entries are borrowed until the next put or remove. NULL: none. */
struct nr_entry *nr_set_find(const struct nr_set *s, uint64_t key_hash);
struct nr_entry *nr_set_find_id(const struct nr_set *s, uint64_t id);

/* Makes room for one more put, so that it cannot fail. NR_E_NOMEM, NR_E_FULL; nothing is changed then. */
int nr_set_reserve(struct nr_set *s) NR_MUST_CHECK;
/* Puts or replaces what stands under facts->key_hash, and makes it the newest learnt. Only the fields of the record
 * (key_hash, id, stamp, lease_s, learnt_tick, size, kind, flags) are read; the kind is not 0. A new key needs
 * nr_set_reserve before. */
void nr_set_put(struct nr_set *s, const struct nr_entry *facts);
void nr_set_remove(struct nr_set *s, uint64_t key_hash);

/* Sum of ids (modulo 2^64) and number of entries in a range. */
uint64_t nr_set_sum(const struct nr_set *s, struct nr_range range);
uint32_t nr_set_count(const struct nr_set *s, struct nr_range range);
/* The entries of a range in ascending order of key hash: the first, then the next after one of them; NULL at the end.
 */
struct nr_entry *nr_set_first(const struct nr_set *s, struct nr_range range);
struct nr_entry *nr_set_next(const struct nr_set *s, struct nr_range range, const struct nr_entry *e);
/* The first entry whose key hash is not below `from`. */
struct nr_entry *nr_set_at_or_after(const struct nr_set *s, uint64_t from);

/* The order learnt. */
struct nr_entry *nr_set_newest(const struct nr_set *s);
struct nr_entry *nr_set_older(const struct nr_set *s, const struct nr_entry *e);

/* An entry whose lease has ended by then; NULL: none has. Looks through all of them where one may have ended, and not
 * again before the next may. */
struct nr_entry *nr_set_ended(struct nr_set *s, int64_t wall_ms);

#endif
