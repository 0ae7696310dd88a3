#include "conf/url.h"

static bool takes_prefix(struct nr_bytes *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || memcmp(text->data, prefix, len) != 0) return false;
    *text = nr_bytes(text->data + len, text->len - len);
    return true;
}

static bool bytes_valid(struct nr_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\' || c == '"' || c == '<' || c == '>') return false;
    }
    return true;
}

/* Where the authority ends: at the first byte of a path or query. */
static size_t authority_len(struct nr_bytes text)
{
    size_t n = 0;
    while (n < text.len && text.data[n] != '/' && text.data[n] != '?') n++;
    return n;
}

/* Whether a port stands behind the host: a colon outside of brackets. */
static bool has_port(struct nr_bytes authority)
{
    for (size_t i = authority.len; i > 0; i--) {
        if (authority.data[i - 1] == ':') return true;
        if (authority.data[i - 1] == ']') return false;
    }
    return false;
}

static int authority_parse(struct nr_bytes text, uint16_t default_port, struct nr_hostport *out)
{
    char whole[NR_HOST_MAX + 16];
    if (text.len > NR_HOST_MAX + 8) return NR_E_INVALID;
    memcpy(whole, text.data, text.len);
    size_t len = text.len;
    if (!has_port(text)) {
        memcpy(whole + len, ":1", 2);
        len += 2;
    }
    int err = nr_hostport_parse(nr_bytes(whole, len), out);
    if (err) return err;
    if (!has_port(text)) out->port = default_port;
    return out->port == 0 ? NR_E_INVALID : 0;
}

int nr_url_parse(struct nr_bytes text, struct nr_url *out)
{
    struct nr_url url = { .tls = false };
    if (text.len > NR_URL_MAX || !bytes_valid(text)) return NR_E_INVALID;
    if (!takes_prefix(&text, "http://")) {
        if (!takes_prefix(&text, "https://")) return NR_E_INVALID;
        url.tls = true;
    }
    size_t len = authority_len(text);
    int err = authority_parse(nr_bytes(text.data, len), url.tls ? 443 : 80, &url.at);
    if (err) return err;
    url.path = nr_bytes(text.data + len, text.len - len);
    *out = url;
    return 0;
}
