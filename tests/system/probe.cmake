nr_system_test(probe_checks)
nr_system_test(probe_detect)
