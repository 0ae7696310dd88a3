/* One small generator for the core's chance (PCG XSH RR 64/32, O'Neill 2014, pcg-random.org). Not for secrets.
 * Same seed, same numbers, on every machine. */
#ifndef NR_BASE_RNG_H
#define NR_BASE_RNG_H

#include <stdint.h>

struct nr_rng {
    uint64_t state;
    uint64_t inc;
};

void nr_rng_init(struct nr_rng *rng, uint64_t seed);
uint32_t nr_rng_u32(struct nr_rng *rng);
uint64_t nr_rng_u64(struct nr_rng *rng);
/* Uniform in 0 … bound-1; bound > 0. */
uint32_t nr_rng_below(struct nr_rng *rng, uint32_t bound);

#endif
