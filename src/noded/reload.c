#include "noded/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "noded/nodeself.h"

static void warn_fixed(const struct nr_conf *was, const struct nr_conf *is)
{
    for (enum nr_conf_key key = 0; key < NR_CONF_KEY_COUNT; key++) {
        const struct nr_conf_row *row = nr_conf_row(key);
        if (row->live || !(row->used_by & NR_CONF_NODED) || key == NR_CONF_TOKEN) continue;
        if (nr_conf_differs(was, is, key)) nr_log_warning("config: a change takes a restart: key=%s", row->key);
    }
}

/* What was said on a stream, as lines of the log. */
static void log_lines(char *text)
{
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (*line) nr_log_error("config: %s", line);
    }
}

struct nr_conf *reload_read(const struct daemon_options *o, const struct nr_conf *was)
{
    char *text = NULL;
    size_t len;
    struct nr_conf *fresh = NULL;
    FILE *said = open_memstream(&text, &len);
    if (!said) return NULL;
    enum nr_conf_result result = nr_conf_start(&fresh, o->program, o->argc, o->argv, said, said);
    fclose(said);
    if (result != NR_CONF_RUN) log_lines(text);
    free(text);
    if (result == NR_CONF_RUN && nodeself_check(fresh) == 0) {
        warn_fixed(was, fresh);
        return fresh;
    }
    nr_conf_free(fresh);
    return NULL;
}
