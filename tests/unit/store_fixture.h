/* A store to try things on, in memory or in a directory of its own, and signed records to put into it. */
#ifndef NR_TEST_STORE_FIXTURE_H
#define NR_TEST_STORE_FIXTURE_H

#include "crypto/crypto.h"
#include "proto/body.h"
#include "store/store.h"

#define T0     INT64_C(1795000000000) /* the wall clock of the tests, ms */
#define HOUR_S 3600u

struct fixture {
    bool lmdb;
    char dir[64];
    struct nr_blob_pool *pool;
    struct nr_memdisk *disk;
    struct nr_store *store;
    struct nr_store_options options;
};

int fixture_open(struct fixture *f, bool lmdb); /* a new, empty one; 0 */
void fixture_reopen(struct fixture *f);         /* as after a crash */
void fixture_close(struct fixture *f);          /* and removes the directory */
void make_temp_dir(char dir[static 64]);
void remove_tree(const char *dir);

/* A record in memory of its own. */
struct made {
    uint8_t bytes[NR_RECORD_MAX];
    struct nr_record rec;
    uint64_t key_hash;
};
/* `who` names a key: the same number, the same key. */
struct made *make_record(uint8_t kind, int who, const char *subject, int64_t ms, uint32_t lease_s,
                         struct nr_bytes body);
struct node_say {
    const char *hostname, *ip, *role;
    const char *labels[4];
    const char *metadata_json_node_type; /* metadata {"node_type": …} when not NULL */
    enum nr_state state;
    bool self, deleted;
    int64_t created_ms, updated_ms;
    uint32_t lease_s; /* 0: an hour */
};
struct made *make_node(int who, const char *node_id, int64_t ms, const struct node_say *say);
struct made *make_beat(int who, const char *node_id, int64_t ms, uint32_t interval_ms);
struct made *make_profile(int who, const char *role, int64_t ms, uint64_t number, bool deleted);
void public_key(int who, uint8_t key[static NR_KEY_SIZE]);

/* Puts a record and refreshes the views that it changes, and frees it. Asserts that all succeed. */
void say(struct nr_store *s, struct made *m, int64_t now);
struct made *kept(struct nr_store *s, struct made *m, int64_t now); /* likewise, and hands it back */

#endif
