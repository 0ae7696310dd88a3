#include "conf/hostport.h"

#include "base/addr.h"

static bool name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

/* A name has a letter: what is only digits and dots is a mistyped IPv4 address. */
static bool name_valid(struct nr_bytes host)
{
    bool letter = false;
    for (size_t i = 0; i < host.len; i++) {
        if (!name_char(host.data[i])) return false;
        if (host.data[i] == '.' && (i == 0 || host.data[i - 1] == '.')) return false;
        letter |= host.data[i] != '.' && (host.data[i] < '0' || host.data[i] > '9');
    }
    return letter;
}

static bool port_parse(struct nr_bytes text, uint16_t *out)
{
    uint32_t port = 0;
    if (text.len == 0 || text.len > 5) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        port = port * 10 + (uint32_t)(text.data[i] - '0');
    }
    *out = (uint16_t)port;
    return port <= UINT16_MAX;
}

static bool has_colon(struct nr_bytes s)
{
    return s.len && memchr(s.data, ':', s.len);
}

int nr_hostport_parse(struct nr_bytes text, struct nr_hostport *out)
{
    struct nr_hostport hp = { 0 };
    size_t at = text.len;
    while (at > 0 && text.data[at - 1] != ':') at--;
    if (at == 0) return NR_E_INVALID;
    struct nr_bytes host = nr_bytes(text.data, at - 1);
    if (!port_parse(nr_bytes(text.data + at, text.len - at), &hp.port)) return NR_E_INVALID;

    bool brackets = host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    if (brackets) host = nr_bytes(host.data + 1, host.len - 2);
    if (host.len == 0 || host.len > NR_HOST_MAX || has_colon(host) != brackets) return NR_E_INVALID;
    hp.numeric = nr_ip_valid(host);
    if (!hp.numeric && (brackets || !name_valid(host))) return NR_E_INVALID;
    memcpy(hp.host, host.data, host.len);
    *out = hp;
    return 0;
}
