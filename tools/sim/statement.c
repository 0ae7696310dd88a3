/* One row a word: what the statement is, and how the rest of its line is read. */
#include <string.h>

#include "tools/sim/script.h"

#define LONGEST_DELAY_US INT64_C(600000000)
#define SHARE_ALL        SIM_PPM
#define COPIES_MAX_PPM   (10 * SIM_PPM)

const char *const sim_figure_names[SIM_FIGURES] = { "copies", "cold-copies", "bytes", "memory",
                                                    "repair", "overhead",    "trips" };

static const char *const taken_names[] = { "all",   "not",    "first",     "last",    "random", "sponsored",
                                           "to",    "by",     "over",      "within",  "in",     "loss",
                                           "delay", "jitter", "duplicate", "reorder", "corrupt" };

static bool is_name(struct nr_bytes b)
{
    if (b.len == 0 || b.len >= SIM_GROUP_NAME || b.data[0] < 'a' || b.data[0] > 'z') return false;
    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') return false;
    }
    for (size_t i = 0; i < sizeof taken_names / sizeof taken_names[0]; i++)
        if (nr_bytes_eq(b, nr_bytes_str(taken_names[i]))) return false;
    return true;
}

/* SIM_GROUPS: none of that name. */
static uint32_t find_group(const struct sim_script *s, struct nr_bytes name)
{
    for (size_t i = 0; i < s->group_count; i++)
        if (nr_bytes_eq(name, nr_bytes_str(s->groups[i]))) return (uint32_t)i;
    return SIM_GROUPS;
}

static void take_set(const struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    static const char expected[] = "all, a node's number, or a group made above";
    struct sim_whom who = { .kind = SIM_ALL };
    if (out->who_count == SIM_SIDES) {
        sim_words_fault(w, "too many sets");
        return;
    }
    if (!sim_words_take(w, "all")) {
        struct nr_bytes b = sim_words_left(w) ? w->list[w->at] : nr_bytes("", 0);
        if (b.len > 0 && b.data[0] >= '0' && b.data[0] <= '9') {
            who.kind = SIM_ONE;
            who.index = (uint32_t)sim_words_number(w, 0, SIM_NODES_MAX - 1);
        } else if ((who.index = find_group(s, b)) < SIM_GROUPS) {
            who.kind = SIM_GROUP;
            w->at++;
        } else {
            sim_words_fail(w, expected);
        }
    }
    out->who[out->who_count++] = who;
}

/* Whose nodes may be meant instead of they themselves. */
static void take_subjects(const struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    bool sponsored = sim_words_take(w, "sponsored");
    take_set(s, w, out);
    if (!w->failed) out->who[0].sponsored = sponsored;
}

static void over(struct sim_words *w, struct sim_statement *out)
{
    if (sim_words_take(w, "over")) out->us = sim_words_duration(w);
}

static void within(struct sim_words *w, struct sim_statement *out)
{
    sim_words_want(w, "within");
    out->us = sim_words_duration(w);
}

static void by(const struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    sim_words_want(w, "by");
    take_set(s, w, out);
}

static enum nr_status take_status(struct sim_words *w)
{
    enum nr_status status = NR_STATUS_ONLINE;
    if (sim_words_left(w) && nr_status_parse(w->list[w->at], &status))
        w->at++;
    else
        sim_words_fail(w, "online, degraded, offline, maintenance, draining or left");
    return status;
}

static void pick_some(struct sim_words *w, struct sim_pick *pick)
{
    struct nr_bytes b = sim_words_left(w) ? w->list[w->at] : nr_bytes("", 0);
    if (b.len > 0 && b.data[b.len - 1] == '%')
        pick->share_ppm = sim_words_share(w, SHARE_ALL);
    else
        pick->count = (uint32_t)sim_words_number(w, 1, SIM_NODES_MAX);
    if (!pick->share_ppm && !pick->count) sim_words_fault(w, "a group of nobody");
}

static void read_group(struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    struct nr_bytes name = sim_words_left(w) ? w->list[w->at] : nr_bytes("", 0);
    if (!is_name(name)) sim_words_fail(w, "a name of a-z, 0-9 and -, which means nothing else");
    w->at++;
    if (sim_words_take(w, "not")) {
        out->pick.how = SIM_NOT;
        take_set(s, w, out);
    } else if (sim_words_take(w, "first")) {
        out->pick.how = SIM_FIRST;
        pick_some(w, &out->pick);
    } else if (sim_words_take(w, "last")) {
        out->pick.how = SIM_LAST;
        pick_some(w, &out->pick);
    } else if (sim_words_take(w, "random")) {
        out->pick.how = SIM_RANDOM;
        pick_some(w, &out->pick);
    } else {
        sim_words_fail(w, "not, first, last or random");
    }
    if (w->failed) return;
    out->group = find_group(s, name);
    if (out->group < SIM_GROUPS) return;
    if (s->group_count == SIM_GROUPS) {
        sim_words_fault(w, "more groups than a scenario may have");
        return;
    }
    out->group = (uint32_t)s->group_count++;
    memcpy(s->groups[out->group], name.data, name.len);
}

void sim_link_parse(struct sim_words *w, struct sim_link *link)
{
    if (!sim_words_left(w)) sim_words_fail(w, "delay, jitter, loss, duplicate, reorder or corrupt");
    while (sim_words_left(w)) {
        if (sim_words_take(w, "delay"))
            link->delay_us = sim_words_duration(w);
        else if (sim_words_take(w, "jitter"))
            link->jitter_us = sim_words_duration(w);
        else if (sim_words_take(w, "loss"))
            link->loss_ppm = sim_words_share(w, SHARE_ALL);
        else if (sim_words_take(w, "duplicate"))
            link->duplicate_ppm = sim_words_share(w, COPIES_MAX_PPM);
        else if (sim_words_take(w, "reorder"))
            link->reorder_ppm = sim_words_share(w, SHARE_ALL);
        else if (sim_words_take(w, "corrupt"))
            link->corrupt_ppm = sim_words_share(w, SHARE_ALL);
        else
            sim_words_fail(w, "delay, jitter, loss, duplicate, reorder or corrupt");
    }
    if (link->delay_us > LONGEST_DELAY_US || link->jitter_us > LONGEST_DELAY_US)
        sim_words_fault(w, "a delay of more than 10m");
}

static void read_write(const struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    take_set(s, w, out);
    if (sim_words_take(w, "bytes")) out->number = sim_words_number(w, 0, NR_METADATA_MAX - 64);
    over(w, out);
}

static void read_sponsor(const struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    take_set(s, w, out);
    out->number = sim_words_number(w, 1, SIM_SPONSORED_MAX);
    over(w, out);
}

static void read_declare(const struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    take_set(s, w, out);
    if (sim_words_take(w, "online"))
        out->state = NR_STATE_ONLINE;
    else if (sim_words_take(w, "degraded"))
        out->state = NR_STATE_DEGRADED;
    else if (sim_words_take(w, "maintenance"))
        out->state = NR_STATE_MAINTENANCE;
    else if (sim_words_take(w, "draining"))
        out->state = NR_STATE_DRAINING;
    else
        sim_words_fail(w, "online, degraded, maintenance or draining");
}

static void read_split(const struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    take_set(s, w, out);
    do {
        sim_words_want(w, "|");
        take_set(s, w, out);
    } while (sim_words_left(w));
}

static void read_pair(const struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    take_set(s, w, out);
    sim_words_want(w, "to");
    take_set(s, w, out);
    if (out->verb == SIM_DO_LINK)
        sim_link_parse(w, &out->link);
    else
        out->share_ppm = sim_words_left(w) ? sim_words_share(w, SHARE_ALL) : SHARE_ALL;
}

static void read_figure(struct sim_words *w, struct sim_statement *out)
{
    for (size_t i = 0; i < SIM_FIGURES; i++) {
        if (!sim_words_take(w, sim_figure_names[i])) continue;
        out->verb = SIM_DO_FIGURE;
        out->figure = (enum sim_figure)i;
        sim_words_want(w, "<=");
        out->number = sim_words_amount(w);
        return;
    }
    sim_words_fail(w, "equal, status, known, gone, copies, cold-copies, bytes, memory, repair, overhead or trips");
}

static void read_expect(const struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    if (sim_words_take(w, "equal")) {
        out->verb = SIM_DO_EQUAL;
        within(w, out);
    } else if (sim_words_take(w, "status")) {
        out->verb = SIM_DO_STATUS;
        take_subjects(s, w, out);
        out->status = take_status(w);
        by(s, w, out);
        within(w, out);
    } else if (sim_words_take(w, "known")) {
        out->verb = SIM_DO_KNOWN;
        take_set(s, w, out);
        sim_words_want(w, "by");
        out->share_ppm = sim_words_share(w, SHARE_ALL);
        within(w, out);
    } else if (sim_words_take(w, "gone")) {
        out->verb = SIM_DO_GONE;
        take_subjects(s, w, out);
        by(s, w, out);
        within(w, out);
    } else {
        read_figure(w, out);
    }
}

static void read_turns(const struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    take_set(s, w, out);
    sim_words_want(w, "<=");
    out->number = sim_words_number(w, 0, 1000);
    sim_words_want(w, "in");
    out->us = sim_words_duration(w);
}

static const struct {
    const char *word;
    enum sim_verb verb;
} verbs[] = {
    { "group", SIM_DO_GROUP },     { "start", SIM_DO_START },   { "stop", SIM_DO_STOP },
    { "kill", SIM_DO_KILL },       { "power", SIM_DO_POWER },   { "leave", SIM_DO_LEAVE },
    { "freeze", SIM_DO_FREEZE },   { "thaw", SIM_DO_THAW },     { "write", SIM_DO_WRITE },
    { "sponsor", SIM_DO_SPONSOR }, { "delete", SIM_DO_DELETE }, { "declare", SIM_DO_DECLARE },
    { "clock", SIM_DO_CLOCK },     { "move", SIM_DO_MOVE },     { "split", SIM_DO_SPLIT },
    { "block", SIM_DO_BLOCK },     { "link", SIM_DO_LINK },     { "heal", SIM_DO_HEAL },
    { "wait", SIM_DO_WAIT },       { "repeat", SIM_DO_REPEAT }, { "end", SIM_DO_END },
    { "measure", SIM_DO_MEASURE }, { "expect", SIM_DO_EQUAL },  { "never", SIM_DO_NEVER },
    { "may", SIM_DO_MAY },         { "turns", SIM_DO_TURNS },   { "forge", SIM_DO_FORGE },
    { "replay", SIM_DO_REPLAY },   { "fault", SIM_DO_FAULT },
};

static void read_rest(struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    switch (out->verb) {
    case SIM_DO_GROUP: read_group(s, w, out); break;
    case SIM_DO_START:
        take_set(s, w, out);
        over(w, out);
        break;
    case SIM_DO_WRITE: read_write(s, w, out); break;
    case SIM_DO_SPONSOR: read_sponsor(s, w, out); break;
    case SIM_DO_DECLARE: read_declare(s, w, out); break;
    case SIM_DO_CLOCK:
        take_set(s, w, out);
        out->us = sim_words_offset(w);
        break;
    case SIM_DO_SPLIT: read_split(s, w, out); break;
    case SIM_DO_BLOCK:
    case SIM_DO_LINK: read_pair(s, w, out); break;
    case SIM_DO_WAIT: out->us = sim_words_duration(w); break;
    case SIM_DO_REPEAT: out->number = sim_words_number(w, 1, 100000); break;
    case SIM_DO_EQUAL: read_expect(s, w, out); break;
    case SIM_DO_NEVER:
    case SIM_DO_MAY:
        take_set(s, w, out);
        out->status = take_status(w);
        break;
    case SIM_DO_TURNS: read_turns(s, w, out); break;
    case SIM_DO_HEAL:
    case SIM_DO_END:
    case SIM_DO_MEASURE: break;
    default: take_set(s, w, out); break;
    }
}

void sim_statement_parse(struct sim_script *s, struct sim_words *w, struct sim_statement *out)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (!sim_words_take(w, verbs[i].word)) continue;
        out->verb = verbs[i].verb;
        read_rest(s, w, out);
        sim_words_end(w);
        return;
    }
    sim_words_fail(w, "a statement of tests/scenarios/README.md");
}
