#include "store/mem_records.h"

#include <stdlib.h>

#include "base/assert.h"

void nr_mem_records_init(struct nr_mem_records *r, struct nr_blob_pool *pool)
{
    *r = (struct nr_mem_records){ .pool = pool, .free_head = NR_NO_INDEX };
}

void nr_mem_records_fini(struct nr_mem_records *r)
{
    for (uint32_t i = 0; i < r->count; i++) nr_blob_release(r->pool, r->at[i].blob);
    free(r->at);
    nr_mem_index_fini(&r->by_key);
    nr_mem_index_fini(&r->by_subject);
    nr_mem_records_init(r, r->pool);
}

/* What the order of a chain and the index by subject need, read from where proto/README.md A.1 and A.2 put it. Bytes
 * that are kept were decoded before they were put. */
struct about {
    uint8_t kind;
    const uint8_t *signer;
    struct nr_bytes subject;
};

#define AT_KIND    2
#define AT_SIGNER  5
#define AT_SUBJECT (AT_SIGNER + NR_KEY_SIZE)

static struct about about_blob(const struct nr_mem_records *r, uint32_t blob)
{
    struct nr_bytes raw = nr_blob_bytes(r->pool, blob);
    nr_assert(raw.len > AT_SUBJECT + NR_SIG_ELEMENT);
    const uint8_t *s = raw.data + AT_SUBJECT;
    bool fixstr = (*s & 0xe0) == 0xa0; /* else d9 and a length byte */
    struct nr_bytes subject = fixstr ? nr_bytes(s + 1, *s & 0x1f) : nr_bytes(s + 2, s[1]);
    nr_assert(subject.data + subject.len <= raw.data + raw.len);
    return (struct about){ raw.data[AT_KIND], raw.data + AT_SIGNER, subject };
}

static uint64_t subject_hash(uint8_t kind, struct nr_bytes subject)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ kind;
    for (size_t i = 0; i < subject.len; i++) h = (h ^ subject.data[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t key_hash_of(const void *ctx, uint32_t i)
{
    return ((const struct nr_mem_records *)ctx)->at[i].key_hash;
}

static bool key_equals(const void *ctx, uint32_t i, const void *wanted)
{
    return key_hash_of(ctx, i) == *(const uint64_t *)wanted;
}

static uint64_t subject_hash_of(const void *ctx, uint32_t i)
{
    const struct nr_mem_records *r = ctx;
    struct about a = about_blob(r, r->at[i].blob);
    return subject_hash(a.kind, a.subject);
}

static bool subject_equals(const void *ctx, uint32_t i, const void *wanted)
{
    const struct nr_mem_records *r = ctx;
    const struct about *w = wanted;
    struct about a = about_blob(r, r->at[i].blob);
    return a.kind == w->kind && nr_bytes_eq(a.subject, w->subject);
}

static uint32_t find(const struct nr_mem_records *r, uint64_t key_hash)
{
    return nr_mem_index_find(&r->by_key, key_hash, key_equals, r, &key_hash);
}

static uint32_t find_chain(const struct nr_mem_records *r, const struct about *a)
{
    return nr_mem_index_find(&r->by_subject, subject_hash(a->kind, a->subject), subject_equals, r, a);
}

uint32_t nr_mem_records_get(const struct nr_mem_records *r, uint64_t key_hash)
{
    uint32_t i = find(r, key_hash);
    return i == NR_NO_INDEX ? NR_NO_BLOB : r->at[i].blob;
}

static int signer_order(const struct nr_mem_records *r, uint32_t i, const struct about *a)
{
    return memcmp(about_blob(r, r->at[i].blob).signer, a->signer, NR_KEY_SIZE);
}

static void link_in(struct nr_mem_records *r, uint32_t i)
{
    struct about a = about_blob(r, r->at[i].blob);
    uint64_t hash = subject_hash(a.kind, a.subject);
    uint32_t head = find_chain(r, &a);
    r->at[i].next = head;
    if (head == NR_NO_INDEX) {
        nr_mem_index_add(&r->by_subject, hash, i);
    } else if (signer_order(r, head, &a) >= 0) {
        nr_mem_index_swap(&r->by_subject, hash, head, i);
    } else {
        uint32_t before = head;
        while (r->at[before].next != NR_NO_INDEX && signer_order(r, r->at[before].next, &a) < 0) {
            before = r->at[before].next;
        }
        r->at[i].next = r->at[before].next;
        r->at[before].next = i;
    }
}

static void unlink_from(struct nr_mem_records *r, uint32_t i)
{
    struct about a = about_blob(r, r->at[i].blob);
    uint64_t hash = subject_hash(a.kind, a.subject);
    uint32_t head = find_chain(r, &a);
    nr_assert(head != NR_NO_INDEX);
    if (head == i && r->at[i].next == NR_NO_INDEX) {
        nr_mem_index_remove(&r->by_subject, hash, i, subject_hash_of, r);
    } else if (head == i) {
        nr_mem_index_swap(&r->by_subject, hash, i, r->at[i].next);
    } else {
        uint32_t before = head;
        while (r->at[before].next != i) before = r->at[before].next;
        r->at[before].next = r->at[i].next;
    }
}

static int make_room(struct nr_mem_records *r)
{
    if (r->free_head == NR_NO_INDEX && r->count == r->cap) {
        uint32_t cap = r->cap ? r->cap + r->cap / 2 : 16;
        struct nr_mem_record *at = realloc(r->at, cap * sizeof *at);
        if (!at) return NR_E_NOMEM;
        r->at = at;
        r->cap = cap;
    }
    int err = nr_mem_index_reserve(&r->by_key, key_hash_of, r);
    return err ? err : nr_mem_index_reserve(&r->by_subject, subject_hash_of, r);
}

static int add(struct nr_mem_records *r, uint64_t key_hash, uint32_t blob)
{
    int err = make_room(r);
    if (err) return err;
    uint32_t i = r->free_head;
    if (i == NR_NO_INDEX)
        i = r->count++;
    else
        r->free_head = r->at[i].next;
    r->at[i] = (struct nr_mem_record){ .key_hash = key_hash, .blob = blob, .next = NR_NO_INDEX };
    nr_mem_index_add(&r->by_key, key_hash, i);
    link_in(r, i);
    r->living++;
    return 0;
}

static void take_out(struct nr_mem_records *r, uint32_t i)
{
    unlink_from(r, i);
    nr_mem_index_remove(&r->by_key, r->at[i].key_hash, i, key_hash_of, r);
    r->at[i] = (struct nr_mem_record){ .blob = NR_NO_BLOB, .next = r->free_head };
    r->free_head = i;
    r->living--;
}

/* Always, unless two keys share their hash. */
static bool same_subject(const struct nr_mem_records *r, uint32_t blob, uint32_t other)
{
    struct about a = about_blob(r, blob), b = about_blob(r, other);
    return a.kind == b.kind && nr_bytes_eq(a.subject, b.subject);
}

int nr_mem_records_swap(struct nr_mem_records *r, uint64_t key_hash, uint32_t blob, uint32_t *old)
{
    uint32_t i = find(r, key_hash);
    *old = i == NR_NO_INDEX ? NR_NO_BLOB : r->at[i].blob;
    if (i != NR_NO_INDEX && blob == NR_NO_BLOB) {
        take_out(r, i);
    } else if (i != NR_NO_INDEX) {
        int err = same_subject(r, r->at[i].blob, blob) ? 0 : nr_mem_index_reserve(&r->by_subject, subject_hash_of, r);
        if (err) return err;
        unlink_from(r, i);
        r->at[i].blob = blob;
        link_in(r, i);
    } else if (blob != NR_NO_BLOB) {
        return add(r, key_hash, blob);
    }
    return 0;
}

static int hand_out(const struct nr_mem_records *r, uint32_t i, nr_store_record_fn *each, void *arg)
{
    struct nr_record rec;
    if (nr_record_decode(nr_blob_bytes(r->pool, r->at[i].blob), &rec)) return NR_E_CORRUPT;
    return each(arg, r->at[i].key_hash, &rec);
}

static int by_key_hash(const void *a, const void *b)
{
    uint64_t x = ((const struct nr_mem_record *)a)->key_hash, y = ((const struct nr_mem_record *)b)->key_hash;
    return (x > y) - (x < y);
}

int nr_mem_records_each(const struct nr_mem_records *r, nr_store_record_fn *each, void *arg)
{
    int err = 0;
    uint32_t n = 0;
    if (!r->living) return 0;
    struct nr_mem_record *sorted = malloc(r->living * sizeof *sorted);
    if (!sorted) return NR_E_NOMEM;
    for (uint32_t i = 0; i < r->count; i++) {
        if (r->at[i].blob == NR_NO_BLOB) continue;
        sorted[n].key_hash = r->at[i].key_hash;
        sorted[n++].next = i;
    }
    qsort(sorted, n, sizeof *sorted, by_key_hash);
    for (uint32_t i = 0; i < n && !err; i++) err = hand_out(r, sorted[i].next, each, arg);
    free(sorted);
    return err;
}

int nr_mem_records_each_of(const struct nr_mem_records *r, uint8_t kind, struct nr_bytes subject,
                           nr_store_record_fn *each, void *arg)
{
    struct about a = { .kind = kind, .subject = subject };
    uint32_t i = find_chain(r, &a);
    int err = 0;
    for (; i != NR_NO_INDEX && !err; i = r->at[i].next) err = hand_out(r, i, each, arg);
    return err;
}
