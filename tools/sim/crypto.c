#include "tools/sim/crypto.h"

#include <stdlib.h>
#include <string.h>

#include "tools/sim/map.h"

#define PLACES  (1u << 18) /* several times the records alive among 10,000 nodes */
#define TRUSTED 16         /* one in so many of the signatures that are made here is checked like any other's */

void sim_crypto_init(struct sim_crypto *c)
{
    *c = (struct sim_crypto){ .good = sim_alloc(PLACES * sizeof *c->good),
                              .hashed = sim_alloc(PLACES * sizeof *c->hashed) };
}

void sim_crypto_fini(struct sim_crypto *c)
{
    free(c->good);
    free(c->hashed);
}

static uint64_t turn(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

/* Two lanes, each a bijection of its state at every word: inputs that differ in one word differ in the end. */
static void add_word(struct sim_print *p, uint64_t word)
{
    p->a = turn(p->a ^ word, 29) * UINT64_C(0x9e3779b97f4a7c15);
    p->b = turn(p->b + word, 31) * UINT64_C(0xd6e8feb86659fd93);
}

static void add(struct sim_print *p, struct nr_bytes in)
{
    uint64_t word, rest = 0;
    size_t whole = in.len / 8 * 8;
    p->a ^= in.len;
    p->b += in.len;
    for (size_t i = 0; i < whole; i += 8) {
        memcpy(&word, in.data + i, 8);
        add_word(p, word);
    }
    if (whole == in.len) return;
    memcpy(&rest, in.data + whole, in.len - whole);
    add_word(p, rest);
}

/* Never zero, as the free places are. */
static struct sim_print end(struct sim_print p)
{
    return (struct sim_print){ sim_mix(p.a ^ turn(p.b, 32)), sim_mix(p.b) | 1 };
}

static bool same(const struct sim_print *x, const struct sim_print *y)
{
    return x->a == y->a && x->b == y->b;
}

static struct sim_print print_of(const uint8_t key[static NR_KEY_SIZE], const char *domain, struct nr_bytes msg,
                                 const uint8_t sig[static NR_SIG_SIZE])
{
    struct sim_print p = { 1, 2 };
    add(&p, nr_bytes(key, NR_KEY_SIZE));
    add(&p, nr_bytes(sig, NR_SIG_SIZE));
    add(&p, nr_bytes_str(domain));
    add(&p, msg);
    return end(p);
}

void sim_crypto_sign(struct sim_crypto *c, const struct nr_keypair *key, const char *domain, struct nr_bytes msg,
                     uint8_t sig[static NR_SIG_SIZE])
{
    nr_sign(key, domain, msg, sig);
    struct sim_print p = print_of(key->pub, domain, msg, sig);
    if (++c->made % TRUSTED) c->good[p.a % PLACES] = p;
}

int sim_crypto_verify(struct sim_crypto *c, const uint8_t key[static NR_KEY_SIZE], const char *domain,
                      struct nr_bytes msg, const uint8_t sig[static NR_SIG_SIZE])
{
    c->asked++;
    struct sim_print p = print_of(key, domain, msg, sig);
    struct sim_print *known = &c->good[p.a % PLACES];
    if (same(known, &p)) return 0;
    c->checked++;
    int err = nr_verify(key, domain, msg, sig);
    if (!err) *known = p;
    return err;
}

uint64_t sim_crypto_hash8(struct sim_crypto *c, struct nr_bytes in)
{
    struct sim_print p = { 3, 4 };
    add(&p, in);
    p = end(p);
    struct sim_hashed *known = &c->hashed[p.a % PLACES];
    if (!same(&known->of, &p)) *known = (struct sim_hashed){ .of = p, .hash = nr_hash8(in) };
    return known->hash;
}

uint64_t sim_crypto_key_hash(struct sim_crypto *c, const struct nr_record *rec)
{
    uint8_t buf[NR_KEY_PREIMAGE_MAX];
    struct nr_writer w;
    nr_writer_init(&w, buf, sizeof buf);
    nr_record_key_preimage(&w, rec->kind, rec->signer, rec->subject);
    return sim_crypto_hash8(c, nr_writer_bytes(&w));
}
