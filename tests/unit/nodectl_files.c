#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/nodectl/files.h"

static int make_dir(void **state)
{
    static char path[] = "/tmp/nodectl-files.XXXXXX";
    strcpy(path + sizeof path - 7, "XXXXXX");
    *state = mkdtemp(path);
    return *state ? 0 : -1;
}

static int drop_dir(void **state)
{
    return ctl_remove_tree(*state);
}

static int open_dir(const char *path)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    return dir;
}

/* The lock is one process's, or one open directory's, at a time, and free again when that is closed. */
static void lock_is_exclusive(void **state)
{
    int a = open_dir(*state), b = open_dir(*state);
    assert_int_equal(ctl_lock_dir(a), 0);
    assert_int_equal(ctl_lock_dir(b), 1);
    close(a);
    assert_int_equal(ctl_lock_dir(b), 0);
    close(b);
}

/* A file has the mode that was asked for, whatever the umask, and is never written over. */
static void files_are_new_and_private(void **state)
{
    int dir = open_dir(*state);
    struct stat st;
    mode_t before = umask(0);
    assert_int_equal(ctl_write_file(dir, "key", nr_bytes_str("secret"), 0600, geteuid(), getegid()), 0);
    umask(077);
    assert_int_equal(ctl_write_file(dir, "word", nr_bytes_str("open"), 0644, geteuid(), getegid()), 0);
    umask(before);
    assert_int_equal(fstatat(dir, "word", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(fstatat(dir, "key", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 6);
    assert_int_not_equal(ctl_write_file(dir, "key", nr_bytes_str("x"), 0600, geteuid(), getegid()), 0);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(symlinkat("/nowhere/at/all", dir, "link"), 0);
    assert_int_not_equal(ctl_write_file(dir, "link", nr_bytes_str("x"), 0600, geteuid(), getegid()), 0);
    close(dir);
}

/* A directory counts as empty with lost+found in it, and not with anything else. */
static void emptiness_is_seen(void **state)
{
    int dir = open_dir(*state);
    assert_int_equal(ctl_dir_filled(dir), 0);
    assert_int_equal(mkdirat(dir, "lost+found", 0700), 0);
    assert_int_equal(ctl_dir_filled(dir), 0);
    assert_int_equal(mkdirat(dir, ".hidden", 0700), 0);
    assert_int_equal(ctl_dir_filled(dir), 1);
    assert_int_equal(ctl_dir_filled(dir), 1);
    close(dir);
}

/* The parent is where the last name of a path stands, trailing slashes aside. */
static void parents_are_found(void **state)
{
    (void)state;
    static const char *const rows[][2] = { { "a", "." },     { "a/", "." },      { "/a", "/" },
                                           { "/a/b", "/a" }, { "/a/b//", "/a" }, { "a//b", "a" } };
    char out[64];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ctl_parent(rows[i][0], out, sizeof out);
        assert_string_equal(out, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lock_is_exclusive, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(files_are_new_and_private, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(emptiness_is_seen, make_dir, drop_dir),
        cmocka_unit_test(parents_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
