/* nodectl describe: what nodeprobe finds, for people, or as it is registered. */
#include <jansson.h>
#include <string.h>

#include "tools/nodectl/describe.h"
#include "tools/nodectl/show.h"

static json_t *as_json(const struct nr_buf *part)
{
    struct nr_buf text;
    nr_buf_init(&text, 0);
    ctl_add_json(&text, nr_buf_bytes(part), "null");
    json_t *v = json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY, NULL);
    nr_buf_fini(&text);
    return v;
}

static int put_json(const struct ctl_description *d)
{
    struct nr_buf text;
    struct nr_json j;
    nr_buf_init(&text, 0);
    nr_json_init(&j, &text);
    nr_json_object(&j);
    ctl_json_item(&j, "capabilities", nr_buf_bytes(&d->capabilities), "{}");
    ctl_json_item(&j, "modules", nr_buf_bytes(&d->modules), "[]");
    ctl_json_item(&j, "metrics", nr_buf_bytes(&d->metrics), "{}");
    nr_json_object_end(&j);
    return ctl_put_json(&text);
}

/* A number or a text, as it stands; "" for anything else. */
static const char *word(const json_t *object, const char *key, char out[static 300])
{
    const json_t *v = json_object_get(object, key);
    *out = '\0';
    if (json_is_string(v)) snprintf(out, 300, "%s", json_string_value(v));
    if (json_is_integer(v)) snprintf(out, 300, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    if (json_is_real(v)) snprintf(out, 300, "%.15g", json_real_value(v));
    return out;
}

static void fact_words(struct ctl_facts *f, const char *name, const json_t *from, const char *a, const char *b)
{
    char first[300], second[300];
    word(from, a, first);
    word(from, b, second);
    if (*first || *second) ctl_fact(f, name, CTL_PLAIN, "%s%s%s", first, *first && *second ? " " : "", second);
}

static void fact_number(struct ctl_facts *f, const char *name, const json_t *from, const char *key, const char *unit)
{
    char value[300];
    if (*word(from, key, value)) ctl_fact(f, name, CTL_PLAIN, "%s%s", value, unit);
}

/* Texts of an array, or one member of each of its objects, a comma between two. */
static void fact_list(struct ctl_facts *f, const char *name, const json_t *array, const char *member)
{
    struct nr_buf text;
    size_t i;
    json_t *v;
    nr_buf_init(&text, 0);
    json_array_foreach((json_t *)(uintptr_t)array, i, v)
    {
        const char *s = json_string_value(member ? json_object_get(v, member) : v);
        if (s) nr_buf_printf(&text, "%s%s", text.len ? ", " : "", s);
    }
    if (text.len) ctl_fact_bytes(f, name, nr_buf_bytes(&text));
    nr_buf_fini(&text);
}

static void facts_of_machine(struct ctl_facts *f, const json_t *c)
{
    const json_t *system = json_object_get(c, "system");
    fact_words(f, "Hostname", system, "hostname", "");
    fact_words(f, "IP", system, "local_ip", "");
    fact_list(f, "Addresses", json_object_get(system, "addresses"), NULL);
    fact_words(f, "System", system, "os", "architecture");
    fact_words(f, "Kernel", system, "platform", "platform_version");
    fact_words(f, "CPU", system, "cpu_model", "");
    fact_number(f, "CPUs", system, "cpu_count", "");
    fact_number(f, "Memory", system, "memory_total_gb", " GiB");
    fact_number(f, "Disk", system, "disk_total_gb", " GiB");
    fact_list(f, "Drives", json_object_get(c, "disks"), "name");
    fact_list(f, "GPUs", json_object_get(json_object_get(c, "gpu"), "gpus"), NULL);
    fact_words(f, "Docker", json_object_get(c, "docker"), "version", "");
    fact_list(f, "Features", json_object_get(c, "features"), NULL);
    fact_list(f, "Services", json_object_get(c, "services"), NULL);
    fact_list(f, "Models", json_object_get(json_object_get(c, "ollama"), "models"), NULL);
}

static void facts_of_load(struct ctl_facts *f, const json_t *m)
{
    char one[300], five[300], fifteen[300];
    if (*word(m, "load_1", one) && *word(m, "load_5", five) && *word(m, "load_15", fifteen))
        ctl_fact(f, "Load", CTL_PLAIN, "%s %s %s", one, five, fifteen);
    fact_number(f, "CPU in use", m, "cpu_percent", " %");
    fact_number(f, "Memory in use", m, "memory_percent", " %");
    fact_number(f, "Memory left", m, "memory_available_gb", " GiB");
    fact_number(f, "Disk in use", m, "disk_percent", " %");
    fact_number(f, "Disk left", m, "disk_free_gb", " GiB");
    fact_number(f, "GPU in use", m, "gpu_percent", " %");
    fact_number(f, "GPU memory", m, "gpu_memory_percent", " %");
}

static enum ctl_style style_of(const char *status)
{
    if (strcmp(status, "up") == 0) return CTL_GOOD;
    return strcmp(status, "down") == 0 ? CTL_BAD : CTL_WARN;
}

static int put_modules(const struct ctl *ctl, const json_t *modules)
{
    struct ctl_table t;
    size_t i;
    json_t *v;
    if (json_array_size(modules) == 0) return 0;
    putchar('\n');
    ctl_table_init(&t, "MODULE,STATUS,>PORT");
    json_array_foreach((json_t *)(uintptr_t)modules, i, v)
    {
        char id[300], status[300], port[300];
        ctl_table_str(&t, CTL_PLAIN, word(v, "id", id));
        ctl_table_str(&t, style_of(word(v, "status", status)), status);
        ctl_table_str(&t, CTL_PLAIN, word(v, "port", port));
    }
    return ctl_put_table(ctl, &t);
}

static int put_table(const struct ctl *ctl, const struct ctl_description *d)
{
    json_t *capabilities = as_json(&d->capabilities), *modules = as_json(&d->modules), *metrics = as_json(&d->metrics);
    struct ctl_facts f;
    ctl_facts_init(&f);
    facts_of_machine(&f, capabilities);
    facts_of_load(&f, metrics);
    int status = ctl_facts_end(&f, ctl);
    if (status == 0) status = put_modules(ctl, modules);
    json_decref(capabilities);
    json_decref(modules);
    json_decref(metrics);
    return status;
}

int ctl_describe(struct ctl *ctl, const struct ctl_args *args)
{
    struct ctl_description d;
    int status = ctl_describe_once(ctl, !ctl_has(args, "no-checks"), &d);
    if (status == 0) status = ctl->format == CTL_JSON ? put_json(&d) : put_table(ctl, &d);
    ctl_description_fini(&d);
    return status;
}
