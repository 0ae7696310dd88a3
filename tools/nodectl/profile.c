/* nodectl profile get|set|list|delete. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/mp.h"
#include "tools/nodectl/jsonpack.h"
#include "tools/nodectl/show.h"
#include "tools/nodectl/text.h"

/* JSON has more characters than the msgpack it becomes has bytes, but not a hundred times more. */
#define FILE_MAX (1024 * 1024)

static void json_profile(struct nr_json *j, const struct nr_profile *p)
{
    nr_json_object(j);
    nr_json_kstr(j, "role", ctl_text(p->role));
    nr_json_key(j, "config");
    nr_json_raw(j, ctl_text(p->config_json));
    ctl_json_when(j, "created_at", p->created_at_ms);
    ctl_json_when(j, "updated_at", p->updated_at_ms);
    nr_json_object_end(j);
}

static int get(struct ctl *ctl, const char *role)
{
    struct nr_profile p;
    char quoted[CTL_QUOTED];
    int status = ctl_read(ctl);
    if (status) return status;
    int err = nr_profile_get(ctl->snapshot, role, strlen(role), nr_wall_clock_ms(), &p);
    if (err == NR_ERR_NOT_FOUND) return ctl_fail("no profile of the role %s", ctl_quoted(nr_bytes_str(role), quoted));
    if (err) return ctl_fail("%s: %s", ctl->state_dir, ctl_read_trouble(err));
    struct nr_buf text;
    nr_buf_init(&text, 0);
    if (ctl->format == CTL_JSON) {
        struct nr_json j;
        nr_json_init(&j, &text);
        json_profile(&j, &p);
        return ctl_put_json(&text);
    }
    /* The config alone, so that `profile get R > f`, an editor and `profile set R f` work together. */
    ctl_json_pretty(&text, ctl_text(p.config_json), 0);
    fwrite(text.data, 1, text.len, stdout);
    fputc('\n', stdout);
    nr_buf_fini(&text);
    return 0;
}

static int add(void *arg, const struct nr_profile *p)
{
    struct ctl_listing *l = arg;
    char text[CTL_TEXT];
    if (l->ctl->format == CTL_JSON) {
        json_profile(&l->json, p);
        return 0;
    }
    ctl_table_add(&l->table, CTL_PLAIN, ctl_text(p->role));
    ctl_time_format(p->created_at_ms, text);
    ctl_table_str(&l->table, CTL_PLAIN, text);
    ctl_time_format(p->updated_at_ms, text);
    ctl_table_str(&l->table, CTL_PLAIN, text);
    ctl_table_printf(&l->table, CTL_PLAIN, "%zu", p->config_json.len);
    if (l->ctl->format == CTL_WIDE) ctl_table_add(&l->table, CTL_PLAIN, ctl_text(p->config_json));
    return 0;
}

static int list(struct ctl *ctl)
{
    struct ctl_listing l;
    int status = ctl_read(ctl);
    if (status) return status;
    ctl_listing_init(&l, ctl,
                     ctl->format == CTL_WIDE ? "ROLE,CREATED,UPDATED,>SIZE,CONFIG" : "ROLE,CREATED,UPDATED,>SIZE");
    int err = nr_profile_each(ctl->snapshot, nr_wall_clock_ms(), add, &l);
    return ctl_listing_end(&l, err);
}

static int read_file(const char *path, struct nr_buf *out)
{
    char block[4096];
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!f) return ctl_fail("%s: %s", path, strerror(errno));
    nr_buf_init(out, FILE_MAX);
    errno = 0;
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;) nr_buf_add(out, block, n);
    int status = ferror(f) ? ctl_fail("%s: %s", path, strerror(errno)) : 0;
    if (status == 0 && out->err) status = ctl_fail("%s: %s", path, nr_strerror(out->err));
    if (f != stdin) fclose(f);
    return status;
}

static int set(struct ctl *ctl, const char *role, const char *path)
{
    struct nr_buf text = { 0 };
    uint8_t packed[NR_CONFIG_MAX];
    struct nr_writer config;
    char fault[CTL_JSON_FAULT], q[CTL_QUOTED];
    int status = read_file(path, &text);
    if (status) goto out;
    nr_writer_init(&config, packed, sizeof packed);
    /* A record's own array and its body are two of the containers that may be open. */
    int err = ctl_json_pack(nr_buf_bytes(&text), NR_DEPTH_MAX - 2, &config, fault);
    if (err) {
        status = ctl_fail("%s: %s", path, ctl_quoted(nr_bytes_str(fault), q));
        goto out;
    }
    if ((status = ctl_connect(ctl)) != 0) goto out;
    struct ctl_question question;
    ctl_ask_begin(&question);
    nr_control_cstr(&question.w, "role", role);
    nr_control_item(&question.w, "config", nr_writer_bytes(&config));
    status = ctl_ask(ctl, "profile_put", &question, NULL);
    if (status == 0) ctl_say("profile of the role %s: set", ctl_quoted(nr_bytes_str(role), q));
out:
    nr_buf_fini(&text);
    return status;
}

static int delete (struct ctl *ctl, const char *role)
{
    struct ctl_question question;
    char q[CTL_QUOTED];
    int status = ctl_connect(ctl);
    if (status) return status;
    ctl_ask_begin(&question);
    nr_control_cstr(&question.w, "role", role);
    status = ctl_ask(ctl, "profile_delete", &question, NULL);
    if (status == 0) ctl_say("profile of the role %s: deleted", ctl_quoted(nr_bytes_str(role), q));
    return status;
}

int ctl_profile(struct ctl *ctl, const struct ctl_args *args)
{
    const char *verb = args->operand[0];
    int want = strcmp(verb, "list") == 0 ? 1 : strcmp(verb, "set") == 0 ? 3 : 2;
    if (args->operand_count != want)
        return ctl_usage("profile %s: expected %s", verb,
                         want == 1   ? "nothing more"
                         : want == 2 ? "ROLE"
                                     : "ROLE FILE");
    if (want == 1) return list(ctl);
    if (want == 3) return set(ctl, args->operand[1], args->operand[2]);
    return strcmp(verb, "get") == 0 ? get(ctl, args->operand[1]) : delete (ctl, args->operand[1]);
}
