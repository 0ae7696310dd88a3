/* A first start writes cluster.keys last, when all other files are durable. Where it is missing and nothing of a
 * registry stands there either, the start is the first, be it once more after a crash; a registry without it has lost
 * its keys, and nothing is founded over it. */
#include "noded/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "noded/keyfile.h"

#define SYSTEM_NODE_ID_DIR "/etc/dagi"
#define NODE_ID_AROUND     14 /* "node-", "-" and 8 digits */

static int fail_system(struct nr_buf *why, const char *what, const char *name)
{
    nr_buf_printf(why, "%s: %s: %s", name, what, strerror(errno));
    return NR_E_SYSTEM;
}

static int make_each(const char *path, mode_t mode)
{
    char copy[4096];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (char *p = copy + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST) return -1;
        *p = '/';
    }
    return mkdir(copy, mode) == 0 || errno == EEXIST ? 0 : -1;
}

/* As mkdir -p, whatever the umask. */
static int make_dirs(const char *path, mode_t mode)
{
    mode_t mask = umask(0022);
    int made = make_each(path, mode), saved = errno;
    umask(mask);
    errno = saved;
    return made;
}

static int open_dir(struct identity *id, const char *path, struct nr_buf *why)
{
    if (make_dirs(path, 0750) != 0) return fail_system(why, "cannot be made", path);
    id->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (id->dir < 0) return fail_system(why, "cannot be opened", path);
    if (faccessat(id->dir, ".", W_OK | X_OK, AT_EACCESS) != 0) return fail_system(why, "cannot be written to", path);
    if (flock(id->dir, LOCK_EX | LOCK_NB) == 0) return 0;
    if (errno != EWOULDBLOCK) return fail_system(why, "cannot be locked", path);
    nr_buf_printf(why, "%s: another noded uses this state directory", path);
    return NR_E_BUSY;
}

static int read_key(const struct identity *id, const char *name, uint8_t key[static 32], struct nr_buf *why)
{
    size_t count;
    int err = keyfile_read_keys(id->dir, name, key, 32, 1, &count);
    if (err == NR_E_SYSTEM) return fail_system(why, "cannot be read", name);
    if (err) nr_buf_printf(why, "%s: %s", name, err == NR_E_NOT_FOUND ? "is missing" : nr_strerror(err));
    return err;
}

static int set_failed(const struct keyfile_set *set, struct nr_buf *why)
{
    return fail_system(why, "cannot be written", set->failed ? set->failed : "a key");
}

static int add_key(struct keyfile_set *set, const char *name, const uint8_t key[static 32], struct nr_buf *why)
{
    return keyfile_set_add_keys(set, name, key, 32, 1) ? set_failed(set, why) : 0;
}

/* The node's own key: the one that is there, or a new one. */
static int own_key(struct identity *id, struct keyfile_set *set, struct nr_buf *why)
{
    uint8_t seed[32];
    int err = 0;
    if (keyfile_exists(id->dir, "node.key")) {
        err = read_key(id, "node.key", seed, why);
        if (!err) nr_keypair_from_seed(&id->key, seed);
    } else {
        nr_keypair_new(&id->key);
        nr_keypair_seed(&id->key, seed);
        err = add_key(set, "node.key", seed, why);
    }
    nr_wipe(seed, sizeof seed);
    return err;
}

static int add_ring(const struct identity *id, struct keyfile_set *set, struct nr_buf *why)
{
    int err = keyfile_set_add_keys(set, "cluster.keys", id->ring.keys[0], NR_CLUSTER_KEY_SIZE, id->ring.count);
    return err ? set_failed(set, why) : 0;
}

static int found_cluster(struct identity *id, struct keyfile_set *set, struct nr_buf *why)
{
    struct nr_keypair authority;
    uint8_t seed[32];
    nr_keypair_new(&authority);
    nr_keypair_seed(&authority, seed);
    memcpy(id->authority, authority.pub, NR_KEY_SIZE);
    nr_random(id->ring.keys[0], NR_CLUSTER_KEY_SIZE);
    id->ring.count = 1;
    int err = add_key(set, "authority.key", seed, why);
    if (!err) err = add_key(set, "authority.pub", id->authority, why);
    nr_wipe(&authority, sizeof authority);
    nr_wipe(seed, sizeof seed);
    id->founder = !err;
    return err;
}

static int add_seeds(const struct identity *id, struct keyfile_set *set, struct nr_buf *why)
{
    struct nr_buf text;
    nr_buf_init(&text, KEYFILE_MAX);
    for (size_t i = 0; i < id->seed_count; i++) nr_buf_printf(&text, "%s\n", id->seeds[i]);
    int err = text.err ? text.err : keyfile_set_add(set, "seeds", nr_buf_bytes(&text), 0600);
    nr_buf_fini(&text);
    return err ? fail_system(why, "cannot be written", "seeds") : 0;
}

static int join_cluster(struct identity *id, const struct nr_token *token, const struct identity_options *o,
                        struct keyfile_set *set, struct nr_buf *why)
{
    if (token->expires_at_ms != 0 && token->expires_at_ms <= o->wall_ms) {
        nr_buf_add_str(why, "the token has expired: make a new one with nodectl invite");
        return NR_E_EXPIRED;
    }
    memcpy(id->authority, token->authority, NR_KEY_SIZE);
    memcpy(id->ring.keys, token->keys, sizeof id->ring.keys);
    id->ring.count = token->key_count;
    id->seed_count = token->seed_count;
    memcpy(id->seeds, token->seeds, sizeof id->seeds);
    (void)unlinkat(id->dir, "authority.key", 0); /* of a founding that a crash cut short */
    int err = add_key(set, "authority.pub", id->authority, why);
    return err ? err : add_seeds(id, set, why);
}

static void read_seeds(struct identity *id)
{
    struct nr_buf text;
    nr_buf_init(&text, KEYFILE_MAX);
    if (keyfile_read(id->dir, "seeds", &text) != 0) text.len = 0;
    struct nr_bytes left = nr_buf_bytes(&text);
    while (left.len > 0 && id->seed_count < NR_TOKEN_SEEDS_MAX) {
        const uint8_t *nl = memchr(left.data, '\n', left.len);
        size_t len = nl ? (size_t)(nl - left.data) : left.len, taken = nl ? len + 1 : len;
        if (nr_seed_valid(nr_bytes(left.data, len))) {
            char *seed = id->seeds[id->seed_count++];
            memcpy(seed, left.data, len);
            seed[len] = '\0';
        }
        left = nr_bytes(left.data + taken, left.len - taken);
    }
    nr_buf_fini(&text);
}

static int read_cluster(struct identity *id, struct nr_buf *why)
{
    int err = keyfile_read_keys(id->dir, "cluster.keys", id->ring.keys[0], NR_CLUSTER_KEY_SIZE, NR_KEYRING_MAX,
                                &id->ring.count);
    if (err == NR_E_SYSTEM) return fail_system(why, "cannot be read", "cluster.keys");
    if (err) {
        nr_buf_printf(why, "cluster.keys: %s", nr_strerror(err));
        return err;
    }
    id->founder = keyfile_exists(id->dir, "authority.key");
    read_seeds(id);
    return read_key(id, "authority.pub", id->authority, why);
}

static int read_token_text(const char *file, struct nr_buf *text)
{
    char chunk[1024];
    size_t n;
    bool standard = strcmp(file, "-") == 0;
    FILE *f = standard ? stdin : fopen(file, "re");
    if (!f) return NR_E_SYSTEM;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) nr_buf_add(text, chunk, n);
    int err = ferror(f) ? NR_E_SYSTEM : text->err;
    nr_wipe(chunk, sizeof chunk);
    if (!standard) fclose(f);
    return err;
}

/* *given: there is one. A node that is in a cluster already may be started with the flag and without what it names, or
 * with a file that is no longer for it to read. */
static int read_token(const char *file, bool in_cluster, struct nr_token *token, bool *given, struct nr_buf *why)
{
    struct nr_buf text;
    *given = false;
    if (*file == '\0') return 0;
    nr_buf_init(&text, NR_TOKEN_TEXT_MAX);
    int err = read_token_text(file, &text);
    if (in_cluster && (err == NR_E_SYSTEM || (!err && text.len == 0))) {
        err = 0;
    } else if (err == NR_E_SYSTEM) {
        fail_system(why, "cannot be read", file);
    } else {
        if (!err) err = nr_token_decode(nr_buf_bytes(&text), nr_hash, token);
        *given = err == 0;
        if (err)
            nr_buf_printf(why, "%s: this is not a token, or it is damaged",
                          strcmp(file, "-") ? file : "standard input");
    }
    if (text.data) nr_wipe(text.data, text.cap);
    nr_buf_fini(&text);
    return err;
}

void identity_make_node_id(char out[static NR_SUBJECT_MAX + 1], struct nr_bytes hostname, const uint8_t tail[static 4])
{
    char name[NR_SUBJECT_MAX - NODE_ID_AROUND + 1];
    size_t len = hostname.len < sizeof name - 1 ? hostname.len : sizeof name - 1;
    for (size_t i = 0; i < len; i++) {
        bool good = nr_node_id_valid(nr_bytes(hostname.data + i, 1));
        name[i] = good ? (char)hostname.data[i] : '-';
    }
    name[len] = '\0';
    snprintf(out, NR_SUBJECT_MAX + 1, "node-%s-%02x%02x%02x%02x", name, tail[0], tail[1], tail[2], tail[3]);
}

static int read_node_id(struct identity *id, struct nr_buf *why)
{
    struct nr_buf text;
    nr_buf_init(&text, KEYFILE_MAX);
    int err = keyfile_read(id->dir, "node_id", &text);
    while (text.len > 0 && text.data[text.len - 1] == '\n') text.len--;
    if (!err && !nr_node_id_valid(nr_buf_bytes(&text))) err = NR_E_CORRUPT;
    if (!err) {
        memcpy(id->node_id, text.data, text.len);
        id->node_id[text.len] = '\0';
    } else if (err != NR_E_NOT_FOUND) {
        nr_buf_printf(why, "node_id: %s", nr_strerror(err));
    }
    nr_buf_fini(&text);
    return err;
}

static int settle_node_id(struct identity *id, const struct identity_options *o, struct keyfile_set *set,
                          struct nr_buf *why)
{
    char line[NR_SUBJECT_MAX + 2];
    int err = read_node_id(id, why);
    if (err == 0 && *o->node_id && strcmp(o->node_id, id->node_id) != 0) {
        nr_log_warning("noded: node_id is settled on the first start: wanted=%s kept=%s", o->node_id, id->node_id);
    }
    if (err != NR_E_NOT_FOUND) return err;
    if (*o->node_id) {
        snprintf(id->node_id, sizeof id->node_id, "%s", o->node_id);
    } else {
        identity_make_node_id(id->node_id, nr_bytes_str(o->hostname), id->key.pub);
    }
    int len = snprintf(line, sizeof line, "%s\n", id->node_id);
    return keyfile_set_add(set, "node_id", nr_bytes(line, (size_t)len), 0644) ? set_failed(set, why) : 0;
}

/* A node whose key was taken away makes another. */
static int later_start(struct identity *id, const struct identity_options *o, struct nr_buf *why)
{
    struct keyfile_set set = { .dir = id->dir };
    int err = own_key(id, &set, why);
    if (!err) err = settle_node_id(id, o, &set, why);
    if (!err && keyfile_set_write(&set) != 0) err = set_failed(&set, why);
    keyfile_set_drop(&set);
    return err;
}

static int first_start(struct identity *id, const struct nr_token *token, const struct identity_options *o,
                       struct nr_buf *why)
{
    struct keyfile_set set = { .dir = id->dir };
    id->fresh = true;
    int err = own_key(id, &set, why);
    if (!err) err = settle_node_id(id, o, &set, why);
    if (!err) err = token ? join_cluster(id, token, o, &set, why) : found_cluster(id, &set, why);
    if (!err) err = add_ring(id, &set, why);
    if (!err && keyfile_set_write(&set) != 0) err = set_failed(&set, why);
    keyfile_set_drop(&set);
    return err;
}

static int cluster_keys(struct identity *id, const struct identity_options *o, struct nr_buf *why)
{
    struct nr_token token = { 0 };
    bool given, in_cluster = keyfile_exists(id->dir, "cluster.keys");
    int err = read_token(o->token, in_cluster, &token, &given, why);
    if (err) goto out;
    if (in_cluster) {
        err = read_cluster(id, why);
        if (!err && given && memcmp(token.authority, id->authority, NR_KEY_SIZE) != 0) {
            nr_buf_printf(why, "%s: this state directory belongs to another cluster than the token", o->state_dir);
            err = NR_E_EXISTS;
        }
    } else if (keyfile_exists(id->dir, "registry")) {
        nr_buf_printf(why, "%s: there is a registry, but cluster.keys is missing", o->state_dir);
        err = NR_E_CORRUPT;
    } else {
        err = first_start(id, given ? &token : NULL, o, why);
    }
    if (!err && in_cluster) err = later_start(id, o, why);
out:
    nr_wipe(&token, sizeof token);
    return err;
}

int identity_open(struct identity *id, const struct identity_options *options, struct nr_buf *why)
{
    *id = (struct identity){ .dir = -1 };
    int err = open_dir(id, options->state_dir, why);
    if (!err) err = cluster_keys(id, options, why);
    if (err) identity_fini(id);
    return err;
}

void identity_fini(struct identity *id)
{
    if (id->dir > 0) close(id->dir);
    nr_wipe(id, sizeof *id);
    id->dir = -1;
}

static bool publish_in(const char *path, const struct identity *id)
{
    struct nr_buf text, wanted;
    if (make_dirs(path, 0755) != 0) return false;
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return false;
    nr_buf_init(&text, KEYFILE_MAX);
    nr_buf_init(&wanted, KEYFILE_MAX);
    nr_buf_printf(&wanted, "%s\n", id->node_id);
    bool there = keyfile_read(dir, "node_id", &text) == 0 && nr_bytes_eq(nr_buf_bytes(&text), nr_buf_bytes(&wanted));
    if (!there && !wanted.err) there = keyfile_write(dir, "node_id", nr_buf_bytes(&wanted), 0644) == 0;
    nr_buf_fini(&text);
    nr_buf_fini(&wanted);
    close(dir);
    return there;
}

void identity_publish(const struct identity *id)
{
    char path[4096];
    const char *home = getenv("HOME");
    if (publish_in(SYSTEM_NODE_ID_DIR, id)) return;
    if (home && *home == '/' && snprintf(path, sizeof path, "%s/.config/dagi", home) < (int)sizeof path &&
        publish_in(path, id)) {
        return;
    }
    nr_log_warning("noded: node_id could not be written to " SYSTEM_NODE_ID_DIR " nor to ~/.config/dagi");
}

int identity_token(const struct identity *id, const char *const *seeds, size_t count, struct nr_buf *out)
{
    struct nr_token token = { .key_count = id->ring.count };
    memcpy(token.authority, id->authority, NR_KEY_SIZE);
    memcpy(token.keys, id->ring.keys, sizeof token.keys);
    for (size_t i = 0; i < count && token.seed_count < NR_TOKEN_SEEDS_MAX; i++) {
        snprintf(token.seeds[token.seed_count++], sizeof token.seeds[0], "%s", seeds[i]);
    }
    int err = nr_token_encode(&token, nr_hash, out);
    nr_wipe(&token, sizeof token);
    return err;
}
