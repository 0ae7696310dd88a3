#include "nodehttpd/since.h"

/* Days from 1970-01-01 to a date of the Gregorian calendar, which repeats every 400 years of 146,097 days. The year
 * begins in March here, so that the leap day is its last. */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool digits(const char **p, int count, int *out)
{
    *out = 0;
    for (int i = 0; i < count; i++, (*p)++) {
        if (**p < '0' || **p > '9') return false;
        *out = *out * 10 + (**p - '0');
    }
    return true;
}

static bool mark(const char **p, const char *any)
{
    if (!**p || !strchr(any, **p)) return false;
    (*p)++;
    return true;
}

/* The offset from UTC in minutes. A '+' that a URI did not encode has become a space. */
static bool read_zone(const char **p, int *minutes)
{
    int hour, minute, sign = **p == '-' ? -1 : 1;
    *minutes = 0;
    if (mark(p, "Zz")) return true;
    if (!mark(p, "+- ") || !digits(p, 2, &hour) || !mark(p, ":") || !digits(p, 2, &minute)) return false;
    *minutes = sign * (hour * 60 + minute);
    return hour < 24 && minute < 60;
}

static int read_fraction(const char **p)
{
    int ms = 0, scale = 100;
    for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10) ms += (**p - '0') * scale;
    return ms;
}

static bool read_rfc3339(const char *p, int64_t *wall_ms)
{
    int year, month, day, hour, minute, second, ms = 0, zone;
    if (!digits(&p, 4, &year) || !mark(&p, "-") || !digits(&p, 2, &month) || !mark(&p, "-") || !digits(&p, 2, &day))
        return false;
    if (!mark(&p, "Tt ") || !digits(&p, 2, &hour) || !mark(&p, ":") || !digits(&p, 2, &minute) || !mark(&p, ":") ||
        !digits(&p, 2, &second))
        return false;
    if (mark(&p, ".")) ms = read_fraction(&p);
    if (!read_zone(&p, &zone) || *p) return false;
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return false;
    int64_t minutes = (days_of(year, month, day) * 24 + hour) * 60 + minute - zone;
    *wall_ms = (minutes * 60 + second) * 1000 + ms;
    return true;
}

bool since_parse(struct nr_bytes text, int64_t *wall_ms)
{
    char s[48];
    int64_t n = 0;
    if (text.len == 0 || text.len >= sizeof s || memchr(text.data, 0, text.len)) return false;
    memcpy(s, text.data, text.len);
    s[text.len] = '\0';
    if (strspn(s, "0123456789") != text.len || text.len > 12) return read_rfc3339(s, wall_ms);
    for (const char *p = s; *p; p++) n = n * 10 + (*p - '0');
    *wall_ms = n * 1000;
    return true;
}
