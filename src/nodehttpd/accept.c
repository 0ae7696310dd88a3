#include "nodehttpd/accept.h"

#include <string.h>
#include <strings.h>

#include "base/bytes.h"

#define WEIGHT_ONE 1000 /* weights have three digits behind the point */

static struct nr_bytes trim(struct nr_bytes s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t')) s = nr_bytes(s.data + 1, s.len - 1);
    while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t')) s.len--;
    return s;
}

/* What stands before the next `sep`, trimmed; *rest moves behind it. */
static struct nr_bytes cut(struct nr_bytes *rest, char sep)
{
    const uint8_t *at = rest->len ? memchr(rest->data, sep, rest->len) : NULL;
    size_t len = at ? (size_t)(at - rest->data) : rest->len;
    struct nr_bytes part = nr_bytes(rest->data, len);
    *rest = at ? nr_bytes(at + 1, rest->len - len - 1) : nr_bytes(NULL, 0);
    return trim(part);
}

static bool is_word(struct nr_bytes s, const char *word)
{
    return s.len == strlen(word) && strncasecmp((const char *)s.data, word, s.len) == 0;
}

/* "0.75" is 750. What is no weight counts as 1, as if it were not there. */
static int weight_of(struct nr_bytes s)
{
    int weight = 0, digit = WEIGHT_ONE;
    for (size_t i = 0; i < s.len && i < 5; i++) {
        if (i == 1 && s.data[i] == '.') continue;
        if (s.data[i] < '0' || s.data[i] > '9') return WEIGHT_ONE;
        weight += (s.data[i] - '0') * digit;
        digit /= 10;
    }
    return s.len && weight <= WEIGHT_ONE ? weight : WEIGHT_ONE;
}

/* One element of the list. A later one of the same type counts only when it weighs more (versions of OpenMetrics). */
static void weigh(struct nr_bytes element, int *text, int *open)
{
    int weight = WEIGHT_ONE;
    struct nr_bytes type = cut(&element, ';');
    while (element.len) {
        struct nr_bytes value = cut(&element, ';'), name = cut(&value, '=');
        if (is_word(name, "q")) weight = weight_of(trim(value));
    }
    if (is_word(type, "text/plain") && weight > *text) *text = weight;
    if (is_word(type, "application/openmetrics-text") && weight > *open) *open = weight;
}

enum metrics_form accept_form(const struct nr_http_request *req)
{
    int text = 0, open = 0;
    for (size_t i = 0; i < req->header_count; i++) {
        if (!is_word(req->headers[i].name, "accept")) continue;
        struct nr_bytes list = req->headers[i].value;
        while (list.len) weigh(cut(&list, ','), &text, &open);
    }
    if (open && open >= text) return METRICS_OPEN;
    return text ? METRICS_TEXT : METRICS_JSON;
}
