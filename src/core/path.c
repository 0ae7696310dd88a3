#include "core/path.h"

#include "base/assert.h"

#include <stdlib.h>

void nr_window_init(struct nr_window *w)
{
    *w = (struct nr_window){ 0 };
}

static uint64_t *word_of(struct nr_window *w, uint64_t number)
{
    return &w->bits[number / 64 % (NR_WINDOW_BITS / 64)];
}

void nr_window_begin(struct nr_window *w, uint64_t number)
{
    memset(w->bits, 0xff, sizeof w->bits);
    *word_of(w, number) = UINT64_MAX >> (63 - number % 64);
    w->highest = number;
}

bool nr_window_take(struct nr_window *w, uint64_t number)
{
    /* The word that the highest number stands in is shared with none that are 1,024 lower: a whole word is given up. */
    if (w->highest >= NR_WINDOW_BITS - 64 && number <= w->highest - (NR_WINDOW_BITS - 64)) return false;
    if (number > w->highest) {
        uint64_t from = w->highest / 64 + 1, to = number / 64;
        if (to - from >= NR_WINDOW_BITS / 64 && to >= from) from = to - NR_WINDOW_BITS / 64 + 1;
        for (uint64_t word = from; word <= to; word++) w->bits[word % (NR_WINDOW_BITS / 64)] = 0;
        w->highest = number;
    }
    uint64_t bit = UINT64_C(1) << (number % 64);
    if (*word_of(w, number) & bit) return false;
    *word_of(w, number) |= bit;
    return true;
}

void nr_paths_fini(struct nr_paths *p)
{
    for (size_t i = 0; i < p->count; i++) free(p->list[i]);
    p->count = 0;
}

/* The place of the first path whose key is not below key8. */
static size_t place_of(const struct nr_paths *p, uint64_t key8)
{
    size_t low = 0, high = p->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (p->key8s[mid] < key8)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct nr_path *nr_paths_find(const struct nr_paths *p, uint32_t serial)
{
    for (size_t i = 0; serial && i < p->count; i++)
        if (p->serials[i] == serial) return p->list[i];
    return NULL;
}

struct nr_path *nr_paths_find_key(const struct nr_paths *p, uint64_t key8)
{
    size_t i = place_of(p, key8);
    return i < p->count && p->key8s[i] == key8 ? p->list[i] : NULL;
}

struct nr_path *nr_paths_find_peer(const struct nr_paths *p, uint64_t key8, uint64_t incarnation)
{
    for (size_t i = place_of(p, key8); i < p->count && p->key8s[i] == key8; i++)
        if (p->list[i]->incarnation == incarnation) return p->list[i];
    return NULL;
}

struct nr_path *nr_paths_find_addr(const struct nr_paths *p, const struct nr_addr *addr)
{
    for (size_t i = 0; i < p->count; i++)
        if (nr_addr_eq(&p->list[i]->addr, addr)) return p->list[i];
    return NULL;
}

/* Moves what stands from one place on to another. */
static void shift(struct nr_paths *p, size_t from, size_t to)
{
    size_t n = p->count - from;
    memmove(&p->list[to], &p->list[from], n * sizeof p->list[0]);
    memmove(&p->key8s[to], &p->key8s[from], n * sizeof p->key8s[0]);
    memmove(&p->serials[to], &p->serials[from], n * sizeof p->serials[0]);
}

struct nr_path *nr_paths_add(struct nr_paths *p, const uint8_t key[static NR_KEY_SIZE])
{
    if (p->count == NR_PATHS_MAX) return NULL;
    struct nr_path *path = calloc(1, sizeof *path);
    if (!path) return NULL;
    path->serial = ++p->last_serial;
    memcpy(path->key, key, NR_KEY_SIZE);
    size_t at = place_of(p, nr_key8(key));
    shift(p, at, at + 1);
    p->list[at] = path;
    p->key8s[at] = nr_key8(key);
    p->serials[at] = path->serial;
    p->count++;
    return path;
}

void nr_paths_remove(struct nr_paths *p, struct nr_path *path)
{
    size_t at = place_of(p, nr_key8(path->key));
    while (at < p->count && p->list[at] != path) at++;
    nr_assert(at < p->count);
    shift(p, at + 1, at);
    p->count--;
    free(path);
}
