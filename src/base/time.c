#include "base/time.h"

#include <stdio.h>

#define DAY_MS       INT64_C(86400000)
#define YEAR_0_MS    INT64_C(-62167219200000) /* 0000-01-01T00:00:00.000Z */
#define YEAR_9999_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/* Days since 1970-01-01 to a date of the proleptic Gregorian calendar. Years begin in March here, so that the leap day
 * is the last of its year; 400 years are 146,097 days. */
static void civil(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468; /* since 0000-03-01 */
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

void nr_time_format(int64_t wall_ms, char out[static NR_TIME_TEXT])
{
    int64_t ms = wall_ms < YEAR_0_MS ? YEAR_0_MS : wall_ms > YEAR_9999_MS ? YEAR_9999_MS : wall_ms;
    int64_t days = ms / DAY_MS - (ms % DAY_MS < 0);
    unsigned in_day = (unsigned)(ms - days * DAY_MS);
    int year, month, day;
    civil(days, &year, &month, &day);
    char text[64]; /* room for what the compiler must assume of an int */
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02u:%02u:%02u.%03uZ", year, month, day, in_day / 3600000,
             in_day / 60000 % 60, in_day / 1000 % 60, in_day % 1000);
    for (int i = 0; i < NR_TIME_TEXT; i++) out[i] = text[i];
    out[NR_TIME_TEXT - 1] = 0;
}
