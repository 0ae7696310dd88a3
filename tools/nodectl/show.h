/* Pieces of output that several commands share. */
#ifndef NR_NODECTL_SHOW_H
#define NR_NODECTL_SHOW_H

#include "tools/nodectl/command.h"
#include "tools/nodectl/names.h"

/* A list of things: rows of a table, or objects of a JSON array. The command adds to `table` or `json`, as ctl->format
 * asks. */
struct ctl_listing {
    const struct ctl *ctl;
    struct ctl_table table;
    struct nr_buf text;
    struct nr_json json; /* within the array */
};
void ctl_listing_init(struct ctl_listing *l, const struct ctl *ctl, const char *headers);
/* Prints what was listed, unless `err`, a libnr error, says that it is not whole: then says that. Ends its life. */
int ctl_listing_end(struct ctl_listing *l, int err) NR_MUST_CHECK;

/* A node's members, as the HTTP API names them, into an open object. */
void ctl_json_node_members(struct nr_json *j, const struct nr_node *node);
/* Labels, a comma between two. */
void ctl_add_labels(struct nr_buf *out, const struct nr_node *node);
/* Who signed: the node's id where the key is known, else the key's text. Borrowed from `names` or `out`. */
const char *ctl_signer_text(const struct ctl *ctl, const struct ctl_names *names, const uint8_t *key,
                            char out[static CTL_KEY_TEXT]);
/* "signer" (hex) and "signer_node_id" (or null). */
void ctl_json_signer(struct nr_json *j, const struct ctl_names *names, const uint8_t *key);

/* "Name      value" lines: the one form of all that is not a list. */
struct ctl_facts {
    struct ctl_table table;
};
void ctl_facts_init(struct ctl_facts *f);
void ctl_fact(struct ctl_facts *f, const char *name, enum ctl_style style, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void ctl_fact_bytes(struct ctl_facts *f, const char *name, struct nr_bytes value);
int ctl_facts_end(struct ctl_facts *f, const struct ctl *ctl) NR_MUST_CHECK;

#endif
