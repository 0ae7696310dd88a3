/* The handle: where the store is, and its cold half. The pulse half is opened by the first snapshot that begins. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "nr/impl.h"

int64_t nr_wall_clock_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static char *default_state_dir(void)
{
    char *dir = NULL;
    const char *given = getenv("DAGI_STATE_DIR"), *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n;
    if (given && *given)
        n = asprintf(&dir, "%s", given);
    else if (geteuid() == 0)
        n = asprintf(&dir, "/var/lib/dagi");
    else if (xdg && *xdg)
        n = asprintf(&dir, "%s/dagi", xdg);
    else
        n = asprintf(&dir, "%s/.local/state/dagi", home ? home : "");
    return n < 0 ? NULL : dir;
}

static int64_t or_default(uint32_t given, int64_t unit, int64_t otherwise)
{
    return given ? given * unit : otherwise;
}

static struct nr_thresholds thresholds_of(const struct nr_registry_options *o)
{
    struct nr_thresholds t = NR_THRESHOLDS_DEFAULT;
    if (!o) return t;
    t.degraded_after_ms = or_default(o->degraded_after_s, 1000, t.degraded_after_ms);
    t.missed_heartbeats = or_default(o->missed_heartbeats, 1, t.missed_heartbeats);
    t.offline_after_ms = or_default(o->offline_after_s, 1000, t.offline_after_ms);
    t.forget_after_ms = or_default(o->forget_after_s, 1000, t.forget_after_ms);
    return t;
}

static int check_schema(struct nr_read_env *env)
{
    struct nr_read *r;
    struct nr_bytes value;
    int err = nr_read_new(&r, env);
    if (err) return err;
    err = nr_read_begin(r);
    if (!err) err = nr_read_get(r, NR_T_META, nr_bytes_str(NR_META_SCHEMA), &value);
    if (!err && value.len != 8) err = NR_E_CORRUPT;
    if (!err && nr_be64(value.data) != NR_SCHEMA) err = NR_E_VERSION;
    nr_read_free(r);
    return err;
}

int nr_registry_open(nr_registry **out, const struct nr_registry_options *options)
{
    struct nr_registry *r = calloc(1, sizeof *r);
    if (!r) return NR_E_NOMEM;
    if (pthread_mutex_init(&r->lock, NULL)) {
        free(r);
        return NR_E_NOMEM;
    }
    r->thresholds = thresholds_of(options);
    r->state_dir = options && options->state_dir ? strdup(options->state_dir) : default_state_dir();
    int err = r->state_dir ? nr_read_env_open(&r->cold, r->state_dir, NR_REGISTRY) : NR_E_NOMEM;
    if (!err) err = check_schema(r->cold);
    if (err) {
        nr_registry_close(r);
        return err;
    }
    *out = r;
    return 0;
}

void nr_registry_close(nr_registry *r)
{
    if (!r) return;
    if (r->pulse) nr_read_env_close(r->pulse->env);
    free(r->pulse);
    nr_read_env_close(r->cold);
    pthread_mutex_destroy(&r->lock);
    free(r->state_dir);
    free(r);
}

static int make_dir(const char *base, const char *name, char **path)
{
    *path = NULL;
    if (asprintf(path, "%s%s", base, name) < 0) return NR_E_NOMEM;
    if (mkdir(*path, 0750) == 0) return 0;
    return errno == EEXIST ? NR_E_EXISTS : errno == EACCES || errno == EPERM ? NR_E_DENIED : NR_E_SYSTEM;
}

static int copy_half(struct nr_read_env *env, const char *to_dir, const char *name)
{
    char *path;
    int err = make_dir(to_dir, name, &path);
    if (!err) err = nr_read_env_copy(env, path);
    free(path);
    return err;
}

int nr_registry_copy(nr_registry *r, const char *to_dir)
{
    char *path;
    struct nr_snapshot *s = NULL;
    int err = nr_snapshot_new(r, &s); /* opens the pulse half */
    if (!err) err = nr_snapshot_begin(s);
    if (err) {
        nr_snapshot_free(s);
        return err;
    }
    nr_snapshot_end(s);
    err = make_dir(to_dir, "", &path);
    if (!err) err = copy_half(r->cold, to_dir, "/registry");
    if (!err) err = copy_half(s->pulse->env, to_dir, "/pulse");
    free(path);
    nr_snapshot_free(s);
    return err;
}
