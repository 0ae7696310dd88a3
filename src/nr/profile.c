#include "nr/impl.h"

static int fill(struct nr_bytes role, struct nr_bytes value, int64_t now_ms, struct nr_profile *out)
{
    struct nr_profile_view v;
    int err = nr_profile_view_read(value, &v);
    if (err) return err;
    if (now_ms >= v.head.ends_ms) return NR_E_NOT_FOUND;
    *out = (struct nr_profile){
        .role = nr_text_of(role),
        .config = v.config.data,
        .config_len = v.config.len,
        .config_json = nr_text_of(v.json),
        .created_at_ms = v.head.created_at_ms,
        .updated_at_ms = v.head.updated_at_ms,
    };
    return 0;
}

int nr_profile_get(nr_snapshot *s, const char *role, size_t len, int64_t now_ms, struct nr_profile *out)
{
    struct nr_bytes key = nr_bytes(role, len), value;
    if (!s->begun) return NR_E_INVALID;
    if (len == 0 || len > NR_ROLE_MAX) return NR_E_NOT_FOUND;
    int err = nr_read_move(s->cold, NR_T_PROFILES, NR_READ_LOOK, NR_READ_AT, &key, &value);
    return err ? err : fill(key, value, now_ms, out);
}

int nr_profile_each(nr_snapshot *s, int64_t now_ms, int (*each)(void *arg, const struct nr_profile *p), void *arg)
{
    struct nr_bytes key = { 0 }, value;
    struct nr_profile p;
    if (!s->begun) return NR_E_INVALID;
    int err = nr_read_move(s->cold, NR_T_PROFILES, NR_READ_WALK, NR_READ_FIRST, &key, &value);
    while (!err) {
        err = fill(key, value, now_ms, &p);
        if (!err) err = each(arg, &p);
        if (err && err != NR_E_NOT_FOUND) return err;
        err = nr_read_move(s->cold, NR_T_PROFILES, NR_READ_WALK, NR_READ_NEXT, &key, &value);
    }
    return err == NR_E_NOT_FOUND ? 0 : err;
}
