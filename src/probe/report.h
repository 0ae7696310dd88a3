/* What nodeprobe found: one frame holds what has changed since the frame before, each part whole. Where nothing has for
 * NR_REPORT_PAUSE_MS one without parts comes, so that silence is a fault.
 *
 * The map: "capabilities" (map), "modules" (array of {"id", "port" (absent: none), "status": up|down|degraded|unknown},
 * by id), "metrics" (map, a new measurement). All that is in it can be written as JSON, within the bounds of records:
 * it goes into the node's metadata (`capabilities`, `modules`) and heartbeats (`metrics`) as it is.
 *
 * capabilities: "system" {hostname, local_ip, addresses, platform, platform_version, os, architecture, cpu_model,
 * cpu_count, cpu_limit (CPUs, of a container that has fewer), memory_total_gb, memory_limit_gb (as cpu_limit),
 * disk_total_gb}, "disks" [{name, model, size_gb, rotational}], "features" ["docker", "gpu"], "services" ["ollama"],
 * "gpu" {available, count, gpus [names], devices [{name, vendor, memory_gb}]}, "docker" {version, api_version},
 * "ollama" {available, count (also where not all are listed), models [names]}. A source that is off or cannot be
 * asked leaves out its own; one that finds nothing says so: "gpu" and "ollama" {available: false}, and empty arrays.
 * Gigabytes are of 2^30 bytes.
 *
 * metrics: cpu_percent, memory_percent, memory_available_gb, disk_percent, disk_free_gb, load_1, load_5, load_15, and
 * where there is a GPU that tells: gpu_percent, gpu_memory_percent. */
#ifndef NR_PROBE_REPORT_H
#define NR_PROBE_REPORT_H

#include "base/cursor.h"

#define NR_REPORT_PAUSE_MS    30000
#define NR_REPORT_FRAME_MAX   32768
#define NR_CAPABILITIES_MAX   6144
#define NR_MODULES_MAX        8192
#define NR_REPORT_METRICS_MAX 1024
#define NR_REPORT_DEPTH_MAX   8

struct nr_report {
    struct nr_bytes capabilities, modules, metrics; /* canonical msgpack; empty: not in this frame */
};

/* The map, without the length. */
void nr_report_encode(struct nr_writer *w, const struct nr_report *r);
/* Borrows from `body`. What is in `out` then is canonical, without binary values, within the bounds above, and of the
 * types that are said above; modules are told apart by their ids. Unknown members are skipped. NR_E_TOO_LARGE;
 * NR_E_INVALID and others of nr_mp_check. */
int nr_report_decode(struct nr_bytes body, struct nr_report *out) NR_MUST_CHECK;

#endif
