/* noded: the order of its life. */
#include <signal.h>
#include <sys/stat.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "noded/daemon.h"

static const struct nr_conf_program program = {
    .name = "noded",
    .bit = NR_CONF_NODED,
    .usage = "[OPTION]...",
    .summary = "The peer daemon of the DAGI node registry: holds this node's key, gossips with the other peers,\n"
               "and keeps the registry in its state directory. The first start founds a cluster, or joins one\n"
               "with --token.",
    .epilog = "SIGTERM and SIGINT leave the cluster gracefully, SIGHUP reads the configuration again.\n"
              "Exit status: 0 done, 1 failed, 2 wrong usage or configuration. See noded(8), noded.conf(5).",
};

int main(int argc, char **argv)
{
    struct nr_conf *conf;
    struct daemon *daemon;
    const struct daemon_options options = { .program = &program, .argc = argc, .argv = argv };
    switch (nr_conf_start(&conf, &program, argc, argv, stdout, stderr)) {
    case NR_CONF_DONE: return 0;
    case NR_CONF_WRONG: return 2;
    case NR_CONF_RUN: break;
    }
    umask(0027);
    signal(SIGPIPE, SIG_IGN);
    nr_log_setup(nr_conf_log_level(conf), nr_conf_log_format(conf));
    if (nr_crypto_init() != 0) {
        nr_log_error("noded: no source of randomness");
        nr_conf_free(conf);
        return 1;
    }
    if (daemon_open(&daemon, conf, &options) != 0) return 1;
    int err = daemon_run(daemon);
    int close_err = daemon_close(daemon);
    return err || close_err ? 1 : 0;
}
