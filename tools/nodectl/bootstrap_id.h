/* The file with this machine's node id: /etc/dagi/node_id, or ~/.config/dagi/node_id where that cannot be written. */
#ifndef NR_NODECTL_BOOTSTRAP_ID_H
#define NR_NODECTL_BOOTSTRAP_ID_H

#include <stdbool.h>

#include "base/err.h"
#include "proto/limits.h"

#define BOOTSTRAP_PATH 4096

struct bootstrap_id {
    char id[NR_SUBJECT_MAX + 1]; /* "": none is known */
    char path[BOOTSTRAP_PATH];   /* where it stands */
};

/* The first of the two that holds one. A file that holds something else is passed over, and named where `say`. */
void bootstrap_id_read(struct bootstrap_id *out, bool say);
/* Keeps an id, in the first of the two that can be written; nothing is written where it stands already. 0, or
 * NR_E_SYSTEM (errno): neither can. */
int bootstrap_id_write(struct bootstrap_id *id, const char *value) NR_MUST_CHECK;

/* One bootstrap at a time: waits for another one to end. A descriptor to close; -1 where there is no room for a lock,
 * and nothing that two could spoil; -2 when the other takes too long. */
int bootstrap_lock(void);

/* ~/.config/dagi and what is in it. False: there is no home. */
bool bootstrap_home_path(const char *name, char out[static BOOTSTRAP_PATH]);

#endif
