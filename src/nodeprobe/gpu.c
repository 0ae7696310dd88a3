#include "nodeprobe/gpu.h"

#include <stdio.h>

#include "nodeprobe/text.h"
#include "nodeprobe/tree.h"

#define DRM         "/sys/class/drm"
#define PCI_IDS_MAX (8 << 20)

struct gpu *gpu_add(struct gpu_list *l)
{
    if (l->count == GPUS_MAX) {
        l->beyond++;
        return NULL;
    }
    l->list[l->count] = (struct gpu){ 0 };
    return &l->list[l->count++];
}

/* card0, and not card0-HDMI-A-1, which is a connector. */
static bool is_card(const char *name)
{
    uint64_t number;
    struct nr_bytes s = nr_bytes_str(name);
    return text_starts(s, "card") && text_uint(nr_bytes(s.data + 4, s.len - 4), &number);
}

struct device {
    uint32_t vendor, device, class_code;
};

static bool read_id(const char *root, const char *card, const char *what, uint32_t *out)
{
    char text[64];
    return text_hex(text_trim(tree_read(root, text, sizeof text, DRM "/%s/device/%s", card, what)), out);
}

static bool identify(const char *root, const char *card, struct device *d)
{
    return read_id(root, card, "vendor", &d->vendor) && read_id(root, card, "device", &d->device) &&
           read_id(root, card, "class", &d->class_code);
}

/* The list of names is large: it is read when the first GPU is there to be named. */
static struct nr_bytes pci_ids(const char *root, struct nr_buf *file)
{
    static const char *const paths[] = { "/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids" };
    for (size_t i = 0; file->len == 0 && i < sizeof paths / sizeof *paths; i++)
        if (tree_load(root, paths[i], file) != 0) nr_buf_reset(file);
    return nr_buf_bytes(file);
}

static void name_it(const char *root, const char *card, const struct device *d, struct nr_buf *file, struct gpu *g)
{
    char text[256], found[PCI_NAME_MAX] = "";
    const char *vendor = pci_vendor(d->vendor);
    snprintf(g->vendor, sizeof g->vendor, "0x%04x", d->vendor & 0xffff);
    pci_lookup(pci_ids(root, file), d->vendor, d->device, g->vendor, found);
    if (vendor) snprintf(g->vendor, sizeof g->vendor, "%s", vendor);
    /* Some cards know what they were sold as. */
    if (text_copy(g->name, sizeof g->name, tree_read(root, text, sizeof text, DRM "/%s/device/product_name", card)))
        return;
    if (!*found) snprintf(found, sizeof found, "%04x:%04x", d->vendor & 0xffff, d->device & 0xffff);
    snprintf(text, sizeof text, "%s %s", g->vendor, found);
    text_copy(g->name, sizeof g->name, nr_bytes_str(text));
}

static void measure(const char *root, const char *card, struct gpu *g)
{
    uint64_t busy;
    g->has_memory = tree_number(root, &g->memory, DRM "/%s/device/mem_info_vram_total", card);
    g->has_memory_used = tree_number(root, &g->memory_used, DRM "/%s/device/mem_info_vram_used", card);
    g->has_percent = tree_number(root, &busy, DRM "/%s/device/gpu_busy_percent", card) && busy <= 100;
    if (g->has_percent) g->percent = (double)busy;
}

void gpu_read(const char *root, bool nvidia, bool names, struct gpu_list *out)
{
    char cards[4 * GPUS_MAX][TREE_NAME_MAX];
    size_t count = tree_names(root, DRM, is_card, cards, 4 * (size_t)GPUS_MAX);
    struct nr_buf file;
    nr_buf_init(&file, PCI_IDS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct device d;
        struct gpu *g;
        if (!identify(root, cards[i], &d) || !pci_is_gpu(d.vendor, d.class_code)) continue;
        if ((d.vendor == PCI_NVIDIA && !nvidia) || !(g = gpu_add(out))) continue;
        if (names) name_it(root, cards[i], &d, &file, g);
        measure(root, cards[i], g);
    }
    nr_buf_fini(&file);
}

bool gpu_mean_percent(const struct gpu_list *l, double *out)
{
    double sum = 0;
    int told = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (!l->list[i].has_percent) continue;
        sum += l->list[i].percent;
        told++;
    }
    if (told) *out = sum / told;
    return told > 0;
}

bool gpu_mean_memory(const struct gpu_list *l, double *out)
{
    double sum = 0;
    int told = 0;
    for (size_t i = 0; i < l->count; i++) {
        const struct gpu *g = &l->list[i];
        if (!g->has_memory || !g->has_memory_used || g->memory == 0 || g->memory_used > g->memory) continue;
        sum += 100 * ((double)g->memory_used / (double)g->memory);
        told++;
    }
    if (told) *out = sum / told;
    return told > 0;
}
