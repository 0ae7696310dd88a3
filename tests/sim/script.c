#include "tools/sim/script.h"

#include "tests/unit/nr_test.h"

#define HEAD "title a test\nnodes 10\nreal 4\n"

static struct sim_script script;

static void taken(const char *text)
{
    if (sim_script_parse(&script, "x/some.scenario", nr_bytes_str(text)) != 0) fail_msg("%s", script.error);
}

static void refused(const char *text, const char *error)
{
    assert_int_equal(sim_script_parse(&script, "some", nr_bytes_str(text)), NR_E_INVALID);
    assert_string_equal(script.error, error);
}

/* The head says what it says, and has the defaults that the language names. */
static void reads_the_head(void **state)
{
    (void)state;
    taken(HEAD "heal\n");
    assert_string_equal(script.name, "some");
    assert_string_equal(script.title, "a test");
    assert_int_equal(script.seeds, 1);
    assert_int_equal(script.heartbeat_ms, 10000);
    assert_int_equal(script.lease_s, 0);
    assert_int_equal(script.metrics, 60);
    assert_int_equal(script.link.delay_us, 20000);
    taken("title a\nnodes 10 # few\nwhy it is large\nseeds 3\nlink loss 0.5% duplicate 400% delay 1.5s\nlease "
          "96h\nheartbeat 30s\n"
          "metrics 0\n\n   # nothing\nheal\r\n");
    assert_int_equal(script.seeds, 3);
    assert_int_equal(script.link.loss_ppm, 5000);
    assert_int_equal(script.link.duplicate_ppm, 4000000);
    assert_int_equal(script.link.delay_us, 1500000);
    assert_int_equal(script.link.jitter_us, 10000);
    assert_int_equal(script.lease_s, 345600);
    assert_int_equal(script.heartbeat_ms, 30000);
    assert_int_equal(script.metrics, 0);
}

/* Every word of the language is a statement with what was said in it. */
static void reads_statements(void **state)
{
    (void)state;
    taken(HEAD "group left first 50%\ngroup right not left\nstart all over 10s\nclock 3 -60s\nsplit left | right\n"
               "link all to left loss 80% jitter 1ms\nblock left to right 20%\nrepeat 3\nwrite 1 bytes 3000\nend\n"
               "expect status sponsored 2 offline by right within 5s\nexpect known 1 by 99.9% within 2.2s\n"
               "expect memory <= 32MiB\nturns left <= 1 in 1m\nsponsor 2 10 over 1s\n");
    const struct sim_statement *s = script.list;
    assert_int_equal(script.count, 15);
    assert_int_equal(s[0].pick.share_ppm, 500000);
    assert_int_equal(s[1].who[0].kind, SIM_GROUP);
    assert_int_equal(s[2].us, 10000000);
    assert_int_equal(s[3].us, -60000000);
    assert_int_equal(s[4].who_count, 2);
    assert_int_equal(s[5].link.loss_ppm, 800000);
    assert_int_equal(s[5].link.delay_us, 20000);
    assert_int_equal(s[6].share_ppm, 200000);
    assert_int_equal(s[7].partner, 9);
    assert_int_equal(s[9].partner, 7);
    assert_int_equal(s[8].number, 3000);
    assert_true(s[10].who[0].sponsored);
    assert_int_equal(s[10].status, NR_STATUS_OFFLINE);
    assert_int_equal(s[11].share_ppm, 999000);
    assert_int_equal(s[11].us, 2200000);
    assert_int_equal(s[12].number, UINT64_C(33554432000));
    assert_int_equal(s[13].number, 1);
    assert_string_equal(s[14].text, "sponsor 2 10 over 1s");
    assert_int_equal(s[14].line, 18);
}

/* What is wrong is said with its place and what was expected. */
static void names_faults(void **state)
{
    (void)state;
    refused("", "some: there is no title");
    refused("title a\nnodes 3\nheal\n", "some: without `real` it says `why`");
    refused("title a\nnodes 3\nreal 4\nheal\n", "some: more real nodes than nodes");
    refused("title a\nnodes 0\n", "some:2: expected a number from 1 to 100000: '0'");
    refused("nodes 99999999999999999999\n", "some:1: expected a number from 1 to 100000: '99999999999999999999'");
    refused(HEAD HEAD, "some:4: said a second time");
    refused(HEAD "heal\nseeds 2\n", "some:5: the head's lines come before all others");
    refused(HEAD, "some: nothing happens in it");
    refused(HEAD "wait\n",
            "some:4: expected a duration such as 200ms, 5s, 10m, 72h or 365d, at most 3650d at the end of the line");
    refused(HEAD "wait 10x\n", "some:4: expected a duration such as 200ms, 5s, 10m, 72h or 365d, at most 3650d: '10x'");
    refused(HEAD "wait 3651d\n",
            "some:4: expected a duration such as 200ms, 5s, 10m, 72h or 365d, at most 3650d: '3651d'");
    refused(HEAD "clock 1 60s\n", "some:4: expected an offset such as +60s or -5s: '60s'");
    refused(HEAD "kill left\n", "some:4: expected all, a node's number, or a group made above: 'left'");
    refused(HEAD "group to first 1\n", "some:4: expected a name of a-z, 0-9 and -, which means nothing else: 'to'");
    refused(HEAD "heal now\n", "some:4: expected the end of the line: 'now'");
    refused(HEAD "heal \xff\n", "some:4: expected the end of the line: '?'");
    refused(HEAD "repeat 2\nrepeat 2\nend\nend\n", "some:5: repeats do not nest");
    refused(HEAD "repeat 2\nheal\n", "some: a repeat without its end");
    refused(HEAD "end\n", "some:4: an end without its repeat");
    refused(HEAD "expect bytes <= 1.2.3\n", "some:4: expected an amount such as 1.2, 60000 or 32MiB: '1.2.3'");
    refused(HEAD "expect known 1 by 101% within 1s\n", "some:4: expected a share up to 100%, such as 99.9%: '101%'");
    refused(HEAD "dance all\n", "some:4: expected a statement of tests/scenarios/README.md: 'dance'");
    taken(HEAD "kill 10\n");
    assert_int_equal(sim_script_fits(&script, "some", 10), NR_E_INVALID);
    assert_string_equal(script.error, "some:4: there is no node 10 among 10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_head),
        cmocka_unit_test(reads_statements),
        cmocka_unit_test(names_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
