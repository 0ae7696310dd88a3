nr_system_test(metrics_rules ONCE)
nr_system_test(metrics_scrape)
nr_system_test(metrics_prometheus ONCE)
