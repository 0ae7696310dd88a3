#include "nodeprobe/facts.h"

#include <stdlib.h>

#include "base/assert.h"
#include "probe/report.h"
#include "proto/mp.h"

#define PARTS_MAX 128
#define WORDS_MAX 32
#define HEAD_MAX  5 /* of a map, an array or a str of the lengths that can be here */

void facts_init(struct facts *f)
{
    *f = (struct facts){ 0 };
}

void facts_forget(struct facts *f, size_t source)
{
    nr_assert(source < FACTS_SOURCES_MAX);
    free(f->of[source].data);
    f->of[source] = (struct fragment){ 0 };
}

void facts_fini(struct facts *f)
{
    for (size_t i = 0; i < FACTS_SOURCES_MAX; i++) facts_forget(f, i);
}

int facts_found(struct facts *f, size_t source, struct nr_bytes fragment)
{
    struct nr_reader r;
    nr_assert(source < FACTS_SOURCES_MAX);
    int err = nr_mp_check(fragment, NR_REPORT_DEPTH_MAX, true);
    if (err) return err;
    nr_reader_init(&r, fragment);
    (void)nr_mp_read_map(&r);
    if (r.err) return r.err;
    uint8_t *copy = malloc(fragment.len);
    if (!copy) return NR_E_NOMEM;
    memcpy(copy, fragment.data, fragment.len);
    free(f->of[source].data);
    f->of[source] = (struct fragment){ .data = copy, .len = fragment.len };
    return 0;
}

void facts_failed(struct facts *f, size_t source, unsigned kept)
{
    nr_assert(source < FACTS_SOURCES_MAX);
    if (f->of[source].data && ++f->of[source].failed > kept) facts_forget(f, source);
}

/* A walk over the members of a map that has been checked. */
struct members {
    struct nr_reader r;
    uint32_t left;
};

static struct members members_of(struct nr_bytes map)
{
    struct members m;
    nr_reader_init(&m.r, map);
    m.left = nr_mp_read_map(&m.r);
    if (m.r.err) m.left = 0;
    return m;
}

static bool next_member(struct members *m, struct nr_bytes *key, struct nr_bytes *value)
{
    if (m->left == 0) return false;
    m->left--;
    *key = nr_mp_read_str(&m->r);
    *value = nr_mp_skip(&m->r, NR_REPORT_DEPTH_MAX, true);
    return !m->r.err;
}

static bool is_key(struct nr_bytes key, const char *name)
{
    return nr_bytes_eq(key, nr_bytes_str(name));
}

static struct members fragment_members(const struct facts *f, size_t source)
{
    return members_of(nr_bytes(f->of[source].data, f->of[source].len));
}

/* The item under a key of one fragment; empty: none. */
static struct nr_bytes find(const struct facts *f, size_t source, const char *name)
{
    struct nr_bytes key, value;
    struct members m = fragment_members(f, source);
    while (next_member(&m, &key, &value))
        if (is_key(key, name)) return value;
    return nr_bytes(NULL, 0);
}

struct nr_bytes facts_memory(const struct facts *f, size_t source)
{
    nr_assert(source < FACTS_SOURCES_MAX);
    return find(f, source, "memory");
}

/* A map that is put together: members by key, each once. */
struct parts {
    struct part {
        struct nr_bytes key, value;
    } of[PARTS_MAX];
    size_t count;
};

/* Where the key stands, or would. */
static size_t place_of(const struct parts *p, struct nr_bytes key)
{
    size_t at = 0;
    while (at < p->count && nr_bytes_cmp(p->of[at].key, key) < 0) at++;
    return at;
}

/* The first that says something of a key is believed. */
static void add_part(struct parts *p, struct nr_bytes key, struct nr_bytes value)
{
    size_t at = place_of(p, key);
    if (p->count == PARTS_MAX || (at < p->count && nr_bytes_eq(p->of[at].key, key))) return;
    memmove(&p->of[at + 1], &p->of[at], (p->count - at) * sizeof p->of[0]);
    p->of[at] = (struct part){ .key = key, .value = value };
    p->count++;
}

static void add_parts(struct parts *p, struct members m)
{
    struct nr_bytes key, value;
    while (next_member(&m, &key, &value)) {
        bool own =
            is_key(key, "features") || is_key(key, "services") || is_key(key, "metrics") || is_key(key, "memory");
        if (!own) add_part(p, key, value);
    }
}

static size_t size_of(const struct parts *p)
{
    size_t size = HEAD_MAX;
    for (size_t i = 0; i < p->count; i++) size += HEAD_MAX + p->of[i].key.len + p->of[i].value.len;
    return size;
}

static void drop_largest(struct parts *p)
{
    size_t largest = 0;
    for (size_t i = 1; i < p->count; i++)
        if (p->of[i].value.len > p->of[largest].value.len) largest = i;
    p->count--;
    memmove(&p->of[largest], &p->of[largest + 1], (p->count - largest) * sizeof p->of[0]);
}

static unsigned write_parts(struct parts *p, size_t max, struct nr_writer *out)
{
    unsigned dropped = 0;
    for (; size_of(p) > max; dropped++) drop_largest(p);
    nr_mp_write_map(out, (uint32_t)p->count);
    for (size_t i = 0; i < p->count; i++) {
        nr_mp_write_str(out, p->of[i].key);
        nr_write_bytes(out, p->of[i].value);
    }
    return dropped;
}

/* The words of an array, into sorted ones of which each stands once. */
static void add_words(struct parts *words, struct nr_bytes array)
{
    struct nr_reader r;
    nr_reader_init(&r, array);
    for (uint32_t left = array.len > 0 ? nr_mp_read_array(&r) : 0; left > 0 && !r.err; left--) {
        struct nr_bytes word = nr_mp_read_str(&r);
        if (!r.err && words->count < WORDS_MAX) add_part(words, word, nr_bytes(NULL, 0));
    }
}

/* "features" or "services": what all sources say under that name, as an item in `room`. Empty: nobody knows of any. */
static struct nr_bytes gather_words(const struct facts *f, const char *name, uint8_t *room, size_t size)
{
    struct parts words = { .count = 0 };
    struct nr_writer w;
    bool known = false;
    for (size_t i = 0; i < FACTS_SOURCES_MAX; i++) {
        struct nr_bytes array = find(f, i, name);
        known |= array.len > 0;
        add_words(&words, array);
    }
    if (!known) return nr_bytes(NULL, 0);
    nr_writer_init(&w, room, size);
    nr_mp_write_array(&w, (uint32_t)words.count);
    for (size_t i = 0; i < words.count; i++) nr_mp_write_str(&w, words.of[i].key);
    return w.err ? nr_bytes(NULL, 0) : nr_writer_bytes(&w);
}

unsigned facts_capabilities(const struct facts *f, struct nr_writer *out)
{
    static const char *const gathered[] = { "features", "services" };
    uint8_t room[2][1024];
    struct parts parts = { .count = 0 };
    for (size_t i = 0; i < 2; i++) {
        struct nr_bytes words = gather_words(f, gathered[i], room[i], sizeof room[i]);
        if (words.len > 0) add_part(&parts, nr_bytes_str(gathered[i]), words);
    }
    for (size_t i = 0; i < FACTS_SOURCES_MAX; i++) add_parts(&parts, fragment_members(f, i));
    return write_parts(&parts, NR_CAPABILITIES_MAX, out);
}

unsigned facts_metrics(const struct facts *f, struct nr_writer *out)
{
    struct parts parts = { .count = 0 };
    for (size_t i = 0; i < FACTS_SOURCES_MAX; i++) {
        struct nr_bytes metrics = find(f, i, "metrics");
        if (metrics.len > 0) add_parts(&parts, members_of(metrics));
    }
    return write_parts(&parts, NR_REPORT_METRICS_MAX, out);
}
