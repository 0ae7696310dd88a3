#include "fail_alloc.h"

#include <stddef.h>

static long left;
static bool hit;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

void fail_alloc_at(long nth)
{
    left = nth;
    hit = false;
}

bool fail_alloc_hit(void)
{
    return hit;
}

static bool fails(void)
{
    if (left == 0 || --left > 0) return false;
    hit = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}
