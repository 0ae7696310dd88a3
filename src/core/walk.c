/* Walking a neighbour's hot records once, after a time without any path or of standing still (proto/README.md C.4): a
 * late joiner knows the newest heartbeat of each node without waiting for the next. */
#include "core/state.h"

#define WALK_TIMEOUT_US 500000
#define WALK_TRIES      4
#define WALK_WANTS_MAX  (NR_WANTS_MAX / 4) /* leave room for what is announced meanwhile */

static void ask_page(struct nr_core *core, struct nr_now now, struct nr_path *path)
{
    struct nr_writer w;
    core->walk.at_us = now.mono_us;
    if (nr_core_message(core, path, NR_MSG_WALK, 8, &w)) nr_walk_encode(&w, core->walk.cursor);
}

void nr_core_walk_begin(struct nr_core *core, struct nr_now now, struct nr_path *path)
{
    if (core->walk.path || !core->walk.wanted) return;
    core->walk = (struct nr_walk){ .path = path->serial, .wanted = true };
    nr_core_offer_own(core, now);
    ask_page(core, now, path);
}

/* A page that did not come is asked for again; a walk that hangs or has lost its neighbour begins anew with another. */
void nr_core_walk_care(struct nr_core *core, struct nr_now now)
{
    struct nr_walk *walk = &core->walk;
    if (!walk->wanted || now.mono_us - walk->at_us < WALK_TIMEOUT_US) return;
    struct nr_path *path = nr_paths_find(&core->paths, walk->path);
    if (path && walk->cursor && walk->tries++ < WALK_TRIES) { /* who sent no first page may have lost the path */
        ask_page(core, now, path);
        return;
    }
    walk->path = 0;
    path = nr_core_random_confirmed(core);
    if (path) nr_core_walk_begin(core, now, path);
}

void nr_core_on_walk(struct nr_core *core, struct nr_now now, struct nr_path *path, uint64_t cursor)
{
    uint64_t ids[NR_PAGE_IDS_MAX];
    size_t n = 0;
    if (!nr_core_may_serve(core, now, path, sizeof ids)) return;
    struct nr_set *set = &core->sets[NR_PLANE_HOT];
    struct nr_entry *e = nr_set_at_or_after(set, cursor);
    for (; e && n < NR_PAGE_IDS_MAX; e = nr_set_next(set, (struct nr_range){ 0 }, e))
        if (!nr_entry_dead(e, now)) ids[n++] = e->id;
    struct nr_writer w;
    if (!nr_core_message(core, path, NR_MSG_PAGE, 8 + n * 8, &w)) return;
    nr_page_encode(&w, e ? e->key_hash : 0, ids, n);
}

void nr_core_on_page(struct nr_core *core, struct nr_now now, struct nr_path *path, const struct nr_page *m)
{
    struct nr_walk *walk = &core->walk;
    if (walk->path != path->serial) return;
    nr_core_on_announce(core, now, path, &m->ids);
    bool forward = m->next > walk->cursor; /* a peer that leads in circles is left */
    walk->cursor = m->next;
    walk->tries = 0;
    walk->at_us = now.mono_us;
    if (!forward)
        *walk = (struct nr_walk){ .wanted = false, .at_us = now.mono_us };
    else if (core->wants.count < WALK_WANTS_MAX)
        ask_page(core, now, path); /* else walk_care asks in a second */
}
