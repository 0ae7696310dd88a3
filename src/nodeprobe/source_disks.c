/* Whole block devices that hold something themselves: no partitions (they stand below their device), nothing in memory,
 * and nothing that is made of other devices, which would count twice. */
#include "nodeprobe/part.h"
#include "nodeprobe/sources.h"
#include "nodeprobe/text.h"
#include "nodeprobe/tree.h"
#include "proto/mp.h"

#define BLOCK       "/sys/block"
#define DEVICES_MAX 512
#define MODEL_MAX   40
#define SECTOR      512 /* of the kernel's count, whatever the device's own */

static bool is_disk(const char *name)
{
    static const char *const others[] = { "loop", "ram",      "zram",   "dm-",  "md", "sr",
                                          "fd",   "mtdblock", "bcache", "drbd", "zd" };
    struct nr_bytes s = nr_bytes_str(name);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (text_starts(s, others[i])) return false;
    /* The small areas for a boot loader in a memory card's chip. */
    return !(text_starts(s, "mmcblk") && (strstr(name, "boot") || text_ends(s, "rpmb")));
}

static void describe(const char *root, const char *name, uint64_t sectors, struct part *disk)
{
    char text[256], model[MODEL_MAX];
    uint64_t rotational;
    part_init(disk, PART_MAX);
    if (text_copy(model, sizeof model, tree_read(root, text, sizeof text, BLOCK "/%s/device/model", name)) ||
        text_copy(model, sizeof model, tree_read(root, text, sizeof text, BLOCK "/%s/device/name", name)))
        part_text(disk, "model", model);
    if (text_copy(model, sizeof model, nr_bytes_str(name))) part_text(disk, "name", model);
    if (tree_number(root, &rotational, BLOCK "/%s/queue/rotational", name))
        part_bool(disk, "rotational", rotational != 0);
    part_gib(disk, "size_gb", sectors * SECTOR);
}

static int run(const struct source_env *env, struct nr_writer *out)
{
    static char names[DEVICES_MAX][TREE_NAME_MAX];
    struct part disks, disk;
    size_t count = tree_names(env->root, BLOCK, is_disk, names, DEVICES_MAX);
    part_init(&disks, SOURCE_DISKS_MAX);
    for (size_t i = 0; i < count; i++) {
        uint64_t sectors, hidden;
        /* A drive without a medium has no size; a path of several to the same disk is hidden. */
        if (!tree_number(env->root, &sectors, BLOCK "/%s/size", names[i])) continue;
        if (sectors == 0 || sectors > UINT64_MAX / SECTOR) continue;
        if (tree_number(env->root, &hidden, BLOCK "/%s/hidden", names[i]) && hidden) continue;
        describe(env->root, names[i], sectors, &disk);
        if (!part_add_map(&disks, &disk)) break;
    }
    if (disks.count == 0) return NR_E_NOT_FOUND;
    nr_mp_write_map(out, 1);
    nr_mp_write_cstr(out, "disks");
    part_write_array(&disks, out);
    return out->err;
}

const struct source source_disks = {
    .name = "disks",
    .needs = SOURCE_NEEDS(NR_SOURCE_DISKS),
    .interval_ms = SOURCE_INTERVAL_FACTS,
    .deadline_ms = 5000,
    .run = run,
};
