/* The head's lines come first, each at most once; from the first other statement on there are only statements. */
#include "tools/sim/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const head_words[] = { "title", "nodes",     "real",  "why",    "seeds",
                                          "link",  "heartbeat", "lease", "metrics" };
enum { TITLE, NODES, REAL, WHY, SEEDS, LINK, HEARTBEAT, LEASE, METRICS, HEAD_COUNT };

struct parse {
    struct sim_script *s;
    unsigned seen; /* a bit for each head word */
    bool body;
    size_t open; /* the repeat that is not ended; SIM_STATEMENTS: none */
};

static void read_title(struct sim_script *s, struct sim_words *w)
{
    struct nr_bytes last, first = sim_words_any(w, "what it shows");
    if (w->failed) return;
    for (last = first; sim_words_left(w);) last = sim_words_any(w, "");
    size_t len = (size_t)(last.data + last.len - first.data);
    for (size_t i = 0; i < len; i++)
        if (first.data[i] < 0x20 || first.data[i] > 0x7e) sim_words_fault(w, "a title is plain ASCII");
    if (len >= sizeof s->title) sim_words_fault(w, "a title has at most 119 bytes");
    if (!w->failed) snprintf(s->title, sizeof s->title, "%.*s", (int)len, (const char *)first.data);
}

static uint32_t in_unit(struct sim_words *w, int64_t unit_us, uint32_t min, uint32_t max, const char *what)
{
    int64_t v = sim_words_duration(w) / unit_us;
    if (v < min || v > max) sim_words_fault(w, what);
    return w->failed ? min : (uint32_t)v;
}

static void read_head(struct sim_script *s, struct sim_words *w, int word)
{
    switch (word) {
    case TITLE: read_title(s, w); return;
    case NODES: s->nodes = (uint32_t)sim_words_number(w, 1, SIM_NODES_MAX); break;
    case REAL: s->real = (uint32_t)sim_words_number(w, 1, 256); break;
    case WHY:
        s->why = sim_words_any(w, "why it does not run on real processes").len > 0;
        w->at = w->count;
        break;
    case SEEDS: s->seeds = (uint32_t)sim_words_number(w, 1, SIM_SEEDS_MAX); break;
    case LINK: sim_link_parse(w, &s->link); break;
    case HEARTBEAT: s->heartbeat_ms = in_unit(w, 1000, 1000, NR_INTERVAL_MAX_MS, "a heartbeat is from 1s to 1h"); break;
    case LEASE: s->lease_s = in_unit(w, 1000000, 1, NR_LEASE_MAX_S, "a lease is from 1s to 400d"); break;
    default: s->metrics = (uint32_t)sim_words_number(w, 0, NR_METRICS_MAX); break;
    }
    sim_words_end(w);
}

static int head_word(struct sim_words *w)
{
    for (int i = 0; i < HEAD_COUNT; i++)
        if (sim_words_next_is(w, head_words[i])) return i;
    return -1;
}

/* `link` begins a line of the head and, with two sets, a statement. */
static bool is_head(const struct parse *p, int word)
{
    return word >= 0 && !(word == LINK && p->body);
}

static void head_line(struct parse *p, struct sim_words *w, int word)
{
    if (p->body) sim_words_fault(w, "the head's lines come before all others");
    if (p->seen & 1u << word) sim_words_fault(w, "said a second time");
    p->seen |= 1u << word;
    w->at++;
    if (!w->failed) read_head(p->s, w, word);
}

static void match_repeat(struct parse *p, struct sim_words *w, struct sim_statement *st)
{
    size_t at = p->s->count;
    if (st->verb == SIM_DO_REPEAT) {
        if (p->open < SIM_STATEMENTS) sim_words_fault(w, "repeats do not nest");
        p->open = at;
    }
    if (st->verb != SIM_DO_END) return;
    if (p->open >= SIM_STATEMENTS) {
        sim_words_fault(w, "an end without its repeat");
        return;
    }
    st->partner = p->open;
    p->s->list[p->open].partner = at;
    p->open = SIM_STATEMENTS;
}

static void body_line(struct parse *p, struct sim_words *w, struct nr_bytes text)
{
    struct sim_script *s = p->s;
    if (s->count == SIM_STATEMENTS) {
        sim_words_fault(w, "more statements than a scenario may have");
        return;
    }
    p->body = true;
    struct sim_statement *st = &s->list[s->count];
    *st = (struct sim_statement){ .line = w->line, .link = s->link };
    size_t n = 0;
    while (text.len > 0 && (*text.data == ' ' || *text.data == '\t')) text = nr_bytes(text.data + 1, text.len - 1);
    for (; n < text.len && n + 1 < sizeof st->text; n++)
        st->text[n] = (char)(text.data[n] >= 0x20 && text.data[n] < 0x7f ? text.data[n] : ' ');
    while (n > 0 && st->text[n - 1] == ' ') n--;
    st->text[n] = 0;
    sim_statement_parse(s, w, st);
    match_repeat(p, w, st);
    if (!w->failed) s->count++;
}

static int take_line(struct parse *p, const char *file, unsigned line, struct nr_bytes text)
{
    struct sim_words w;
    const uint8_t *comment = text.len ? memchr(text.data, '#', text.len) : NULL;
    if (comment) text.len = (size_t)(comment - text.data);
    if (text.len > 0 && text.data[text.len - 1] == '\r') text.len--;
    sim_words_split(&w, file, line, text);
    int word = head_word(&w);
    if (is_head(p, word))
        head_line(p, &w, word);
    else if (sim_words_left(&w))
        body_line(p, &w, text);
    if (!w.failed) return 0;
    memcpy(p->s->error, w.error, sizeof p->s->error);
    return NR_E_INVALID;
}

static int whole(struct parse *p, const char *file)
{
    struct sim_script *s = p->s;
    const char *what = !s->title[0]               ? "there is no title"
                       : !s->nodes                ? "it does not say how many nodes"
                       : s->seeds > s->nodes      ? "more seeds than nodes"
                       : s->real > s->nodes       ? "more real nodes than nodes"
                       : !s->real && !s->why      ? "without `real` it says `why`"
                       : s->real && s->why        ? "`why` is for a scenario without `real`"
                       : p->open < SIM_STATEMENTS ? "a repeat without its end"
                       : s->count == 0            ? "nothing happens in it"
                                                  : NULL;
    if (!what) return 0;
    snprintf(s->error, sizeof s->error, "%s: %s", file, what);
    return NR_E_INVALID;
}

static void name_of(struct sim_script *s, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *from = slash ? slash + 1 : file;
    const char *dot = strrchr(from, '.');
    snprintf(s->name, sizeof s->name, "%.*s", dot ? (int)(dot - from) : (int)strlen(from), from);
}

int sim_script_parse(struct sim_script *s, const char *file, struct nr_bytes text)
{
    struct parse p = { .s = s, .open = SIM_STATEMENTS };
    memset(s, 0, sizeof *s);
    s->seeds = 1;
    s->link = SIM_LINK_DEFAULT;
    s->heartbeat_ms = 10000;
    s->metrics = 60;
    name_of(s, file);
    if (text.len > SIM_SCRIPT_MAX) {
        snprintf(s->error, sizeof s->error, "%s: more than %d bytes", file, SIM_SCRIPT_MAX);
        return NR_E_INVALID;
    }
    for (unsigned line = 1; text.len > 0; line++) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;
        int err = take_line(&p, file, line, nr_bytes(text.data, len));
        if (err) return err;
        size_t step = end ? len + 1 : len;
        text = nr_bytes(text.data + step, text.len - step);
    }
    return whole(&p, file);
}

int sim_script_load(struct sim_script *s, const char *file)
{
    static char text[SIM_SCRIPT_MAX + 1];
    FILE *in = fopen(file, "rb");
    if (!in) {
        snprintf(s->error, sizeof s->error, "%s: cannot be opened", file);
        return NR_E_IO;
    }
    size_t len = fread(text, 1, sizeof text, in);
    bool broken = ferror(in) != 0;
    fclose(in);
    if (!broken) return sim_script_parse(s, file, nr_bytes(text, len));
    snprintf(s->error, sizeof s->error, "%s: cannot be read", file);
    return NR_E_IO;
}

int sim_script_fits(struct sim_script *s, const char *file, size_t nodes)
{
    if (s->seeds > nodes) {
        snprintf(s->error, sizeof s->error, "%s: %u seeds among %zu nodes", file, (unsigned)s->seeds, nodes);
        return NR_E_INVALID;
    }
    for (size_t i = 0; i < s->count; i++)
        for (size_t k = 0; k < s->list[i].who_count; k++) {
            const struct sim_whom *who = &s->list[i].who[k];
            if (who->kind != SIM_ONE || who->index < nodes) continue;
            snprintf(s->error, sizeof s->error, "%s:%u: there is no node %u among %zu", file, s->list[i].line,
                     (unsigned)who->index, nodes);
            return NR_E_INVALID;
        }
    return 0;
}
