#include "nodehttpd/faults.h"

#include <stdarg.h>
#include <stdio.h>

void faults_init(struct faults *f)
{
    f->count = 0;
    nr_buf_init(&f->errors, 0);
    nr_buf_init(&f->detail, 0);
    nr_json_init(&f->json, &f->errors);
}

void faults_fini(struct faults *f)
{
    nr_buf_fini(&f->errors);
    nr_buf_fini(&f->detail);
}

void faults_add(struct faults *f, const char *field, const char *fmt, ...)
{
    char message[256];
    va_list args;
    if (f->count++ >= FAULTS_MAX) return;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    nr_json_object(&f->json);
    nr_json_kcstr(&f->json, "field", field);
    nr_json_kcstr(&f->json, "message", message);
    nr_json_object_end(&f->json);
    nr_buf_printf(&f->detail, "%s%s: %s", f->count > 1 ? "; " : "", field, message);
}
