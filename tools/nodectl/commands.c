#include "tools/nodectl/command.h"

#include <string.h>

#define END                                                                                                            \
    {                                                                                                                  \
        NULL, NULL, NULL                                                                                               \
    }

static const struct ctl_option nodes_options[] = {
    { "role", "ROLE", "only nodes of this role" },
    { "label", "LABEL", "only nodes with this label; may be given several times, all must be there" },
    { "status", "STATUS", "only online, degraded, offline, maintenance, draining or left ones" },
    { "limit", "COUNT", "at most so many" },
    { "offset", "COUNT", "leave out so many first" },
    END,
};
static const struct ctl_option records_options[] = {
    { "raw", NULL, "write the records' own bytes (msgpack), one after another" },
    { "evidence", NULL, "instead, pairs of records that one key signed under one stamp" },
    END,
};
static const struct ctl_option heartbeats_options[] = {
    { "limit", "COUNT", "at most so many" },
    { "since", "WHEN", "none older: a span ago (90s, 15m, 2h, 3d) or a time (2026-11-23T14:30:00Z)" },
    END,
};
static const struct ctl_option log_options[] = {
    { "limit", "COUNT", "the newest so many (default 50; 0: all that are kept)" },
    { "since", "WHEN", "none older: a span ago (90s, 15m, 2h, 3d) or a time (2026-11-23T14:30:00Z)" },
    { "follow", NULL, "go on with new ones until Ctrl-C" },
    END,
};
static const struct ctl_option declare_options[] = {
    { "node", "ID", "declare it of this node, for which noded speaks (default: noded's own)" },
    END,
};
static const struct ctl_option invite_options[] = {
    { "seed", "HOST:PORT",
      "an address at which the new peer finds the cluster; may be given several times "
      "(default: this node's addresses and its seeds)" },
    END,
};
static const struct ctl_option restore_options[] = {
    { "force", NULL, "move a state directory that is not empty aside, and restore" },
    END,
};
static const struct ctl_option describe_options[] = {
    { "no-checks", NULL, "leave out the checks of services, which may take their time" },
    END,
};
static const struct ctl_option bootstrap_options[] = {
    { "role", "ROLE", "the role of this node (default: $NODE_ROLE, else what is configured, else worker)" },
    { "labels", "A,B", "its labels, all of them; may be given several times" },
    { "registry-url", "URL",
      "without noded: a registry, such as http://host:9205; of several the next is tried where one does not answer "
      "(default: $NODE_REGISTRY_URL, else http://localhost:9205)" },
    { "token", "FILE", "with noded: join the cluster that made this token; - is standard input" },
    { "keep-alive", NULL, "without noded: go on in the foreground, a heartbeat each interval" },
    { "interval", "SPAN",
      "time between heartbeats (default: $HEARTBEAT_INTERVAL, else 30s; with noded what is configured)" },
    { "node-id", "ID", "the node's id, the first time" },
    { "hostname", "NAME", "its host name (default: detected)" },
    { "ip", "ADDRESS", "its address (default: detected)" },
    { "metadata", "KEY=VALUE", "more about it; may be given several times" },
    { "key", "FILE", "without noded: a key to show to the registry, in the first line; - is standard input" },
    { "dry-run", NULL, "only say what would be done" },
    END,
};

const struct ctl_command ctl_commands[] = {
    { "status", "", 0, 0, NULL, CTL_NEEDS_NOTHING, "this node, its peers and the registry at a glance",
      "Without noded the last state of the store is shown, and that noded does not run.", NULL, ctl_status },
    { "nodes", "", 0, 0, NULL, CTL_NEEDS_STORE, "list nodes", "-o json writes the nodes as GET /api/v1/nodes does.",
      nodes_options, ctl_nodes },
    { "node", "ID", 1, 1, NULL, CTL_NEEDS_STORE, "one node, and why it has its status", NULL, NULL, ctl_node },
    { "peers", "", 0, 0, NULL, CTL_NEEDS_NODED, "the peers that noded has a path to", NULL, NULL, ctl_peers },
    { "records", "[ID]", 0, 1, NULL, CTL_NEEDS_STORE, "signed records, each signature checked",
      "Of one node or role, or all. Exit status 1 when a signature does not hold.", records_options, ctl_records },
    { "verify", "", 0, 0, NULL, CTL_NEEDS_STORE, "check the whole store",
      "Every record is decoded and its signature checked; then what readers see is computed from the records again and "
      "compared with the store's tables. Exit status 1 when anything is wrong.",
      NULL, ctl_verify },
    { "profile", "get ROLE|set ROLE FILE|list|delete ROLE", 1, 3, "get set list delete", CTL_NEEDS_NOTHING,
      "show and change the profiles of roles",
      "get and list read the store; set and delete ask noded. FILE holds a JSON object; - is standard input.", NULL,
      ctl_profile },
    { "heartbeats", "ID", 1, 1, NULL, CTL_NEEDS_STORE, "recent heartbeats of a node, newest first", NULL,
      heartbeats_options, ctl_heartbeats },
    { "log", "", 0, 0, NULL, CTL_NEEDS_STORE, "what changed here, and who signed it", NULL, log_options, ctl_log },
    { "watch", "", 0, 0, NULL, CTL_NEEDS_STORE, "follow changes until Ctrl-C",
      "A line a change: registrations, deletions, profiles, declared states, and each node's turn from one status to "
      "another. -o json writes an object a line.",
      NULL, ctl_watch },
    { "invite", "", 0, 0, NULL, CTL_NEEDS_NODED, "print a token that lets another machine join",
      "The token holds the cluster key: hand it over as you would a password. On the other machine: nodectl "
      "bootstrap --token FILE.",
      invite_options, ctl_invite },
    { "leave", "", 0, 0, NULL, CTL_NEEDS_NODED, "leave the cluster: the others learn of it at once, and noded ends",
      "Its next start brings the node back.", NULL, ctl_leave },
    { "maintenance", "on|off", 1, 1, "on off", CTL_NEEDS_NODED, "declare maintenance, or its end", NULL,
      declare_options, ctl_maintenance },
    { "drain", "[on|off]", 0, 1, "on off", CTL_NEEDS_NODED, "declare that the node is draining, or no longer", NULL,
      declare_options, ctl_drain },
    { "doctor", "", 0, 0, NULL, CTL_NEEDS_NOTHING, "look for trouble and say what to do",
      "Exit status 1 when something is broken; warnings alone leave it at 0.", NULL, ctl_doctor },
    { "describe", "", 0, 0, NULL, CTL_NEEDS_NO_NODE, "what this machine is made of, its load, and its services",
      "As noded and bootstrap would tell the registry: -o json writes those objects.", describe_options, ctl_describe },
    { "bootstrap", "", 0, 0, NULL, CTL_NEEDS_NO_NODE, "make this machine a node of a registry",
      "Where noded runs, it is configured. Where it is installed only, it is configured and started, and joins by the "
      "token. Where there is none, or --registry-url is given, the machine is registered over HTTP. May be repeated: "
      "the "
      "same node is updated.",
      bootstrap_options, ctl_bootstrap },
    { "backup", "FILE", 1, 1, NULL, CTL_NEEDS_STORE, "write keys and registry into one file",
      "Works while noded runs. FILE - is standard output. The file holds the node's and the cluster's keys: keep it "
      "like them.",
      NULL, ctl_backup },
    { "restore", "FILE", 1, 1, NULL, CTL_NEEDS_NOTHING, "fill the state directory from a backup",
      "Refuses while noded runs there, and when the directory is not empty.", restore_options, ctl_restore },
};
const size_t ctl_command_count = sizeof ctl_commands / sizeof ctl_commands[0];

const struct ctl_command *ctl_command_find(const char *name)
{
    for (size_t i = 0; i < ctl_command_count; i++)
        if (strcmp(ctl_commands[i].name, name) == 0) return &ctl_commands[i];
    return NULL;
}
