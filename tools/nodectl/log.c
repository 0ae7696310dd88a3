/* nodectl log. With --follow, and for what nodectl watch shares with it, changes.h. */
#include "tools/nodectl/changes.h"
#include "tools/nodectl/show.h"
#include "tools/nodectl/text.h"

#define LIMIT_DEFAULT 50

struct log {
    struct ctl *ctl;
    struct ctl_listing list;
    struct ctl_names names;
    int64_t since;
};

static int add(void *arg, const struct nr_change *c)
{
    struct log *l = arg;
    if (c->at_ms < l->since) return 0;
    if (l->ctl->format == CTL_JSON) {
        nr_json_object(&l->list.json);
        ctl_json_change_members(&l->list.json, &l->names, c);
        nr_json_object_end(&l->list.json);
        return 0;
    }
    char text[CTL_TEXT], key[CTL_KEY_TEXT];
    struct ctl_table *t = &l->list.table;
    ctl_table_printf(t, CTL_PLAIN, "%llu", (unsigned long long)c->seq);
    ctl_time_format(c->at_ms, text);
    ctl_table_str(t, CTL_PLAIN, text);
    ctl_table_str(t, CTL_PLAIN, nr_change_name(c->what));
    ctl_table_str(t, CTL_PLAIN, c->profile ? "profile" : "node");
    ctl_table_add(t, CTL_PLAIN, ctl_text(c->subject));
    ctl_table_str(t, CTL_PLAIN, c->signer ? ctl_signer_text(l->ctl, &l->names, c->signer, key) : "(lease ended)");
    return 0;
}

int ctl_log(struct ctl *ctl, const struct ctl_args *args)
{
    struct log l = { .ctl = ctl };
    uint64_t limit = LIMIT_DEFAULT;
    int status = ctl_count(args, "limit", &limit);
    if (status == 0) status = ctl_when(args, "since", &l.since);
    if (status) return status;
    uint64_t newest = nr_change_newest(ctl->snapshot);
    uint64_t after = limit > 0 && newest > limit ? newest - limit : 0;
    if (ctl_has(args, "follow")) return ctl_follow(ctl, after, l.since, false);
    int err = ctl_names_init(&l.names, ctl->snapshot, nr_wall_clock_ms());
    if (err) return ctl_fail("%s: %s", ctl->state_dir, ctl_read_trouble(err));
    ctl_listing_init(&l.list, ctl, ">SEQ,SEEN HERE,WHAT,OF,SUBJECT,SIGNED BY");
    err = nr_change_each(ctl->snapshot, after, add, &l);
    ctl_names_fini(&l.names);
    return ctl_listing_end(&l.list, err);
}
