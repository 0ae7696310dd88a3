# Moving the earlier registry's nodes and profiles over.
nr_system_test(migrate ONCE)
nr_system_test(migrate_api ONCE)
