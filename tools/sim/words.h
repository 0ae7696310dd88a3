/* The words of one line of a scenario, taken from left to right under a sticky error: after the first word that is not
 * as wanted nothing more is taken, and the error names file, line, the word and what was expected. The text is
 * anybody's: every count is bounded, and what is returned after an error is harmless. */
#ifndef SIM_WORDS_H
#define SIM_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define SIM_WORDS_MAX 64
#define SIM_ERROR_MAX 400

struct sim_words {
    const char *file; /* borrowed */
    unsigned line;
    struct nr_bytes list[SIM_WORDS_MAX]; /* borrow from the line */
    size_t count, at;
    bool failed;
    char error[SIM_ERROR_MAX];
};

/* `text` without its comment and end. */
void sim_words_split(struct sim_words *w, const char *file, unsigned line, struct nr_bytes text);
/* The word that comes next is not as it should be. */
void sim_words_fail(struct sim_words *w, const char *expected);
/* A fault that is not the next word's. */
void sim_words_fault(struct sim_words *w, const char *what);

bool sim_words_left(const struct sim_words *w);
bool sim_words_next_is(const struct sim_words *w, const char *word);
/* Takes the word if it comes next. */
bool sim_words_take(struct sim_words *w, const char *word);
void sim_words_want(struct sim_words *w, const char *word);
struct nr_bytes sim_words_any(struct sim_words *w, const char *expected);
void sim_words_end(struct sim_words *w);

uint64_t sim_words_number(struct sim_words *w, uint64_t min, uint64_t max);
/* 200ms, 5s, 10m, 72h, 365d; at most ten years. */
int64_t sim_words_duration(struct sim_words *w);
/* The same behind a + or a -. */
int64_t sim_words_offset(struct sim_words *w);
/* 99.9% in millionths. */
uint32_t sim_words_share(struct sim_words *w, uint32_t max_ppm);
/* 1.25 in thousandths; 32KiB and 32MiB too. */
uint64_t sim_words_amount(struct sim_words *w);

#endif
