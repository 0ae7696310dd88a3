/* Registers nodes in a store, as noded would: writer DIR NODE_ID ROLE [NODE_ID ROLE …] */
#include <stdio.h>
#include <time.h>

#include "crypto/crypto.h"
#include "proto/body.h"
#include "store/store.h"

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int sign(const struct nr_keypair *kp, const char *node_id, struct nr_bytes body, struct nr_writer *w)
{
    uint8_t sig[NR_SIG_SIZE];
    const struct nr_record_draft draft = { .kind = NR_KIND_NODE,
                                           .signer = kp->pub,
                                           .subject = nr_bytes_str(node_id),
                                           .stamp = nr_stamp_make(now_ms(), 0),
                                           .lease_s = 3600,
                                           .body = body };
    nr_record_encode_unsigned(w, &draft);
    nr_sign(kp, NR_RECORD_DOMAIN, nr_writer_bytes(w), sig);
    nr_record_encode_signature(w, sig);
    return w->err;
}

static int add(struct nr_store *s, const struct nr_keypair *kp, const char *node_id, const char *role)
{
    uint8_t body_bytes[512], bytes[1024];
    struct nr_writer bw, w;
    struct nr_record rec;
    const struct nr_node_body body = { .hostname = nr_bytes_str("host"),
                                       .role = nr_bytes_str(role),
                                       .created_at_ms = now_ms(),
                                       .updated_at_ms = now_ms() };
    nr_writer_init(&bw, body_bytes, sizeof body_bytes);
    nr_node_body_encode(&bw, &body);
    nr_writer_init(&w, bytes, sizeof bytes);
    int err = sign(kp, node_id, nr_writer_bytes(&bw), &w);
    if (!err) err = nr_record_decode(nr_writer_bytes(&w), &rec);
    if (!err) err = nr_store_put(s, nr_record_key_hash(NR_KIND_NODE, kp->pub, rec.subject), &rec);
    return err ? err : nr_store_refresh(s, NR_KIND_NODE, rec.subject, &rec, now_ms());
}

int main(int argc, char **argv)
{
    const uint8_t seed[32] = { 1 };
    struct nr_keypair kp;
    struct nr_store *s = NULL;
    if (argc < 2 || nr_crypto_init()) return 2;
    nr_keypair_from_seed(&kp, seed);
    int err = nr_store_open_lmdb(&s, &(struct nr_store_options){ .dir = argv[1] });
    for (int i = 2; !err && i + 1 < argc; i += 2) err = add(s, &kp, argv[i], argv[i + 1]);
    if (!err) err = nr_store_commit(s);
    if (err) fprintf(stderr, "writer: %s\n", nr_strerror(err));
    nr_store_close(s);
    return err ? 1 : 0;
}
