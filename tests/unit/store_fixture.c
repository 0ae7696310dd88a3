#include "store_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nr_test.h"
#include "proto/mp.h"

void make_temp_dir(char dir[static 64])
{
    const char *base = getenv("TMPDIR");
    snprintf(dir, 64, "%s/nr-store-XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
    assert_non_null(mkdtemp(dir));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void remove_tree(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void open_it(struct fixture *f)
{
    int err = f->lmdb ? nr_store_open_lmdb(&f->store, &f->options)
                      : nr_store_open_memory(&f->store, f->disk, true, &f->options);
    assert_int_equal(err, 0);
}

int fixture_open(struct fixture *f, bool lmdb)
{
    *f = (struct fixture){ .lmdb = lmdb, .options = { .history_per_node = 5, .log_max = 8, .evidence_max = 3 } };
    if (lmdb) {
        make_temp_dir(f->dir);
        f->options.dir = f->dir;
    } else {
        f->pool = nr_blob_pool_new();
        f->disk = nr_memdisk_new(f->pool);
        assert_non_null(f->disk);
    }
    open_it(f);
    return 0;
}

void fixture_reopen(struct fixture *f)
{
    nr_store_close(f->store);
    open_it(f);
}

void fixture_close(struct fixture *f)
{
    nr_store_close(f->store);
    nr_memdisk_free(f->disk);
    nr_blob_pool_free(f->pool);
    if (f->lmdb) remove_tree(f->dir);
}

static void keypair(int who, struct nr_keypair *kp)
{
    uint8_t seed[32] = { (uint8_t)who, (uint8_t)(who >> 8), 7 };
    nr_keypair_from_seed(kp, seed);
}

void public_key(int who, uint8_t key[static NR_KEY_SIZE])
{
    struct nr_keypair kp;
    keypair(who, &kp);
    memcpy(key, kp.pub, NR_KEY_SIZE);
}

struct made *make_record(uint8_t kind, int who, const char *subject, int64_t ms, uint32_t lease_s, struct nr_bytes body)
{
    struct made *m = calloc(1, sizeof *m);
    struct nr_keypair kp;
    struct nr_writer w;
    uint8_t sig[NR_SIG_SIZE];
    assert_non_null(m);
    keypair(who, &kp);
    const struct nr_record_draft draft = { .kind = kind,
                                           .signer = kp.pub,
                                           .subject = nr_bytes_str(subject),
                                           .stamp = nr_stamp_make(ms, 0),
                                           .lease_s = lease_s,
                                           .body = body };
    nr_writer_init(&w, m->bytes, sizeof m->bytes);
    nr_record_encode_unsigned(&w, &draft);
    nr_sign(&kp, NR_RECORD_DOMAIN, nr_writer_bytes(&w), sig);
    nr_record_encode_signature(&w, sig);
    assert_int_equal(w.err, 0);
    assert_int_equal(nr_record_decode(nr_writer_bytes(&w), &m->rec), 0);
    m->key_hash = nr_record_key_hash(kind, kp.pub, draft.subject);
    return m;
}

struct made *make_node(int who, const char *node_id, int64_t ms, const struct node_say *say)
{
    uint8_t body[NR_RECORD_MAX], metadata[300];
    struct nr_writer w, mw;
    struct nr_node_body b = { .deleted = say->deleted,
                              .self = say->self,
                              .state = say->state,
                              .hostname = nr_bytes_str(say->hostname ? say->hostname : "host"),
                              .ip = nr_bytes_str(say->ip ? say->ip : ""),
                              .role = nr_bytes_str(say->role ? say->role : "worker"),
                              .created_at_ms = say->created_ms ? say->created_ms : T0,
                              .updated_at_ms = say->updated_ms ? say->updated_ms : T0 };
    for (; b.label_count < 4 && say->labels[b.label_count]; b.label_count++) {
        b.labels[b.label_count] = nr_bytes_str(say->labels[b.label_count]);
    }
    if (say->metadata_json_node_type) {
        nr_writer_init(&mw, metadata, sizeof metadata);
        nr_mp_write_map(&mw, 1);
        nr_mp_write_cstr(&mw, "node_type");
        nr_mp_write_cstr(&mw, say->metadata_json_node_type);
        b.metadata = nr_writer_bytes(&mw);
    }
    nr_writer_init(&w, body, sizeof body);
    nr_node_body_encode(&w, &b);
    return make_record(NR_KIND_NODE, who, node_id, ms, say->lease_s ? say->lease_s : HOUR_S, nr_writer_bytes(&w));
}

struct made *make_beat(int who, const char *node_id, int64_t ms, uint32_t interval_ms)
{
    uint8_t body[64];
    struct nr_writer w;
    struct nr_heartbeat_body b = { .has_status = true, .status = NR_STATE_ONLINE, .interval_ms = interval_ms };
    nr_writer_init(&w, body, sizeof body);
    nr_heartbeat_body_encode(&w, &b);
    return make_record(NR_KIND_HEARTBEAT, who, node_id, ms, HOUR_S, nr_writer_bytes(&w));
}

struct made *make_profile(int who, const char *role, int64_t ms, uint64_t number, bool deleted)
{
    uint8_t body[128], config[32];
    struct nr_writer w, cw;
    nr_writer_init(&cw, config, sizeof config);
    nr_mp_write_map(&cw, 1);
    nr_mp_write_cstr(&cw, "n");
    nr_mp_write_uint(&cw, number);
    struct nr_profile_body b = {
        .deleted = deleted, .config = nr_writer_bytes(&cw), .created_at_ms = T0, .updated_at_ms = T0
    };
    nr_writer_init(&w, body, sizeof body);
    nr_profile_body_encode(&w, &b);
    return make_record(NR_KIND_PROFILE, who, role, ms, HOUR_S, nr_writer_bytes(&w));
}

struct made *kept(struct nr_store *s, struct made *m, int64_t now)
{
    assert_int_equal(nr_store_put(s, m->key_hash, &m->rec), 0);
    if (m->rec.kind == NR_KIND_HEARTBEAT) assert_int_equal(nr_store_history_add(s, &m->rec), 0);
    assert_int_equal(nr_store_refresh(s, m->rec.kind, m->rec.subject, &m->rec, now), 0);
    return m;
}

void say(struct nr_store *s, struct made *m, int64_t now)
{
    free(kept(s, m, now));
}
