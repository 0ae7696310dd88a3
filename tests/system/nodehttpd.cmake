nr_system_test(http_calls)
nr_system_test(http_bad_input)
nr_system_test(http_away)
nr_system_test(http_examples)
