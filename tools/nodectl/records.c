#include <string.h>
#include <unistd.h>

#include <nr/record.h>

#include "tools/nodectl/show.h"
#include "tools/nodectl/text.h"

struct records {
    struct ctl *ctl;
    struct ctl_listing list;
    struct ctl_names names;
    int64_t now_ms;
    bool raw;
    uint64_t met, bad;
};

static const char *check_word(int err)
{
    return err == 0 ? "ok" : err == NR_ERR_SIGNATURE ? "bad" : "not a record";
}

static void add_json(struct records *r, const struct nr_signed_record *rec, const struct nr_record_facts *f, int err)
{
    struct nr_json *j = &r->list.json;
    struct nr_buf hex;
    char id[17];
    nr_json_object(j);
    nr_json_kcstr(j, "check", check_word(err));
    if (err == 0 || err == NR_ERR_SIGNATURE) {
        uint8_t be[8];
        nr_put_be64(be, f->id);
        ctl_hex(nr_bytes(be, sizeof be), id);
        nr_json_kcstr(j, "id", id);
        nr_json_kuint(j, "kind", f->kind);
        nr_json_kcstr(j, "kind_name", f->kind_name);
        ctl_json_signer(j, &r->names, f->signer);
        nr_json_kstr(j, "subject", ctl_text(f->subject));
        nr_json_kuint(j, "stamp", f->stamp);
        ctl_json_when(j, "stamped_at", f->stamp_ms);
        nr_json_kuint(j, "lease_seconds", f->lease_s);
        ctl_json_when(j, "ends_at", f->ends_ms);
        ctl_json_item(j, "body", nr_bytes(f->body, f->body_len), "null");
    }
    nr_json_kuint(j, "size", rec->len);
    nr_buf_init(&hex, 0);
    for (size_t i = 0; i < rec->len; i++) nr_buf_printf(&hex, "%02x", rec->data[i]);
    if (hex.err) j->out->err = hex.err;
    nr_json_kstr(j, "hex", nr_buf_bytes(&hex));
    nr_buf_fini(&hex);
    nr_json_object_end(j);
}

static void add_row(struct records *r, const struct nr_signed_record *rec, const struct nr_record_facts *f, int err)
{
    struct ctl_table *t = &r->list.table;
    char text[CTL_TEXT], key[CTL_KEY_TEXT];
    bool known = err == 0 || err == NR_ERR_SIGNATURE;
    ctl_table_printf(t, CTL_PLAIN, "%s%s", known ? f->kind_name : "", known && f->deleted ? " (deleted)" : "");
    ctl_table_add(t, CTL_PLAIN, known ? ctl_text(f->subject) : nr_bytes(NULL, 0));
    ctl_table_str(t, CTL_PLAIN, known ? ctl_signer_text(r->ctl, &r->names, f->signer, key) : "");
    ctl_time_format(known ? f->stamp_ms : 0, text);
    ctl_table_str(t, CTL_PLAIN, text);
    ctl_age_format(known ? f->ends_ms : 0, r->now_ms, text);
    ctl_table_str(t, known && f->ends_ms > r->now_ms ? CTL_PLAIN : CTL_FAINT, text);
    ctl_table_printf(t, CTL_PLAIN, "%zu", rec->len);
    ctl_table_str(t, err == 0 ? CTL_GOOD : CTL_BAD, check_word(err));
}

static int add(void *arg, const struct nr_signed_record *rec)
{
    struct records *r = arg;
    struct nr_record_facts f = { 0 };
    int err = nr_record_check(rec->data, rec->len, &f);
    r->met++;
    r->bad += err != 0;
    if (r->raw)
        fwrite(rec->data, 1, rec->len, stdout);
    else if (r->ctl->format == CTL_JSON)
        add_json(r, rec, &f, err);
    else
        add_row(r, rec, &f, err);
    return 0;
}

static int add_pair(void *arg, const struct nr_signed_record *a, const struct nr_signed_record *b)
{
    (void)add(arg, a);
    return add(arg, b);
}

int ctl_records(struct ctl *ctl, const struct ctl_args *args)
{
    struct records r = { .ctl = ctl, .now_ms = nr_wall_clock_ms(), .raw = ctl_has(args, "raw") };
    const char *id = args->operand_count ? args->operand[0] : NULL;
    bool evidence = ctl_has(args, "evidence");
    char quoted[CTL_QUOTED];
    if (r.raw && isatty(STDOUT_FILENO)) return ctl_usage("records --raw: not to a terminal: redirect it to a file");
    if (evidence && id) return ctl_usage("records --evidence: takes no ID");
    int err = ctl_names_init(&r.names, ctl->snapshot, r.now_ms);
    if (err) return ctl_fail("%s: %s", ctl->state_dir, ctl_read_trouble(err));
    ctl_listing_init(&r.list, ctl, "KIND,SUBJECT,SIGNED BY,STAMP,LEASE ENDS,>SIZE,SIGNATURE");
    err = evidence ? nr_evidence_each(ctl->snapshot, add_pair, &r)
                   : nr_record_each(ctl->snapshot, id, id ? strlen(id) : 0, add, &r);
    ctl_names_fini(&r.names);
    if (r.raw) {
        ctl_table_fini(&r.list.table);
        nr_buf_fini(&r.list.text);
    }
    int status = r.raw ? 0 : ctl_listing_end(&r.list, err);
    if (status) return status;
    if (err && err != NR_ERR_NOT_FOUND) return ctl_fail("%s: %s", ctl->state_dir, ctl_read_trouble(err));
    if (id && r.met == 0) return ctl_fail("no records of %s", ctl_quoted(nr_bytes_str(id), quoted));
    if (r.bad)
        return ctl_fail("%llu of %llu records do not hold", (unsigned long long)r.bad, (unsigned long long)r.met);
    return 0;
}
