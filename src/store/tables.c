#include "store/tables.h"

#include "base/assert.h"

const char *const nr_table_names[NR_TABLE_COUNT] = {
#define X(sym, half, name) [NR_T_##sym] = name,
    NR_TABLES(X)
#undef X
};

const enum nr_half nr_table_halves[NR_TABLE_COUNT] = {
#define X(sym, half, name) [NR_T_##sym] = half,
    NR_TABLES(X)
#undef X
};

/* Callers pass parts that the protocol's limits bound; a key that does not fit is a bug of ours. */
static void finish(struct nr_store_key *k, const struct nr_writer *w)
{
    nr_assert(!w->err);
    k->len = nr_writer_len(w);
}

void nr_key_number(struct nr_store_key *k, uint64_t number)
{
    nr_put_be64(k->data, number);
    k->len = 8;
}

void nr_key_subject(struct nr_store_key *k, uint8_t kind, struct nr_bytes subject, const uint8_t *signer)
{
    struct nr_writer w;
    nr_writer_init(&w, k->data, sizeof k->data);
    nr_write_u8(&w, kind);
    nr_write_bytes(&w, subject);
    nr_write_u8(&w, 0);
    if (signer) nr_write_bytes(&w, nr_bytes(signer, NR_KEY_SIZE));
    finish(k, &w);
}

void nr_key_index(struct nr_store_key *k, struct nr_bytes word, struct nr_bytes node_id)
{
    struct nr_writer w;
    nr_writer_init(&w, k->data, sizeof k->data);
    nr_write_bytes(&w, word);
    nr_write_u8(&w, 0);
    nr_write_bytes(&w, node_id);
    finish(k, &w);
}

void nr_key_beat(struct nr_store_key *k, struct nr_bytes node_id, uint64_t stamp,
                 const uint8_t signer[static NR_KEY_SIZE])
{
    struct nr_writer w;
    nr_writer_init(&w, k->data, sizeof k->data);
    nr_write_bytes(&w, node_id);
    nr_write_u8(&w, 0);
    nr_write_u64(&w, stamp);
    nr_write_bytes(&w, nr_bytes(signer, NR_KEY_SIZE));
    finish(k, &w);
}
