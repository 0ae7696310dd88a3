/* Every bound of the protocol, in one place (proto/README.md says what each is for). A count is compared with its
 * bound, and with the bytes that are left, before anything is sized from it. */
#ifndef NR_PROTO_LIMITS_H
#define NR_PROTO_LIMITS_H

#include <assert.h>

/* A. Records */
#define NR_RECORD_VERSION  1
#define NR_RECORD_MAX      16384
#define NR_KEY_SIZE        32 /* Ed25519 public key */
#define NR_SIG_SIZE        64 /* Ed25519 signature */
#define NR_SIG_ELEMENT     66 /* c4 40 and the signature */
#define NR_SUBJECT_MAX     255
#define NR_ROLE_MAX        100
#define NR_HOSTNAME_MAX    255
#define NR_IP_TEXT_MAX     45
#define NR_LABELS_MAX      64
#define NR_LABEL_MAX       100
#define NR_METADATA_MAX    8192
#define NR_METRICS_MAX     4096
#define NR_CONFIG_MAX      15360
#define NR_GOSSIP_MAX      8
#define NR_GOSSIP_TEXT_MAX 64
#define NR_DEPTH_MAX       32
#define NR_LEASE_MAX_S     (400L * 86400)
#define NR_STAMP_AHEAD_MS  60000
#define NR_INTERVAL_MIN_MS 1000
#define NR_INTERVAL_MAX_MS 3600000
#define NR_OBSERVERS_MAX   4 /* A.9: K */
#define NR_VERDICT_RANKS   8 /* whose verdicts count: the first so many candidates */
#define NR_VERDICT_LEASE_S 900
#define NR_CANDIDATE_S     300 /* who was silent for so long observes nobody */

/* B. Datagrams */
#define NR_DATAGRAM_MAX     1232
#define NR_MTU_MIN          1280 /* what every link of IPv6 carries (RFC 8200, 5) */
#define NR_IP_UDP_HEADERS   (40 + 8)
#define NR_ENVELOPE_VERSION 1
#define NR_ENVELOPE_HEAD    26
#define NR_ENVELOPE_TAG     16
#define NR_ENVELOPE_SIZE    (NR_ENVELOPE_HEAD + NR_ENVELOPE_TAG)
#define NR_PLAIN_MAX        (NR_DATAGRAM_MAX - NR_ENVELOPE_SIZE)
#define NR_HEADER_SIZE      33
#define NR_MESSAGE_HEAD     3
#define NR_MESSAGES_MAX     (NR_PLAIN_MAX - NR_HEADER_SIZE)
#define NR_HELLO_SIZE       139
#define NR_PUSH_RECORD_MAX  (NR_MESSAGES_MAX - NR_MESSAGE_HEAD - 1)
#define NR_IDS_MAX          144 /* ANNOUNCE, WANT */
#define NR_PAGE_IDS_MAX     143
#define NR_PULL_HEAD        6
#define NR_PULL_FILTER_MAX  1144
#define NR_PIECE_SIZE       1024
#define NR_PIECES_MAX       16
#define NR_CHILD_BITS_MAX   8
#define NR_LIST_ELEMENT     24
#define NR_LIST_MAX         47
#define NR_PROBE_MIN_MS     200
#define NR_PROBE_MAX_MS     60000
#define NR_REFER_MAX        32 /* addresses */

/* E. Token */
#define NR_CLUSTER_KEY_SIZE 32
#define NR_KEYRING_MAX      2
#define NR_TOKEN_SEEDS_MAX  16
#define NR_TOKEN_TEXT_MAX   8192
#define NR_SEED_TEXT_MAX    261 /* a DNS name of 253 bytes, brackets, a port */

static_assert(NR_DATAGRAM_MAX + NR_IP_UDP_HEADERS <= NR_MTU_MIN, "no path fragments a datagram");
static_assert(NR_PUSH_RECORD_MAX == 1153, "the spec names this number");
static_assert(NR_MESSAGE_HEAD + NR_IDS_MAX * 8 <= NR_MESSAGES_MAX, "a full ANNOUNCE fits");
static_assert(NR_MESSAGE_HEAD + 8 + NR_PAGE_IDS_MAX * 8 <= NR_MESSAGES_MAX, "a full PAGE fits");
static_assert(NR_MESSAGE_HEAD + NR_PULL_HEAD + NR_PULL_FILTER_MAX <= NR_MESSAGES_MAX, "a full PULL fits");
static_assert(NR_MESSAGE_HEAD + 11 + NR_PIECE_SIZE <= NR_MESSAGES_MAX, "a PIECE fits");
static_assert(NR_MESSAGE_HEAD + 14 + (4 << NR_CHILD_BITS_MAX) <= NR_MESSAGES_MAX, "the widest SPLIT fits");
static_assert(NR_MESSAGE_HEAD + 9 + NR_LIST_MAX * NR_LIST_ELEMENT <= NR_MESSAGES_MAX, "a full LIST fits");
static_assert(NR_PIECE_SIZE * NR_PIECES_MAX == NR_RECORD_MAX, "the largest record is all pieces");

#endif
