#include "nodeprobe/check.h"
#include "nodeprobe/fetch.h"

static void judge(struct check_result *out, long code)
{
    enum check_status status = CHECK_DOWN;
    if (code >= 200 && code < 300) status = CHECK_UP;
    if (code == 429 || code == 503) status = CHECK_DEGRADED;
    check_say(out, status, "answered %ld", code);
}

void check_http(const struct nr_check *c, struct check_result *out)
{
    char url[NR_CHECK_TARGET_MAX + 1] = "";
    struct fetched got;
    struct nr_buf body;
    nr_buf_init(&body, CHECK_BODY_MAX);
    memcpy(url, c->target.data, c->target.len);
    int err = fetch_ask(url, NULL, (long)c->timeout_ms, &body, &got);
    if (!err || (err == NR_E_TOO_LARGE && got.status)) {
        judge(out, got.status);
    } else {
        check_say(out, err == NR_E_NOMEM ? CHECK_UNKNOWN : CHECK_DOWN, "%s", got.why);
    }
    nr_buf_fini(&body);
}
