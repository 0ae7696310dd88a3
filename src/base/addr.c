#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/assert.h"

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool nr_addr_eq(const struct nr_addr *a, const struct nr_addr *b)
{
    return a->family == b->family && a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool nr_addr_is_any(const struct nr_addr *a)
{
    static const uint8_t zero[16];
    return a->family != 0 && memcmp(a->ip, zero, sizeof zero) == 0;
}

bool nr_addr_is_loopback(const struct nr_addr *a)
{
    static const uint8_t one[16] = { [15] = 1 };
    return a->family == 4 ? a->ip[0] == 127 : a->family == 6 && memcmp(a->ip, one, sizeof one) == 0;
}

bool nr_addr_is_unicast(const struct nr_addr *a)
{
    static const uint8_t broadcast[4] = { 255, 255, 255, 255 };
    if (a->port == 0 || nr_addr_is_any(a)) return false;
    if (a->family == 6) return a->ip[0] != 0xff;
    if (a->family != 4) return false;
    bool multicast = a->ip[0] >> 4 == 14;
    bool this_network = a->ip[0] == 0; /* 0.0.0.0/8, RFC 1122 3.2.1.3 */
    return !multicast && !this_network && memcmp(a->ip, broadcast, 4) != 0;
}

static void normalise(struct nr_addr *a)
{
    if (a->family != 6 || memcmp(a->ip, mapped, sizeof mapped) != 0) return;
    a->family = 4;
    memcpy(a->ip, a->ip + 12, 4);
    memset(a->ip + 4, 0, 12);
}

static bool ip_parse(struct nr_bytes text, bool six, struct nr_addr *out)
{
    char s[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof s || memchr(text.data, 0, text.len)) return false;
    memcpy(s, text.data, text.len);
    s[text.len] = 0;
    *out = (struct nr_addr){ .family = six ? 6 : 4 };
    if (inet_pton(six ? AF_INET6 : AF_INET, s, out->ip) != 1) return false;
    normalise(out);
    return true;
}

static bool port_parse(struct nr_bytes text, uint16_t *out)
{
    uint32_t v = 0;
    if (text.len == 0 || text.len > 5 || text.data[0] == '0') return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        v = v * 10 + (uint32_t)(text.data[i] - '0');
    }
    *out = (uint16_t)v;
    return v <= UINT16_MAX;
}

int nr_addr_parse(struct nr_bytes text, struct nr_addr *out)
{
    struct nr_addr a;
    *out = (struct nr_addr){ 0 };
    if (text.len == 0) return NR_E_INVALID;
    bool six = text.data[0] == '[';
    const uint8_t *host_end = memchr(text.data, six ? ']' : ':', text.len);
    if (!host_end) return NR_E_INVALID;
    size_t at = (size_t)(host_end - text.data) + six; /* of the colon */
    if (at >= text.len || text.data[at] != ':') return NR_E_INVALID;
    struct nr_bytes host = nr_bytes(text.data + six, (size_t)(host_end - text.data) - six);
    if (!ip_parse(host, six, &a)) return NR_E_INVALID;
    if (!port_parse(nr_bytes(text.data + at + 1, text.len - at - 1), &a.port)) return NR_E_INVALID;
    *out = a;
    return 0;
}

void nr_addr_format_ip(const struct nr_addr *a, char out[static NR_ADDR_TEXT])
{
    if (a->family == 4 || a->family == 6)
        nr_assert(inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->ip, out, NR_ADDR_TEXT));
    else
        snprintf(out, NR_ADDR_TEXT, "none");
}

void nr_addr_format(const struct nr_addr *a, char out[static NR_ADDR_TEXT])
{
    char ip[NR_ADDR_TEXT];
    nr_addr_format_ip(a, ip);
    if (a->family == 4 || a->family == 6)
        snprintf(out, NR_ADDR_TEXT, a->family == 6 ? "[%.45s]:%u" : "%.45s:%u", ip, (unsigned)a->port);
    else
        snprintf(out, NR_ADDR_TEXT, "%s", ip);
}

void nr_addr_to_wire(const struct nr_addr *a, uint8_t out[static NR_ADDR_WIRE])
{
    nr_assert(a->family == 4 || a->family == 6);
    out[0] = a->family;
    memcpy(out + 1, a->ip, sizeof a->ip);
    out[17] = (uint8_t)(a->port >> 8);
    out[18] = (uint8_t)a->port;
}

int nr_addr_from_wire(const uint8_t in[static NR_ADDR_WIRE], struct nr_addr *out)
{
    static const uint8_t zero[12];
    *out = (struct nr_addr){ 0 };
    if (in[0] != 4 && in[0] != 6) return NR_E_INVALID;
    if (in[0] == 4 && memcmp(in + 5, zero, sizeof zero) != 0) return NR_E_INVALID;
    out->family = in[0];
    memcpy(out->ip, in + 1, sizeof out->ip);
    out->port = (uint16_t)(in[17] << 8 | in[18]);
    normalise(out);
    return 0;
}

bool nr_ip_valid(struct nr_bytes text)
{
    struct nr_addr a;
    return ip_parse(text, false, &a) || ip_parse(text, true, &a);
}
