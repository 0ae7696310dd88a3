/* Runs a fuzz target over files, and over all files in folders: the corpus and what once was found, without libFuzzer.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

static long replayed;

/* The input lies in memory of exactly its size, so that a sanitizer sees a step beyond it. */
static int replay_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size ? size : 1);
    FILE *f = fopen(path, "rb");
    int rc = data && f && fread(data, 1, size, f) == size ? 0 : 1;
    if (rc == 0) LLVMFuzzerTestOneInput(data, size);
    replayed += rc == 0;
    if (f) fclose(f);
    free(data);
    return rc;
}

static int replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) return 1;
    if (!S_ISDIR(st.st_mode)) return replay_file(path, (size_t)st.st_size);
    DIR *dir = opendir(path);
    int rc = dir ? 0 : 1;
    for (struct dirent *entry = NULL; dir && (entry = readdir(dir));) {
        char inner[4096];
        int n = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof inner) rc |= replay(inner);
    }
    if (dir) closedir(dir);
    return rc;
}

int main(int argc, char **argv)
{
    int rc = 0;
    for (int i = 1; i < argc; i++) rc |= replay(argv[i]);
    printf("%ld inputs replayed\n", replayed);
    return rc || replayed == 0; /* an empty corpus is a mistake, not a success */
}
