/* A token bucket on the caller's memory: `rate` a second, `burst` at once. Starts full. */
#ifndef NR_BASE_TOKEN_BUCKET_H
#define NR_BASE_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct nr_token_bucket {
    int64_t at_us;
    double tokens;
    double rate;
    double burst;
};

void nr_token_bucket_init(struct nr_token_bucket *b, double rate, double burst, int64_t now_us);
/* Takes `n` and returns true, or takes nothing and returns false. A clock that goes back adds nothing. */
bool nr_token_bucket_take(struct nr_token_bucket *b, double n, int64_t now_us);
/* Whether it would. */
bool nr_token_bucket_has(struct nr_token_bucket *b, double n, int64_t now_us);

#endif
