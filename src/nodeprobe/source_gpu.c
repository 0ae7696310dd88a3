#include "nodeprobe/gpu.h"

#include "nodeprobe/nvidia.h"
#include "nodeprobe/part.h"
#include "nodeprobe/sources.h"
#include "proto/mp.h"

#define TOOL_MS     8000 /* it wakes sleeping GPUs */
#define DEADLINE_MS 10000

static void write_features(struct nr_writer *out)
{
    nr_mp_write_cstr(out, "features");
    nr_mp_write_array(out, 1);
    nr_mp_write_cstr(out, "gpu");
}

/* The names in `gpus` and what is known of each in `devices`: as many as fit, the same in both. */
static void list(const struct gpu_list *found, struct part *gpus, struct part *devices)
{
    part_init(gpus, SOURCE_GPU_MAX / 3);
    part_init(devices, SOURCE_GPU_MAX - SOURCE_GPU_MAX / 3 - 64);
    for (size_t i = 0; i < found->count; i++) {
        const struct gpu *g = &found->list[i];
        struct part one;
        part_init(&one, PART_MAX);
        if (g->has_memory) part_gib(&one, "memory_gb", g->memory);
        part_text(&one, "name", g->name);
        part_text(&one, "vendor", g->vendor);
        const struct part before = *gpus;
        if (!part_add_text(gpus, g->name)) break;
        if (part_add_map(devices, &one)) continue;
        *gpus = before;
        break;
    }
}

static int run(const struct source_env *env, struct nr_writer *out)
{
    struct gpu_list found = { 0 };
    struct part gpus, devices, p;
    int err = nvidia_ask(env->nvidia, TOOL_MS, &found);
    if (err) nvidia_read(env->root, &found);
    gpu_read(env->root, found.count == 0, true, &found);
    /* A tool that hangs has a GPU to hang on, or is broken: what was known before still holds. */
    if (found.count == 0) return err == NR_E_TIMEOUT ? err : NR_E_NOT_FOUND;
    list(&found, &gpus, &devices);
    part_init(&p, SOURCE_GPU_MAX);
    part_bool(&p, "available", true);
    part_uint(&p, "count", found.count + found.beyond);
    part_array(&p, "devices", &devices);
    part_array(&p, "gpus", &gpus);
    nr_mp_write_map(out, 2);
    write_features(out);
    nr_mp_write_cstr(out, "gpu");
    part_write_map(&p, out);
    return out->err;
}

const struct source source_gpu = {
    .name = "gpu",
    .needs = SOURCE_NEEDS(NR_SOURCE_GPU),
    .interval_ms = SOURCE_INTERVAL_FACTS,
    .deadline_ms = DEADLINE_MS,
    .run = run,
    .absent = SOURCE_SAYS("\x82\xa8"
                          "features\x90\xa3gpu\x81\xa9"
                          "available\xc2"),
};
