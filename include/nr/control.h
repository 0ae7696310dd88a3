/* libnr: talk to the noded of this machine over its control socket (proto/CONTROL.md), blocking.
 *
 * CAVEATS
 * - A handle belongs to one thread at a time. Do not use one across fork.
 * - When a call returns NR_ERR_UNAVAILABLE or NR_ERR_TIMEOUT after it was sent, what it asked for may have been done or
 * not. Asking again is harmless: all writes here may be repeated.
 * - After NR_ERR_UNAVAILABLE or NR_ERR_TIMEOUT the next call connects anew.
 *
 * A registration, a deletion, a profile and a declared state that were answered with 0 are on that node's disk.
 * Functions return 0 or a negative code (nr/error.h); texts are NUL-terminated. */
#ifndef NR_CONTROL_H
#define NR_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include <nr/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nr_control nr_control;

struct nr_control_options {
    const char *socket; /* NULL: $DAGI_SOCKET, else where noded puts it for the default state directory */
    const char *role;   /* NULL: "facade". "tool": every operation; for root and the user that noded runs as */
    int timeout_ms;     /* of a call; 0: 5,000 */
};

/* Connects and says hello. `options` NULL: all defaults. NR_ERR_UNAVAILABLE (nobody listens there), NR_ERR_DENIED (not
 * permitted to open the socket, or not that role), NR_ERR_TIMEOUT, NR_ERR_INVALID (a path too long for a socket),
 * NR_ERR_NO_MEMORY, NR_ERR_SYSTEM (errno). */
NR_API int nr_control_open(nr_control **out, const struct nr_control_options *options);
NR_API void nr_control_close(nr_control *control); /* takes NULL */

/* The id of the node that noded speaks for. Borrowed from the handle. */
NR_API const char *nr_control_node_id(const nr_control *control);
/* The other side's words on the last call that failed, "" if it had none. Borrowed until the next call. */
NR_API const char *nr_control_message(const nr_control *control);
/* The fields that the last call that returned NR_ERR_INVALID named. Returns 0, or NR_ERR_NOT_FOUND when there are not
 * that many. Borrowed until the next call. */
NR_API int nr_control_fault(const nr_control *control, size_t index, const char **field, const char **message);

/* Any operation. `members` is a canonical msgpack map of what the operation takes, without "id" and "op" (NULL:
 * nothing). *reply, where not NULL, becomes the reply as a canonical msgpack map (nr_msgpack_to_json in nr/record.h
 * writes it as JSON), borrowed until the next call. */
NR_API int nr_control_call(nr_control *control, const char *op, const void *members, size_t len, const void **reply,
                           size_t *reply_len);

/* Registers or updates a node that has no daemon of its own; noded speaks for it. Counts as a heartbeat. */
struct nr_registration {
    const char *node_id; /* NULL: one made from hostname and ip */
    const char *hostname;
    const char *ip; /* NULL: none */
    const char *role;
    const char *const *labels;
    size_t label_count;
    const void *metadata; /* canonical msgpack map; NULL: none */
    size_t metadata_len;
};
/* node_id, where not NULL, becomes its id. */
NR_API int nr_control_register(nr_control *control, const struct nr_registration *registration, char node_id[256]);
/* status: NULL, or one of nr_node_status_name but "offline". metrics: canonical msgpack map or NULL. NR_ERR_NOT_FOUND:
 * not registered. */
NR_API int nr_control_heartbeat(nr_control *control, const char *node_id, const char *status, const void *metrics,
                                size_t metrics_len);
/* What noded knows of a node's status beside the store: *reply is what nr_standing_read (nr/standing.h) takes, borrowed
 * until the next call. NR_ERR_NOT_FOUND. */
NR_API int nr_control_standing(nr_control *control, const char *node_id, const void **reply, size_t *reply_len);
/* NR_ERR_NOT_FOUND; NR_ERR_DENIED for a node that speaks for itself. */
NR_API int nr_control_delete(nr_control *control, const char *node_id);
/* node_id NULL: the node of this noded. Needs the role "tool". */
NR_API int nr_control_declare(nr_control *control, const char *node_id, const char *state);

#ifdef __cplusplus
}
#endif
#endif
