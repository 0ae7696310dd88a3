/* libnr: why a node has its status. What the store says, and what only the noded of this machine knows: when it last
 * heard the node itself, through whom it hears of it, who observes it (proto/README.md A.9).
 *
 *     struct nr_node_standing s;
 *     nr_control_standing(control, node_id, &reply, &reply_len)        noded's part; without it: NULL, 0
 *     nr_standing_read(snapshot, node_id, strlen(node_id), nr_wall_clock_ms(), reply, reply_len, &s)
 *
 * The sentence is there in any case. Texts live in the snapshot, and nothing in the result points into the reply. */
#ifndef NR_STANDING_H
#define NR_STANDING_H

#include <nr/registry.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NR_STANDING_OBSERVERS_MAX 8
#define NR_WHY_MAX                192

/* An observer speaks up only when it hears the node no longer; NR_SAYS_HEARS is the word of this machine's noded. */
enum nr_says { NR_SAYS_NOTHING, NR_SAYS_HEARS, NR_SAYS_GONE };

struct nr_observer {
    uint8_t key[32];
    struct nr_text node_id; /* len 0: not known here */
    uint32_t rank;          /* 1: the first; 0: not known without noded */
    enum nr_says says;
    int64_t since_ms; /* NR_SAYS_GONE: when it last heard the node, by its own clock */
};

struct nr_node_standing {
    struct nr_node node;
    char why[NR_WHY_MAX];         /* one sentence, without a full stop */
    int64_t gone_until_ms;        /* its observers call it gone until then; 0: they do not */
    int64_t heard_ms_ago;         /* by this machine's noded, over a path of its own; -1: never, or not known */
    struct nr_text heard_through; /* node_id of the neighbour that brought its newest heartbeat; len 0: not known */
    bool has_clock_offset;
    int64_t clock_offset_ms; /* its clock less this machine's */
    bool noded_told;         /* `observing` and `quorum` are known */
    uint32_t observing;      /* so many observe it; 0: it runs no peer daemon */
    uint32_t quorum;         /* so many must say that it is gone */
    uint32_t against;        /* and so many do */
    uint32_t observer_count;
    struct nr_observer observers[NR_STANDING_OBSERVERS_MAX]; /* by rank; without noded, those who say that it is gone */
};

/* `reply` is noded's answer to the operation `standing` (proto/CONTROL.md), or NULL. NR_ERR_NOT_FOUND as nr_node_get;
 * NR_ERR_INVALID: no such answer. */
NR_API int nr_standing_read(nr_snapshot *snapshot, const char *node_id, size_t len, int64_t now_ms, const void *reply,
                            size_t reply_len, struct nr_node_standing *out);

#ifdef __cplusplus
}
#endif
#endif
