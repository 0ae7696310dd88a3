/* A scenario as it stands in its file (tests/scenarios/README.md), read into a list of statements: nothing here knows a
 * world. The text is anybody's: its length and every count in it are bounded, and what is wrong is said with file, line
 * and what was expected. */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include "base/err.h"
#include "core/view.h"
#include "tools/sim/links.h"
#include "tools/sim/words.h"

#define SIM_SCRIPT_MAX    65536
#define SIM_STATEMENTS    1000
#define SIM_GROUPS        32
#define SIM_GROUP_NAME    24
#define SIM_SIDES         8 /* of a split */
#define SIM_NODES_MAX     100000
#define SIM_SEEDS_MAX     64
#define SIM_SPONSORED_MAX 100000
#define SIM_TITLE_MAX     120

enum sim_verb {
    SIM_DO_GROUP,
    SIM_DO_START,
    SIM_DO_STOP,
    SIM_DO_KILL,
    SIM_DO_POWER,
    SIM_DO_LEAVE,
    SIM_DO_FREEZE,
    SIM_DO_THAW,
    SIM_DO_WRITE,
    SIM_DO_SPONSOR,
    SIM_DO_DELETE,
    SIM_DO_DECLARE,
    SIM_DO_CLOCK,
    SIM_DO_MOVE,
    SIM_DO_FORGE,
    SIM_DO_REPLAY,
    SIM_DO_FAULT,
    SIM_DO_SPLIT,
    SIM_DO_BLOCK,
    SIM_DO_LINK,
    SIM_DO_HEAL,
    SIM_DO_WAIT,
    SIM_DO_REPEAT,
    SIM_DO_END,
    SIM_DO_MEASURE,
    SIM_DO_EQUAL,
    SIM_DO_STATUS,
    SIM_DO_KNOWN,
    SIM_DO_GONE,
    SIM_DO_FIGURE,
    SIM_DO_NEVER,
    SIM_DO_MAY,
    SIM_DO_TURNS,
};

enum sim_figure { SIM_COPIES, SIM_COLD_COPIES, SIM_BYTES, SIM_MEMORY, SIM_REPAIR, SIM_OVERHEAD, SIM_TRIPS };
#define SIM_FIGURES 7
extern const char *const sim_figure_names[SIM_FIGURES];

/* A set as it is named; what it holds is settled when the statement is run. */
struct sim_whom {
    enum { SIM_ALL, SIM_ONE, SIM_GROUP } kind;
    uint32_t index;
    bool sponsored; /* not they, but the nodes that they sponsor */
};

struct sim_pick {
    enum { SIM_FIRST, SIM_LAST, SIM_RANDOM, SIM_NOT } how;
    uint32_t share_ppm; /* 0: `count` */
    uint32_t count;
};

struct sim_statement {
    enum sim_verb verb;
    unsigned line;
    char text[96]; /* the line, as far as it goes, for messages */
    struct sim_whom who[SIM_SIDES];
    size_t who_count;
    int64_t us;      /* within, over, wait, offset, window */
    uint64_t number; /* a count, bytes, or a figure's bound in thousandths */
    uint32_t share_ppm;
    uint32_t group;
    struct sim_pick pick;
    enum nr_status status;
    enum nr_state state;
    enum sim_figure figure;
    struct sim_link link;
    size_t partner; /* of repeat and end each other */
};

struct sim_script {
    char name[64]; /* of the file, without folder and ending */
    char title[SIM_TITLE_MAX];
    uint32_t nodes, seeds, real;
    bool why; /* says why it does not run on real processes */
    struct sim_link link;
    uint32_t heartbeat_ms, lease_s, metrics;
    char groups[SIM_GROUPS][SIM_GROUP_NAME];
    size_t group_count;
    struct sim_statement list[SIM_STATEMENTS];
    size_t count;
    char error[SIM_ERROR_MAX];
};

/* NR_E_INVALID: `error` says why. `file` is for messages. */
int sim_script_parse(struct sim_script *s, const char *file, struct nr_bytes text) NR_MUST_CHECK;
/* NR_E_IO, NR_E_INVALID: `error` says why. */
int sim_script_load(struct sim_script *s, const char *file) NR_MUST_CHECK;
/* Whether every node that is named by its number is there among so many; else `error` says where not. */
int sim_script_fits(struct sim_script *s, const char *file, size_t nodes) NR_MUST_CHECK;

/* One statement (statement.c); the first word is still to be taken. Errors stay in `w`. */
void sim_statement_parse(struct sim_script *s, struct sim_words *w, struct sim_statement *out);
/* Settings of a link, to the end of the line (statement.c). */
void sim_link_parse(struct sim_words *w, struct sim_link *link);

#endif
