/* The metadata of this node's own record: the pairs of its configuration, and beside them what was found out about it,
 * as `capabilities` and `modules` (probe/report.h). A pair of such a name that the configuration has wins. */
#ifndef NODED_METADATA_H
#define NODED_METADATA_H

#include "base/cursor.h"
#include "conf/conf.h"

/* Canonical items as nr_report_decode lets them pass; empty: not known. */
struct metadata_facts {
    struct nr_bytes capabilities; /* a map */
    struct nr_bytes modules;      /* an array */
};

/* Appends the map, or nothing where it would be empty. Facts that do not fit into `w` are left out in this order until
 * the rest fits: the local server's models, the disks, the GPUs' devices, the addresses, all capabilities, the modules;
 * *left_out is how many of these steps it took. NR_E_INVALID: the configuration's pairs alone do not fit, or are no
 * text.
 */
int metadata_write(const struct nr_conf *conf, const struct metadata_facts *facts, struct nr_writer *w,
                   unsigned *left_out) NR_MUST_CHECK;
/* What is left out after so many steps, in words; "" for none. */
const char *metadata_left_out(unsigned steps);

#endif
