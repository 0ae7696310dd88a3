/* Log lines to stderr, one event a line: `subsystem: what happened: why key=value`, lower case.
 *
 * Text form: `2026-11-23T14:30:00.123Z info  gossip: peer found: key=…` (under systemd, when JOURNAL_STREAM names
 * stderr, `<6>gossip: …` without time). JSON form: {"time","level","message"}. What came from outside is escaped:
 * control characters and bad UTF-8 never reach the terminal. errno is kept. Process-wide by nature (stderr is). */
#ifndef NR_BASE_LOG_H
#define NR_BASE_LOG_H

#include <stdbool.h>

enum nr_log_level { NR_LOG_ERROR, NR_LOG_WARNING, NR_LOG_INFO, NR_LOG_DEBUG };
enum nr_log_format { NR_LOG_TEXT, NR_LOG_JSON };

void nr_log_setup(enum nr_log_level level, enum nr_log_format format);
bool nr_log_level_parse(const char *word, enum nr_log_level *out); /* error warning info debug */
void nr_log(enum nr_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define nr_log_error(...)   nr_log(NR_LOG_ERROR, __VA_ARGS__)
#define nr_log_warning(...) nr_log(NR_LOG_WARNING, __VA_ARGS__)
#define nr_log_info(...)    nr_log(NR_LOG_INFO, __VA_ARGS__)
#define nr_log_debug(...)   nr_log(NR_LOG_DEBUG, __VA_ARGS__)

#endif
