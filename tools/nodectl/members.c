/* What this node says of itself to the cluster: invite, leave, maintenance, drain. */
#include <string.h>
#include <unistd.h>

#include "proto/mp.h"
#include "tools/nodectl/command.h"

static void add_seeds(struct nr_control_writer *w, const struct ctl_args *args)
{
    uint8_t item[CTL_GIVEN_MAX * (NR_SEED_TEXT_MAX + 3) + 5];
    struct nr_writer out;
    uint32_t count = (uint32_t)args->given_count; /* --seed is all that invite takes */
    if (count == 0) return;
    nr_writer_init(&out, item, sizeof item);
    nr_mp_write_array(&out, count);
    for (uint32_t i = 0; i < count; i++) nr_mp_write_cstr(&out, args->given[i].value);
    nr_control_item(w, "seeds", nr_writer_bytes(&out));
}

static int seeds_check(const struct ctl_args *args)
{
    char q[CTL_QUOTED];
    if (args->given_count > NR_TOKEN_SEEDS_MAX) return ctl_usage("invite: at most %d seeds", NR_TOKEN_SEEDS_MAX);
    for (size_t i = 0; i < args->given_count; i++) {
        size_t len = strlen(args->given[i].value);
        if (len == 0 || len > NR_SEED_TEXT_MAX || !strchr(args->given[i].value, ':'))
            return ctl_usage("--seed: expected HOST:PORT: '%s'", ctl_quoted(nr_bytes_str(args->given[i].value), q));
    }
    return 0;
}

int ctl_invite(struct ctl *ctl, const struct ctl_args *args)
{
    struct ctl_question q;
    struct nr_control_map reply;
    struct nr_bytes token;
    int status = seeds_check(args);
    if (status) return status;
    ctl_ask_begin(&q);
    add_seeds(&q.w, args);
    status = ctl_ask(ctl, "invite", &q, &reply);
    if (status) return status;
    if (nr_control_get_str(&reply, "token", &token) != 1) return ctl_fail("noded: its answer cannot be read");
    if (ctl->format == CTL_JSON) {
        struct nr_buf text;
        struct nr_json j;
        nr_buf_init(&text, 0);
        nr_json_init(&j, &text);
        nr_json_object(&j);
        nr_json_kstr(&j, "token", token);
        nr_json_object_end(&j);
        status = ctl_put_json(&text);
    } else {
        fwrite(token.data, 1, token.len, stdout);
        fputc('\n', stdout);
    }
    ctl_say("this token holds the cluster's key: who has it can join. Hand it over as you would a password");
    return status;
}

static int declare(struct ctl *ctl, const struct ctl_args *args, const char *state)
{
    struct ctl_question q;
    const char *node = ctl_value(args, "node");
    char quoted[CTL_QUOTED];
    ctl_ask_begin(&q);
    nr_control_cstr(&q.w, "state", state);
    nr_control_cstr(&q.w, "node_id", node);
    int status = ctl_ask(ctl, "declare", &q, NULL);
    if (status) return status;
    ctl_say("%s: declared %s", ctl_quoted(nr_bytes_str(node ? node : nr_control_node_id(ctl->control)), quoted), state);
    return 0;
}

int ctl_maintenance(struct ctl *ctl, const struct ctl_args *args)
{
    return declare(ctl, args, strcmp(args->operand[0], "on") == 0 ? "maintenance" : "online");
}

int ctl_drain(struct ctl *ctl, const struct ctl_args *args)
{
    bool off = args->operand_count > 0 && strcmp(args->operand[0], "off") == 0;
    return declare(ctl, args, off ? "online" : "draining");
}

/* noded answers when `left` is on its disk, and ends soon after: waits until nobody listens any more. */
static bool wait_for_end(struct ctl *ctl)
{
    for (int i = 0; i < 100; i++) {
        nr_control_close(ctl->control);
        ctl->control = NULL;
        if (ctl_try_connect(ctl) == NR_ERR_UNAVAILABLE) return true;
        usleep(50000);
    }
    return false;
}

int ctl_leave(struct ctl *ctl, const struct ctl_args *args)
{
    (void)args;
    struct ctl_question q;
    char id[CTL_QUOTED];
    ctl_quoted(nr_bytes_str(nr_control_node_id(ctl->control)), id);
    ctl_ask_begin(&q);
    int status = ctl_ask(ctl, "leave", &q, NULL);
    if (status) return status;
    if (!wait_for_end(ctl)) return ctl_fail("%s: has left, but noded still runs", id);
    ctl_say("%s: has left the cluster; noded has ended", id);
    return 0;
}
