/* By itself, so that a tool that hangs costs this and not the rest of the load. */
#include "nodeprobe/gpu.h"

#include "nodeprobe/nvidia.h"
#include "nodeprobe/part.h"
#include "nodeprobe/sources.h"
#include "proto/mp.h"

#define TOOL_MS     4000
#define DEADLINE_MS 5000

static int run(const struct source_env *env, struct nr_writer *out)
{
    struct gpu_list found = { 0 };
    struct part p;
    double percent;
    int err = nvidia_ask(env->nvidia, TOOL_MS, &found);
    gpu_read(env->root, false, false, &found);
    part_init(&p, PART_MAX);
    if (gpu_mean_memory(&found, &percent)) part_number(&p, "gpu_memory_percent", percent, 1);
    if (gpu_mean_percent(&found, &percent)) part_number(&p, "gpu_percent", percent, 1);
    if (p.count == 0) return err == NR_E_TIMEOUT ? err : NR_E_NOT_FOUND;
    nr_mp_write_map(out, 1);
    nr_mp_write_cstr(out, "metrics");
    part_write_map(&p, out);
    return out->err;
}

const struct source source_gpu_load = {
    .name = "gpu_load",
    .needs = SOURCE_NEEDS(NR_SOURCE_GPU) | SOURCE_NEEDS(NR_SOURCE_LOAD),
    .deadline_ms = DEADLINE_MS,
    .run = run,
};
