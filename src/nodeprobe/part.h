/* A piece of a source's fragment whose number of members is known only at its end: a map or an array of bounded size. A
 * member that does not fit is left out, whole. Keys of a map are written in ascending order, by the caller. */
#ifndef NODEPROBE_PART_H
#define NODEPROBE_PART_H

#include "base/cursor.h"

#define PART_MAX 2048

struct part {
    uint8_t bytes[PART_MAX];
    struct nr_writer w;
    uint32_t count;
};

/* At most `max` bytes, the head not counted; max ≤ PART_MAX. */
void part_init(struct part *p, size_t max);

void part_text(struct part *map, const char *key, const char *value); /* left out where it is empty */
void part_uint(struct part *map, const char *key, uint64_t value);
void part_bool(struct part *map, const char *key, bool value);
/* Rounded to so many digits behind the point; left out where it is no finite number. */
void part_number(struct part *map, const char *key, double value, int digits);
void part_gib(struct part *map, const char *key, uint64_t bytes); /* two digits */
void part_map(struct part *map, const char *key, const struct part *value);
void part_array(struct part *map, const char *key, const struct part *value);

/* False: it did not fit. */
bool part_add_text(struct part *array, const char *value);
bool part_add_map(struct part *array, const struct part *value);

void part_write_map(const struct part *p, struct nr_writer *out);
void part_write_array(const struct part *p, struct nr_writer *out);

#endif
