/* Text for people: hostile strings made harmless, widths on a terminal, durations, sizes, times.
 *
 * Everything that came from the registry passes ctl_escape before it reaches a terminal: a node may call itself
 * anything. */
#ifndef NR_NODECTL_TEXT_H
#define NR_NODECTL_TEXT_H

#include "base/buf.h"

/* Appends `s` with whatever could steer a terminal or deceive a reader made visible: control characters and bytes that
 * are not UTF-8 as \xNN, other format characters (C1, bidirectional, zero width) as \u{NNNN}. */
void ctl_escape(struct nr_buf *out, struct nr_bytes s);

/* Columns that valid UTF-8 takes on a terminal: 2 for East Asian wide and emoji, 0 for combining marks. */
size_t ctl_width(struct nr_bytes s);

#define CTL_TEXT 32
/* "0s", "12s", "3m05s", "2h07m", "3d04h"; below a second "250ms". Negative ones are led by "-". */
void ctl_duration_format(int64_t ms, char out[static CTL_TEXT]);
/* "512 B", "1.2 KiB", "34.0 MiB". */
void ctl_size_format(uint64_t bytes, char out[static CTL_TEXT]);
/* "12s ago", "in 3m05s", "never" for 0. */
void ctl_age_format(int64_t at_ms, int64_t now_ms, char out[static CTL_TEXT]);
/* The time as RFC 3339 UTC; "-" for 0. */
void ctl_time_format(int64_t at_ms, char out[static CTL_TEXT]);

/* "90", "90s", "15m", "2h", "3d": seconds where no unit stands. At most 400 days. NR_E_INVALID. */
int ctl_duration_parse(const char *text, int64_t *ms) NR_MUST_CHECK;
/* A duration (so long ago) or a time as 2026-11-23T14:30:00Z or 2026-11-23T14:30:00.123Z or 2026-11-23. NR_E_INVALID.
 */
int ctl_when_parse(const char *text, int64_t now_ms, int64_t *at_ms) NR_MUST_CHECK;
/* Decimal digits only, at most `max`. NR_E_INVALID. */
int ctl_count_parse(const char *text, uint64_t max, uint64_t *out) NR_MUST_CHECK;

/* Lower-case hex and NUL: `out` holds 2 * in.len + 1. */
void ctl_hex(struct nr_bytes in, char *out);

/* JSON text laid out over lines, two columns a level, `indent` levels deep; the first line is not indented. What is not
 * JSON comes out as it is. */
void ctl_json_pretty(struct nr_buf *out, struct nr_bytes json, int indent);

#endif
