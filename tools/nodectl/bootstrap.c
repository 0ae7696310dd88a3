#include "tools/nodectl/bootstrap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "proto/record.h"
#include "tools/nodectl/bootstrap_id.h"
#include "tools/nodectl/files.h"
#include "tools/nodectl/http.h"
#include "tools/nodectl/text.h"

#define INTERVAL_MS 30000
#define DEFAULT_URL "http://localhost:9205"

/* A copy that lives as long as `b`. NULL: too many, or no memory. */
static char *keep_copy(struct bootstrap *b, const char *text)
{
    if (b->owned_count == sizeof b->owned / sizeof *b->owned) return NULL;
    char *copy = strdup(text);
    if (copy) b->owned[b->owned_count++] = copy;
    return copy;
}

static int add_item(struct bootstrap_items *list, const char *item, const char *option)
{
    if (list->count == BOOTSTRAP_ITEMS_MAX) return ctl_usage("--%s: more than %d", option, BOOTSTRAP_ITEMS_MAX);
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->item[i], item) == 0) return 0;
    list->item[list->count++] = item;
    return 0;
}

/* Items between commas, white space around them aside. */
static int add_split(struct bootstrap *b, struct bootstrap_items *list, const char *text, const char *option)
{
    char *rest = keep_copy(b, text);
    int status = rest ? 0 : ctl_usage("--%s: given too often", option);
    list->given = true;
    for (char *item; status == 0 && (item = strsep(&rest, ","));) {
        item += strspn(item, " \t");
        size_t len = strlen(item);
        while (len > 0 && strchr(" \t", item[len - 1])) len--;
        item[len] = '\0';
        if (len > 0) status = add_item(list, item, option);
    }
    return status;
}

static int add_url(struct bootstrap *b, const char *text, const char *from)
{
    char q[CTL_QUOTED];
    char *url = keep_copy(b, text);
    if (!url || b->url_count == BOOTSTRAP_URLS_MAX) return ctl_usage("%s: more than %d URLs", from, BOOTSTRAP_URLS_MAX);
    for (size_t len = strlen(url); len > 0 && url[len - 1] == '/';) url[--len] = '\0';
    const char *fault = ctl_http_url_fault(url);
    if (fault) return ctl_usage("%s: %s: '%s'", from, fault, ctl_quoted(nr_bytes_str(text), q));
    b->urls[b->url_count++] = url;
    return 0;
}

static int take_option(struct bootstrap *b, const struct ctl_given *g)
{
    const char *name = g->option->name;
    if (strcmp(name, "labels") == 0) return add_split(b, &b->labels, g->value, name);
    if (strcmp(name, "registry-url") == 0) return add_url(b, g->value, "--registry-url");
    if (strcmp(name, "metadata") != 0) return 0;
    char q[CTL_QUOTED];
    b->metadata.given = true;
    if (*g->value == '=' || !strchr(g->value, '='))
        return ctl_usage("--metadata: expected KEY=VALUE: '%s'", ctl_quoted(nr_bytes_str(g->value), q));
    return add_item(&b->metadata, g->value, name);
}

static const char *env(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static int read_interval(struct bootstrap *b)
{
    char q[CTL_QUOTED];
    const char *text = b->interval ? b->interval : env("HEARTBEAT_INTERVAL");
    b->interval_ms = INTERVAL_MS;
    if (!text) return 0;
    if (ctl_duration_parse(text, &b->interval_ms) == 0 && b->interval_ms >= NR_INTERVAL_MIN_MS &&
        b->interval_ms <= NR_INTERVAL_MAX_MS)
        return 0;
    return ctl_usage("%s: expected a span from 1s to 1h: '%s'", b->interval ? "--interval" : "HEARTBEAT_INTERVAL",
                     ctl_quoted(nr_bytes_str(text), q));
}

static int read_token(struct bootstrap *b)
{
    bool standard = strcmp(b->token, "-") == 0;
    const char *name = standard ? "standard input" : b->token;
    FILE *f = standard ? stdin : fopen(b->token, "re");
    char chunk[1024];
    size_t n;
    if (!f) return ctl_fail("%s: cannot be read: %s", name, strerror(errno));
    nr_buf_init(&b->token_text, NR_TOKEN_TEXT_MAX);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) nr_buf_add(&b->token_text, chunk, n);
    int why = ferror(f) ? errno : 0;
    nr_wipe(chunk, sizeof chunk);
    if (!standard) fclose(f);
    if (why) return ctl_fail("%s: cannot be read: %s", name, strerror(why));
    if (b->token_text.err || nr_token_decode(nr_buf_bytes(&b->token_text), nr_hash, &b->join) != 0)
        return ctl_fail("%s: this is not a token, or it is damaged: nodectl invite prints one, a line", name);
    return 0;
}

static int read_names(struct bootstrap *b, const struct ctl_args *args)
{
    char q[CTL_QUOTED];
    b->role = ctl_value(args, "role");
    b->node_id = ctl_value(args, "node-id");
    b->hostname = ctl_value(args, "hostname");
    b->ip = ctl_value(args, "ip");
    b->token = ctl_value(args, "token");
    b->key_file = ctl_value(args, "key");
    b->interval = ctl_value(args, "interval");
    b->keep_alive = ctl_has(args, "keep-alive");
    b->dry_run = ctl_has(args, "dry-run");
    if (!b->role) b->role = env("NODE_ROLE");
    b->node_type = env("NODE_TYPE");
    if (b->role && !*b->role) return ctl_usage("--role: expected a role");
    if (b->node_id && !nr_node_id_valid(nr_bytes_str(b->node_id)))
        return ctl_usage("--node-id: expected letters, digits, '.', '_' and '-': '%s'",
                         ctl_quoted(nr_bytes_str(b->node_id), q));
    return 0;
}

int bootstrap_read(struct bootstrap *b, struct ctl *ctl, const struct ctl_args *args)
{
    *b = (struct bootstrap){ .ctl = ctl, .lock = -1 };
    int status = read_names(b, args);
    for (size_t i = 0; status == 0 && i < args->given_count; i++) status = take_option(b, &args->given[i]);
    if (status == 0) status = read_interval(b);
    if (status == 0 && b->token && b->url_count)
        status = ctl_usage("--token joins with noded, --registry-url registers without: give one of them");
    const char *urls = env("NODE_REGISTRY_URL");
    if (status == 0 && urls && !b->url_count && !b->token) status = add_url(b, urls, "NODE_REGISTRY_URL");
    if (status == 0 && b->token) status = read_token(b);
    return status;
}

void bootstrap_unlock(struct bootstrap *b)
{
    if (b->lock >= 0) close(b->lock);
    b->lock = -1;
}

void bootstrap_fini(struct bootstrap *b)
{
    bootstrap_unlock(b);
    for (size_t i = 0; i < b->owned_count; i++) free(b->owned[i]);
    if (b->token_text.data) nr_wipe(b->token_text.data, b->token_text.cap);
    nr_buf_fini(&b->token_text);
    nr_wipe(&b->join, sizeof b->join);
}

static int hex_value(uint8_t c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* authority.pub: hexadecimal digits and a line feed. */
static bool read_authority(const char *state_dir, uint8_t out[static NR_KEY_SIZE])
{
    char path[4200];
    struct nr_buf text;
    nr_buf_init(&text, 0);
    snprintf(path, sizeof path, "%s/authority.pub", state_dir);
    bool good = ctl_read_file(path, 4096, &text) == 0 && text.len >= 2 * NR_KEY_SIZE;
    for (size_t i = 0; good && i < NR_KEY_SIZE; i++) {
        int high = hex_value(text.data[2 * i]), low = hex_value(text.data[2 * i + 1]);
        good = high >= 0 && low >= 0;
        out[i] = (uint8_t)(high * 16 + low);
    }
    nr_buf_fini(&text);
    return good;
}

int bootstrap_check_cluster(const struct bootstrap *b, const char *state_dir, bool *joined)
{
    char keys[4200];
    uint8_t authority[NR_KEY_SIZE];
    snprintf(keys, sizeof keys, "%s/cluster.keys", state_dir);
    *joined = access(keys, F_OK) == 0; /* noded writes it last */
    if (!*joined || !b->token) return 0;
    if (!read_authority(state_dir, authority))
        return ctl_fail("%s: cannot be read: %s: try as root, or as the user that noded runs as", state_dir,
                        strerror(errno));
    if (memcmp(authority, b->join.authority, NR_KEY_SIZE) == 0) return 0;
    return ctl_fail(
        "%s: this state directory belongs to another cluster than the token. A node is in one cluster: stop "
        "noded and move the directory away first, if this node is to leave its own for good",
        state_dir);
}

/* Which of noded's names can be run: beside nodectl (a build), where installed trees have it, on PATH. */
static bool find_noded(char out[static BOOTSTRAP_PATH])
{
    static const char *const ways[] = { "noded", "../sbin/noded" };
    char self[BOOTSTRAP_PATH];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = len > 0 ? memrchr(self, '/', (size_t)len) : NULL;
    for (size_t i = 0; slash && i < sizeof ways / sizeof *ways; i++) {
        int n = snprintf(out, BOOTSTRAP_PATH, "%.*s/%s", (int)(slash - self), self, ways[i]);
        if (n < BOOTSTRAP_PATH && access(out, X_OK) == 0) return true;
    }
    char path[BOOTSTRAP_PATH * 2];
    snprintf(path, sizeof path, "%s:/usr/local/sbin:/usr/sbin", env("PATH") ? env("PATH") : "");
    for (char *rest = path, *dir; (dir = strsep(&rest, ":"));) {
        int n = *dir == '/' ? snprintf(out, BOOTSTRAP_PATH, "%s/noded", dir) : BOOTSTRAP_PATH;
        if (n < BOOTSTRAP_PATH && access(out, X_OK) == 0) return true;
    }
    return false;
}

/* By what is there. */
static int choose_way(struct bootstrap *b)
{
    char noded[BOOTSTRAP_PATH];
    b->lock = b->dry_run ? -1 : bootstrap_lock();
    if (b->lock == -2) return ctl_fail("gave up: it has not ended");
    int err = ctl_try_connect(b->ctl);
    if (err == 0) return bootstrap_running(b);
    if (err != NR_ERR_UNAVAILABLE) return ctl_connect(b->ctl); /* says why not */
    if (!b->url_count && find_noded(noded)) return bootstrap_start(b, noded);
    if (b->token)
        return ctl_fail("--token joins with noded, which is not installed here: install it, or register without it by "
                        "--registry-url");
    if (!b->url_count) b->urls[b->url_count++] = DEFAULT_URL;
    return bootstrap_register(b);
}

int ctl_bootstrap(struct ctl *ctl, const struct ctl_args *args)
{
    struct bootstrap b;
    int status = bootstrap_read(&b, ctl, args);
    if (status == 0) status = choose_way(&b);
    bootstrap_fini(&b);
    return status;
}
