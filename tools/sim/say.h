/* What scenarios let nodes say: statements with content made up from a number, so that two revisions differ. Each
 * returns the core's answer, NR_E_UNAVAILABLE where the node is not up. */
#ifndef SIM_SAY_H
#define SIM_SAY_H

#include "core/view.h"
#include "tools/sim/node.h"

/* Registers the node itself, at its present revision; a refusal is a failure of the world. */
void sim_say_self(struct sim_node *n);
/* Registers a node under this id: its own, or one that it sponsors. `bulk` bytes of metadata more. */
int sim_say_register(struct sim_node *n, const char *node_id, uint32_t revision, size_t bulk) NR_MUST_CHECK;
int sim_say_heartbeat(struct sim_node *n, const char *node_id) NR_MUST_CHECK;
int sim_say_state(struct sim_node *n, const char *node_id, enum nr_state state) NR_MUST_CHECK;
int sim_say_delete(struct sim_node *n, const char *node_id) NR_MUST_CHECK;
int sim_say_profile(struct sim_node *n, const char *role, uint32_t revision) NR_MUST_CHECK;
int sim_say_delete_profile(struct sim_node *n, const char *role) NR_MUST_CHECK;

/* What a reader at this node sees. */
bool sim_sees_node(struct sim_node *n, const char *node_id);
/* NR_STATUS_FORGOTTEN when it is not there. */
enum nr_status sim_sees_status(struct sim_node *n, const char *node_id);
/* The number in what was registered; 0: not there. */
uint32_t sim_sees_revision(struct sim_node *n, const char *node_id);
/* The record behind a key; `out` borrows from the store. */
bool sim_holds(struct sim_node *n, uint8_t kind, const uint8_t signer[static NR_KEY_SIZE], const char *subject,
               struct nr_record *out);

#endif
