/* The way without noded: the machine is registered over HTTP, its id kept, a first heartbeat sent. The registry makes
 * the same id of the same host name and address, so that a run that was cut short before the id was kept is taken up by
 * the next one. */
#include <errno.h>
#include <string.h>

#include "tools/nodectl/bootstrap_keep.h"
#include "tools/nodectl/show.h"
#include "tools/nodectl/stop.h"

#define BEAT_MS 10000

/* The id that the machine has, or is to have. */
static int settle_id(struct registry *r)
{
    const char *wanted = r->b->node_id;
    bootstrap_id_read(&r->id, true);
    if (!wanted) return 0;
    if (*r->id.id && strcmp(r->id.id, wanted) != 0)
        return ctl_usage(
            "--node-id: this machine is the node %s (%s): remove that file, and delete the node, if it is to "
            "become another one",
            r->id.id, r->id.path);
    snprintf(r->id.id, sizeof r->id.id, "%s", wanted);
    return 0;
}

void registry_keep_id(struct registry *r)
{
    const char *id = json_string_value(json_object_get(r->node, "node_id"));
    struct bootstrap_id held;
    bootstrap_id_read(&held, false); /* what was asked for is not yet in a file */
    if (bootstrap_id_write(&held, id) != 0)
        ctl_say("the node's id %s could not be kept in /etc/dagi nor in ~/.config/dagi: %s", id, strerror(errno));
    snprintf(r->id.id, sizeof r->id.id, "%s", id);
}

static int show_plan(const struct registry *r)
{
    struct nr_buf body, text;
    struct nr_json j;
    nr_buf_init(&body, 0);
    registry_registration(r, &body);
    nr_buf_init(&text, 0);
    nr_json_init(&j, &text);
    nr_json_object(&j);
    nr_json_key(&j, "registry_urls");
    nr_json_array(&j);
    for (size_t i = 0; i < r->b->url_count; i++) nr_json_cstr(&j, r->b->urls[i]);
    nr_json_array_end(&j);
    nr_json_key(&j, "registration");
    nr_json_raw(&j, nr_buf_bytes(&body));
    nr_json_object_end(&j);
    if (body.err) text.err = body.err;
    nr_buf_fini(&body);
    return ctl_put_json(&text);
}

static void fact(struct ctl_facts *f, const char *name, const json_t *node, const char *key)
{
    const char *text = json_string_value(json_object_get(node, key));
    ctl_fact_bytes(f, name, nr_bytes_str(text ? text : ""));
}

static int show_node(const struct registry *r)
{
    struct nr_buf text;
    struct ctl_facts f;
    size_t i;
    json_t *label;
    nr_buf_init(&text, 0);
    if (r->b->ctl->format == CTL_JSON) {
        char *all = json_dumps(r->node, JSON_COMPACT);
        if (!all) return ctl_fail("%s", nr_strerror(NR_E_NOMEM));
        nr_buf_add_str(&text, all);
        free(all);
        return ctl_put_json(&text);
    }
    ctl_facts_init(&f);
    fact(&f, "Node", r->node, "node_id");
    fact(&f, "Status", r->node, "status");
    fact(&f, "Role", r->node, "role");
    json_array_foreach(json_object_get(r->node, "labels"), i, label)
        nr_buf_printf(&text, "%s%s", i ? "," : "", json_string_value(label) ? json_string_value(label) : "");
    ctl_fact_bytes(&f, "Labels", nr_buf_bytes(&text));
    nr_buf_fini(&text);
    fact(&f, "Hostname", r->node, "hostname");
    fact(&f, "IP", r->node, "ip");
    fact(&f, "Registered at", r->node, "created_at");
    ctl_fact(&f, "Registry", CTL_PLAIN, "%s", r->b->urls[r->at]);
    return ctl_facts_end(&f, r->b->ctl);
}

/* Once, and shown. */
static int register_once(struct registry *r)
{
    enum verdict v = registry_register(r);
    if (v != TAKEN) {
        registry_say(r);
        return CTL_FAILED;
    }
    registry_keep_id(r);
    v = registry_beat(r, NULL, BEAT_MS);
    if (v != TAKEN) {
        registry_say(r);
        ctl_say("%s: registered, but its first heartbeat was not taken: run this again", r->id.id);
        return CTL_FAILED;
    }
    return show_node(r);
}

/* The node on standard output, once; from then on what happens is said. */
int registry_show(const struct registry *r)
{
    int status = show_node(r);
    fflush(stdout);
    return status;
}

int bootstrap_register(struct bootstrap *b)
{
    struct registry r;
    int status = CTL_FAILED;
    if (b->keep_alive && ctl_stop_setup() != 0) return ctl_fail("%s", strerror(errno));
    status = registry_init(&r, b);
    if (status == 0) status = settle_id(&r);
    if (status == 0) status = ctl_describe_once(b->ctl, true, &r.about);
    if (status == 0 && b->dry_run)
        status = show_plan(&r);
    else if (status == 0)
        status = b->keep_alive ? registry_keep_alive(&r, b) : register_once(&r);
    else if (ctl_stop_asked())
        status = CTL_DONE;
    registry_fini(&r);
    return status;
}
