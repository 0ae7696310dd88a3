#include "tools/sim/plot.h"

#define WIDTH   800
#define HEIGHT  440
#define LEFT    70
#define RIGHT   20
#define TOP     50
#define BOTTOM  60
#define CURVES  200 /* single records: more would be a blot */
#define POINTS  100
#define TICKS   5
#define GREY    "#7a7f87"
#define THIN    "#4c8eda"
#define STRONG  "#d9822b"
#define SLOWEST "#c2415c"

struct frame {
    FILE *out;
    double span_us; /* of the horizontal axis */
    size_t nodes;
};

static double x_of(const struct frame *f, double us)
{
    return LEFT + us / f->span_us * (WIDTH - LEFT - RIGHT);
}

static double y_of(double share)
{
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

static void text(FILE *out, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        default: fputc(*s, out); break;
        }
    }
}

static void axes(const struct frame *f, const char *title)
{
    fprintf(f->out, "<g stroke=\"" GREY "\" stroke-width=\"1\" stroke-opacity=\"0.35\">\n");
    for (int i = 0; i <= TICKS; i++) {
        double x = x_of(f, f->span_us * i / TICKS);
        double y = y_of((double)i / TICKS);
        fprintf(f->out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, y, WIDTH - RIGHT, y);
        fprintf(f->out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n", x, TOP, x, HEIGHT - BOTTOM);
    }
    fprintf(f->out, "</g>\n<g fill=\"" GREY "\" font-family=\"sans-serif\" font-size=\"13\">\n");
    for (int i = 0; i <= TICKS; i++) {
        fprintf(f->out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>", LEFT - 8,
                y_of((double)i / TICKS) + 4, 100 * i / TICKS);
        fprintf(f->out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g s</text>\n",
                x_of(f, f->span_us * i / TICKS), HEIGHT - BOTTOM + 20, f->span_us * i / TICKS / 1e6);
    }
    fprintf(f->out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">time since the record was written</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16);
    fprintf(
        f->out,
        "<text x=\"16\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 16 %d)\">nodes that know it</text>\n",
        (TOP + HEIGHT - BOTTOM) / 2, (TOP + HEIGHT - BOTTOM) / 2);
    fprintf(f->out, "<text x=\"%d\" y=\"20\" font-size=\"15\">", LEFT);
    text(f->out, title);
    fprintf(f->out, "</text>\n</g>\n");
}

static void begin_curve(const struct frame *f, const char *colour, double width, double opacity, const char *name)
{
    fprintf(f->out,
            "<path class=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\" stroke-opacity=\"%.2f\" d=\"M", name,
            colour, width, opacity);
    fprintf(f->out, "%.1f %.1f", x_of(f, 0), y_of(0));
}

static void point(const struct frame *f, double us, double share)
{
    fprintf(f->out, " L%.1f %.1f", x_of(f, us), y_of(share));
}

static void record_curve(const struct frame *f, const struct sim_watch *r)
{
    size_t step = r->count / POINTS + 1;
    begin_curve(f, THIN, 1, 0.35, "record");
    for (size_t i = 0; i < r->count; i += step) point(f, r->after_us[i], (double)(i + 1) / (double)f->nodes);
    point(f, r->after_us[r->count - 1], (double)r->count / (double)f->nodes);
    fprintf(f->out, "\"/>\n");
}

static void summary_curve(const struct frame *f, const struct sim_watches *l, bool worst)
{
    begin_curve(f, worst ? SLOWEST : STRONG, 2.5, 1, worst ? "slowest" : "median");
    for (unsigned per_mille = 10; per_mille <= 1000; per_mille += 10) {
        int64_t us = sim_watch_time_us(l, f->nodes, per_mille, worst);
        if (us >= 0) point(f, (double)us, per_mille / 1000.0);
    }
    fprintf(f->out, "\"/>\n");
}

static void legend(const struct frame *f, size_t records)
{
    fprintf(f->out,
            "<g font-family=\"sans-serif\" font-size=\"13\"><text x=\"%d\" y=\"40\" fill=\"" THIN
            "\">%zu records of %zu</text>",
            LEFT, records < CURVES ? records : (size_t)CURVES, records);
    fprintf(f->out, "<text x=\"%d\" y=\"40\" fill=\"" STRONG "\">the median record</text>", LEFT + 170);
    fprintf(f->out, "<text x=\"%d\" y=\"40\" fill=\"" SLOWEST "\">the slowest at each share</text></g>\n", LEFT + 320);
}

/* 1, 2 or 5 times a power of ten, so that the axis has round figures. */
static double round_up(double us)
{
    static const double steps[] = { 1, 2, 5, 10 };
    double unit = 10000;
    while (unit * 10 < us) unit *= 10;
    size_t i = 0;
    while (i < 3 && unit * steps[i] < us) i++;
    return unit * steps[i];
}

void sim_plot(const struct sim_watches *watches, size_t nodes, const char *title, FILE *out)
{
    struct frame f = { .out = out, .span_us = 0, .nodes = nodes };
    for (size_t i = 0; i < watches->count; i++) {
        const struct sim_watch *r = &watches->list[i];
        if (r->count > 0 && r->after_us[r->count - 1] > f.span_us) f.span_us = r->after_us[r->count - 1];
    }
    f.span_us = round_up(f.span_us);
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n", WIDTH,
            HEIGHT, WIDTH, HEIGHT);
    axes(&f, title);
    for (size_t i = 0; i < watches->count && i < CURVES; i++) record_curve(&f, &watches->list[i]);
    if (watches->count > 0) {
        summary_curve(&f, watches, false);
        summary_curve(&f, watches, true);
        legend(&f, watches->count);
    }
    fprintf(out, "</svg>\n");
}
