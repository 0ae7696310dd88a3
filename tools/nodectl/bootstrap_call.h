/* A registry over HTTP, at any of several addresses: what is sent, whom it reaches, how the answer is judged. */
#ifndef NR_NODECTL_BOOTSTRAP_CALL_H
#define NR_NODECTL_BOOTSTRAP_CALL_H

#include <jansson.h>

#include "tools/nodectl/bootstrap.h"
#include "tools/nodectl/bootstrap_id.h"
#include "tools/nodectl/describe.h"
#include "tools/nodectl/http.h"

enum verdict {
    TAKEN,
    AWAY,    /* nobody answers, or none who can take it now: worth trying again */
    UNKNOWN, /* of a heartbeat: the node is not registered (any more) */
    REFUSED, /* not by this machine, or not there */
    FAULTY,  /* what was sent is wrong */
};

struct registry {
    const struct bootstrap *b; /* borrowed */
    struct ctl_http *http;
    struct bootstrap_id id;
    struct ctl_description about;
    size_t at;           /* the address that answered last: tried first */
    struct nr_buf words; /* why the last call was not taken, a line a reason */
    json_t *node;        /* as the registry answered it; NULL: not registered yet */
};

/* Says what is wrong. */
int registry_init(struct registry *r, const struct bootstrap *b) NR_MUST_CHECK;
void registry_fini(struct registry *r);

/* The body of a registration by what is known of the machine, appended. */
void registry_registration(const struct registry *r, struct nr_buf *out);

/* Each tries the addresses in turn. TAKEN: `node` is the registered node, and its id is not yet kept in its file. */
enum verdict registry_register(struct registry *r);
/* `status` NULL: as declared. */
enum verdict registry_beat(struct registry *r, const char *status, int timeout_ms);
/* The words, each as a line of nodectl's. */
void registry_say(const struct registry *r);

#endif
