/* The store in LMDB when a process that reads or writes it is killed. */
#include <nr/registry.h>
#include <stdio.h>

#include "nr_test.h"
#include "store_dir.h"

static size_t used_after_churn(struct dir_store *p)
{
    for (int i = 0; i < 400; i++) {
        struct made *m = make_large(i % 4);
        assert_int_equal(nr_store_put(p->store, m->key_hash, &m->rec), 0);
        assert_int_equal(nr_store_commit(p->store), 0);
        free(m);
    }
    return (size_t)info_of(p->store).registry_bytes;
}

/* A reader that is killed within a snapshot leaves the store sound; once its slot is freed the file stops growing. */
static void killed_reader(void **state)
{
    struct dir_store *p = *state;
    int ready[2], status;
    char byte;
    open_dir(p);
    size_t usual = used_after_churn(p);
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        const struct nr_registry_options options = { .state_dir = p->dir };
        nr_registry *r;
        nr_snapshot *s;
        if (nr_registry_open(&r, &options) || nr_snapshot_new(r, &s) || nr_snapshot_begin(s)) _exit(1);
        if (write(ready[1], "x", 1) != 1) _exit(1);
        for (;;) pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    size_t pinned = used_after_churn(p);
    assert_true(pinned > usual + (1 << 20)); /* it holds on to what it sees */
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(nr_store_clear_stale_readers(p->store), 2);
    assert_int_equal(nr_store_clear_stale_readers(p->store), 0);
    size_t after = used_after_churn(p);
    assert_true(after <= pinned + (1 << 18));
    for (int i = 0; i < 4; i++) {
        struct made *m = make_large(i);
        assert_true(holds(p->store, m));
        free(m);
    }
}

/* A writer killed at any moment loses nothing that it was told is committed. */
static void killed_writer(void **state)
{
    struct dir_store *p = *state;
    int told = -1;
    for (int round = 0; round < 5; round++) {
        int fds[2], number;
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        if (pid == 0) {
            if (nr_store_open_lmdb(&p->store, &p->options)) _exit(1);
            for (int i = told + 1;; i++) {
                char name[16];
                snprintf(name, sizeof name, "n%d", i);
                say(p->store, make_node(1, name, T0, &(struct node_say){ 0 }), T0);
                if (nr_store_commit(p->store) || write(fds[1], &i, sizeof i) != sizeof i) _exit(1);
            }
        }
        close(fds[1]);
        for (int i = 0; i < 20 + round * 7; i++) {
            assert_int_equal(read(fds[0], &number, sizeof number), sizeof number);
            told = number;
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        while (read(fds[0], &number, sizeof number) == sizeof number) told = number;
        close(fds[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        open_dir(p);
        assert_in_range(info_of(p->store).nodes, told + 1, told + 2);
        assert_int_equal(info_of(p->store).nodes, info_of(p->store).records);
        told = (int)info_of(p->store).nodes - 1;
        close_dir(p);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, dir_setup, dir_teardown)
    const struct CMUnitTest tests[] = {
        T(killed_reader),
        T(killed_writer),
    };
    if (nr_crypto_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
