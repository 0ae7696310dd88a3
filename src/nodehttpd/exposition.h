/* Prometheus' text format, version 0.0.4: families of samples. */
#ifndef NODEHTTPD_EXPOSITION_H
#define NODEHTTPD_EXPOSITION_H

#include "base/buf.h"

#define TYPE_EXPOSITION "text/plain; version=0.0.4; charset=utf-8"

/* HELP and TYPE lines; `type` is gauge, counter or histogram. */
void expose_family(struct nr_buf *out, const char *name, const char *type, const char *help);
/* `labels` is what stands between the braces, or NULL. */
void expose_uint(struct nr_buf *out, const char *name, const char *labels, uint64_t v);
void expose_seconds(struct nr_buf *out, const char *name, const char *labels, double v);
/* A family of one sample. */
void expose_one(struct nr_buf *out, const char *name, const char *type, const char *help, uint64_t v);

#endif
