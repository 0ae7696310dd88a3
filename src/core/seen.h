/* Ids lately seen: superseded, refused or dropped, so that their last announcements are not answered with a request.
 * Two generations of bounded size; the older is forgotten when the newer is full or has had its time. */
#ifndef NR_CORE_SEEN_H
#define NR_CORE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#define NR_SEEN_SLOTS         1024 /* of each generation, three quarters used */
#define NR_SEEN_GENERATION_US 10000000

struct nr_seen {
    uint64_t ids[2][NR_SEEN_SLOTS]; /* open addressing; 0: free */
    uint32_t count;                 /* in the current generation */
    uint8_t current;
    int64_t since_us;
};

void nr_seen_add(struct nr_seen *s, uint64_t id, int64_t now_us);
bool nr_seen_has(const struct nr_seen *s, uint64_t id);

#endif
