/* The configuration, one row a key. This list makes the enum, the INI parser, the flags, the environment variables, the
 * checks and the help text; the manual page is compared with it by a test.
 *
 * X(ID, section, key, flag, kind, list, low, high, default, used by, live, placeholder, help)
 *   flag      the long flag; the environment variable is DAGI_ and it in upper case
 *   low, high lengths for texts, bounds for numbers; for addresses the lowest port, and the most items of a list
 *   default   as it would be written in the file; NULL: none, or worked out (state_dir, socket, token)
 *   live      SIGHUP applies a change
 *   placeholder  for a kind of NR_CONF_IS_WORD the words, separated by | */
#ifndef NR_CONF_KEYS_H
#define NR_CONF_KEYS_H

#define NR_CONF_ALL  (NR_CONF_NODED | NR_CONF_NODEHTTPD | NR_CONF_NODECTL)
#define NR_CONF_READ (NR_CONF_NODEHTTPD | NR_CONF_NODECTL)

/* clang-format off */
#define NR_CONF_KEYS(X) \
    X(STATE_DIR, "node", "state_dir", "state-dir", NR_CONF_IS_PATH, false, 1, 4000, NULL, NR_CONF_ALL, false, "DIR", \
      "keys and store (default /var/lib/dagi as root, else $XDG_STATE_HOME/dagi)") \
    X(SOCKET, "node", "socket", "socket", NR_CONF_IS_PATH, false, 1, 107, NULL, NR_CONF_ALL, false, "PATH", \
      "control socket (default /run/dagi/noded.sock or $XDG_RUNTIME_DIR/dagi/noded.sock for the default state directory, " \
      "else noded.sock in the state directory)") \
    X(NODE_ID, "node", "node_id", "node-id", NR_CONF_IS_NODE_ID, false, 1, 255, NULL, NR_CONF_NODED, false, "ID", \
      "this node's id, on its first start; later the state directory knows it (default node-HOSTNAME-8HEX)") \
    X(ROLE, "node", "role", "role", NR_CONF_IS_TEXT, false, 1, 100, "worker", NR_CONF_NODED, true, "ROLE", \
      "the role this node registers") \
    X(LABEL, "node", "label", "label", NR_CONF_IS_TEXT, true, 1, 100, NULL, NR_CONF_NODED, true, "LABEL", \
      "a label this node registers") \
    X(HOSTNAME, "node", "hostname", "hostname", NR_CONF_IS_TEXT, false, 1, 255, NULL, NR_CONF_NODED, true, "NAME", \
      "the host name this node registers (default: detected)") \
    X(IP, "node", "ip", "ip", NR_CONF_IS_IP, false, 1, 45, NULL, NR_CONF_NODED, true, "ADDRESS", \
      "the address this node registers (default: detected)") \
    X(METADATA, "node", "metadata", "metadata", NR_CONF_IS_PAIR, true, 1, 4096, NULL, NR_CONF_NODED, true, "KEY=VALUE", \
      "metadata this node registers") \
    X(HEARTBEAT_INTERVAL, "node", "heartbeat_interval", "heartbeat-interval", NR_CONF_IS_SECONDS, false, 1, 3600, "10", \
      NR_CONF_NODED, false, "SECONDS", "time between this node's own heartbeats") \
    X(NO_DETECT, "node", "no_detect", "no-detect", NR_CONF_IS_WORD, true, 0, 0, NULL, NR_CONF_NODED | NR_CONF_NODECTL, \
      true, "system|disks|gpu|docker|ollama|load|all", "what is not to be detected or measured of this machine") \
    X(OLLAMA_URL, "node", "ollama_url", "ollama-url", NR_CONF_IS_URL, false, 1, 1000, "http://127.0.0.1:11434", \
      NR_CONF_NODED | NR_CONF_NODECTL, true, "URL", "where a local model server is looked for") \
    X(APPLY_PROFILE, "node", "apply_profile", "apply-profile", NR_CONF_IS_WORD, false, 0, 0, "off", NR_CONF_NODED, true, \
      "off|labels|checks|all", "what this node takes over from the profile of its role") \
    X(DEGRADED_AFTER, "node", "degraded_after", "degraded-after", NR_CONF_IS_SECONDS, false, 1, 31536000, "90", \
      NR_CONF_READ, false, "SECONDS", "silence after which a node whose interval is not known is shown as degraded") \
    X(MISSED_HEARTBEATS, "node", "missed_heartbeats", "missed-heartbeats", NR_CONF_IS_INT, false, 1, 1000, "3", \
      NR_CONF_READ, false, "COUNT", "heartbeats of its own interval that a node misses before it is shown as degraded") \
    X(OFFLINE_AFTER, "node", "offline_after", "offline-after", NR_CONF_IS_SECONDS, false, 1, 31536000, "300", \
      NR_CONF_READ, false, "SECONDS", "silence after which a node is shown as offline") \
    X(FORGET_AFTER, "node", "forget_after", "forget-after", NR_CONF_IS_SECONDS, false, 60, 31536000, "259200", \
      NR_CONF_READ, false, "SECONDS", "silence after which a node is no longer shown") \
    X(BIND, "gossip", "bind", "bind", NR_CONF_IS_ADDR, true, 0, 8, "0.0.0.0:9206, [::]:9206", NR_CONF_NODED, false, \
      "HOST:PORT", "gossip address") \
    X(ADVERTISE, "gossip", "advertise", "advertise", NR_CONF_IS_ADDR, true, 1, 8, NULL, NR_CONF_NODED, false, "HOST:PORT", \
      "address that other peers should use (default: learned from them)") \
    X(JOIN, "gossip", "join", "join", NR_CONF_IS_ADDR, true, 1, 64, NULL, NR_CONF_NODED, true, "HOST:PORT", \
      "a further seed peer; names are resolved again every minute (default: the seeds of the token)") \
    X(TOKEN, "gossip", "token", "token", NR_CONF_IS_PATH, false, 1, 4000, NULL, NR_CONF_NODED, false, "FILE", \
      "first start only: join the cluster that made the token in this file; -: standard input (default /etc/dagi/token " \
      "where that exists, for the state directory /var/lib/dagi)") \
    X(HEARTBEAT_BUDGET, "gossip", "heartbeat_budget", "heartbeat-budget", NR_CONF_IS_INT, false, 1, 100000, "200", \
      NR_CONF_NODED, false, "COUNT", "heartbeats a second of the whole cluster; beyond it intervals stretch") \
    X(REGISTRY_MAP_MAX, "store", "registry_map_max", "registry-map-max", NR_CONF_IS_SIZE, false, 1048576, \
      1099511627776, "8GiB", NR_CONF_NODED, false, "SIZE", "most that the durable half of the store may take") \
    X(PULSE_MAP_MAX, "store", "pulse_map_max", "pulse-map-max", NR_CONF_IS_SIZE, false, 1048576, 1099511627776, "4GiB", \
      NR_CONF_NODED, false, "SIZE", "most that the half of the store with heartbeats may take") \
    X(HISTORY_PER_NODE, "store", "history_per_node", "history-per-node", NR_CONF_IS_INT, false, 1, 100000, "120", \
      NR_CONF_NODED, false, "COUNT", "heartbeats kept of each node") \
    X(LISTEN, "http", "listen", "listen", NR_CONF_IS_ADDR, false, 0, 0, "127.0.0.1:9205", NR_CONF_NODEHTTPD, false, \
      "HOST:PORT", "address to serve HTTP on") \
    X(DEFAULT_VIEW, "http", "default_view", "default-view", NR_CONF_IS_WORD, false, 0, 0, "flat", NR_CONF_NODEHTTPD, false, \
      "flat|full", "the view of a node where a request names none") \
    X(LOG_LEVEL, "log", "level", "log-level", NR_CONF_IS_WORD, false, 0, 0, "info", NR_CONF_ALL, true, \
      "error|warning|info|debug", "least important lines that are logged") \
    X(LOG_FORMAT, "log", "format", "log-format", NR_CONF_IS_WORD, false, 0, 0, "text", NR_CONF_ALL, true, "text|json", \
      "form of log lines")
/* clang-format on */

#endif
