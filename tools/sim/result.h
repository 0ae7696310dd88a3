/* What a run came to, for programs: one JSON object. Its members, where they are not what their names say:
 *   passed, failure, reproduce   the last two only where it did not pass
 *   expectations                 the scenario's, by line: found and limit, in `unit`, at the worst of `times`
 *   spread_ms                    by share of the nodes: the median and the slowest record; null: not all got there
 *   bytes                        sent a node and second since the last `measure`; by message, and by what they are for
 *   amplified                    bytes sent to an address that had proven nothing, for each that came from it; the most
 *   cpu_seconds, simulator_kib   of this process: all else is the same wherever the run is made again */
#ifndef SIM_RESULT_H
#define SIM_RESULT_H

#include "base/buf.h"
#include "tools/sim/world.h"

/* `command` reproduces the run. The buffer's own error is the only failure. */
void sim_result(const struct sim_world *w, const char *scenario, const char *command, struct nr_buf *out);

#endif
