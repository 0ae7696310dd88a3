#include "nodeprobe/fetch.h"

#include <curl/curl.h>
#include <errno.h>

#define HEADERS_MAX 65536
#define PROTOCOLS   "http,https"

static size_t take_body(char *data, size_t one, size_t count, void *body)
{
    struct nr_buf *b = body;
    nr_buf_add(b, data, one * count);
    return b->err ? 0 : one * count;
}

static size_t count_headers(char *data, size_t one, size_t count, void *total)
{
    size_t *sum = total;
    (void)data;
    *sum += one * count;
    return *sum > HEADERS_MAX ? 0 : one * count;
}

static bool prepare(CURL *c, const char *url, const char *unix_socket, long timeout_ms)
{
    return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, PROTOCOLS) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, unix_socket) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERAGENT, "nodeprobe/" NR_VERSION) == CURLE_OK;
}

static int err_of(CURL *c, CURLcode code, const struct nr_buf *body)
{
    long number = 0;
    switch (code) {
    case CURLE_OK: return 0;
    case CURLE_COULDNT_CONNECT:
        curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &number);
        return number == EACCES || number == EPERM ? NR_E_DENIED : NR_E_NOT_FOUND;
    case CURLE_COULDNT_RESOLVE_HOST: return NR_E_NOT_FOUND;
    case CURLE_OPERATION_TIMEDOUT: return NR_E_TIMEOUT;
    case CURLE_OUT_OF_MEMORY: return NR_E_NOMEM;
    default: return body->err ? body->err : NR_E_INVALID;
    }
}

int fetch_ask(const char *url, const char *unix_socket, long timeout_ms, struct nr_buf *body, struct fetched *out)
{
    size_t headers = 0;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    CURL *c = curl_easy_init();
    *out = (struct fetched){ 0 };
    if (c && prepare(c, url, unix_socket, timeout_ms) &&
        curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
        curl_easy_setopt(c, CURLOPT_WRITEDATA, body) == CURLE_OK &&
        curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, count_headers) == CURLE_OK &&
        curl_easy_setopt(c, CURLOPT_HEADERDATA, &headers) == CURLE_OK) {
        code = curl_easy_perform(c);
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
    }
    int err = err_of(c, code, body);
    out->why = curl_easy_strerror(code);
    curl_easy_cleanup(c);
    return err;
}

int fetch_get(const char *url, const char *unix_socket, long timeout_ms, struct nr_buf *body)
{
    struct fetched got;
    int err = fetch_ask(url, unix_socket, timeout_ms, body, &got);
    return !err && got.status != 200 ? NR_E_NOT_FOUND : err;
}
