#include "probe/plan.h"

#include <assert.h>

#include "base/utf8.h"
#include "conf/command.h"
#include "conf/url.h"
#include "proto/mp.h"

static_assert(NR_CHECKS_MAX * (NR_CHECK_ID_MAX + NR_CHECK_TARGET_MAX + 100) + NR_PLAN_URL_MAX + 200 <=
                  NR_PLAN_FRAME_MAX,
              "the largest plan fits into its frame");

static const char *const sources[NR_SOURCE_COUNT] = { "system", "disks", "gpu", "docker", "ollama", "load" };
static const char *const kinds[] = { "http", "tcp", "exec" };
static const char *const levels[] = { "error", "warning", "info", "debug" };

const char *nr_source_name(enum nr_source s)
{
    return sources[s];
}

bool nr_source_parse(struct nr_bytes word, enum nr_source *out)
{
    for (int s = 0; s < NR_SOURCE_COUNT; s++) {
        if (!nr_bytes_eq(word, nr_bytes_str(sources[s]))) continue;
        *out = (enum nr_source)s;
        return true;
    }
    return false;
}

bool nr_check_id_valid(struct nr_bytes id)
{
    if (id.len == 0 || id.len > NR_CHECK_ID_MAX) return false;
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') return false;
    }
    return true;
}

static const char *target_fault(const struct nr_check *c)
{
    struct nr_url url;
    struct nr_hostport hp;
    struct nr_command command;
    switch (c->kind) {
    case NR_CHECK_HTTP:
        return nr_url_parse(c->target, &url) == 0 ? NULL : "its URL is not http:// or https:// and a host";
    case NR_CHECK_TCP:
        if (nr_hostport_parse(c->target, &hp) == 0 && hp.port > 0) return NULL;
        return "its address is not HOST:PORT";
    case NR_CHECK_EXEC:
        if (nr_command_split(c->target, &command) == 0) return NULL;
        return "its command is not words with their quotes closed";
    }
    return "its kind is not known";
}

int nr_check_valid(const struct nr_check *c, const char **why)
{
    *why = NULL;
    if (!nr_check_id_valid(c->id)) {
        *why = "its name is not 1 to 64 of A-Z a-z 0-9 . _ -";
    } else if (c->target.len == 0 || c->target.len > NR_CHECK_TARGET_MAX || !nr_utf8_clean(c->target)) {
        *why = "its target is not 1 to 1000 bytes of text";
    } else if (c->interval_ms < NR_CHECK_INTERVAL_MIN || c->interval_ms > NR_CHECK_INTERVAL_MAX) {
        *why = "its interval is not 1 second to 1 day";
    } else if (c->timeout_ms < NR_CHECK_TIMEOUT_MIN || c->timeout_ms > NR_CHECK_TIMEOUT_MAX) {
        *why = "its timeout is not 0.1 to 60 seconds";
    } else {
        *why = target_fault(c);
    }
    return *why ? NR_E_INVALID : 0;
}

uint16_t nr_check_target_port(const struct nr_check *c)
{
    struct nr_url url;
    struct nr_hostport hp;
    if (c->kind == NR_CHECK_HTTP && nr_url_parse(c->target, &url) == 0) return url.at.port;
    if (c->kind == NR_CHECK_TCP && nr_hostport_parse(c->target, &hp) == 0) return hp.port;
    return 0;
}

static void write_str(struct nr_writer *w, const char *key, struct nr_bytes v)
{
    nr_mp_write_cstr(w, key);
    nr_mp_write_str(w, v);
}

static void write_uint(struct nr_writer *w, const char *key, uint64_t v)
{
    nr_mp_write_cstr(w, key);
    nr_mp_write_uint(w, v);
}

/* The name of the kind is the key of the target: exec and http stand before the others, tcp among them. */
static void write_check(struct nr_writer *w, const struct nr_check *c)
{
    nr_mp_write_map(w, 5);
    if (c->kind != NR_CHECK_TCP) write_str(w, kinds[c->kind], c->target);
    write_str(w, "id", c->id);
    write_uint(w, "interval_ms", c->interval_ms);
    write_uint(w, "port", c->port);
    if (c->kind == NR_CHECK_TCP) write_str(w, "tcp", c->target);
    write_uint(w, "timeout_ms", c->timeout_ms);
}

static void write_off(struct nr_writer *w, const struct nr_plan *p)
{
    uint32_t count = 0;
    for (int s = 0; s < NR_SOURCE_COUNT; s++) count += p->off[s];
    nr_mp_write_cstr(w, "off");
    nr_mp_write_array(w, count);
    for (int s = 0; s < NR_SOURCE_COUNT; s++)
        if (p->off[s]) nr_mp_write_cstr(w, sources[s]);
}

void nr_plan_encode(struct nr_writer *w, const struct nr_plan *p)
{
    nr_mp_write_map(w, 7);
    nr_mp_write_cstr(w, "checks");
    nr_mp_write_array(w, (uint32_t)p->check_count);
    for (size_t i = 0; i < p->check_count; i++) write_check(w, &p->checks[i]);
    write_uint(w, "load_ms", p->load_ms);
    write_str(w, "log", nr_bytes_str(levels[p->log_level]));
    nr_mp_write_cstr(w, "log_json");
    nr_mp_write_bool(w, p->log_format == NR_LOG_JSON);
    write_off(w, p);
    write_str(w, "ollama", p->ollama);
    nr_mp_write_cstr(w, "once");
    nr_mp_write_bool(w, p->once);
}
