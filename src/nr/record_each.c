/* Walks over signed records and evidence. */
#include "nr/impl.h"
#include "proto/record.h"

typedef int record_fn(void *arg, const struct nr_signed_record *record);

static struct nr_read *half_of(struct nr_snapshot *s, enum nr_half half)
{
    return half == NR_REGISTRY ? s->cold : s->hot;
}

static int hand_out(enum nr_half half, struct nr_bytes key, struct nr_bytes raw, record_fn *each, void *arg)
{
    if (key.len != 8) return NR_E_CORRUPT;
    const struct nr_signed_record r = {
        .data = raw.data, .len = raw.len, .key_hash = nr_be64(key.data), .hot = half == NR_PULSE
    };
    return each(arg, &r);
}

static int each_of_half(struct nr_snapshot *s, enum nr_half half, record_fn *each, void *arg)
{
    enum nr_table t = half == NR_REGISTRY ? NR_T_RECORDS : NR_T_PULSE_RECORDS;
    struct nr_bytes key = { 0 }, raw;
    int err = nr_read_move(half_of(s, half), t, NR_READ_WALK, NR_READ_FIRST, &key, &raw);
    while (!err) {
        err = hand_out(half, key, raw, each, arg);
        if (err) return err;
        err = nr_read_move(half_of(s, half), t, NR_READ_WALK, NR_READ_NEXT, &key, &raw);
    }
    return err == NR_E_NOT_FOUND ? 0 : err;
}

/* All of one kind about the subject; *entry stands on the first. */
static int each_of_kind(struct nr_snapshot *s, enum nr_half half, struct nr_bytes prefix, record_fn *each, void *arg)
{
    enum nr_table subjects = half == NR_REGISTRY ? NR_T_SUBJECTS : NR_T_PULSE_SUBJECTS;
    enum nr_table records = half == NR_REGISTRY ? NR_T_RECORDS : NR_T_PULSE_RECORDS;
    struct nr_bytes key = prefix, hash, raw;
    int err = nr_read_move(half_of(s, half), subjects, NR_READ_WALK, NR_READ_FROM, &key, &hash);
    while (!err && nr_has_prefix(key, prefix)) {
        err = nr_read_get(half_of(s, half), records, hash, &raw);
        if (!err) err = hand_out(half, hash, raw, each, arg);
        if (err) return err == NR_E_NOT_FOUND ? NR_E_CORRUPT : err;
        err = nr_read_move(half_of(s, half), subjects, NR_READ_WALK, NR_READ_NEXT, &key, &hash);
    }
    return err == NR_E_NOT_FOUND ? 0 : err;
}

/* The kinds that there are, one search each; a profile's subject is a role, not a node. */
static int each_of_subject(struct nr_snapshot *s, enum nr_half half, struct nr_bytes subject, record_fn *each,
                           void *arg)
{
    enum nr_table subjects = half == NR_REGISTRY ? NR_T_SUBJECTS : NR_T_PULSE_SUBJECTS;
    for (uint8_t kind = 1;; kind++) {
        struct nr_store_key prefix;
        struct nr_bytes key = nr_bytes(&kind, 1), value;
        int err = nr_read_move(half_of(s, half), subjects, NR_READ_LOOK, NR_READ_FROM, &key, &value);
        if (err) return err == NR_E_NOT_FOUND ? 0 : err;
        kind = key.data[0];
        nr_key_subject(&prefix, kind, subject, NULL);
        if (kind != NR_KIND_PROFILE) err = each_of_kind(s, half, nr_key_bytes(&prefix), each, arg);
        if (err || kind == UINT8_MAX) return err;
    }
}

int nr_record_each(nr_snapshot *s, const char *node_id, size_t len,
                   int (*each)(void *arg, const struct nr_signed_record *record), void *arg)
{
    int err = 0;
    if (!s->begun) return NR_E_INVALID;
    if (node_id && (len == 0 || len > NR_SUBJECT_MAX)) return 0;
    for (int h = 0; h < NR_HALVES && !err; h++) {
        err = node_id ? each_of_subject(s, (enum nr_half)h, nr_bytes(node_id, len), each, arg)
                      : each_of_half(s, (enum nr_half)h, each, arg);
    }
    return err;
}

int nr_evidence_each(nr_snapshot *s,
                     int (*each)(void *arg, const struct nr_signed_record *a, const struct nr_signed_record *b),
                     void *arg)
{
    struct nr_bytes key = { 0 }, value;
    struct nr_evidence_view v;
    if (!s->begun) return NR_E_INVALID;
    int err = nr_read_move(s->cold, NR_T_EVIDENCE, NR_READ_WALK, NR_READ_FIRST, &key, &value);
    while (!err) {
        err = nr_evidence_view_read(value, &v);
        if (err) return err;
        const struct nr_signed_record a = { .data = v.a.data, .len = v.a.len },
                                      b = { .data = v.b.data, .len = v.b.len };
        err = each(arg, &a, &b);
        if (err) return err;
        err = nr_read_move(s->cold, NR_T_EVIDENCE, NR_READ_WALK, NR_READ_NEXT, &key, &value);
    }
    return err == NR_E_NOT_FOUND ? 0 : err;
}
