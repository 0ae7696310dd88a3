/* Errors as application/problem+json (RFC 9457). Each ends the exchange. */
#ifndef NODEHTTPD_PROBLEM_H
#define NODEHTTPD_PROBLEM_H

#include "nodehttpd/app.h"
#include "proto/control.h"

#define RETRY_SOON  "Retry-After: 1\r\n"
#define RETRY_LATER "Retry-After: 5\r\n"

void problem(const struct exchange *x, int status, const char *headers, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* 422 with every fault; frees `f`. */
void problem_faults(const struct exchange *x, struct faults *f);
/* What reading the store failed with. */
void problem_read(const struct exchange *x, int err);
/* What noded answered, or why it could not be asked (`reply` NULL). `what` is for 404: "node" … */
void problem_control(const struct exchange *x, int err, const struct nr_control_map *reply);

#endif
