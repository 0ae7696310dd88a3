#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tools/nodectl/archive.h"

struct file {
    uint8_t *data;
    size_t len;
};

static struct file slurp(FILE *f)
{
    struct file out = { .len = (size_t)ftell(f) };
    out.data = malloc(out.len + 1);
    assert_non_null(out.data);
    rewind(f);
    assert_int_equal(fread(out.data, 1, out.len, f), out.len);
    fclose(f);
    return out;
}

static void add_text(FILE *f, const char *name, const char *text)
{
    ctl_archive_add(f, name, nr_bytes_str(text));
}

static struct file whole_archive(void)
{
    FILE *f = tmpfile(), *registry = tmpfile();
    assert_non_null(f);
    assert_non_null(registry);
    fputs("pages", registry);
    rewind(registry);
    ctl_archive_begin(f);
    add_text(f, CTL_PART_ABOUT, "{}");
    assert_int_equal(ctl_archive_add_stream(f, CTL_PART_REGISTRY, registry, 5), 0);
    add_text(f, "node_id", "n\n");
    add_text(f, "node.key", "secret");
    add_text(f, "authority.pub", "p");
    add_text(f, "cluster.keys", "k");
    assert_int_equal(ctl_archive_end(f), 0);
    fclose(registry);
    return slurp(f);
}

/* An archive of `body` under a trailer that holds: what a hostile writer can make. */
static int read_crafted(const void *body, size_t len)
{
    uint8_t file[4096];
    size_t magic = strlen(CTL_ARCHIVE_MAGIC);
    struct ctl_archive a;
    assert_true(magic + len + 32 <= sizeof file);
    memcpy(file, CTL_ARCHIVE_MAGIC, magic);
    memcpy(file + magic, body, len);
    nr_hash(nr_bytes(file, magic + len), file + magic + len);
    return ctl_archive_read(nr_bytes(file, magic + len + 32), &a);
}

/* What was written is read back, entry by entry. */
static void round_trip(void **state)
{
    (void)state;
    struct file f = whole_archive();
    struct ctl_archive a;
    assert_int_equal(ctl_archive_read(nr_bytes(f.data, f.len), &a), 0);
    assert_int_equal(a.count, 6);
    assert_string_equal(a.entries[1].part->name, CTL_PART_REGISTRY);
    assert_true(nr_bytes_eq(a.entries[1].data, nr_bytes_str("pages")));
    assert_string_equal(a.entries[3].part->name, "node.key");
    assert_true(nr_bytes_eq(a.entries[3].data, nr_bytes_str("secret")));
    free(f.data);
}

/* An archive cut short at any byte is refused. Each piece is a heap block of its own, so that a read past it is seen.
 */
static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct file f = whole_archive();
    struct ctl_archive a;
    for (size_t n = 0; n < f.len; n++) {
        uint8_t *piece = malloc(n + !n);
        assert_non_null(piece);
        memcpy(piece, f.data, n);
        assert_int_not_equal(ctl_archive_read(nr_bytes(piece, n), &a), 0);
        assert_int_equal(a.count, 0);
        free(piece);
    }
    free(f.data);
}

/* A flip of any bit is refused, and behind the magic it is called damage. */
static void every_bit_flip_is_refused(void **state)
{
    (void)state;
    struct file f = whole_archive();
    struct ctl_archive a;
    for (size_t bit = 0; bit < f.len * 8; bit++) {
        f.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        int err = ctl_archive_read(nr_bytes(f.data, f.len), &a);
        f.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (bit / 8 >= strlen(CTL_ARCHIVE_MAGIC))
            assert_int_equal(err, NR_E_CORRUPT);
        else
            assert_true(err == NR_E_INVALID || err == NR_E_VERSION);
    }
    assert_int_equal(ctl_archive_read(nr_bytes(f.data, f.len), &a), 0);
    free(f.data);
}

/* A name that is not in the list is refused: no path can lead out of the state directory. */
static void names_are_a_closed_list(void **state)
{
    (void)state;
    static const char *const names[] = {
        "../x", "/etc/passwd", "registry/lock.mdb", "node.ke", "node.keyx", "registry"
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint8_t body[128] = { (uint8_t)strlen(names[i]) };
        memcpy(body + 1, names[i], strlen(names[i]));
        assert_int_equal(read_crafted(body, 1 + strlen(names[i]) + 8 + 1), NR_E_INVALID);
    }
    uint8_t with_nul[] = "\x09node.key\0\0\0\0\0\0\0\0\0";
    assert_int_equal(read_crafted(with_nul, sizeof with_nul), NR_E_INVALID);
    uint8_t too_long[256] = { 65 };
    memset(too_long + 1, 'a', 65);
    assert_int_equal(read_crafted(too_long, sizeof too_long), NR_E_INVALID);
}

static size_t put_entry(uint8_t *out, const char *name, uint64_t len, const char *data)
{
    size_t n = strlen(name);
    out[0] = (uint8_t)n;
    memcpy(out + 1, name, n);
    nr_put_be64(out + 1 + n, len);
    memcpy(out + 9 + n, data, strlen(data));
    return 9 + n + strlen(data);
}

/* A length is held against its part's bound and against the bytes that are there, whatever the trailer says. */
static void lengths_are_bounded(void **state)
{
    (void)state;
    uint8_t body[256] = { 0 };
    size_t n = put_entry(body, "node.key", UINT64_MAX, "");
    assert_int_equal(read_crafted(body, n + 1), NR_E_TOO_LARGE);
    n = put_entry(body, "node.key", 65537, "");
    assert_int_equal(read_crafted(body, n + 1), NR_E_TOO_LARGE);
    n = put_entry(body, "node.key", 65536, "");
    assert_int_equal(read_crafted(body, n + 1), NR_E_INVALID);
    n = put_entry(body, "node.key", 5, "abcd");
    assert_int_equal(read_crafted(body, n), NR_E_INVALID);
}

static size_t put_required(uint8_t *out, const char *without)
{
    size_t n = 0;
    for (size_t i = 0; i < ctl_archive_part_count; i++) {
        const struct ctl_archive_part *p = &ctl_archive_parts[i];
        if (p->required && (!without || strcmp(p->name, without) != 0)) n += put_entry(out + n, p->name, 1, "x");
    }
    out[n++] = 0;
    return n;
}

/* No name twice, nothing required missing, nothing behind the end. */
static void an_archive_is_whole(void **state)
{
    (void)state;
    uint8_t body[512];
    size_t n = put_required(body, NULL);
    assert_int_equal(read_crafted(body, n), 0);
    body[n] = 0;
    assert_int_equal(read_crafted(body, n + 1), NR_E_INVALID);
    assert_int_equal(read_crafted(body, n - 1), NR_E_INVALID);
    n += put_entry(body + n - 1, "seeds", 1, "x") - 1;
    n += put_entry(body + n, "seeds", 1, "x");
    body[n++] = 0;
    assert_int_equal(read_crafted(body, n), NR_E_INVALID);
    for (size_t i = 0; i < ctl_archive_part_count; i++) {
        if (!ctl_archive_parts[i].required) continue;
        n = put_required(body, ctl_archive_parts[i].name);
        assert_int_equal(read_crafted(body, n), NR_E_INVALID);
    }
}

/* A file that shrinks or grows while it is copied makes no archive. */
static void a_changing_source_is_noticed(void **state)
{
    (void)state;
    for (uint64_t claimed = 4; claimed <= 6; claimed++) {
        FILE *f = tmpfile(), *from = tmpfile();
        assert_non_null(f);
        assert_non_null(from);
        fputs("pages", from);
        rewind(from);
        ctl_archive_begin(f);
        assert_int_equal(ctl_archive_add_stream(f, CTL_PART_REGISTRY, from, claimed), claimed == 5 ? 0 : NR_E_IO);
        fclose(f);
        fclose(from);
    }
}

static int start(void **state)
{
    (void)state;
    return nr_crypto_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_bit_flip_is_refused),
        cmocka_unit_test(names_are_a_closed_list),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(an_archive_is_whole),
        cmocka_unit_test(a_changing_source_is_noticed),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
