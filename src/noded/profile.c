#include "noded/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "conf/url.h"
#include "core/view.h"
#include "crypto/crypto.h"
#include "proto/mp.h"

#define DEPTH NR_DEPTH_MAX /* the record's own check was narrower */

static void refuse(struct profile *p, const char *what, struct nr_bytes name, const char *why)
{
    if (p->refused < PROFILE_REFUSALS_MAX) {
        p->refusals[p->refused] = (struct profile_refusal){ .what = what, .name = name, .why = why };
    }
    p->refused++;
}

static bool has_label(const struct profile *p, struct nr_bytes label)
{
    for (size_t i = 0; i < p->label_count; i++) {
        if (nr_bytes_eq(p->labels[i], label)) return true;
    }
    return false;
}

static void take_label(struct profile *p, struct nr_bytes item)
{
    struct nr_reader r;
    nr_reader_init(&r, item);
    struct nr_bytes label = nr_mp_read_str(&r);
    if (r.err || label.len < 1 || label.len > NR_LABEL_MAX || !nr_utf8_clean(label)) {
        refuse(p, "labels", r.err ? nr_bytes(NULL, 0) : label,
               "a label is a string of 1 to 100 bytes without control characters");
    } else if (has_label(p, label)) {
        return;
    } else if (p->label_count == NR_LABELS_MAX) {
        refuse(p, "labels", label, "a node has at most 64 labels");
    } else {
        p->labels[p->label_count++] = label;
    }
}

static void take_labels(struct profile *p, struct nr_bytes item)
{
    struct nr_reader r;
    nr_reader_init(&r, item);
    uint32_t count = nr_mp_read_array(&r);
    if (r.err) refuse(p, "labels", nr_bytes(NULL, 0), "must be an array of strings");
    for (uint32_t i = 0; i < count && !r.err; i++) take_label(p, nr_mp_skip(&r, DEPTH, true));
}

/* A whole number of a check; false: another type, or out of its bounds. Absent is the default. */
static bool read_number(struct nr_bytes item, enum nr_conf_check_key key, uint32_t *out)
{
    const struct nr_conf_row *row = nr_conf_check_row(key);
    struct nr_reader r;
    nr_reader_init(&r, item);
    uint64_t v = nr_mp_read_uint(&r);
    if (r.err || v < (uint64_t)row->low || v > (uint64_t)row->high) return false;
    *out = (uint32_t)v;
    return true;
}

static bool is_this_machine(const struct nr_hostport *at)
{
    char text[NR_HOST_MAX + 16];
    struct nr_addr addr;
    if (!at->numeric) return strcasecmp(at->host, "localhost") == 0;
    snprintf(text, sizeof text, strchr(at->host, ':') ? "[%s]:1" : "%s:1", at->host);
    return nr_addr_parse(nr_bytes_str(text), &addr) == 0 && nr_addr_is_loopback(&addr);
}

/* A check of a profile while its members are read. */
struct reading {
    struct nr_check check;
    unsigned targets;
    uint32_t interval_s, timeout_s, port; /* 0: not given */
    const char *why;                      /* NULL: nothing is wrong so far */
};

static void read_target(struct reading *c, struct nr_bytes item, enum nr_check_kind kind)
{
    struct nr_reader r;
    struct nr_hostport at;
    struct nr_url url = { .tls = false };
    nr_reader_init(&r, item);
    c->targets++;
    c->check.kind = kind;
    c->check.target = nr_mp_read_str(&r);
    int err = r.err;
    if (!err)
        err = kind == NR_CHECK_HTTP ? nr_url_parse(c->check.target, &url) : nr_hostport_parse(c->check.target, &at);
    if (err) {
        c->why = kind == NR_CHECK_HTTP ? "http must be a URL" : "tcp must be HOST:PORT";
    } else if (!is_this_machine(kind == NR_CHECK_HTTP ? &url.at : &at)) {
        c->why = "a profile may have checked this machine only: localhost or a loopback address";
    }
}

static void read_member(struct reading *c, struct nr_bytes key, struct nr_bytes value)
{
    if (nr_bytes_eq(key, nr_bytes_str("exec"))) {
        c->why = "a profile may not run commands";
    } else if (nr_bytes_eq(key, nr_bytes_str("http"))) {
        read_target(c, value, NR_CHECK_HTTP);
    } else if (nr_bytes_eq(key, nr_bytes_str("tcp"))) {
        read_target(c, value, NR_CHECK_TCP);
    } else if (nr_bytes_eq(key, nr_bytes_str("interval"))) {
        if (!read_number(value, NR_CONF_CHECK_KEY_INTERVAL, &c->interval_s))
            c->why = "interval must be from 1 to 86400";
    } else if (nr_bytes_eq(key, nr_bytes_str("timeout"))) {
        if (!read_number(value, NR_CONF_CHECK_KEY_TIMEOUT, &c->timeout_s)) c->why = "timeout must be from 1 to 60";
    } else if (nr_bytes_eq(key, nr_bytes_str("port"))) {
        if (!read_number(value, NR_CONF_CHECK_KEY_PORT, &c->port)) c->why = "port must be from 1 to 65535";
    } else {
        c->why = "has a member other than http, tcp, interval, timeout and port";
    }
}

static uint32_t default_of(enum nr_conf_check_key key)
{
    return (uint32_t)strtoul(nr_conf_check_row(key)->text, NULL, 10);
}

/* The times, by the same rules as in the configuration file. */
static void settle(struct reading *c)
{
    if (c->interval_s == 0) c->interval_s = default_of(NR_CONF_CHECK_KEY_INTERVAL);
    if (c->timeout_s > c->interval_s) {
        c->why = "timeout must be at most the interval";
    } else if (c->timeout_s == 0) {
        c->timeout_s = default_of(NR_CONF_CHECK_KEY_TIMEOUT);
        if (c->timeout_s > c->interval_s) c->timeout_s = c->interval_s;
    }
    c->check.interval_ms = c->interval_s * 1000;
    c->check.timeout_ms = c->timeout_s * 1000;
    c->check.port = c->port ? (uint16_t)c->port : nr_check_target_port(&c->check);
}

static void take_check(struct profile *p, struct nr_bytes name, struct nr_bytes item)
{
    struct reading c = { .check = { .id = name } };
    struct nr_reader r;
    nr_reader_init(&r, item);
    uint32_t members = nr_mp_read_map(&r);
    if (r.err) c.why = "must be an object";
    for (uint32_t i = 0; i < members && !c.why; i++) {
        struct nr_bytes key = nr_mp_read_str(&r);
        read_member(&c, key, nr_mp_skip(&r, DEPTH, true));
    }
    if (!c.why && c.targets != 1) c.why = "needs one of http and tcp";
    if (!c.why) settle(&c);
    int err = c.why ? 0 : nr_check_valid(&c.check, &c.why);
    nr_assert(!err || c.why);
    if (!c.why && p->check_count == NR_CHECKS_MAX) c.why = "a node has at most 64 checks";
    if (c.why) {
        refuse(p, "checks", name, c.why);
    } else {
        p->checks[p->check_count++] = c.check;
    }
}

static void take_checks(struct profile *p, struct nr_bytes item)
{
    struct nr_reader r;
    nr_reader_init(&r, item);
    uint32_t count = nr_mp_read_map(&r);
    if (r.err) refuse(p, "checks", nr_bytes(NULL, 0), "must be an object of objects");
    for (uint32_t i = 0; i < count && !r.err; i++) {
        struct nr_bytes name = nr_mp_read_str(&r);
        take_check(p, name, nr_mp_skip(&r, DEPTH, true));
    }
}

void profile_parse(struct nr_bytes config, unsigned parts, struct profile *out)
{
    struct nr_reader r;
    *out = (struct profile){ .label_count = 0 };
    if (nr_mp_check(config, DEPTH, true) != 0) return;
    nr_reader_init(&r, config);
    uint32_t count = nr_mp_read_map(&r);
    for (uint32_t i = 0; i < count && !r.err; i++) {
        struct nr_bytes key = nr_mp_read_str(&r), value = nr_mp_skip(&r, DEPTH, true);
        if ((parts & PROFILE_LABELS) && nr_bytes_eq(key, nr_bytes_str("labels"))) take_labels(out, value);
        if ((parts & PROFILE_CHECKS) && nr_bytes_eq(key, nr_bytes_str("checks"))) take_checks(out, value);
    }
}

/* The winner among the records of one role. */
struct finding {
    struct nr_winner winner;
    int64_t wall_ms;
};

static int feed(void *arg, uint64_t key_hash, const struct nr_record *rec)
{
    struct finding *f = arg;
    (void)key_hash;
    nr_winner_feed(&f->winner, rec, nr_record_id(rec->raw), f->wall_ms);
    return 0;
}

int profile_find(struct nr_store *store, struct nr_bytes role, int64_t wall_ms, uint8_t buf[static NR_CONFIG_MAX],
                 struct nr_bytes *config, uint64_t *id)
{
    struct finding f = { .wall_ms = wall_ms };
    struct nr_profile_body body;
    nr_winner_init(&f.winner);
    int err = nr_store_each_of(store, NR_KIND_PROFILE, role, feed, &f);
    if (err) return err;
    if (!f.winner.any || f.winner.deleted) return NR_E_NOT_FOUND;
    err = nr_profile_body_decode(f.winner.rec.body, &body);
    if (err) return err;
    nr_assert(body.config.len <= NR_CONFIG_MAX);
    memcpy(buf, body.config.data, body.config.len);
    *config = nr_bytes(buf, body.config.len);
    *id = f.winner.id;
    return 0;
}
