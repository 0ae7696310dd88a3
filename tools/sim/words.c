#include "tools/sim/words.h"

#include <stdio.h>

#define SECOND_US  INT64_C(1000000)
#define DAY_US     (86400 * SECOND_US)
#define LONGEST_US (3650 * DAY_US)

void sim_words_split(struct sim_words *w, const char *file, unsigned line, struct nr_bytes text)
{
    size_t at = 0;
    *w = (struct sim_words){ .file = file, .line = line };
    while (at < text.len) {
        if (text.data[at] == ' ' || text.data[at] == '\t') {
            at++;
            continue;
        }
        size_t from = at;
        while (at < text.len && text.data[at] != ' ' && text.data[at] != '\t') at++;
        if (w->count == SIM_WORDS_MAX) {
            sim_words_fault(w, "too many words");
            return;
        }
        w->list[w->count++] = nr_bytes(text.data + from, at - from);
    }
}

/* What stands in a file may hold anything: it is shown as far as it is plain. */
static void show(char *out, size_t size, struct nr_bytes word)
{
    size_t n = 0;
    for (; n < word.len && n + 1 < size; n++) {
        uint8_t c = word.data[n];
        out[n] = (char)(c >= 0x20 && c < 0x7f ? c : '?');
    }
    out[n] = 0;
}

void sim_words_fault(struct sim_words *w, const char *what)
{
    if (w->failed) return;
    w->failed = true;
    snprintf(w->error, sizeof w->error, "%s:%u: %s", w->file, w->line, what);
}

void sim_words_fail(struct sim_words *w, const char *expected)
{
    char word[64];
    if (w->failed) return;
    w->failed = true;
    if (w->at >= w->count) {
        snprintf(w->error, sizeof w->error, "%s:%u: expected %s at the end of the line", w->file, w->line, expected);
        return;
    }
    show(word, sizeof word, w->list[w->at]);
    snprintf(w->error, sizeof w->error, "%s:%u: expected %s: '%s'", w->file, w->line, expected, word);
}

bool sim_words_left(const struct sim_words *w)
{
    return !w->failed && w->at < w->count;
}

bool sim_words_next_is(const struct sim_words *w, const char *word)
{
    return sim_words_left(w) && nr_bytes_eq(w->list[w->at], nr_bytes_str(word));
}

bool sim_words_take(struct sim_words *w, const char *word)
{
    if (!sim_words_next_is(w, word)) return false;
    w->at++;
    return true;
}

void sim_words_want(struct sim_words *w, const char *word)
{
    char expected[64];
    if (sim_words_take(w, word)) return;
    snprintf(expected, sizeof expected, "'%s'", word);
    sim_words_fail(w, expected);
}

struct nr_bytes sim_words_any(struct sim_words *w, const char *expected)
{
    if (!sim_words_left(w)) {
        sim_words_fail(w, expected);
        return nr_bytes("", 0);
    }
    return w->list[w->at++];
}

void sim_words_end(struct sim_words *w)
{
    if (sim_words_left(w)) sim_words_fail(w, "the end of the line");
}

/* Reads digits with up to `decimals` places behind a point as a whole number of units; *used: how many bytes that took,
 * 0 where there is no such number. At most twelve digits: nothing overflows. */
static uint64_t fixed(struct nr_bytes b, unsigned decimals, size_t *used)
{
    uint64_t value = 0;
    unsigned places = 0;
    size_t i = 0;
    bool point = false;
    *used = 0;
    for (; i < b.len && i < 13; i++) {
        uint8_t c = b.data[i];
        if (c == '.' && !point && decimals > 0 && i > 0) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || (point && places == decimals)) break;
        value = value * 10 + (uint64_t)(c - '0');
        places += point;
    }
    if (i == 0 || i == 13 || (point && places == 0)) return 0;
    for (; places < decimals; places++) value *= 10;
    *used = i;
    return value;
}

/* The rest of the word behind the number, as a unit. */
static bool unit_is(struct nr_bytes b, size_t used, const char *unit)
{
    return nr_bytes_eq(nr_bytes(b.data + used, b.len - used), nr_bytes_str(unit));
}

uint64_t sim_words_number(struct sim_words *w, uint64_t min, uint64_t max)
{
    char expected[80];
    size_t used;
    snprintf(expected, sizeof expected, "a number from %llu to %llu", (unsigned long long)min, (unsigned long long)max);
    if (sim_words_left(w)) {
        uint64_t v = fixed(w->list[w->at], 0, &used);
        if (used > 0 && used == w->list[w->at].len && v >= min && v <= max) {
            w->at++;
            return v;
        }
    }
    sim_words_fail(w, expected);
    return min;
}

/* -1: none. */
static int64_t duration_of(struct nr_bytes b)
{
    static const struct {
        const char *unit;
        int64_t us;
    } units[] = {
        { "ms", 1000 }, { "s", SECOND_US }, { "m", 60 * SECOND_US }, { "h", 3600 * SECOND_US }, { "d", DAY_US }
    };
    size_t used;
    uint64_t thousandths = fixed(b, 3, &used);
    for (size_t i = 0; used > 0 && i < sizeof units / sizeof units[0]; i++) {
        if (!unit_is(b, used, units[i].unit)) continue;
        if (thousandths > (uint64_t)(LONGEST_US / units[i].us) * 1000) return -1;
        return (int64_t)thousandths * (units[i].us / 1000);
    }
    return -1;
}

int64_t sim_words_duration(struct sim_words *w)
{
    int64_t us = sim_words_left(w) ? duration_of(w->list[w->at]) : -1;
    if (us < 0) {
        sim_words_fail(w, "a duration such as 200ms, 5s, 10m, 72h or 365d, at most 3650d");
        return 0;
    }
    w->at++;
    return us;
}

int64_t sim_words_offset(struct sim_words *w)
{
    if (sim_words_left(w)) {
        struct nr_bytes b = w->list[w->at];
        int64_t us = duration_of(nr_bytes(b.data + 1, b.len - 1));
        if (us >= 0 && (b.data[0] == '+' || b.data[0] == '-')) {
            w->at++;
            return b.data[0] == '+' ? us : -us;
        }
    }
    sim_words_fail(w, "an offset such as +60s or -5s");
    return 0;
}

uint32_t sim_words_share(struct sim_words *w, uint32_t max_ppm)
{
    size_t used;
    if (sim_words_left(w)) {
        uint64_t ppm = fixed(w->list[w->at], 4, &used);
        if (used > 0 && unit_is(w->list[w->at], used, "%") && ppm <= max_ppm) {
            w->at++;
            return (uint32_t)ppm;
        }
    }
    char expected[64];
    snprintf(expected, sizeof expected, "a share up to %u%%, such as 99.9%%", (unsigned)(max_ppm / 10000));
    sim_words_fail(w, expected);
    return 0;
}

uint64_t sim_words_amount(struct sim_words *w)
{
    size_t used;
    if (sim_words_left(w)) {
        struct nr_bytes b = w->list[w->at];
        uint64_t v = fixed(b, 3, &used);
        uint64_t unit = used == b.len ? 1 : unit_is(b, used, "KiB") ? 1024 : unit_is(b, used, "MiB") ? 1048576 : 0;
        if (used > 0 && unit > 0 && v <= UINT64_MAX / 1048576) {
            w->at++;
            return v * unit;
        }
    }
    sim_words_fail(w, "an amount such as 1.2, 60000 or 32MiB");
    return 0;
}
