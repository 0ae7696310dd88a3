#include "registry_fixture.h"

#include <fcntl.h>
#include <stdio.h>

#include "nr_test.h"

void in_writer(const char *dir, write_fn *fn)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct nr_store *s;
        const struct nr_store_options options = { .dir = dir, .history_per_node = 5, .log_max = 100 };
        if (nr_store_open_lmdb(&s, &options)) _exit(9);
        fn(s);
        if (nr_store_commit(s) || nr_store_commit_pulse(s)) _exit(8);
        nr_store_close(s);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

void open_place(struct place *p)
{
    const struct nr_registry_options options = { .state_dir = p->dir };
    assert_int_equal(nr_registry_open(&p->registry, &options), 0);
    assert_int_equal(nr_snapshot_new(p->registry, &p->snapshot), 0);
    assert_int_equal(nr_snapshot_begin(p->snapshot), 0);
}

void close_place(struct place *p)
{
    nr_snapshot_free(p->snapshot);
    nr_registry_close(p->registry);
    p->snapshot = NULL;
    p->registry = NULL;
}

int place_setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    make_temp_dir(p->dir);
    *state = p;
    return 0;
}

int place_teardown(void **state)
{
    struct place *p = *state;
    close_place(p);
    remove_tree(p->dir);
    free(p);
    return 0;
}

bool text_is(struct nr_text t, const char *want)
{
    return t.len == strlen(want) && memcmp(t.data, want, t.len) == 0;
}

void nothing(struct nr_store *s)
{
    (void)s;
}

void some_nodes(struct nr_store *s)
{
    say(s,
        make_node(1, "b-gpu", T0,
                  &(struct node_say){ .hostname = "hb",
                                      .ip = "192.0.2.7",
                                      .role = "gpu",
                                      .labels = { "x", "y" },
                                      .metadata_json_node_type = "server",
                                      .self = true,
                                      .updated_ms = T0 + 1500 }),
        T0);
    say(s, make_node(1, "a-worker", T0, &(struct node_say){ .labels = { "y" } }), T0);
    say(s, make_node(1, "c-gpu", T0, &(struct node_say){ .role = "gpu", .labels = { "yy" } }), T0);
    say(s, make_node(1, "c", T0, &(struct node_say){ .role = "gp", .state = NR_STATE_MAINTENANCE }), T0);
    say(s, make_node(1, "short", T0, &(struct node_say){ .lease_s = 60 }), T0);
    say(s, make_beat(1, "b-gpu", T0 + 2000, 10000), T0);
    say(s, make_beat(2, "b-gpu", T0 + 1000, 5000), T0);
    say(s, make_beat(1, "c-gpu", T0 + 3000, 0), T0);
    say(s, make_beat(1, "nobody", T0 + 3000, 0), T0);
}

void one_beat(struct nr_store *s)
{
    say(s, make_beat(1, "b-gpu", T0 + 7777, 1000), T0);
}

void damage(const char *dir, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s/data.mdb", dir, name);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    char garbage[64];
    memset(garbage, 0xa5, sizeof garbage);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, 0), sizeof garbage);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, 4096), sizeof garbage);
    close(fd);
}

void many_nodes(struct nr_store *s)
{
    char id[16];
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "n%03d", i);
        say(s, make_node(i % 7, id, T0, &(struct node_say){ .role = i % 2 ? "odd" : "even" }), T0);
        if (i % 3) say(s, make_beat(1, id, T0 + i, 10000), T0);
    }
}
