#include "tools/sim/series.h"

#include <stdlib.h>

#include "tools/sim/play.h"

void sim_series_init(struct sim_series *s)
{
    *s = (struct sim_series){ 0 };
}

void sim_series_fini(struct sim_series *s)
{
    free(s->rows);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sum_up_known(const struct sim_world *w, double known[static 3])
{
    const struct sim_watches *l = &w->watches;
    double *shares = sim_alloc((l->count + 1) * sizeof *shares);
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        if (!l->list[i].over) shares[n++] = (double)l->list[i].count / (double)w->node_count;
    qsort(shares, n, sizeof *shares, by_value);
    known[0] = n ? shares[0] : -1;
    known[1] = n ? shares[n / 2] : -1;
    known[2] = n ? shares[n - 1] : -1;
    free(shares);
}

static void count_status(struct sim_world *w, size_t status[static NR_STATUS_COUNT])
{
    struct sim_node *reader = NULL;
    for (size_t i = 0; i < w->node_count && !reader; i++)
        if (w->nodes[i].state == SIM_UP) reader = &w->nodes[i];
    for (size_t i = 0; reader && i < w->node_count; i++) status[sim_sees_status(reader, w->nodes[i].name)]++;
}

void sim_series_sample(struct sim_world *w)
{
    struct sim_series *s = w->sample_arg;
    if (w->sampled_us % SIM_SECOND != 0) return;
    struct sim_row row = { .at_us = w->sampled_us,
                           .up = sim_play_count_up(w),
                           .bytes = w->net.bytes - s->bytes_before };
    s->bytes_before = w->net.bytes;
    sum_up_known(w, row.known);
    count_status(w, row.status);
    s->rows = sim_grow(s->rows, s->count, &s->capacity, sizeof *s->rows);
    s->rows[s->count++] = row;
}

void sim_series_csv(const struct sim_series *s, FILE *out)
{
    fprintf(out, "second,up,known_min,known_median,known_max,bytes");
    for (int k = 0; k < NR_STATUS_COUNT; k++) fprintf(out, ",%s", nr_status_name((enum nr_status)k));
    fputc('\n', out);
    for (size_t i = 0; i < s->count; i++) {
        const struct sim_row *r = &s->rows[i];
        fprintf(out, "%lld,%zu", (long long)(r->at_us / SIM_SECOND), r->up);
        for (int k = 0; k < 3; k++) {
            if (r->known[k] < 0)
                fputc(',', out);
            else
                fprintf(out, ",%.4f", r->known[k]);
        }
        fprintf(out, ",%llu", (unsigned long long)r->bytes);
        for (int k = 0; k < NR_STATUS_COUNT; k++) fprintf(out, ",%zu", r->status[k]);
        fputc('\n', out);
    }
}
