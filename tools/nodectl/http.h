/* HTTP for people behind it: one POST at a time, by libcurl, with a deadline and a bound on what is taken.
 *
 * http and https; proxies by the environment, as curl has it; a redirection is not followed, so that neither a body nor
 * a key reaches whom nobody named. Asking the program to end (stop.h) ends a request within a second. */
#ifndef NR_NODECTL_HTTP_H
#define NR_NODECTL_HTTP_H

#include <jansson.h>

#include "base/buf.h"

#define CTL_HTTP_ANSWER_MAX (256 * 1024)
#define CTL_HTTP_WORDS      400

struct ctl_http;

/* `key_file` NULL: without a key; else its first line is shown to every server, `-` being standard input. On an error
 * `why` (CTL_HTTP_WORDS) says what a person needs to know: NR_E_INVALID (no key in the file), NR_E_SYSTEM, NR_E_NOMEM.
 */
int ctl_http_new(struct ctl_http **out, const char *key_file, char why[static CTL_HTTP_WORDS]) NR_MUST_CHECK;
void ctl_http_free(struct ctl_http *h); /* takes NULL */

/* Whether it is an http or https URL with a host and without a user or password; else why not. */
const char *ctl_http_url_fault(const char *url);

struct ctl_http_answer {
    int status;
    json_t *json;                  /* NULL: it was none; the caller's to release */
    char location[CTL_HTTP_WORDS]; /* of a redirection; "" */
    char trouble[CTL_HTTP_WORDS];  /* why there is no answer */
};

/* Posts JSON. 0: there is an answer, whole; NR_E_UNAVAILABLE: there is none, and `trouble` says why. */
int ctl_http_post(struct ctl_http *h, const char *url, struct nr_bytes json, int timeout_ms,
                  struct ctl_http_answer *out) NR_MUST_CHECK;
void ctl_http_answer_fini(struct ctl_http_answer *a); /* takes a zeroed one */

#endif
