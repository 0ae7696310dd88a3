/* What a core asks of its simulated host: real cryptography, through the world's memory of what was checked, and the
 * memory store. Each record that passes here is judged. */
#include <string.h>

#include "base/assert.h"
#include "tools/sim/world.h"

#define CLOCK_LIMIT "clock_limit" /* as noded names it */

static struct sim_node *node_of(void *ctx)
{
    return ctx;
}

static uint64_t key_hash(struct sim_node *n, const struct nr_record *rec)
{
    return sim_crypto_key_hash(&n->world->crypto, rec);
}

static uint64_t host_hash8(void *ctx, struct nr_bytes in)
{
    return sim_crypto_hash8(&node_of(ctx)->world->crypto, in);
}

static uint64_t host_cookie(void *ctx, struct nr_bytes in)
{
    return nr_keyed_hash8(node_of(ctx)->cookie_secret, in);
}

static void host_sign(void *ctx, const char *domain, struct nr_bytes msg, uint8_t sig[static NR_SIG_SIZE])
{
    struct sim_node *n = node_of(ctx);
    if (strcmp(domain, NR_RECORD_DOMAIN) == 0) sim_check_sign(n, msg);
    sim_crypto_sign(&n->world->crypto, &n->key, domain, msg, sig);
}

static int host_verify(void *ctx, const uint8_t key[static NR_KEY_SIZE], const char *domain, struct nr_bytes msg,
                       const uint8_t sig[static NR_SIG_SIZE])
{
    return sim_crypto_verify(&node_of(ctx)->world->crypto, key, domain, msg, sig);
}

static void saved(struct sim_node *n, const struct nr_record *rec)
{
    struct sim_traffic *t = &n->world->traffic;
    bool own = memcmp(rec->signer, n->key.pub, NR_KEY_SIZE) == 0;
    bool cold = nr_kind_plane(rec->kind) == NR_PLANE_COLD;
    if (own && cold) {
        sim_guard_claim(&n->guard, key_hash(n, rec), rec->stamp, nr_record_ends_ms(rec->stamp, rec->lease_s));
        n->last_own_id = nr_record_id(rec->raw);
    }
    if (own) return;
    if (nr_kind_plane(rec->kind) == NR_PLANE_HOT) t->hot_saved++;
    if (!cold) return;
    t->cold_saved++;
    t->cold_saved_bytes += rec->raw.len;
    t->cold_us = n->world->now_us;
}

static int host_save(void *ctx, const struct nr_record *rec, struct nr_now now)
{
    struct sim_node *n = node_of(ctx);
    sim_check_save(n, rec, now);
    int err = nr_store_put(n->store, key_hash(n, rec), rec);
    if (!err) saved(n, rec);
    return err;
}

static int host_load(void *ctx, uint64_t hash, struct nr_bytes *raw)
{
    return nr_store_get(node_of(ctx)->store, hash, raw);
}

static int host_drop(void *ctx, const struct nr_record *rec)
{
    struct sim_node *n = node_of(ctx);
    sim_check_drop(n, rec, sim_node_now(n));
    int err = nr_store_del(n->store, key_hash(n, rec), rec);
    if (err) n->drop_failed = true;
    return err;
}

static int host_evidence(void *ctx, const struct nr_record *held, const struct nr_record *met)
{
    return nr_store_evidence_add(node_of(ctx)->store, held, met);
}

struct each_of {
    int (*each)(void *arg, const struct nr_record *rec);
    void *arg;
};

static int pass_on(void *arg, uint64_t hash, const struct nr_record *rec)
{
    (void)hash;
    const struct each_of *e = arg;
    return e->each(e->arg, rec);
}

static int host_each(void *ctx, int (*each)(void *arg, uint64_t key_hash, const struct nr_record *rec), void *arg)
{
    return nr_store_each(node_of(ctx)->store, each, arg);
}

static int host_subject(void *ctx, uint8_t kind, struct nr_bytes subject,
                        int (*each)(void *arg, const struct nr_record *rec), void *arg)
{
    struct each_of e = { .each = each, .arg = arg };
    return nr_store_each_of(node_of(ctx)->store, kind, subject, pass_on, &e);
}

static int host_reserve(void *ctx, uint64_t limit)
{
    struct sim_node *n = node_of(ctx);
    uint8_t value[8];
    nr_put_be64(value, limit);
    int err = nr_store_meta_put(n->store, CLOCK_LIMIT, nr_bytes(value, sizeof value));
    if (err) return err;
    err = nr_store_commit(n->store);
    if (err) return err;
    sim_guard_committed(&n->guard);
    n->guard.reserved = limit;
    return 0;
}

struct nr_core_host sim_host(struct sim_node *n)
{
    return (struct nr_core_host){
        .ctx = n,
        .hash8 = host_hash8,
        .cookie = host_cookie,
        .sign = host_sign,
        .verify = host_verify,
        .save = host_save,
        .load = host_load,
        .drop = host_drop,
        .evidence = host_evidence,
        .each = host_each,
        .subject = host_subject,
        .reserve = host_reserve,
    };
}
