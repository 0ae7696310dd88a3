/* The keys of a section [check.NAME] of the configuration, one row a key. As keys.h does for the other sections, this
 * list makes the parser, the checks, the printed configuration and the help text; the manual page is compared with it
 * by a test. Checks have no flags a key: --check NAME=TARGET stands for a section that has a target and no more.
 *
 * X(ID, key, kind, low, high, default, placeholder, help)
 *   the first three are targets, of which a check has one
 *   default   as it would be written in the file; NULL: none, or worked out */
#ifndef NR_CONF_CHECK_KEYS_H
#define NR_CONF_CHECK_KEYS_H

/* clang-format off */
#define NR_CONF_CHECK_KEYS(X) \
    X(HTTP, "http", NR_CONF_IS_URL, 1, 1000, NULL, "URL", "a GET of it must succeed") \
    X(TCP, "tcp", NR_CONF_IS_ADDR, 1, 1, NULL, "HOST:PORT", "it must take a connection") \
    X(EXEC, "exec", NR_CONF_IS_COMMAND, 1, 1000, NULL, "COMMAND", \
      "it must end with status 0; split at blanks and quotes, not run by a shell") \
    X(INTERVAL, "interval", NR_CONF_IS_SECONDS, 1, 86400, "30", "SECONDS", "time between looks") \
    X(TIMEOUT, "timeout", NR_CONF_IS_SECONDS, 1, 60, "5", "SECONDS", \
      "time after which no answer is taken for a failure; at most the interval") \
    X(PORT, "port", NR_CONF_IS_INT, 1, 65535, NULL, "PORT", "the port to show with the result, where it is not the target's")
/* clang-format on */

#endif
