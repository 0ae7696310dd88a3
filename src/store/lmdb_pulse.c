/* The life of the pulse half. It is not synced: after a power loss its file may hold anything, and LMDB would not
 * notice. So it is used again only within one boot of the machine, which the registry half remembers, and thrown away
 * otherwise; peers fill it again. Each new one takes a new epoch, which is written to both halves: it tells readers
 * that theirs is gone. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/lmdb_store.h"

#define BOOT_ID_SIZE 36

/* False where the kernel does not say: then no boot is ever the same. */
static bool read_boot_id(uint8_t id[static BOOT_ID_SIZE])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = read(fd, id, BOOT_ID_SIZE) == BOOT_ID_SIZE;
    close(fd);
    return ok;
}

static bool same_boot(struct nr_db *registry, const uint8_t *boot)
{
    struct nr_bytes stored;
    return nr_db_get(registry, NR_T_META, nr_bytes_str(NR_META_BOOT), &stored) == 0 &&
           nr_bytes_eq(stored, nr_bytes(boot, BOOT_ID_SIZE));
}

static uint64_t read_epoch(struct nr_db *db, enum nr_table t)
{
    struct nr_bytes value;
    if (nr_db_get(db, t, nr_bytes_str(NR_META_EPOCH), &value) || value.len != 8) return 0;
    return nr_be64(value.data);
}

static int path_of(const struct nr_lmdb *l, const char *name, char **out)
{
    return asprintf(out, "%s/pulse%s", l->dir, name) < 0 ? NR_E_NOMEM : 0;
}

static int discard(const struct nr_lmdb *l)
{
    static const char *const files[] = { "/data.mdb", "/lock.mdb" };
    for (size_t i = 0; i < 2; i++) {
        char *path;
        int err = path_of(l, files[i], &path);
        if (err) return err;
        int rc = unlink(path);
        free(path);
        if (rc && errno != ENOENT) return nr_lmdb_error(errno);
    }
    return 0;
}

static int open_files(struct nr_lmdb *l)
{
    char *path;
    int err = path_of(l, "", &path);
    if (err) return err;
    if (mkdir(path, 0750) && errno != EEXIST) err = nr_lmdb_error(errno);
    if (!err) err = nr_db_open(&l->db[NR_PULSE], NR_PULSE, path, false, l->pulse_map_max);
    free(path);
    return err;
}

/* Gives a new pulse half its number. */
static int take_epoch(struct nr_lmdb *l)
{
    struct nr_db *pulse = &l->db[NR_PULSE];
    uint8_t number[8];
    nr_put_be64(number, ++l->epoch);
    l->epoch_pending = true;
    nr_db_mark(pulse);
    int err = nr_db_put(pulse, NR_T_PULSE_META, nr_bytes_str(NR_META_EPOCH), nr_bytes(number, sizeof number));
    return err ? err : nr_db_commit(pulse);
}

int nr_pulse_replace(struct nr_lmdb *l)
{
    nr_db_close(&l->db[NR_PULSE]);
    int err = discard(l);
    if (!err) err = open_files(l);
    return err ? err : take_epoch(l);
}

int nr_pulse_tell(struct nr_lmdb *l)
{
    struct nr_db *registry = &l->db[NR_REGISTRY];
    uint8_t number[8], boot[BOOT_ID_SIZE];
    if (!l->epoch_pending) return 0;
    nr_put_be64(number, l->epoch);
    int err = nr_db_put(registry, NR_T_META, nr_bytes_str(NR_META_EPOCH), nr_bytes(number, sizeof number));
    if (!err && read_boot_id(boot)) {
        err = nr_db_put(registry, NR_T_META, nr_bytes_str(NR_META_BOOT), nr_bytes(boot, sizeof boot));
    }
    if (!err) l->epoch_pending = false;
    return err;
}

int nr_pulse_open(struct nr_lmdb *l)
{
    struct nr_db *registry = &l->db[NR_REGISTRY];
    uint8_t boot[BOOT_ID_SIZE];
    l->epoch = read_epoch(registry, NR_T_META);
    if (!read_boot_id(boot) || !same_boot(registry, boot)) return nr_pulse_replace(l);
    int err = open_files(l);
    if (err == NR_E_NOMEM || err == NR_E_DENIED) return err;
    if (err) return nr_pulse_replace(l);
    uint64_t own = read_epoch(&l->db[NR_PULSE], NR_T_PULSE_META);
    if (own == l->epoch && own) return 0;
    if (own > l->epoch) l->epoch = own;
    return take_epoch(l);
}
