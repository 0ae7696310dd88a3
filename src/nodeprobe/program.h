/* The moment between fork and exec of another program: an exec check's command, NVIDIA's tool. */
#ifndef NODEPROBE_PROGRAM_H
#define NODEPROBE_PROGRAM_H

#include <sys/types.h>

/* For the child alone: no signal is blocked, SIGPIPE ends it again, and it is killed when `parent`, who forked it,
 * dies; does not return where that has happened already. */
void program_begin(pid_t parent);

#endif
