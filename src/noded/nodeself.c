#include "noded/nodeself.h"

#include <stdlib.h>

#include "crypto/crypto.h"
#include "io/machine.h"
#include "proto/mp.h"

#define RESUME_STATE "resume_state"
#define DEPTH        (NR_DEPTH_MAX - 2) /* within a record and its body */

int nodeself_state(const struct nodeself *s, enum nr_state *state)
{
    struct nr_bytes raw;
    struct nr_record rec;
    struct nr_node_body body;
    int err = nr_store_get(s->store, nr_record_key_hash(NR_KIND_NODE, s->key, nr_bytes_str(s->node_id)), &raw);
    if (!err) err = nr_record_decode(raw, &rec);
    if (!err) err = nr_node_body_decode(rec.body, &body);
    if (!err && body.deleted) err = NR_E_NOT_FOUND;
    if (!err) *state = body.state;
    return err;
}

int nodeself_note_state(const struct nodeself *s)
{
    enum nr_state state = NR_STATE_ONLINE;
    int err = nodeself_state(s, &state);
    if (err == NR_E_NOT_FOUND || (!err && state == NR_STATE_LEFT)) return 0;
    return err ? err : nr_store_meta_put(s->store, RESUME_STATE, nr_bytes_str(nr_state_name(state)));
}

/* What to declare at a start. Of a node that did not leave (it crashed) the core keeps the declared state itself. */
static enum nr_state state_to_declare(const struct nodeself *s)
{
    enum nr_state held, noted;
    struct nr_bytes word;
    if (nodeself_state(s, &held) != 0 || held != NR_STATE_LEFT) return NR_STATE_ONLINE;
    if (nr_store_meta_get(s->store, RESUME_STATE, &word) != 0 || !nr_state_parse(word, &noted)) return NR_STATE_ONLINE;
    return noted == NR_STATE_MAINTENANCE || noted == NR_STATE_DRAINING ? noted : NR_STATE_ONLINE;
}

static void take_labels(struct nr_node_body *body, const struct nr_conf *conf)
{
    size_t count;
    const char *const *labels = nr_conf_list(conf, NR_CONF_LABEL, &count);
    for (size_t i = 0; i < count && body->label_count < NR_LABELS_MAX; i++) {
        struct nr_bytes label = nr_bytes_str(labels[i]);
        bool twice = false;
        for (size_t k = 0; k < body->label_count; k++) twice |= nr_bytes_eq(body->labels[k], label);
        if (!twice) body->labels[body->label_count++] = label;
    }
}

struct pair {
    struct nr_bytes key, value;
};

static int pair_cmp(const void *a, const void *b)
{
    return nr_bytes_cmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

/* KEY=VALUE pairs as a canonical map; of a key given twice the last counts. */
static int write_metadata(const struct nr_conf *conf, struct nr_writer *w)
{
    struct pair pairs[64];
    size_t given, count = 0;
    const char *const *items = nr_conf_list(conf, NR_CONF_METADATA, &given);
    for (size_t i = 0; i < given && count < sizeof pairs / sizeof *pairs; i++) {
        size_t len = strcspn(items[i], "="), at = 0;
        struct pair p = { nr_bytes(items[i], len), nr_bytes_str(items[i] + len + 1) };
        while (at < count && !nr_bytes_eq(pairs[at].key, p.key)) at++;
        pairs[at] = p;
        if (at == count) count++;
    }
    if (count == 0) return 0;
    qsort(pairs, count, sizeof *pairs, pair_cmp);
    nr_mp_write_map(w, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        nr_mp_write_str(w, pairs[i].key);
        nr_mp_write_str(w, pairs[i].value);
    }
    return w->err ? NR_E_INVALID : nr_mp_check(nr_writer_bytes(w), DEPTH, true);
}

int nodeself_register(const struct nodeself *s, const struct nr_conf *conf, struct nr_now now)
{
    char hostname[NR_HOSTNAME_MAX + 1], ip[NR_IP_TEXT_MAX + 1];
    uint8_t metadata[NR_METADATA_MAX];
    struct nr_node_body body = { .state = state_to_declare(s) };
    struct nr_writer w;
    nr_machine_hostname(hostname);
    nr_machine_ip(ip);
    const char *named = nr_conf_text(conf, NR_CONF_HOSTNAME), *at = nr_conf_text(conf, NR_CONF_IP);
    nr_writer_init(&w, metadata, sizeof metadata);
    int err = write_metadata(conf, &w);
    if (err) return err;
    body.hostname = nr_bytes_str(*named ? named : hostname);
    body.ip = nr_bytes_str(*at ? at : ip);
    body.role = nr_bytes_str(nr_conf_text(conf, NR_CONF_ROLE));
    body.metadata = nr_writer_bytes(&w);
    take_labels(&body, conf);
    return nr_core_register(s->core, now, nr_bytes_str(s->node_id), &body);
}
