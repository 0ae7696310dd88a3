/* nodectl doctor: one finding a check, each with what to do about it. doctor.c runs the list and looks at this
 * machine's files, doctor_live.c at noded and its peers. */
#ifndef NR_NODECTL_DOCTOR_H
#define NR_NODECTL_DOCTOR_H

#include "tools/nodectl/ctl.h"
#include "tools/nodectl/info.h"

enum ctl_finding { CTL_FINE, CTL_WARNING, CTL_BROKEN };

struct ctl_doctor {
    struct ctl *ctl;
    int dir;                  /* the state directory; -1 */
    int store_err, noded_err; /* libnr errors */
    struct nr_store_facts store;
    struct ctl_info info; /* where noded_err is 0 */
    struct ctl_peer_sum peers;
    char node_id[NR_SUBJECT_MAX + 1]; /* "": not known */
    uint64_t found[3];
    struct nr_buf text; /* findings as JSON objects, in `json` */
    struct nr_json json;
};

/* `check` is a stable word; `advice` NULL: nothing to do. */
void ctl_found(struct ctl_doctor *d, enum ctl_finding level, const char *check, const char *advice, const char *fmt,
               ...) __attribute__((format(printf, 5, 6)));

/* Reads a small file of the state directory; how many of its bytes are in `out`, -1 when it cannot be read. */
long ctl_doctor_read(int dir, const char *name, char *out, size_t size);

void ctl_check_noded(struct ctl_doctor *d);
void ctl_check_clock(struct ctl_doctor *d);
void ctl_check_peers(struct ctl_doctor *d);
void ctl_check_address(struct ctl_doctor *d);
void ctl_check_counters(struct ctl_doctor *d);

#endif
