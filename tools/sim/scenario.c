#include "tools/sim/scenario.h"

#include <string.h>

const struct sim_scenario sim_scenarios[] = {
#define X(name, says, nodes, loss, lease) { #name, says, nodes, loss, lease, sim_scene_##name },
    SIM_SCENARIOS(X)
#undef X
};
const size_t sim_scenario_count = sizeof sim_scenarios / sizeof sim_scenarios[0];

const struct sim_scenario *sim_scenario_find(const char *name)
{
    for (size_t i = 0; i < sim_scenario_count; i++)
        if (strcmp(sim_scenarios[i].name, name) == 0) return &sim_scenarios[i];
    return NULL;
}
