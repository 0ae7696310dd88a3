#include "tools/sim/script.h"

#include "fuzz.h"

/* A scenario that is taken keeps to its bounds, and one that is not says why. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sim_script s;
    if (sim_script_parse(&s, "fuzz", nr_bytes(data, size)) != 0) {
        nr_assert(s.error[0] != 0);
        return 0;
    }
    nr_assert(s.count > 0 && s.count <= SIM_STATEMENTS && s.group_count <= SIM_GROUPS && s.seeds <= s.nodes);
    for (size_t i = 0; i < s.count; i++) {
        const struct sim_statement *st = &s.list[i];
        nr_assert(st->who_count <= SIM_SIDES && st->link.delay_us >= 0 && st->link.jitter_us <= UINT32_MAX);
        for (size_t k = 0; k < st->who_count; k++)
            nr_assert(st->who[k].kind != SIM_GROUP || st->who[k].index < s.group_count);
        if (st->verb == SIM_DO_REPEAT || st->verb == SIM_DO_END) nr_assert(s.list[st->partner].partner == i);
    }
    (void)!sim_script_fits(&s, "fuzz", s.nodes);
    return 0;
}
