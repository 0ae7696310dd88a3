/* The clocks; the only file that reads them. */
#ifndef NR_IO_CLOCK_H
#define NR_IO_CLOCK_H

#include "base/time.h"

struct nr_now nr_clock_now(void);

#endif
