/* A machine's GPUs. */
#ifndef NODEPROBE_GPU_H
#define NODEPROBE_GPU_H

#include "base/bytes.h"
#include "base/err.h"
#include "nodeprobe/pci.h"

#define GPUS_MAX 16

struct gpu {
    char name[PCI_NAME_MAX], vendor[PCI_VENDOR_MAX];
    bool has_memory, has_memory_used, has_percent;
    uint64_t memory, memory_used; /* bytes */
    double percent;               /* of its time at work */
};

struct gpu_list {
    struct gpu list[GPUS_MAX];
    size_t count;  /* in the list */
    size_t beyond; /* not in it, for want of room */
};

/* Room for one more, zeroed, or NULL. Either way it counts. */
struct gpu *gpu_add(struct gpu_list *l);

/* Adds the display adapters in /sys/class/drm. `nvidia`: NVIDIA's too. `names`: look for them in pci.ids. */
void gpu_read(const char *root, bool nvidia, bool names, struct gpu_list *out);

/* Means over the GPUs that tell; false: none does. */
bool gpu_mean_percent(const struct gpu_list *l, double *out);
bool gpu_mean_memory(const struct gpu_list *l, double *out);

#endif
