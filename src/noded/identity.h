/* Who this node is, and of which cluster: the state directory's keys. The first start makes them (founding a cluster,
 * or joining one by its token), later ones read them.
 *
 * Files, all of mode 0600: node.key (this node's seed), cluster.keys (the keyring, the sealing key first; written last:
 * where it stands the others are complete), authority.pub, authority.key (the founder's only), seeds (those of the
 * token), node_id. */
#ifndef NODED_IDENTITY_H
#define NODED_IDENTITY_H

#include "base/buf.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "proto/token.h"

struct identity {
    int dir; /* the state directory, locked against another noded */
    struct nr_keypair key;
    struct nr_keyring ring;
    uint8_t authority[NR_KEY_SIZE];
    bool founder; /* holds the authority's key */
    bool fresh;   /* made by this start */
    char node_id[NR_SUBJECT_MAX + 1];
    char seeds[NR_TOKEN_SEEDS_MAX][NR_SEED_TEXT_MAX + 1];
    size_t seed_count;
};

struct identity_options {
    const char *state_dir;
    const char *token;   /* a file, "-" for standard input; "": none */
    const char *node_id; /* wanted on the first start; "": made from hostname and key */
    const char *hostname;
    int64_t wall_ms;
};

/* Appends to `why` what a person needs to know when it fails. Any error. */
int identity_open(struct identity *id, const struct identity_options *options, struct nr_buf *why) NR_MUST_CHECK;
void identity_fini(struct identity *id); /* wipes; takes a zeroed one */

/* Writes the node id where other programs of the machine look for it: /etc/dagi/node_id, else ~/.config/dagi/node_id.
 * Best effort. */
void identity_publish(const struct identity *id);

/* "node-HOSTNAME-8HEX", what is not allowed in a node id replaced by '-'. */
void identity_make_node_id(char out[static NR_SUBJECT_MAX + 1], struct nr_bytes hostname, const uint8_t tail[static 4]);

/* This cluster's token with those seeds, appended to `out`. */
int identity_token(const struct identity *id, const char *const *seeds, size_t count, struct nr_buf *out) NR_MUST_CHECK;

#endif
