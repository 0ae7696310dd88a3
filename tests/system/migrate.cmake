# Moving the earlier registry's nodes and profiles over.
nr_system_test(migrate)
nr_system_test(migrate_api)
