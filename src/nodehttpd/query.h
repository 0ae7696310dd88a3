/* The parameters of a URI and the segments of its path: percent-decoding, and values with their rules. */
#ifndef NODEHTTPD_QUERY_H
#define NODEHTTPD_QUERY_H

#include "io/http_parse.h"
#include "nodehttpd/faults.h"

#define QUERY_PAIRS_MAX 128

struct query {
    size_t count;
    struct {
        struct nr_bytes key, value;
    } pairs[QUERY_PAIRS_MAX];
    uint8_t room[NR_HTTP_TARGET_MAX];
};

/* Decodes %XX, and '+' as a space where `plus`, into `out` (room for in.len bytes). NR_E_INVALID: a '%' without two
 * hexadecimal digits, bytes that are not UTF-8, or a control character. */
int percent_decode(struct nr_bytes in, bool plus, uint8_t *out, struct nr_bytes *text) NR_MUST_CHECK;

/* Pairs in the order given; a key without '=' has an empty value. NR_E_INVALID as above, NR_E_TOO_LARGE: too many. */
int query_parse(struct query *q, struct nr_bytes raw) NR_MUST_CHECK;

/* A parameter that may be given once; an empty one counts as absent. False: absent, or a fault (twice). */
bool query_text(const struct query *q, const char *key, struct faults *f, struct nr_bytes *out);
/* A whole number in low … high; *out is left alone when it is absent or at fault. */
void query_number(const struct query *q, const char *key, uint64_t low, uint64_t high, struct faults *f, uint64_t *out);

#endif
