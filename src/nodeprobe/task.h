/* Work in processes of its own: whatever it does (block, crash, write without end, start others), nobody else notices.
 *
 *     struct task *t = task_new(pool, &options);
 *     task_start(t);      ended() is called once, from the loop, at the latest a little after the deadline
 *
 * A task that has not ended at its deadline is given up: all processes of its group are killed, ended() is told, and
 * the task cannot be started again before they are gone. That may be never (a process that waits for a dead disk or
 * driver cannot be killed), and holds up nothing else: such a process does not count among those that may run at once.
 */
#ifndef NODEPROBE_TASK_H
#define NODEPROBE_TASK_H

#include "base/cursor.h"
#include "io/loop.h"

#define TASK_ORPHANS_MAX 64

struct task_pool;
struct task;

struct task_options {
    const char *name; /* for log lines; borrowed */
    int64_t deadline_ms;
    size_t output_max;
    /* Runs in the child, which has a process group of its own, no descriptors but /dev/null as 0 and 1 and our standard
     * error, signals as a program is born with but SIGPIPE ignored, and dies with us. What stands in `out` is the
     * output when it returns 0; else the error is passed on. */
    int (*work)(void *arg, struct nr_writer *out);
    /* 0: here is the output, borrowed for the call. Else there is none: NR_E_TIMEOUT (given up), NR_E_TOO_LARGE (given
     * up, too), NR_E_SYSTEM (not startable, or died of a signal), or the error of `work`. May start and free any task.
     */
    void (*ended)(void *arg, int err, struct nr_bytes output);
    void *arg;
};

/* At most `at_most` run at the same time, the others wait their turn; their deadlines count from when they begin. NULL:
 * no memory. It listens to SIGCHLD, as other pools of the same loop may. */
struct task_pool *task_pool_new(struct nr_loop *loop, unsigned at_most);
/* Takes NULL. All tasks must have been freed. */
void task_pool_free(struct task_pool *pool);

struct task *task_new(struct task_pool *pool, const struct task_options *options); /* NULL: no memory */
/* Kills what runs; ended() is not called. Takes NULL. */
void task_free(struct task *t);
/* False, and nothing happens: it is on its way already, or was given up and is not gone yet, or TASK_ORPHANS_MAX tasks
 * that were freed are not gone yet. */
bool task_start(struct task *t);

#endif
