#include "base/rng.h"

#include "base/assert.h"

#define PCG_MULTIPLIER UINT64_C(6364136223846793005)
#define PCG_STREAM     UINT64_C(1442695040888963407)

void nr_rng_init(struct nr_rng *rng, uint64_t seed)
{
    *rng = (struct nr_rng){ .inc = PCG_STREAM };
    (void)nr_rng_u32(rng);
    rng->state += seed;
    (void)nr_rng_u32(rng);
}

uint32_t nr_rng_u32(struct nr_rng *rng)
{
    uint64_t old = rng->state;
    rng->state = old * PCG_MULTIPLIER + rng->inc;
    uint32_t xored = (uint32_t)((old >> 18 ^ old) >> 27);
    uint32_t rot = (uint32_t)(old >> 59);
    return xored >> rot | xored << (-rot & 31);
}

uint64_t nr_rng_u64(struct nr_rng *rng)
{
    uint64_t high = nr_rng_u32(rng);
    return high << 32 | nr_rng_u32(rng);
}

uint32_t nr_rng_below(struct nr_rng *rng, uint32_t bound)
{
    nr_assert(bound > 0);
    uint32_t uneven = -bound % bound; /* the lowest 2^32 mod bound numbers would make some results likelier */
    uint32_t v;
    do v = nr_rng_u32(rng);
    while (v < uneven);
    return v % bound;
}
