/* NVIDIA's GPUs, as its own tool and its driver's files tell of them. */
#ifndef NODEPROBE_NVIDIA_H
#define NODEPROBE_NVIDIA_H

#include "nodeprobe/gpu.h"

/* The tool's answer (csv,noheader,nounits: name, memory.total, memory.used, utilization.gpu); false where any line is
 * something else (it tells its errors there too). Pure. */
bool nvidia_parse(struct nr_bytes csv, struct gpu_list *out);
/* The driver's file of one GPU; false: no model is named. Pure. */
bool nvidia_parse_information(struct nr_bytes text, struct gpu *out);

/* Asks the tool (tool_run, for at most timeout_ms) and adds what it tells; nothing on an error, which is that of
 * tool_run, or NR_E_INVALID. */
int nvidia_ask(const char *tool, int timeout_ms, struct gpu_list *out) NR_MUST_CHECK;
/* Adds what the driver's files tell: names only. */
void nvidia_read(const char *root, struct gpu_list *out);

#endif
