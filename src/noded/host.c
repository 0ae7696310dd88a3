#include "noded/host.h"

#include <inttypes.h>

#include "base/log.h"

#define CLOCK_LIMIT "clock_limit"

void host_init(struct host *h, struct nr_store *store, const struct nr_keypair *key)
{
    *h = (struct host){ .store = store, .key = key };
    nr_random(h->cookie_secret, sizeof h->cookie_secret);
}

void host_fini(struct host *h)
{
    nr_wipe(h->cookie_secret, sizeof h->cookie_secret);
}

static uint64_t on_hash8(void *ctx, struct nr_bytes in)
{
    (void)ctx;
    return nr_hash8(in);
}

static uint64_t on_cookie(void *ctx, struct nr_bytes in)
{
    const struct host *h = ctx;
    return nr_keyed_hash8(h->cookie_secret, in);
}

static void on_sign(void *ctx, const char *domain, struct nr_bytes msg, uint8_t sig[static NR_SIG_SIZE])
{
    const struct host *h = ctx;
    nr_sign(h->key, domain, msg, sig);
}

static int on_verify(void *ctx, const uint8_t key[static NR_KEY_SIZE], const char *domain, struct nr_bytes msg,
                     const uint8_t sig[static NR_SIG_SIZE])
{
    (void)ctx;
    return nr_verify(key, domain, msg, sig);
}

static uint64_t key_hash(const struct nr_record *rec)
{
    return nr_record_key_hash(rec->kind, rec->signer, rec->subject);
}

static int on_save(void *ctx, const struct nr_record *rec, struct nr_now now)
{
    struct host *h = ctx;
    (void)now;
    int err = nr_store_put(h->store, key_hash(rec), rec);
    bool own = memcmp(rec->signer, h->key->pub, NR_KEY_SIZE) == 0;
    if (!err && own && rec->stamp > h->newest_own) h->newest_own = rec->stamp;
    return err;
}

static int on_load(void *ctx, uint64_t hash, struct nr_bytes *raw)
{
    struct host *h = ctx;
    return nr_store_get(h->store, hash, raw);
}

static int on_drop(void *ctx, const struct nr_record *rec)
{
    struct host *h = ctx;
    return nr_store_del(h->store, key_hash(rec), rec);
}

static int on_evidence(void *ctx, const struct nr_record *held, const struct nr_record *met)
{
    struct host *h = ctx;
    return nr_store_evidence_add(h->store, held, met);
}

struct each_record {
    struct host *host;
    int (*each)(void *arg, uint64_t key_hash, const struct nr_record *rec);
    void *arg;
};

static int pass_on_noted(void *arg, uint64_t hash, const struct nr_record *rec)
{
    const struct each_record *e = arg;
    bool own = memcmp(rec->signer, e->host->key->pub, NR_KEY_SIZE) == 0;
    if (own && rec->stamp > e->host->newest_own) e->host->newest_own = rec->stamp;
    return e->each(e->arg, hash, rec);
}

static int on_each(void *ctx, int (*each)(void *arg, uint64_t key_hash, const struct nr_record *rec), void *arg)
{
    struct host *h = ctx;
    struct each_record e = { .host = h, .each = each, .arg = arg };
    return nr_store_each(h->store, pass_on_noted, &e);
}

struct each_of {
    int (*each)(void *arg, const struct nr_record *rec);
    void *arg;
};

static int pass_on(void *arg, uint64_t hash, const struct nr_record *rec)
{
    const struct each_of *e = arg;
    (void)hash;
    return e->each(e->arg, rec);
}

static int on_subject(void *ctx, uint8_t kind, struct nr_bytes subject,
                      int (*each)(void *arg, const struct nr_record *rec), void *arg)
{
    struct host *h = ctx;
    struct each_of e = { .each = each, .arg = arg };
    return nr_store_each_of(h->store, kind, subject, pass_on, &e);
}

static int on_reserve(void *ctx, uint64_t limit)
{
    struct host *h = ctx;
    uint8_t value[8];
    nr_put_be64(value, limit);
    int err = nr_store_meta_put(h->store, CLOCK_LIMIT, nr_bytes(value, sizeof value));
    return err || h->starting ? err : nr_store_commit(h->store);
}

struct nr_core_host host_callbacks(struct host *h)
{
    return (struct nr_core_host){
        .ctx = h,
        .hash8 = on_hash8,
        .cookie = on_cookie,
        .sign = on_sign,
        .verify = on_verify,
        .save = on_save,
        .load = on_load,
        .drop = on_drop,
        .evidence = on_evidence,
        .each = on_each,
        .subject = on_subject,
        .reserve = on_reserve,
    };
}

int host_stamp_floor(struct host *h, uint64_t *floor)
{
    struct nr_bytes value;
    *floor = 0;
    int err = nr_store_meta_get(h->store, CLOCK_LIMIT, &value);
    if (err == NR_E_NOT_FOUND) return 0;
    if (err) return err;
    if (value.len != 8) return NR_E_CORRUPT;
    *floor = nr_be64(value.data);
    return 0;
}

int host_release_stamps(struct host *h, uint64_t incarnation)
{
    uint64_t used = h->newest_own > incarnation ? h->newest_own : incarnation;
    return on_reserve(h, used + 1);
}

static int remember_one(void *arg, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr, int64_t wall_ms)
{
    (void)wall_ms;
    nr_core_remember(arg, key, addr);
    return 0;
}

/* Said once at the start; nodectl doctor says it at any time. */
static void log_aside(const struct nr_core *core, struct nr_now now)
{
    struct nr_aside_info aside;
    size_t cold = nr_core_record_count(core, NR_PLANE_COLD), hot = nr_core_record_count(core, NR_PLANE_HOT);
    nr_core_aside(core, &aside);
    nr_log_info("store: records restored: count=%zu aside=%zu", cold + hot + nr_core_record_count(core, NR_PLANE_BRIEF),
                aside.count);
    if (aside.ahead == 0) return;
    nr_log_warning("clock: it is behind records that are stored here, which are kept until it is right: records=%zu "
                   "behind=%" PRId64 " s",
                   aside.ahead, (aside.newest_ms - now.wall_ms) / 1000);
}

int host_restore(struct host *h, struct nr_core *core, struct nr_now now)
{
    int err = nr_core_restore(core, now);
    /* Where it cannot be taken back, what was said when this node ended runs out by itself. */
    if (!err && nr_store_unjudge(h->store)) nr_log_warning("store: what observers said before is still shown");
    if (!err) err = nr_store_each_peer(h->store, remember_one, core);
    if (!err) log_aside(core, now);
    return err;
}
