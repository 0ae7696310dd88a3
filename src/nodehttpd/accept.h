/* Which form of the metrics a request prefers (RFC 9110, 12.5.1), as far as /metrics needs it: browsers and curl, whose
 * Accept names neither text form, get JSON. */
#ifndef NODEHTTPD_ACCEPT_H
#define NODEHTTPD_ACCEPT_H

#include "io/http_parse.h"

enum metrics_form { METRICS_JSON, METRICS_TEXT, METRICS_OPEN };

/* The text form with the higher weight, of equal ones OpenMetrics; one with weight 0 is not wanted. */
enum metrics_form accept_form(const struct nr_http_request *req);

#endif
