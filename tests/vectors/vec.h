/* Golden vectors: files of JSON in proto/vectors, made with fixed seeds. Whatever is written has just been judged by
 * the decoders, so a file says both what the bytes are and how they are treated. Any failure ends the program. */
#ifndef NR_TEST_VEC_H
#define NR_TEST_VEC_H

#include "base/json.h"
#include "crypto/crypto.h"

struct vec {
    const char *dir;
    bool check; /* compare with the file instead of writing it */
    const char *name;
    struct nr_buf text;
    struct nr_json json;
};

void vec_must(bool holds, const char *file, const char *what);
void vec_open(struct vec *v, const char *name, const char *about);
void vec_begin(struct vec *v, const char *name); /* one vector */
void vec_end(struct vec *v);
void vec_close(struct vec *v);

/* Values: bytes as hex, 64-bit numbers as 16 hex digits. */
void vec_hex(struct vec *v, const char *key, struct nr_bytes b);
void vec_u64(struct vec *v, const char *key, uint64_t n);

/* The keys of all vectors. */
struct nr_keypair vec_keypair(uint8_t seed);

void vec_records(struct vec *v);
void vec_datagrams(struct vec *v);
void vec_refused_messages(struct vec *v);
void vec_tokens(struct vec *v);
void vec_hashes(struct vec *v);

#endif
