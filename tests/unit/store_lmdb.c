/* What holds of the store in LMDB alone: its files, its limits, its files when they are damaged. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <nr/registry.h>

#include "nr_test.h"
#include "proto/mp.h"
#include "store_dir.h"

/* A second opener of the same directory is told that it is busy, and the first goes on. */
static void one_writer(void **state)
{
    struct dir_store *p = *state;
    struct nr_store *second;
    open_dir(p);
    assert_int_equal(nr_store_open_lmdb(&second, &p->options), NR_E_BUSY);
    say(p->store, make_node(1, "n", T0, &(struct node_say){ 0 }), T0);
    assert_int_equal(nr_store_commit(p->store), 0);
    close_dir(p);
    open_dir(p);
    assert_int_equal(info_of(p->store).nodes, 1);
}

static mode_t mode_of(const char *dir, const char *name)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s%s", dir, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

/* The group may read, and write its slots as readers; nobody else may anything. */
static void modes(void **state)
{
    struct dir_store *p = *state;
    mode_t old = umask(0);
    open_dir(p);
    umask(old);
    assert_int_equal(mode_of(p->dir, "/registry"), 0750);
    assert_int_equal(mode_of(p->dir, "/pulse"), 0750);
    assert_int_equal(mode_of(p->dir, "/registry/data.mdb"), 0640);
    assert_int_equal(mode_of(p->dir, "/registry/lock.mdb"), 0660);
    assert_int_equal(mode_of(p->dir, "/pulse/data.mdb"), 0640);
    assert_int_equal(mode_of(p->dir, "/pulse/lock.mdb"), 0660);
}

static void overwrite(const char *dir, const char *name, off_t at, const void *data, size_t len)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s/data.mdb", dir, name);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, len, at), len);
    close(fd);
}

static void damage(const char *dir, const char *name)
{
    char garbage[64];
    memset(garbage, 0xa5, sizeof garbage);
    overwrite(dir, name, 0, garbage, sizeof garbage);
    overwrite(dir, name, 4096, garbage, sizeof garbage);
}

/* A damaged registry is an error, at once and for good. */
static void damaged_registry(void **state)
{
    struct dir_store *p = *state;
    char path[128];
    struct stat st;
    open_dir(p);
    say(p->store, make_node(1, "n", T0, &(struct node_say){ 0 }), T0);
    assert_int_equal(nr_store_commit(p->store), 0);
    close_dir(p);
    snprintf(path, sizeof path, "%s/registry/data.mdb", p->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, 3 * 4096), 0);
    assert_int_equal(nr_store_open_lmdb(&p->store, &p->options), NR_E_CORRUPT);
    assert_int_equal(truncate(path, st.st_size), 0);
    damage(p->dir, "registry");
    assert_int_equal(nr_store_open_lmdb(&p->store, &p->options), NR_E_CORRUPT);
}

/* A damaged pulse half, or one that is cut short or gone, is thrown away; the registry is as it was. */
static void damaged_pulse(void **state)
{
    struct dir_store *p = *state;
    struct made *beat = make_beat(1, "n", T0, 0);
    char path[128], dir[128];
    snprintf(path, sizeof path, "%s/pulse/data.mdb", p->dir);
    snprintf(dir, sizeof dir, "%s/pulse", p->dir);
    for (int how = 0; how < 3; how++) {
        open_dir(p);
        say(p->store, make_node(1, "n", T0, &(struct node_say){ 0 }), T0);
        assert_int_equal(nr_store_put(p->store, beat->key_hash, &beat->rec), 0);
        assert_int_equal(nr_store_commit(p->store), 0);
        assert_int_equal(nr_store_commit_pulse(p->store), 0);
        close_dir(p);
        if (how == 0) damage(p->dir, "pulse");
        if (how == 1) assert_int_equal(truncate(path, 3 * 4096), 0);
        if (how == 2) remove_tree(dir);
        open_dir(p);
        assert_false(holds(p->store, beat));
        assert_int_equal(info_of(p->store).nodes, 1);
        assert_int_equal(nr_store_put(p->store, beat->key_hash, &beat->rec), 0);
        assert_int_equal(nr_store_commit_pulse(p->store), 0);
        close_dir(p);
        open_dir(p);
        assert_true(holds(p->store, beat));
        close_dir(p);
    }
    free(beat);
}

/* The first commit says what was new at the opening: the schema, the number of the pulse half, the boot. */
static void open_and_commit(struct dir_store *p)
{
    open_dir(p);
    assert_int_equal(nr_store_commit(p->store), 0);
}

/* Puts a value into the registry's own names, behind the store's back. */
static void put_own_meta(const char *dir, const char *name, struct nr_bytes wanted, struct nr_bytes instead);

/* A store that a newer version wrote is refused and left as it is. */
static void newer_schema(void **state)
{
    struct dir_store *p = *state;
    open_and_commit(p);
    close_dir(p);
    put_own_meta(p->dir, ".schema", nr_bytes("\0\0\0\0\0\0\0\1", 8), nr_bytes("\0\0\0\0\0\0\0\2", 8));
    assert_int_equal(nr_store_open_lmdb(&p->store, &p->options), NR_E_VERSION);
    const struct nr_registry_options options = { .state_dir = p->dir };
    nr_registry *r;
    assert_int_equal(nr_registry_open(&r, &options), NR_ERR_VERSION);
    put_own_meta(p->dir, ".schema", nr_bytes("\0\0\0\0\0\0\0\2", 8), nr_bytes("\0\0\0\0\0\0\0\1", 8));
    open_dir(p);
}

/* When the machine has booted since, the pulse half is thrown away. */
static void other_boot(void **state)
{
    struct dir_store *p = *state;
    struct made *beat = make_beat(1, "n", T0, 0);
    char boot[37];
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
    assert_non_null(f);
    assert_int_equal(fread(boot, 1, 36, f), 36);
    fclose(f);
    open_and_commit(p);
    assert_int_equal(nr_store_put(p->store, beat->key_hash, &beat->rec), 0);
    assert_int_equal(nr_store_commit_pulse(p->store), 0);
    close_dir(p);
    open_and_commit(p);
    assert_true(holds(p->store, beat));
    close_dir(p);
    put_own_meta(p->dir, ".pulse_boot", nr_bytes(boot, 36), nr_bytes_str("00000000-0000-0000-0000-000000000000"));
    open_and_commit(p);
    assert_false(holds(p->store, beat));
    close_dir(p);
    open_and_commit(p);
    assert_int_equal(nr_store_put(p->store, beat->key_hash, &beat->rec), 0);
    assert_int_equal(nr_store_commit_pulse(p->store), 0);
    close_dir(p);
    open_and_commit(p);
    assert_true(holds(p->store, beat));
    free(beat);
}

/* A pulse half that is not the one that the registry half knows (noded ended between making it and saying so) takes a
 * number above both, so that readers notice. */
static void unknown_pulse(void **state)
{
    struct dir_store *p = *state;
    open_and_commit(p);
    close_dir(p);
    put_own_meta(p->dir, ".pulse_epoch", nr_bytes("\0\0\0\0\0\0\0\1", 8), nr_bytes("\0\0\0\0\0\0\0\5", 8));
    open_and_commit(p);
    close_dir(p);
    const struct nr_bytes six = nr_bytes("\0\0\0\0\0\0\0\6", 8);
    put_own_meta(p->dir, ".pulse_epoch", six, six); /* asserts that it is there */
    open_and_commit(p);
    close_dir(p);
    put_own_meta(p->dir, ".pulse_epoch", six, six);
}

/* The file holds the name directly before its value: both pages' worth is searched for the two together. */
static void put_own_meta(const char *dir, const char *name, struct nr_bytes wanted, struct nr_bytes instead)
{
    char path[128], pattern[128];
    struct stat st;
    size_t name_len = strlen(name), found = 0;
    snprintf(path, sizeof path, "%s/registry/data.mdb", dir);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    char *all = malloc((size_t)st.st_size);
    assert_int_equal(pread(fd, all, (size_t)st.st_size, 0), st.st_size);
    memcpy(pattern, name, name_len);
    memcpy(pattern + name_len, wanted.data, wanted.len);
    for (char *at = all; (at = memmem(at, (size_t)(all + st.st_size - at), pattern, name_len + wanted.len)); at++) {
        assert_int_equal(pwrite(fd, instead.data, instead.len, at - all + (off_t)name_len), instead.len);
        found++;
    }
    assert_true(found > 0);
    free(all);
    close(fd);
}

/* A batch that outgrows the map is done again in a larger one: nothing is lost and nothing is there twice. */
static void map_grows_within_a_batch(void **state)
{
    struct dir_store *p = *state;
    open_dir(p);
    uint64_t before = info_of(p->store).registry_map_bytes;
    for (int i = 0; i < 700; i++) say(p->store, make_large(i), T0);
    assert_true(info_of(p->store).registry_map_bytes > before);
    assert_int_equal(info_of(p->store).health, 0);
    assert_int_equal(nr_store_commit(p->store), 0);
    close_dir(p);
    open_dir(p);
    assert_int_equal(info_of(p->store).profiles, 700);
    assert_int_equal(info_of(p->store).log_seq, 700);
    for (int i = 0; i < 700; i++) {
        struct made *m = make_large(i);
        assert_true(holds(p->store, m));
        free(m);
    }
}

/* A full map is a state: puts are refused and change nothing, reads and deletions go on, and what they free can be
 * used. */
static void full_map(void **state)
{
    struct dir_store *p = *state;
    int n = 0, err = 0;
    struct made *m[200];
    p->options.registry_map_max = 1 << 20;
    open_dir(p);
    for (; n < 200; n++) {
        m[n] = make_large(n);
        err = nr_store_put(p->store, m[n]->key_hash, &m[n]->rec);
        if (!err && n % 5 == 4) err = nr_store_commit(p->store);
        if (err) break;
    }
    assert_in_range(n, 10, 70);
    assert_int_equal(err, NR_E_FULL);
    assert_int_equal(info_of(p->store).health, NR_E_FULL);
    assert_false(holds(p->store, m[n]));
    assert_int_equal(info_of(p->store).records, n);
    assert_int_equal(nr_store_commit(p->store), 0);
    for (int i = 0; i < n; i++) assert_true(holds(p->store, m[i]));
    for (int i = 0; i < n; i++) {
        assert_int_equal(nr_store_del(p->store, m[i]->key_hash, &m[i]->rec), 0);
        assert_int_equal(nr_store_commit(p->store), 0);
    }
    assert_int_equal(info_of(p->store).records, 0);
    assert_int_equal(nr_store_put(p->store, m[n]->key_hash, &m[n]->rec), 0);
    assert_int_equal(nr_store_commit(p->store), 0);
    assert_int_equal(info_of(p->store).health, 0);
    assert_true(holds(p->store, m[n]));
    for (int i = 0; i <= n; i++) free(m[i]);
}

static struct made *make_large_beat(int number)
{
    static uint8_t body[NR_RECORD_MAX], metrics[NR_METRICS_MAX], text[NR_METRICS_MAX];
    struct nr_writer w, mw;
    char name[16];
    nr_writer_init(&mw, metrics, sizeof metrics);
    nr_mp_write_map(&mw, 1);
    nr_mp_write_cstr(&mw, "t");
    memset(text, 'a', sizeof text);
    nr_mp_write_str(&mw, nr_bytes(text, 4000));
    const struct nr_heartbeat_body b = { .metrics = nr_writer_bytes(&mw) };
    nr_writer_init(&w, body, sizeof body);
    nr_heartbeat_body_encode(&w, &b);
    snprintf(name, sizeof name, "n%d", number);
    return make_record(NR_KIND_HEARTBEAT, 1, name, T0, HOUR_S, nr_writer_bytes(&w));
}

/* A pulse half that is full refuses heartbeats, and stops no registration. */
static void full_pulse(void **state)
{
    struct dir_store *p = *state;
    int err = 0, n = 0;
    p->options.pulse_map_max = 1 << 20;
    open_dir(p);
    for (; !err && n < 400; n++) {
        struct made *m = make_large_beat(n);
        err = nr_store_put(p->store, m->key_hash, &m->rec);
        free(m);
    }
    assert_in_range(n, 20, 250);
    assert_int_equal(err, NR_E_FULL);
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        say(p->store, make_node(1, name, T0, &(struct node_say){ 0 }), T0);
        assert_int_equal(nr_store_commit(p->store), 0);
        assert_int_equal(nr_store_commit_pulse(p->store), 0);
    }
    close_dir(p);
    open_dir(p);
    assert_int_equal(info_of(p->store).nodes, 20);
    assert_int_equal(info_of(p->store).records, 20 + n - 1);
}

/* A disk that takes nothing more: the commit fails, what is staged is kept and readable, puts are refused, and once the
 * disk has room again the next commit makes all of it durable. Returns the number of records. */
static int fill_and_recover(struct dir_store *p, void (*close_disk)(struct dir_store *p),
                            void (*open_disk)(struct dir_store *p))
{
    struct made *m[40];
    int n = 0;
    for (; n < 20; n++) {
        m[n] = make_large(n);
        assert_int_equal(nr_store_put(p->store, m[n]->key_hash, &m[n]->rec), 0);
    }
    assert_int_equal(nr_store_commit(p->store), 0);
    for (; n < 40; n++) {
        m[n] = make_large(n);
        assert_int_equal(nr_store_put(p->store, m[n]->key_hash, &m[n]->rec), 0);
    }
    close_disk(p);
    int err = nr_store_commit(p->store);
    assert_true(err == NR_E_FULL || err == NR_E_IO);
    for (int i = 0; i < 40; i++) assert_true(holds(p->store, m[i]));
    assert_int_equal(nr_store_commit(p->store), err);
    assert_int_equal(info_of(p->store).health, err);
    assert_true(nr_store_dirty(p->store));
    struct made *more = make_large(99);
    assert_int_equal(nr_store_put(p->store, more->key_hash, &more->rec), err);
    assert_int_equal(nr_store_meta_put(p->store, "x", nr_bytes_str("y")), err);
    assert_false(holds(p->store, more));
    for (int i = 0; i < 40; i++) assert_true(holds(p->store, m[i]));
    open_disk(p);
    assert_int_equal(nr_store_commit(p->store), 0);
    assert_int_equal(info_of(p->store).health, 0);
    assert_int_equal(nr_store_put(p->store, more->key_hash, &more->rec), 0);
    assert_int_equal(nr_store_commit(p->store), 0);
    close_dir(p);
    open_dir(p);
    for (int i = 0; i < 40; i++) assert_true(holds(p->store, m[i]));
    assert_true(holds(p->store, more));
    for (int i = 0; i < 40; i++) free(m[i]);
    free(more);
    return n;
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void forbid_growth(struct dir_store *p)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/registry/data.mdb", p->dir);
    assert_int_equal(stat(path, &st), 0);
    limit_files((rlim_t)st.st_size);
}

static void allow_growth(struct dir_store *p)
{
    (void)p;
    limit_files(RLIM_INFINITY);
}

static void file_may_not_grow(void **state)
{
    struct dir_store *p = *state;
    signal(SIGXFSZ, SIG_IGN);
    open_dir(p);
    assert_int_equal(fill_and_recover(p, forbid_growth, allow_growth), 40);
}

static void fill_disk(struct dir_store *p)
{
    char path[128], block[4096] = { 0 };
    snprintf(path, sizeof path, "%s/filler", p->dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    while (write(fd, block, sizeof block) > 0) continue;
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void empty_disk(struct dir_store *p)
{
    char path[128];
    snprintf(path, sizeof path, "%s/filler", p->dir);
    assert_int_equal(unlink(path), 0);
}

/* The same on a small file system that is really full, where this may be mounted. */
static void full_disk(void **state)
{
    struct dir_store *p = *state;
    if (geteuid() != 0 || mount("none", p->dir, "tmpfs", 0, "size=6m")) skip();
    open_dir(p);
    fill_and_recover(p, fill_disk, empty_disk);
    close_dir(p);
    assert_int_equal(umount(p->dir), 0);
}

/* However much is written at once, no more than a bounded part of it waits for a commit, and so in memory; what was
 * committed on the way is there after a crash. */
static void staging_is_bounded(void **state)
{
    struct fixture f;
    struct nr_store_info info;
    char name[16];
    (void)state;
    assert_int_equal(fixture_open(&f, true), 0);
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "n%d", i);
        say(f.store, make_node(1, name, T0 + i, &(struct node_say){ .hostname = "h", .role = "r" }), T0);
    }
    nr_store_info(f.store, &info);
    assert_true(info.commits >= 5);
    fixture_reopen(&f);
    nr_store_info(f.store, &info);
    assert_in_range(info.nodes, 1500, 1999);
    fixture_close(&f);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, dir_setup, dir_teardown)
    const struct CMUnitTest tests[] = {
        T(one_writer),
        T(modes),
        T(damaged_registry),
        T(damaged_pulse),
        T(newer_schema),
        T(other_boot),
        T(unknown_pulse),
        T(full_pulse),
        T(map_grows_within_a_batch),
        T(full_map),
        T(file_may_not_grow),
        T(full_disk),
        T(staging_is_bounded),
    };
    if (nr_crypto_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
