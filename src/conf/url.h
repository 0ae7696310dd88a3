/* The URL of a server, as people write it: http://HOST, https://HOST:PORT/PATH?QUERY. No user, no fragment. */
#ifndef NR_CONF_URL_H
#define NR_CONF_URL_H

#include "conf/hostport.h"

#define NR_URL_MAX 1000

struct nr_url {
    bool tls;
    struct nr_hostport at; /* its port is 80 or 443 where the URL names none */
    struct nr_bytes path;  /* with the query, borrowed from the text; empty: none was given, which means "/" */
};

/* NR_E_INVALID. What was parsed holds printable ASCII only, so that it can be sent as it is. */
int nr_url_parse(struct nr_bytes text, struct nr_url *out) NR_MUST_CHECK;

#endif
