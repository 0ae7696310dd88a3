#include "base/err.h"

#include <string.h>

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

int nr_err_of_name(const char *word, size_t len)
{
    static const struct {
        int code;
        const char *word;
    } list[] = {
#define X(sym, num, word_, text) { sym, word_ },
        NR_ERRORS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        if (strlen(list[i].word) == len && memcmp(list[i].word, word, len) == 0) return list[i].code;
    }
    return NR_E_IO;
}
