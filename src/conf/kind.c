/* What a text means for a kind of value. */
#include <stdio.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/utf8.h"
#include "conf/command.h"
#include "conf/url.h"
#include "conf/value.h"

struct unit {
    const char *suffix;
    int64_t factor;
};
static const struct unit time_units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
static const struct unit size_units[] = {
    { "", 1 },
    { "K", INT64_C(1) << 10 },
    { "KiB", INT64_C(1) << 10 },
    { "M", INT64_C(1) << 20 },
    { "MiB", INT64_C(1) << 20 },
    { "G", INT64_C(1) << 30 },
    { "GiB", INT64_C(1) << 30 },
    { "T", INT64_C(1) << 40 },
    { "TiB", INT64_C(1) << 40 },
};
static const struct unit no_units[] = { { "", 1 } };

static bool number_parse(const char *text, const struct unit *units, size_t count, int64_t *out)
{
    int64_t v = 0;
    size_t i = 0;
    for (; text[i] >= '0' && text[i] <= '9'; i++) {
        if (i == 15) return false;
        v = v * 10 + (text[i] - '0');
    }
    if (i == 0) return false;
    for (size_t u = 0; u < count; u++) {
        if (strcmp(text + i, units[u].suffix) != 0) continue;
        return !__builtin_mul_overflow(v, units[u].factor, out);
    }
    return false;
}

static bool number_check(const struct nr_conf_row *row, const char *text, int64_t *number, char *why)
{
    bool ok;
    const char *what = "a whole number";
    if (row->kind == NR_CONF_IS_SECONDS) {
        ok = number_parse(text, time_units, sizeof time_units / sizeof *time_units, number);
        what = "a time (seconds, or a number and s, m, h or d)";
    } else if (row->kind == NR_CONF_IS_SIZE) {
        ok = number_parse(text, size_units, sizeof size_units / sizeof *size_units, number);
        what = "a size (bytes, or a number and KiB, MiB, GiB or TiB)";
    } else {
        ok = number_parse(text, no_units, 1, number);
    }
    if (ok && *number >= row->low && *number <= row->high) return true;
    snprintf(why, NR_CONF_WHY_MAX, ok ? "must be from %lld to %lld" : "must be %3$s from %1$lld to %2$lld",
             (long long)row->low, (long long)row->high, what);
    return false;
}

static bool word_check(const struct nr_conf_row *row, const char *text, int64_t *number, char *why)
{
    const char *at = row->placeholder;
    for (int64_t i = 0;; i++) {
        size_t len = strcspn(at, "|");
        if (strlen(text) == len && memcmp(text, at, len) == 0) {
            *number = i;
            return true;
        }
        if (at[len] == '\0') break;
        at += len + 1;
    }
    snprintf(why, NR_CONF_WHY_MAX, "must be one of %s", row->placeholder);
    return false;
}

static bool node_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

static bool node_id_check(const char *text, char *why)
{
    for (const char *p = text; *p; p++) {
        if (node_id_char(*p)) continue;
        snprintf(why, NR_CONF_WHY_MAX, "may have only letters, digits, '.', '_' and '-'");
        return false;
    }
    return true;
}

static bool addr_check(const struct nr_conf_row *row, const char *text, char *why)
{
    struct nr_hostport hp;
    if (nr_hostport_parse(nr_bytes_str(text), &hp) != 0) {
        snprintf(why, NR_CONF_WHY_MAX, "must be HOST:PORT, with an IPv6 address in brackets");
        return false;
    }
    if (hp.port < row->low) {
        snprintf(why, NR_CONF_WHY_MAX, "needs a port from %lld to 65535", (long long)row->low);
        return false;
    }
    return true;
}

static bool url_check(const char *text, char *why)
{
    struct nr_url url;
    if (nr_url_parse(nr_bytes_str(text), &url) == 0) return true;
    snprintf(why, NR_CONF_WHY_MAX, "must be a URL: http:// or https://, HOST or HOST:PORT, and a path");
    return false;
}

static bool command_check(const char *text, char *why)
{
    struct nr_command command;
    if (nr_command_split(nr_bytes_str(text), &command) == 0) return true;
    snprintf(why, NR_CONF_WHY_MAX, "must be a program and at most %d arguments, with quotes closed",
             NR_COMMAND_WORDS_MAX - 1);
    return false;
}

static bool pair_check(const char *text, char *why)
{
    const char *eq = strchr(text, '=');
    if (eq && eq != text) return true;
    snprintf(why, NR_CONF_WHY_MAX, "must be KEY=VALUE");
    return false;
}

static bool text_check(const struct nr_conf_row *row, const char *text, char *why)
{
    size_t len = strlen(text);
    if (len < (size_t)row->low || len > (size_t)row->high) {
        snprintf(why, NR_CONF_WHY_MAX, "must be of %lld to %lld bytes", (long long)row->low, (long long)row->high);
        return false;
    }
    if (!nr_utf8_clean(nr_bytes_str(text))) {
        snprintf(why, NR_CONF_WHY_MAX, "must be UTF-8 without control characters");
        return false;
    }
    return true;
}

bool nr_conf_kind_check(const struct nr_conf_row *row, const char *text, int64_t *number,
                        char why[static NR_CONF_WHY_MAX])
{
    *number = 0;
    switch (row->kind) {
    case NR_CONF_IS_INT:
    case NR_CONF_IS_SECONDS:
    case NR_CONF_IS_SIZE: return number_check(row, text, number, why);
    case NR_CONF_IS_WORD: return word_check(row, text, number, why);
    case NR_CONF_IS_ADDR: return addr_check(row, text, why);
    case NR_CONF_IS_NODE_ID: return text_check(row, text, why) && node_id_check(text, why);
    case NR_CONF_IS_URL: return url_check(text, why);
    case NR_CONF_IS_COMMAND: return text_check(row, text, why) && command_check(text, why);
    case NR_CONF_IS_PAIR: return text_check(row, text, why) && pair_check(text, why);
    case NR_CONF_IS_IP:
        if (nr_ip_valid(nr_bytes_str(text))) return true;
        snprintf(why, NR_CONF_WHY_MAX, "must be an IPv4 or IPv6 address");
        return false;
    case NR_CONF_IS_TEXT:
    case NR_CONF_IS_PATH: break;
    }
    return text_check(row, text, why);
}
