#include <string.h>

#include "fuzz.h"
#include "proto/record.h"

/* What decodes is the one encoding of what it says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[NR_RECORD_MAX];
    struct nr_record rec;
    struct nr_writer w;
    if (nr_record_decode(nr_bytes(data, size), &rec) != 0) return 0;
    struct nr_record_draft draft = { .kind = rec.kind,
                                     .signer = rec.signer,
                                     .subject = rec.subject,
                                     .stamp = rec.stamp,
                                     .lease_s = rec.lease_s,
                                     .body = rec.body };
    nr_writer_init(&w, again, sizeof again);
    nr_record_encode_unsigned(&w, &draft);
    nr_record_encode_signature(&w, rec.sig);
    nr_assert(w.err == 0);
    nr_assert(nr_bytes_eq(nr_writer_bytes(&w), rec.raw));
    return 0;
}
