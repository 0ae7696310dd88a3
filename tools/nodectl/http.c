#include "tools/nodectl/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tools/nodectl/stop.h"

#define CONNECT_MS 5000L
#define KEY_MAX    512
#define BEARER     "Authorization: Bearer "

struct ctl_http {
    CURL *curl;
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
};

/* The first line of the file, as a header. What cannot stand in a header is no key. */
static int read_key(const char *file, char header[static KEY_MAX], char *why)
{
    bool standard = strcmp(file, "-") == 0;
    FILE *f = standard ? stdin : fopen(file, "re");
    char *key = header + strlen(BEARER);
    strcpy(header, BEARER);
    if (!f) {
        snprintf(why, CTL_HTTP_WORDS, "%s: cannot be read: %s", file, strerror(errno));
        return NR_E_SYSTEM;
    }
    if (!fgets(key, KEY_MAX - (int)strlen(BEARER), f)) *key = '\0';
    bool whole = strchr(key, '\n') || fgetc(f) == EOF;
    if (!standard) fclose(f);
    size_t len = strcspn(key, "\r\n");
    key[len] = '\0';
    for (size_t i = 0; i < len && whole; i++) whole = key[i] > ' ' && key[i] <= '~';
    if (len > 0 && whole) return 0;
    snprintf(why, CTL_HTTP_WORDS, "%s: expected a key in the first line, without spaces",
             standard ? "standard input" : file);
    return NR_E_INVALID;
}

static bool add_header(struct ctl_http *h, const char *text)
{
    struct curl_slist *longer = curl_slist_append(h->headers, text);
    if (longer) h->headers = longer;
    return longer != NULL;
}

/* Called about once a second at least. */
static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)arg, (void)a, (void)b, (void)c, (void)d;
    return ctl_stop_asked();
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct nr_buf *body = arg;
    nr_buf_add(body, data, size * count);
    return body->err ? 0 : size * count;
}

static bool set_up(struct ctl_http *h)
{
    CURL *c = h->curl;
    return curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERAGENT, "nodectl/" NR_VERSION) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTPHEADER, h->headers) == CURLE_OK;
}

int ctl_http_new(struct ctl_http **out, const char *key_file, char why[static CTL_HTTP_WORDS])
{
    char key[KEY_MAX];
    struct ctl_http *h = calloc(1, sizeof *h);
    int err = NR_E_NOMEM;
    snprintf(why, CTL_HTTP_WORDS, "%s", nr_strerror(err));
    if (!h || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) goto out;
    h->curl = curl_easy_init();
    /* The empty one keeps curl from asking before it sends a body. */
    bool ok = h->curl && add_header(h, "Content-Type: application/json") && add_header(h, "Accept: application/json") &&
              add_header(h, "Expect:");
    if (!ok) goto out;
    err = key_file ? read_key(key_file, key, why) : 0;
    if (!err && key_file && !add_header(h, key)) err = NR_E_NOMEM;
    if (!err && !set_up(h)) err = NR_E_NOMEM;
out:
    nr_wipe(key, sizeof key);
    if (err) {
        ctl_http_free(h);
        return err;
    }
    *out = h;
    return 0;
}

void ctl_http_free(struct ctl_http *h)
{
    if (!h) return;
    for (struct curl_slist *s = h->headers; s; s = s->next) nr_wipe(s->data, strlen(s->data));
    curl_slist_free_all(h->headers);
    curl_easy_cleanup(h->curl);
    free(h);
}

static bool has_part(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK && *text;
    curl_free(text);
    return has;
}

const char *ctl_http_url_fault(const char *url)
{
    CURLU *u = curl_url();
    const char *why = NULL;
    bool http = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    if (!http || !u || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK || !has_part(u, CURLUPART_HOST))
        why = "expected a URL such as http://registry.example:9205";
    else if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
        why = "a URL must not hold a password: everybody on the machine can read it. --key FILE shows a key";
    else if (has_part(u, CURLUPART_QUERY) || has_part(u, CURLUPART_FRAGMENT))
        why = "expected the address of the registry, without ? or #";
    curl_url_cleanup(u);
    return why;
}

static void say_trouble(const struct ctl_http *h, CURLcode code, const struct nr_buf *body, int timeout_ms,
                        struct ctl_http_answer *out)
{
    if (body->err == NR_E_TOO_LARGE)
        snprintf(out->trouble, sizeof out->trouble, "its answer is larger than %d bytes", CTL_HTTP_ANSWER_MAX);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        snprintf(out->trouble, sizeof out->trouble, "no answer within %d s", timeout_ms / 1000);
    else
        snprintf(out->trouble, sizeof out->trouble, "%s", *h->error ? h->error : curl_easy_strerror(code));
}

int ctl_http_post(struct ctl_http *h, const char *url, struct nr_bytes json, int timeout_ms,
                  struct ctl_http_answer *out)
{
    struct nr_buf body;
    long status = 0;
    char *location = NULL;
    *out = (struct ctl_http_answer){ 0 };
    *h->error = '\0';
    nr_buf_init(&body, CTL_HTTP_ANSWER_MAX);
    CURLcode code = curl_easy_setopt(h->curl, CURLOPT_URL, url);
    if (code == CURLE_OK) code = curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)json.len);
    if (code == CURLE_OK) code = curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, json.data);
    if (code == CURLE_OK) code = curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    if (code == CURLE_OK) code = curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, &body);
    if (code == CURLE_OK) code = curl_easy_perform(h->curl);
    if (code == CURLE_OK) {
        (void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &location);
        out->status = (int)status;
        if (location) snprintf(out->location, sizeof out->location, "%s", location);
        if (body.len > 0) out->json = json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
    } else {
        say_trouble(h, code, &body, timeout_ms, out);
    }
    nr_buf_fini(&body);
    return code == CURLE_OK ? 0 : NR_E_UNAVAILABLE;
}

void ctl_http_answer_fini(struct ctl_http_answer *a)
{
    json_decref(a->json);
    *a = (struct ctl_http_answer){ 0 };
}
