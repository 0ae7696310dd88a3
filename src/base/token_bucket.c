#include "base/token_bucket.h"

#include "base/assert.h"

void nr_token_bucket_init(struct nr_token_bucket *b, double rate, double burst, int64_t now_us)
{
    nr_assert(rate >= 0);
    nr_assert(burst >= 0);
    *b = (struct nr_token_bucket){ .at_us = now_us, .tokens = burst, .rate = rate, .burst = burst };
}

bool nr_token_bucket_has(struct nr_token_bucket *b, double n, int64_t now_us)
{
    nr_assert(n >= 0);
    if (now_us > b->at_us) {
        b->tokens += (double)(now_us - b->at_us) * b->rate / 1e6;
        if (b->tokens > b->burst) b->tokens = b->burst;
        b->at_us = now_us;
    }
    return n <= b->tokens;
}

bool nr_token_bucket_take(struct nr_token_bucket *b, double n, int64_t now_us)
{
    if (!nr_token_bucket_has(b, n, now_us)) return false;
    b->tokens -= n;
    return true;
}
