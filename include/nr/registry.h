/* libnr: read the registry of the node that this program runs on.
 *
 * CAVEATS
 * - Open a state directory at most once in a process (LMDB's rule: POSIX locks are the process's). Do not use a handle
 * across fork.
 * - A handle and its snapshots belong to one thread at a time. Several threads: a handle each is against the rule
 *   above; share one under a lock, or give each thread a snapshot of its own (nr_snapshot_new) and use these freely.
 * - An open snapshot keeps the pages that it sees from being used again: hold it for one look-up or one answer, not for
 *   minutes. The store grows while you hold it.
 * - What a look-up hands out points into the memory map. It is valid until the snapshot is ended or renewed, and
 * read-only.
 *
 * Reads need no daemon: with noded stopped the last state is served. They take no lock that a writer waits for, make no
 * copy, and after the first make no system call (but for a store that has grown or was replaced, which is noticed when
 * a snapshot begins).
 *
 * Functions return 0 or a negative code (nr/error.h). Pointers to results are untouched on failure unless said
 * otherwise. */
#ifndef NR_REGISTRY_H
#define NR_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nr/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef NR_API
#define NR_API __attribute__((visibility("default")))
#endif

typedef struct nr_registry nr_registry;
typedef struct nr_snapshot nr_snapshot;

/* Text that lives in the snapshot: not NUL-terminated, valid UTF-8 without control characters. */
struct nr_text {
    const char *data;
    size_t len;
};

enum nr_node_status {
    NR_NODE_ONLINE,
    NR_NODE_DEGRADED,
    NR_NODE_OFFLINE,
    NR_NODE_MAINTENANCE,
    NR_NODE_DRAINING,
    NR_NODE_LEFT,
};
#define NR_NODE_STATUS_COUNT 6
NR_API const char *nr_node_status_name(enum nr_node_status status);
/* NR_ERR_INVALID for a word that is none of the six. */
NR_API int nr_node_status_parse(const char *word, size_t len, enum nr_node_status *out);

struct nr_registry_options {
    const char *state_dir; /* NULL: $DAGI_STATE_DIR, else /var/lib/dagi as root, else $XDG_STATE_HOME/dagi
                              (~/.local/state/dagi) */
    /* Seconds; 0 takes the default in brackets. */
    uint32_t degraded_after_s;  /* silence of a node whose interval is not known (90) */
    uint32_t missed_heartbeats; /* of its own interval (3) */
    uint32_t offline_after_s;   /* (300) */
    uint32_t forget_after_s;    /* (259200) */
};

/* Opens for reading. `options` NULL: all defaults. NR_ERR_NOT_FOUND (no store there yet), NR_ERR_DENIED (permissions),
 * NR_ERR_VERSION (another schema), NR_ERR_CORRUPT, NR_ERR_NO_MEMORY, NR_ERR_SYSTEM (errno). */
NR_API int nr_registry_open(nr_registry **out, const struct nr_registry_options *options);
NR_API void nr_registry_close(nr_registry *registry); /* takes NULL; its snapshots must be freed before */

/* A snapshot: one consistent state of nodes and profiles, and one of heartbeats. Made once, then begun and ended around
 * each use. */
NR_API int nr_snapshot_new(nr_registry *registry, nr_snapshot **out);
NR_API void nr_snapshot_free(nr_snapshot *snapshot); /* takes NULL, ends it when begun */
/* Begins at the newest state; on one that is begun, renews it. NR_ERR_UNAVAILABLE: the store is being replaced, try
 * again. */
NR_API int nr_snapshot_begin(nr_snapshot *snapshot);
NR_API void nr_snapshot_end(nr_snapshot *snapshot);
/* A pair of numbers that changes whenever nodes, profiles or heartbeats have: equal numbers and an unpassed
 * `turns_at_ms` mean that an answer built earlier is still right. */
struct nr_generation {
    uint64_t registry;
    uint64_t pulse;
};
NR_API struct nr_generation nr_snapshot_generation(const nr_snapshot *snapshot);

/* A node as a reader sees it. All texts live in the snapshot. */
struct nr_node {
    char id[37]; /* a UUID made from node_id */
    struct nr_text node_id;
    struct nr_text hostname;
    struct nr_text ip; /* len 0: not known */
    struct nr_text role;
    enum nr_node_status status;
    int64_t status_turns_at_ms; /* when the clock alone will change it; INT64_MAX: never */
    int64_t last_heartbeat_ms;  /* 0: never */
    int64_t created_at_ms;
    int64_t updated_at_ms;
    uint32_t interval_ms;  /* of its heartbeats; 0: not known */
    bool self;             /* speaks for itself; false: a sponsor speaks for it */
    const uint8_t *signer; /* 32 bytes: who signed what is shown */
    uint32_t label_count;
    const void *metadata; /* canonical msgpack map, or NULL */
    size_t metadata_len;
    const void *labels_; /* private: nr_node_label reads it */
    /* Ready JSON, members without the braces around them:
     * head: "id" … "labels"; tail: "metadata" … "updated_at"; full: what ?view=full adds. Between head and tail belong
     * status and last_heartbeat. */
    struct nr_text json_head, json_tail, json_full;
};
/* Label `index` < label_count. */
NR_API struct nr_text nr_node_label(const struct nr_node *node, uint32_t index);
NR_API bool nr_node_has_label(const struct nr_node *node, const char *label, size_t len);

/* `now_ms` is the wall clock in milliseconds since 1970 (nr_wall_clock_ms): status depends on it. NR_ERR_NOT_FOUND also
 * for a node whose lease has ended or that is forgotten. */
NR_API int nr_node_get(nr_snapshot *snapshot, const char *node_id, size_t len, int64_t now_ms, struct nr_node *out);

/* Filters; a zeroed struct lets all pass. Borrowed for the call, and by the cursor until its last step. */
struct nr_node_filter {
    const char *role;          /* NULL: any */
    const char *const *labels; /* all must be there */
    size_t label_count;
    bool by_status;
    enum nr_node_status status;
    const char *type;       /* metadata.node_type; NULL: any */
    const char *capability; /* a key of metadata.capabilities whose value is not false, null, an empty array or an
                               object with `available` false, or an element of one of its arrays; NULL: any */
};
/* Walks nodes in ascending order of node_id, through the index of a role or label where the filter names one.
 *     struct nr_node_cursor c;
 *     for (int e = nr_node_first(snap, &filter, now, &c, &node); e == 0; e = nr_node_next(&c, &node)) …
 * Ends with NR_ERR_NOT_FOUND. The cursor needs no closing and is void when the snapshot ends. */
struct nr_node_cursor {
    nr_snapshot *snapshot;
    const struct nr_node_filter *filter;
    int64_t now_ms;
    int plan;
    void *position;
    unsigned char last[256];
    size_t last_len;
};
NR_API int nr_node_first(nr_snapshot *snapshot, const struct nr_node_filter *filter, int64_t now_ms,
                         struct nr_node_cursor *cursor, struct nr_node *out);
NR_API int nr_node_next(struct nr_node_cursor *cursor, struct nr_node *out);

/* Counts over all nodes. `turns_at_ms`: the first moment at which a status changes by the clock alone: by silence, or
 * because the word of its observers ends. */
struct nr_node_counts {
    uint64_t total;
    uint64_t by_status[NR_NODE_STATUS_COUNT];
    int64_t turns_at_ms;
};
NR_API int nr_node_count(nr_snapshot *snapshot, int64_t now_ms, struct nr_node_counts *out);

/* Heartbeats of a node, newest first. */
struct nr_heartbeat {
    int64_t at_ms;
    bool has_status;
    enum nr_node_status status;
    uint32_t interval_ms;
    const uint8_t *signer; /* 32 bytes */
    const void *metrics;   /* canonical msgpack map, or NULL */
    size_t metrics_len;
};
/* Calls `each` for at most `limit` (0: all kept) that are not older than since_ms, until it returns nonzero, which is
 * returned. */
NR_API int nr_heartbeat_each(nr_snapshot *snapshot, const char *node_id, size_t len, int64_t since_ms, size_t limit,
                             int (*each)(void *arg, const struct nr_heartbeat *heartbeat), void *arg);

/* Profiles. `config` is a canonical msgpack map, config_json the same as JSON text (with its braces). */
struct nr_profile {
    struct nr_text role;
    const void *config;
    size_t config_len;
    struct nr_text config_json;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};
NR_API int nr_profile_get(nr_snapshot *snapshot, const char *role, size_t len, int64_t now_ms, struct nr_profile *out);
NR_API int nr_profile_each(nr_snapshot *snapshot, int64_t now_ms, int (*each)(void *arg, const struct nr_profile *p),
                           void *arg);

/* Signed records, byte for byte. Cold ones before hot ones. */
struct nr_signed_record {
    const uint8_t *data;
    size_t len;
    uint64_t key_hash;
    bool hot;
};
/* node_id NULL: of all; else those whose subject it is. nr_record_check (nr/record.h) verifies one. */
NR_API int nr_record_each(nr_snapshot *snapshot, const char *node_id, size_t len,
                          int (*each)(void *arg, const struct nr_signed_record *record), void *arg);
/* Pairs of records that one signer made under one stamp. */
NR_API int nr_evidence_each(nr_snapshot *snapshot,
                            int (*each)(void *arg, const struct nr_signed_record *a, const struct nr_signed_record *b),
                            void *arg);

/* The change log: what changed, when it was seen here, who signed it. Numbers ascend by one. */
enum nr_change_what { NR_CHANGE_ADDED, NR_CHANGE_UPDATED, NR_CHANGE_STATE, NR_CHANGE_DELETED, NR_CHANGE_ENDED };
NR_API const char *nr_change_name(enum nr_change_what what);
struct nr_change {
    uint64_t seq;
    int64_t at_ms; /* seen here */
    enum nr_change_what what;
    bool profile;           /* of a profile; else of a node */
    struct nr_text subject; /* node_id or role */
    const uint8_t *signer;  /* 32 bytes; NULL: a lease ended */
    uint64_t stamp;
};
/* Those with a number above `after`, ascending; stops at nonzero from `each`, which is returned. */
NR_API int nr_change_each(nr_snapshot *snapshot, uint64_t after, int (*each)(void *arg, const struct nr_change *c),
                          void *arg);
NR_API uint64_t nr_change_newest(nr_snapshot *snapshot); /* 0: none yet */

/* Waits until something has changed since `seen`, or timeout_ms has passed (-1: none). NR_ERR_TIMEOUT then. The store's
 * generation is looked at, cheaply and without a daemon, every 20 ms at first and every 200 ms when it stays quiet. The
 * snapshot is renewed. */
NR_API int nr_wait_change(nr_snapshot *snapshot, struct nr_generation seen, int timeout_ms);

struct nr_store_facts {
    uint64_t registry_bytes, pulse_bytes, registry_map_bytes, pulse_map_bytes;
    uint64_t records, heartbeats, nodes, profiles, evidence, changes;
    uint32_t schema;
    uint32_t readers;
};
NR_API int nr_store_facts(nr_snapshot *snapshot, struct nr_store_facts *out);
/* Calls `each` for every table of the store with the half that it is in ("registry", "pulse") and the number of its
 * entries, until it returns nonzero, which is returned. */
NR_API int nr_store_table_each(nr_snapshot *snapshot,
                               int (*each)(void *arg, const char *half, const char *table, uint64_t entries),
                               void *arg);
/* A small named value that noded keeps ("node_id", "node_key"); borrowed from the snapshot. */
NR_API int nr_meta_get(nr_snapshot *snapshot, const char *name, const void **data, size_t *len);

NR_API int64_t nr_wall_clock_ms(void);

/* A compacted copy of both halves of the store into a new directory (nodectl backup). NR_ERR_EXISTS. */
NR_API int nr_registry_copy(nr_registry *registry, const char *to_dir);

#ifdef __cplusplus
}
#endif
#endif
