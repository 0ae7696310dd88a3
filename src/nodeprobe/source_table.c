#include "nodeprobe/source.h"

const struct source *const source_table[] = {
    NULL,
};
