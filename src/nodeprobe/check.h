/* One look at a service. It blocks, for not much longer than the check's timeout; where it does, the task it runs in is
 * given up. */
#ifndef NODEPROBE_CHECK_H
#define NODEPROBE_CHECK_H

#include "probe/plan.h"

#define CHECK_NOTE_MAX 200

enum check_status { CHECK_UNKNOWN, CHECK_UP, CHECK_DEGRADED, CHECK_DOWN };
/* The word of the report. */
const char *check_status_word(enum check_status s);

struct check_result {
    enum check_status status;
    char note[CHECK_NOTE_MAX]; /* why, for the log: without control characters by the logger, not here */
};
void check_say(struct check_result *r, enum check_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* By its kind. CHECK_UNKNOWN: it could not be looked at. */
void check_look(const struct nr_check *c, struct check_result *out);

/* http: 200 to 299 is up; 429 and 503 degraded; any other answer, redirects among them, no answer, one that is not
 * finished in time: down. Of the body so much is read and thrown away; where it goes on, what the head says counts. */
#define CHECK_BODY_MAX 65536
void check_http(const struct nr_check *c, struct check_result *out);

/* tcp: a connection to one of the name's addresses is up. "localhost" means this machine, as it does in a URL, whatever
 * a hosts file or a name server says of it. */
void check_tcp(const struct nr_check *c, struct check_result *out);

/* exec: status 0 is up, 1 degraded, others and a signal down; not startable is unknown. Has no timeout of its own: it
 * waits until the command ends, and keeps the command in its process group. */
void check_exec(const struct nr_check *c, struct check_result *out);

#endif
