/* The sources of source_table.c, and how much of a node's capabilities each may take. */
#ifndef NODEPROBE_SOURCES_H
#define NODEPROBE_SOURCES_H

#include <assert.h>

#include "nodeprobe/source.h"
#include "probe/report.h"

extern const struct source source_system, source_disks, source_gpu, source_docker, source_ollama, source_load,
    source_gpu_load;

#define SOURCE_SYSTEM_MAX 1408
#define SOURCE_DISKS_MAX  1152
#define SOURCE_GPU_MAX    1536
#define SOURCE_DOCKER_MAX 192
#define SOURCE_OLLAMA_MAX 1664
/* Heads, keys, features and services. */
#define SOURCE_AROUND 160

static_assert(SOURCE_SYSTEM_MAX + SOURCE_DISKS_MAX + SOURCE_GPU_MAX + SOURCE_DOCKER_MAX + SOURCE_OLLAMA_MAX +
                      SOURCE_AROUND <=
                  NR_CAPABILITIES_MAX,
              "all sources together fit");

#endif
