/* The configuration of a noded of this machine, and the way where it runs: written, read again, seen in the registry.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "io/clock.h"
#include "tools/nodectl/bootstrap.h"
#include "tools/nodectl/bootstrap_conf.h"
#include "tools/nodectl/bootstrap_id.h"
#include "tools/nodectl/files.h"
#include "tools/nodectl/info.h"
#include "tools/nodectl/stop.h"

#define SYSTEM_CONF "/etc/dagi/noded.conf"
#define SHOWN_US    INT64_C(15000000)
#define TRY_US      INT64_C(50000)
#define SETTINGS    8

static bool may_write_system_conf(void)
{
    if (access("/etc/dagi", F_OK) != 0) return access("/etc", W_OK) == 0;
    return access("/etc/dagi", W_OK) == 0;
}

int bootstrap_conf_path(const struct bootstrap *b, const char *of_noded, char out[static 4096])
{
    const char *file = nr_conf_file(b->ctl->conf);
    bool named = file && strcmp(file, SYSTEM_CONF) != 0;
    bool running = b->ctl->control != NULL;
    if (running && named && (!of_noded || !ctl_same_file(file, of_noded)))
        return ctl_fail("%s: noded reads %s instead: name that one, or start noded with --config", file,
                        of_noded ? of_noded : SYSTEM_CONF);
    const char *path = running && of_noded ? of_noded : named ? file : SYSTEM_CONF;
    if (!running && !named && !may_write_system_conf())
        return bootstrap_home_path("noded.conf", out) ? 0 : ctl_fail("HOME is not set: where is the configuration?");
    char *real = realpath(path, NULL); /* noded may stand elsewhere */
    snprintf(out, 4096, "%s", real ? real : path);
    free(real);
    return 0;
}

static size_t add_text(struct ctl_setting *list, size_t n, enum nr_conf_key key, const char *const *text)
{
    if (!*text) return n;
    list[n] = (struct ctl_setting){ .key = key, .items = text, .count = **text != '\0' };
    return n + 1;
}

static size_t add_items(struct ctl_setting *list, size_t n, enum nr_conf_key key, const struct bootstrap_items *items)
{
    if (!items->given) return n;
    list[n] = (struct ctl_setting){ .key = key, .items = items->item, .count = items->count };
    return n + 1;
}

/* What would be in the file, as lines of it. */
static int show_plan(const struct bootstrap *b, const char *path, const struct ctl_setting *settings, size_t count)
{
    struct nr_buf text;
    struct nr_json j;
    nr_buf_init(&text, 0);
    nr_json_init(&j, &text);
    nr_json_object(&j);
    nr_json_kcstr(&j, "config", path);
    nr_json_key(&j, "settings");
    nr_json_object(&j);
    if (b->ctl->format != CTL_JSON) printf("%s\n", path);
    for (size_t i = 0; i < count; i++) {
        const struct nr_conf_row *row = nr_conf_row(settings[i].key);
        nr_json_key(&j, row->key);
        nr_json_array(&j);
        if (b->ctl->format != CTL_JSON) printf("  %s =", row->key);
        for (size_t k = 0; k < settings[i].count; k++) {
            char q[CTL_QUOTED];
            nr_json_cstr(&j, settings[i].items[k]);
            if (b->ctl->format != CTL_JSON)
                printf("%s %s", k ? "," : "", ctl_quoted(nr_bytes_str(settings[i].items[k]), q));
        }
        if (b->ctl->format != CTL_JSON) putchar('\n');
        nr_json_array_end(&j);
    }
    nr_json_object_end(&j);
    nr_json_object_end(&j);
    if (b->ctl->format == CTL_JSON) return ctl_put_json(&text);
    nr_buf_fini(&text);
    return 0;
}

static int write_settings(const char *path, const struct ctl_setting *settings, size_t count)
{
    struct nr_buf faults;
    bool changed;
    nr_buf_init(&faults, 0);
    int err = ctl_conf_edit_file(path, settings, count, &changed, &faults), why = errno;
    if (err == NR_E_INVALID) {
        nr_buf_add(&faults, "", 1);
        for (char *rest = (char *)faults.data, *line; !faults.err && (line = strsep(&rest, "\n"));)
            if (*line) ctl_say("%s", line);
    } else if (err) {
        ctl_say("%s: cannot be written: %s", path,
                err != NR_E_SYSTEM ? nr_strerror(err)
                : why == EINVAL    ? "it is no file"
                                   : strerror(why));
    } else {
        ctl_say("%s: %s", path, changed ? "written" : "says so already");
    }
    nr_buf_fini(&faults);
    return err ? CTL_FAILED : 0;
}

int bootstrap_configure(const struct bootstrap *b, const char *path)
{
    struct ctl_setting list[SETTINGS];
    char interval[32];
    const char *seconds = b->interval ? interval : NULL;
    snprintf(interval, sizeof interval, "%" PRId64, b->interval_ms / 1000);
    size_t n = add_text(list, 0, NR_CONF_ROLE, &b->role);
    n = add_items(list, n, NR_CONF_LABEL, &b->labels);
    n = add_text(list, n, NR_CONF_NODE_ID, &b->node_id);
    n = add_text(list, n, NR_CONF_HOSTNAME, &b->hostname);
    n = add_text(list, n, NR_CONF_IP, &b->ip);
    n = add_items(list, n, NR_CONF_METADATA, &b->metadata);
    n = add_text(list, n, NR_CONF_HEARTBEAT_INTERVAL, &seconds);
    if (b->dry_run) return show_plan(b, path, list, n);
    return write_settings(path, list, n);
}

static bool shows_labels(const struct bootstrap *b, const struct nr_node *node)
{
    for (size_t i = 0; i < b->labels.count; i++) {
        bool found = false;
        for (uint32_t k = 0; k < node->label_count && !found; k++)
            found = nr_bytes_eq(ctl_text(nr_node_label(node, k)), nr_bytes_str(b->labels.item[i]));
        if (!found) return false;
    }
    return true; /* beside them there may be those of the role's profile */
}

static bool shown_as_asked(struct bootstrap *b, const char *node_id)
{
    struct nr_node node;
    if (ctl_try_read(b->ctl) != 0) return false;
    if (nr_node_get(b->ctl->snapshot, node_id, strlen(node_id), nr_wall_clock_ms(), &node) != 0) return false;
    bool role = !b->role || nr_bytes_eq(ctl_text(node.role), nr_bytes_str(b->role));
    return role && shows_labels(b, &node) && node.status != NR_NODE_LEFT;
}

int bootstrap_show(struct bootstrap *b)
{
    char id[NR_SUBJECT_MAX + 1];
    char *operand = id;
    snprintf(id, sizeof id, "%s", nr_control_node_id(b->ctl->control));
    int64_t until_us = nr_clock_now().mono_us + SHOWN_US;
    while (!shown_as_asked(b, id)) {
        int64_t now_us = nr_clock_now().mono_us;
        if (now_us >= until_us)
            return ctl_fail(
                "%s: the registry does not show it as asked for. A flag or an environment variable that noded "
                "was started with is stronger than its file: nodectl node %s shows what it registers",
                id, id);
        (void)ctl_wait(-1, now_us + TRY_US);
    }
    if (b->keep_alive) ctl_say("noded sends this node's heartbeats itself: there is nothing to keep alive");
    return ctl_node(b->ctl, &(struct ctl_args){ .operand = &operand, .operand_count = 1 });
}

/* What noded says of itself is where it is looked for from now on. */
static int use_state_dir(struct ctl *ctl, struct nr_bytes dir)
{
    char *copy = calloc(1, dir.len + 1);
    if (!copy) return ctl_fail("%s", nr_strerror(NR_E_NOMEM));
    memcpy(copy, dir.data, dir.len);
    free(ctl->asked_dir);
    ctl->state_dir = ctl->read.state_dir = ctl->asked_dir = copy;
    return 0;
}

int bootstrap_settle(struct bootstrap *b, struct nr_bytes state_dir)
{
    struct nr_buf text;
    int status = use_state_dir(b->ctl, state_dir);
    if (status || !b->token) return status;
    nr_buf_init(&text, NR_TOKEN_TEXT_MAX);
    /* One that somebody else has put there is not ours to remove. */
    if (ctl_read_file(BOOTSTRAP_TOKEN, NR_TOKEN_TEXT_MAX, &text) == 0 &&
        nr_bytes_eq(nr_buf_bytes(&text), nr_buf_bytes(&b->token_text)) && unlink(BOOTSTRAP_TOKEN) != 0)
        status = ctl_fail(BOOTSTRAP_TOKEN ": cannot be removed: %s", strerror(errno));
    if (text.data) nr_wipe(text.data, text.cap);
    nr_buf_fini(&text);
    return status;
}

/* A flag is stronger than the file: that is known without waiting for the registry. */
static int check_role(struct bootstrap *b)
{
    struct ctl_info info = { 0 };
    char q[CTL_QUOTED];
    int status = 0;
    if (b->role && ctl_info_ask(b->ctl, &info) == 0 && !nr_bytes_eq(info.role, nr_bytes_str(b->role)))
        status =
            ctl_fail("noded keeps the role %s: it was started with --role or DAGI_ROLE, which is stronger than its "
                     "file. Start it without",
                     ctl_quoted(info.role, q));
    ctl_info_fini(&info);
    return status;
}

int bootstrap_running(struct bootstrap *b)
{
    struct ctl_info info = { 0 };
    struct ctl_question q;
    char path[4096], config[4096], dir[4096];
    bool joined;
    int status = CTL_FAILED, err = ctl_info_ask(b->ctl, &info);
    if (err) {
        ctl_say("noded: %s", nr_error_text(err));
        goto out;
    }
    const char *id = nr_control_node_id(b->ctl->control);
    snprintf(config, sizeof config, "%.*s", (int)info.config.len, (const char *)info.config.data);
    if (b->node_id && strcmp(b->node_id, id) != 0) {
        ctl_say("--node-id: this node is %s, and its id belongs to its key", id);
        goto out;
    }
    snprintf(dir, sizeof dir, "%.*s", (int)info.state_dir.len, (const char *)info.state_dir.data);
    status = bootstrap_check_cluster(b, dir, &joined);
    if (status == 0) status = bootstrap_conf_path(b, *config ? config : NULL, path);
    if (status == 0) status = bootstrap_configure(b, path);
    if (status || b->dry_run) goto out;
    status = bootstrap_settle(b, info.state_dir);
    if (status) goto out;
    ctl_ask_begin(&q);
    status = ctl_ask(b->ctl, "reload", &q, NULL);
    if (status == 0) status = check_role(b);
    if (status == 0 && b->interval && info.heartbeat_interval_ms != (uint64_t)b->interval_ms)
        ctl_say("--interval: takes effect when noded is started again");
    if (status == 0) status = bootstrap_show(b);
out:
    ctl_info_fini(&info);
    return status;
}
