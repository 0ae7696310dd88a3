/* The process of a task: how it is born, and how it says what it found. */
#ifndef NODEPROBE_TASK_CHILD_H
#define NODEPROBE_TASK_CHILD_H

#include <sys/types.h>

#include "base/cursor.h"

#define TASK_EXIT_MAX 63 /* exit status n: the error -n */

/* Forks, runs `work` in the child as task.h says, and has it end. *fd is what its output comes out of, not blocking and
 * close-on-exec; the caller closes it. -1 (errno): there is none. */
pid_t task_child_fork(int (*work)(void *arg, struct nr_writer *out), void *arg, size_t output_max, int *fd);

#endif
