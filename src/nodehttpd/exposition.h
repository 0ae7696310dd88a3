/* Families of samples for scrapers, in either of two forms: Prometheus' text format 0.0.4 and OpenMetrics 1.0. They
 * differ in the names on HELP and TYPE of a counter, in histograms of what is there now, and in the end; names and
 * labels of samples are the same otherwise, so that a series does not depend on what a scraper asks for. */
#ifndef NODEHTTPD_EXPOSITION_H
#define NODEHTTPD_EXPOSITION_H

#include "base/buf.h"
#include "base/histogram.h"

enum exposition_form { EXPOSITION_TEXT, EXPOSITION_OPEN };
const char *exposition_type(enum exposition_form form); /* for Content-Type */

struct exposition {
    struct nr_buf *out;
    enum exposition_form form;
};

enum family_type {
    FAMILY_COUNTER, /* its name ends in _total */
    FAMILY_GAUGE,
    FAMILY_HISTOGRAM,
    FAMILY_AGES, /* a histogram of what is there now: OpenMetrics' gaugehistogram, in text a histogram that falls too */
};

/* HELP and TYPE. All samples of a family follow it, before the next family. */
void expose_family(struct exposition *e, const char *name, enum family_type type, const char *help);
/* `labels` is what stands between the braces, or NULL. */
void expose_uint(struct exposition *e, const char *name, const char *labels, uint64_t v);
void expose_number(struct exposition *e, const char *name, const char *labels, double v);
/* Buckets, sum and count. `bounds` and h->sum are in microseconds and shown in seconds. */
void expose_histogram(struct exposition *e, const char *name, enum family_type type, const char *labels,
                      const struct nr_histogram *h, const struct nr_histogram_bounds *bounds);
/* A family of one sample. */
void expose_one(struct exposition *e, const char *name, enum family_type type, const char *help, uint64_t v);
/* What must stand at the end. */
void expose_end(struct exposition *e);

/* Labels whose values come from outside, escaped. Zeroed at first; what would not fit is asserted against. */
struct label_set {
    char text[512];
    size_t len;
};
void label_add(struct label_set *set, const char *name, struct nr_bytes value);

#endif
