/* noded's answer to `standing` (proto/CONTROL.md). It comes from the daemon of this machine, perhaps of another
 * version: what is absent is not known, what is of another type makes the answer none. */
#include <string.h>

#include "nr/standing_parts.h"
#include "proto/control.h"
#include "proto/mp.h"
#include "proto/record.h"

static int take_count(const struct nr_control_map *m, const char *name, uint32_t *out)
{
    uint64_t v = 0;
    if (nr_control_get_uint(m, name, &v) < 0 || v > UINT32_MAX) return NR_E_INVALID;
    *out = (uint32_t)v;
    return 0;
}

/* Those who do not observe count only with a VERDICT; else they are left out. */
static int take_observer(struct nr_node_standing *s, struct nr_bytes item)
{
    struct nr_control_map m;
    struct nr_bytes key, says = { 0 };
    uint64_t since = 0;
    bool observes = false;
    struct nr_observer o = { 0 };
    int err = nr_control_parse(item, &m);
    if (!err) err = take_count(&m, "rank", &o.rank);
    if (err) return err;
    if (nr_control_get_bin(&m, "key", &key) != 1 || key.len != NR_KEY_SIZE) return NR_E_INVALID;
    if (nr_control_get_bool(&m, "observes", &observes) < 0 || nr_control_get_str(&m, "says", &says) < 0 ||
        nr_control_get_uint(&m, "since", &since) < 0 || since > (uint64_t)NR_STAMP_MAX_MS) {
        return NR_E_INVALID;
    }
    memcpy(o.key, key.data, NR_KEY_SIZE);
    if (nr_bytes_eq(says, nr_bytes_str("gone"))) o.says = NR_SAYS_GONE;
    if (nr_bytes_eq(says, nr_bytes_str("hears"))) o.says = NR_SAYS_HEARS;
    o.since_ms = (int64_t)since;
    if (observes || o.says == NR_SAYS_GONE) s->observers[s->observer_count++] = o;
    return 0;
}

static int take_observers(struct nr_node_standing *s, const struct nr_control_map *m)
{
    struct nr_bytes list;
    struct nr_reader r;
    int err = 0;
    if (!nr_control_get(m, "observers", &list)) return 0;
    nr_reader_init(&r, list);
    uint32_t n = nr_mp_read_array(&r);
    if (r.err || n > NR_STANDING_OBSERVERS_MAX) return NR_E_INVALID;
    for (; n > 0 && !err; n--) err = take_observer(s, nr_mp_skip(&r, NR_DEPTH_MAX, false));
    return err ? err : nr_reader_end(&r);
}

int nr_standing_reply(struct nr_node_standing *s, struct nr_bytes reply, struct nr_bytes *through)
{
    struct nr_control_map m;
    uint64_t heard_ms_ago;
    int err = nr_control_parse(reply, &m);
    if (err) return NR_E_INVALID;
    int heard = nr_control_get_uint(&m, "heard_ms_ago", &heard_ms_ago);
    int offset = nr_control_get_int(&m, "clock_offset_ms", &s->clock_offset_ms);
    if (heard < 0 || offset < 0 || nr_control_get_bin(&m, "heard_through", through) < 0) return NR_E_INVALID;
    if (heard && heard_ms_ago <= INT64_MAX) s->heard_ms_ago = (int64_t)heard_ms_ago;
    s->has_clock_offset = offset == 1;
    s->noded_told = true;
    err = take_count(&m, "observing", &s->observing);
    if (!err) err = take_count(&m, "quorum", &s->quorum);
    if (!err) err = take_count(&m, "against", &s->against);
    return err ? err : take_observers(s, &m);
}
