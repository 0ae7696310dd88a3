/* Profiles of roles. */
#include "io/clock.h"
#include "nodehttpd/ask.h"
#include "nodehttpd/fields.h"
#include "nodehttpd/handlers.h"
#include "proto/record.h"

static void profile_json(struct nr_json *j, const struct nr_profile *p)
{
    nr_json_object(j);
    nr_json_kstr(j, "role", nr_bytes(p->role.data, p->role.len));
    nr_json_key(j, "config");
    nr_json_raw(j, nr_bytes(p->config_json.data, p->config_json.len));
    nr_json_ktime(j, "created_at", p->created_at_ms);
    nr_json_ktime(j, "updated_at", p->updated_at_ms);
    nr_json_object_end(j);
}

static int add_profile(void *arg, const struct nr_profile *p)
{
    profile_json(arg, p);
    return 0;
}

void profiles_list(const struct exchange *x, const struct request *rq)
{
    struct nr_now now = nr_clock_now();
    struct nr_json j;
    int err = reads_begin(&x->app->reads, now);
    (void)rq;
    if (err) {
        problem_read(x, err);
        return;
    }
    nr_json_init(&j, app_body(x->app));
    nr_json_array(&j);
    err = nr_profile_each(x->app->reads.snapshot, now.wall_ms, add_profile, &j);
    nr_json_array_end(&j);
    if (err && err != NR_ERR_NOT_FOUND)
        problem_read(x, err);
    else
        respond_json(x, 200, NULL);
    reads_end(&x->app->reads);
}

static void no_such_profile(const struct exchange *x, struct nr_bytes role)
{
    problem(x, 404, NULL, "there is no profile of the role %.*s", (int)(role.len < 100 ? role.len : 100),
            (const char *)role.data);
}

static void show(const struct exchange *x, struct nr_bytes role)
{
    struct nr_now now = nr_clock_now();
    struct nr_profile profile;
    struct nr_json j;
    int err = reads_begin(&x->app->reads, now);
    if (err) {
        problem_read(x, err);
        return;
    }
    err = nr_profile_get(x->app->reads.snapshot, (const char *)role.data, role.len, now.wall_ms, &profile);
    if (err == NR_ERR_NOT_FOUND) {
        no_such_profile(x, role);
    } else if (err) {
        problem_read(x, err);
    } else {
        nr_json_init(&j, app_body(x->app));
        profile_json(&j, &profile);
        respond_json(x, 200, NULL);
    }
    reads_end(&x->app->reads);
}

void profile_get(const struct exchange *x, const struct request *rq)
{
    if (nr_subject_valid(NR_KIND_PROFILE, rq->param))
        show(x, rq->param);
    else
        no_such_profile(x, rq->param);
}

struct profile_pending {
    struct pending p;
    size_t role_len;
    uint8_t role[NR_ROLE_MAX];
};

static void was_put(struct pending *p, int err, const struct nr_control_map *reply)
{
    const struct profile_pending *q = (const struct profile_pending *)p;
    if (err)
        problem_control(&p->x, err, reply);
    else
        show(&p->x, nr_bytes(q->role, q->role_len));
    ask_free(p);
}

static void send_profile(const struct exchange *x, struct nr_bytes role, struct nr_bytes config)
{
    struct nr_control_writer w;
    struct profile_pending *q = ask_new(x, sizeof *q);
    if (!q) return;
    memcpy(q->role, role.data, role.len);
    q->role_len = role.len;
    ask_begin(&q->p, &w, "profile_put");
    nr_control_str(&w, "role", role);
    nr_control_item(&w, "config", config);
    ask_send(&q->p, &w, was_put);
}

void profile_put(const struct exchange *x, const struct request *rq)
{
    uint8_t room[NR_CONFIG_MAX];
    struct nr_bytes config;
    struct faults f;
    json_t *body = app_object(x, rq);
    if (!body) return;
    faults_init(&f);
    if (!nr_subject_valid(NR_KIND_PROFILE, rq->param)) faults_add(&f, "role", "must have 1 to %d bytes", NR_ROLE_MAX);
    field_encode(body, "config", room, sizeof room, &f, &config);
    json_decref(body);
    if (f.count) {
        problem_faults(x, &f);
        return;
    }
    faults_fini(&f);
    send_profile(x, rq->param, config);
}

static void was_deleted(struct pending *p, int err, const struct nr_control_map *reply)
{
    if (err)
        problem_control(&p->x, err, reply);
    else
        respond_empty(&p->x, 204);
    ask_free(p);
}

void profile_delete(const struct exchange *x, const struct request *rq)
{
    struct nr_control_writer w;
    if (!nr_subject_valid(NR_KIND_PROFILE, rq->param)) {
        no_such_profile(x, rq->param);
        return;
    }
    struct pending *p = ask_new(x, sizeof *p);
    if (!p) return;
    ask_begin(p, &w, "profile_delete");
    nr_control_str(&w, "role", rq->param);
    ask_send(p, &w, was_deleted);
}
