/* The tool's answer is parsed by line, from the right: only the name may hold a comma. What a GPU does not tell stands
 * in brackets ([N/A], [Not Supported]). */
#include "nodeprobe/nvidia.h"

#include "nodeprobe/text.h"
#include "nodeprobe/tool.h"
#include "nodeprobe/tree.h"

#define FOLDER     "/proc/driver/nvidia/gpus"
#define MIB        UINT64_C(1048576)
#define ANSWER_MAX 16384

/* Takes what stands behind the last comma off *rest. */
static bool last_field(struct nr_bytes *rest, struct nr_bytes *field)
{
    const uint8_t *at = rest->len ? memrchr(rest->data, ',', rest->len) : NULL;
    if (!at) return false;
    size_t before = (size_t)(at - rest->data);
    *field = text_trim(nr_bytes(at + 1, rest->len - before - 1));
    *rest = nr_bytes(rest->data, before);
    return true;
}

/* False: neither a number up to `max` nor the word that there is none. */
static bool number_or_none(struct nr_bytes *rest, uint64_t max, bool *has, uint64_t *out)
{
    struct nr_bytes field;
    if (!last_field(rest, &field)) return false;
    *has = text_uint(field, out);
    return *has ? *out <= max : text_starts(field, "[");
}

static bool parse_line(struct nr_bytes line, struct gpu *g)
{
    uint64_t percent = 0;
    *g = (struct gpu){ .vendor = "NVIDIA" };
    if (!number_or_none(&line, 100, &g->has_percent, &percent)) return false;
    if (!number_or_none(&line, UINT32_MAX, &g->has_memory_used, &g->memory_used)) return false;
    if (!number_or_none(&line, UINT32_MAX, &g->has_memory, &g->memory)) return false;
    g->percent = g->has_percent ? (double)percent : 0;
    g->memory = g->has_memory ? g->memory * MIB : 0;
    g->memory_used = g->has_memory_used ? g->memory_used * MIB : 0;
    return text_copy(g->name, sizeof g->name, line);
}

bool nvidia_parse(struct nr_bytes csv, struct gpu_list *out)
{
    const size_t count = out->count, beyond = out->beyond;
    struct nr_bytes line;
    while (text_line(&csv, &line)) {
        struct gpu one, *g;
        if (text_trim(line).len == 0) continue;
        if (!parse_line(line, &one)) {
            out->count = count;
            out->beyond = beyond;
            return false;
        }
        if ((g = gpu_add(out))) *g = one;
    }
    return true;
}

bool nvidia_parse_information(struct nr_bytes text, struct gpu *out)
{
    struct nr_bytes model;
    *out = (struct gpu){ .vendor = "NVIDIA" };
    return text_value(text, "Model", ':', &model) && text_copy(out->name, sizeof out->name, model);
}

int nvidia_ask(const char *tool, int timeout_ms, struct gpu_list *out)
{
    char answer[ANSWER_MAX], name[TREE_PATH_MAX];
    char query[] = "--query-gpu=name,memory.total,memory.used,utilization.gpu";
    char format[] = "--format=csv,noheader,nounits";
    char *const argv[] = { name, query, format, NULL };
    struct nr_bytes csv;
    if (strlen(tool) >= sizeof name) return NR_E_NOT_FOUND;
    strcpy(name, tool);
    int err = tool_run(argv, timeout_ms, answer, sizeof answer, &csv);
    if (err) return err;
    return nvidia_parse(csv, out) ? 0 : NR_E_INVALID;
}

static bool any(const char *name)
{
    (void)name;
    return true;
}

void nvidia_read(const char *root, struct gpu_list *out)
{
    char folders[4 * GPUS_MAX][TREE_NAME_MAX], text[TREE_FILE_MAX];
    size_t count = tree_names(root, FOLDER, any, folders, 4 * (size_t)GPUS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct gpu one, *g;
        struct nr_bytes file = tree_read(root, text, sizeof text, FOLDER "/%s/information", folders[i]);
        if (nvidia_parse_information(file, &one) && (g = gpu_add(out))) *g = one;
    }
}
