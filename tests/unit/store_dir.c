#include "store_dir.h"

#include <stdio.h>

#include "nr_test.h"
#include "proto/mp.h"

int dir_setup(void **state)
{
    struct dir_store *p = calloc(1, sizeof *p);
    make_temp_dir(p->dir);
    p->options = (struct nr_store_options){ .dir = p->dir };
    *state = p;
    return 0;
}

int dir_teardown(void **state)
{
    struct dir_store *p = *state;
    nr_store_close(p->store);
    remove_tree(p->dir);
    free(p);
    return 0;
}

void open_dir(struct dir_store *p)
{
    assert_int_equal(nr_store_open_lmdb(&p->store, &p->options), 0);
}

void close_dir(struct dir_store *p)
{
    nr_store_close(p->store);
    p->store = NULL;
}

struct nr_store_info info_of(struct nr_store *s)
{
    struct nr_store_info info;
    nr_store_info(s, &info);
    return info;
}

struct made *make_large(int number)
{
    static uint8_t body[NR_RECORD_MAX], config[NR_CONFIG_MAX], text[NR_CONFIG_MAX];
    struct nr_writer w, cw;
    char role[16];
    nr_writer_init(&cw, config, sizeof config);
    nr_mp_write_map(&cw, 1);
    nr_mp_write_cstr(&cw, "t");
    memset(text, 'a' + number % 26, sizeof text);
    nr_mp_write_str(&cw, nr_bytes(text, 15000));
    const struct nr_profile_body b = { .config = nr_writer_bytes(&cw), .created_at_ms = T0, .updated_at_ms = T0 };
    nr_writer_init(&w, body, sizeof body);
    nr_profile_body_encode(&w, &b);
    snprintf(role, sizeof role, "r%d", number);
    return make_record(NR_KIND_PROFILE, 1, role, T0, HOUR_S, nr_writer_bytes(&w));
}

bool holds(struct nr_store *s, const struct made *m)
{
    struct nr_bytes raw;
    return nr_store_get(s, m->key_hash, &raw) == 0 && nr_bytes_eq(raw, m->rec.raw);
}
