#include <curl/curl.h>

#include "nodeprobe/check.h"

struct body {
    size_t len;
};

static size_t throw_away(char *data, size_t size, size_t count, void *arg)
{
    struct body *body = arg;
    (void)data;
    body->len += size * count;
    return body->len <= CHECK_BODY_MAX ? size * count : 0; /* 0 ends the transfer */
}

static CURLcode set_options(CURL *curl, const char *url, const struct nr_check *c, struct body *body)
{
    CURLcode rc = curl_easy_setopt(curl, CURLOPT_URL, url);
    if (!rc) rc = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (!rc) rc = curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever the environment says */
    if (!rc) rc = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    if (!rc) rc = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (!rc) rc = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
    if (!rc) rc = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)c->timeout_ms);
    if (!rc) rc = curl_easy_setopt(curl, CURLOPT_USERAGENT, "dagi-nodeprobe/" NR_VERSION);
    if (!rc) rc = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
    if (!rc) rc = curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    return rc;
}

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
    struct body body = { 0 };
    long code = 0;
    memcpy(url, c->target.data, c->target.len);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return;
    CURL *curl = curl_easy_init();
    CURLcode rc = curl ? set_options(curl, url, c, &body) : CURLE_OUT_OF_MEMORY;
    if (rc) goto out;
    rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    bool cut = rc == CURLE_WRITE_ERROR && body.len > CHECK_BODY_MAX;
    if (rc && !cut) {
        check_say(out, CHECK_DOWN, "%s", curl_easy_strerror(rc));
    } else {
        judge(out, code);
    }
out:
    if (out->note[0] == '\0') check_say(out, CHECK_UNKNOWN, "%s", curl_easy_strerror(rc));
    curl_easy_cleanup(curl);
    curl_global_cleanup();
}
