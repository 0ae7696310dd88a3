/* Bodies of the known kinds (proto/README.md A.4), encoder beside decoder.
 *
 * Decoded structs borrow from the record's bytes. Unknown members are skipped. A decoder is run by nr_record_decode,
 * so on a decoded record it cannot fail. */
#ifndef NR_PROTO_BODY_H
#define NR_PROTO_BODY_H

#include "base/addr.h"
#include "proto/record.h"

enum nr_state {
    NR_STATE_ONLINE,
    NR_STATE_DEGRADED,
    NR_STATE_MAINTENANCE,
    NR_STATE_DRAINING,
    NR_STATE_LEFT,
    NR_STATE_OFFLINE /* said only by a sponsor, of a node that it no longer hears */
};
#define NR_STATE_COUNT 6

const char *nr_state_name(enum nr_state s);
bool nr_state_parse(struct nr_bytes word, enum nr_state *out);

struct nr_node_body {
    bool deleted; /* then nothing else counts */
    bool self;    /* the signer is the node */
    enum nr_state state;
    struct nr_bytes hostname;
    struct nr_bytes ip; /* empty: absent */
    struct nr_bytes role;
    struct nr_bytes labels[NR_LABELS_MAX];
    size_t label_count;
    struct nr_bytes metadata; /* canonical msgpack map; empty: absent */
    struct nr_addr gossip[NR_GOSSIP_MAX];
    size_t gossip_count;
    int64_t created_at_ms; /* 0: absent */
    int64_t updated_at_ms; /* 0: absent */
};

struct nr_heartbeat_body {
    bool has_status;
    enum nr_state status;
    struct nr_bytes metrics; /* canonical msgpack map; empty: absent */
    uint32_t interval_ms;    /* 0: absent */
};

struct nr_profile_body {
    bool deleted;
    struct nr_bytes config; /* canonical msgpack map */
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

struct nr_verdict_body {
    const uint8_t *key; /* NR_KEY_SIZE bytes: of the node that is no longer heard */
    int64_t since_ms;   /* when its signer last had a sign of it */
};

/* NR_E_INVALID, NR_E_TOO_LARGE. */
int nr_node_body_decode(struct nr_bytes body, struct nr_node_body *out) NR_MUST_CHECK;
int nr_heartbeat_body_decode(struct nr_bytes body, struct nr_heartbeat_body *out) NR_MUST_CHECK;
int nr_profile_body_decode(struct nr_bytes body, struct nr_profile_body *out) NR_MUST_CHECK;
int nr_verdict_body_decode(struct nr_bytes body, struct nr_verdict_body *out) NR_MUST_CHECK;

/* Write the canonical map. The content is the caller's to keep within A.4: nr_record_decode refuses the rest. */
void nr_node_body_encode(struct nr_writer *w, const struct nr_node_body *b);
void nr_heartbeat_body_encode(struct nr_writer *w, const struct nr_heartbeat_body *b);
void nr_profile_body_encode(struct nr_writer *w, const struct nr_profile_body *b);
void nr_verdict_body_encode(struct nr_writer *w, const struct nr_verdict_body *b);

#endif
