/* The trailer is taken over the file as the kernel holds it, mapped: a backup need not fit into this program's memory.
 */
#include "tools/nodectl/archive.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "crypto/crypto.h"

#define MAGIC_LEN (sizeof CTL_ARCHIVE_MAGIC - 1)
/* The magic without its version: tells another form from another file. */
#define FAMILY_LEN (sizeof "dagi-backup " - 1)

#define SMALL (UINT64_C(64) << 10)

/* In the order in which restore puts them into place: cluster.keys is what makes a state directory whole to noded. */
const struct ctl_archive_part ctl_archive_parts[] = {
    { CTL_PART_ABOUT, SMALL, 0, true, false },    { CTL_PART_REGISTRY, UINT64_C(1) << 40, 0640, true, true },
    { "node_id", SMALL, 0644, true, true },       { "seeds", SMALL, 0600, false, true },
    { "node.key", SMALL, 0600, true, true },      { "authority.key", SMALL, 0600, false, true },
    { "authority.pub", SMALL, 0600, true, true }, { "cluster.keys", SMALL, 0600, true, true },
};
const size_t ctl_archive_part_count = sizeof ctl_archive_parts / sizeof ctl_archive_parts[0];
static_assert(sizeof ctl_archive_parts / sizeof ctl_archive_parts[0] <= CTL_ARCHIVE_PARTS_MAX,
              "a list holds all parts");

static const struct ctl_archive_part *part_by_name(struct nr_bytes name)
{
    for (size_t i = 0; i < ctl_archive_part_count; i++)
        if (nr_bytes_eq(name, nr_bytes_str(ctl_archive_parts[i].name))) return &ctl_archive_parts[i];
    return NULL;
}

static bool has_part(const struct ctl_archive *a, const struct ctl_archive_part *part)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->entries[i].part == part) return true;
    return false;
}

static int read_entry(struct nr_reader *r, uint8_t name_len, struct ctl_archive *out)
{
    if (name_len > CTL_ARCHIVE_NAME_MAX) return NR_E_INVALID;
    const struct ctl_archive_part *part = part_by_name(nr_read_bytes(r, name_len));
    uint64_t len = nr_read_u64(r);
    if (r->err) return r->err;
    if (!part || has_part(out, part)) return NR_E_INVALID;
    if (len > part->max) return NR_E_TOO_LARGE;
    if (len > nr_reader_left(r)) return NR_E_TRUNCATED;
    out->entries[out->count++] = (struct ctl_archive_entry){ part, nr_read_bytes(r, (size_t)len) };
    return 0;
}

static int read_entries(struct nr_bytes inside, struct ctl_archive *out)
{
    struct nr_reader r;
    nr_reader_init(&r, inside);
    for (;;) {
        uint8_t name_len = nr_read_u8(&r);
        if (r.err) return r.err;
        if (name_len == 0) break;
        int err = read_entry(&r, name_len, out);
        if (err) return err;
    }
    for (size_t i = 0; i < ctl_archive_part_count; i++)
        if (ctl_archive_parts[i].required && !has_part(out, &ctl_archive_parts[i])) return NR_E_INVALID;
    return nr_reader_end(&r);
}

int ctl_archive_read(struct nr_bytes file, struct ctl_archive *out)
{
    *out = (struct ctl_archive){ 0 };
    if (file.len < FAMILY_LEN || memcmp(file.data, CTL_ARCHIVE_MAGIC, FAMILY_LEN) != 0) return NR_E_INVALID;
    if (file.len < MAGIC_LEN + 1 + CTL_ARCHIVE_TRAILER) return NR_E_CORRUPT;
    if (memcmp(file.data, CTL_ARCHIVE_MAGIC, MAGIC_LEN) != 0) return NR_E_VERSION;
    size_t covered = file.len - CTL_ARCHIVE_TRAILER;
    uint8_t sum[32];
    nr_hash(nr_bytes(file.data, covered), sum);
    if (memcmp(sum, file.data + covered, sizeof sum) != 0) return NR_E_CORRUPT;
    int err = read_entries(nr_bytes(file.data + MAGIC_LEN, covered - MAGIC_LEN), out);
    if (err) *out = (struct ctl_archive){ 0 };
    return err == NR_E_TRUNCATED ? NR_E_INVALID : err;
}

void ctl_archive_begin(FILE *f)
{
    fwrite(CTL_ARCHIVE_MAGIC, 1, MAGIC_LEN, f);
}

static void write_head(FILE *f, const char *name, uint64_t size)
{
    nr_assert(part_by_name(nr_bytes_str(name)) != NULL);
    size_t len = strlen(name);
    nr_assert(len <= CTL_ARCHIVE_NAME_MAX);
    uint8_t be[8];
    nr_put_be64(be, size);
    fputc((int)len, f);
    fwrite(name, 1, len, f);
    fwrite(be, 1, sizeof be, f);
}

void ctl_archive_add(FILE *f, const char *name, struct nr_bytes data)
{
    write_head(f, name, data.len);
    fwrite(data.data, 1, data.len, f);
}

int ctl_archive_add_stream(FILE *f, const char *name, FILE *from, uint64_t size)
{
    uint8_t block[64 << 10];
    write_head(f, name, size);
    uint64_t done = 0;
    for (size_t n; (n = fread(block, 1, sizeof block, from)) > 0; done += n) fwrite(block, 1, n, f);
    return ferror(from) || ferror(f) || done != size ? NR_E_IO : 0;
}

int ctl_archive_end(FILE *f)
{
    fputc(0, f);
    struct stat st;
    if (fflush(f) != 0 || ferror(f) || fstat(fileno(f), &st) != 0) return NR_E_IO;
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fileno(f), 0);
    if (map == MAP_FAILED) return NR_E_IO;
    uint8_t sum[CTL_ARCHIVE_TRAILER];
    nr_hash(nr_bytes(map, (size_t)st.st_size), sum);
    munmap(map, (size_t)st.st_size);
    fwrite(sum, 1, sizeof sum, f);
    return fflush(f) != 0 || ferror(f) ? NR_E_IO : 0;
}
