#include "store/mem_keys.h"

#include <stdlib.h>

#include "base/assert.h"

void nr_mem_keys_fini(struct nr_mem_keys *k)
{
    for (uint32_t i = 0; i < k->count; i++) free(k->at[i]);
    free(k->at);
    free(k->sorted);
    nr_mem_index_fini(&k->by_hash);
    nr_mem_index_fini(&k->by_subject);
    *k = (struct nr_mem_keys){ 0 };
}

struct about {
    uint8_t kind;
    struct nr_bytes subject;
};

static uint64_t about_hash(const struct about *a)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ a->kind;
    for (size_t i = 0; i < a->subject.len; i++) h = (h ^ a->subject.data[i]) * UINT64_C(0x100000001b3);
    return h;
}

static struct about about(const struct nr_mem_keys *k, uint32_t i)
{
    return (struct about){ k->at[i]->kind, nr_bytes(k->at[i]->subject, k->at[i]->subject_len) };
}

static bool about_equals(const void *ctx, uint32_t i, const void *wanted)
{
    const struct about a = about(ctx, i), *w = wanted;
    return a.kind == w->kind && nr_bytes_eq(a.subject, w->subject);
}

static uint64_t about_hash_of(const void *ctx, uint32_t i)
{
    struct about a = about(ctx, i);
    return about_hash(&a);
}

static uint64_t key_hash_of(const void *ctx, uint32_t i)
{
    return ((const struct nr_mem_keys *)ctx)->at[i]->key_hash;
}

static bool key_equals(const void *ctx, uint32_t i, const void *wanted)
{
    return key_hash_of(ctx, i) == *(const uint64_t *)wanted;
}

uint32_t nr_mem_keys_find(const struct nr_mem_keys *k, uint64_t key_hash)
{
    return nr_mem_index_find(&k->by_hash, key_hash, key_equals, k, &key_hash);
}

static uint32_t find_subject(const struct nr_mem_keys *k, const struct about *a)
{
    return nr_mem_index_find(&k->by_subject, about_hash(a), about_equals, k, a);
}

uint32_t nr_mem_keys_of(const struct nr_mem_keys *k, uint8_t kind, struct nr_bytes subject)
{
    return find_subject(k, &(struct about){ kind, subject });
}

static int make_room(struct nr_mem_keys *k)
{
    if (k->count == k->cap) {
        uint32_t cap = k->cap ? k->cap + k->cap / 2 : 16;
        struct nr_mem_key **at = realloc(k->at, cap * sizeof(*at));
        if (!at) return NR_E_NOMEM;
        k->at = at;
        k->cap = cap;
    }
    int err = nr_mem_index_reserve(&k->by_hash, key_hash_of, k);
    return err ? err : nr_mem_index_reserve(&k->by_subject, about_hash_of, k);
}

static int signer_order(const struct nr_mem_keys *k, uint32_t a, uint32_t b)
{
    return memcmp(k->at[a]->signer, k->at[b]->signer, NR_KEY_SIZE);
}

static void link_subject(struct nr_mem_keys *k, uint32_t i)
{
    struct about a = about(k, i);
    uint32_t head = find_subject(k, &a);
    if (head == NR_NO_INDEX) {
        nr_mem_index_add(&k->by_subject, about_hash(&a), i);
    } else if (signer_order(k, head, i) > 0) {
        k->at[i]->next = head;
        nr_mem_index_swap(&k->by_subject, about_hash(&a), head, i);
    } else {
        uint32_t before = head;
        while (k->at[before]->next != NR_NO_INDEX && signer_order(k, k->at[before]->next, i) < 0)
            before = k->at[before]->next;
        k->at[i]->next = k->at[before]->next;
        k->at[before]->next = i;
    }
}

static bool is_key_of(const struct nr_mem_key *key, const struct nr_record *rec)
{
    return key->kind == rec->kind && memcmp(key->signer, rec->signer, NR_KEY_SIZE) == 0 &&
           nr_bytes_eq(nr_bytes(key->subject, key->subject_len), rec->subject);
}

int nr_mem_keys_take(struct nr_mem_keys *k, uint64_t key_hash, const struct nr_record *rec, uint32_t *number)
{
    *number = nr_mem_keys_find(k, key_hash);
    if (*number != NR_NO_INDEX) return is_key_of(k->at[*number], rec) ? 0 : NR_E_INVALID;
    nr_assert(rec->subject.len <= UINT8_MAX);
    int err = make_room(k);
    if (err) return err;
    struct nr_mem_key *key = malloc(sizeof *key + rec->subject.len);
    if (!key) return NR_E_NOMEM;
    key->key_hash = key_hash;
    key->next = NR_NO_INDEX;
    key->kind = rec->kind;
    key->subject_len = (uint8_t)rec->subject.len;
    memcpy(key->signer, rec->signer, NR_KEY_SIZE);
    memcpy(key->subject, rec->subject.data, rec->subject.len);
    *number = k->count++;
    k->at[*number] = key;
    nr_mem_index_add(&k->by_hash, key_hash, *number);
    link_subject(k, *number);
    return 0;
}

struct ranked {
    uint64_t key_hash;
    uint32_t number;
};

static int by_key_hash(const void *a, const void *b)
{
    uint64_t x = ((const struct ranked *)a)->key_hash, y = ((const struct ranked *)b)->key_hash;
    return (x > y) - (x < y);
}

static int sort(struct nr_mem_keys *k)
{
    uint32_t *sorted = malloc((k->count + 1) * sizeof *sorted);
    struct ranked *ranked = malloc((k->count + 1) * sizeof *ranked);
    if (!sorted || !ranked) {
        free(sorted);
        free(ranked);
        return NR_E_NOMEM;
    }
    for (uint32_t i = 0; i < k->count; i++) ranked[i] = (struct ranked){ k->at[i]->key_hash, i };
    qsort(ranked, k->count, sizeof *ranked, by_key_hash);
    for (uint32_t i = 0; i < k->count; i++) sorted[i] = ranked[i].number;
    free(ranked);
    free(k->sorted);
    k->sorted = sorted;
    k->sorted_count = k->count;
    return 0;
}

const uint32_t *nr_mem_keys_sorted(struct nr_mem_keys *k)
{
    bool valid = k->sorted && k->sorted_count == k->count;
    return valid || sort(k) == 0 ? k->sorted : NULL;
}
