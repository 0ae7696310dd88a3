/* Checks of services in the configuration: sections [check.NAME] of the file, and --check NAME=TARGET. Private to
 * src/conf.
 *
 * A check is taken key by key as it is met, judged as a whole when its file ends, and put in order when all sources
 * have spoken. */
#ifndef NR_CONF_CHECKS_H
#define NR_CONF_CHECKS_H

#include "conf/value.h"

#define NR_CONF_CHECK_SECTION "check."

/* A section of the file begins; `name` is what stands behind "check.". NULL: a fault was named, and its keys are to be
 * passed over. The result lasts until the next call. */
struct nr_conf_check_entry *nr_conf_check_begin(struct nr_conf *c, const struct nr_conf_place *place,
                                                struct nr_bytes name);
/* A key of it. False: there is no such key. */
bool nr_conf_check_take(struct nr_conf_check_entry *e, const struct nr_conf_place *place, const char *key,
                        const char *text);
/* Judges what the file said: one target each, no timeout above its interval. */
void nr_conf_checks_judge(const struct nr_conf *c, const struct nr_conf_place *place);

/* NAME=TARGET, or several with commas between them, of a flag or the environment. */
void nr_conf_checks_give(struct nr_conf *c, const struct nr_conf_place *place, const char *text);

/* Makes the list in force, from the strongest source that spoke. */
void nr_conf_checks_settle(struct nr_conf *c);
void nr_conf_check_set_clear(struct nr_conf_check_set *set);

/* As sections of a file. */
void nr_conf_checks_print(const struct nr_conf *c, FILE *out);

#endif
