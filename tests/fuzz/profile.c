/* The config of a profile, as somebody else wrote it: whatever it holds, what is taken over is within bounds, and no
 * check in it runs a command or leaves this machine. */
#include "noded/profile.h"
#include "base/assert.h"
#include "base/utf8.h"
#include "conf/url.h"

static void stays_here(const struct nr_check *c)
{
    struct nr_hostport at;
    struct nr_url url;
    nr_assert(c->kind != NR_CHECK_EXEC);
    if (c->kind == NR_CHECK_HTTP) {
        nr_assert(nr_url_parse(c->target, &url) == 0);
        at = url.at;
    } else {
        nr_assert(nr_hostport_parse(c->target, &at) == 0);
    }
    bool v4 = at.numeric && strncmp(at.host, "127.", 4) == 0;
    bool v6 = at.numeric && strchr(at.host, ':'); /* of many spellings: base/addr.c's to tell */
    nr_assert(v4 || v6 || strlen(at.host) == strlen("localhost"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct profile p;
    profile_parse(nr_bytes(data, size), PROFILE_LABELS | PROFILE_CHECKS, &p);
    nr_assert(p.label_count <= NR_LABELS_MAX && p.check_count <= NR_CHECKS_MAX);
    for (size_t i = 0; i < p.label_count; i++) {
        nr_assert(p.labels[i].len >= 1 && p.labels[i].len <= NR_LABEL_MAX && nr_utf8_clean(p.labels[i]));
    }
    for (size_t i = 0; i < p.check_count; i++) {
        const char *why;
        nr_assert(nr_check_valid(&p.checks[i], &why) == 0);
        nr_assert(p.checks[i].timeout_ms <= p.checks[i].interval_ms);
        stays_here(&p.checks[i]);
    }
    for (size_t i = 0; i < p.refused && i < PROFILE_REFUSALS_MAX; i++) nr_assert(p.refusals[i].why);
    return 0;
}
