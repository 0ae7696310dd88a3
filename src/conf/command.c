#include "conf/command.h"

struct splitter {
    struct nr_command *out;
    size_t len; /* of out->text */
    bool in_word;
    char quote; /* ' or ", 0: outside */
    int err;
};

static void put(struct splitter *s, char c)
{
    if (s->len == NR_COMMAND_TEXT_MAX) {
        s->err = NR_E_TOO_LARGE;
        return;
    }
    s->out->text[s->len++] = c;
}

static void open_word(struct splitter *s)
{
    if (s->in_word) return;
    if (s->out->argc == NR_COMMAND_WORDS_MAX || s->len == NR_COMMAND_TEXT_MAX) {
        s->err = NR_E_TOO_LARGE;
        return;
    }
    s->in_word = true;
    s->out->argv[s->out->argc++] = s->out->text + s->len;
}

static void close_word(struct splitter *s)
{
    if (s->in_word) put(s, '\0');
    s->in_word = false;
}

/* Whether the backslash before `next` takes it as it is. */
static bool escapes(const struct splitter *s, char next)
{
    return !s->quote || (s->quote == '"' && (next == '"' || next == '\\'));
}

static void take(struct splitter *s, char c)
{
    if (s->quote ? c == s->quote : c == '\'' || c == '"') {
        open_word(s); /* '' is a word */
        s->quote = s->quote ? 0 : c;
    } else if (!s->quote && (c == ' ' || c == '\t')) {
        close_word(s);
    } else {
        open_word(s);
        put(s, c);
    }
}

int nr_command_split(struct nr_bytes line, struct nr_command *out)
{
    struct splitter s = { .out = out };
    const char *text = (const char *)line.data;
    out->argc = 0;
    if (line.len > 0 && memchr(text, '\0', line.len)) return NR_E_INVALID;
    for (size_t i = 0; i < line.len && !s.err; i++) {
        if (text[i] == '\\' && s.quote != '\'' && i + 1 == line.len) return NR_E_INVALID;
        if (text[i] == '\\' && s.quote != '\'' && escapes(&s, text[i + 1])) {
            open_word(&s);
            put(&s, text[++i]);
        } else {
            take(&s, text[i]);
        }
    }
    if (!s.err) close_word(&s);
    if (s.err) return s.err;
    if (s.quote || out->argc == 0 || !out->argv[0][0]) return NR_E_INVALID;
    out->argv[out->argc] = NULL;
    return 0;
}
