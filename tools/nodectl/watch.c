/* nr_wait_change ends the snapshot while it waits, so that following for days never keeps the store's old pages. A
 * status turns without any change in the store: so the wait ends at the next such moment too. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tools/nodectl/changes.h"
#include "tools/nodectl/show.h"
#include "tools/nodectl/text.h"

/* How soon a signal, and a status that turned by silence, are noticed. */
#define WAIT_MS 500

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
    (void)sig;
    stopped = 1;
}

struct seen {
    char node_id[NR_SUBJECT_MAX + 1];
    enum nr_node_status status;
};

struct follower {
    struct ctl *ctl;
    struct ctl_names names;
    uint64_t after;
    int64_t since;
    struct nr_buf seen; /* of struct seen, ascending by node_id */
    int64_t turns_at_ms;
};

void ctl_json_change_members(struct nr_json *j, const struct ctl_names *names, const struct nr_change *c)
{
    nr_json_kuint(j, "seq", c->seq);
    ctl_json_when(j, "time", c->at_ms);
    nr_json_kcstr(j, "what", nr_change_name(c->what));
    nr_json_kcstr(j, "of", c->profile ? "profile" : "node");
    nr_json_kstr(j, "subject", ctl_text(c->subject));
    ctl_json_signer(j, names, c->signer);
    nr_json_kuint(j, "stamp", c->stamp);
}

static void put_line(struct nr_buf *line)
{
    nr_buf_add(line, "\n", 1);
    if (line->err == 0) fwrite(line->data, 1, line->len, stdout);
    nr_buf_fini(line);
}

static void line_head(struct nr_buf *line, int64_t at_ms, const char *of, struct nr_bytes subject)
{
    char time[CTL_TEXT];
    ctl_time_format(at_ms, time);
    nr_buf_printf(line, "%s  %-7s  ", time, of);
    ctl_escape(line, subject);
    nr_buf_add_str(line, "  ");
}

static int put_change(void *arg, const struct nr_change *c)
{
    struct follower *f = arg;
    f->after = c->seq;
    if (c->at_ms < f->since) return 0;
    struct nr_buf line;
    nr_buf_init(&line, 0);
    if (f->ctl->format == CTL_JSON) {
        struct nr_json j;
        nr_json_init(&j, &line);
        nr_json_object(&j);
        ctl_json_change_members(&j, &f->names, c);
        nr_json_object_end(&j);
    } else {
        char key[CTL_KEY_TEXT];
        line_head(&line, c->at_ms, c->profile ? "profile" : "node", ctl_text(c->subject));
        nr_buf_add_str(&line, nr_change_name(c->what));
        if (c->signer) nr_buf_printf(&line, ", signed by %s", ctl_signer_text(f->ctl, &f->names, c->signer, key));
    }
    put_line(&line);
    return 0;
}

static void put_turn(struct follower *f, int64_t now_ms, struct nr_bytes node_id, const char *from, const char *to)
{
    struct nr_buf line;
    nr_buf_init(&line, 0);
    if (f->ctl->format == CTL_JSON) {
        struct nr_json j;
        nr_json_init(&j, &line);
        nr_json_object(&j);
        ctl_json_when(&j, "time", now_ms);
        nr_json_kcstr(&j, "what", "status");
        nr_json_kcstr(&j, "of", "node");
        nr_json_kstr(&j, "subject", node_id);
        nr_json_kcstr(&j, "from", from);
        nr_json_kcstr(&j, "to", to);
        nr_json_object_end(&j);
    } else {
        line_head(&line, now_ms, "node", node_id);
        nr_buf_printf(&line, "%s -> %s", from ? from : "new", to ? to : "gone");
    }
    put_line(&line);
}

/* Walks what was seen and what is there side by side, both in ascending order of node_id. */
static int look_at_statuses(struct follower *f, bool say)
{
    int64_t now_ms = nr_wall_clock_ms();
    const struct nr_node_filter all = { 0 };
    struct nr_node_cursor cursor;
    struct nr_node node;
    struct nr_buf fresh;
    size_t i = 0, count = f->seen.len / sizeof(struct seen);
    const struct seen *old = (const struct seen *)(const void *)f->seen.data;
    nr_buf_init(&fresh, 0);
    f->turns_at_ms = INT64_MAX;
    int err = nr_node_first(f->ctl->snapshot, &all, now_ms, &cursor, &node);
    for (; err == 0; err = nr_node_next(&cursor, &node)) {
        struct nr_bytes id = ctl_text(node.node_id);
        struct seen s = { .status = node.status };
        if (id.len > NR_SUBJECT_MAX) continue;
        memcpy(s.node_id, id.data, id.len);
        nr_buf_add(&fresh, &s, sizeof s);
        if (node.status_turns_at_ms < f->turns_at_ms) f->turns_at_ms = node.status_turns_at_ms;
        for (; i < count && nr_bytes_cmp(nr_bytes_str(old[i].node_id), id) < 0; i++)
            if (say) put_turn(f, now_ms, nr_bytes_str(old[i].node_id), nr_node_status_name(old[i].status), NULL);
        bool known = i < count && strcmp(old[i].node_id, s.node_id) == 0;
        const char *from = known ? nr_node_status_name(old[i].status) : NULL;
        if (say && (!known || old[i].status != s.status)) put_turn(f, now_ms, id, from, nr_node_status_name(s.status));
        i += known;
    }
    for (; say && i < count; i++)
        put_turn(f, now_ms, nr_bytes_str(old[i].node_id), nr_node_status_name(old[i].status), NULL);
    nr_buf_fini(&f->seen);
    f->seen = fresh;
    return fresh.err ? fresh.err : err == NR_ERR_NOT_FOUND ? 0 : err;
}

static int look(struct follower *f, bool statuses, bool first)
{
    ctl_names_fini(&f->names);
    int err = ctl_names_init(&f->names, f->ctl->snapshot, nr_wall_clock_ms());
    if (err == 0) err = nr_change_each(f->ctl->snapshot, f->after, put_change, f);
    if (err == 0 && statuses) err = look_at_statuses(f, !first);
    return err;
}

/* Waits for a change, a turn by silence, or a signal. */
static int wait_for_more(struct follower *f, bool statuses)
{
    struct nr_generation seen = nr_snapshot_generation(f->ctl->snapshot);
    while (!stopped) {
        int err = nr_wait_change(f->ctl->snapshot, seen, WAIT_MS);
        if (err != NR_ERR_TIMEOUT && err != NR_ERR_UNAVAILABLE) return err;
        if (statuses && err == NR_ERR_TIMEOUT && nr_wall_clock_ms() >= f->turns_at_ms) return 0;
    }
    return 0;
}

int ctl_follow(struct ctl *ctl, uint64_t after, int64_t since_ms, bool statuses)
{
    struct follower f = { .ctl = ctl, .after = after, .since = since_ms, .turns_at_ms = INT64_MAX };
    const struct sigaction action = { .sa_handler = stop };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int err = look(&f, statuses, true);
    while (err == 0 && fflush(stdout) == 0) {
        err = wait_for_more(&f, statuses);
        if (stopped) break;
        if (err == 0) err = look(&f, statuses, false);
    }
    ctl_names_fini(&f.names);
    nr_buf_fini(&f.seen);
    if (err && !stopped) return ctl_fail("%s: %s", ctl->state_dir, ctl_read_trouble(err));
    return 0;
}

int ctl_watch(struct ctl *ctl, const struct ctl_args *args)
{
    (void)args;
    return ctl_follow(ctl, nr_change_newest(ctl->snapshot), 0, true);
}
