#include "tools/nodectl/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tools/nodectl/command.h"
#include "tools/nodectl/text.h"

#define DISK_BAD_BYTES  (UINT64_C(64) << 20)
#define DISK_WARN_BYTES (UINT64_C(512) << 20)
/* LMDB has 126 slots; noded frees those of readers that have died. */
#define READERS_WARN 100

void ctl_found(struct ctl_doctor *d, enum ctl_finding level, const char *check, const char *advice, const char *fmt,
               ...)
{
    static const char *const words[] = { "ok", "warning", "broken" };
    static const enum ctl_style styles[] = { CTL_GOOD, CTL_WARN, CTL_BAD };
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->found[level]++;
    if (d->ctl->format == CTL_JSON) {
        nr_json_object(&d->json);
        nr_json_kcstr(&d->json, "check", check);
        nr_json_kcstr(&d->json, "result", words[level]);
        nr_json_kcstr(&d->json, "found", text);
        nr_json_kcstr(&d->json, "advice", level == CTL_FINE ? NULL : advice);
        nr_json_object_end(&d->json);
        return;
    }
    char q[CTL_QUOTED];
    const char *on = d->ctl->colour ? ctl_style_on(styles[level]) : "", *off = d->ctl->colour ? CTL_STYLE_OFF : "";
    printf("%s%-7s%s  %-11s  %s\n", on, words[level], off, check, ctl_quoted(nr_bytes_str(text), q));
    if (level != CTL_FINE && advice) printf("%22s-> %s\n", "", advice);
}

long ctl_doctor_read(int dir, const char *name, char *out, size_t size)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    if (n >= 0) out[n] = '\0';
    return n;
}

static void check_state_dir(struct ctl_doctor *d)
{
    struct stat st;
    const char *path = d->ctl->state_dir;
    if (d->dir < 0 || fstat(d->dir, &st) != 0)
        ctl_found(d, CTL_BROKEN, "state-dir", "start noded once, or name the right one with --state-dir", "%s: %s",
                  path, strerror(errno));
    else if (st.st_mode & 0022)
        ctl_found(d, CTL_BROKEN, "state-dir", "chmod go-w it: who can write there can replace keys",
                  "%s: others may write there (mode %04o)", path, (unsigned)st.st_mode & 07777);
    else
        ctl_found(d, CTL_FINE, "state-dir", NULL, "%s", path);
}

static void check_keys(struct ctl_doctor *d)
{
    static const char *const names[] = { "node.key", "cluster.keys", "authority.key" };
    struct stat st, dir;
    uint64_t before = d->found[CTL_BROKEN];
    if (d->dir < 0 || fstat(d->dir, &dir) != 0) return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (fstatat(d->dir, names[i], &st, AT_SYMLINK_NOFOLLOW) != 0) {
            bool optional = errno == ENOENT && strcmp(names[i], "authority.key") == 0;
            if (!optional)
                ctl_found(d, CTL_BROKEN, "keys", "restore it from a backup (nodectl restore)", "%s: %s", names[i],
                          strerror(errno));
        } else if (!S_ISREG(st.st_mode) || (st.st_mode & 0177) != 0) {
            ctl_found(d, CTL_BROKEN, "keys", "chmod 0600 it; if others may have read it, its secret is theirs",
                      "%s: mode %04o, expected 0600", names[i], (unsigned)st.st_mode & 07777);
        } else if (st.st_uid != dir.st_uid) {
            ctl_found(d, CTL_WARNING, "keys", "chown it to the user that noded runs as",
                      "%s: has another owner than the state directory", names[i]);
        }
    }
    if (d->found[CTL_BROKEN] == before) ctl_found(d, CTL_FINE, "keys", NULL, "there, and private");
}

static void check_disk(struct ctl_doctor *d)
{
    struct statvfs fs;
    char text[CTL_TEXT];
    if (d->dir < 0 || fstatvfs(d->dir, &fs) != 0) return;
    uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize;
    ctl_size_format(left, text);
    enum ctl_finding level = left < DISK_BAD_BYTES ? CTL_BROKEN : left < DISK_WARN_BYTES ? CTL_WARNING : CTL_FINE;
    ctl_found(d, level, "disk", "make room: on a full disk reads go on and writes are refused", "%s left", text);
}

static void check_store(struct ctl_doctor *d)
{
    char registry[CTL_TEXT], pulse[CTL_TEXT];
    if (d->store_err) {
        ctl_found(d, CTL_BROKEN, "store",
                  "see above; a damaged store is filled again by the peers once it is moved away", "%s",
                  ctl_read_trouble(d->store_err));
        return;
    }
    ctl_size_format(d->store.registry_bytes, registry);
    ctl_size_format(d->store.pulse_bytes, pulse);
    ctl_found(d, CTL_FINE, "store", NULL, "schema %" PRIu32 ", %" PRIu64 " records, registry %s, pulse %s",
              d->store.schema, d->store.records, registry, pulse);
    ctl_found(d, d->store.readers >= READERS_WARN ? CTL_WARNING : CTL_FINE, "readers",
              "end readers that hold it open; those that have died are freed when noded runs", "%" PRIu32 " in use",
              d->store.readers);
    ctl_found(d, d->store.evidence ? CTL_BROKEN : CTL_FINE, "conflicts",
              "a key is used twice: see nodectl records --evidence, stop the copy, or give it a new state directory",
              "pairs of records that one key signed under one stamp: %" PRIu64, d->store.evidence);
}

/* Where the node id should stand for other programs; only of the machine's default node. */
static void check_node_id(struct ctl_doctor *d)
{
    char path[2][4200] = { "/etc/dagi/node_id", "" }, text[NR_SUBJECT_MAX + 2];
    const char *home = getenv("HOME");
    if (!d->ctl->conf || !nr_conf_default_state_dir(d->ctl->conf) || !*d->node_id) return;
    if (home && *home) snprintf(path[1], sizeof path[1], "%s/.config/dagi/node_id", home);
    for (int i = 0; i < 2 && *path[i]; i++) {
        if (ctl_doctor_read(AT_FDCWD, path[i], text, sizeof text) < 0) continue;
        text[strcspn(text, "\n")] = '\0';
        if (strcmp(text, d->node_id) == 0)
            ctl_found(d, CTL_FINE, "node-id", NULL, "%s: %s", path[i], text);
        else
            ctl_found(d, CTL_WARNING, "node-id",
                      "remove it and start noded again: programs that read it speak of another node",
                      "%s: says %s, this node is %s", path[i], text, d->node_id);
        return;
    }
    ctl_found(d, CTL_WARNING, "node-id", "start noded again as a user that may write it",
              "neither /etc/dagi/node_id nor ~/.config/dagi/node_id can be read");
}

static void gather(struct ctl_doctor *d)
{
    const void *id;
    size_t len;
    d->dir = open(d->ctl->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    d->store_err = ctl_try_read(d->ctl);
    if (d->store_err == 0) d->store_err = nr_store_facts(d->ctl->snapshot, &d->store);
    if (d->store_err == 0 && nr_meta_get(d->ctl->snapshot, "node_id", &id, &len) == 0 && len < sizeof d->node_id)
        memcpy(d->node_id, id, len);
    d->noded_err = ctl_try_connect(d->ctl);
    if (d->noded_err == 0) d->noded_err = ctl_info_ask(d->ctl, &d->info);
    if (d->noded_err == 0) d->noded_err = ctl_peer_sum_ask(d->ctl, &d->peers);
}

static int put_json(struct ctl_doctor *d)
{
    struct nr_buf text;
    struct nr_json j;
    nr_buf_init(&text, 0);
    nr_json_init(&j, &text);
    nr_json_object(&j);
    nr_json_kbool(&j, "ok", d->found[CTL_BROKEN] == 0);
    nr_json_kuint(&j, "warnings", d->found[CTL_WARNING]);
    nr_json_kuint(&j, "broken", d->found[CTL_BROKEN]);
    nr_json_key(&j, "checks");
    nr_json_raw(&j, nr_buf_bytes(&d->text));
    nr_json_object_end(&j);
    if (d->text.err) text.err = d->text.err;
    return ctl_put_json(&text);
}

int ctl_doctor(struct ctl *ctl, const struct ctl_args *args)
{
    (void)args;
    static void (*const checks[])(struct ctl_doctor *) = {
        check_state_dir, check_keys,      check_disk,        ctl_check_noded,    check_store,
        ctl_check_clock, ctl_check_peers, ctl_check_address, ctl_check_counters, check_node_id,
    };
    struct ctl_doctor d = { .ctl = ctl };
    nr_json_init(&d.json, &d.text);
    nr_json_array(&d.json);
    gather(&d);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) checks[i](&d);
    nr_json_array_end(&d.json);
    int status = ctl->format == CTL_JSON ? put_json(&d) : 0;
    if (status == 0 && d.found[CTL_BROKEN]) status = CTL_FAILED;
    if (d.dir >= 0) close(d.dir);
    ctl_info_fini(&d.info);
    nr_buf_fini(&d.text);
    return status;
}
