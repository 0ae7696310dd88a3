#include <nr/error.h>

#include <assert.h>

#include "base/err.h"

/* The public numbers are those of the list that all layers share. */
static_assert((int)NR_ERR_NO_MEMORY == (int)NR_E_NOMEM && (int)NR_ERR_IO == (int)NR_E_IO &&
                  (int)NR_ERR_INVALID == (int)NR_E_INVALID && (int)NR_ERR_TOO_LARGE == (int)NR_E_TOO_LARGE &&
                  (int)NR_ERR_NOT_FOUND == (int)NR_E_NOT_FOUND && (int)NR_ERR_EXISTS == (int)NR_E_EXISTS &&
                  (int)NR_ERR_SIGNATURE == (int)NR_E_SIGNATURE && (int)NR_ERR_DENIED == (int)NR_E_DENIED &&
                  (int)NR_ERR_BUSY == (int)NR_E_BUSY && (int)NR_ERR_FULL == (int)NR_E_FULL &&
                  (int)NR_ERR_CORRUPT == (int)NR_E_CORRUPT && (int)NR_ERR_VERSION == (int)NR_E_VERSION &&
                  (int)NR_ERR_UNAVAILABLE == (int)NR_E_UNAVAILABLE && (int)NR_ERR_SYSTEM == (int)NR_E_SYSTEM &&
                  (int)NR_ERR_TIMEOUT == (int)NR_E_TIMEOUT,
              "one numbering");

const char *nr_error_text(int error)
{
    return nr_strerror(error);
}
