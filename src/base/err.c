#include "base/err.h"

const char *nr_strerror(int err)
{
    switch (err) {
    case NR_OK: return "no error";
#define X(sym, num, word, text)                                                                                        \
    case sym: return text;
        NR_ERRORS(X)
#undef X
    default: return "unknown error";
    }
}

const char *nr_errname(int err)
{
    switch (err) {
    case NR_OK: return "ok";
#define X(sym, num, word, text)                                                                                        \
    case sym: return word;
        NR_ERRORS(X)
#undef X
    default: return "unknown";
    }
}
