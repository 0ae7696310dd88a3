/* What is sent to a registry: its names are those of POST /api/v1/nodes/register (deploy/openapi.yaml). */
#include <string.h>
#include <unistd.h>

#include "proto/mp.h"
#include "tools/nodectl/bootstrap_call.h"

/* A text member of capabilities.system. */
static bool of_system(const struct ctl_description *d, const char *key, struct nr_bytes *out)
{
    struct nr_control_map capabilities, system;
    return d->capabilities.len > 0 && nr_control_parse(nr_buf_bytes(&d->capabilities), &capabilities) == 0 &&
           nr_control_get_map(&capabilities, "system", &system) == 1 && nr_control_get_str(&system, key, out) == 1;
}

static void add_hostname(const struct registry *r, struct nr_json *j)
{
    char own[NR_HOSTNAME_MAX + 1];
    struct nr_bytes found = nr_bytes_str("localhost");
    if (r->b->hostname) {
        found = nr_bytes_str(r->b->hostname);
    } else if (!of_system(&r->about, "hostname", &found) && gethostname(own, sizeof own - 1) == 0) {
        own[sizeof own - 1] = '\0'; /* the source of facts is off */
        if (*own) found = nr_bytes_str(own);
    }
    nr_json_kstr(j, "hostname", found);
}

static void add_ip(const struct registry *r, struct nr_json *j)
{
    struct nr_bytes found;
    if (r->b->ip)
        nr_json_kcstr(j, "ip", r->b->ip);
    else if (of_system(&r->about, "local_ip", &found))
        nr_json_kstr(j, "ip", found);
}

static bool is_given(const struct bootstrap *b, const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < b->metadata.count; i++)
        if (strncmp(b->metadata.item[i], key, len) == 0 && b->metadata.item[i][len] == '=') return true;
    return false;
}

/* KEY=VALUE pairs; of a key given twice the last counts. */
static size_t add_pairs(const struct bootstrap *b, struct nr_json *j)
{
    size_t size = 0;
    for (size_t i = 0; i < b->metadata.count; i++) {
        const char *pair = b->metadata.item[i];
        size_t len = strcspn(pair, "="), k = i + 1;
        while (k < b->metadata.count && strncmp(b->metadata.item[k], pair, len + 1) != 0) k++;
        if (k < b->metadata.count) continue;
        nr_json_key_bytes(j, nr_bytes(pair, len));
        nr_json_cstr(j, pair + len + 1);
        size += strlen(pair) + 10;
    }
    return size;
}

static void add_metadata(const struct registry *r, struct nr_json *j)
{
    const struct nr_buf *c = &r->about.capabilities, *m = &r->about.modules;
    nr_json_key(j, "metadata");
    nr_json_object(j);
    size_t size = 64 + add_pairs(r->b, j);
    if (r->b->node_type && !is_given(r->b, "node_type")) {
        nr_json_kcstr(j, "node_type", r->b->node_type);
        size += strlen(r->b->node_type) + 16;
    }
    bool capabilities = c->len > 0 && !is_given(r->b, "capabilities");
    if (capabilities) ctl_json_item(j, "capabilities", nr_buf_bytes(c), "{}");
    if (capabilities) size += c->len;
    /* Many checks and a long list of models may be more than a record holds: the machine itself comes first. */
    bool modules = m->len > 0 && !is_given(r->b, "modules") && size + m->len <= NR_METADATA_MAX;
    if (modules) ctl_json_item(j, "modules", nr_buf_bytes(m), "[]");
    nr_json_object_end(j);
}

void registry_registration(const struct registry *r, struct nr_buf *out)
{
    const struct bootstrap *b = r->b;
    struct nr_json j;
    nr_json_init(&j, out);
    nr_json_object(&j);
    if (*r->id.id) nr_json_kcstr(&j, "node_id", r->id.id);
    add_hostname(r, &j);
    add_ip(r, &j);
    nr_json_kcstr(&j, "role", b->role ? b->role : "worker");
    if (b->labels.given) {
        nr_json_key(&j, "labels");
        nr_json_array(&j);
        for (size_t i = 0; i < b->labels.count; i++) nr_json_cstr(&j, b->labels.item[i]);
        nr_json_array_end(&j);
    }
    add_metadata(r, &j);
    nr_json_object_end(&j);
}
