/* Frames of the control socket between noded and its clients (nodehttpd, nodectl, libnr): proto/CONTROL.md.
 *
 * A frame is a length of 4 bytes (big-endian) and a canonical msgpack map. This file builds and reads the map; sockets
 * are others' business. */
#ifndef NR_PROTO_CONTROL_H
#define NR_PROTO_CONTROL_H

#include "base/buf.h"
#include "base/cursor.h"

#define NR_CONTROL_REQUEST_MAX (128 * 1024)
#define NR_CONTROL_REPLY_MAX   (4 * 1024 * 1024)
#define NR_CONTROL_MEMBERS_MAX 48

/* Builds one frame. Members may be added in any order; nr_control_end sorts them. A key given twice is our bug
 * (asserted). */
struct nr_control_writer {
    struct nr_buf *out; /* borrowed: the frame is appended to it by nr_control_end */
    struct nr_buf values;
    struct {
        const char *key; /* borrowed until nr_control_end */
        size_t at, len;  /* within values */
    } members[NR_CONTROL_MEMBERS_MAX];
    size_t count;
};
void nr_control_begin(struct nr_control_writer *w, struct nr_buf *out);
void nr_control_str(struct nr_control_writer *w, const char *key, struct nr_bytes v);
void nr_control_cstr(struct nr_control_writer *w, const char *key, const char *v); /* NULL: left out */
void nr_control_bin(struct nr_control_writer *w, const char *key, struct nr_bytes v);
void nr_control_uint(struct nr_control_writer *w, const char *key, uint64_t v);
void nr_control_int(struct nr_control_writer *w, const char *key, int64_t v);
void nr_control_bool(struct nr_control_writer *w, const char *key, bool v);
/* One canonical msgpack item, copied (a nested map or array that the caller wrote). */
void nr_control_item(struct nr_control_writer *w, const char *key, struct nr_bytes item);
/* Appends length and map to `out`; frees the writer's own memory. 0, NR_E_NOMEM, NR_E_TOO_LARGE. */
int nr_control_end(struct nr_control_writer *w) NR_MUST_CHECK;

/* How many bytes the frame at the start of `in` takes, its length field included; 0: not all there yet; NR_E_TOO_LARGE
 * above `max` and NR_E_INVALID for a length of 0. */
long nr_control_frame(struct nr_bytes in, size_t max);

/* A received map, checked whole (canonical). Borrowed from the frame. */
struct nr_control_map {
    struct nr_bytes map;
};
int nr_control_parse(struct nr_bytes frame_body, struct nr_control_map *out) NR_MUST_CHECK;
/* The whole item under a key; false: absent or nil. */
bool nr_control_get(const struct nr_control_map *m, const char *key, struct nr_bytes *item);
/* Typed: 1 there, 0 absent or nil, NR_E_INVALID another type. */
int nr_control_get_str(const struct nr_control_map *m, const char *key, struct nr_bytes *v);
int nr_control_get_bin(const struct nr_control_map *m, const char *key, struct nr_bytes *v);
int nr_control_get_uint(const struct nr_control_map *m, const char *key, uint64_t *v);
int nr_control_get_int(const struct nr_control_map *m, const char *key, int64_t *v);
int nr_control_get_bool(const struct nr_control_map *m, const char *key, bool *v);
int nr_control_get_map(const struct nr_control_map *m, const char *key, struct nr_control_map *v);

#endif
