/* Reading a store from any process: one half's environment, opened read-only, and transactions that are renewed around
 * each use. No writer is needed. LMDB's rule: a file is open at most once in a process.
 *
 * Renewing a transaction, looking up and stepping make no system call. The map is made so large that a store that grows
 * does not outgrow it; where the machine does not allow that, it is made as large as the store and follows it, but only
 * while no transaction is open on it (NR_E_UNAVAILABLE otherwise). Several threads: calls on the environment and
 * `begin` under a lock, the rest each with its own transaction. */
#ifndef NR_STORE_READ_H
#define NR_STORE_READ_H

#include "store/tables.h"

struct nr_read_env;
struct nr_read;

/* The half below the state directory. NR_E_NOT_FOUND (none there, or being made), NR_E_DENIED, NR_E_VERSION,
 * NR_E_CORRUPT, NR_E_NOMEM, NR_E_SYSTEM. */
int nr_read_env_open(struct nr_read_env **out, const char *state_dir, enum nr_half half) NR_MUST_CHECK;
void nr_read_env_close(struct nr_read_env *env); /* takes NULL; its transactions must be freed before */
/* Whether the file that is open is the one that is there now. */
bool nr_read_env_current(const struct nr_read_env *env);
/* The number of the newest transaction: it grows with every commit. */
uint64_t nr_read_env_newest(const struct nr_read_env *env);
/* A compacted copy into an existing, empty directory. NR_E_FULL, NR_E_IO, NR_E_SYSTEM. */
int nr_read_env_copy(struct nr_read_env *env, const char *to_dir) NR_MUST_CHECK;
struct nr_read_env_facts {
    uint64_t used_bytes, map_bytes;
    uint32_t readers;
};
void nr_read_env_facts(struct nr_read_env *env, struct nr_read_env_facts *out);

/* A transaction, not begun. NR_E_BUSY: all slots for readers are taken. */
int nr_read_new(struct nr_read **out, struct nr_read_env *env) NR_MUST_CHECK;
void nr_read_free(struct nr_read *r);               /* takes NULL */
int nr_read_begin(struct nr_read *r) NR_MUST_CHECK; /* at the newest state; a begun one is renewed */
void nr_read_end(struct nr_read *r);                /* takes one that is not begun */
uint64_t nr_read_number(const struct nr_read *r);   /* of a begun one */

/* What is handed out lasts until the transaction ends. */
int nr_read_get(struct nr_read *r, enum nr_table t, struct nr_bytes key, struct nr_bytes *value) NR_MUST_CHECK;
uint64_t nr_read_count(struct nr_read *r, enum nr_table t);
/* One position a table and use: whoever moves it finds it where he left it, if no other look came between. */
enum nr_read_use { NR_READ_LOOK, NR_READ_WALK, NR_READ_USES };
enum nr_read_move {
    NR_READ_FIRST,
    NR_READ_LAST,
    NR_READ_AT,   /* exactly the key given */
    NR_READ_FROM, /* the first that is not below the key given */
    NR_READ_NEXT,
    NR_READ_PREV,
};
/* On entry *key is what to look for (AT, FROM). NR_E_NOT_FOUND at the end. */
int nr_read_move(struct nr_read *r, enum nr_table t, enum nr_read_use use, enum nr_read_move move, struct nr_bytes *key,
                 struct nr_bytes *value) NR_MUST_CHECK;

#endif
