/* What is wrong with the fields of a request, gathered so that all of it is named at once. */
#ifndef NODEHTTPD_FAULTS_H
#define NODEHTTPD_FAULTS_H

#include "base/json.h"

#define FAULTS_MAX 64 /* named; further ones are only counted */

struct faults {
    size_t count;
    struct nr_buf errors; /* elements of the array: {"field","message"}, … */
    struct nr_json json;
    struct nr_buf detail; /* the same as one text */
};

void faults_init(struct faults *f);
void faults_fini(struct faults *f);
void faults_add(struct faults *f, const char *field, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
