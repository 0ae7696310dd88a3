/* make_vectors [--check] DIR: makes the golden vectors in DIR, or holds the files there against them. */
#include <stdio.h>
#include <stdlib.h>

#include "vec.h"

void vec_must(bool holds, const char *file, const char *what)
{
    if (holds) return;
    fprintf(stderr, "vectors: %s: %s\n", file, what);
    exit(1);
}

void vec_open(struct vec *v, const char *name, const char *about)
{
    v->name = name;
    nr_buf_init(&v->text, 0);
    nr_json_init(&v->json, &v->text);
    nr_json_object(&v->json);
    nr_json_kcstr(&v->json, "about", about);
    nr_json_key(&v->json, "vectors");
    nr_json_array(&v->json);
}

void vec_begin(struct vec *v, const char *name)
{
    nr_buf_add_str(&v->text, "\n");
    nr_json_object(&v->json);
    nr_json_kcstr(&v->json, "name", name);
}

void vec_end(struct vec *v)
{
    nr_json_object_end(&v->json);
}

static void path_of(const struct vec *v, char out[static 4096])
{
    int n = snprintf(out, 4096, "%s/%s.json", v->dir, v->name);
    vec_must(n > 0 && n < 4096, v->name, "path too long");
}

static void compare(const struct vec *v, FILE *f)
{
    for (size_t i = 0; i < v->text.len; i++)
        vec_must(getc(f) == v->text.data[i], v->name, "differs from what is made now");
    vec_must(getc(f) == EOF, v->name, "is longer than what is made now");
}

void vec_close(struct vec *v)
{
    char path[4096];
    nr_json_array_end(&v->json);
    nr_json_object_end(&v->json);
    nr_buf_add_str(&v->text, "\n");
    vec_must(v->text.err == 0, v->name, nr_strerror(v->text.err));
    path_of(v, path);
    FILE *f = fopen(path, v->check ? "rb" : "wb");
    vec_must(f != NULL, path, "cannot be opened");
    if (v->check)
        compare(v, f);
    else
        vec_must(fwrite(v->text.data, 1, v->text.len, f) == v->text.len, path, "cannot be written");
    vec_must(fclose(f) == 0, path, "cannot be written");
    nr_buf_fini(&v->text);
}

void vec_hex(struct vec *v, const char *key, struct nr_bytes b)
{
    struct nr_buf hex;
    nr_buf_init(&hex, 0);
    for (size_t i = 0; i < b.len; i++) nr_buf_printf(&hex, "%02x", b.data[i]);
    vec_must(hex.err == 0, v->name, nr_strerror(hex.err));
    nr_json_kstr(&v->json, key, nr_buf_bytes(&hex));
    nr_buf_fini(&hex);
}

void vec_u64(struct vec *v, const char *key, uint64_t n)
{
    uint8_t b[8];
    nr_put_be64(b, n);
    vec_hex(v, key, nr_bytes(b, sizeof b));
}

struct nr_keypair vec_keypair(uint8_t seed)
{
    uint8_t bytes[32];
    struct nr_keypair kp;
    memset(bytes, seed, sizeof bytes);
    nr_keypair_from_seed(&kp, bytes);
    return kp;
}

int main(int argc, char **argv)
{
    struct vec v = { 0 };
    v.check = argc == 3 && strcmp(argv[1], "--check") == 0;
    if (argc != 2 && !v.check) {
        fprintf(stderr, "usage: make_vectors [--check] DIR\n");
        return 2;
    }
    v.dir = argv[argc - 1];
    if (nr_crypto_init() != 0) return 1;
    vec_records(&v);
    vec_datagrams(&v);
    vec_refused_messages(&v);
    vec_tokens(&v);
    vec_hashes(&v);
    return 0;
}
