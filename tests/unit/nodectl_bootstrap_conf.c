/* Setting keys in configuration files that people have written. */
#include "nr_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tools/nodectl/bootstrap_conf.h"
#include "tools/nodectl/files.h"

static const char *const gpu[] = { "gpu" }, *const both[] = { "gpu", "eu, west" };
#define ROLE                                                                                                           \
    {                                                                                                                  \
        NR_CONF_ROLE, gpu, 1                                                                                           \
    }
#define LABELS                                                                                                         \
    {                                                                                                                  \
        NR_CONF_LABEL, both, 2                                                                                         \
    }

struct edit {
    struct ctl_setting settings[2];
    size_t count;
    const char *before, *after; /* after NULL: the same */
};

static const struct edit edits[] = {
    /* Nothing there yet: a section, at the end, behind an empty line. */
    { { ROLE }, 1, "", "[node]\nrole = gpu\n" },
    { { ROLE, LABELS },
      2,
      "[log]\nlevel = info\n",
      "[log]\nlevel = info\n\n[node]\nrole = gpu\nlabel = gpu, eu\\, west\n" },
    /* No final newline: one is put before what follows, and the last line otherwise stays. */
    { { ROLE }, 1, "[log]\nlevel = info", "[log]\nlevel = info\n\n[node]\nrole = gpu\n" },
    { { ROLE }, 1, "[node]\nrole = old", "[node]\nrole = gpu" },
    { { ROLE }, 1, "[node]", "[node]\nrole = gpu\n" },
    /* Behind its commented-out example, else behind the section's last key, else first in the section. */
    { { ROLE },
      1,
      "# mine\n[node]\n# role = worker\nip = 192.0.2.1\n\n[log]\n",
      "# mine\n[node]\n# role = worker\nrole = gpu\nip = 192.0.2.1\n\n[log]\n" },
    { { ROLE },
      1,
      "[node]\nip = 192.0.2.1\n# the end\n\n[log]\n",
      "[node]\nip = 192.0.2.1\nrole = gpu\n# the end\n\n[log]\n" },
    { { ROLE }, 1, "[node]\n\n[log]\nlevel = info\n", "[node]\nrole = gpu\n\n[log]\nlevel = info\n" },
    /* A key of the same name elsewhere, and keys that begin alike, are others. */
    { { ROLE },
      1,
      "[node]\nrole = old\n[check.role]\ntcp = 127.0.0.1:80\n",
      "[node]\nrole = gpu\n[check.role]\ntcp = 127.0.0.1:80\n" },
    /* Its line keeps indentation, comment and line end. */
    { { ROLE }, 1, "[node]\n  role=old   ; as agreed\n", "[node]\n  role = gpu   ; as agreed\n" },
    { { ROLE }, 1, "[node]\r\nrole: old\r\nip = 192.0.2.1\r\n", "[node]\r\nrole = gpu\r\nip = 192.0.2.1\r\n" },
    { { ROLE }, 1, "[node]\r\nip = 192.0.2.1\r\n", "[node]\r\nip = 192.0.2.1\r\nrole = gpu\r\n" },
    { { ROLE }, 1, "\xef\xbb\xbf[node]\nrole = old\n", "\xef\xbb\xbf[node]\nrole = gpu\n" },
    /* A list over several lines, and over two openings of its section, becomes one line. */
    { { LABELS },
      1,
      "[node]\nlabel = a\n# why\nlabel = b, c\n[log]\n[node]\nlabel = d\n",
      "[node]\nlabel = gpu, eu\\, west\n# why\n[log]\n[node]\n" },
    /* What says so already stays, however it is written. */
    { { ROLE, LABELS }, 2, "[node]\nlabel=gpu\n role  :  gpu ; yes\nlabel = eu\\, west\n", NULL },
    /* A setting of nothing takes the key out, and is content without it. */
    { { { NR_CONF_LABEL, NULL, 0 } }, 1, "[node]\nlabel = a\nrole = old\nlabel = b\n", "[node]\nrole = old\n" },
    { { { NR_CONF_LABEL, NULL, 0 } }, 1, "[node]\n# label = a\n", NULL },
};

static void edits_are_minimal(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(edits); i++) {
        struct nr_buf out, faults;
        bool changed;
        nr_buf_init(&out, 0);
        nr_buf_init(&faults, 0);
        int err = ctl_conf_edit("f", nr_bytes_str(edits[i].before), edits[i].settings, edits[i].count, &out, &changed,
                                &faults);
        const char *want = edits[i].after ? edits[i].after : edits[i].before;
        if (err || !nr_bytes_eq(nr_buf_bytes(&out), nr_bytes_str(want)))
            fail_msg("edit %zu: %d %.*s: got '%.*s'", i, err, (int)faults.len, (const char *)faults.data, (int)out.len,
                     (const char *)out.data);
        assert_int_equal(changed, edits[i].after != NULL);
        nr_buf_fini(&out);
        nr_buf_fini(&faults);
    }
}

static void refuse(const char *before, const char *role, const char *why)
{
    const char *const items[] = { role };
    const struct ctl_setting s = { NR_CONF_ROLE, items, 1 };
    struct nr_buf out, faults;
    bool changed;
    nr_buf_init(&out, 0);
    nr_buf_init(&faults, 0);
    assert_int_equal(ctl_conf_edit("f", nr_bytes_str(before), &s, 1, &out, &changed, &faults), NR_E_INVALID);
    nr_buf_add(&faults, "", 1);
    assert_non_null(strstr((const char *)faults.data, why));
    assert_int_equal(out.len, 0);
    nr_buf_fini(&out);
    nr_buf_fini(&faults);
}

/* A faulty file, and a value that its form cannot hold, change nothing and are named. */
static void what_cannot_be_read_is_refused(void **state)
{
    (void)state;
    refuse("[node]\nrule = x\n", "gpu", "f:2: unknown key in [node]");
    refuse("[mine]\n", "gpu", "unknown section");
    refuse("[node]\n", "a ; b", "the file cannot hold this value");
    refuse("[node]\n", "a\nip = 192.0.2.1", "the file cannot hold this value");
    refuse("[node]\n", " a", "the file cannot hold this value");
    char longer[102];
    memset(longer, 'r', 101);
    longer[101] = '\0';
    refuse("[node]\n", longer, "1 to 100 bytes");
}

static char dir_path[64];

static int make_dir(void **state)
{
    (void)state;
    strcpy(dir_path, "/tmp/nodectl-conf.XXXXXX");
    return mkdtemp(dir_path) ? 0 : -1;
}

static int drop_dir(void **state)
{
    (void)state;
    return ctl_remove_tree(dir_path);
}

static void expect_file(const char *path, const char *want, mode_t mode)
{
    struct nr_buf text;
    struct stat st;
    nr_buf_init(&text, 0);
    assert_int_equal(ctl_read_file(path, 1000, &text), 0);
    test_text_equal(nr_buf_bytes(&text), want);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
    nr_buf_fini(&text);
}

static bool edit_file(const char *path, int want_err)
{
    const struct ctl_setting s = ROLE;
    struct nr_buf faults;
    bool changed = false;
    nr_buf_init(&faults, 0);
    assert_int_equal(ctl_conf_edit_file(path, &s, 1, &changed, &faults), want_err);
    nr_buf_fini(&faults);
    return changed;
}

/* A file is made where there is none, keeps its mode, is left alone when nothing changes, and is found behind a link.
 */
static void files_keep_their_mode(void **state)
{
    (void)state;
    char path[128], link[128];
    struct stat before, after;
    snprintf(path, sizeof path, "%s/a/b/noded.conf", dir_path);
    snprintf(link, sizeof link, "%s/link", dir_path);
    assert_true(edit_file(path, 0));
    expect_file(path, "[node]\nrole = gpu\n", 0644);
    assert_int_equal(stat(path, &before), 0);
    assert_false(edit_file(path, 0));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);

    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs("[node]\nrole = old\n", f);
    fclose(f);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(symlink(path, link), 0);
    assert_true(edit_file(link, 0));
    expect_file(path, "[node]\nrole = gpu\n", 0640);
    assert_int_equal(lstat(link, &after), 0);
    assert_true(S_ISLNK(after.st_mode));
}

/* What is no file is not written over, and a write that was cut short does not stand in the way of the next. */
static void odd_things_are_left(void **state)
{
    (void)state;
    char path[128], fresh[128];
    snprintf(path, sizeof path, "%s/fifo", dir_path);
    assert_int_equal(mkfifo(path, 0600), 0);
    edit_file(path, NR_E_SYSTEM);
    assert_int_equal(errno, EINVAL);
    snprintf(path, sizeof path, "%s/noded.conf", dir_path);
    snprintf(fresh, sizeof fresh, "%s/.noded.conf.new", dir_path);
    FILE *f = fopen(fresh, "we");
    assert_non_null(f);
    fclose(f);
    assert_true(edit_file(path, 0));
    expect_file(path, "[node]\nrole = gpu\n", 0644);
    assert_int_not_equal(access(fresh, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_are_minimal),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test_setup_teardown(files_keep_their_mode, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(odd_things_are_left, make_dir, drop_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
