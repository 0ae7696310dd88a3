#include "tools/nodectl/bootstrap_id.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "io/clock.h"
#include "proto/record.h"
#include "tools/nodectl/ctl.h"
#include "tools/nodectl/files.h"
#include "tools/nodectl/stop.h"

#define SYSTEM_DIR "/etc/dagi"
#define FILE_NAME  "node_id"
#define LOCK_NAME  ".bootstrap.lock"
#define LOCK_US    INT64_C(120000000)
#define LOCK_TRY   100000

bool bootstrap_home_path(const char *name, char out[static BOOTSTRAP_PATH])
{
    const char *home = getenv("HOME");
    int n = home && *home == '/' ? snprintf(out, BOOTSTRAP_PATH, "%s/.config/dagi/%s", home, name) : -1;
    return n > 0 && n < BOOTSTRAP_PATH;
}

/* The two places of a file; false: there is no such place. */
static bool place(int which, const char *name, char out[static BOOTSTRAP_PATH])
{
    if (which == 1) return bootstrap_home_path(name, out);
    snprintf(out, BOOTSTRAP_PATH, SYSTEM_DIR "/%s", name);
    return true;
}

static bool read_one(const char *path, bool say, char id[static NR_SUBJECT_MAX + 1])
{
    struct nr_buf text;
    nr_buf_init(&text, 0);
    bool there = ctl_read_file(path, 4096, &text) == 0;
    while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1])) text.len--;
    bool good = there && nr_node_id_valid(nr_buf_bytes(&text));
    if (good) {
        memcpy(id, text.data, text.len);
        id[text.len] = '\0';
    } else if (there && say) {
        ctl_say("%s: holds no node id: passed over", path);
    }
    nr_buf_fini(&text);
    return good;
}

void bootstrap_id_read(struct bootstrap_id *out, bool say)
{
    for (int i = 0; i < 2; i++)
        if (place(i, FILE_NAME, out->path) && read_one(out->path, say, out->id)) return;
    *out = (struct bootstrap_id){ 0 };
}

static int write_one(const char *path, const char *value)
{
    char line[NR_SUBJECT_MAX + 2], parent[BOOTSTRAP_PATH];
    int len = snprintf(line, sizeof line, "%s\n", value);
    ctl_parent(path, parent, sizeof parent);
    if (ctl_make_dirs(parent, 0755) != 0) return -1;
    int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return -1;
    int err = ctl_replace_file(dir, FILE_NAME, nr_bytes(line, (size_t)len), 0644), why = errno;
    close(dir);
    errno = why;
    return err;
}

int bootstrap_id_write(struct bootstrap_id *id, const char *value)
{
    if (*id->id && strcmp(id->id, value) == 0) return 0;
    for (int i = 0; i < 2; i++) {
        if (!place(i, FILE_NAME, id->path) || write_one(id->path, value) != 0) continue;
        snprintf(id->id, sizeof id->id, "%s", value);
        return 0;
    }
    return NR_E_SYSTEM;
}

static int open_lock(void)
{
    char path[BOOTSTRAP_PATH], parent[BOOTSTRAP_PATH];
    for (int i = 0; i < 2; i++) {
        if (!place(i, LOCK_NAME, path)) continue;
        ctl_parent(path, parent, sizeof parent);
        if (ctl_make_dirs(parent, 0755) != 0) continue;
        int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0) return fd;
    }
    return -1;
}

int bootstrap_lock(void)
{
    int fd = open_lock();
    int64_t until_us = nr_clock_now().mono_us + LOCK_US;
    bool said = false;
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (!said) ctl_say("another nodectl bootstrap is at work on this machine: waiting for it");
        said = true;
        int64_t now_us = nr_clock_now().mono_us;
        if (now_us < until_us && !ctl_stop_asked()) {
            (void)ctl_wait(-1, now_us + LOCK_TRY);
            continue;
        }
        close(fd);
        return -2;
    }
    return fd;
}
