/* The agent says node_role for role and ip_address for ip. Its node_name, node_type, local_ip and capabilities have no
 * field of their own in a record: they are members of metadata, under these names. */
#include "nodehttpd/registration.h"

#include "base/addr.h"
#include "nodehttpd/fields.h"
#include "proto/mp.h"
#include "proto/record.h"

#define AGENT_TEXT_MAX 255

static const char *const agent_texts[] = { "node_name", "node_type", "local_ip" };

/* The field under its own name, else under the agent's. */
static bool either(const json_t *body, const char *key, const char *agent_key, size_t max, struct faults *f,
                   struct nr_bytes *out)
{
    struct nr_bytes other;
    bool has_other = field_text(body, agent_key, 1, max, f, &other);
    if (field_text(body, key, 1, max, f, out)) return true;
    if (!has_other || field_get(body, key)) return false;
    *out = other;
    return true;
}

static bool is_from_agent(const json_t *body)
{
    static const char *const keys[] = {
        "node_role", "node_name", "node_type", "ip_address", "local_ip", "capabilities"
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (field_get(body, keys[i])) return true;
    return false;
}

static void read_role(const json_t *body, struct registration *out, struct faults *f)
{
    if (either(body, "role", "node_role", NR_ROLE_MAX, f, &out->role)) return;
    if (field_get(body, "role") || field_get(body, "node_role")) return;
    if (is_from_agent(body))
        out->role = nr_bytes_str("worker");
    else
        faults_add(f, "role", "is missing");
}

static void read_ip(const json_t *body, struct registration *out, struct faults *f)
{
    if (!either(body, "ip", "ip_address", 64, f, &out->ip)) return;
    if (!nr_ip_valid(out->ip))
        faults_add(f, field_get(body, "ip") ? "ip" : "ip_address", "must be an IPv4 or IPv6 address");
}

static void read_node_id(const json_t *body, struct registration *out, struct faults *f)
{
    if (field_text(body, "node_id", 1, NR_SUBJECT_MAX, f, &out->node_id) && !nr_node_id_valid(out->node_id))
        faults_add(f, "node_id", "must have only letters, digits, '.', '_' and '-'");
}

/* Into `all`, a copy of metadata. */
static void add_agent_fields(const json_t *body, json_t *all, struct faults *f)
{
    struct nr_bytes s;
    for (size_t i = 0; i < sizeof agent_texts / sizeof *agent_texts; i++)
        if (field_text(body, agent_texts[i], 0, AGENT_TEXT_MAX, f, &s))
            json_object_set(all, agent_texts[i], json_object_get(body, agent_texts[i]));
    const json_t *c = field_get(body, "capabilities");
    if (json_is_object(c) || json_is_array(c))
        json_object_set(all, "capabilities", json_object_get(body, "capabilities"));
    else if (c)
        faults_add(f, "capabilities", "must be an object or an array");
}

static void read_metadata(const json_t *body, struct registration *out, struct faults *f)
{
    const json_t *given = NULL;
    /* jansson's copy takes a pointer to what it does not change. */
    json_t *all = field_object(body, "metadata", f, &given) ? json_copy((json_t *)(uintptr_t)given) : json_object();
    if (!all) {
        faults_add(f, "metadata", "cannot be taken: out of memory");
        return;
    }
    add_agent_fields(body, all, f);
    if (given || json_object_size(all) > 0)
        field_encode(all, "metadata", out->room, sizeof out->room, f, &out->metadata);
    json_decref(all);
}

void registration_read(const json_t *body, struct registration *out, struct faults *f)
{
    memset(out, 0, offsetof(struct registration, room));
    read_node_id(body, out, f);
    if (!field_text(body, "hostname", 1, NR_HOSTNAME_MAX, f, &out->hostname) && !field_get(body, "hostname"))
        faults_add(f, "hostname", "is missing");
    read_role(body, out, f);
    read_ip(body, out, f);
    out->has_labels = field_labels(body, "labels", f, out->labels, &out->label_count);
    read_metadata(body, out, f);
}

struct nr_bytes registration_labels(const struct registration *r, uint8_t room[static REGISTRATION_LABELS_MAX])
{
    struct nr_writer w;
    nr_writer_init(&w, room, REGISTRATION_LABELS_MAX);
    nr_mp_write_array(&w, (uint32_t)r->label_count);
    for (size_t i = 0; i < r->label_count; i++) nr_mp_write_str(&w, r->labels[i]);
    return nr_writer_bytes(&w);
}
