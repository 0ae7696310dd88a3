nr_fuzz(script LINKS nr_sim)
