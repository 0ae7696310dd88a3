#include "noded/metadata.h"

#include <stdlib.h>

#include "base/assert.h"
#include "proto/limits.h"
#include "proto/mp.h"

#define DEPTH        (NR_DEPTH_MAX - 2) /* within a record and its body */
#define PAIRS_MAX    64
#define CAPABILITIES "capabilities"
#define MODULES      "modules"

/* A member of capabilities, or one within it. */
struct cut {
    const char *outer, *inner; /* inner NULL: all of it */
};
/* In the order in which they are left out, the least missed first; behind them all of the capabilities, then the
 * modules. */
static const struct cut cuts[] = {
    { "ollama", "models" },
    { "disks", NULL },
    { "gpu", "devices" },
    { "system", "addresses" },
};
#define CUTS              (sizeof cuts / sizeof *cuts)
#define STEP_CAPABILITIES (CUTS + 1)
#define STEP_MODULES      (CUTS + 2)

const char *metadata_left_out(unsigned steps)
{
    static const char *const words[] = {
        "",
        "ollama.models",
        "ollama.models, disks",
        "ollama.models, disks, gpu.devices",
        "ollama.models, disks, gpu.devices, system.addresses",
        "all capabilities",
        "all capabilities and modules",
    };
    _Static_assert(sizeof words / sizeof *words == STEP_MODULES + 1, "words for each step");
    nr_assert(steps <= STEP_MODULES);
    return words[steps];
}

/* Whether nothing is said: no item, or an empty map or array. */
static bool says_nothing(struct nr_bytes item)
{
    struct nr_reader r;
    nr_reader_init(&r, item);
    struct nr_mp_item head = nr_mp_next(&r);
    return item.len == 0 || ((head.type == NR_MP_MAP || head.type == NR_MP_ARRAY) && head.count == 0);
}

/* The first `count` cuts, as they are for the member `key`: whether all of it is cut, or its member *inner. */
static bool cut_whole(struct nr_bytes key, unsigned count, const char **inner)
{
    *inner = NULL;
    for (unsigned i = 0; i < count; i++) {
        if (!nr_bytes_eq(key, nr_bytes_str(cuts[i].outer))) continue;
        if (!cuts[i].inner) return true;
        *inner = cuts[i].inner;
    }
    return false;
}

/* A checked map without the member `drop`. */
static void write_without(struct nr_writer *w, struct nr_bytes map, const char *drop)
{
    struct nr_reader r, again;
    uint32_t kept = 0;
    nr_reader_init(&r, map);
    struct nr_mp_item head = nr_mp_next(&r);
    if (head.type != NR_MP_MAP) {
        nr_write_bytes(w, map);
        return;
    }
    again = r;
    for (uint32_t i = 0; i < head.count; i++) {
        kept += !nr_bytes_eq(nr_mp_read_str(&r), nr_bytes_str(drop));
        (void)nr_mp_skip(&r, DEPTH, true);
    }
    nr_mp_write_map(w, kept);
    for (uint32_t i = 0; i < head.count; i++) {
        struct nr_bytes key = nr_mp_read_str(&again), value = nr_mp_skip(&again, DEPTH, true);
        if (nr_bytes_eq(key, nr_bytes_str(drop))) continue;
        nr_mp_write_str(w, key);
        nr_write_bytes(w, value);
    }
}

/* Checked capabilities after the first `count` cuts. */
static void write_capabilities(struct nr_writer *w, struct nr_bytes map, unsigned count)
{
    struct nr_reader r, again;
    const char *inner;
    uint32_t kept = 0;
    nr_reader_init(&r, map);
    uint32_t members = nr_mp_read_map(&r);
    again = r;
    for (uint32_t i = 0; i < members; i++) {
        kept += !cut_whole(nr_mp_read_str(&r), count, &inner);
        (void)nr_mp_skip(&r, DEPTH, true);
    }
    nr_mp_write_map(w, kept);
    for (uint32_t i = 0; i < members; i++) {
        struct nr_bytes key = nr_mp_read_str(&again), value = nr_mp_skip(&again, DEPTH, true);
        if (cut_whole(key, count, &inner)) continue;
        nr_mp_write_str(w, key);
        if (inner) {
            write_without(w, value, inner);
        } else {
            nr_write_bytes(w, value);
        }
    }
}

struct pair {
    struct nr_bytes key, value;
    bool is_item; /* else text */
};
struct pairs {
    struct pair list[PAIRS_MAX + 2];
    size_t count;
};

static struct pair *pair_find(struct pairs *p, struct nr_bytes key)
{
    for (size_t i = 0; i < p->count; i++) {
        if (nr_bytes_eq(p->list[i].key, key)) return &p->list[i];
    }
    return NULL;
}

/* KEY=VALUE pairs; of a key given twice the last counts. */
static void take_pairs(struct pairs *p, const struct nr_conf *conf)
{
    size_t given;
    const char *const *items = nr_conf_list(conf, NR_CONF_METADATA, &given);
    for (size_t i = 0; i < given && p->count < PAIRS_MAX; i++) {
        size_t len = strcspn(items[i], "=");
        struct nr_bytes key = nr_bytes(items[i], len);
        struct pair *at = pair_find(p, key);
        if (!at) at = &p->list[p->count++];
        *at = (struct pair){ .key = key, .value = nr_bytes_str(items[i] + len + 1) };
    }
}

static void take_fact(struct pairs *p, const char *name, struct nr_bytes item)
{
    struct nr_bytes key = nr_bytes_str(name);
    if (says_nothing(item) || pair_find(p, key)) return;
    p->list[p->count++] = (struct pair){ .key = key, .value = item, .is_item = true };
}

static int pair_cmp(const void *a, const void *b)
{
    return nr_bytes_cmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void write_pairs(struct nr_writer *w, struct pairs *p, unsigned step)
{
    qsort(p->list, p->count, sizeof *p->list, pair_cmp);
    if (p->count > 0) nr_mp_write_map(w, (uint32_t)p->count);
    for (size_t i = 0; i < p->count; i++) {
        const struct pair *one = &p->list[i];
        nr_mp_write_str(w, one->key);
        if (!one->is_item) {
            nr_mp_write_str(w, one->value);
        } else if (nr_bytes_eq(one->key, nr_bytes_str(CAPABILITIES))) {
            write_capabilities(w, one->value, step);
        } else {
            nr_write_bytes(w, one->value);
        }
    }
}

int metadata_write(const struct nr_conf *conf, const struct metadata_facts *facts, struct nr_writer *w,
                   unsigned *left_out)
{
    const struct nr_writer before = *w;
    for (unsigned step = 0; step <= STEP_MODULES; step++) {
        struct pairs pairs = { .count = 0 };
        take_pairs(&pairs, conf);
        if (step < STEP_CAPABILITIES) take_fact(&pairs, CAPABILITIES, facts->capabilities);
        if (step < STEP_MODULES) take_fact(&pairs, MODULES, facts->modules);
        *w = before;
        write_pairs(w, &pairs, step);
        *left_out = step;
        struct nr_bytes all = nr_bytes(before.pos, (size_t)(w->pos - before.pos));
        if (!w->err) return all.len > 0 ? nr_mp_check(all, DEPTH, true) : 0;
    }
    return NR_E_INVALID;
}
