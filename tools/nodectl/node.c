/* nodectl node ID: what the registry says of a node, why, and from what it says it. */
#include <string.h>

#include "proto/body.h"
#include "tools/nodectl/show.h"
#include "tools/nodectl/standing.h"
#include "tools/nodectl/text.h"

/* The records behind a node, as far as they explain it. */
struct evidence {
    struct nr_buf signers; /* of struct signed_by: one a NODE record */
    enum nr_state declared;
    int64_t lease_ends_ms;
    const uint8_t *winner; /* signer of what is shown */
    uint64_t heartbeats_by;
};
struct signed_by {
    const uint8_t *key;
    bool self, deleted;
    int64_t stamp_ms, ends_ms;
};

static int gather(void *arg, const struct nr_signed_record *raw)
{
    struct evidence *e = arg;
    struct nr_record rec;
    struct nr_node_body body;
    if (nr_record_decode(nr_bytes(raw->data, raw->len), &rec) != 0) return 0;
    if (rec.kind == NR_KIND_HEARTBEAT) e->heartbeats_by++;
    if (rec.kind != NR_KIND_NODE || nr_node_body_decode(rec.body, &body) != 0) return 0;
    const struct signed_by s = {
        .key = rec.signer,
        .self = body.self,
        .deleted = body.deleted,
        .stamp_ms = nr_stamp_ms(rec.stamp),
        .ends_ms = nr_record_ends_ms(rec.stamp, rec.lease_s),
    };
    nr_buf_add(&e->signers, &s, sizeof s);
    if (memcmp(rec.signer, e->winner, NR_KEY_SIZE) != 0) return 0;
    e->declared = body.state;
    e->lease_ends_ms = s.ends_ms;
    return 0;
}

/* The silence after which it would be shown as degraded. */
static int64_t degraded_after_ms(const struct ctl *ctl, const struct nr_node *node)
{
    if (node->interval_ms) return (int64_t)ctl->read.missed_heartbeats * node->interval_ms;
    return (int64_t)ctl->read.degraded_after_s * 1000;
}

static void json_signers(struct nr_json *j, const struct ctl_names *names, const struct evidence *e)
{
    const struct signed_by *s = (const struct signed_by *)(const void *)e->signers.data;
    nr_json_key(j, "node_records");
    nr_json_array(j);
    for (size_t i = 0; i < e->signers.len / sizeof *s; i++) {
        nr_json_object(j);
        ctl_json_signer(j, names, s[i].key);
        nr_json_kbool(j, "self", s[i].self);
        nr_json_kbool(j, "deleted", s[i].deleted);
        nr_json_kbool(j, "shown", memcmp(s[i].key, e->winner, NR_KEY_SIZE) == 0);
        ctl_json_when(j, "stamped_at", s[i].stamp_ms);
        ctl_json_when(j, "ends_at", s[i].ends_ms);
        nr_json_object_end(j);
    }
    nr_json_array_end(j);
}

static int put_json(const struct ctl *ctl, const struct nr_node_standing *standing, const struct ctl_names *names,
                    const struct evidence *e)
{
    const struct nr_node *node = &standing->node;
    struct nr_buf text;
    struct nr_json j;
    nr_buf_init(&text, 0);
    nr_json_init(&j, &text);
    nr_json_object(&j);
    ctl_json_node_members(&j, node);
    nr_json_key(&j, "explain");
    nr_json_object(&j);
    nr_json_kcstr(&j, "reason", standing->why);
    nr_json_kcstr(&j, "declared", nr_state_name(e->declared));
    nr_json_kbool(&j, "self", node->self);
    ctl_json_signer(&j, names, node->signer);
    nr_json_kuint(&j, "interval_ms", node->interval_ms);
    nr_json_kuint(&j, "degraded_after_ms", (uint64_t)degraded_after_ms(ctl, node));
    nr_json_kuint(&j, "offline_after_ms", (uint64_t)ctl->read.offline_after_s * 1000);
    ctl_json_when(&j, "turns_at", node->status_turns_at_ms == INT64_MAX ? 0 : node->status_turns_at_ms);
    ctl_json_when(&j, "lease_ends_at", e->lease_ends_ms);
    nr_json_kuint(&j, "heartbeat_signers", e->heartbeats_by);
    json_signers(&j, names, e);
    nr_json_object_end(&j);
    nr_json_key(&j, "standing");
    nr_standing_json(&j, standing);
    nr_json_object_end(&j);
    return ctl_put_json(&text);
}

static void fact_when(struct ctl_facts *f, const char *name, int64_t at_ms, int64_t now_ms)
{
    char time[CTL_TEXT], age[CTL_TEXT];
    ctl_time_format(at_ms, time);
    ctl_age_format(at_ms, now_ms, age);
    ctl_fact(f, name, CTL_PLAIN, at_ms > 0 ? "%s (%s)" : "%s", at_ms > 0 ? time : age, age);
}

static void fact_status(struct ctl_facts *f, const struct nr_node_standing *standing, const struct evidence *e,
                        int64_t now_ms)
{
    const struct nr_node *node = &standing->node;
    ctl_fact(f, "Status", ctl_status_style(node->status), "%s: %s", nr_node_status_name(node->status), standing->why);
    ctl_fact(f, "Declared", CTL_PLAIN, "%s", nr_state_name(e->declared));
    if (node->status_turns_at_ms != INT64_MAX) fact_when(f, "Turns", node->status_turns_at_ms, now_ms);
}

static void fact_signers(const struct ctl *ctl, struct ctl_facts *f, const struct nr_node *node,
                         const struct ctl_names *names, const struct evidence *e, int64_t now_ms)
{
    char key[CTL_KEY_TEXT], stamp[CTL_TEXT], ends[CTL_TEXT];
    const struct signed_by *s = (const struct signed_by *)(const void *)e->signers.data;
    ctl_fact(f, "Signed by", CTL_PLAIN, "%s, %s", ctl_signer_text(ctl, names, node->signer, key),
             node->self ? "the node itself" : "a sponsor");
    fact_when(f, "Lease ends", e->lease_ends_ms, now_ms);
    for (size_t i = 0; i < e->signers.len / sizeof *s; i++) {
        if (memcmp(s[i].key, e->winner, NR_KEY_SIZE) == 0) continue;
        ctl_age_format(s[i].stamp_ms, now_ms, stamp);
        ctl_age_format(s[i].ends_ms, now_ms, ends);
        ctl_fact(f, "Also signed by", CTL_FAINT, "%s, %s%s, %s, lease ends %s",
                 ctl_signer_text(ctl, names, s[i].key, key), s[i].self ? "the node itself" : "a sponsor",
                 s[i].deleted ? " (a deletion)" : "", stamp, ends);
    }
}

static int put_facts(const struct ctl *ctl, const struct nr_node_standing *standing, const struct ctl_names *names,
                     const struct evidence *e, int64_t now_ms)
{
    const struct nr_node *node = &standing->node;
    struct ctl_facts f;
    struct nr_buf labels;
    char text[CTL_TEXT];
    nr_buf_init(&labels, 0);
    ctl_add_labels(&labels, node);
    ctl_facts_init(&f);
    ctl_fact_bytes(&f, "Node", ctl_text(node->node_id));
    ctl_fact(&f, "UUID", CTL_PLAIN, "%s", node->id);
    fact_status(&f, standing, e, now_ms);
    fact_when(&f, "Last heartbeat", node->last_heartbeat_ms, now_ms);
    ctl_duration_format(node->interval_ms, text);
    ctl_fact(&f, "Interval", CTL_PLAIN, "%s", node->interval_ms ? text : "not known");
    ctl_standing_facts(&f, standing, now_ms);
    ctl_fact_bytes(&f, "Role", ctl_text(node->role));
    ctl_fact_bytes(&f, "Hostname", ctl_text(node->hostname));
    ctl_fact_bytes(&f, "IP", ctl_text(node->ip));
    ctl_fact_bytes(&f, "Labels", nr_buf_bytes(&labels));
    fact_when(&f, "Created", node->created_at_ms, now_ms);
    fact_when(&f, "Updated", node->updated_at_ms, now_ms);
    fact_signers(ctl, &f, node, names, e, now_ms);
    nr_buf_fini(&labels);
    return ctl_facts_end(&f, ctl);
}

static void put_metadata(const struct nr_node *node)
{
    struct nr_buf json, pretty, shown;
    if (node->metadata_len == 0) return;
    nr_buf_init(&json, 0);
    nr_buf_init(&pretty, 0);
    nr_buf_init(&shown, 0);
    ctl_add_json(&json, nr_bytes(node->metadata, node->metadata_len), "{}");
    ctl_escape(&shown, nr_buf_bytes(&json)); /* compact JSON has no line ends of its own */
    ctl_json_pretty(&pretty, nr_buf_bytes(&shown), 0);
    printf("Metadata\n%.*s\n", (int)pretty.len, (const char *)pretty.data);
    nr_buf_fini(&json);
    nr_buf_fini(&pretty);
    nr_buf_fini(&shown);
}

int ctl_node(struct ctl *ctl, const struct ctl_args *args)
{
    const char *id = args->operand[0];
    char quoted[CTL_QUOTED];
    int64_t now_ms = nr_wall_clock_ms();
    struct nr_node_standing standing;
    struct ctl_names names = { 0 };
    struct evidence e = { 0 };
    int status = CTL_FAILED;
    int err = ctl_standing(ctl, id, now_ms, &standing);
    if (err == NR_ERR_NOT_FOUND) return ctl_fail("no such node: %s", ctl_quoted(nr_bytes_str(id), quoted));
    e.winner = standing.node.signer;
    if (err == 0) err = nr_record_each(ctl->snapshot, id, strlen(id), gather, &e);
    if (err == 0) err = ctl_names_init(&names, ctl->snapshot, now_ms);
    if (err == 0) err = e.signers.err;
    if (err) {
        status = ctl_fail("%s: %s", ctl->state_dir, ctl_read_trouble(err));
    } else if (ctl->format == CTL_JSON) {
        status = put_json(ctl, &standing, &names, &e);
    } else {
        status = put_facts(ctl, &standing, &names, &e, now_ms);
        if (status == 0) put_metadata(&standing.node);
    }
    ctl_names_fini(&names);
    nr_buf_fini(&e.signers);
    return status;
}
