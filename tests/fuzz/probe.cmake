nr_fuzz(plan LINKS nr_probe)
nr_fuzz(report LINKS nr_probe)
