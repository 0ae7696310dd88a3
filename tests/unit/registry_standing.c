/* libnr: why a node has its status, from the store and from noded's answer. */
#include <nr/standing.h>

#include "base/json.h"
#include "nr/standing_parts.h"
#include "nr_test.h"
#include "proto/control.h"
#include "proto/mp.h"
#include "registry_fixture.h"

static struct made *make_verdict(int who, const char *node_id, int of, int64_t ms, int64_t since_ms)
{
    uint8_t body[64], key[NR_KEY_SIZE];
    struct nr_writer w;
    public_key(of, key);
    nr_writer_init(&w, body, sizeof body);
    nr_mp_write_map(&w, 2);
    nr_mp_write_cstr(&w, "key");
    nr_mp_write_bin(&w, nr_bytes(key, sizeof key));
    nr_mp_write_cstr(&w, "since");
    nr_mp_write_uint(&w, (uint64_t)since_ms);
    return make_record(NR_KIND_VERDICT, who, node_id, ms, 900, nr_writer_bytes(&w));
}

/* n1 to n4 speak for themselves with the keys 11 to 14; the key 15 speaks for "spoken". */
static void peers(struct nr_store *s)
{
    static const char *const ids[] = { "n1", "n2", "n3", "n4" };
    for (int i = 0; i < 4; i++) {
        say(s, make_node(11 + i, ids[i], T0, &(struct node_say){ .self = true }), T0);
        say(s, make_beat(11 + i, ids[i], T0, 10000), T0);
    }
    say(s, make_node(15, "spoken", T0, &(struct node_say){ .state = NR_STATE_MAINTENANCE }), T0);
    say(s, make_node(15, "resting", T0, &(struct node_say){ .state = NR_STATE_DRAINING, .self = true }), T0);
    say(s, make_node(15, "given-up", T0, &(struct node_say){ .state = NR_STATE_OFFLINE }), T0);
    say(s, make_node(15, "unwell", T0, &(struct node_say){ .state = NR_STATE_DEGRADED }), T0);
    say(s, make_node(15, "plain", T0, &(struct node_say){ 0 }), T0);
}

static void gone(struct nr_store *s)
{
    peers(s);
    say(s, make_verdict(12, "n1", 11, T0 + 5000, T0 + 2000), T0);
    say(s, make_verdict(13, "n1", 11, T0 + 6000, T0 + 3000), T0);
    say(s, make_verdict(14, "n1", 11, T0 - 1, T0 - 2), T0);       /* the node has said something since */
    say(s, make_verdict(19, "n1", 12, T0 + 5000, T0 + 2000), T0); /* about another key */
    say(s, make_verdict(13, "n2", 12, T0 + 5000, T0 - 172800000), T0);
    uint8_t key[NR_KEY_SIZE];
    public_key(11, key);
    assert_int_equal(nr_store_judge(s, nr_bytes_str("n1"), key, T0 + 905000), 0);
}

static struct nr_node_standing read_at(struct place *p, const char *node_id, int64_t at_ms, const struct nr_buf *reply)
{
    struct nr_node_standing s;
    assert_int_equal(nr_standing_read(p->snapshot, node_id, strlen(node_id), at_ms, reply ? reply->data + 4 : NULL,
                                      reply ? reply->len - 4 : 0, &s),
                     0);
    return s;
}

static void assert_why(struct place *p, const char *node_id, int64_t at_ms, const char *want)
{
    assert_string_equal(read_at(p, node_id, at_ms, NULL).why, want);
}

/* Each status has its sentence, and the store alone is enough for it. */
static void sentences(void **state)
{
    struct place *p = *state;
    struct nr_node_standing s;
    in_writer(p->dir, peers);
    open_place(p);
    assert_why(p, "n1", T0 + 4000, "heartbeat 4 s ago");
    assert_why(p, "n1", T0 + 45000, "last heartbeat 45 s ago, more than 30 s: 3 missed of its interval of 10 s");
    assert_why(p, "plain", T0 + 95000, "last heartbeat 95 s ago, more than 90 s");
    assert_why(p, "n1", T0 + 412000, "last heartbeat 412 s ago, more than 300 s");
    assert_why(p, "n1", T0 + 660000, "last heartbeat 11 min ago, more than 300 s");
    assert_why(p, "n1", T0 - 660000, "heartbeat 0 s ago");
    assert_why(p, "spoken", T0 + 4000, "declared maintenance by its sponsor");
    assert_why(p, "resting", T0 + 4000, "declared draining by itself");
    assert_why(p, "given-up", T0 + 4000, "declared offline by its sponsor");
    assert_why(p, "unwell", T0 + 4000, "declared degraded by its sponsor");
    assert_int_equal(nr_standing_read(p->snapshot, "nobody", 6, T0, NULL, 0, &s), NR_ERR_NOT_FOUND);
    assert_int_equal(nr_standing_read(p->snapshot, "n1", 2, T0 + 400000000, NULL, 0, &s), NR_ERR_NOT_FOUND);
}

/* Without noded the VERDICTs that count name who no longer hears the node, and since when none of them does. */
static void verdicts(void **state)
{
    struct place *p = *state;
    in_writer(p->dir, gone);
    open_place(p);
    struct nr_node_standing s = read_at(p, "n1", T0 + 9000, NULL);
    assert_int_equal(s.node.status, NR_NODE_OFFLINE);
    assert_string_equal(s.why, "2 observers have not heard it since 11:06:43 UTC");
    assert_true(s.observer_count == 2 && s.against == 2 && !s.noded_told && s.gone_until_ms == T0 + 905000);
    for (uint32_t i = 0; i < 2; i++) {
        const struct nr_observer *o = &s.observers[i];
        assert_true(o->says == NR_SAYS_GONE && o->rank == 0);
        assert_true(text_is(o->node_id, o->since_ms == T0 + 2000 ? "n2" : "n3"));
    }
    assert_why(p, "n1", T0 + 1000000, "last heartbeat 16 min ago, more than 300 s"); /* their word has ended */
    assert_why(p, "n2", T0 + 9000, "heartbeat 9 s ago; 1 observer has not heard it since 2026-11-16 11:06:40 UTC");
}

static void observer(struct nr_buf *out, int who, unsigned rank, bool observes, const char *says, int64_t since_ms)
{
    struct nr_control_writer w;
    struct nr_buf frame;
    uint8_t key[NR_KEY_SIZE];
    public_key(who, key);
    nr_buf_init(&frame, 0);
    nr_control_begin(&w, &frame);
    nr_control_bin(&w, "key", nr_bytes(key, sizeof key));
    nr_control_uint(&w, "rank", rank);
    nr_control_bool(&w, "observes", observes);
    nr_control_cstr(&w, "says", says);
    if (since_ms) nr_control_uint(&w, "since", (uint64_t)since_ms);
    assert_int_equal(nr_control_end(&w), 0);
    nr_buf_add(out, frame.data + 4, frame.len - 4);
    nr_buf_fini(&frame);
}

static void make_reply(struct nr_buf *out, uint8_t observers)
{
    struct nr_control_writer w;
    struct nr_buf list;
    uint8_t head = (uint8_t)(0x90 | observers), key[NR_KEY_SIZE];
    public_key(14, key);
    nr_buf_init(out, 0);
    nr_buf_init(&list, 0);
    nr_buf_add(&list, &head, 1);
    for (int i = 0; i < observers; i++)
        observer(&list, 12 + i, (unsigned)i + 1, i < 3, i == 1 ? "gone" : i >= 2 ? "hears" : NULL, i == 1 ? T0 : 0);
    nr_control_begin(&w, out);
    nr_control_uint(&w, "heard_ms_ago", 1500);
    nr_control_int(&w, "clock_offset_ms", -7);
    nr_control_bin(&w, "heard_through", nr_bytes(key, sizeof key));
    nr_control_uint(&w, "observing", 3);
    nr_control_uint(&w, "quorum", 2);
    nr_control_uint(&w, "against", 1);
    nr_control_item(&w, "observers", nr_buf_bytes(&list));
    assert_int_equal(nr_control_end(&w), 0);
    nr_buf_fini(&list);
}

/* What noded adds is taken over, its keys get their names, and who neither observes nor speaks is left out. */
static void told_by_noded(void **state)
{
    struct place *p = *state;
    struct nr_buf reply, text;
    struct nr_json j;
    in_writer(p->dir, peers);
    open_place(p);
    make_reply(&reply, 4);
    struct nr_node_standing s = read_at(p, "n1", T0 + 4000, &reply);
    assert_true(s.noded_told && s.heard_ms_ago == 1500 && s.has_clock_offset && s.clock_offset_ms == -7);
    nr_buf_init(&text, 0);
    nr_json_init(&j, &text);
    nr_standing_json(&j, &s);
    nr_buf_add(&text, "", 1);
    assert_string_equal(
        (const char *)text.data,
        "{\"node_id\":\"n1\",\"status\":\"online\","
        "\"why\":\"heartbeat 4 s ago; 1 of 3 observers has not heard it since 11:06:40 UTC\","
        "\"last_heartbeat\":\"2026-11-18T11:06:40.000Z\",\"interval\":10,\"heard_directly\":1.5,\"heard_through\":"
        "\"n4\","
        "\"clock_offset_ms\":-7,\"observers\":[{\"node_id\":\"n2\",\"rank\":1,\"says\":null,\"since\":null},"
        "{\"node_id\":\"n3\",\"rank\":2,\"says\":\"gone\",\"since\":\"2026-11-18T11:06:40.000Z\"},"
        "{\"node_id\":\"n4\",\"rank\":3,\"says\":\"hears\",\"since\":null}],\"quorum\":2,\"against\":1}");
    nr_buf_fini(&text);
    nr_buf_fini(&reply);
}

/* An answer that is none changes nothing: cut off, of another shape, with more observers than there can be. */
static void no_answer(void **state)
{
    struct place *p = *state;
    struct nr_buf reply;
    struct nr_node_standing s = { .observing = 77 };
    in_writer(p->dir, peers);
    open_place(p);
    make_reply(&reply, 4);
    for (size_t cut = 5; cut < reply.len; cut++) {
        assert_int_equal(nr_standing_read(p->snapshot, "n1", 2, T0, reply.data + 4, cut - 4, &s), NR_ERR_INVALID);
    }
    nr_buf_fini(&reply);
    make_reply(&reply, 9);
    assert_int_equal(nr_standing_read(p->snapshot, "n1", 2, T0, reply.data + 4, reply.len - 4, &s), NR_ERR_INVALID);
    nr_buf_fini(&reply);
    static const uint8_t wrong[] = { 0x81, 0xa6, 'q', 'u', 'o', 'r', 'u', 'm', 0xa1, '2' };
    assert_int_equal(nr_standing_read(p->snapshot, "n1", 2, T0, wrong, sizeof wrong, &s), NR_ERR_INVALID);
    assert_int_equal(s.observing, 77);
}

#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = { T(sentences), T(verdicts), T(told_by_noded), T(no_answer) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
