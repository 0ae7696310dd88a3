/* The change log: numbers ascend by one, and beyond the bound the oldest entry goes. */
#include "store/store_impl.h"

struct found {
    uint64_t number;
    struct nr_store_key key;
};

static int take_first(void *arg, struct nr_bytes key, struct nr_bytes value)
{
    struct found *f = arg;
    (void)value;
    if (key.len != 8) return NR_E_CORRUPT;
    f->number = nr_be64(key.data);
    nr_key_number(&f->key, f->number);
    return 1;
}

uint64_t nr_changes_newest(struct nr_store *s)
{
    struct found f = { 0 };
    return s->ops->last(s->kv, NR_T_LOG, take_first, &f) == 1 ? f.number : 0;
}

static int drop_oldest(struct nr_store *s)
{
    struct found f = { 0 };
    int err = s->ops->scan(s->kv, NR_T_LOG, nr_bytes(NULL, 0), take_first, &f);
    return err == 1 ? s->ops->del(s->kv, NR_T_LOG, nr_key_bytes(&f.key)) : err;
}

int nr_changes_add(struct nr_store *s, const struct nr_change_draft *draft, struct nr_bytes subject)
{
    struct nr_change_head head = { .at_ms = draft->at_ms,
                                   .stamp = draft->stamp,
                                   .what = draft->what,
                                   .profile = draft->profile,
                                   .has_signer = draft->has_signer };
    uint8_t value[sizeof head + NR_SUBJECT_MAX];
    struct nr_store_key key;
    memcpy(head.signer, draft->signer, NR_KEY_SIZE);
    memcpy(value, &head, sizeof head);
    memcpy(value + sizeof head, subject.data, subject.len);
    nr_key_number(&key, nr_changes_newest(s) + 1);

    int err = s->ops->put(s->kv, NR_T_LOG, nr_key_bytes(&key), nr_bytes(value, sizeof head + subject.len));
    for (int i = 0; !err && i < 2 && s->ops->count(s->kv, NR_T_LOG) > s->log_max; i++) err = drop_oldest(s);
    return err;
}
