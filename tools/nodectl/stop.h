/* Being asked to end (SIGTERM, SIGINT) by commands that go on until then and have something to say before they do. */
#ifndef NR_NODECTL_STOP_H
#define NR_NODECTL_STOP_H

#include <stdbool.h>
#include <stdint.h>

/* From now on both signals only ask. 0, or -1 (errno). */
int ctl_stop_setup(void);
bool ctl_stop_asked(void);
/* Asks again: the next signal counts anew. */
void ctl_stop_forget(void);

/* Waits until `fd` (-1: none) can be read, the monotonic time `until_us` has come, or the end is asked for. True: `fd`
 * can be read. Works without ctl_stop_setup too. */
bool ctl_wait(int fd, int64_t until_us);

#endif
