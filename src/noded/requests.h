/* Requests of the control socket, checked: what proto/CONTROL.md says of their members, and the limits of
 * proto/README.md A.4. Every field that is wrong is named, not only the first. Pure functions. */
#ifndef NODED_REQUESTS_H
#define NODED_REQUESTS_H

#include "proto/body.h"
#include "proto/control.h"
#include "proto/token.h"

#define FAULTS_MAX 32

struct faults {
    struct {
        const char *field;
        const char *message;
    } list[FAULTS_MAX];
    size_t count;
};
void faults_add(struct faults *f, const char *field, const char *message);

/* All borrowed from the request, but for an id that was made. */
struct register_request {
    struct nr_bytes node_id;
    struct nr_node_body body;
    struct nr_bytes client; /* empty: not said */
    char made_id[NR_SUBJECT_MAX + 1];
};
struct heartbeat_request {
    struct nr_bytes node_id;
    struct nr_heartbeat_body body;
};
struct profile_request {
    struct nr_bytes role, config;
};
struct declare_request {
    struct nr_bytes node_id; /* empty: this node */
    enum nr_state state;
};
#define GIVE_UP_NODES_MAX 256
struct give_up_request {
    struct nr_bytes nodes[GIVE_UP_NODES_MAX];
    size_t count;
    uint64_t silent_since_ms;
};
#define INVITE_SEEDS_MAX NR_TOKEN_SEEDS_MAX
struct invite_request {
    struct nr_bytes seeds[INVITE_SEEDS_MAX];
    size_t count;
    bool given;
};

/* Each returns whether nothing was added to the faults. */
bool request_register(const struct nr_control_map *m, struct register_request *out, struct faults *f);
bool request_heartbeat(const struct nr_control_map *m, struct heartbeat_request *out, struct faults *f);
bool request_node_id(const struct nr_control_map *m, struct nr_bytes *node_id, struct faults *f);
bool request_profile(const struct nr_control_map *m, bool with_config, struct profile_request *out, struct faults *f);
bool request_declare(const struct nr_control_map *m, struct declare_request *out, struct faults *f);
bool request_give_up(const struct nr_control_map *m, struct give_up_request *out, struct faults *f);
bool request_invite(const struct nr_control_map *m, struct invite_request *out, struct faults *f);

#endif
