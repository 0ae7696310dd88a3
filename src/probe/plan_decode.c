/* A map that is canonical is walked by names; each member is bounded and checked before it is believed. */
#include <stdio.h>

#include "base/utf8.h"
#include "probe/plan.h"
#include "proto/control.h"
#include "proto/limits.h"
#include "proto/mp.h"

#define OFF_MAX 64 /* words, known ones and those of other versions */

static int get_uint(const struct nr_control_map *m, const char *key, uint64_t max, uint64_t *v)
{
    int rc = nr_control_get_uint(m, key, v);
    if (rc < 0) return rc;
    return *v > max ? NR_E_INVALID : 0;
}

static int get_flag(const struct nr_control_map *m, const char *key, bool *v)
{
    int rc = nr_control_get_bool(m, key, v);
    return rc < 0 ? rc : 0;
}

/* The head of an array of at most `max` elements, which the reader then stands before; an absent one has none. */
static int get_array(const struct nr_control_map *m, const char *key, uint32_t max, struct nr_reader *r,
                     uint32_t *count)
{
    struct nr_bytes item;
    *count = 0;
    if (!nr_control_get(m, key, &item)) return 0;
    nr_reader_init(r, item);
    *count = nr_mp_read_array(r);
    if (r->err) return r->err;
    return *count > max ? NR_E_TOO_LARGE : 0;
}

/* Exactly one of the kinds' names must stand in the map. */
static int get_target(const struct nr_control_map *m, struct nr_check *c)
{
    static const char *const names[] = { [NR_CHECK_HTTP] = "http", [NR_CHECK_TCP] = "tcp", [NR_CHECK_EXEC] = "exec" };
    int found = 0;
    for (int k = NR_CHECK_HTTP; k <= NR_CHECK_EXEC; k++) {
        struct nr_bytes target;
        int rc = nr_control_get_str(m, names[k], &target);
        if (rc < 0) return rc;
        if (rc == 0) continue;
        c->kind = (enum nr_check_kind)k;
        c->target = target;
        found++;
    }
    return found == 1 ? 0 : NR_E_INVALID;
}

static int decode_check(struct nr_bytes item, struct nr_check *c)
{
    struct nr_control_map m;
    uint64_t interval, timeout, port;
    const char *why;
    *c = (struct nr_check){ 0 };
    int rc = nr_control_parse(item, &m);
    if (!rc) rc = nr_control_get_str(&m, "id", &c->id) < 0 ? NR_E_INVALID : 0;
    if (!rc) rc = get_target(&m, c);
    if (!rc) rc = get_uint(&m, "interval_ms", NR_CHECK_INTERVAL_MAX, &interval);
    if (!rc) rc = get_uint(&m, "timeout_ms", NR_CHECK_TIMEOUT_MAX, &timeout);
    if (!rc) rc = get_uint(&m, "port", UINT16_MAX, &port);
    if (rc) return rc;
    c->interval_ms = (uint32_t)interval;
    c->timeout_ms = (uint32_t)timeout;
    c->port = (uint16_t)port;
    return nr_check_valid(c, &why);
}

static bool id_is_taken(const struct nr_plan *p, struct nr_bytes id)
{
    for (size_t i = 0; i < p->check_count; i++)
        if (nr_bytes_eq(p->checks[i].id, id)) return true;
    return false;
}

static int decode_checks(const struct nr_control_map *m, struct nr_plan *p)
{
    struct nr_reader r;
    uint32_t count;
    int rc = get_array(m, "checks", NR_CHECKS_MAX, &r, &count);
    for (; count > 0 && !rc; count--) {
        struct nr_check *c = &p->checks[p->check_count];
        rc = decode_check(nr_mp_skip(&r, NR_DEPTH_MAX, false), c);
        if (!rc && id_is_taken(p, c->id)) rc = NR_E_INVALID;
        if (!rc) p->check_count++;
    }
    return rc;
}

static int decode_off(const struct nr_control_map *m, struct nr_plan *p)
{
    struct nr_reader r;
    uint32_t count;
    int rc = get_array(m, "off", OFF_MAX, &r, &count);
    for (; count > 0 && !rc; count--) {
        enum nr_source s;
        struct nr_bytes word = nr_mp_read_str(&r);
        if (!r.err && nr_source_parse(word, &s)) p->off[s] = true;
        rc = r.err;
    }
    return rc;
}

static int decode_log(const struct nr_control_map *m, struct nr_plan *p)
{
    struct nr_bytes word;
    char text[16];
    bool json;
    p->log_level = NR_LOG_INFO;
    int rc = nr_control_get_str(m, "log", &word);
    if (rc < 0) return rc;
    if (rc == 1) {
        snprintf(text, sizeof text, "%.*s", (int)word.len, word.data);
        if (word.len >= sizeof text || !nr_log_level_parse(text, &p->log_level)) return NR_E_INVALID;
    }
    rc = get_flag(m, "log_json", &json);
    if (!rc && json) p->log_format = NR_LOG_JSON;
    return rc;
}

static int decode_rest(const struct nr_control_map *m, struct nr_plan *p)
{
    uint64_t load;
    int rc = get_flag(m, "once", &p->once);
    if (!rc) rc = get_uint(m, "load_ms", NR_PLAN_LOAD_MS_MAX, &load);
    if (rc) return rc;
    if (load > 0 && load < NR_PLAN_LOAD_MS_MIN) return NR_E_INVALID;
    p->load_ms = (uint32_t)load;
    if (nr_control_get_str(m, "ollama", &p->ollama) < 0) return NR_E_INVALID;
    return p->ollama.len > NR_PLAN_URL_MAX || !nr_utf8_clean(p->ollama) ? NR_E_INVALID : 0;
}

int nr_plan_decode(struct nr_bytes body, struct nr_plan *out)
{
    struct nr_control_map m;
    *out = (struct nr_plan){ 0 };
    if (body.len > NR_PLAN_FRAME_MAX) return NR_E_TOO_LARGE;
    int rc = nr_control_parse(body, &m);
    if (!rc) rc = decode_checks(&m, out);
    if (!rc) rc = decode_off(&m, out);
    if (!rc) rc = decode_log(&m, out);
    if (!rc) rc = decode_rest(&m, out);
    if (rc) *out = (struct nr_plan){ 0 };
    return rc;
}
