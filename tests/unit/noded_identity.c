/* The state directory's keys: made once, read ever after, never replaced by accident. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "noded/identity.h"
#include "noded/keyfile.h"

struct fixture {
    char dir[32];
    struct nr_buf why;
    struct identity id;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_int_equal(nr_crypto_init(), 0);
    snprintf(f->dir, sizeof f->dir, "/tmp/nr-id-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    nr_buf_init(&f->why, 0);
    f->id.dir = -1;
    *state = f;
    return 0;
}

static void remove_all(const char *dir)
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (unlinkat(dirfd(d), e->d_name, 0) != 0) (void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
    }
    closedir(d);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    identity_fini(&f->id);
    remove_all(f->dir);
    rmdir(f->dir);
    nr_buf_fini(&f->why);
    free(f);
    return 0;
}

static int open_with(struct fixture *f, const char *token, const char *node_id)
{
    const struct identity_options options = {
        .state_dir = f->dir, .token = token, .node_id = node_id, .hostname = "my.host", .wall_ms = 1000000
    };
    nr_buf_reset(&f->why);
    return identity_open(&f->id, &options, &f->why);
}

static bool says(const struct fixture *f, const char *text)
{
    return f->why.len && memmem(f->why.data, f->why.len, text, strlen(text));
}

/* The first start makes all, the second reads the same. */
static void founds_once(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_with(f, "", ""), 0);
    struct identity first = f->id;
    assert_true(first.fresh && first.founder);
    assert_int_equal(first.ring.count, 1);
    assert_memory_equal(first.node_id, "node-my.host-", 13);
    identity_fini(&f->id);
    assert_int_equal(open_with(f, "", ""), 0);
    assert_false(f->id.fresh);
    assert_true(f->id.founder);
    assert_memory_equal(&f->id.key, &first.key, sizeof first.key);
    assert_memory_equal(&f->id.ring, &first.ring, sizeof first.ring);
    assert_memory_equal(f->id.authority, first.authority, NR_KEY_SIZE);
    assert_string_equal(f->id.node_id, first.node_id);
}

/* Two at once in one directory: the second is told so and changes nothing. */
static void one_at_a_time(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_with(f, "", ""), 0);
    struct fixture other = { 0 };
    memcpy(other.dir, f->dir, sizeof other.dir);
    nr_buf_init(&other.why, 0);
    assert_int_equal(open_with(&other, "", ""), NR_E_BUSY);
    assert_true(says(&other, "another noded uses this state directory"));
    nr_buf_fini(&other.why);
}

/* Writes the token of a new cluster with those seeds to path. */
static void make_token(const char *path, int64_t expires_at_ms)
{
    struct nr_token t = { .key_count = 1, .seed_count = 2, .expires_at_ms = expires_at_ms };
    struct nr_buf text;
    nr_random(t.authority, sizeof t.authority);
    nr_random(t.keys[0], sizeof t.keys[0]);
    snprintf(t.seeds[0], sizeof t.seeds[0], "seed.example.org:9206");
    snprintf(t.seeds[1], sizeof t.seeds[1], "[2001:db8::1]:1");
    nr_buf_init(&text, 0);
    assert_int_equal(nr_token_encode(&t, nr_hash, &text), 0);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fwrite(text.data, 1, text.len, f);
    fclose(f);
    nr_buf_fini(&text);
}

/* A token's cluster is joined, its seeds kept; a second cluster's token is refused, the same one's accepted. */
static void joins(void **state)
{
    struct fixture *f = *state;
    char token[64], other[64];
    snprintf(token, sizeof token, "%s/../nr-token-%d", f->dir, (int)getpid());
    snprintf(other, sizeof other, "%s/../nr-other-%d", f->dir, (int)getpid());
    make_token(token, 0);
    make_token(other, 0);
    assert_int_equal(open_with(f, token, "me"), 0);
    assert_true(f->id.fresh && !f->id.founder);
    identity_fini(&f->id);
    assert_int_equal(open_with(f, "", "you"), 0);
    assert_string_equal(f->id.node_id, "me");
    assert_int_equal(f->id.seed_count, 2);
    assert_string_equal(f->id.seeds[1], "[2001:db8::1]:1");
    identity_fini(&f->id);
    assert_int_equal(open_with(f, token, ""), 0);
    identity_fini(&f->id);
    assert_int_equal(open_with(f, other, ""), NR_E_EXISTS);
    assert_true(says(f, "another cluster than the token"));
    unlink(token);
    unlink(other);
    assert_int_equal(open_with(f, token, ""), 0); /* later starts need it no more */
}

/* A token that has expired founds no membership, but does not lock out who is a member. */
static void expired_token(void **state)
{
    struct fixture *f = *state;
    char token[64];
    snprintf(token, sizeof token, "%s/../nr-token-%d", f->dir, (int)getpid());
    make_token(token, 1000000); /* the moment of open_with */
    assert_int_equal(open_with(f, token, ""), NR_E_EXPIRED);
    assert_true(says(f, "expired"));
    make_token(token, 1000001);
    assert_int_equal(open_with(f, token, ""), 0);
    unlink(token);
}

/* A token made here is read back as this cluster's. */
static void token_of_this_cluster(void **state)
{
    struct fixture *f = *state;
    static const char *const seeds[] = { "a:1", "b:2" };
    struct nr_token t;
    struct nr_buf text;
    nr_buf_init(&text, 0);
    assert_int_equal(open_with(f, "", ""), 0);
    assert_int_equal(identity_token(&f->id, seeds, 2, &text), 0);
    assert_int_equal(nr_token_decode(nr_buf_bytes(&text), nr_hash, &t), 0);
    assert_memory_equal(t.authority, f->id.authority, NR_KEY_SIZE);
    assert_memory_equal(t.keys[0], f->id.ring.keys[0], NR_CLUSTER_KEY_SIZE);
    assert_int_equal(t.seed_count, 2);
    assert_string_equal(t.seeds[1], "b:2");
    nr_buf_fini(&text);
}

/* A key file that is damaged, cut short or too long is an error, and is not replaced. */
static void damaged_files(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_with(f, "", ""), 0);
    identity_fini(&f->id);
    int dir = open(f->dir, O_RDONLY | O_DIRECTORY);
    static const char *const names[] = { "node.key", "cluster.keys", "authority.pub", "node_id" };
    static const char *const contents[] = { "", "zz\n", "00\n", "not a node id\n" };
    for (size_t i = 0; i < 4; i++) {
        struct nr_buf good, after;
        nr_buf_init(&good, 0);
        nr_buf_init(&after, 0);
        assert_int_equal(keyfile_read(dir, names[i], &good), 0);
        for (size_t k = 0; k < 4; k++) {
            if (i == 3 && k != 3 && k != 0) continue; /* "zz" is a node id */
            assert_int_equal(keyfile_write(dir, names[i], nr_bytes_str(contents[k]), 0600), 0);
            assert_int_equal(open_with(f, "", ""), NR_E_CORRUPT);
            assert_true(says(f, names[i]));
            nr_buf_reset(&after);
            assert_int_equal(keyfile_read(dir, names[i], &after), 0);
            assert_true(nr_bytes_eq(nr_buf_bytes(&after), nr_bytes_str(contents[k])));
        }
        assert_int_equal(keyfile_write(dir, names[i], nr_buf_bytes(&good), 0600), 0);
        nr_buf_fini(&good);
        nr_buf_fini(&after);
    }
    assert_int_equal(open_with(f, "", ""), 0);
    close(dir);
}

/* A set is there with its modes once it is written; one that cannot be written, or is dropped, changes no file and
 * leaves none behind. */
static void key_sets(void **state)
{
    struct fixture *f = *state;
    struct nr_bytes one = nr_bytes_str("one\n"), two = nr_bytes_str("two\n");
    struct nr_buf read;
    int dir = open(f->dir, O_RDONLY | O_DIRECTORY);
    struct keyfile_set set = { .dir = dir };
    nr_buf_init(&read, 0);
    assert_int_equal(keyfile_set_add(&set, "a", one, 0600), 0);
    assert_int_equal(keyfile_set_add(&set, "b", two, 0644), 0);
    assert_false(keyfile_exists(dir, "a"));
    assert_int_equal(keyfile_set_write(&set), 0);
    assert_int_equal(keyfile_read(dir, "b", &read), 0);
    assert_true(nr_bytes_eq(nr_buf_bytes(&read), two));

    assert_int_equal(keyfile_set_add(&set, "a", two, 0600), 0);
    keyfile_set_drop(&set);
    assert_int_equal(keyfile_set_add(&set, "a", two, 0600), 0);
    assert_int_equal(mkdirat(dir, ".c.new", 0700), 0); /* in the way */
    assert_int_equal(keyfile_set_add(&set, "c", one, 0600), NR_E_SYSTEM);
    assert_string_equal(set.failed, "c");
    assert_int_equal(unlinkat(dir, ".c.new", AT_REMOVEDIR), 0);
    assert_false(keyfile_exists(dir, ".a.new"));
    nr_buf_reset(&read);
    assert_int_equal(keyfile_read(dir, "a", &read), 0);
    assert_true(nr_bytes_eq(nr_buf_bytes(&read), one));
    nr_buf_fini(&read);
    close(dir);
}

/* Keys survive the way to disk and back; a file is of its mode from the start and leaves nothing else behind. */
static void key_files(void **state)
{
    struct fixture *f = *state;
    uint8_t keys[64], back[64];
    size_t count;
    struct stat st;
    int dir = open(f->dir, O_RDONLY | O_DIRECTORY), entries = 0;
    nr_random(keys, sizeof keys);
    for (int i = 0; i < 2; i++) {
        struct keyfile_set set = { .dir = dir };
        assert_int_equal(keyfile_set_add_keys(&set, "k", keys, 32, 2), 0);
        assert_int_equal(keyfile_set_write(&set), 0);
    }
    assert_int_equal(fstatat(dir, "k", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(keyfile_read_keys(dir, "k", back, 32, 2, &count), 0);
    assert_int_equal(count, 2);
    assert_memory_equal(keys, back, sizeof keys);
    assert_int_equal(keyfile_read_keys(dir, "k", back, 32, 1, &count), NR_E_CORRUPT);
    assert_int_equal(keyfile_read_keys(dir, "none", back, 32, 1, &count), NR_E_NOT_FOUND);
    DIR *d = fdopendir(dir);
    while (readdir(d)) entries++;
    assert_int_equal(entries, 3); /* with . and .. */
    closedir(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(founds_once, setup, teardown),
        cmocka_unit_test_setup_teardown(one_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(joins, setup, teardown),
        cmocka_unit_test_setup_teardown(expired_token, setup, teardown),
        cmocka_unit_test_setup_teardown(token_of_this_cluster, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_files, setup, teardown),
        cmocka_unit_test_setup_teardown(key_files, setup, teardown),
        cmocka_unit_test_setup_teardown(key_sets, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
