/* A line is formatted and escaped into memory on the stack and written with one call, so that lines of several
 * processes do not mix and a full heap stops no log. A line that is too long is cut and marked with an ellipsis. What
 * stderr does not take (a closed pipe) is lost: there is nobody to tell. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/time.h"
#include "base/utf8.h"

#define MESSAGE_MAX 2048
#define LINE_SIZE   (6 * MESSAGE_MAX + 128) /* \u00XX for every byte, and what stands around */

static const char *const words[] = { "error", "warning", "info", "debug" };
static const char priorities[] = "3467"; /* sd-daemon(3) */

static struct {
    enum nr_log_level level;
    enum nr_log_format format;
    bool journal;
} setup = { .level = NR_LOG_INFO, .format = NR_LOG_TEXT };

/* systemd.exec(5): JOURNAL_STREAM is device and inode of the stream, which stderr may or may not be. */
static bool stderr_is_journal(void)
{
    unsigned long long dev, ino;
    struct stat st;
    const char *stream = getenv("JOURNAL_STREAM");
    if (!stream || sscanf(stream, "%llu:%llu", &dev, &ino) != 2) return false;
    return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void nr_log_setup(enum nr_log_level level, enum nr_log_format format)
{
    setup.level = level;
    setup.format = format;
    setup.journal = stderr_is_journal();
}

bool nr_log_level_parse(const char *word, enum nr_log_level *out)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) != 0) continue;
        *out = (enum nr_log_level)i;
        return true;
    }
    return false;
}

/* One character of `s`, `n` bytes long (0: the byte is no UTF-8), as it may be shown. Returns what was taken. */
static size_t escape(struct nr_bytes s, size_t n, bool json, char out[static 8])
{
    uint8_t c = s.data[0];
    bool c1 = n == 2 && c == 0xc2 && s.data[1] < 0xa0; /* U+0080–U+009F: control characters to a terminal */
    if (n == 0 || c1 || c < 0x20 || c == 0x7f) {
        uint8_t code = c1 ? s.data[1] : c;
        if (json)
            snprintf(out, 8, "\\u%04x", n == 0 ? 0xfffdU : code);
        else
            snprintf(out, 8, c == '\n' ? "\\n" : "\\x%02x", code);
        return n ? n : 1;
    }
    bool quote = json && (c == '"' || c == '\\');
    snprintf(out, 8, quote ? "\\%.*s" : "%.*s", (int)n, (const char *)s.data);
    return n;
}

static size_t put_escaped(char *line, size_t at, const char *message, bool json)
{
    struct nr_bytes s = nr_bytes_str(message);
    while (s.len) {
        char shown[8];
        size_t taken = escape(s, nr_utf8_char(s), json, shown);
        at += (size_t)snprintf(line + at, LINE_SIZE - at, "%s", shown);
        s = nr_bytes(s.data + taken, s.len - taken);
    }
    return at;
}

static size_t put_head(char *line, enum nr_log_level level)
{
    char now[NR_TIME_TEXT];
    struct timespec ts = { 0 };
    size_t at = 0;
    clock_gettime(CLOCK_REALTIME, &ts); /* a time for people; nothing is decided by it */
    nr_time_format((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, now);
    if (setup.journal) at += (size_t)snprintf(line, LINE_SIZE, "<%c>", priorities[level]);
    if (setup.format == NR_LOG_JSON)
        at += (size_t)snprintf(line + at, LINE_SIZE - at, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"", now,
                               words[level]);
    else if (!setup.journal)
        at += (size_t)snprintf(line, LINE_SIZE, "%s %-5s ", now, words[level]);
    return at;
}

static void write_all(const char *p, size_t len)
{
    while (len) {
        ssize_t n = write(STDERR_FILENO, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        p += n;
        len -= (size_t)n;
    }
}

/* A cut may have split a character: what is left of it goes. */
static void mark_cut(char message[static MESSAGE_MAX])
{
    static const char mark[] = "\xe2\x80\xa6";
    size_t at = MESSAGE_MAX - sizeof mark;
    while (at > 0 && ((unsigned char)message[at] & 0xc0) == 0x80) at--;
    memcpy(message + at, mark, sizeof mark);
}

void nr_log(enum nr_log_level level, const char *fmt, ...)
{
    char message[MESSAGE_MAX], line[LINE_SIZE];
    int saved = errno;
    va_list args;
    if (level > setup.level) return;
    va_start(args, fmt);
    int n = vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    if (n < 0) snprintf(message, sizeof message, "log: a message cannot be formatted: format=%s", fmt);
    if (n >= MESSAGE_MAX) mark_cut(message);
    bool json = setup.format == NR_LOG_JSON;
    size_t len = put_head(line, level);
    len = put_escaped(line, len, message, json);
    len += (size_t)snprintf(line + len, sizeof line - len, json ? "\"}\n" : "\n");
    write_all(line, len);
    errno = saved;
}
