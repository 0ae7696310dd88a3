/* What nodeprobe is asked to look at: which sources of facts and load, and which services to check.
 *
 * nodeprobe is a program of its own beside noded: it holds no key and no part of the registry, so that a tool that
 * hangs or a server that lies costs the node its description and nothing else. Whoever wants it (noded, nodectl
 * bootstrap) starts it by probe/launch.h, writes it plans and reads its reports (probe/report.h). Frames are those of
 * proto/CONTROL.md: a length of 4 bytes, big-endian, then one canonical msgpack map. A new plan replaces the one
 * before.
 *
 * The map: "checks" (array of {"exec"|"http"|"tcp": target, "id", "interval_ms", "port" (0: none), "timeout_ms"}),
 * "load_ms" (time between measurements of load; 0: never), "log" (error|warning|info|debug), "log_json" (bool), "off"
 * (array of the words of nr_source_name), "ollama" (URL), "once" (bool: report everything once, in one frame, and end).
 * Each may be absent. */
#ifndef NR_PROBE_PLAN_H
#define NR_PROBE_PLAN_H

#include "base/cursor.h"
#include "base/log.h"
#include "conf/conf.h"

#define NR_PLAN_FRAME_MAX     98304
#define NR_PLAN_URL_MAX       1000
#define NR_PLAN_LOAD_MS_MIN   250
#define NR_PLAN_LOAD_MS_MAX   3600000
#define NR_CHECKS_MAX         64
#define NR_CHECK_ID_MAX       64
#define NR_CHECK_TARGET_MAX   1000
#define NR_CHECK_INTERVAL_MIN 1000
#define NR_CHECK_INTERVAL_MAX 86400000
#define NR_CHECK_TIMEOUT_MIN  100
#define NR_CHECK_TIMEOUT_MAX  60000

/* Where facts and load come from. */
enum nr_source {
    NR_SOURCE_SYSTEM, /* host name, addresses, operating system, CPU, memory */
    NR_SOURCE_DISKS,  /* block devices and the root file system */
    NR_SOURCE_GPU,
    NR_SOURCE_DOCKER,
    NR_SOURCE_OLLAMA,
    NR_SOURCE_LOAD, /* what heartbeats carry */
    NR_SOURCE_COUNT
};
/* system, disks, gpu, docker, ollama, load */
const char *nr_source_name(enum nr_source s);
bool nr_source_parse(struct nr_bytes word, enum nr_source *out);

enum nr_check_kind { NR_CHECK_HTTP, NR_CHECK_TCP, NR_CHECK_EXEC };

/* A service of this node, looked at from this machine. */
struct nr_check {
    struct nr_bytes id; /* of [A-Za-z0-9._-] */
    enum nr_check_kind kind;
    struct nr_bytes target; /* URL; HOST:PORT; command with arguments (conf/command.h), not run by a shell */
    uint32_t interval_ms, timeout_ms;
    uint16_t port; /* shown in the module; 0: none */
};

struct nr_plan {
    bool once;
    bool off[NR_SOURCE_COUNT];
    struct nr_bytes ollama; /* empty: none */
    uint32_t load_ms;
    enum nr_log_level log_level;
    enum nr_log_format log_format;
    struct nr_check checks[NR_CHECKS_MAX];
    size_t check_count;
};

/* 1 to NR_CHECK_ID_MAX of [A-Za-z0-9._-]. */
bool nr_check_id_valid(struct nr_bytes id);
/* 0, or NR_E_INVALID: what a check must hold. On an error *why, a literal, is a sentence without a full stop. */
int nr_check_valid(const struct nr_check *c, const char **why) NR_MUST_CHECK;
/* The port in a check's target, that of its scheme where a URL names none; 0: an exec. For a check that is valid. */
uint16_t nr_check_target_port(const struct nr_check *c);

/* What the configuration asks for. The result borrows from `conf`. */
void nr_plan_from_conf(struct nr_plan *out, const struct nr_conf *conf);

/* The map, without the length. */
void nr_plan_encode(struct nr_writer *w, const struct nr_plan *p);
/* Borrows from `body`. Every check in it is valid and no two share an id. Unknown members and unknown sources that are
 * off are skipped. NR_E_TOO_LARGE (also: more checks than NR_CHECKS_MAX); NR_E_INVALID and others of nr_mp_check. */
int nr_plan_decode(struct nr_bytes body, struct nr_plan *out) NR_MUST_CHECK;

#endif
