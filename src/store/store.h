/* The store of one node: everything that noded keeps, behind one interface with two implementations: LMDB
 * (nr_store_open_lmdb) and memory (nr_store_open_memory). One behaviour suite runs over both.
 *
 * Two halves (design §6): `registry` is cold and durable, `pulse` holds hot and brief records and may lose what was
 * written since its last commit, or all of it. Writes are staged; nr_store_commit makes the registry half durable, and
 * nr_store_commit_pulse keeps the pulse half. Reads see what is staged.
 *
 * Failure. A call that fails has changed nothing. When a commit fails (NR_E_FULL, NR_E_IO) everything staged in that
 * half is kept and tried again by the next commit; until one succeeds, writes that add bytes to that half are refused
 * with the same error (nr_store_health says so) and reads go on. One thread, one writer process: a second opener of the
 * same directory gets NR_E_BUSY.
 *
 * Borrowed bytes (struct nr_bytes, struct nr_record handed out) last until the next call on the store that writes or
 * commits. */
#ifndef NR_STORE_STORE_H
#define NR_STORE_STORE_H

#include "base/addr.h"
#include "base/time.h"
#include "core/view.h"
#include "proto/record.h"

struct nr_store;

struct nr_store_options {
    const char *dir;           /* the state directory; registry/ and pulse/ are made in it, mode 0750 */
    size_t registry_map_max;   /* bytes; 0: 8 GiB. The map starts small and grows on demand up to this */
    size_t pulse_map_max;      /* bytes; 0: 4 GiB */
    uint32_t history_per_node; /* heartbeats kept of each of up to 2,000 nodes, fewer of more; 0: 120 */
    uint32_t log_max;          /* change log entries kept; 0: 10,000 */
    uint32_t evidence_max;     /* pairs kept; 0: 256 */
};

/* LMDB in options->dir. Clears stale readers, migrates an older schema, throws the pulse half away when the machine has
 * booted since it was last used. NR_E_BUSY (another noded), NR_E_VERSION (a newer schema), NR_E_CORRUPT, NR_E_SYSTEM
 * (errno). */
int nr_store_open_lmdb(struct nr_store **out, const struct nr_store_options *options) NR_MUST_CHECK;

/* In memory. A disk (nr_memdisk) outlives the store opened on it, and keeps what was committed: closing without commit,
 * as a crash does, loses what was staged; `nr_memdisk_power_loss` loses the pulse half too. Equal records' bytes are
 * held once per pool, however many disks share it (the simulator's thousands of nodes). */
struct nr_blob_pool;
struct nr_memdisk;
struct nr_blob_pool *nr_blob_pool_new(void);
void nr_blob_pool_free(struct nr_blob_pool *pool);
struct nr_memdisk *nr_memdisk_new(struct nr_blob_pool *pool); /* the pool is borrowed and outlives the disk */
void nr_memdisk_free(struct nr_memdisk *disk);
void nr_memdisk_power_loss(struct nr_memdisk *disk);
/* The next `nr_store_*` write or commit that would succeed fails with `err` instead, after `skip` more have passed; 0
 * disarms. */
void nr_memdisk_fail(struct nr_memdisk *disk, int err, uint32_t skip);
/* `views` false: the tables for readers (nodes, profiles, log, history) take nothing and hold nothing, and cost
 * nothing. */
int nr_store_open_memory(struct nr_store **out, struct nr_memdisk *disk, bool views,
                         const struct nr_store_options *options) NR_MUST_CHECK;

void nr_store_close(struct nr_store *s); /* drops what is staged; takes NULL */

/* Records, by the hash of their key. `put` replaces. The kind's plane chooses the half. */
int nr_store_put(struct nr_store *s, uint64_t key_hash, const struct nr_record *rec) NR_MUST_CHECK;
int nr_store_get(struct nr_store *s, uint64_t key_hash, struct nr_bytes *raw) NR_MUST_CHECK;        /* NR_E_NOT_FOUND */
int nr_store_del(struct nr_store *s, uint64_t key_hash, const struct nr_record *rec) NR_MUST_CHECK; /* absent: 0 */
/* Calls `each` until it returns nonzero, and returns that. `each` must not write. Ascending key hash. */
typedef int nr_store_record_fn(void *arg, uint64_t key_hash, const struct nr_record *rec);
int nr_store_each(struct nr_store *s, nr_store_record_fn *each, void *arg) NR_MUST_CHECK;
/* All signers' records of one kind about one subject, in ascending order of signer. */
int nr_store_each_of(struct nr_store *s, uint8_t kind, struct nr_bytes subject, nr_store_record_fn *each,
                     void *arg) NR_MUST_CHECK;

/* Views for readers: computed from the records and rewritten by nr_store_refresh. Registry half: the node or profile as
 * readers see it (or nothing), its static JSON, its index entries, and a log entry when it changed. */
/* Recomputes the view of `subject` for `kind` NODE or PROFILE after its records changed; for HEARTBEAT recomputes when
 * the node was last heard (pulse half). Other kinds: 0. `cause` is the record that changed it, or NULL at an ended
 * lease. */
int nr_store_refresh(struct nr_store *s, uint8_t kind, struct nr_bytes subject, const struct nr_record *cause,
                     int64_t wall_ms) NR_MUST_CHECK;
/* What a quorum of a node's observers says of it (pulse half): gone until until_ms, or 0: not gone. `key` is whom they
 * observe: where another key speaks for the node, or nobody, it changes nothing. It stands, whatever is saved and
 * committed of the node, until the next call takes it back or another key speaks for the node. */
int nr_store_judge(struct nr_store *s, struct nr_bytes node_id, const uint8_t key[static NR_KEY_SIZE],
                   int64_t until_ms) NR_MUST_CHECK;
/* Takes it back for all nodes: before a start, at which the core judges anew. */
int nr_store_unjudge(struct nr_store *s) NR_MUST_CHECK;
/* Adds a heartbeat to its node's bounded history (pulse half). */
int nr_store_history_add(struct nr_store *s, const struct nr_record *heartbeat) NR_MUST_CHECK;

/* Evidence of two records under one stamp. The same pair again changes nothing; beyond the bound the oldest goes. */
int nr_store_evidence_add(struct nr_store *s, const struct nr_record *a, const struct nr_record *b) NR_MUST_CHECK;
uint64_t nr_store_evidence_count(struct nr_store *s);

/* Small named values (registry half): "clock_limit", "node_id", … Names of 1–63 bytes. */
int nr_store_meta_put(struct nr_store *s, const char *name, struct nr_bytes value) NR_MUST_CHECK;
int nr_store_meta_get(struct nr_store *s, const char *name, struct nr_bytes *value) NR_MUST_CHECK; /* NR_E_NOT_FOUND */

/* Addresses of peers (registry half), at most 1,024: the least recently put goes. */
int nr_store_peer_put(struct nr_store *s, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr,
                      int64_t wall_ms) NR_MUST_CHECK;
int nr_store_each_peer(struct nr_store *s,
                       int (*each)(void *arg, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr,
                                   int64_t wall_ms),
                       void *arg) NR_MUST_CHECK;

/* Commits. With nothing staged they cost nothing and return 0. */
int nr_store_commit(struct nr_store *s) NR_MUST_CHECK;
int nr_store_commit_pulse(struct nr_store *s) NR_MUST_CHECK;
bool nr_store_dirty(const struct nr_store *s);
bool nr_store_dirty_pulse(const struct nr_store *s);
/* How much the registry half has staged: it has grown when something was written since. */
size_t nr_store_staged(const struct nr_store *s);
/* Frees the slots of readers whose process is gone; returns how many. Cheap; call it now and then. */
int nr_store_clear_stale_readers(struct nr_store *s);

struct nr_store_info {
    int health; /* 0, or the error that writes meet now */
    uint64_t records, nodes, profiles, log_entries, evidence;
    uint64_t registry_bytes, pulse_bytes; /* used pages */
    uint64_t registry_map_bytes, pulse_map_bytes;
    uint64_t commits, pulse_commits;
    uint64_t log_seq; /* the newest entry's number; 0: none */
    uint32_t readers;
};
void nr_store_info(struct nr_store *s, struct nr_store_info *out);

#endif
