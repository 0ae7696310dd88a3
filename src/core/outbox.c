#include "core/outbox.h"

#include "base/assert.h"

#include <stdlib.h>

#define PARCELS_KEPT 8

void nr_outbox_init(struct nr_outbox *o)
{
    *o = (struct nr_outbox){ .used = 1 };
}

void nr_outbox_fini(struct nr_outbox *o)
{
    for (uint32_t i = 1; i < o->used; i++) free(o->parcels[i]);
    free(o->parcels);
    *o = (struct nr_outbox){ 0 };
}

static uint32_t parcel_new(struct nr_outbox *o)
{
    if (o->free) {
        uint32_t i = o->free;
        o->free = o->parcels[i]->next;
        return i;
    }
    if (o->used > NR_OUTBOX_MAX) return 0;
    if (o->used >= o->room) {
        uint32_t room = o->room ? o->room * 2 : 8;
        struct nr_parcel **grown = realloc(o->parcels, room * sizeof(*grown));
        if (!grown) return 0;
        o->parcels = grown;
        o->room = room;
    }
    o->parcels[o->used] = malloc(sizeof(struct nr_parcel));
    return o->parcels[o->used] ? o->used++ : 0;
}

/* All are free: what a burst took is not kept. */
static void give_back(struct nr_outbox *o)
{
    for (uint32_t i = PARCELS_KEPT; i < o->used; i++) free(o->parcels[i]);
    o->used = PARCELS_KEPT;
    o->free = 0;
    for (uint32_t i = 1; i < o->used; i++) {
        o->parcels[i]->next = o->free;
        o->free = i;
    }
}

static void release_taken(struct nr_outbox *o)
{
    if (!o->taken) return;
    o->parcels[o->taken]->next = o->free;
    o->free = o->taken;
    o->taken = 0;
    if (!o->first && o->used > PARCELS_KEPT) give_back(o);
}

static uint32_t parcel_queue(struct nr_outbox *o, const struct nr_addr *to, uint32_t path)
{
    release_taken(o);
    uint32_t i = parcel_new(o);
    if (!i) return 0;
    struct nr_parcel *p = o->parcels[i];
    p->to = *to;
    p->path = path;
    p->next = 0;
    p->len = NR_HEADER_SIZE;
    if (o->last)
        o->parcels[o->last]->next = i;
    else
        o->first = i;
    o->last = i;
    return i;
}

static void parcel_extend(struct nr_parcel *p, size_t len, struct nr_writer *w)
{
    nr_assert(len <= (size_t)(NR_PLAIN_MAX - p->len));
    nr_writer_init(w, p->data + p->len, len);
    p->len = (uint16_t)(p->len + len);
}

bool nr_outbox_to_path(struct nr_outbox *o, struct nr_path *path, size_t len, struct nr_writer *w)
{
    if (!path->open || len > (size_t)(NR_PLAIN_MAX - o->parcels[path->open]->len)) {
        uint32_t i = parcel_queue(o, &path->addr, path->serial);
        if (!i) return false;
        path->open = i;
    }
    parcel_extend(o->parcels[path->open], len, w);
    return true;
}

bool nr_outbox_to_addr(struct nr_outbox *o, const struct nr_addr *to, size_t len, struct nr_writer *w)
{
    uint32_t i = parcel_queue(o, to, 0);
    if (!i) return false;
    parcel_extend(o->parcels[i], len, w);
    return true;
}

struct nr_parcel *nr_outbox_take(struct nr_outbox *o, const struct nr_paths *paths)
{
    release_taken(o);
    uint32_t i = o->first;
    if (!i) return NULL;
    struct nr_parcel *p = o->parcels[i];
    o->first = p->next;
    if (!o->first) o->last = 0;
    o->taken = i;
    struct nr_path *path = nr_paths_find(paths, p->path);
    if (path && path->open == i) path->open = 0;
    return p;
}
