/* What local servers answer, in JSON. Pure; any bytes will do. */
#ifndef NODEPROBE_ANSWER_H
#define NODEPROBE_ANSWER_H

#include "base/bytes.h"
#include "base/err.h"

#define ANSWER_VERSION_MAX 64 /* with a NUL */
#define ANSWER_MODELS_MAX  64
#define ANSWER_MODEL_MAX   100

/* GET /version of Docker's API. */
struct answer_docker {
    char version[ANSWER_VERSION_MAX], api_version[ANSWER_VERSION_MAX]; /* empty: not told */
};
/* NR_E_INVALID: no object with a Version. */
int answer_docker(struct nr_bytes json, struct answer_docker *out) NR_MUST_CHECK;

/* GET /api/tags of Ollama's API. */
struct answer_ollama {
    char models[ANSWER_MODELS_MAX][ANSWER_MODEL_MAX + 1]; /* sorted, each once; none that is longer or no clean UTF-8 */
    size_t count;
    size_t told; /* how many the server has */
};
/* NR_E_INVALID: no object with an array of models; NR_E_NOMEM. */
int answer_ollama(struct nr_bytes json, struct answer_ollama *out) NR_MUST_CHECK;

#endif
