#include "noded/nodeself.h"

#include "base/log.h"
#include "crypto/crypto.h"
#include "io/machine.h"

#define RESUME_STATE "resume_state"

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

/* What to declare. Maintenance and draining the core keeps itself, where the node did not leave (it crashed, or goes
 * on); that it is degraded is kept as long as it goes on. */
static enum nr_state state_to_declare(const struct nodeself *s)
{
    enum nr_state held, noted;
    struct nr_bytes word;
    if (nodeself_state(s, &held) != 0) return NR_STATE_ONLINE;
    if (held == NR_STATE_DEGRADED && s->registered) return held;
    if (held != NR_STATE_LEFT) return NR_STATE_ONLINE;
    if (nr_store_meta_get(s->store, RESUME_STATE, &word) != 0 || !nr_state_parse(word, &noted)) return NR_STATE_ONLINE;
    return noted == NR_STATE_MAINTENANCE || noted == NR_STATE_DRAINING ? noted : NR_STATE_ONLINE;
}

/* Returns how many were left out, 0 or 1. */
static size_t take_label(struct nr_node_body *body, struct nr_bytes label)
{
    for (size_t k = 0; k < body->label_count; k++) {
        if (nr_bytes_eq(body->labels[k], label)) return 0;
    }
    if (body->label_count == NR_LABELS_MAX) return 1;
    body->labels[body->label_count++] = label;
    return 0;
}

/* The configuration's first. */
static size_t take_labels(struct nr_node_body *body, const struct nr_conf *conf, const struct nodeself_facts *facts)
{
    size_t count, left_out = 0;
    const char *const *labels = nr_conf_list(conf, NR_CONF_LABEL, &count);
    for (size_t i = 0; i < count; i++) left_out += take_label(body, nr_bytes_str(labels[i]));
    for (size_t i = 0; i < facts->label_count; i++) left_out += take_label(body, facts->labels[i]);
    return left_out;
}

/* What does not fit is said once for each time that this changes. */
static void say_left_out(struct nodeself *s, unsigned metadata, size_t labels)
{
    if (metadata > s->metadata_left_out) {
        nr_log_warning("noded: the metadata is larger than a record holds: left out=%s", metadata_left_out(metadata));
    }
    if (labels > s->labels_left_out) {
        nr_log_warning("noded: more labels than a record holds: left out=%zu", labels);
    }
    s->metadata_left_out = metadata;
    s->labels_left_out = labels;
}

int nodeself_check(const struct nr_conf *conf)
{
    static const struct metadata_facts none = { .modules = { 0 } };
    uint8_t metadata[NR_METADATA_MAX];
    struct nr_writer w;
    unsigned left_out;
    nr_writer_init(&w, metadata, sizeof metadata);
    int err = metadata_write(conf, &none, &w, &left_out);
    if (err) nr_log_error("config: the metadata is larger than a record holds: at most=%d bytes", NR_METADATA_MAX);
    return err;
}

int nodeself_register(struct nodeself *s, const struct nr_conf *conf, struct nr_now now)
{
    static const struct nodeself_facts none = { .label_count = 0 };
    const struct nodeself_facts *facts = s->facts ? s->facts : &none;
    char hostname[NR_HOSTNAME_MAX + 1], ip[NR_IP_TEXT_MAX + 1];
    uint8_t metadata[NR_METADATA_MAX];
    struct nr_node_body body = { .state = state_to_declare(s) };
    struct nr_writer w;
    unsigned left_out;
    nr_machine_hostname(hostname);
    nr_machine_ip(ip);
    const char *named = nr_conf_text(conf, NR_CONF_HOSTNAME), *at = nr_conf_text(conf, NR_CONF_IP);
    nr_writer_init(&w, metadata, sizeof metadata);
    int err = metadata_write(conf, &facts->metadata, &w, &left_out);
    if (err) return err;
    body.hostname = nr_bytes_str(*named ? named : hostname);
    body.ip = nr_bytes_str(*at ? at : ip);
    body.role = nr_bytes_str(nr_conf_text(conf, NR_CONF_ROLE));
    body.metadata = nr_writer_bytes(&w);
    say_left_out(s, left_out, take_labels(&body, conf, facts));
    err = nr_core_register(s->core, now, nr_bytes_str(s->node_id), &body);
    if (!err) s->registered = true;
    return err;
}
