/* Pairs of records under one stamp. Few are ever kept, so a look over all of them is how a known pair is found. */
#include "store/store_impl.h"

#include "crypto/crypto.h"

struct look {
    uint64_t id_a, id_b;
    uint64_t oldest, newest;
    bool known;
};

static int look_at(void *arg, struct nr_bytes key, struct nr_bytes value)
{
    struct look *l = arg;
    struct nr_evidence_head head;
    struct nr_bytes rest;
    int err = nr_head_read(value, &head, sizeof head, &rest);
    if (err || key.len != 8) return NR_E_CORRUPT;
    l->newest = nr_be64(key.data);
    if (!l->oldest) l->oldest = l->newest;
    l->known = head.id_a == l->id_a && head.id_b == l->id_b;
    return l->known;
}

static int make_room(struct nr_store *s, uint64_t oldest)
{
    struct nr_store_key key;
    if (s->ops->count(s->kv, NR_T_EVIDENCE) < s->evidence_max) return 0;
    nr_key_number(&key, oldest);
    return s->ops->del(s->kv, NR_T_EVIDENCE, nr_key_bytes(&key));
}

int nr_evidence_add(struct nr_store *s, const struct nr_record *a, const struct nr_record *b)
{
    struct look l = { .id_a = nr_record_id(a->raw), .id_b = nr_record_id(b->raw) };
    struct nr_store_key key;
    if (l.id_a > l.id_b) {
        const struct nr_record *swap = a;
        a = b;
        b = swap;
        l = (struct look){ .id_a = l.id_b, .id_b = l.id_a };
    }
    int err = s->ops->scan(s->kv, NR_T_EVIDENCE, nr_bytes(NULL, 0), look_at, &l);
    if (err) return err < 0 ? err : 0;

    struct nr_evidence_head head = {
        .id_a = l.id_a, .id_b = l.id_b, .len_a = (uint32_t)a->raw.len, .len_b = (uint32_t)b->raw.len
    };
    nr_buf_reset(&s->fresh);
    nr_buf_add(&s->fresh, &head, sizeof head);
    nr_buf_add(&s->fresh, a->raw.data, a->raw.len);
    nr_buf_add(&s->fresh, b->raw.data, b->raw.len);
    if (s->fresh.err) return s->fresh.err;
    nr_key_number(&key, l.newest + 1);
    err = make_room(s, l.oldest);
    return err ? err : s->ops->put(s->kv, NR_T_EVIDENCE, nr_key_bytes(&key), nr_buf_bytes(&s->fresh));
}
