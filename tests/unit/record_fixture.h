/* A record made by hand, element by element, so that each can be made wrong. The signature is not a real one. */
#ifndef NR_TEST_RECORD_FIXTURE_H
#define NR_TEST_RECORD_FIXTURE_H

#include "proto/body.h"
#include "proto/mp.h"
#include "proto/record.h"

struct made_record {
    uint8_t bytes[2 * NR_RECORD_MAX];
    size_t len;
};

static inline struct nr_record_draft test_draft(struct nr_bytes body)
{
    static const uint8_t signer[NR_KEY_SIZE] = { 1, 2, 3 };
    return (struct nr_record_draft){
        .kind = 50,
        .signer = signer,
        .subject = nr_bytes_str("node-1"),
        .stamp = nr_stamp_make(1795444200123, 7),
        .lease_s = 259200,
        .body = body,
    };
}

static inline struct nr_bytes test_make_record(const struct nr_record_draft *draft, struct made_record *out)
{
    static const uint8_t sig[NR_SIG_SIZE] = { 9, 8, 7 };
    struct nr_writer w;
    nr_writer_init(&w, out->bytes, sizeof out->bytes);
    nr_record_encode_unsigned(&w, draft);
    nr_record_encode_signature(&w, sig);
    out->len = nr_writer_len(&w);
    return nr_writer_bytes(&w);
}

#endif
