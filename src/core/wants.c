#include "core/wants.h"

#include "base/assert.h"

#include <stdlib.h>

#define ROOM_KEPT 256 /* what a time of many wants took beyond this is given back when they are over */

void nr_wants_fini(struct nr_wants *w)
{
    for (uint32_t i = 0; i < w->room; i++) free(w->slots[i].pieced);
    free(w->slots);
    *w = (struct nr_wants){ 0 };
}

static uint32_t slot_of(const struct nr_wants *w, uint64_t id)
{
    uint32_t i = (uint32_t)(id >> 32) & (w->room - 1);
    while (w->slots[i].id && w->slots[i].id != id) i = (i + 1) & (w->room - 1);
    return i;
}

struct nr_want *nr_wants_find(const struct nr_wants *w, uint64_t id)
{
    if (w->room == 0 || id == 0) return NULL;
    uint32_t i = slot_of(w, id);
    return w->slots[i].id ? &w->slots[i] : NULL;
}

static bool grow(struct nr_wants *w)
{
    struct nr_wants bigger = { .room = w->room ? w->room * 2 : 32, .count = w->count, .pieced = w->pieced };
    bigger.slots = calloc(bigger.room, sizeof *bigger.slots);
    if (!bigger.slots) return false;
    for (uint32_t i = 0; i < w->room; i++)
        if (w->slots[i].id) bigger.slots[slot_of(&bigger, w->slots[i].id)] = w->slots[i];
    free(w->slots);
    *w = bigger;
    return true;
}

struct nr_want *nr_wants_add(struct nr_wants *w, uint64_t id)
{
    if (id == 0 || w->count >= NR_WANTS_MAX) return NULL;
    if (w->count >= w->room / 2 && !grow(w)) return NULL;
    uint32_t i = slot_of(w, id);
    nr_assert(w->slots[i].id == 0);
    w->slots[i] = (struct nr_want){ .id = id };
    w->count++;
    return &w->slots[i];
}

static void pieced_free(struct nr_wants *w, struct nr_want *want)
{
    if (!want->pieced) return;
    free(want->pieced);
    want->pieced = NULL;
    w->pieced--;
}

/* Removal by shifting back (Knuth, TAOCP 6.4, algorithm R): no tombstones. */
void nr_wants_remove(struct nr_wants *w, uint64_t id)
{
    struct nr_want *want = nr_wants_find(w, id);
    if (!want) return;
    pieced_free(w, want);
    uint32_t mask = w->room - 1, hole = (uint32_t)(want - w->slots);
    for (uint32_t i = (hole + 1) & mask; w->slots[i].id; i = (i + 1) & mask) {
        uint32_t home = (uint32_t)(w->slots[i].id >> 32) & mask;
        if (((i - home) & mask) < ((i - hole) & mask)) continue;
        w->slots[hole] = w->slots[i];
        hole = i;
    }
    w->slots[hole] = (struct nr_want){ 0 };
    w->count--;
    if (w->count == 0 && w->room > ROOM_KEPT) nr_wants_fini(w);
}

static uint32_t pieced_from(const struct nr_wants *w, uint32_t path)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->room; i++) n += w->slots[i].id && w->slots[i].pieced && w->slots[i].asked == path;
    return n;
}

static int pieced_begin(struct nr_wants *w, struct nr_want *want, const struct nr_piece *piece)
{
    if (w->pieced >= NR_PIECED_MAX || pieced_from(w, want->asked) >= NR_PIECED_PER_PEER) return NR_E_FULL;
    want->pieced = malloc(sizeof *want->pieced);
    if (!want->pieced) return NR_E_NOMEM;
    want->pieced->total = piece->total;
    want->pieced->have = 0;
    w->pieced++;
    return 0;
}

uint16_t nr_want_missing(const struct nr_want *want)
{
    uint32_t all = (1u << nr_piece_count(want->pieced->total)) - 1;
    return (uint16_t)(all & ~(uint32_t)want->pieced->have);
}

int nr_wants_piece(struct nr_wants *w, struct nr_want *want, const struct nr_piece *piece)
{
    if (!want->pieced) {
        int err = pieced_begin(w, want, piece);
        if (err) return err;
    }
    struct nr_pieced *p = want->pieced;
    if (p->total != piece->total) return NR_E_INVALID;
    size_t at = (size_t)piece->index * NR_PIECE_SIZE;
    nr_assert(at + piece->bytes.len <= p->total);
    memcpy(p->data + at, piece->bytes.data, piece->bytes.len);
    p->have = (uint16_t)(p->have | 1u << piece->index);
    return nr_want_missing(want) == 0;
}
