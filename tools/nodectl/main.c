/* nodectl: options, the table of commands, one command. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "crypto/crypto.h"
#include "tools/nodectl/command.h"

static const char *format_met(void *arg, const char *value)
{
    static const char *const words[] = { "table", "json", "wide" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(value, words[i]) != 0) continue;
        *(enum ctl_format *)arg = (enum ctl_format)i;
        return NULL;
    }
    return "expected table, json or wide";
}

static const struct nr_conf_extra extras[] = {
    { "output", 'o', "table|json|wide", "for people, for scripts, or for people with wide terminals", format_met },
};

static enum nr_conf_result configure(struct nr_conf **conf, enum ctl_format *format, int argc, char **argv)
{
    struct nr_buf commands;
    nr_buf_init(&commands, 0);
    ctl_command_list(&commands);
    nr_buf_add(&commands, "", 1);
    const struct nr_conf_program program = {
        .name = "nodectl",
        .bit = NR_CONF_NODECTL,
        .usage = "[OPTION]… COMMAND [ARGUMENT]…",
        .summary = "Inspects and operates this machine's node of the registry.",
        .epilog = commands.err ? NULL : (const char *)commands.data,
        .operands = true,
        .extras = extras,
        .extra_count = sizeof extras / sizeof extras[0],
        .extra_arg = format,
    };
    enum nr_conf_result result = nr_conf_start(conf, &program, argc, argv, stdout, stderr);
    nr_buf_fini(&commands);
    return result;
}

/* How many words a global option at argv[i] takes: 0 where it is none. */
static int global_option(int argc, char **argv, int i)
{
    const char *word = argv[i];
    if (strncmp(word, "-o", 2) == 0) return word[2] || i + 1 == argc ? 1 : 2;
    if (strncmp(word, "--", 2) != 0) return 0;
    size_t len = strcspn(word + 2, "=");
    bool known = (len == 6 && (strncmp(word + 2, "output", 6) == 0 || strncmp(word + 2, "config", 6) == 0));
    for (int k = 0; k < NR_CONF_KEY_COUNT && !known; k++) {
        const struct nr_conf_row *row = nr_conf_row((enum nr_conf_key)k);
        known = (row->used_by & NR_CONF_NODECTL) && strlen(row->flag) == len && strncmp(word + 2, row->flag, len) == 0;
    }
    if (!known) return 0;
    return word[2 + len] == '=' || i + 1 == argc ? 1 : 2;
}

/* People write `nodectl nodes -o json`: moves global options that stand behind the command before it. Returns the
 * command's new index. */
static int hoist(int argc, char **argv, int command)
{
    for (int i = command + 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        for (int n = global_option(argc, argv, i); n > 0; n--, i += n > 0) {
            char *word = argv[i];
            memmove(argv + command + 1, argv + command, (size_t)(i - command) * sizeof *argv);
            argv[command++] = word;
        }
    }
    return command;
}

static void apply(struct ctl *ctl, const struct nr_conf *conf)
{
    ctl->conf = conf;
    ctl->state_dir = nr_conf_text(conf, NR_CONF_STATE_DIR);
    ctl->socket = nr_conf_text(conf, NR_CONF_SOCKET);
    ctl->read = (struct nr_registry_options){
        .state_dir = ctl->state_dir,
        .degraded_after_s = (uint32_t)nr_conf_number(conf, NR_CONF_DEGRADED_AFTER),
        .missed_heartbeats = (uint32_t)nr_conf_number(conf, NR_CONF_MISSED_HEARTBEATS),
        .offline_after_s = (uint32_t)nr_conf_number(conf, NR_CONF_OFFLINE_AFTER),
        .forget_after_s = (uint32_t)nr_conf_number(conf, NR_CONF_FORGET_AFTER),
    };
    const char *no_color = getenv("NO_COLOR");
    ctl->colour = ctl->format != CTL_JSON && isatty(STDOUT_FILENO) && !(no_color && *no_color);
    nr_log_setup(nr_conf_log_level(conf), nr_conf_log_format(conf));
}

static int unknown_command(const char *name)
{
    const struct ctl_command *near = ctl_command_nearest(name);
    char q[CTL_QUOTED];
    ctl_quoted(nr_bytes_str(name), q);
    if (near) return ctl_usage("unknown command '%s': did you mean '%s'?", q, near->name);
    return ctl_usage("unknown command '%s': nodectl --help lists them", q);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    struct ctl_args args;
    bool help = false;
    const struct ctl_command *command = ctl_command_find(argv[0]);
    if (!command) return unknown_command(argv[0]);
    int status = ctl_args_read(command, argc, argv, &args, &help);
    if (status == 0 && help) {
        struct nr_buf text;
        nr_buf_init(&text, 0);
        ctl_command_help(&text, command);
        fwrite(text.data, 1, text.len, stdout);
        nr_buf_fini(&text);
        return 0;
    }
    if (status == 0 && nr_crypto_init() != 0) status = ctl_fail("libsodium does not start");
    bool locates = command->needs == CTL_NEEDS_NOTHING || command->needs == CTL_NEEDS_STORE;
    if (status == 0 && locates) status = ctl_locate(ctl);
    if (status == 0 && command->needs == CTL_NEEDS_STORE) status = ctl_read(ctl);
    if (status == 0 && command->needs == CTL_NEEDS_NODED) status = ctl_connect(ctl);
    return status ? status : command->run(ctl, &args);
}

int main(int argc, char **argv)
{
    struct ctl ctl = { 0 };
    struct nr_conf *conf = NULL;
    enum nr_conf_result result = configure(&conf, &ctl.format, argc, argv);
    int command = result == NR_CONF_RUN ? nr_conf_operand(conf) : argc;
    if (result == NR_CONF_RUN && command < argc) {
        int moved = hoist(argc, argv, command);
        if (moved != command) {
            command = moved;
            nr_conf_free(conf);
            conf = NULL;
            result = configure(&conf, &ctl.format, argc, argv);
        }
    }
    if (result != NR_CONF_RUN) return result == NR_CONF_DONE ? CTL_DONE : CTL_USAGE;

    int status;
    if (command < argc) {
        apply(&ctl, conf);
        status = run(&ctl, argc - command, argv + command);
    } else {
        status = ctl_usage("expected a command: nodectl --help lists them");
    }
    nr_control_close(ctl.control);
    nr_snapshot_free(ctl.snapshot);
    nr_registry_close(ctl.registry);
    free(ctl.asked_dir);
    nr_conf_free(conf);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        int why = errno;
        if (status == CTL_DONE) status = ctl_fail("standard output: %s", strerror(why));
    }
    return status;
}
