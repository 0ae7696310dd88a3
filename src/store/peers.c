/* Addresses of peers. Each put takes the next number; beyond the bound the lowest number goes. */
#include "store/store_impl.h"

#define PEERS_MAX  1024
#define VALUE_SIZE (NR_ADDR_WIRE + 8 + 8)

static int read_peer(struct nr_bytes key, struct nr_bytes value, struct nr_addr *addr, int64_t *wall_ms,
                     uint64_t *number)
{
    if (key.len != NR_KEY_SIZE || value.len != VALUE_SIZE) return NR_E_CORRUPT;
    *wall_ms = (int64_t)nr_be64(value.data + NR_ADDR_WIRE);
    *number = nr_be64(value.data + NR_ADDR_WIRE + 8);
    return nr_addr_from_wire(value.data, addr) ? NR_E_CORRUPT : 0;
}

struct range {
    uint64_t lowest, highest;
    uint8_t lowest_key[NR_KEY_SIZE];
};

static int widen(void *arg, struct nr_bytes key, struct nr_bytes value)
{
    struct range *r = arg;
    struct nr_addr addr;
    int64_t wall_ms;
    uint64_t number;
    int err = read_peer(key, value, &addr, &wall_ms, &number);
    if (err) return err;
    if (number > r->highest) r->highest = number;
    if (number < r->lowest) {
        r->lowest = number;
        memcpy(r->lowest_key, key.data, NR_KEY_SIZE);
    }
    return 0;
}

static int look(struct nr_store *s, struct range *r)
{
    *r = (struct range){ .lowest = UINT64_MAX };
    return s->ops->scan(s->kv, NR_T_PEERS, nr_bytes(NULL, 0), widen, r);
}

int nr_peers_load_number(struct nr_store *s)
{
    struct range r;
    int err = look(s, &r);
    s->peer_number = r.highest;
    return err;
}

int nr_peers_put(struct nr_store *s, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr, int64_t wall_ms)
{
    uint8_t value[VALUE_SIZE];
    struct nr_bytes old;
    struct range r;
    int err = s->ops->get(s->kv, NR_T_PEERS, nr_bytes(key, NR_KEY_SIZE), &old);
    if (err && err != NR_E_NOT_FOUND) return err;
    if (err == NR_E_NOT_FOUND && s->ops->count(s->kv, NR_T_PEERS) >= PEERS_MAX) {
        err = look(s, &r);
        if (err) return err;
        err = s->ops->del(s->kv, NR_T_PEERS, nr_bytes(r.lowest_key, NR_KEY_SIZE));
        if (err) return err;
    }
    nr_addr_to_wire(addr, value);
    nr_put_be64(value + NR_ADDR_WIRE, (uint64_t)wall_ms);
    nr_put_be64(value + NR_ADDR_WIRE + 8, s->peer_number + 1);
    err = s->ops->put(s->kv, NR_T_PEERS, nr_bytes(key, NR_KEY_SIZE), nr_bytes(value, sizeof value));
    if (!err) s->peer_number++;
    return err;
}

struct each {
    int (*fn)(void *arg, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr, int64_t wall_ms);
    void *arg;
};

static int hand_out(void *arg, struct nr_bytes key, struct nr_bytes value)
{
    struct each *e = arg;
    struct nr_addr addr;
    int64_t wall_ms;
    uint64_t number;
    int err = read_peer(key, value, &addr, &wall_ms, &number);
    return err ? err : e->fn(e->arg, key.data, &addr, wall_ms);
}

int nr_store_each_peer(struct nr_store *s,
                       int (*each)(void *arg, const uint8_t key[static NR_KEY_SIZE], const struct nr_addr *addr,
                                   int64_t wall_ms),
                       void *arg)
{
    struct each e = { each, arg };
    return s->ops->scan(s->kv, NR_T_PEERS, nr_bytes(NULL, 0), hand_out, &e);
}
