nr_fuzz(requests LINKS nr_noded)
nr_fuzz(profile LINKS nr_noded)
