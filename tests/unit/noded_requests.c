/* Requests of the control socket: what is taken, what is refused, and that every wrong field is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "noded/requests.h"
#include "proto/mp.h"

struct fixture {
    struct nr_buf out;
    struct nr_control_writer w;
    struct nr_control_map map;
    struct faults faults;
    uint8_t scratch[65536];
    struct nr_writer item;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_int_equal(nr_crypto_init(), 0);
    nr_buf_init(&f->out, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    nr_buf_fini(&f->out);
    free(f);
    return 0;
}

static void begin(struct fixture *f)
{
    nr_buf_reset(&f->out);
    f->faults = (struct faults){ 0 };
    nr_control_begin(&f->w, &f->out);
    nr_writer_init(&f->item, f->scratch, sizeof f->scratch);
}

static void end(struct fixture *f)
{
    assert_int_equal(nr_control_end(&f->w), 0);
    assert_int_equal(nr_control_parse(nr_bytes(f->out.data + 4, f->out.len - 4), &f->map), 0);
}

static bool named(const struct fixture *f, const char *field)
{
    for (size_t i = 0; i < f->faults.count; i++) {
        if (strcmp(f->faults.list[i].field, field) == 0) return true;
    }
    return false;
}

static void put_labels(struct fixture *f, size_t count, size_t len)
{
    char label[256];
    struct nr_writer w;
    uint8_t *start = f->item.pos;
    nr_writer_init(&w, start, nr_writer_left(&f->item));
    nr_mp_write_array(&w, (uint32_t)count);
    memset(label, 'x', sizeof label);
    for (size_t i = 0; i < count; i++) {
        label[0] = (char)('a' + i % 26);
        label[1] = (char)('a' + i / 26);
        nr_mp_write_str(&w, nr_bytes(label, len));
    }
    assert_int_equal(w.err, 0);
    f->item.pos = w.pos;
    nr_control_item(&f->w, "labels", nr_writer_bytes(&w));
}

/* A map of one text of that many bytes, `len` bytes in all when it is encoded. */
static void put_object(struct fixture *f, const char *key, size_t len)
{
    struct nr_writer w;
    size_t head = len - 3 > 65535 ? 5 : len - 3 > 255 ? 3 : 2;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, 't', len);
    nr_writer_init(&w, f->item.pos, nr_writer_left(&f->item));
    nr_mp_write_map(&w, 1);
    nr_mp_write_cstr(&w, "k");
    nr_mp_write_str(&w, nr_bytes(text, len - 3 - head));
    assert_int_equal(w.err, 0);
    assert_int_equal(nr_writer_len(&w), len);
    f->item.pos = w.pos;
    nr_control_item(&f->w, key, nr_writer_bytes(&w));
    free(text);
}

static char big[512];

static struct nr_bytes text_of(size_t len)
{
    memset(big, 'b', sizeof big);
    return nr_bytes(big, len);
}

/* Each member at its limit is taken; nothing is changed on the way. */
static void register_at_its_limits(void **state)
{
    struct fixture *f = *state;
    struct register_request r;
    begin(f);
    nr_control_str(&f->w, "node_id", text_of(255));
    nr_control_str(&f->w, "hostname", text_of(255));
    nr_control_str(&f->w, "role", text_of(100));
    nr_control_cstr(&f->w, "ip", "2001:db8::1");
    put_labels(f, 64, 100);
    put_object(f, "metadata", NR_METADATA_MAX);
    end(f);
    assert_true(request_register(&f->map, &r, &f->faults));
    assert_int_equal(r.node_id.len, 255);
    assert_int_equal(r.body.hostname.len, 255);
    assert_int_equal(r.body.role.len, 100);
    assert_int_equal(r.body.label_count, 64);
    assert_int_equal(r.body.metadata.len, NR_METADATA_MAX);
    assert_int_equal(r.body.state, NR_STATE_ONLINE);
}

/* Each member one beyond its limit is refused, and all are named in one answer. */
static void register_beyond_its_limits(void **state)
{
    struct fixture *f = *state;
    struct register_request r;
    begin(f);
    nr_control_str(&f->w, "node_id", text_of(256));
    nr_control_str(&f->w, "hostname", text_of(256));
    nr_control_str(&f->w, "role", text_of(101));
    nr_control_cstr(&f->w, "ip", "2001:db8::1::");
    put_labels(f, 65, 3);
    put_object(f, "metadata", NR_METADATA_MAX + 1);
    end(f);
    assert_false(request_register(&f->map, &r, &f->faults));
    assert_int_equal(f->faults.count, 6);
    static const char *const fields[] = { "node_id", "hostname", "role", "ip", "labels", "metadata" };
    for (size_t i = 0; i < 6; i++) assert_true(named(f, fields[i]));
    begin(f);
    put_labels(f, 1, 101);
    end(f);
    assert_false(request_register(&f->map, &r, &f->faults));
    assert_int_equal(f->faults.count, 3);
    assert_true(named(f, "labels") && named(f, "hostname") && named(f, "role"));
}

/* A label given twice counts once, in the order of the first. */
static void labels_once(void **state)
{
    struct fixture *f = *state;
    struct register_request r;
    begin(f);
    nr_control_cstr(&f->w, "hostname", "h");
    nr_control_cstr(&f->w, "role", "r");
    nr_mp_write_array(&f->item, 3);
    nr_mp_write_cstr(&f->item, "b");
    nr_mp_write_cstr(&f->item, "a");
    nr_mp_write_cstr(&f->item, "b");
    nr_control_item(&f->w, "labels", nr_writer_bytes(&f->item));
    end(f);
    assert_true(request_register(&f->map, &r, &f->faults));
    assert_int_equal(r.body.label_count, 2);
    assert_true(nr_bytes_eq(r.body.labels[0], nr_bytes_str("b")));
}

static void make(struct fixture *f, const char *hostname, const char *ip, char out[static 256])
{
    struct register_request r;
    begin(f);
    nr_control_cstr(&f->w, "hostname", hostname);
    nr_control_cstr(&f->w, "ip", ip);
    nr_control_cstr(&f->w, "role", "r");
    end(f);
    assert_true(request_register(&f->map, &r, &f->faults));
    assert_true(nr_node_id_valid(r.node_id));
    memcpy(out, r.node_id.data, r.node_id.len);
    out[r.node_id.len] = '\0';
}

/* The id that is made depends on hostname and ip and on nothing else: here, and on every peer for ever. */
static void made_id(void **state)
{
    struct fixture *f = *state;
    char a[256], b[256];
    uint8_t hash[32];
    char wanted[256];
    make(f, "h\xc3\xb6st 1", "192.0.2.1", a);
    nr_hash(nr_bytes("h\xc3\xb6st 1\000192.0.2.1", 17), hash);
    snprintf(wanted, sizeof wanted, "node-h--st-1-%02x%02x%02x%02x", hash[0], hash[1], hash[2], hash[3]);
    assert_string_equal(a, wanted);
    make(f, "h\xc3\xb6st 1", NULL, b);
    assert_string_not_equal(a, b);
    memset(big, 'h', 255);
    big[255] = '\0';
    make(f, big, NULL, b);
    assert_int_equal(strlen(b), 255);
}

/* A heartbeat names a node; its status is one that can be declared. */
static void heartbeat(void **state)
{
    struct fixture *f = *state;
    struct heartbeat_request r;
    begin(f);
    nr_control_cstr(&f->w, "node_id", "n");
    nr_control_cstr(&f->w, "status", "draining");
    put_object(f, "metrics", NR_METRICS_MAX);
    end(f);
    assert_true(request_heartbeat(&f->map, &r, &f->faults));
    assert_true(r.body.has_status && r.body.status == NR_STATE_DRAINING);
    assert_int_equal(r.body.metrics.len, NR_METRICS_MAX);
    begin(f);
    nr_control_cstr(&f->w, "status", "offline");
    put_object(f, "metrics", NR_METRICS_MAX + 1);
    end(f);
    assert_false(request_heartbeat(&f->map, &r, &f->faults));
    assert_int_equal(f->faults.count, 3);
}

/* What JSON cannot say is in no metadata, and nothing is deeper than a record can hold. */
static void objects(void **state)
{
    struct fixture *f = *state;
    struct profile_request r;
    for (int depth = 29; depth <= 31; depth++) {
        begin(f);
        nr_control_cstr(&f->w, "role", "r");
        for (int i = 0; i < depth; i++) {
            nr_mp_write_map(&f->item, 1);
            nr_mp_write_cstr(&f->item, "d");
        }
        nr_mp_write_nil(&f->item);
        nr_control_item(&f->w, "config", nr_writer_bytes(&f->item));
        end(f);
        assert_int_equal(request_profile(&f->map, true, &r, &f->faults), depth <= 30);
    }
    begin(f);
    nr_control_cstr(&f->w, "role", "r");
    nr_mp_write_map(&f->item, 1);
    nr_mp_write_cstr(&f->item, "b");
    nr_mp_write_bin(&f->item, nr_bytes("x", 1));
    nr_control_item(&f->w, "config", nr_writer_bytes(&f->item));
    end(f);
    assert_false(request_profile(&f->map, true, &r, &f->faults));
    assert_true(named(f, "config"));
    assert_true(request_profile(&f->map, false, &r, &(struct faults){ 0 }));
}

/* A state is required, a node id is not. Seeds are at most 16, each HOST:PORT. */
static void declare_and_invite(void **state)
{
    struct fixture *f = *state;
    struct declare_request d;
    struct invite_request v;
    begin(f);
    nr_control_cstr(&f->w, "state", "maintenance");
    end(f);
    assert_true(request_declare(&f->map, &d, &f->faults));
    assert_int_equal(d.state, NR_STATE_MAINTENANCE);
    assert_int_equal(d.node_id.len, 0);
    assert_true(request_invite(&f->map, &v, &f->faults));
    assert_false(v.given);
    for (uint32_t count = 16; count <= 17; count++) {
        begin(f);
        nr_mp_write_array(&f->item, count);
        for (uint32_t i = 0; i < count; i++) nr_mp_write_cstr(&f->item, "seed.example.org:9206");
        nr_control_item(&f->w, "seeds", nr_writer_bytes(&f->item));
        end(f);
        assert_int_equal(request_invite(&f->map, &v, &f->faults), count == 16);
    }
    begin(f);
    nr_mp_write_array(&f->item, 1);
    nr_mp_write_cstr(&f->item, "seed.example.org");
    nr_control_item(&f->w, "seeds", nr_writer_bytes(&f->item));
    end(f);
    assert_false(request_invite(&f->map, &v, &f->faults));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(register_at_its_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(register_beyond_its_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(labels_once, setup, teardown),
        cmocka_unit_test_setup_teardown(made_id, setup, teardown),
        cmocka_unit_test_setup_teardown(heartbeat, setup, teardown),
        cmocka_unit_test_setup_teardown(objects, setup, teardown),
        cmocka_unit_test_setup_teardown(declare_and_invite, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
