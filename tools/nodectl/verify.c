#include "tools/nodectl/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tools/nodectl/command.h"
#include "tools/nodectl/text.h"

#define PROGRESS_EVERY 500

void ctl_fault(struct ctl_verify *v, const char *check, struct nr_bytes subject, const char *fmt, ...)
{
    char detail[256], q[CTL_QUOTED];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    v->faults++;
    if (v->ctl->format == CTL_JSON) {
        nr_json_object(&v->json);
        nr_json_kcstr(&v->json, "check", check);
        nr_json_kstr(&v->json, "subject", subject);
        nr_json_kcstr(&v->json, "detail", detail);
        nr_json_object_end(&v->json);
        return;
    }
    const char *on = v->ctl->colour ? ctl_style_on(CTL_BAD) : "", *off = v->ctl->colour ? CTL_STYLE_OFF : "";
    printf("%s%s%s  %s  %s\n", on, check, off, ctl_quoted(subject, q), detail);
}

static void progress(const struct ctl_verify *v, bool last)
{
    if (!isatty(STDERR_FILENO) || (!last && v->seen % PROGRESS_EVERY != 0)) return;
    fprintf(stderr, last ? "\r\033[K" : "\rrecords checked: %" PRIu64, v->seen);
}

static void check_record(struct ctl_verify *v, const struct nr_signed_record *raw, const struct nr_record *rec)
{
    if (nr_record_verify(rec) != 0)
        ctl_fault(v, "signature", rec->subject, "the signature of a %s record does not hold", nr_kind_name(rec->kind));
    if (nr_record_key_hash(rec->kind, rec->signer, rec->subject) != raw->key_hash)
        ctl_fault(v, "key", rec->subject, "a %s record stands under another record's key", nr_kind_name(rec->kind));
    if ((nr_kind_plane(rec->kind) != NR_PLANE_COLD) != raw->hot)
        ctl_fault(v, "half", rec->subject, "a %s record stands in the wrong half of the store",
                  nr_kind_name(rec->kind));
}

static int add(void *arg, const struct nr_signed_record *raw)
{
    struct ctl_verify *v = arg;
    struct ctl_checked c;
    v->seen++;
    progress(v, false);
    v->hot += raw->hot;
    v->cold += !raw->hot;
    int err = nr_record_decode(nr_bytes(raw->data, raw->len), &c.rec);
    if (err) {
        ctl_fault(v, "record", nr_bytes(NULL, 0), "key hash %016" PRIx64 ": not a record: %s", raw->key_hash,
                  nr_strerror(err));
        return 0;
    }
    check_record(v, raw, &c.rec);
    c.id = nr_record_id(c.rec.raw);
    bool alive = v->now_ms < nr_record_ends_ms(c.rec.stamp, c.rec.lease_s);
    if (alive && !raw->hot) v->fingerprint += c.id;
    nr_buf_add(&v->records, &c, sizeof c);
    return v->records.err;
}

static int add_evidence(void *arg, const struct nr_signed_record *a, const struct nr_signed_record *b)
{
    struct ctl_verify *v = arg;
    struct nr_record ra, rb;
    v->evidence++;
    if (nr_record_decode(nr_bytes(a->data, a->len), &ra) != 0 ||
        nr_record_decode(nr_bytes(b->data, b->len), &rb) != 0) {
        ctl_fault(v, "evidence", nr_bytes(NULL, 0), "not a pair of records");
        return 0;
    }
    bool conflict = ra.kind == rb.kind && memcmp(ra.signer, rb.signer, NR_KEY_SIZE) == 0 && ra.stamp == rb.stamp &&
                    nr_bytes_eq(ra.subject, rb.subject) && !nr_bytes_eq(ra.raw, rb.raw);
    if (!conflict) ctl_fault(v, "evidence", ra.subject, "the two records do not contradict each other");
    if (nr_record_verify(&ra) != 0 || nr_record_verify(&rb) != 0)
        ctl_fault(v, "evidence", ra.subject, "a signature does not hold");
    return 0;
}

static int add_change(void *arg, const struct nr_change *c)
{
    struct ctl_verify *v = arg;
    uint64_t *last = &v->changes;
    if (*last != 0 && c->seq != *last + 1)
        ctl_fault(v, "log", ctl_text(c->subject), "number %" PRIu64 " follows %" PRIu64, c->seq, *last);
    *last = c->seq;
    return 0;
}

static int check_all(struct ctl_verify *v)
{
    struct nr_store_facts facts;
    int err = nr_record_each(v->ctl->snapshot, NULL, 0, add, v);
    progress(v, true);
    if (err == 0) err = ctl_verify_views(v);
    if (err == 0) err = nr_evidence_each(v->ctl->snapshot, add_evidence, v);
    if (err == 0) err = nr_change_each(v->ctl->snapshot, 0, add_change, v);
    if (err == 0) err = nr_store_facts(v->ctl->snapshot, &facts);
    if (err) return err;
    if (facts.records != v->cold)
        ctl_fault(v, "count", nr_bytes(NULL, 0), "%" PRIu64 " records are counted, %" PRIu64 " are there",
                  facts.records, v->cold);
    return 0;
}

static int put_json(struct ctl_verify *v)
{
    struct nr_buf text;
    struct nr_json j;
    char hex[17];
    uint8_t be[8];
    nr_put_be64(be, v->fingerprint);
    ctl_hex(nr_bytes(be, sizeof be), hex);
    nr_buf_init(&text, 0);
    nr_json_init(&j, &text);
    nr_json_object(&j);
    nr_json_kbool(&j, "ok", v->faults == 0);
    nr_json_kuint(&j, "records", v->seen);
    nr_json_kuint(&j, "cold", v->cold);
    nr_json_kuint(&j, "hot", v->hot);
    nr_json_kuint(&j, "nodes", v->nodes);
    nr_json_kuint(&j, "profiles", v->profiles);
    nr_json_kuint(&j, "evidence", v->evidence);
    nr_json_kcstr(&j, "fingerprint", hex);
    nr_json_key(&j, "faults");
    nr_json_raw(&j, nr_buf_bytes(&v->text));
    nr_json_object_end(&j);
    if (v->text.err) text.err = v->text.err;
    return ctl_put_json(&text);
}

int ctl_verify(struct ctl *ctl, const struct ctl_args *args)
{
    (void)args;
    struct ctl_verify v = { .ctl = ctl, .now_ms = nr_wall_clock_ms() };
    nr_json_init(&v.json, &v.text);
    nr_json_array(&v.json);
    int err = check_all(&v), status = 0;
    nr_json_array_end(&v.json);
    if (err) {
        status = ctl_fail("%s: %s", ctl->state_dir, ctl_read_trouble(err));
    } else if (ctl->format == CTL_JSON) {
        status = put_json(&v);
    } else {
        printf("%s: %" PRIu64 " cold and %" PRIu64 " hot records, %" PRIu64 " nodes, %" PRIu64 " profiles, "
               "fingerprint %016" PRIx64 "\n",
               v.faults ? "damaged" : "sound", v.cold, v.hot, v.nodes, v.profiles, v.fingerprint);
    }
    nr_buf_fini(&v.records);
    nr_buf_fini(&v.text);
    if (status == 0 && v.faults) status = ctl_fail("faults found: %" PRIu64, v.faults);
    return status;
}
