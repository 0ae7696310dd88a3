/* nodectl backup. The registry is copied compactly into a directory of its own first, from one consistent state and
 * while noded goes on; then the archive is written beside its final name, synced, and renamed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tools/nodectl/archive.h"
#include "tools/nodectl/command.h"
#include "tools/nodectl/files.h"
#include "tools/nodectl/text.h"

#define PATH_LEN 4608

struct backup {
    struct ctl *ctl;
    const char *to;      /* the final name; "-" for standard output */
    char part[PATH_LEN]; /* the file in the making */
    char work[PATH_LEN]; /* the directory of the copy; "" before it is made */
    FILE *f;
};

static int fail_at(const char *path)
{
    char q[CTL_QUOTED];
    return ctl_fail("%s: %s", ctl_quoted(nr_bytes_str(path), q), strerror(errno));
}

static int open_files(struct backup *b)
{
    bool standard = strcmp(b->to, "-") == 0;
    const char *tmp = getenv("TMPDIR");
    if (!tmp || !*tmp) tmp = "/tmp";
    if (strlen(standard ? tmp : b->to) > 4096) {
        errno = ENAMETOOLONG;
        return fail_at(b->to);
    }
    if (standard)
        snprintf(b->work, sizeof b->work, "%s/nodectl.XXXXXX", tmp);
    else
        snprintf(b->work, sizeof b->work, "%s.XXXXXX", b->to);
    if (!mkdtemp(b->work)) {
        int status = fail_at(b->work);
        *b->work = '\0';
        return status;
    }
    snprintf(b->part, sizeof b->part, standard ? "%s/archive" : "%s.tmp", standard ? b->work : b->to);
    unlink(b->part); /* of a backup that was cut short */
    int fd = open(b->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    b->f = fd < 0 ? NULL : fdopen(fd, "w+");
    if (b->f) return 0;
    int status = fail_at(b->part);
    if (fd >= 0) close(fd);
    return status;
}

static void add_about(struct backup *b)
{
    struct nr_buf text;
    struct nr_json j;
    const void *id;
    size_t len;
    nr_buf_init(&text, 0);
    nr_json_init(&j, &text);
    nr_json_object(&j);
    nr_json_key(&j, "node_id");
    if (nr_meta_get(b->ctl->snapshot, "node_id", &id, &len) == 0)
        nr_json_str(&j, nr_bytes(id, len));
    else
        nr_json_null(&j);
    ctl_json_when(&j, "created_at", nr_wall_clock_ms());
    nr_json_kcstr(&j, "version", NR_VERSION);
    nr_json_object_end(&j);
    ctl_archive_add(b->f, CTL_PART_ABOUT, nr_buf_bytes(&text));
    nr_buf_fini(&text);
}

/* A small file of the state directory. Where it is missing: only a fault when it is required. */
static int add_small(struct backup *b, int dir, const struct ctl_archive_part *part)
{
    uint8_t block[8192];
    struct nr_buf data;
    int status = 0;
    ssize_t n = 0;
    int fd = openat(dir, part->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && !part->required) return 0;
    if (fd < 0) return ctl_fail("%s/%s: %s", b->ctl->state_dir, part->name, strerror(errno));
    nr_buf_init(&data, (size_t)part->max);
    while (data.err == 0 && (n = read(fd, block, sizeof block)) > 0) nr_buf_add(&data, block, (size_t)n);
    if (n < 0 || data.err) {
        status = ctl_fail("%s/%s: %s", b->ctl->state_dir, part->name, n < 0 ? strerror(errno) : nr_strerror(data.err));
    } else {
        ctl_archive_add(b->f, part->name, nr_buf_bytes(&data));
    }
    if (data.data) nr_wipe(data.data, data.cap);
    nr_wipe(block, sizeof block);
    nr_buf_fini(&data);
    close(fd);
    return status;
}

static int add_registry(struct backup *b)
{
    char copy[PATH_LEN + 64];
    struct stat st;
    snprintf(copy, sizeof copy, "%s/copy", b->work);
    int err = nr_registry_copy(b->ctl->registry, copy);
    if (err) return ctl_fail("the registry cannot be copied: %s", ctl_read_trouble(err));
    snprintf(copy, sizeof copy, "%s/copy/%s", b->work, CTL_PART_REGISTRY);
    FILE *from = fopen(copy, "re");
    if (!from || fstat(fileno(from), &st) != 0 ||
        ctl_archive_add_stream(b->f, CTL_PART_REGISTRY, from, (uint64_t)st.st_size) != 0) {
        int status = fail_at(copy);
        if (from) fclose(from);
        return status;
    }
    fclose(from);
    return 0;
}

static int add_all(struct backup *b)
{
    int dir = open(b->ctl->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status = 0;
    if (dir < 0) return fail_at(b->ctl->state_dir);
    ctl_archive_begin(b->f);
    add_about(b);
    nr_snapshot_end(b->ctl->snapshot);
    for (size_t i = 0; i < ctl_archive_part_count && status == 0; i++) {
        const struct ctl_archive_part *part = &ctl_archive_parts[i];
        if (part->restored) status = strcmp(part->name, CTL_PART_REGISTRY) ? add_small(b, dir, part) : add_registry(b);
    }
    close(dir);
    if (status == 0 && (ctl_archive_end(b->f) != 0 || fsync(fileno(b->f)) != 0)) status = fail_at(b->part);
    return status;
}

static int hand_over(struct backup *b)
{
    if (strcmp(b->to, "-") != 0) {
        if (rename(b->part, b->to) != 0 || ctl_sync_parent(b->to) != 0) return fail_at(b->to);
        *b->part = '\0';
        return 0;
    }
    uint8_t block[65536];
    rewind(b->f);
    for (size_t n; (n = fread(block, 1, sizeof block, b->f)) > 0;) fwrite(block, 1, n, stdout);
    return ferror(b->f) ? fail_at(b->part) : 0; /* stdout's own errors are main's to see */
}

int ctl_backup(struct ctl *ctl, const struct ctl_args *args)
{
    struct backup b = { .ctl = ctl, .to = args->operand[0] };
    struct stat st;
    char size[CTL_TEXT], q[CTL_QUOTED];
    if (strcmp(b.to, "-") == 0 && isatty(STDOUT_FILENO))
        return ctl_usage("backup -: not to a terminal: redirect it to a file");
    umask(077);
    int status = open_files(&b);
    if (status == 0) status = add_all(&b);
    if (status == 0 && fstat(fileno(b.f), &st) != 0) status = fail_at(b.part);
    if (status == 0) status = hand_over(&b);
    if (status == 0) {
        ctl_size_format((uint64_t)st.st_size, size);
        ctl_say("%s: %s written; it holds this node's and the cluster's keys: keep it like them",
                strcmp(b.to, "-") ? ctl_quoted(nr_bytes_str(b.to), q) : "backup", size);
    }
    if (b.f) fclose(b.f);
    if (*b.part) unlink(b.part);
    if (*b.work) ctl_remove_tree(b.work);
    return status;
}
