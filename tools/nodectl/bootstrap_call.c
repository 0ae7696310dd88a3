#include "tools/nodectl/bootstrap_call.h"

#include <string.h>

#include "proto/record.h"
#include "tools/nodectl/stop.h"

#define REGISTER  "/api/v1/nodes/register"
#define HEARTBEAT "/api/v1/nodes/heartbeat"
#define ANSWER_MS 10000

int registry_init(struct registry *r, const struct bootstrap *b)
{
    char why[CTL_HTTP_WORDS];
    *r = (struct registry){ .b = b };
    nr_buf_init(&r->words, 64 * 1024);
    int err = ctl_http_new(&r->http, b->key_file, why);
    return err ? ctl_fail("%s", why) : 0;
}

void registry_fini(struct registry *r)
{
    ctl_http_free(r->http);
    ctl_description_fini(&r->about);
    nr_buf_fini(&r->words);
    json_decref(r->node);
}

void registry_say(const struct registry *r)
{
    for (struct nr_bytes left = nr_buf_bytes(&r->words); left.len > 0;) {
        const uint8_t *nl = memchr(left.data, '\n', left.len);
        size_t len = nl ? (size_t)(nl - left.data) : left.len;
        ctl_say("%.*s", (int)len, (const char *)left.data);
        left = nr_bytes(left.data + len + (nl != NULL), left.len - len - (nl != NULL));
    }
}

/* A text of the answer's, harmless and short. */
static const char *member(const json_t *object, const char *key, char out[static CTL_QUOTED])
{
    const char *text = json_string_value(json_object_get(object, key));
    *out = '\0';
    return text ? ctl_quoted(nr_bytes_str(text), out) : out;
}

static void say_fields(struct registry *r, const json_t *answer)
{
    char field[CTL_QUOTED], message[CTL_QUOTED];
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(answer, "errors"), i, v)
        nr_buf_printf(&r->words, "  %s: %s\n", member(v, "field", field), member(v, "message", message));
}

static enum verdict refuse(struct registry *r, const char *url, const struct ctl_http_answer *a)
{
    char detail[CTL_QUOTED], q[CTL_QUOTED];
    member(a->json, "detail", detail);
    nr_buf_printf(&r->words, "%s: refused (%d)%s%s\n", url, a->status, *detail ? ": " : "", detail);
    if (a->status == 403)
        nr_buf_add_str(&r->words,
                       "  a registry takes writes from its own machine only: run this there, or give the near end "
                       "of a tunnel to it (ssh -N -L 9205:127.0.0.1:9205 HOST) as --registry-url\n");
    if (a->status == 401 || a->status == 403)
        nr_buf_printf(&r->words, "  %s\n",
                      r->b->key_file ? "if something in front of it asks for keys: the key does not do"
                                     : "if something in front of it asks for keys: show one with --key FILE");
    else if (*a->location)
        nr_buf_printf(&r->words, "  it points to %s: name that with --registry-url\n",
                      ctl_quoted(nr_bytes_str(a->location), q));
    else
        nr_buf_add_str(&r->words, "  is this the address of a node registry?\n");
    return REFUSED;
}

static bool names_node(const json_t *answer)
{
    const char *id = json_string_value(json_object_get(answer, "node_id"));
    return id && nr_node_id_valid(nr_bytes_str(id));
}

/* A machine that is a node stays it: an answer about another one must not change the file with its id. */
static bool names_this_node(const struct registry *r, const json_t *answer)
{
    return !*r->id.id || strcmp(json_string_value(json_object_get(answer, "node_id")), r->id.id) == 0;
}

/* What an answer says, in words where it was not taken. */
static enum verdict judge(struct registry *r, const char *url, const char *path, const struct ctl_http_answer *a)
{
    char detail[CTL_QUOTED];
    member(a->json, "detail", detail);
    if (a->status == 200 && names_node(a->json)) {
        if (names_this_node(r, a->json)) return TAKEN;
        nr_buf_printf(&r->words, "%s: its answer is about another node, %s, than %s\n", url,
                      member(a->json, "node_id", detail), r->id.id);
        return AWAY;
    }
    if (a->status == 200) {
        nr_buf_printf(&r->words, "%s: its answer names no node: is this the address of a node registry?\n", url);
        return AWAY;
    }
    if (a->status == 404 && strcmp(path, HEARTBEAT) == 0 && json_is_object(a->json)) return UNKNOWN;
    if (a->status == 429 || a->status >= 500) {
        nr_buf_printf(&r->words, "%s: cannot take it now (%d)%s%s\n", url, a->status, *detail ? ": " : "", detail);
        return AWAY;
    }
    if (a->status == 400 || a->status == 413 || a->status == 422) {
        nr_buf_printf(&r->words, "%s: the registration is not accepted (%d)%s%s\n", url, a->status,
                      *detail && a->status != 422 ? ": " : "", a->status != 422 ? detail : "");
        say_fields(r, a->json);
        return FAULTY;
    }
    return refuse(r, url, a);
}

static enum verdict post_to(struct registry *r, const char *address, const char *path, struct nr_bytes body,
                            int timeout_ms, json_t **answer)
{
    char url[4096];
    struct ctl_http_answer a;
    snprintf(url, sizeof url, "%s%s", address, path);
    enum verdict v = AWAY;
    if (ctl_http_post(r->http, url, body, timeout_ms, &a) == 0) {
        v = judge(r, address, path, &a);
    } else if (!ctl_stop_asked()) {
        nr_buf_printf(&r->words,
                      "%s: cannot be reached: %s\n  does nodehttpd run there, does it listen on an address other than "
                      "127.0.0.1 (--listen), and does the firewall let 9205/tcp pass?\n",
                      address, a.trouble);
    }
    if (v == TAKEN) *answer = json_incref(a.json);
    ctl_http_answer_fini(&a);
    return v;
}

/* From the address that answered last on. Whoever takes it, or finds fault with it, ends the search. */
static enum verdict post(struct registry *r, const char *path, const struct nr_buf *body, int timeout_ms,
                         json_t **answer)
{
    enum verdict worst = AWAY;
    size_t count = r->b->url_count, first = r->at;
    nr_buf_reset(&r->words);
    *answer = NULL;
    if (body->err) {
        nr_buf_printf(&r->words, "%s\n", nr_strerror(body->err));
        return FAULTY;
    }
    for (size_t i = 0; i < count && (i == 0 || !ctl_stop_asked()); i++) {
        size_t at = (first + i) % count;
        enum verdict v = post_to(r, r->b->urls[at], path, nr_buf_bytes(body), timeout_ms, answer);
        if (v == TAKEN || v == UNKNOWN || v == FAULTY) {
            r->at = at;
            return v;
        }
        if (v == REFUSED) worst = v;
    }
    return worst;
}

enum verdict registry_register(struct registry *r)
{
    struct nr_buf body;
    json_t *node;
    nr_buf_init(&body, 64 * 1024);
    registry_registration(r, &body);
    enum verdict v = post(r, REGISTER, &body, ANSWER_MS, &node);
    nr_buf_fini(&body);
    if (v != TAKEN) return v;
    json_decref(r->node);
    r->node = node;
    return TAKEN;
}

enum verdict registry_beat(struct registry *r, const char *status, int timeout_ms)
{
    struct nr_buf body;
    struct nr_json j;
    json_t *answer;
    nr_buf_init(&body, 64 * 1024);
    nr_json_init(&j, &body);
    nr_json_object(&j);
    nr_json_kcstr(&j, "node_id", json_string_value(json_object_get(r->node, "node_id")));
    if (status) nr_json_kcstr(&j, "status", status);
    if (r->about.metrics.len) ctl_json_item(&j, "metrics", nr_buf_bytes(&r->about.metrics), "{}");
    nr_json_object_end(&j);
    enum verdict v = post(r, HEARTBEAT, &body, timeout_ms, &answer);
    nr_buf_fini(&body);
    json_decref(answer);
    return v;
}
