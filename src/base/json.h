/* A small streaming JSON writer into an nr_buf. It places commas itself and escapes strings (RFC 8259; what is not
 * valid UTF-8 is replaced by U+FFFD). Nesting is the caller's to balance; asserted, at most 63 deep. Members or
 * elements may also be written at the top level, without brackets: a fragment for nr_json_raw. The buffer's sticky
 * error is the only failure. */
#ifndef NR_BASE_JSON_H
#define NR_BASE_JSON_H

#include "base/buf.h"

struct nr_json {
    struct nr_buf *out; /* borrowed */
    uint64_t nonempty;  /* a bit a level: something stands there already */
    int depth;
    bool after_key;
};

void nr_json_init(struct nr_json *j, struct nr_buf *out);
void nr_json_object(struct nr_json *j);
void nr_json_object_end(struct nr_json *j);
void nr_json_array(struct nr_json *j);
void nr_json_array_end(struct nr_json *j);
void nr_json_key(struct nr_json *j, const char *key);
void nr_json_key_bytes(struct nr_json *j, struct nr_bytes key);
void nr_json_str(struct nr_json *j, struct nr_bytes s);
void nr_json_cstr(struct nr_json *j, const char *s); /* NULL writes null */
void nr_json_int(struct nr_json *j, int64_t v);
void nr_json_uint(struct nr_json *j, uint64_t v);
void nr_json_double(struct nr_json *j,
                    double v); /* 15 digits, or as many more as read back the same; not finite: null */
void nr_json_bool(struct nr_json *j, bool v);
void nr_json_null(struct nr_json *j);
void nr_json_time(struct nr_json *j, int64_t wall_ms); /* RFC 3339, milliseconds */
/* Members or elements rendered earlier, without their outer brackets; the comma before them is placed. */
void nr_json_raw(struct nr_json *j, struct nr_bytes text);
/* Key and value in one. */
void nr_json_kstr(struct nr_json *j, const char *key, struct nr_bytes v);
void nr_json_kcstr(struct nr_json *j, const char *key, const char *v);
void nr_json_kuint(struct nr_json *j, const char *key, uint64_t v);
void nr_json_kbool(struct nr_json *j, const char *key, bool v);
void nr_json_ktime(struct nr_json *j, const char *key, int64_t wall_ms);

#endif
