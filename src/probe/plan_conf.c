#include "base/assert.h"
#include "probe/plan.h"

/* Load is measured for every heartbeat, and where heartbeats are rare still often enough to be of now. */
#define LOAD_MS_MAX 30000

_Static_assert(NR_CONF_CHECKS_MAX <= NR_CHECKS_MAX && NR_CONF_CHECK_NAME_MAX <= NR_CHECK_ID_MAX,
               "what the configuration takes fits into a plan");
_Static_assert(NR_CONF_CHECK_HTTP == (int)NR_CHECK_HTTP && NR_CONF_CHECK_TCP == (int)NR_CHECK_TCP &&
                   NR_CONF_CHECK_EXEC == (int)NR_CHECK_EXEC,
               "kinds of checks");

static void plan_sources(struct nr_plan *out, const struct nr_conf *conf)
{
    size_t count;
    const char *const *words = nr_conf_list(conf, NR_CONF_NO_DETECT, &count);
    for (size_t i = 0; i < count; i++) {
        enum nr_source one;
        bool all = !nr_source_parse(nr_bytes_str(words[i]), &one);
        for (enum nr_source s = 0; s < NR_SOURCE_COUNT; s++) out->off[s] |= all || s == one;
    }
}

static struct nr_check plan_check(const struct nr_conf_check *c)
{
    struct nr_check check = {
        .id = nr_bytes_str(c->name),
        .kind = (enum nr_check_kind)c->kind,
        .target = nr_bytes_str(c->target),
        .interval_ms = (uint32_t)c->interval_s * 1000,
        .timeout_ms = (uint32_t)c->timeout_s * 1000,
        .port = c->port,
    };
    if (check.port == 0) check.port = nr_check_target_port(&check);
    return check;
}

void nr_plan_from_conf(struct nr_plan *out, const struct nr_conf *conf)
{
    size_t count;
    const struct nr_conf_check *checks = nr_conf_checks(conf, &count);
    int64_t beat_ms = nr_conf_number(conf, NR_CONF_HEARTBEAT_INTERVAL) * 1000;
    nr_assert(count <= NR_CHECKS_MAX);
    *out = (struct nr_plan){
        .ollama = nr_bytes_str(nr_conf_text(conf, NR_CONF_OLLAMA_URL)),
        .load_ms = (uint32_t)(beat_ms < LOAD_MS_MAX ? beat_ms : LOAD_MS_MAX),
        .log_level = nr_conf_log_level(conf),
        .log_format = nr_conf_log_format(conf),
        .check_count = count,
    };
    plan_sources(out, conf);
    for (size_t i = 0; i < count; i++) out->checks[i] = plan_check(&checks[i]);
}
