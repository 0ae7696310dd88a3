/* One message in memory: written, taken apart, and offered to its decoder at every other length. */
#ifndef NR_TEST_MESSAGE_FIXTURE_H
#define NR_TEST_MESSAGE_FIXTURE_H

#include "nr_test.h"
#include "proto/message.h"

static uint8_t message_memory[NR_MESSAGES_MAX];
static struct nr_writer message_writer;

static inline struct nr_writer *message_begin(void)
{
    nr_writer_init(&message_writer, message_memory, sizeof message_memory);
    return &message_writer;
}

/* The body of the one message that was written, which fills what was written. */
static inline struct nr_bytes message_body(uint8_t type)
{
    struct nr_reader r;
    struct nr_message m;
    assert_int_equal(message_writer.err, 0);
    nr_reader_init(&r, nr_writer_bytes(&message_writer));
    assert_true(nr_message_next(&r, &m));
    assert_int_equal(m.type, type);
    assert_int_equal(nr_reader_left(&r), 0);
    return m.body;
}

/* Whether `decode` takes the first `n` bytes of the body, in memory of exactly that size; zeros stand where it is
 * longer. */
static inline int message_try(struct nr_bytes body, size_t n, int (*decode)(struct nr_bytes))
{
    uint8_t *exact = calloc(1, n ? n : 1);
    assert_non_null(exact);
    memcpy(exact, body.data, n < body.len ? n : body.len);
    int rc = decode(nr_bytes(exact, n));
    free(exact);
    return rc;
}

/* A message of one length only. */
static inline void message_has_one_length(struct nr_bytes body, int (*decode)(struct nr_bytes))
{
    for (size_t n = 0; n <= body.len + 9; n++)
        assert_int_equal(message_try(body, n, decode), n == body.len ? 0 : NR_E_INVALID);
}

#endif
