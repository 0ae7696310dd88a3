/* What reading costs: makes a store of N nodes in a directory of its own, opens it by libnr, and prints how long one
 * read takes.
 *
 *     registry_bench [NODES [SECONDS]]      (1,000 nodes and 1 second for each line)
 *
 * Method. One thread, the store in the page cache, each line repeated until its seconds are over; the number is wall
 * time divided by the reads done. `get` asks for nodes in an order that is not theirs; `list` walks all and reads each
 * node's id and status; `role` walks a tenth of them through the index; `count` counts by status; `begin` renews the
 * snapshot. */
#include <nr/registry.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "proto/body.h"
#include "proto/mp.h"
#include "store/store.h"

static int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void name_of(int i, char name[static 32])
{
    snprintf(name, 32, "node-host%05d-%08x", i, (unsigned)i * 2654435761u);
}

static struct nr_bytes node_body(int i, uint8_t *out, size_t size)
{
    uint8_t metadata[128];
    char host[32], role[16];
    struct nr_writer w, mw;
    nr_writer_init(&mw, metadata, sizeof metadata);
    nr_mp_write_map(&mw, 2);
    nr_mp_write_cstr(&mw, "node_name");
    nr_mp_write_cstr(&mw, "a node of the bench");
    nr_mp_write_cstr(&mw, "node_type");
    nr_mp_write_cstr(&mw, "server");
    snprintf(host, sizeof host, "host%05d", i);
    snprintf(role, sizeof role, "role-%d", i % 10);
    const struct nr_node_body b = { .hostname = nr_bytes_str(host),
                                    .ip = nr_bytes_str("192.0.2.1"),
                                    .role = nr_bytes_str(role),
                                    .labels = { nr_bytes_str("x86"), nr_bytes_str("gpu") },
                                    .label_count = 2,
                                    .metadata = nr_writer_bytes(&mw),
                                    .created_at_ms = nr_wall_clock_ms(),
                                    .updated_at_ms = nr_wall_clock_ms() };
    nr_writer_init(&w, out, size);
    nr_node_body_encode(&w, &b);
    return nr_writer_bytes(&w);
}

static int put(struct nr_store *s, const struct nr_keypair *kp, uint8_t kind, const char *name, struct nr_bytes body)
{
    uint8_t bytes[2048], sig[NR_SIG_SIZE];
    struct nr_record rec;
    struct nr_writer w;
    const struct nr_record_draft draft = { .kind = kind,
                                           .signer = kp->pub,
                                           .subject = nr_bytes_str(name),
                                           .stamp = nr_stamp_make(nr_wall_clock_ms(), 0),
                                           .lease_s = 86400,
                                           .body = body };
    nr_writer_init(&w, bytes, sizeof bytes);
    nr_record_encode_unsigned(&w, &draft);
    nr_sign(kp, NR_RECORD_DOMAIN, nr_writer_bytes(&w), sig);
    nr_record_encode_signature(&w, sig);
    int err = nr_record_decode(nr_writer_bytes(&w), &rec);
    if (!err) err = nr_store_put(s, nr_record_key_hash(kind, kp->pub, rec.subject), &rec);
    return err ? err : nr_store_refresh(s, kind, rec.subject, &rec, nr_wall_clock_ms());
}

static int fill(const char *dir, int nodes)
{
    uint8_t body[1024];
    struct nr_keypair kp;
    struct nr_store *s;
    struct nr_writer w;
    char name[32];
    nr_keypair_new(&kp);
    int err = nr_store_open_lmdb(&s, &(struct nr_store_options){ .dir = dir });
    if (err) return err;
    for (int i = 0; i < nodes && !err; i++) {
        const struct nr_heartbeat_body beat = { .interval_ms = 10000 };
        name_of(i, name);
        err = put(s, &kp, NR_KIND_NODE, name, node_body(i, body, sizeof body));
        nr_writer_init(&w, body, sizeof body);
        nr_heartbeat_body_encode(&w, &beat);
        if (!err) err = put(s, &kp, NR_KIND_HEARTBEAT, name, nr_writer_bytes(&w));
    }
    if (!err) err = nr_store_commit(s);
    if (!err) err = nr_store_commit_pulse(s);
    nr_store_close(s);
    return err;
}

struct bench {
    nr_snapshot *snapshot;
    int nodes;
    int64_t now;
    uint64_t sum; /* of what was read, so that reading is not left out */
};

/* Each returns how many reads it did. */
static uint64_t get(struct bench *b)
{
    struct nr_node n;
    char name[32];
    for (int i = 0; i < 1000; i++) {
        name_of((int)((unsigned)i * 7919u % (unsigned)b->nodes), name);
        if (nr_node_get(b->snapshot, name, strlen(name), b->now, &n) == 0) b->sum += n.json_head.len;
    }
    return 1000;
}

static uint64_t walk(struct bench *b, const struct nr_node_filter *f)
{
    struct nr_node_cursor c;
    struct nr_node n;
    uint64_t seen = 0;
    for (int e = nr_node_first(b->snapshot, f, b->now, &c, &n); !e; e = nr_node_next(&c, &n), seen++) {
        b->sum += (uint64_t)n.status + n.node_id.len;
    }
    return seen;
}

static uint64_t list(struct bench *b)
{
    return walk(b, NULL);
}

static uint64_t role(struct bench *b)
{
    return walk(b, &(struct nr_node_filter){ .role = "role-3" });
}

static uint64_t count(struct bench *b)
{
    struct nr_node_counts c;
    if (nr_node_count(b->snapshot, b->now, &c)) return 1;
    b->sum += c.total;
    return c.total;
}

static uint64_t begin(struct bench *b)
{
    for (int i = 0; i < 1000; i++) b->sum += (uint64_t)nr_snapshot_begin(b->snapshot);
    return 1000;
}

static void measure(const char *name, const char *unit, uint64_t (*fn)(struct bench *), struct bench *b, int64_t ns)
{
    uint64_t reads = 0;
    fn(b);
    int64_t start = now_ns(), spent;
    do {
        reads += fn(b);
        spent = now_ns() - start;
    } while (spent < ns);
    printf("%-8s %8.1f ns a %s\n", name, (double)spent / (double)reads, unit);
}

static int read_all(const char *dir, int nodes, int64_t ns)
{
    const struct nr_registry_options options = { .state_dir = dir };
    struct bench b = { .nodes = nodes, .now = nr_wall_clock_ms() };
    nr_registry *registry = NULL;
    int err = nr_registry_open(&registry, &options);
    if (!err) err = nr_snapshot_new(registry, &b.snapshot);
    if (!err) err = nr_snapshot_begin(b.snapshot);
    if (!err) {
        printf("%d nodes\n", nodes);
        measure("get", "node", get, &b, ns);
        measure("list", "node", list, &b, ns);
        measure("role", "node", role, &b, ns);
        measure("count", "node", count, &b, ns);
        measure("begin", "snapshot", begin, &b, ns);
        if (b.sum == 0) err = NR_ERR_CORRUPT;
    }
    nr_snapshot_free(b.snapshot);
    nr_registry_close(registry);
    return err;
}

static void remove_store(const char *dir)
{
    static const char *const files[] = { "registry/data.mdb", "registry/lock.mdb",
                                         "registry",          "pulse/data.mdb",
                                         "pulse/lock.mdb",    "pulse",
                                         "noded.lock",        "" };
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        remove(path);
    }
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/registry-bench-XXXXXX";
    int nodes = argc > 1 ? atoi(argv[1]) : 1000, status = 0;
    int64_t ns = (int64_t)((argc > 2 ? atof(argv[2]) : 1) * 1e9);
    if (nodes < 1 || nodes > 1000000 || ns < 1) {
        fprintf(stderr, "usage: registry_bench [NODES [SECONDS]]\n");
        return 2;
    }
    if (nr_crypto_init() || !mkdtemp(dir)) return 1;
    pid_t pid = fork(); /* a directory is open at most once in a process */
    if (pid == 0) _exit(fill(dir, nodes) ? 1 : 0);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) status = 1;
    int err = status ? NR_ERR_SYSTEM : read_all(dir, nodes, ns);
    if (err) fprintf(stderr, "registry_bench: %s\n", nr_error_text(err));
    remove_store(dir);
    return err ? 1 : 0;
}
