/* noded's counters: whatever it sends is shown, with the words of core/stats.h where they are known. */
#include <stdio.h>

#include "core/stats.h"
#include "nodehttpd/exposition.h"
#include "nodehttpd/prometheus.h"
#include "proto/mp.h"

#define NAME_MAX_BYTES 64

static const char *help_of(struct nr_bytes name)
{
    static const struct {
        const char *name, *help;
    } known[] = {
#define X(name, help) { #name, help },
        NR_CORE_COUNTERS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (nr_bytes_eq(name, nr_bytes_str(known[i].name))) return known[i].help;
    return "counted by noded";
}

static bool is_name(struct nr_bytes s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] != '_' && (s.data[i] < 'a' || s.data[i] > 'z') && (s.data[i] < '0' || s.data[i] > '9'))
            return false;
    return s.len > 0 && s.len <= NAME_MAX_BYTES;
}

static void expose_counters(struct nr_buf *out, struct nr_bytes item)
{
    char name[NAME_MAX_BYTES + 32];
    struct nr_reader r;
    nr_reader_init(&r, item);
    uint32_t count = nr_mp_read_map(&r);
    for (uint32_t i = 0; i < count && !r.err; i++) {
        struct nr_bytes key = nr_mp_read_str(&r);
        uint64_t value = nr_mp_read_uint(&r);
        if (r.err || !is_name(key)) continue;
        snprintf(name, sizeof name, "dagi_noded_%.*s_total", (int)key.len, (const char *)key.data);
        expose_one(out, name, "counter", help_of(key), value);
    }
}

static void expose_messages(struct nr_buf *out, struct nr_bytes item, const char *name, const char *help,
                            const char *const members[2])
{
    char labels[NAME_MAX_BYTES + 48];
    struct nr_reader r;
    nr_reader_init(&r, item);
    uint32_t count = nr_mp_read_map(&r);
    expose_family(out, name, "counter", help);
    for (uint32_t i = 0; i < count && !r.err; i++) {
        struct nr_bytes key = nr_mp_read_str(&r);
        struct nr_control_map m;
        if (nr_control_parse(nr_mp_skip(&r, NR_DEPTH_MAX, false), &m) || !is_name(key)) continue;
        for (int way = 0; way < 2; way++) {
            uint64_t value;
            if (nr_control_get_uint(&m, members[way], &value) != 1) continue;
            snprintf(labels, sizeof labels, "type=\"%.*s\",direction=\"%s\"", (int)key.len, (const char *)key.data,
                     way ? "out" : "in");
            expose_uint(out, name, labels, value);
        }
    }
}

void expose_noded(struct nr_buf *out, const struct nr_control_map *stats)
{
    struct nr_bytes item;
    if (nr_control_get(stats, "counters", &item)) expose_counters(out, item);
    if (!nr_control_get(stats, "messages", &item)) return;
    expose_messages(out, item, "dagi_noded_messages_total", "protocol messages", (const char *const[]){ "in", "out" });
    expose_messages(out, item, "dagi_noded_message_bytes_total", "bytes of protocol messages",
                    (const char *const[]){ "bytes_in", "bytes_out" });
}
