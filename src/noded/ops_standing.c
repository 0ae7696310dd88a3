/* Why a node has its status: what this peer alone knows of it. */
#include "noded/ops.h"
#include "proto/mp.h"
#include "proto/record.h"

static_assert(NR_VERDICT_RANKS <= 15, "the array's head is one byte");

/* An observer speaks up only when it no longer hears the node; this peer knows of itself that it does. */
static const char *says(const struct nr_standing *s, const struct nr_standing_observer *o)
{
    if (o->counted) return "gone";
    return o->self && s->watches && !s->doubts ? "hears" : NULL;
}

static void add_observer(struct nr_buf *list, const struct nr_standing *s, size_t i)
{
    const struct nr_standing_observer *o = &s->observers[i];
    struct nr_control_writer w;
    struct nr_buf scratch;
    nr_buf_init(&scratch, 0);
    nr_control_begin(&w, &scratch);
    nr_control_bin(&w, "key", nr_bytes(o->key, NR_KEY_SIZE));
    nr_control_uint(&w, "rank", i + 1);
    nr_control_bool(&w, "observes", i < s->observing);
    nr_control_cstr(&w, "says", says(s, o));
    if (o->counted) nr_control_uint(&w, "since", (uint64_t)o->since_ms);
    struct nr_bytes item = ops_end_map(&w, &scratch);
    nr_buf_add(list, item.data, item.len);
    nr_buf_fini(&scratch);
}

static void put_observers(struct request *q, const struct nr_standing *s)
{
    struct nr_buf list;
    uint8_t head = (uint8_t)(0x90 | s->observer_count);
    nr_buf_init(&list, 0);
    nr_buf_add(&list, &head, 1);
    for (size_t i = 0; i < s->observer_count; i++) add_observer(&list, s, i);
    if (!list.err) nr_control_item(q->reply, "observers", nr_buf_bytes(&list));
    nr_buf_fini(&list);
}

int op_standing(struct request *q)
{
    struct nr_bytes node_id;
    struct nr_standing s;
    if (!request_node_id(q->map, &node_id, &q->faults)) return NR_E_INVALID;
    int err = nr_core_standing(q->o->core, q->now, node_id, &s);
    if (err) return err;
    nr_control_uint(q->reply, "observing", s.observing);
    nr_control_uint(q->reply, "quorum", s.quorum);
    nr_control_uint(q->reply, "against", s.counted);
    if (s.gone) nr_control_uint(q->reply, "gone_until", (uint64_t)s.until_ms);
    if (s.heard_us >= 0) nr_control_uint(q->reply, "heard_ms_ago", (uint64_t)(q->now.mono_us - s.heard_us) / 1000);
    if (s.has_via) nr_control_bin(q->reply, "heard_through", nr_bytes(s.via, NR_KEY_SIZE));
    if (s.has_offset) nr_control_int(q->reply, "clock_offset_ms", s.clock_offset_ms);
    put_observers(q, &s);
    return 0;
}
