/* A configuration file's text: either faults are named or values come out, and these are within their bounds. */
#include "base/assert.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nr_conf *c = NULL;
    struct nr_buf faults;
    nr_buf_init(&faults, 0);
    int err = nr_conf_read_text(&c, "fuzz", nr_bytes(data, size), &faults);
    nr_assert((err == 0) == (faults.len == 0));
    nr_assert((err == 0) == (c != NULL));
    for (enum nr_conf_key k = 0; c && k < NR_CONF_KEY_COUNT; k++) {
        const struct nr_conf_row *row = nr_conf_row(k);
        bool number = row->kind == NR_CONF_IS_INT || row->kind == NR_CONF_IS_SECONDS || row->kind == NR_CONF_IS_SIZE;
        if (number) nr_assert(nr_conf_number(c, k) >= row->low && nr_conf_number(c, k) <= row->high);
    }
    size_t count = 0;
    const struct nr_conf_check *checks = c ? nr_conf_checks(c, &count) : NULL;
    nr_assert(count <= NR_CONF_CHECKS_MAX);
    for (size_t i = 0; i < count; i++) {
        nr_assert(strlen(checks[i].name) >= 1 && strlen(checks[i].name) <= NR_CONF_CHECK_NAME_MAX);
        nr_assert(checks[i].target && checks[i].timeout_s >= 1 && checks[i].timeout_s <= checks[i].interval_s);
        nr_assert(i == 0 || strcmp(checks[i - 1].name, checks[i].name) < 0);
    }
    nr_conf_free(c);
    nr_buf_fini(&faults);
    return 0;
}
