/* nodectl status: three sources, each of which may be away: noded, the registry half of the store, its pulse half. What
 * cannot be asked is said to be so, and only when nothing at all could be asked is it a failure. */
#include <inttypes.h>
#include <string.h>

#include "tools/nodectl/info.h"
#include "tools/nodectl/show.h"
#include "tools/nodectl/text.h"

struct overview {
    int noded_err, store_err;
    struct ctl_info info;
    struct ctl_peer_sum peers;
    struct nr_node_counts counts;
    struct nr_store_facts store;
    char node_id[NR_SUBJECT_MAX + 1]; /* "": not known */
    bool node_known;
    enum nr_node_status node_status;
    int64_t now_ms;
};

static void look_at_store(struct ctl *ctl, struct overview *o)
{
    const void *id;
    size_t len;
    struct nr_node node;
    o->store_err = ctl_try_read(ctl);
    if (o->store_err == 0) o->store_err = nr_node_count(ctl->snapshot, o->now_ms, &o->counts);
    if (o->store_err == 0) o->store_err = nr_store_facts(ctl->snapshot, &o->store);
    if (o->store_err) return;
    if (nr_meta_get(ctl->snapshot, "node_id", &id, &len) == 0 && len < sizeof o->node_id) memcpy(o->node_id, id, len);
    if (!*o->node_id) return;
    o->node_known = nr_node_get(ctl->snapshot, o->node_id, strlen(o->node_id), o->now_ms, &node) == 0;
    if (o->node_known) o->node_status = node.status;
}

static void look(struct ctl *ctl, struct overview *o)
{
    *o = (struct overview){ .now_ms = nr_wall_clock_ms() };
    o->noded_err = ctl_try_connect(ctl);
    if (o->noded_err == 0) o->noded_err = ctl_info_ask(ctl, &o->info);
    if (o->noded_err == 0) o->noded_err = ctl_peer_sum_ask(ctl, &o->peers);
    look_at_store(ctl, o);
    struct nr_bytes id = o->info.node_id;
    if (!*o->node_id && id.len < sizeof o->node_id && id.len > 0) memcpy(o->node_id, id.data, id.len);
}

static const char *noded_trouble(int err)
{
    switch (err) {
    case NR_ERR_UNAVAILABLE: return "not running";
    case NR_ERR_DENIED: return "not permitted to ask it";
    case NR_ERR_TIMEOUT: return "does not answer";
    default: return nr_error_text(err);
    }
}

static void json_strings(struct nr_json *j, const char *key, const struct nr_bytes *items, size_t count)
{
    nr_json_key(j, key);
    nr_json_array(j);
    for (size_t i = 0; i < count; i++) nr_json_str(j, items[i]);
    nr_json_array_end(j);
}

static void json_noded(struct nr_json *j, const struct overview *o)
{
    const struct ctl_info *i = &o->info;
    char fingerprint[17];
    uint8_t be[8];
    nr_json_key(j, "noded");
    nr_json_object(j);
    nr_json_kbool(j, "running", o->noded_err == 0);
    if (o->noded_err) {
        nr_json_kcstr(j, "error", noded_trouble(o->noded_err));
        nr_json_object_end(j);
        return;
    }
    nr_put_be64(be, i->fingerprint);
    ctl_hex(nr_bytes(be, sizeof be), fingerprint);
    nr_json_kstr(j, "version", i->version);
    ctl_json_key(j, "node_key", i->node_key.len ? i->node_key.data : NULL);
    ctl_json_when(j, "started_at", (int64_t)i->started_at_ms);
    nr_json_kuint(j, "uptime_ms", i->uptime_ms);
    nr_json_kuint(j, "incarnation", i->incarnation);
    nr_json_kcstr(j, "fingerprint", fingerprint);
    json_strings(j, "bind", i->bind, i->bind_count);
    json_strings(j, "advertise", i->advertise, i->advertise_count);
    nr_json_kstr(j, "role", i->role);
    nr_json_kstr(j, "declared", i->state);
    nr_json_kstr(j, "health", i->health);
    nr_json_kbool(j, "founder", i->founder);
    nr_json_kuint(j, "heartbeat_interval_ms", i->heartbeat_interval_ms);
    nr_json_kuint(j, "records_cold", i->records_cold);
    nr_json_kuint(j, "records_hot", i->records_hot);
    nr_json_key(j, "peers");
    nr_json_object(j);
    nr_json_kuint(j, "total", o->peers.total);
    nr_json_kuint(j, "in_sync", o->peers.in_sync);
    nr_json_kuint(j, "chosen", o->peers.chosen);
    nr_json_object_end(j);
    nr_json_object_end(j);
}

static void json_store(struct nr_json *j, const struct overview *o)
{
    nr_json_key(j, "registry");
    if (o->store_err) {
        nr_json_null(j);
    } else {
        nr_json_object(j);
        nr_json_kuint(j, "total_nodes", o->counts.total);
        for (unsigned s = 0; s < NR_NODE_STATUS_COUNT; s++)
            nr_json_kuint(j, nr_node_status_name((enum nr_node_status)s), o->counts.by_status[s]);
        nr_json_kuint(j, "profiles", o->store.profiles);
        nr_json_object_end(j);
    }
    nr_json_key(j, "store");
    nr_json_object(j);
    nr_json_kbool(j, "readable", o->store_err == 0);
    if (o->store_err) {
        nr_json_kcstr(j, "error", ctl_read_trouble(o->store_err));
    } else {
        nr_json_kuint(j, "schema", o->store.schema);
        nr_json_kuint(j, "records", o->store.records);
        nr_json_kuint(j, "heartbeats", o->store.heartbeats);
        nr_json_kuint(j, "evidence", o->store.evidence);
        nr_json_kuint(j, "changes", o->store.changes);
        nr_json_kuint(j, "readers", o->store.readers);
        nr_json_kuint(j, "registry_bytes", o->store.registry_bytes);
        nr_json_kuint(j, "pulse_bytes", o->store.pulse_bytes);
    }
    nr_json_object_end(j);
}

static int put_json(const struct ctl *ctl, const struct overview *o)
{
    struct nr_buf text;
    struct nr_json j;
    nr_buf_init(&text, 0);
    nr_json_init(&j, &text);
    nr_json_object(&j);
    nr_json_kcstr(&j, "node_id", *o->node_id ? o->node_id : NULL);
    nr_json_kcstr(&j, "status", o->node_known ? nr_node_status_name(o->node_status) : NULL);
    nr_json_kcstr(&j, "state_dir", ctl->state_dir);
    nr_json_kcstr(&j, "socket", ctl->socket);
    json_noded(&j, o);
    json_store(&j, o);
    nr_json_object_end(&j);
    return ctl_put_json(&text);
}

static void facts_noded(struct ctl_facts *f, const struct ctl *ctl, const struct overview *o)
{
    const struct ctl_info *i = &o->info;
    char text[CTL_TEXT];
    struct nr_buf list;
    if (o->noded_err) {
        ctl_fact(f, "noded", CTL_BAD, "%s (%s): what the store last knew follows", noded_trouble(o->noded_err),
                 ctl->socket);
        return;
    }
    ctl_duration_format((int64_t)(i->uptime_ms & INT64_MAX), text);
    ctl_fact(f, "noded", CTL_GOOD, "%.*s, up %s%s", (int)i->version.len, (const char *)i->version.data, text,
             i->founder ? ", founder of the cluster" : "");
    if (i->node_key.len) {
        char hex[2 * NR_KEY_SIZE + 1];
        ctl_hex(i->node_key, hex);
        ctl_fact(f, "Key", CTL_PLAIN, "%s", hex);
    }
    nr_buf_init(&list, 0);
    ctl_add_list(&list, i->bind, i->bind_count);
    ctl_fact_bytes(f, "Listens on", nr_buf_bytes(&list));
    nr_buf_reset(&list);
    ctl_add_list(&list, i->advertise, i->advertise_count);
    ctl_fact_bytes(f, "Reached at", list.len ? nr_buf_bytes(&list) : nr_bytes_str("not learned yet"));
    nr_buf_fini(&list);
    ctl_fact(f, "Peers", o->peers.in_sync == o->peers.total ? CTL_PLAIN : CTL_WARN, "%" PRIu64 ", in sync %" PRIu64,
             o->peers.total, o->peers.in_sync);
    ctl_fact(f, "Records", CTL_PLAIN, "%" PRIu64 " cold, %" PRIu64 " hot, fingerprint %016" PRIx64, i->records_cold,
             i->records_hot, i->fingerprint);
}

static void facts_store(struct ctl_facts *f, const struct ctl *ctl, const struct overview *o)
{
    if (o->store_err) {
        ctl_fact(f, "Store", CTL_BAD, "%s: %s", ctl->state_dir, ctl_read_trouble(o->store_err));
        return;
    }
    struct nr_buf line;
    char registry[CTL_TEXT], pulse[CTL_TEXT];
    nr_buf_init(&line, 0);
    nr_buf_printf(&line, "%" PRIu64, o->counts.total);
    const char *before = ": ";
    for (unsigned s = 0; s < NR_NODE_STATUS_COUNT; s++) {
        if (o->counts.by_status[s] == 0) continue;
        nr_buf_printf(&line, "%s%" PRIu64 " %s", before, o->counts.by_status[s],
                      nr_node_status_name((enum nr_node_status)s));
        before = ", ";
    }
    ctl_fact_bytes(f, "Nodes", nr_buf_bytes(&line));
    nr_buf_fini(&line);
    ctl_fact(f, "Profiles", CTL_PLAIN, "%" PRIu64, o->store.profiles);
    ctl_size_format(o->store.registry_bytes, registry);
    ctl_size_format(o->store.pulse_bytes, pulse);
    struct nr_bytes health = o->info.health;
    bool well = health.len == 0 || nr_bytes_eq(health, nr_bytes_str("ok"));
    ctl_fact(f, "Store", well ? CTL_PLAIN : CTL_BAD, "%.*s%s%s, registry %s, pulse %s", well ? 0 : (int)health.len,
             well ? "" : (const char *)health.data, well ? "" : ": ", ctl->state_dir, registry, pulse);
    if (o->store.evidence)
        ctl_fact(f, "Conflicts", CTL_BAD, "%" PRIu64 " (nodectl records --evidence)", o->store.evidence);
}

static int put_facts(const struct ctl *ctl, const struct overview *o)
{
    struct ctl_facts f;
    ctl_facts_init(&f);
    ctl_fact(&f, "Node", CTL_PLAIN, "%s", *o->node_id ? o->node_id : "not known");
    if (o->node_known)
        ctl_fact(&f, "Status", ctl_status_style(o->node_status), "%s", nr_node_status_name(o->node_status));
    facts_noded(&f, ctl, o);
    facts_store(&f, ctl, o);
    return ctl_facts_end(&f, ctl);
}

int ctl_status(struct ctl *ctl, const struct ctl_args *args)
{
    (void)args;
    struct overview o;
    look(ctl, &o);
    int status = ctl->format == CTL_JSON ? put_json(ctl, &o) : put_facts(ctl, &o);
    bool nothing = o.noded_err != 0 && o.store_err != 0;
    ctl_info_fini(&o.info);
    return status ? status : nothing ? CTL_FAILED : CTL_DONE;
}
