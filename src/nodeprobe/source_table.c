#include "nodeprobe/sources.h"

const struct source *const source_table[] = {
    &source_system, &source_load, &source_disks, &source_gpu, &source_gpu_load, &source_docker, &source_ollama, NULL,
};
