#include "proto/control.h"

#include <stdlib.h>

#include "base/assert.h"
#include "proto/limits.h"
#include "proto/mp.h"

#define LENGTH_SIZE 4
#define HEAD_MAX    9 /* the longest head of an item, or a whole number */

void nr_control_begin(struct nr_control_writer *w, struct nr_buf *out)
{
    *w = (struct nr_control_writer){ .out = out };
    nr_buf_init(&w->values, NR_CONTROL_REPLY_MAX + HEAD_MAX); /* the whole is measured at the end */
}

/* Room for an item of at most `most` bytes, noted as a member; false: out of room, which nr_control_end reports. */
static bool member(struct nr_control_writer *w, const char *key, size_t most, struct nr_writer *item)
{
    nr_assert(w->count < NR_CONTROL_MEMBERS_MAX);
    uint8_t *room = nr_buf_room(&w->values, most);
    if (!room) return false;
    w->members[w->count].key = key;
    w->members[w->count].at = w->values.len;
    nr_writer_init(item, room, most);
    return true;
}

static void member_end(struct nr_control_writer *w, const struct nr_writer *item)
{
    nr_assert(!item->err);
    nr_buf_commit(&w->values, nr_writer_len(item));
    w->members[w->count++].len = nr_writer_len(item);
}

void nr_control_str(struct nr_control_writer *w, const char *key, struct nr_bytes v)
{
    struct nr_writer item;
    if (!member(w, key, HEAD_MAX + v.len, &item)) return;
    nr_mp_write_str(&item, v);
    member_end(w, &item);
}

void nr_control_cstr(struct nr_control_writer *w, const char *key, const char *v)
{
    if (v) nr_control_str(w, key, nr_bytes_str(v));
}

void nr_control_bin(struct nr_control_writer *w, const char *key, struct nr_bytes v)
{
    struct nr_writer item;
    if (!member(w, key, HEAD_MAX + v.len, &item)) return;
    nr_mp_write_bin(&item, v);
    member_end(w, &item);
}

void nr_control_uint(struct nr_control_writer *w, const char *key, uint64_t v)
{
    struct nr_writer item;
    if (!member(w, key, HEAD_MAX, &item)) return;
    nr_mp_write_uint(&item, v);
    member_end(w, &item);
}

void nr_control_int(struct nr_control_writer *w, const char *key, int64_t v)
{
    struct nr_writer item;
    if (!member(w, key, HEAD_MAX, &item)) return;
    nr_mp_write_int(&item, v);
    member_end(w, &item);
}

void nr_control_bool(struct nr_control_writer *w, const char *key, bool v)
{
    struct nr_writer item;
    if (!member(w, key, HEAD_MAX, &item)) return;
    nr_mp_write_bool(&item, v);
    member_end(w, &item);
}

void nr_control_item(struct nr_control_writer *w, const char *key, struct nr_bytes v)
{
    struct nr_writer item;
    nr_assert(v.len > 0);
    if (!member(w, key, v.len, &item)) return;
    nr_write_bytes(&item, v);
    member_end(w, &item);
}

/* By insertion: a request has a handful of members. */
static void sort_members(struct nr_control_writer *w)
{
    for (size_t i = 1; i < w->count; i++) {
        for (size_t k = i; k > 0; k--) {
            int c = strcmp(w->members[k - 1].key, w->members[k].key);
            nr_assert(c != 0);
            if (c < 0) break;
            __typeof__(w->members[0]) swap = w->members[k];
            w->members[k] = w->members[k - 1];
            w->members[k - 1] = swap;
        }
    }
}

static void write_frame(struct nr_control_writer *w, struct nr_writer *frame)
{
    nr_write_u32(frame, 0);
    nr_mp_write_map(frame, (uint32_t)w->count);
    for (size_t i = 0; i < w->count; i++) {
        nr_mp_write_cstr(frame, w->members[i].key);
        nr_write_bytes(frame, nr_bytes(w->values.data + w->members[i].at, w->members[i].len));
    }
}

int nr_control_end(struct nr_control_writer *w)
{
    struct nr_writer frame, length;
    int rc = w->values.err;
    if (rc) goto out;
    sort_members(w);
    size_t most = LENGTH_SIZE + HEAD_MAX + w->values.len;
    for (size_t i = 0; i < w->count; i++) most += HEAD_MAX + strlen(w->members[i].key);
    uint8_t *room = nr_buf_room(w->out, most);
    if (!room) {
        rc = w->out->err;
        goto out;
    }
    nr_writer_init(&frame, room, most);
    write_frame(w, &frame);
    nr_assert(!frame.err);
    size_t body = nr_writer_len(&frame) - LENGTH_SIZE;
    if (body > NR_CONTROL_REPLY_MAX) {
        rc = NR_E_TOO_LARGE;
        goto out;
    }
    nr_writer_init(&length, room, LENGTH_SIZE);
    nr_write_u32(&length, (uint32_t)body);
    nr_buf_commit(w->out, nr_writer_len(&frame));
out:
    nr_buf_fini(&w->values);
    w->count = 0;
    return rc;
}

long nr_control_frame(struct nr_bytes in, size_t max)
{
    struct nr_reader r;
    nr_reader_init(&r, in);
    uint32_t len = nr_read_u32(&r);
    if (r.err) return 0;
    if (len == 0) return NR_E_INVALID;
    if (len > max) return NR_E_TOO_LARGE;
    return len > nr_reader_left(&r) ? 0 : (long)len + LENGTH_SIZE;
}

int nr_control_parse(struct nr_bytes frame_body, struct nr_control_map *out)
{
    struct nr_reader r;
    *out = (struct nr_control_map){ 0 };
    int rc = nr_mp_check(frame_body, NR_DEPTH_MAX, false);
    if (rc) return rc;
    nr_reader_init(&r, frame_body);
    (void)nr_mp_read_map(&r);
    if (r.err) return r.err;
    out->map = frame_body;
    return 0;
}

bool nr_control_get(const struct nr_control_map *m, const char *key, struct nr_bytes *item)
{
    static const uint8_t nil = 0xc0;
    struct nr_reader r;
    struct nr_bytes wanted = nr_bytes_str(key);
    *item = nr_bytes(NULL, 0);
    if (m->map.len == 0) return false;
    nr_reader_init(&r, m->map);
    for (uint32_t pairs = nr_mp_read_map(&r); pairs > 0; pairs--) {
        struct nr_bytes k = nr_mp_read_str(&r);
        struct nr_bytes v = nr_mp_skip(&r, NR_DEPTH_MAX, false);
        nr_assert(!r.err); /* nr_control_parse has checked it */
        int c = nr_bytes_cmp(k, wanted);
        if (c > 0) return false;
        if (c < 0) continue;
        if (nr_bytes_eq(v, nr_bytes(&nil, 1))) return false;
        *item = v;
        return true;
    }
    return false;
}

/* The item's head under `key`: 1, or 0 when absent. */
static int head_of(const struct nr_control_map *m, const char *key, struct nr_mp_item *head)
{
    struct nr_bytes item;
    struct nr_reader r;
    if (!nr_control_get(m, key, &item)) return 0;
    nr_reader_init(&r, item);
    *head = nr_mp_next(&r);
    nr_assert(!r.err);
    return 1;
}

static int get_bytes(const struct nr_control_map *m, const char *key, enum nr_mp_type type, struct nr_bytes *v)
{
    struct nr_mp_item head;
    *v = nr_bytes(NULL, 0);
    if (!head_of(m, key, &head)) return 0;
    if (head.type != type) return NR_E_INVALID;
    *v = head.bytes;
    return 1;
}

int nr_control_get_str(const struct nr_control_map *m, const char *key, struct nr_bytes *v)
{
    return get_bytes(m, key, NR_MP_STR, v);
}

int nr_control_get_bin(const struct nr_control_map *m, const char *key, struct nr_bytes *v)
{
    return get_bytes(m, key, NR_MP_BIN, v);
}

int nr_control_get_uint(const struct nr_control_map *m, const char *key, uint64_t *v)
{
    struct nr_mp_item head;
    *v = 0;
    if (!head_of(m, key, &head)) return 0;
    if (head.type != NR_MP_UINT) return NR_E_INVALID;
    *v = head.uint;
    return 1;
}

int nr_control_get_int(const struct nr_control_map *m, const char *key, int64_t *v)
{
    struct nr_mp_item head;
    *v = 0;
    if (!head_of(m, key, &head)) return 0;
    bool fits = head.type == NR_MP_UINT && head.uint <= INT64_MAX;
    if (!fits && head.type != NR_MP_NEGINT) return NR_E_INVALID;
    *v = fits ? (int64_t)head.uint : head.negint;
    return 1;
}

int nr_control_get_bool(const struct nr_control_map *m, const char *key, bool *v)
{
    struct nr_mp_item head;
    *v = false;
    if (!head_of(m, key, &head)) return 0;
    if (head.type != NR_MP_BOOL) return NR_E_INVALID;
    *v = head.boolean;
    return 1;
}

int nr_control_get_map(const struct nr_control_map *m, const char *key, struct nr_control_map *v)
{
    struct nr_bytes item;
    struct nr_reader r;
    *v = (struct nr_control_map){ 0 };
    if (!nr_control_get(m, key, &item)) return 0;
    nr_reader_init(&r, item);
    (void)nr_mp_read_map(&r);
    if (r.err) return NR_E_INVALID;
    v->map = item;
    return 1;
}
