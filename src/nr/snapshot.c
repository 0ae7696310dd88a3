/* A snapshot is two renewed transactions. The cold one says which pulse half belongs to it; where noded has replaced
 * that, the new one is opened and the old one closed when its last holder lets go. */
#include <stdlib.h>

#include "nr/impl.h"

static uint64_t epoch_of(struct nr_read *cold)
{
    struct nr_bytes value;
    if (nr_read_get(cold, NR_T_META, nr_bytes_str(NR_META_EPOCH), &value) || value.len != 8) return 0;
    return nr_be64(value.data);
}

static void let_go(struct nr_registry *r, struct nr_pulse *p)
{
    if (!p || --p->holders || p == r->pulse) return;
    nr_read_env_close(p->env);
    free(p);
}

static int open_pulse(struct nr_registry *r, uint64_t epoch, struct nr_pulse **out)
{
    struct nr_pulse *p = calloc(1, sizeof *p);
    if (!p) return NR_E_NOMEM;
    p->epoch = epoch;
    int err = nr_read_env_open(&p->env, r->state_dir, NR_PULSE);
    if (err) {
        free(p);
        return err == NR_E_NOMEM || err == NR_E_DENIED ? err : NR_E_UNAVAILABLE; /* it is being made */
    }
    *out = p;
    return 0;
}

/* Makes r->pulse the half of this epoch. A file must not be open twice in a process, so one that is still there under a
 * new number is kept. */
static int follow_epoch(struct nr_registry *r, uint64_t epoch)
{
    struct nr_pulse *old = r->pulse, *fresh;
    if (old && old->epoch == epoch) return 0;
    if (old && nr_read_env_current(old->env)) {
        old->epoch = epoch;
        return 0;
    }
    int err = open_pulse(r, epoch, &fresh);
    if (err) return err;
    r->pulse = fresh;
    if (old && !old->holders) {
        nr_read_env_close(old->env);
        free(old);
    }
    return 0;
}

/* Gives the snapshot a transaction over the present pulse half. */
static int follow_pulse(struct nr_snapshot *s)
{
    struct nr_registry *r = s->registry;
    struct nr_read *hot;
    if (s->pulse == r->pulse) return 0;
    int err = nr_read_new(&hot, r->pulse->env);
    if (err) return err;
    nr_read_free(s->hot);
    let_go(r, s->pulse);
    s->hot = hot;
    s->pulse = r->pulse;
    s->pulse->holders++;
    return 0;
}

int nr_snapshot_new(nr_registry *registry, nr_snapshot **out)
{
    struct nr_snapshot *s = calloc(1, sizeof *s);
    if (!s) return NR_E_NOMEM;
    s->registry = registry;
    pthread_mutex_lock(&registry->lock);
    int err = nr_read_new(&s->cold, registry->cold);
    pthread_mutex_unlock(&registry->lock);
    if (err) {
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

static void end_locked(struct nr_snapshot *s)
{
    nr_read_end(s->cold);
    if (s->hot) nr_read_end(s->hot);
    s->begun = false;
    s->walk_serial++;
    s->live_place = (struct nr_live_place){ 0 };
}

void nr_snapshot_free(nr_snapshot *s)
{
    if (!s) return;
    struct nr_registry *r = s->registry;
    pthread_mutex_lock(&r->lock);
    end_locked(s);
    nr_read_free(s->hot);
    nr_read_free(s->cold);
    let_go(r, s->pulse);
    pthread_mutex_unlock(&r->lock);
    free(s);
}

int nr_snapshot_begin(nr_snapshot *s)
{
    pthread_mutex_lock(&s->registry->lock);
    end_locked(s);
    int err = nr_read_begin(s->cold);
    if (!err) err = follow_epoch(s->registry, epoch_of(s->cold));
    if (!err) err = follow_pulse(s);
    if (!err) err = nr_read_begin(s->hot);
    if (err)
        end_locked(s);
    else
        s->begun = true;
    pthread_mutex_unlock(&s->registry->lock);
    return err;
}

void nr_snapshot_end(nr_snapshot *s)
{
    pthread_mutex_lock(&s->registry->lock);
    end_locked(s);
    pthread_mutex_unlock(&s->registry->lock);
}
