/* Paths: proven (peer, incarnation, address) triples (proto/README.md C.1), in a table ordered by key. Two stand under
 * one key while a peer that moved and started anew is not yet missed at its old address, or where one key runs on two
 * machines. */
#ifndef NR_CORE_PATH_H
#define NR_CORE_PATH_H

#include "base/addr.h"
#include "base/token_bucket.h"
#include "proto/message.h"

#define NR_PATHS_MAX   256
#define NR_WINDOW_BITS 1024

/* Which numbers of an incarnation were seen: the highest and the 1,023 before it. RFC 6479's idea: a ring of words. */
struct nr_window {
    uint64_t highest;
    uint64_t bits[NR_WINDOW_BITS / 64];
};
void nr_window_init(struct nr_window *w);
/* A window in which this number and all below it were seen: what was sent before a path was made is not played over it.
 */
void nr_window_begin(struct nr_window *w, uint64_t number);
/* True and remembered for a number not seen before and not too old. */
bool nr_window_take(struct nr_window *w, uint64_t number);

struct nr_path {
    uint32_t serial; /* its name in other tables: never 0, not used again */
    uint8_t key[NR_KEY_SIZE];
    uint64_t incarnation;
    struct nr_addr addr;
    struct nr_window window;
    bool chosen;       /* by our HELLO; false: it found us */
    bool referred;     /* it has told of others: once is enough */
    bool confirmed;    /* something came over it, since this node last stood still: the other side has it too */
    bool probed;       /* our PROBEs go over it: it may watch us */
    uint16_t probe_ms; /* the interval of the last PROBE that came; 0: none has, or it said so */
    int64_t since_us, heard_us;
    int64_t ping_sent_us;
    int64_t pushed_us;   /* when a hot record made here last went out over it */
    uint64_t ping_nonce; /* 0: none under way */
    uint32_t pings_unanswered;
    int64_t rtt_us; /* -1: not measured */
    int64_t clock_offset_ms;
    struct nr_addr observed;        /* where it sees us; family 0: not said */
    uint64_t fingerprint;           /* as its last datagram said */
    int64_t differs_since_us;       /* since when that is not ours; NR_NEVER_US: it is */
    int64_t repair_at_us;           /* no repair with it before */
    int64_t repair_pause_us;        /* grows while they are fruitless */
    struct nr_token_bucket serve;   /* bytes in answer to its requests */
    struct nr_token_bucket records; /* records taken from it */
    uint64_t bytes_in, bytes_out;
    uint32_t open; /* the outbox's datagram that still has room; 0: none */
};

struct nr_paths {
    struct nr_path *list[NR_PATHS_MAX]; /* in ascending order of key */
    uint64_t key8s[NR_PATHS_MAX];       /* of the same places: a search reads no path but the one that it finds */
    uint32_t serials[NR_PATHS_MAX];
    size_t count;
    uint32_t last_serial;
};

static inline uint64_t nr_key8(const uint8_t key[static NR_KEY_SIZE])
{
    return nr_be64(key);
}

void nr_paths_fini(struct nr_paths *p);
/* NULL: none. A path stays where it is in memory while it exists. By its serial (0: none); */
struct nr_path *nr_paths_find(const struct nr_paths *p, uint32_t serial);
/* by the key's first eight bytes, as headers carry them, and the incarnation; */
struct nr_path *nr_paths_find_peer(const struct nr_paths *p, uint64_t key8, uint64_t incarnation);
/* any of a key's; */
struct nr_path *nr_paths_find_key(const struct nr_paths *p, uint64_t key8);
/* any to an address. */
struct nr_path *nr_paths_find_addr(const struct nr_paths *p, const struct nr_addr *addr);
/* A new path with key and serial set, the rest zero. NULL: the table is full or memory is short. */
struct nr_path *nr_paths_add(struct nr_paths *p, const uint8_t key[static NR_KEY_SIZE]);
void nr_paths_remove(struct nr_paths *p, struct nr_path *path);

#endif
